//! Who is behind a change, and from where they came.

use bifrost_core::{Caller, ExecutionId, KeyId, OrganizationId, UserId};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Who does something. What is `None` is not known, or does not apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person or service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<UserId>,
    /// Their e-mail address or account name; whatever was claimed by somebody unknown.
    pub name: String,
    /// Where they belong; not always where they act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// The key that they used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// The run that acts for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionId>,
    /// Where the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Names the request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}

impl Actor {
    /// The platform itself: its scheduler, its first start.
    pub const SYSTEM: &'static str = "system";

    /// The platform itself.
    pub fn system() -> Self {
        Self { name: Self::SYSTEM.to_owned(), ..Self::default() }
    }

    /// Somebody who is not known, under the name that they gave.
    pub fn unknown(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Whoever is behind a request.
    pub fn of(caller: &Caller) -> Self {
        Self {
            id: Some(caller.user),
            name: caller.email.clone(),
            organization: Some(caller.organization),
            key: caller.key,
            ..Self::default()
        }
    }

    /// The same, from this address and in this request.
    #[must_use]
    pub fn from(self, address: Option<IpAddr>, request: Option<String>) -> Self {
        Self { address, request, ..self }
    }

    /// The same, by way of a run.
    #[must_use]
    pub fn in_run(self, execution: ExecutionId) -> Self {
        Self { execution: Some(execution), ..self }
    }
}
