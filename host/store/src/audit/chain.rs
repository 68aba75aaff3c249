//! One hash chain per organization: who changes, removes or inserts an entry breaks it from
//! there on. Appended by one writer at a time, in batches, from the outbox.

use super::event::Entry;
use crate::{Db, Row, Sql, Tx};
use bifrost_core::{Error, OrganizationId, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Entries of one transaction; bounds how long it holds up other writers.
pub const BATCH: u32 = 100;
/// Entries that are verified at a time.
const PAGE: i64 = 1_000;

/// A place in a chain: what comes after it is bound to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Entries up to here, counted from 1 over the whole life of the organization; 0 for none.
    pub sequence: i64,
    /// The hash of the last one.
    pub hash: Vec<u8>,
}

impl std::str::FromStr for Head {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("noted", "expected sequence:hash, as a verdict tells them");
        let (sequence, digits) = text.split_once(':').ok_or_else(wrong)?;
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(wrong());
        }
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| wrong());
        let hash = (0..digits.len()).step_by(2).map(byte).collect::<Result<_>>()?;
        Ok(Self { sequence: sequence.parse().map_err(|_| wrong())?, hash })
    }
}

/// What is known of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Where it ends.
    pub head: Head,
    /// What retention has cut off, up to here.
    pub pruned: Head,
}

/// What came out of [`verify`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditVerdict)]
pub struct Verdict {
    /// Whose chain it is.
    pub organization_id: OrganizationId,
    /// Entries that are there.
    pub entries: i64,
    /// The first of them; what came before was cut off by retention.
    pub first_sequence: i64,
    /// Where the chain ends. Kept elsewhere, it proves later that nothing was rewritten.
    pub last_sequence: i64,
    /// The last hash, in hexadecimal.
    pub hash: String,
    /// What is wrong, at the first place where something is; `null` for a whole chain.
    pub broken: Option<Break>,
}

/// The first place where a chain is not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = AuditBreak)]
pub struct Break {
    /// The entry.
    pub sequence: i64,
    /// What is wrong with it.
    pub reason: String,
}

/// The hash of an entry in its place.
fn link(organization: OrganizationId, before: &[u8], sequence: i64, entry: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    // Parts of fixed length first, so that no two places have the same bytes.
    hash.update(b"bifrost audit 1\n");
    hash.update(organization.0.as_bytes());
    hash.update(sequence.to_be_bytes());
    hash.update(before);
    hash.update(entry.as_bytes());
    hash.finalize().to_vec()
}

/// Before the first entry of an organization.
fn genesis() -> Head {
    Head { sequence: 0, hash: vec![0; 32] }
}

/// Hashes as people compare them.
pub fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes up to [`BATCH`] entries from the outbox into their chains; returns how many. Two
/// that do it at once wait for each other.
pub async fn append(db: &Db) -> Result<usize> {
    // Most looks find nothing and need no write.
    let any = Sql::new("SELECT id FROM audit_outbox LIMIT 1");
    if db.system().read().await?.optional(any).await?.is_none() {
        return Ok(0);
    }
    db.system().write(|tx| Box::pin(async move { append_in(tx).await })).await
}

async fn append_in(tx: &mut Tx) -> Result<usize> {
    let sql = Sql::new(format!(
        "SELECT id, organization_id, entry FROM audit_outbox ORDER BY id LIMIT {BATCH}{}",
        tx.engine().for_update()
    ));
    let rows = tx.all(sql).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let provider = Sql::new("SELECT id FROM organizations WHERE is_provider");
    let provider: Option<OrganizationId> =
        tx.optional(provider).await?.map(|row| row.get("id")).transpose()?;
    let mut chains: BTreeMap<OrganizationId, Vec<String>> = BTreeMap::new();
    for row in &rows {
        let organization = row.opt("organization_id")?.or(provider);
        let organization =
            organization.ok_or_else(|| Error::Internal(anyhow::anyhow!("there is no provider yet")))?;
        chains.entry(organization).or_default().push(row.get("entry")?);
    }
    for (organization, entries) in chains {
        extend(tx, organization, entries).await?;
    }
    let mut sql = Sql::new("DELETE FROM audit_outbox WHERE id IN (");
    for (index, row) in rows.iter().enumerate() {
        sql.push(if index == 0 { "" } else { ", " }).push_bind(row.get::<i64>("id")?);
    }
    sql.push(")");
    tx.execute(sql).await?;
    Ok(rows.len())
}

async fn extend(tx: &mut Tx, organization: OrganizationId, entries: Vec<String>) -> Result<()> {
    let first = Sql::new(
        "INSERT INTO audit_chains (organization_id, sequence, hash, pruned_hash) VALUES ($1, 0, $2, $2)
         ON CONFLICT (organization_id) DO NOTHING",
    );
    tx.execute(first.bind(organization).bind(genesis().hash)).await?;
    // Locked, so that two writers cannot continue from the same place.
    let mut head = chain_in(tx, organization, tx.engine().for_update()).await?.head;
    let mut sql = Sql::new(
        "INSERT INTO audit_log (organization_id, sequence, at, actor_id, actor, action, target, entry, hash) VALUES ",
    );
    for (index, text) in entries.iter().enumerate() {
        let entry: Entry = serde_json::from_str(text).map_err(|error| Error::Internal(error.into()))?;
        head.sequence += 1;
        head.hash = link(organization, &head.hash, head.sequence, text);
        sql.push(if index == 0 { "(" } else { ", (" }).push_bind(organization);
        sql.push(", ").push_bind(head.sequence);
        sql.push(", ").push_bind(entry.at);
        sql.push(", ").push_bind(entry.actor.id);
        sql.push(", ").push_bind(entry.actor.name);
        sql.push(", ").push_bind(entry.action);
        sql.push(", ").push_bind(entry.target);
        sql.push(", ").push_bind(text.as_str());
        sql.push(", ").push_bind(head.hash.clone()).push(")");
    }
    tx.execute(sql).await?;
    let sql = Sql::new("UPDATE audit_chains SET sequence = $2, hash = $3 WHERE organization_id = $1");
    tx.execute(sql.bind(organization).bind(head.sequence).bind(head.hash)).await.map(drop)
}

