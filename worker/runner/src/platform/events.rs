//! `events.*`: a run tells others of its organization that something has happened.

use super::parse;
use crate::grants::Grants;
use bifrost_core::ports::Event;
use bifrost_core::{Operation, Result, Scope, webhook};
use bifrost_store::{organizations, webhooks};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Emit {
    topic: String,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    scope: Option<String>,
}

impl Grants {
    pub(super) async fn events_emit(&self, arguments: &str) -> Result<Value> {
        let Emit { topic, data, scope } = parse(arguments)?;
        let organization = match self.scope(Operation::EventsEmit, scope.as_deref()).await? {
            Scope::Organization(id) => id,
            Scope::Global => organizations::provider(&self.db).await?,
        };
        let emitted = webhooks::emit(&self.db.org(organization), &topic, data, self.children).await?;
        if emitted.subscribers > 0 {
            self.bus.publish(Event { channel: webhook::WAKE.to_owned(), payload: Value::Null }).await;
        }
        Ok(json!({ "event_id": emitted.id, "subscribers_notified": emitted.subscribers }))
    }
}
