//! The way out for an organization: everything that is its is exported, then deleted, and the
//! proof stays with the provider.
//!
//! Each call of [`step`] does one bounded piece and writes down how far it came, so a crash
//! costs one piece, and whoever leads next goes on. Nothing is deleted before the export has
//! been read back.

mod catalogue;
pub mod export;
mod removal;
mod rows;

pub use catalogue::{KEPT, Table, plan, tables};

use crate::audit::{Event, record};
use crate::{Db, Row, Scoped, Sql, Tx, Value, executions, now, organizations};
use bifrost_core::ports::{Bus, Objects};
use bifrost_core::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How far an offboarding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its runs end, then everything is written to the export.
    Exporting,
    /// The export is whole; everything else is deleted.
    Deleting,
    /// Nothing is left but the export and the proof.
    Done,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Exporting => "exporting",
            Self::Deleting => "deleting",
            Self::Done => "done",
        }
    }
}

impl std::str::FromStr for State {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Exporting, Self::Deleting, Self::Done]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::invalid("state", format!("unknown `{text}`")))
    }
}

/// Rows of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TableProof {
    /// When the export began.
    pub before: u64,
    /// In the export.
    pub exported: u64,
    /// After the deletion.
    pub after: u64,
    /// Columns that the export leaves out, because they hold secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// The archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExportProof {
    /// Objects that make the archive, one after the other.
    pub parts: Vec<String>,
    /// All together.
    pub bytes: u64,
    /// SHA-256 of the archive in hexadecimal, as read back from the object store.
    pub sha256: Option<String>,
}

/// What a last look found, after everything was deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Scan {
    /// Rows that name the organization, in any column of any table but this proof's.
    pub rows: u64,
    /// Objects in its folders.
    pub objects: u64,
    /// Keys of the cache that name it.
    pub cache_keys: u64,
    /// Tickets that could still start a run of it. What the queue may have beside them is for runs
    /// without a row, and comes to nothing: a ticket has a run's id and an attempt, and no more.
    #[serde(default)]
    #[schema(required = true)]
    pub tickets: u64,
    /// Rows of others whose texts or documents say its id, by table: what the provider wrote down
    /// about it, above all in its audit log. They stay.
    #[serde(default)]
    #[schema(required = true)]
    pub mentions: BTreeMap<String, u64>,
}

impl Scan {
    /// True when nothing of the organization's own is left.
    pub fn is_clean(&self) -> bool {
        let Self { rows, objects, cache_keys, tickets, mentions: _ } = self;
        [rows, objects, cache_keys, tickets].into_iter().all(|left| *left == 0)
    }
}

/// What was there, what was exported, and what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Proof {
    /// By name.
    pub tables: BTreeMap<String, TableProof>,
    /// Objects of its runs and versions.
    pub objects: TableProof,
    /// The archive.
    pub export: ExportProof,
    /// `null` until everything was deleted.
    pub scan: Option<Scan>,
}

/// Where the work stands; nothing for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    proof: Proof,
    /// Where the export is: which table, after which row, then which object.
    table: usize,
    after: Option<String>,
    folder: usize,
    manifest: bool,
    /// Hashes of sources that only this organization had; workers drop what they keep of them.
    #[serde(default)]
    sources: Vec<String>,
}

/// An offboarding.
#[derive(Clone, Debug, PartialEq)]
pub struct Offboarding {
    /// Its id.
    pub id: Uuid,
    /// The organization, which may be gone.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// Who wanted it.
    pub requested_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When nothing was left.
    pub finished_at: Option<DateTime<Utc>>,
    pub(crate) progress: Progress,
}

impl Offboarding {
    /// What was there, what was exported, and what is left.
    pub fn proof(&self) -> &Proof {
        &self.progress.proof
    }
}

const COLUMNS: &str = "id, tenant_id, tenant_name, state, requested_by, created_at, finished_at, progress";

/// Begins to take an organization out: it is suspended for good, its runs are asked to end,
/// and its schedules stop. Asking again answers the one that is under way.
///
/// `Invalid` when `confirm` is not the organization's name, `Conflict provider` for the
/// provider.
pub async fn request(db: &Db, id: OrganizationId, confirm: &str, by: UserId) -> Result<Offboarding> {
    if let Some(known) = find(&db.system(), id).await? {
        return Ok(known);
    }
    let confirm = confirm.to_owned();
    db.system().write(move |tx| Box::pin(async move { request_in(tx, id, &confirm, by).await })).await
}

async fn request_in(tx: &mut Tx, id: OrganizationId, confirm: &str, by: UserId) -> Result<Offboarding> {
    let organization = organizations::lock(tx, id).await?;
    if organization.is_provider {
        let message = "the provider's organization cannot be offboarded".into();
        return Err(Error::Conflict { code: "provider", message });
    }
    if organization.name != confirm {
        return Err(Error::invalid("confirm", "expected the organization's name, exactly as it is written"));
    }
    let offboarding = Offboarding {
        id: Uuid::now_v7(),
        organization: id,
        name: organization.name,
        state: State::Exporting,
        requested_by: by,
        created_at: now(),
        finished_at: None,
        progress: Progress::default(),
    };
    for statement in [
        "UPDATE organizations SET is_active = false, is_offboarding = true WHERE id = $1",
        "UPDATE schedules SET is_enabled = false WHERE organization_id = $1",
    ] {
        tx.execute(Sql::new(statement).bind(id)).await?;
    }
    executions::cancel_running_in(tx, id).await?;
    let sql = Sql::new(
        "UPDATE executions SET status = 'Cancelled', completed_at = $2, error_type = 'cancelled',
           error = 'the organization was offboarded', error_for_user = true
         WHERE organization_id = $1 AND status IN ('Scheduled', 'Pending')",
    );
    tx.execute(sql.bind(id).bind(offboarding.created_at)).await?;
    let sql =
        Sql::new(format!("INSERT INTO offboardings ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"))
            .bind(offboarding.id)
            .bind(id)
            .bind(offboarding.name.as_str())
            .bind(offboarding.state.as_str())
            .bind(by)
            .bind(offboarding.created_at)
            .bind(offboarding.finished_at)
            .bind(Value::json(&offboarding.progress)?);
    tx.execute(sql).await?;
    let provider = organizations::provider_in(tx).await?;
    let event = Event::new("organization.offboard")
        .within(provider)
        .target("organization", id)
        .detail("name", &offboarding.name);
    record(tx, event).await?;
    Ok(offboarding)
}

