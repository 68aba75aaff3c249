//! Searching the audit log of an organization.

use super::event::Entry;
use crate::{Scoped, Sql};
use bifrost_core::{Error, Result, UserId};
use chrono::{DateTime, Utc};

/// Which entries are meant; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// The actor's id.
    pub actor_id: Option<UserId>,
    /// The actor's e-mail address or account name.
    pub actor: Option<String>,
    /// The action; with a dot and nothing after it, all of an area (`user.`).
    pub action: Option<String>,
    /// The target, such as `config:smtp_host`.
    pub target: Option<String>,
    /// At or after.
    pub since: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Its place in the organization's chain.
    pub sequence: i64,
    /// What it says.
    pub entry: Entry,
    /// The same as it was hashed.
    pub text: String,
    /// Binds it to all that came before.
    pub hash: Vec<u8>,
}

/// In which order entries come, and after which place.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Newest first, before this sequence.
    NewestFirst(Option<i64>),
    /// Oldest first, after this sequence.
    OldestFirst(i64),
}

/// Entries of the handle's organization.
pub async fn search(org: &Scoped, filters: &Filters, order: Order, limit: u32) -> Result<Vec<Logged>> {
    let mut sql = Sql::new("SELECT sequence, entry, hash FROM audit_log WHERE organization_id = ");
    sql.push_bind(org.organization()?);
    if let Some(id) = filters.actor_id {
        sql.push(" AND actor_id = ").push_bind(id);
    }
    if let Some(actor) = &filters.actor {
        sql.push(" AND actor = ").push_bind(actor.as_str());
    }
    if let Some(action) = &filters.action {
        if action.ends_with('.') {
            // `/` comes right after `.` in both engines' order of bytes.
            let end = format!("{}/", action.trim_end_matches('.'));
            sql.push(" AND action >= ").push_bind(action.as_str()).push(" AND action < ").push_bind(end);
        } else {
            sql.push(" AND action = ").push_bind(action.as_str());
        }
    }
    if let Some(target) = &filters.target {
        sql.push(" AND target = ").push_bind(target.as_str());
    }
    if let Some(since) = filters.since {
        sql.push(" AND at >= ").push_bind(since);
    }
    if let Some(until) = filters.until {
        sql.push(" AND at < ").push_bind(until);
    }
    match order {
        Order::NewestFirst(before) => {
            if let Some(before) = before {
                sql.push(" AND sequence < ").push_bind(before);
            }
            sql.push(" ORDER BY sequence DESC");
        }
        Order::OldestFirst(after) => {
            sql.push(" AND sequence > ").push_bind(after).push(" ORDER BY sequence");
        }
    }
    sql.push(&format!(" LIMIT {limit}"));
    let rows = org.read().await?.all(sql).await?;
    rows.iter()
        .map(|row| {
            let text: String = row.get("entry")?;
            let entry = serde_json::from_str(&text).map_err(|error| Error::Internal(error.into()))?;
            Ok(Logged { sequence: row.get("sequence")?, entry, text, hash: row.get("hash")? })
        })
        .collect()
}
