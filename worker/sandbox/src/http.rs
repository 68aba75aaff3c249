//! The guest's HTTP: counted, bounded, and handed to the run's capability. The sandbox
//! itself opens no connection. Of an answer that comes slowly the guest reads what is there.

use crate::capabilities::*;
use crate::host::Exceeded;
use bifrost_core::Limits;
use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// The header by which the guest's TLS asks that a certificate is not checked. It goes no further.
const UNVERIFIED: &str = "bifrost-tls-unverified";
/// What begins the reason why the egress policy forbids a request, for the guest to know it by.
const DENIED: &str = "denied: ";
/// The alert of TLS that says so.
const BAD_CERTIFICATE: u8 = 42;
/// The alert of TLS that says no more than that.
const HANDSHAKE_FAILURE: u8 = 40;
/// A body beyond so many bytes is large.
const LARGE: usize = 1 << 20;
/// Large bodies that one run sends at the same time; more wait. The process holds each whole, up to
/// `http_body_bytes`: together about what the run's own memory may have.
const LARGE_AT_ONCE: usize = 8;

/// Checks limits before a request leaves the sandbox.
pub(crate) struct HttpGate {
    capabilities: Arc<dyn Capabilities>,
    concurrent: Arc<Semaphore>,
    large: Arc<Semaphore>,
    calls_left: u64,
    connects_left: u64,
    body_bytes: usize,
    exceeded: Exceeded,
    loading: bool,
}

impl HttpGate {
    pub fn new(
        capabilities: Arc<dyn Capabilities>,
        limits: &Limits,
        exceeded: Exceeded,
        loading: bool,
    ) -> Self {
        let concurrent = usize::try_from(limits.http_concurrent).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            capabilities,
            concurrent: Arc::new(Semaphore::new(concurrent)),
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
            calls_left: limits.http_calls,
            connects_left: limits.http_connects(),
            body_bytes: usize::try_from(limits.http_body_bytes).unwrap_or(usize::MAX),
            exceeded,
            loading,
        }
    }

    pub fn loaded(&mut self) {
        self.loading = false;
    }
}

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for HttpGate {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _done: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        if self.loading {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        // Asking whether somebody listens is no call, and bounded like calls.
        let connects = request.method() == http::Method::CONNECT;
        let left = if connects { &mut self.connects_left } else { &mut self.calls_left };
        if *left == 0 {
            self.exceeded.set("http_calls");
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        *left -= 1;
        let capabilities = self.capabilities.clone();
        let (concurrent, large) = (self.concurrent.clone(), self.large.clone());
        let limit = self.body_bytes;
        Box::new(async move {
            let permit = concurrent.acquire_owned().await.map_err(|_| Error::ConnectionTerminated)?;
            let (mut parts, body) = request.into_parts();
            let unverified = parts.headers.remove(UNVERIFIED).is_some();
            let (body, room) = whole(body, limit, large).await?;
            let headers = parts.headers.iter();
            let request = HttpRequest {
                method: parts.method.to_string(),
                url: parts.uri.to_string(),
                headers: headers.map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect(),
                body,
                connect_timeout_ms: options.and_then(|o| o.connect_timeout).map(millis),
                timeout_ms: options.and_then(|o| o.first_byte_timeout).map(millis),
                unverified,
            };
            let response = capabilities.http(request).await.map_err(refusal)?;
            drop(room);
            let mut builder = http::Response::builder().status(response.status);
            for (name, value) in &response.headers {
                builder = builder.header(name, value.as_slice());
            }
            let first = Bytes::from(response.body);
            let body = match response.rest {
                None => Full::new(first).map_err(|never| match never {}).boxed_unsync(),
                Some(name) => in_pieces(first, Rest { name, capabilities, is_over: false, _permit: permit }),
            };
            let response = builder.body(body).map_err(|_| Error::HttpProtocolError)?;
            let nothing: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, nothing))
        })
    }
}

/// The whole body, and its place among the large ones where it is one of them.
async fn whole(
    body: WasiBody,
    limit: usize,
    large: Arc<Semaphore>,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Error> {
    let mut body = Limited::new(body, limit);
    let (mut bytes, mut room) = (vec![], None);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::HttpRequestBodySize(None))?;
        let Ok(data) = frame.into_data() else { continue };
        if room.is_none() && bytes.len() + data.len() > LARGE {
            let place = large.clone().acquire_owned().await;
            room = Some(place.map_err(|_| Error::ConnectionTerminated)?);
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, room))
}

/// What of an answer has not come yet. It is a request that is under way, until it is dropped.
struct Rest {
    name: u64,
    capabilities: Arc<dyn Capabilities>,
    is_over: bool,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Rest {
    fn drop(&mut self) {
        if !self.is_over {
            self.capabilities.http_close(self.name);
        }
    }
}

/// The body that begins with `first`.
fn in_pieces(first: Bytes, rest: Rest) -> WasiBody {
    let pieces = stream::unfold((first, rest), |(first, mut rest)| async move {
        if !first.is_empty() {
            return Some((Ok(Frame::data(first)), (Bytes::new(), rest)));
        }
        if rest.is_over {
            return None;
        }
        match rest.capabilities.http_more(rest.name).await {
            Ok(piece) => {
                rest.is_over = piece.is_last;
                Some((Ok(Frame::data(Bytes::from(piece.bytes))), (Bytes::new(), rest)))
            }
            Err(error) => {
                rest.is_over = true;
                Some((Err(refusal(error)), (Bytes::new(), rest)))
            }
        }
    });
    StreamBody::new(pieces).boxed_unsync()
}

/// What the guest is told. The reasons of a refusal have no code of their own that takes a text.
fn refusal(error: HttpError) -> Error {
    let alert = |id, text| Error::TlsAlertReceived { alert_id: Some(id), alert_message: Some(text) };
    match error {
        HttpError::Denied(why) => Error::InternalError(Some(format!("{DENIED}{why}"))),
        HttpError::Limit(why) => Error::InternalError(Some(why)),
        HttpError::Dns => Error::DnsError { rcode: None, info_code: None },
        HttpError::Connection(_) => Error::ConnectionRefused,
        HttpError::Unanswered => Error::HttpResponseIncomplete,
        HttpError::Timeout => Error::ConnectionReadTimeout,
        HttpError::Tls(text) if text.contains("certificate") => alert(BAD_CERTIFICATE, text),
        HttpError::Tls(text) => alert(HANDSHAKE_FAILURE, text),
        HttpError::Protocol(_) => Error::HttpProtocolError,
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn body(bytes: usize) -> WasiBody {
        Full::new(Bytes::from(vec![b'x'; bytes])).map_err(|never| match never {}).boxed_unsync()
    }

    #[tokio::test]
    async fn large_bodies_wait_for_each_other_and_small_ones_for_nobody() {
        let large = Arc::new(Semaphore::new(1));
        let take = |bytes| whole(body(bytes), 3 * LARGE, large.clone());
        let (bytes, first) = take(2 * LARGE).await.expect("the first");
        assert!(bytes.len() == 2 * LARGE && first.is_some());
        let (bytes, room) = take(LARGE).await.expect("small");
        assert!(bytes.len() == LARGE && room.is_none());
        let mut second = Box::pin(take(LARGE + 1));
        assert!(second.as_mut().now_or_never().is_none(), "one at once");
        drop(first);
        assert!(second.await.expect("the second").1.is_some());
        assert!(matches!(take(3 * LARGE + 1).await, Err(Error::HttpRequestBodySize(None))));
    }
}
