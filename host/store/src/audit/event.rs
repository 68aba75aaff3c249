//! What an entry of the audit log says, and its one written form.

use super::Actor;
use bifrost_core::{AuditId, OrganizationId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest text of a detail, in bytes; the rest is cut.
const MAX_TEXT: usize = 1_024;
/// Longest details of an entry, in bytes of JSON; longer ones are left out.
const MAX_DETAILS: usize = 16 * 1_024;
/// Stands for what must not be told.
const MASK: &str = "***";

/// How it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditOutcome)]
pub enum Outcome {
    /// It was done.
    #[default]
    Done,
    /// The actor may not do it.
    Denied,
    /// The actor could not do it, for instance sign in with a wrong password.
    Failed,
}

/// What happened. Details never hold a secret: use [`Event::masked`].
#[derive(Clone, Debug)]
pub struct Event {
    pub(super) organization: Option<OrganizationId>,
    action: &'static str,
    target: Option<String>,
    outcome: Outcome,
    details: Map<String, Value>,
}

/// An entry as it is written, hashed and read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// When; RFC 3339 with microseconds.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Actor,
    /// What, such as `config.set`.
    pub action: String,
    /// To what: its kind and its id, such as `config:smtp_host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How it went.
    pub outcome: Outcome,
    /// What changed; secrets are masked.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

impl Event {
    /// Something that was done: `area.verb`, such as `config.set`.
    pub fn new(action: &'static str) -> Self {
        Self { organization: None, action, target: None, outcome: Outcome::Done, details: Map::new() }
    }

    /// In whose log it stands; where it is not said, that of the transaction's scope, or
    /// the provider's for what is global.
    #[must_use]
    pub fn within(mut self, organization: impl Into<Option<OrganizationId>>) -> Self {
        self.organization = organization.into();
        self
    }

    /// To what it was done.
    #[must_use]
    pub fn target(mut self, kind: &str, id: impl std::fmt::Display) -> Self {
        self.target = Some(cut(&format!("{kind}:{id}")).to_owned());
        self
    }

    /// How it went, if it was not done.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Something more about it.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.details.insert(name.to_owned(), bounded(value));
        self
    }

    /// As [`Self::detail`], where there is something to say.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.detail(name, value),
            None => self,
        }
    }

    /// Notes that `name` was given, and not what it is.
    #[must_use]
    pub fn masked(self, name: &str) -> Self {
        self.detail(name, MASK)
    }

    /// Notes what `name` was and is, if they differ.
    #[must_use]
    pub fn change<T: Serialize + PartialEq>(self, name: &str, old: &T, new: &T) -> Self {
        if old == new {
            return self;
        }
        self.detail(name, serde_json::json!({ "from": old, "to": new }))
    }

    /// The written form.
    pub(super) fn into_entry(self, actor: Option<&Actor>) -> String {
        let mut entry = Entry {
            id: AuditId::new(),
            at: crate::now(),
            actor: actor.cloned().unwrap_or_else(Actor::system),
            action: self.action.to_owned(),
            target: self.target,
            outcome: self.outcome,
            details: self.details,
        };
        let long = serde_json::to_string(&entry.details).map_or(0, |text| text.len()) > MAX_DETAILS;
        if long {
            entry.details = Map::from_iter([("truncated".to_owned(), Value::Bool(true))]);
        }
        // Nothing in it can fail to become JSON.
        serde_json::to_string(&entry).unwrap_or_default()
    }
}

fn bounded(value: Value) -> Value {
    match value {
        Value::String(text) if text.len() > MAX_TEXT => format!("{}…", cut(&text)).into(),
        Value::Array(items) => items.into_iter().map(bounded).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, bounded(value))).collect(),
        other => other,
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}
