//! Review before a version goes live: it is proposed, and somebody else approves or
//! rejects it.

use super::{COLUMNS, Deployed, Version, activate, lock_workspace};
use crate::audit::{Event, record};
use crate::{Access, Row, Scoped, Sql, Tx, now};
use bifrost_core::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Longest comment, in characters.
const MAX_COMMENT: usize = 4_000;
/// Most versions in a list of those that wait.
const MAX_PENDING: u32 = 1_000;

/// Where a review stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReviewState {
    /// Nobody has decided.
    Proposed,
    /// It went live.
    Approved,
    /// It never will.
    Rejected,
}

impl ReviewState {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

impl std::str::FromStr for ReviewState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Proposed, Self::Approved, Self::Rejected]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::invalid("review", format!("unknown `{text}`")))
    }
}

/// What became of a version's review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Where it stands.
    pub state: ReviewState,
    /// Who decided.
    pub by: Option<UserId>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// What they said about it.
    pub comment: Option<String>,
}

impl Review {
    pub(super) fn proposed() -> Self {
        Self { state: ReviewState::Proposed, by: None, at: None, comment: None }
    }
}

/// A version that waits for a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// The version.
    pub version: Version,
    /// The name of the organization whose it is; the provider's for the global workspace.
    pub organization: String,
    /// Who proposed it, by name or else address; `None` where the handle does not reach them.
    pub author: Option<String>,
}

/// Versions within the handle's reach that wait for a decision, the oldest first, at most a
/// thousand. Those of an organization that is being offboarded wait for nothing.
pub async fn pending(scoped: &Scoped) -> Result<Vec<Pending>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS}, COALESCE(NULLIF(u.name, ''), u.email) AS author,
           COALESCE(o.name, (SELECT p.name FROM organizations p WHERE p.is_provider)) AS organization_name
         FROM versions v
         LEFT JOIN organizations o ON o.id = v.organization_id
         LEFT JOIN users u ON u.id = v.created_by
         WHERE v.review = 'proposed' AND NOT COALESCE(o.is_offboarding, false)"
    ));
    match scoped.access() {
        Access::System => {}
        Access::Global => {
            sql.push(" AND v.organization_id IS NULL");
        }
        Access::Organization(id) => {
            sql.push(" AND v.organization_id = ").push_bind(id);
        }
    }
    sql.push(" ORDER BY v.created_at, v.id LIMIT ").push_bind(MAX_PENDING);
    let read = |row: &Row| {
        Ok(Pending {
            version: super::read(row)?,
            organization: row.get("organization_name")?,
            author: row.opt("author")?,
        })
    };
    scoped.read().await?.all(sql).await?.iter().map(read).collect()
}

/// Makes a proposed version of the handle's workspace active. `Denied` for its author,
/// `Conflict` with `not_proposed`, or with `active_changed` when the active version is not
/// the one that the reviewer compared with; otherwise refuses as [`super::deploy`] does.
pub async fn approve(
    scoped: &Scoped,
    number: i64,
    reviewer: UserId,
    comment: Option<String>,
    compared: Option<i64>,
    force: bool,
) -> Result<Deployed> {
    check_comment(comment.as_deref())?;
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let (workspace, active) = lock_workspace(tx).await?;
                let (mut version, report) = find(tx, workspace, number, reviewer).await?;
                if let Some(compared) = compared {
                    let sql =
                        Sql::new("SELECT number FROM versions WHERE id = $1").bind(active.map(|id| id.0));
                    let current = tx.optional(sql).await?.map(|row| row.get::<i64>("number")).transpose()?;
                    if current != Some(compared) {
                        let message = "another version is active by now; compare again".into();
                        return Err(Error::Conflict { code: "active_changed", message });
                    }
                }
                version.review =
                    Some(decide(tx, version.id, ReviewState::Approved, reviewer, comment).await?);
                activate(tx, "workspace.approve", version, &report, force).await
            })
        })
        .await
}

/// Rejects a proposed version for good. `Denied` for its author, `Conflict not_proposed`.
pub async fn reject(scoped: &Scoped, number: i64, reviewer: UserId, comment: String) -> Result<Version> {
    check_comment(Some(&comment))?;
    if comment.trim().is_empty() {
        return Err(Error::invalid("comment", "say what the author has to change"));
    }
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let (workspace, _) = lock_workspace(tx).await?;
                let (mut version, _) = find(tx, workspace, number, reviewer).await?;
                let event = Event::new("workspace.reject")
                    .target("version", version.id)
                    .detail("number", number)
                    .detail("comment", &comment);
                record(tx, event).await?;
                let review = decide(tx, version.id, ReviewState::Rejected, reviewer, Some(comment)).await?;
                version.review = Some(review);
                Ok(version)
            })
        })
        .await
}

fn check_comment(comment: Option<&str>) -> Result<()> {
    if comment.is_some_and(|comment| comment.chars().count() > MAX_COMMENT) {
        return Err(Error::invalid("comment", format!("more than {MAX_COMMENT} characters")));
    }
    Ok(())
}

/// A version that waits for a decision which the reviewer may make.
async fn find(
    tx: &mut Tx,
    workspace: WorkspaceId,
    number: i64,
    reviewer: UserId,
) -> Result<(Version, WorkspaceReport)> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS}, v.report FROM versions v WHERE v.workspace_id = $1 AND v.number = $2"
    ));
    let row = tx.optional(sql.bind(workspace).bind(number)).await?.ok_or(Error::NotFound("version"))?;
    let version = super::read(&row)?;
    if version.review.as_ref().is_none_or(|review| review.state != ReviewState::Proposed) {
        let message = format!("version {number} does not wait for a review");
        return Err(Error::Conflict { code: "not_proposed", message });
    }
    if version.created_by == reviewer {
        return Err(Error::Denied("the author of a version cannot review it".into()));
    }
    Ok((version, row.document("report")?))
}

async fn decide(
    tx: &mut Tx,
    version: VersionId,
    state: ReviewState,
    by: UserId,
    comment: Option<String>,
) -> Result<Review> {
    let at = now();
    let sql = Sql::new(
        "UPDATE versions SET review = $2, reviewed_by = $3, reviewed_at = $4, review_comment = $5 WHERE id = $1",
    );
    let sql = sql.bind(version).bind(state.as_str()).bind(by).bind(at).bind(comment.clone());
    tx.execute(sql).await?;
    Ok(Review { state, by: Some(by), at: Some(at), comment })
}

/// The same source, proposed before.
pub(super) async fn proposed(tx: &mut Tx, workspace: WorkspaceId, hash: &str) -> Result<Option<Version>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM versions v
         WHERE v.workspace_id = $1 AND v.source_hash = $2 AND v.review = 'proposed' LIMIT 1"
    ));
    tx.optional(sql.bind(workspace).bind(hash)).await?.as_ref().map(super::read).transpose()
}

/// Refuses what has not passed its review.
pub(super) fn refuse_unapproved(version: &Version) -> Result<()> {
    match &version.review {
        Some(review) if review.state != ReviewState::Approved => Err(Error::Conflict {
            code: "not_approved",
            message: format!("version {} is {}, so it cannot go live", version.number, review.state.as_str()),
        }),
        _ => Ok(()),
    }
}

pub(super) fn read(row: &Row) -> Result<Option<Review>> {
    let Some(state) = row.opt::<String>("review")? else { return Ok(None) };
    Ok(Some(Review {
        state: state.parse()?,
        by: row.opt("reviewed_by")?,
        at: row.opt("reviewed_at")?,
        comment: row.opt("review_comment")?,
    }))
}
