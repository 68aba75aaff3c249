//! Who did what: entries that are committed with their mutation, then put in one hash
//! chain per organization.
//!
//! A handle carries who is behind it ([`crate::Db::by`]); whatever is written through it
//! says what it does with [`record`].

mod actor;
mod chain;
mod event;
mod query;
mod retention;

pub use actor::Actor;
pub use chain::{BATCH, Break, Chain, Head, Verdict, append, chain, chains, hex, verify};
pub use event::{Entry, Event, Outcome};
pub use query::{Filters, Logged, Order, search};
pub use retention::prune;

use crate::{Db, Engine, Row, Sql, Tx};
use bifrost_core::Result;

/// Writes an entry down as a part of `tx`: both are committed, or neither. It is put in the
/// chain of the event's organization within about a second.
pub async fn record(tx: &mut Tx, event: Event) -> Result<()> {
    let organization = event.organization.or(tx.access().organization());
    let entry = event.into_entry(tx.actor());
    let sql = Sql::new("INSERT INTO audit_outbox (organization_id, entry) VALUES ($1, $2)")
        .bind(organization)
        .bind(entry);
    tx.execute(sql).await.map(drop)
}

/// Runs an INSERT that returns a row, and records `event` if it did. No further round trip
/// where the engine can do both at once.
pub(crate) async fn insert(tx: &mut Tx, mut insert: Sql, event: Event) -> Result<Option<Row>> {
    if tx.engine() == Engine::Sqlite {
        let row = tx.optional(insert).await?;
        if row.is_some() {
            record(tx, event).await?;
        }
        return Ok(row);
    }
    let organization = event.organization.or(tx.access().organization());
    let entry = event.into_entry(tx.actor());
    insert.text = format!("WITH made AS ({}), said AS (", insert.text).into();
    insert.push("INSERT INTO audit_outbox (organization_id, entry) SELECT ").push_bind(organization);
    insert.push(", ").push_bind(entry).push(" FROM made) SELECT * FROM made");
    tx.optional(insert).await
}

/// Writes down what changed nothing, such as an access that was denied.
pub async fn note(db: &Db, event: Event) -> Result<()> {
    db.system().write(move |tx| Box::pin(async move { record(tx, event).await })).await
}
