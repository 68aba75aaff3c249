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

/// Checks limits before a request leaves the sandbox.
pub(crate) struct HttpGate {
    capabilities: Arc<dyn Capabilities>,
    concurrent: Arc<Semaphore>,
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
            calls_left: limits.http_calls,
            connects_left: limits.http_calls,
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
        let concurrent = self.concurrent.clone();
        let limit = self.body_bytes;
        Box::new(async move {
            let permit = concurrent.acquire_owned().await.map_err(|_| Error::ConnectionTerminated)?;
            let (mut parts, body) = request.into_parts();
            let unverified = parts.headers.remove(UNVERIFIED).is_some();
            let body = Limited::new(body, limit)
                .collect()
                .await
                .map_err(|_| Error::HttpRequestBodySize(None))?
                .to_bytes();
            let headers = parts.headers.iter();
            let request = HttpRequest {
                method: parts.method.to_string(),
                url: parts.uri.to_string(),
                headers: headers.map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect(),
                body: body.to_vec(),
                connect_timeout_ms: options.and_then(|o| o.connect_timeout).map(millis),
                timeout_ms: options.and_then(|o| o.first_byte_timeout).map(millis),
                unverified,
            };
            let response = capabilities.http(request).await.map_err(|error| refusal(error, limit))?;
            let mut builder = http::Response::builder().status(response.status);
            for (name, value) in &response.headers {
                builder = builder.header(name, value.as_slice());
            }
            let first = Bytes::from(response.body);
            let body = match response.rest {
                None => Full::new(first).map_err(|never| match never {}).boxed_unsync(),
                Some(name) => {
                    in_pieces(first, Rest { name, capabilities, is_over: false, _permit: permit }, limit)
                }
            };
            let response = builder.body(body).map_err(|_| Error::HttpProtocolError)?;
            let nothing: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, nothing))
        })
    }
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
fn in_pieces(first: Bytes, rest: Rest, limit: usize) -> WasiBody {
    let pieces = stream::unfold((first, rest), move |(first, mut rest)| async move {
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
                Some((Err(refusal(error, limit)), (Bytes::new(), rest)))
            }
        }
    });
    StreamBody::new(pieces).boxed_unsync()
}

fn refusal(error: HttpError, body_bytes: usize) -> Error {
    match error {
        HttpError::Denied(_) => Error::HttpRequestDenied,
        HttpError::Limit(_) => Error::HttpResponseBodySize(u64::try_from(body_bytes).ok()),
        HttpError::Dns => Error::DnsError { rcode: None, info_code: None },
        HttpError::Connection(_) => Error::ConnectionRefused,
        HttpError::Timeout => Error::ConnectionReadTimeout,
        HttpError::Tls(text) if text.contains("certificate") => Error::TlsCertificateError,
        HttpError::Tls(_) => Error::TlsProtocolError,
        HttpError::Protocol(_) => Error::HttpProtocolError,
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
