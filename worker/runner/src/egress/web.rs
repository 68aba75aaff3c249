//! Requests of the platform itself to addresses that tenants have entered: they go where their
//! workflows may go, and nowhere else.

use super::Egress;
use async_trait::async_trait;
use bifrost_core::ports::{Answer, Post, Web};
use bifrost_core::{Error, Result, Scope};
use bifrost_sandbox::{HttpError, HttpRequest};

/// Largest answer, in bytes.
const ANSWER_BYTES: usize = 1 << 20;

#[async_trait]
impl Web for Egress {
    async fn post(&self, scope: Scope, post: Post) -> Result<Answer> {
        let own = [("content-type", post.content_type.to_owned()), ("accept", "application/json".to_owned())];
        let headers = own.into_iter().chain(post.headers);
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        let request = HttpRequest {
            method: "POST".to_owned(),
            url: post.url,
            headers,
            body: post.body.into_bytes(),
            connect_timeout_ms: None,
            timeout_ms: None,
            unverified: false,
        };
        // The provider's own have no organization's policy, and all checks of addresses.
        let way = Self { organization: scope.organization(), body_bytes: ANSWER_BYTES, ..self.clone() };
        let answer = tokio::time::timeout(post.patience, way.send(request)).await;
        let answer = answer.unwrap_or(Err(HttpError::Timeout)).map_err(failure)?;
        Ok(Answer { status: answer.status, body: answer.body })
    }
}

fn failure(error: HttpError) -> Error {
    let message = match error {
        HttpError::Denied(why) | HttpError::Limit(why) => return Error::Denied(why),
        HttpError::Dns => "the name of the server does not resolve".to_owned(),
        HttpError::Connection(why) => format!("no connection to the server: {why}"),
        HttpError::Unanswered => "the server closed the connection without an answer".to_owned(),
        HttpError::Timeout => "the server did not answer in time".to_owned(),
        HttpError::Tls(why) => format!("the server's TLS: {why}"),
        HttpError::Protocol(why) => format!("the server's answer: {why}"),
    };
    Error::Conflict { code: "unreachable", message }
}
