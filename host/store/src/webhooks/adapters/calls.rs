//! Calling an adapter: its code of the active version, in a sandbox of its own, in the name of the
//! source.

use super::{Choice, Kept, cut};
use crate::webhooks::Webhook;
use crate::{Db, Sql, organizations};
use bifrost_core::adapter::{limits, unhurried};
use bifrost_core::integration::merged;
use bifrost_core::ports::{CallRequest, Worker};
use bifrost_core::{Caller, Error, Result, Status};
use serde_json::{Map, Value, json};

/// What of an adapter is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Says what a request is; somebody waits.
    HandleRequest,
    /// Tells the other system where to deliver.
    Subscribe,
    /// Prolongs that, or changes it.
    Renew,
    /// Takes it back.
    Unsubscribe,
}

impl Method {
    /// The name in the SDK.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HandleRequest => "handle_request",
            Self::Subscribe => "subscribe",
            Self::Renew => "renew",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

/// What it returned, or why it did not.
pub type Called = std::result::Result<Option<Value>, String>;

/// Calls a method of a source's adapter. `request` is for [`Method::HandleRequest`].
///
/// # Errors
/// Those of engines. What is the adapter's own fault is the answer.
pub async fn call(
    db: &Db,
    worker: &dyn Worker,
    webhook: &Webhook,
    choice: &Choice,
    kept: &Kept,
    method: Method,
    request: Option<Value>,
) -> Result<Called> {
    let (adapter, organization) = (&choice.adapter, webhook.organization_id);
    let gone = || format!("the workspace has no adapter `{}` any more", adapter.info.name);
    if !adapter.is_deployed {
        return Ok(Err(gone()));
    }
    let sql = Sql::new(
        "SELECT v.source_hash, v.object_key FROM workspaces s JOIN versions v ON v.id = s.active_version_id
         WHERE s.id = $1",
    );
    let found = db.system().read().await?.optional(sql.bind(adapter.workspace_id)).await?;
    let Some(version) = found else { return Ok(Err(gone())) };
    let of_organization = organizations::get(&db.org(organization), organization).await?.limits;
    let mut arguments = Map::from_iter([
        ("config".to_owned(), {
            let defaults = adapter.info.config_schema.defaults();
            Value::Object(merged([&defaults, &choice.config, &kept.secrets]))
        }),
        ("state".to_owned(), Value::Object(kept.state.clone())),
        ("callback_path".to_owned(), format!("/api/hooks/{}", webhook.hook_id).into()),
    ]);
    arguments.extend(request.map(|request| ("request".to_owned(), request)));
    let outcome = worker.call(CallRequest {
        source_hash: version.get("source_hash")?,
        object_key: version.get("object_key")?,
        function: adapter.info.id.clone(),
        parameters: json!({ "method": method.as_str(), "arguments": arguments }),
        secrets: Value::Object(kept.secrets.clone()),
        caller: Caller::source(webhook.id, organization, &webhook.settings.name),
        scope: adapter.scope,
        limits: match method {
            Method::HandleRequest => limits(&of_organization),
            _ => unhurried(&of_organization),
        },
    });
    let outcome = outcome.await?;
    if outcome.status == Status::Success {
        return Ok(Ok(outcome.result));
    }
    let kind = outcome.error_type.unwrap_or_default();
    let text = outcome.error.unwrap_or_else(|| outcome.status.as_str().to_owned());
    let text = if kind.is_empty() { text } else { format!("{kind}: {text}") };
    Ok(Err(cut(&text).to_owned()))
}

/// Why an adapter's answer cannot be used, as text.
pub(super) fn told(error: &Error) -> String {
    cut(&error.to_string()).to_owned()
}
