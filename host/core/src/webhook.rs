//! What a source of deliveries may be, and what bounds it.

use crate::{Error, Result};
use chrono::TimeDelta;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The channel on which the scheduler hears that something was delivered.
pub const WAKE: &str = "webhooks";
/// Stands for the caller of runs that a delivery starts: they act as the workflow itself, for
/// its organization.
pub const IDENTITY: &str = "webhook";
/// Most secrets of a source: the one of now, and the next one while senders change over.
pub const MAX_SECRETS: usize = 2;
/// Shortest secret, in bytes; a shorter one is guessed.
pub const MIN_SECRET: usize = 8;
/// Longest secret, in bytes.
pub const MAX_SECRET: usize = 4_096;
/// Largest body that a source can take, in bytes: what the API takes at all.
pub const MAX_BODY_BYTES: u32 = 2 << 20;
/// Most networks in a source's list.
pub const MAX_NETWORKS: usize = 64;
/// Longest topic, in bytes.
pub const MAX_TOPIC: usize = 200;
/// Longest time that deliveries are kept, in days.
pub const MAX_RETENTION_DAYS: u32 = 365;
/// A body without an id of its own that comes again within this time is the same delivery.
pub const SAME_BODY: TimeDelta = TimeDelta::minutes(10);

/// How a source proves that it is the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookKind {
    /// HMAC-SHA256 of the body, in a header whose name the source says.
    Generic,
    /// GitHub's `X-Hub-Signature-256`.
    Github,
    /// HMAC-SHA256 of a time and the body, as Stripe has it: `t=…,v1=…`.
    Timestamped,
    /// Notifications of Microsoft Graph, with the `clientState` of the subscription.
    MicrosoftGraph,
    /// Nothing: whoever knows the address can send.
    Unsigned,
    /// An adapter of the workspace says what each request is.
    Adapter,
    /// Not from outside: workflows of the organization emit it.
    Topic,
}

impl WebhookKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Generic,
        Self::Github,
        Self::Timestamped,
        Self::MicrosoftGraph,
        Self::Unsigned,
        Self::Adapter,
        Self::Topic,
    ];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Github => "github",
            Self::Timestamped => "timestamped",
            Self::MicrosoftGraph => "microsoft_graph",
            Self::Unsigned => "unsigned",
            Self::Adapter => "adapter",
            Self::Topic => "topic",
        }
    }

    /// True when senders need a secret.
    pub fn has_secret(self) -> bool {
        !matches!(self, Self::Unsigned | Self::Adapter | Self::Topic)
    }

    /// The header with the signature, where the source names no other.
    pub fn default_header(self) -> Option<&'static str> {
        match self {
            Self::Generic => Some("x-signature-256"),
            Self::Github => Some("x-hub-signature-256"),
            Self::Timestamped => Some("stripe-signature"),
            Self::MicrosoftGraph | Self::Unsigned | Self::Adapter | Self::Topic => None,
        }
    }
}

impl std::str::FromStr for WebhookKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
            Error::invalid("kind", format!("`{text}` is none of {}", names.join(", ")))
        })
    }
}

/// Small letters, digits, `_` and dots between them: `orders.created`.
///
/// # Errors
/// `Invalid`, naming `topic`.
pub fn check_topic(topic: &str) -> Result<()> {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if topic.len() <= MAX_TOPIC && topic.contains('.') && topic.split('.').all(part) {
        return Ok(());
    }
    let message = format!(
        "expected words of a-z, 0-9 and _ with dots between them, at most {MAX_TOPIC} bytes, such as orders.created"
    );
    Err(Error::invalid("topic", message))
}

/// Networks in CIDR notation; an address alone is a network of one.
///
/// # Errors
/// `Invalid`, naming `allowed_networks`.
pub fn networks(texts: &[String]) -> Result<Vec<IpNet>> {
    if texts.len() > MAX_NETWORKS {
        return Err(Error::invalid("allowed_networks", format!("expected at most {MAX_NETWORKS}")));
    }
    let one = |text: &String| {
        let alone = || text.parse().ok().map(|address: IpAddr| IpNet::from(address));
        let net = text.parse().ok().or_else(alone);
        net.map(|net: IpNet| net.trunc()).ok_or_else(|| {
            let message = format!("`{text}` is no network in CIDR notation, such as 192.0.2.0/24");
            Error::invalid("allowed_networks", message)
        })
    };
    texts.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_words_and_dots() {
        for good in ["orders.created", "a.b.c", "x_1.y"] {
            assert!(check_topic(good).is_ok(), "{good}");
        }
        for bad in
            ["", "orders", ".", "a.", ".a", "a..b", "A.b", "a.b c", &format!("a.{}", "b".repeat(MAX_TOPIC))]
        {
            assert!(check_topic(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_a_network_of_one() {
        let given = ["192.0.2.9/24", "198.51.100.7", "2001:db8::/32"].map(str::to_owned);
        let all: Vec<_> = networks(&given).expect("networks").iter().map(ToString::to_string).collect();
        assert_eq!(all, ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"]);
        for bad in ["", "example.com", "192.0.2.0/33", "192.0.2", "::/129"] {
            assert!(networks(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_survive_the_wire() {
        for kind in WebhookKind::ALL {
            assert_eq!(kind.as_str().parse::<WebhookKind>().expect("known"), kind);
            assert_eq!(serde_json::to_value(kind).expect("json"), kind.as_str());
            assert_eq!(
                kind.default_header().is_some(),
                kind.has_secret() && kind != WebhookKind::MicrosoftGraph
            );
        }
    }
}