/// The offboarding of an organization, also when that is gone.
pub async fn get(db: &Db, id: OrganizationId) -> Result<Offboarding> {
    find(&db.system(), id).await?.ok_or(Error::NotFound("offboarding"))
}

/// All offboardings, the newest first.
pub async fn list(db: &Db) -> Result<Vec<Offboarding>> {
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM offboardings ORDER BY created_at DESC, id"));
    db.system().read().await?.all(sql).await?.iter().map(read).collect()
}

async fn find(system: &Scoped, id: OrganizationId) -> Result<Option<Offboarding>> {
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM offboardings WHERE tenant_id = $1")).bind(id);
    system.read().await?.optional(sql).await?.as_ref().map(read).transpose()
}

/// One that is not finished; the oldest of them.
pub async fn unfinished(db: &Db) -> Result<Option<Offboarding>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM offboardings WHERE state <> 'done' ORDER BY created_at LIMIT 1"
    ));
    db.system().read().await?.optional(sql).await?.as_ref().map(read).transpose()
}

/// Does one bounded piece of the work; false when it has to wait for runs that end.
///
/// # Errors
/// `Busy` when an engine is away; the piece is done again.
pub async fn step(db: &Db, objects: &dyn Objects, bus: &dyn Bus, mut of: Offboarding) -> Result<bool> {
    let more = match of.state {
        State::Exporting if runs_go_on(db, of.organization).await? => return Ok(false),
        State::Exporting => export::step(db, objects, &mut of).await?,
        State::Deleting => removal::step(db, objects, bus, &mut of).await?,
        State::Done => return Ok(true),
    };
    save(db, &mut of, more).await?;
    Ok(true)
}

async fn runs_go_on(db: &Db, organization: OrganizationId) -> Result<bool> {
    let sql = Sql::new(
        "SELECT id FROM executions WHERE organization_id = $1
           AND status NOT IN ('Success', 'Failed', 'Timeout', 'CompletedWithErrors', 'Cancelled') LIMIT 1",
    );
    Ok(db.system().read().await?.optional(sql.bind(organization)).await?.is_some())
}

/// Writes down how far it is; `more` tells that the state goes on.
async fn save(db: &Db, of: &mut Offboarding, more: bool) -> Result<()> {
    if !more {
        of.state = if of.state == State::Exporting { State::Deleting } else { State::Done };
        of.finished_at = (of.state == State::Done).then(now);
    }
    let sql = Sql::new("UPDATE offboardings SET state = $2, finished_at = $3, progress = $4 WHERE id = $1")
        .bind(of.id)
        .bind(of.state.as_str())
        .bind(of.finished_at)
        .bind(Value::json(&of.progress)?);
    let event = (!more).then(|| {
        let action = if of.state == State::Done { "organization.deleted" } else { "organization.exported" };
        Event::new(action)
            .target("organization", of.organization)
            .detail("name", &of.name)
            .detail("sha256", &of.progress.proof.export.sha256)
            .detail("scan", &of.progress.proof.scan)
    });
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                tx.execute(sql).await?;
                if let Some(event) = event {
                    let provider = organizations::provider_in(tx).await?;
                    record(tx, event.within(provider)).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Deletes the export of an organization that is gone; the proof stays. `Conflict` while the
/// deletion goes on.
pub async fn delete_export(db: &Db, objects: &dyn Objects, id: OrganizationId) -> Result<()> {
    let mut of = get(db, id).await?;
    if of.state != State::Done {
        let message = "the offboarding goes on; its export can be deleted afterwards".into();
        return Err(Error::Conflict { code: "offboarding", message });
    }
    for part in std::mem::take(&mut of.progress.proof.export.parts) {
        objects.delete(&part).await?;
    }
    let progress = Value::json(&of.progress)?;
    let sql = Sql::new("UPDATE offboardings SET progress = $2 WHERE id = $1").bind(of.id).bind(progress);
    let event = Event::new("organization.export_deleted").target("organization", id).detail("name", of.name);
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                tx.execute(sql).await?;
                let provider = organizations::provider_in(tx).await?;
                record(tx, event.within(provider)).await
            })
        })
        .await
}

fn read(row: &Row) -> Result<Offboarding> {
    Ok(Offboarding {
        id: row.get("id")?,
        organization: row.get("tenant_id")?,
        name: row.get("tenant_name")?,
        state: row.parse("state")?,
        requested_by: row.get("requested_by")?,
        created_at: row.get("created_at")?,
        finished_at: row.opt("finished_at")?,
        progress: row.document("progress")?,
    })
}
