//! `api.*`: requests to the platform's own API. They are served in this process, with what both the
//! caller and the code of the run may do; no credential is made for them, so none can leak.

use super::parse;
use crate::grants::Grants;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::ports::{ApiRequest, RunCaller};
use bifrost_core::{Caller, Error, Operation, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// By which a request names the organization that it is about.
const ORGANIZATION: &str = "x-bifrost-organization";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    method: String,
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// Base64.
    #[serde(default)]
    body: String,
    #[serde(default)]
    scope: Option<String>,
}

impl Grants {
    pub(super) async fn api_call(&self, arguments: &str) -> Result<Value> {
        let Call { method, path, mut headers, body, scope } = parse(arguments)?;
        let body = BASE64_STANDARD.decode(body).map_err(|_| Error::invalid("body", "expected base64"))?;
        let named = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(ORGANIZATION));
        let named = named.map(|(_, value)| value.clone()).or(scope);
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case(ORGANIZATION));
        let granted = self.may(Operation::ApiCall, named.as_deref()).await?;
        let Some(api) = &self.api else { return Err(Error::Busy("the API")) };
        let permissions = self.rights(granted.caller.permissions).over_api();
        let by = RunCaller {
            caller: Caller { permissions, name: self.caller.name.clone(), ..granted.caller },
            scope: granted.target,
            execution: self.execution,
            children: self.children,
        };
        let answer = api.call(by, ApiRequest { method, path, headers, body }).await?;
        let body = BASE64_STANDARD.encode(answer.body);
        Ok(json!({ "status": answer.status, "headers": answer.headers, "body": body }))
    }
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
