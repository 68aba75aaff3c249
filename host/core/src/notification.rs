//! What people are told of without asking, and what bounds that.

use crate::{Error, ExecutionId, OrganizationId, Permission, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// Most channels, and most rules, of one organization.
pub const MAX_CHANNELS: i64 = 50;
/// Most addresses of a channel.
pub const MAX_ADDRESSES: usize = 20;
/// Most workflows that a rule names.
pub const MAX_WORKFLOWS: usize = 100;
/// Longest name of a channel or a rule, in characters.
pub const MAX_NAME: usize = 200;
/// Longest error in a notification, in bytes; the rest is where it happened.
pub const MAX_ERROR: usize = 1_000;
/// Between two messages to one channel. What happens meanwhile shares the next.
pub const GAP: TimeDelta = TimeDelta::minutes(1);
/// Between two times that a channel is told of the same subject.
pub const DIGEST: TimeDelta = TimeDelta::minutes(15);
/// What happens again within this time is the same notification, with a higher count.
pub const SAME: TimeDelta = TimeDelta::hours(1);
/// Subjects in one message; more wait for the next.
pub const MAX_SUBJECTS: u32 = 50;
/// Failures in a row to renew a connection's tokens before it is told of, where the server has not
/// refused for good: about half a minute.
pub const FAILED_RENEWALS: i64 = 3;

/// What may happen.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A run has ended badly. An attempt that is followed by another is no end.
    RunFailed,
    /// The tokens of an OAuth connection could not be renewed.
    ConnectionBroken,
    /// A time of a schedule came, and no run of it.
    ScheduleMissed,
    /// What a webhook was sent did not start all that it should have, and is not tried again.
    DeliveryFailed,
    /// The subscription of a webhook's adapter at the other system was given up.
    WebhookBroken,
}

impl NotificationKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::RunFailed,
        Self::ConnectionBroken,
        Self::ScheduleMissed,
        Self::DeliveryFailed,
        Self::WebhookBroken,
    ];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RunFailed => "run_failed",
            Self::ConnectionBroken => "connection_broken",
            Self::ScheduleMissed => "schedule_missed",
            Self::DeliveryFailed => "delivery_failed",
            Self::WebhookBroken => "webhook_broken",
        }
    }

    /// Who has this sees such notifications within the platform, and their errors.
    pub fn needs(self) -> Permission {
        match self {
            Self::RunFailed => Permission::ReadExecutions,
            Self::ConnectionBroken => Permission::ManageIntegrations,
            Self::ScheduleMissed => Permission::ManageSchedules,
            Self::DeliveryFailed | Self::WebhookBroken => Permission::ManageWebhooks,
        }
    }
}

impl std::str::FromStr for NotificationKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Error::invalid("event", format!("`{text}` is none of {names}"))
        })
    }
}

/// How a channel is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationChannelKind {
    /// Mail to addresses.
    Email,
    /// A signed request to a URL.
    Webhook,
}

impl NotificationChannelKind {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
        }
    }
}

impl std::str::FromStr for NotificationChannelKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "email" => Ok(Self::Email),
            "webhook" => Ok(Self::Webhook),
            other => Err(Error::invalid("kind", format!("`{other}` is neither email nor webhook"))),
        }
    }
}

/// What is told of something that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What it happened to: the workflow's, the integration's, the schedule's or the webhook's name.
    pub name: String,
    /// What happened, in a few words that everybody may read.
    pub summary: String,
    /// Why, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// True when everybody may read `error`.
    #[serde(default)]
    pub error_for_user: bool,
    /// The run that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<ExecutionId>,
}

impl Details {
    /// The error as somebody may read it who sees errors that are for developers, or does not.
    pub fn error_for(&self, developer: bool) -> Option<&str> {
        self.error.as_deref().filter(|_| developer || self.error_for_user)
    }
}

/// Something that has happened, once or more often, as one message tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What.
    pub kind: NotificationKind,
    /// To which workflow, connection, schedule or webhook.
    pub subject_id: Uuid,
    /// How often since the last message.
    pub count: i64,
    /// When for the first time since then.
    pub first_at: DateTime<Utc>,
    /// When for the last time.
    pub last_at: DateTime<Utc>,
    /// Of the last time.
    pub details: Details,
}

/// The bus's channel on which processes hear that somebody has something to read.
pub fn channel(organization: OrganizationId) -> String {
    format!("notifications:{organization}")
}

/// Tells that there is something new to read. What it is, is read with the reader's permissions.
pub fn told(organization: OrganizationId, kind: NotificationKind) -> crate::ports::Event {
    crate::ports::Event {
        channel: channel(organization),
        payload: json!({ "type": "notification", "organization_id": organization, "event": kind }),
    }
}

/// A text with at most [`MAX_ERROR`] bytes.
pub fn bounded(text: &str) -> String {
    if text.len() <= MAX_ERROR {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(MAX_ERROR - '…'.len_utf8())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_wire() {
        for kind in NotificationKind::ALL {
            assert_eq!(kind.as_str().parse::<NotificationKind>().expect("known"), kind);
            assert_eq!(serde_json::to_value(kind).expect("json"), kind.as_str());
        }
        for kind in [NotificationChannelKind::Email, NotificationChannelKind::Webhook] {
            assert_eq!(kind.as_str().parse::<NotificationChannelKind>().expect("known"), kind);
        }
    }

    #[test]
    fn errors_are_for_those_who_may_read_them_and_bounded() {
        let details = |for_user| Details {
            name: "sync".into(),
            summary: "Failed".into(),
            error: Some("KeyError".into()),
            error_for_user: for_user,
            execution_id: None,
        };
        assert_eq!(details(false).error_for(false), None);
        assert_eq!(details(false).error_for(true), Some("KeyError"));
        assert_eq!(details(true).error_for(false), Some("KeyError"));
        let long = bounded(&"ä".repeat(MAX_ERROR));
        assert!(long.len() <= MAX_ERROR && long.ends_with("ä…"), "{}", long.len());
        assert_eq!(bounded("short"), "short");
    }
}
