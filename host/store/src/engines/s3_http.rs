//! The S3 client's HTTP, sent by the HTTP client that the platform has already: the
//! SDK's own would bring a second one.

use aws_sdk_s3::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use std::time::Duration;

/// How long an idle connection is kept; below what servers and balancers keep.
const IDLE: Duration = Duration::from_secs(20);

/// A client for the SDK, with these limits for connecting, and for silence in between.
pub(super) fn client(connect: Duration, read: Duration) -> reqwest::Result<SharedHttpClient> {
    let client = reqwest::Client::builder()
        .connect_timeout(connect)
        .read_timeout(read)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    Ok(SharedHttpClient::new(Reqwest(client)))
}

#[derive(Clone, Debug)]
struct Reqwest(reqwest::Client);

impl HttpClient for Reqwest {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Reqwest {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let user = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
            let request = request.try_into_http1x().map_err(|e| user(e.into()))?.map(reqwest::Body::wrap);
            let request = reqwest::Request::try_from(request).map_err(|e| user(e.into()))?;
            let response = client.execute(request).await.map_err(failed)?;
            let response = http::Response::from(response).map(SdkBody::from_body_1_x);
            HttpResponse::try_from(response).map_err(|e| ConnectorError::other(e.into(), None))
        })
    }
}

/// Tells the SDK what may be tried again.
fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}
