//! Workflows that are reached over plain HTTP: what an endpoint may be.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Stands for the caller of runs that somebody unknown has asked for at a public endpoint.
pub const IDENTITY: &str = "endpoint";
/// Longest slug, in bytes.
pub const MAX_SLUG: usize = 100;
/// Longest time that a request waits for its run, in seconds.
pub const MAX_DEADLINE_SECONDS: u32 = 600;
/// Most requests per minute that an endpoint or a webhook can be given.
pub const MAX_RATE_PER_MINUTE: u32 = 60_000;

/// A method that an endpoint can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are HTTP's")]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl std::str::FromStr for Verb {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            Error::invalid("methods", format!("`{text}` is none of GET, POST, PUT, PATCH, DELETE"))
        })
    }
}

/// What the answer to a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndpointMode {
    /// What the workflow returns, if it does so in time.
    Sync,
    /// The id of the run.
    Async,
}

impl EndpointMode {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Async => "async",
        }
    }
}

impl std::str::FromStr for EndpointMode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "sync" => Ok(Self::Sync),
            "async" => Ok(Self::Async),
            other => Err(Error::invalid("mode", format!("`{other}` is neither sync nor async"))),
        }
    }
}

/// A part of a path that needs no escaping.
///
/// # Errors
/// `Invalid`, naming `slug`.
pub fn check_slug(slug: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let begins_well = slug.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if begins_well && slug.len() <= MAX_SLUG && slug.bytes().all(plain) {
        return Ok(());
    }
    let message = format!("expected 1 to {MAX_SLUG} of a-z, 0-9, - and _, and no - or _ in front");
    Err(Error::invalid("slug", message))
}

/// A number of requests per minute.
///
/// # Errors
/// `Invalid`, naming `rate_per_minute`.
pub fn check_rate(rate: u32) -> Result<()> {
    if (1..=MAX_RATE_PER_MINUTE).contains(&rate) {
        return Ok(());
    }
    Err(Error::invalid("rate_per_minute", format!("expected 1 to {MAX_RATE_PER_MINUTE}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_needs_no_escaping() {
        for good in ["a", "new-user", "v1_order", "9", &"x".repeat(MAX_SLUG)] {
            assert!(check_slug(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "a b", "a/b", "a.b", "..", "ä", "a%20", &"x".repeat(MAX_SLUG + 1)] {
            assert!(check_slug(bad).is_err(), "{bad}");
        }
        assert!(
            check_rate(0).is_err() && check_rate(MAX_RATE_PER_MINUTE + 1).is_err() && check_rate(1).is_ok()
        );
    }

    #[test]
    fn names_survive_the_wire() {
        for verb in Verb::ALL {
            assert_eq!(verb.as_str().parse::<Verb>().expect("known"), verb);
            assert_eq!(serde_json::to_value(verb).expect("json"), verb.as_str());
        }
        assert!("HEAD".parse::<Verb>().is_err() && "OPTIONS".parse::<Verb>().is_err());
    }
}