/// Every chain, in the order of its organization.
pub async fn chains(db: &Db) -> Result<Vec<Chain>> {
    let sql = Sql::new(
        "SELECT organization_id, sequence, hash, pruned_sequence, pruned_hash FROM audit_chains ORDER BY organization_id",
    );
    db.system().read().await?.all(sql).await?.iter().map(read).collect()
}

/// One organization's chain; one without entries if nothing was ever written down.
pub async fn chain(db: &Db, organization: OrganizationId) -> Result<Chain> {
    chain_in(&mut db.org(organization).read().await?, organization, "").await
}

pub(super) async fn chain_in(tx: &mut Tx, organization: OrganizationId, lock: &str) -> Result<Chain> {
    let sql = Sql::new(format!(
        "SELECT organization_id, sequence, hash, pruned_sequence, pruned_hash FROM audit_chains
         WHERE organization_id = $1{lock}"
    ));
    match tx.optional(sql.bind(organization)).await? {
        Some(row) => read(&row),
        None => Ok(Chain { organization, head: genesis(), pruned: genesis() }),
    }
}

fn read(row: &Row) -> Result<Chain> {
    Ok(Chain {
        organization: row.get("organization_id")?,
        head: Head { sequence: row.get("sequence")?, hash: row.get("hash")? },
        pruned: Head { sequence: row.get("pruned_sequence")?, hash: row.get("pruned_hash")? },
    })
}

/// Walks an organization's whole chain, from where retention has cut it to its end.
///
/// `noted` are places that somebody kept from earlier: a chain that was written anew from its
/// beginning is whole in itself and does not pass through them.
pub async fn verify(db: &Db, organization: OrganizationId, noted: &[Head]) -> Result<Verdict> {
    loop {
        let before = chain(db, organization).await?;
        let verdict = walk(db, &before, noted).await?;
        // Retention may have cut off what the walk was about to read.
        if verdict.broken.is_none() || chain(db, organization).await?.pruned == before.pruned {
            return Ok(verdict);
        }
    }
}

async fn walk(db: &Db, chain: &Chain, noted: &[Head]) -> Result<Verdict> {
    let organization = chain.organization;
    let mut at = chain.pruned.clone();
    let mut broken = None;
    while broken.is_none() {
        let sql = Sql::new(format!(
            "SELECT sequence, at, actor_id, actor, action, target, entry, hash FROM audit_log
             WHERE organization_id = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence LIMIT {PAGE}"
        ));
        let sql = sql.bind(organization).bind(at.sequence).bind(chain.head.sequence);
        let rows = db.org(organization).read().await?.all(sql).await?;
        if rows.is_empty() {
            broken = end(chain, &at, noted);
            break;
        }
        for row in &rows {
            match step(organization, &at, row, noted)? {
                Ok(next) => at = next,
                Err(reason) => {
                    broken = Some(Break { sequence: at.sequence + 1, reason });
                    break;
                }
            }
        }
    }
    Ok(Verdict {
        organization_id: organization,
        entries: at.sequence - chain.pruned.sequence,
        first_sequence: chain.pruned.sequence + 1,
        last_sequence: at.sequence,
        hash: hex(&at.hash),
        broken,
    })
}

/// The next place, or why the row is not it.
fn step(
    organization: OrganizationId,
    at: &Head,
    row: &Row,
    noted: &[Head],
) -> Result<std::result::Result<Head, String>> {
    let (sequence, entry, hash): (i64, String, Vec<u8>) =
        (row.get("sequence")?, row.get("entry")?, row.get("hash")?);
    if sequence != at.sequence + 1 {
        return Ok(Err(format!("the entry is missing; the next one is {sequence}")));
    }
    if link(organization, &at.hash, sequence, &entry) != hash {
        return Ok(Err("the entry is not the one that was written, or one before it was changed".into()));
    }
    let found = (
        row.get::<DateTime<Utc>>("at")?,
        row.opt("actor_id")?,
        row.get::<String>("actor")?,
        row.get::<String>("action")?,
        row.opt::<String>("target")?,
    );
    let Ok(said) = serde_json::from_str::<Entry>(&entry) else {
        return Ok(Err("the entry cannot be read".into()));
    };
    if found != (said.at, said.actor.id, said.actor.name, said.action, said.target) {
        return Ok(Err("what is searched for differs from the entry".into()));
    }
    if noted.iter().any(|noted| noted.sequence == sequence && noted.hash != hash) {
        return Ok(Err("the chain was written anew: the hash is not the one that was noted".into()));
    }
    Ok(Ok(Head { sequence, hash }))
}

/// What is wrong with the end, where the walk has come `at`.
fn end(chain: &Chain, at: &Head, noted: &[Head]) -> Option<Break> {
    let furthest = noted.iter().map(|noted| noted.sequence).max().unwrap_or_default();
    if at.sequence < chain.head.sequence.max(furthest) {
        let reason = "the end of the chain is missing".into();
        return Some(Break { sequence: at.sequence + 1, reason });
    }
    (*at != chain.head).then(|| Break {
        sequence: at.sequence,
        reason: "the chain does not end as it was written down".into(),
    })
}
