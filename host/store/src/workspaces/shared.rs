//! Folders of the provider's workspace that organizations may import. Their files are a
//! part of each version of an organization, so a run keeps them as they were.

use super::{COLUMNS, Version};
use crate::audit::{Event, record};
use crate::{Db, Scoped, Sql, Value};
use bifrost_core::*;
use uuid::Uuid;

/// Most shared folders.
const MAX_FOLDERS: usize = 50;

/// What the provider shares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shared {
    /// Paths relative to the provider's workspace, sorted.
    pub folders: Vec<String>,
    /// [`Source::hash`] of their files in the provider's active version; `None` for no files.
    pub hash: Option<String>,
    /// The provider's active version.
    pub version: Option<Version>,
}

/// An organization whose versions contain what is shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependant {
    /// Whose workspace.
    pub organization_id: OrganizationId,
    /// The organization's name.
    pub name: String,
    /// Its active version.
    pub version: Version,
}

/// What the provider shares, as every organization may know.
pub async fn shared(scoped: &Scoped) -> Result<Shared> {
    let mut tx = scoped.read().await?;
    let sql = Sql::new("SELECT shared_folders, shared_hash FROM workspaces WHERE scope_id = $1");
    let Some(row) = tx.optional(sql.bind(Uuid::nil())).await? else { return Ok(Shared::default()) };
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM workspaces s JOIN versions v ON v.id = s.active_version_id WHERE s.scope_id = $1"
    ));
    let version = tx.optional(sql.bind(Uuid::nil())).await?.as_ref().map(super::read).transpose()?;
    Ok(Shared { folders: row.document("shared_folders")?, hash: row.opt("shared_hash")?, version })
}

/// Sets which folders are shared; `hash` is of their files in the active version.
/// `Conflict active_changed` when that is not `active` any more.
pub async fn set_shared(
    db: &Db,
    folders: Vec<String>,
    hash: Option<String>,
    active: Option<VersionId>,
) -> Result<()> {
    let folders = checked(folders)?;
    let document = Value::json(&folders)?;
    db.scope(Scope::Global)
        .write(move |tx| {
            Box::pin(async move {
                let (workspace, current) = super::lock_workspace(tx).await?;
                if current != active {
                    let message = "the workspace was deployed meanwhile; try again".into();
                    return Err(Error::Conflict { code: "active_changed", message });
                }
                let sql = Sql::new("SELECT shared_folders FROM workspaces WHERE id = $1").bind(workspace);
                let old: Vec<String> = tx.one(sql).await?.document("shared_folders")?;
                let event = Event::new("workspace.share").target("workspace", workspace);
                record(tx, event.change("folders", &old, &folders)).await?;
                let sql =
                    Sql::new("UPDATE workspaces SET shared_folders = $2, shared_hash = $3 WHERE id = $1");
                tx.execute(sql.bind(workspace).bind(document).bind(hash)).await.map(drop)
            })
        })
        .await
}

/// Plain relative folders, sorted, each once.
///
/// # Errors
/// `Invalid` for a path that can be none.
pub fn checked(folders: Vec<String>) -> Result<Vec<String>> {
    if folders.len() > MAX_FOLDERS {
        return Err(Error::invalid("folders", format!("more than {MAX_FOLDERS} folders")));
    }
    let mut all = std::collections::BTreeSet::new();
    for folder in folders {
        let folder = folder.trim_end_matches('/').to_owned();
        let mut probe = Source::default();
        probe.insert(format!("{folder}/x"), vec![]).map_err(|_| {
            Error::invalid("folders", format!("`{}` is not a plain relative path", folder.escape_debug()))
        })?;
        all.insert(folder);
    }
    Ok(all.into_iter().collect())
}

/// Organizations with an active version whose shared files are not `current`; all of them
/// for `None`. Those that are being offboarded are left out.
pub async fn dependants(db: &Db, other_than: Option<&Shared>) -> Result<Vec<Dependant>> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS}, o.name AS organization_name FROM workspaces s JOIN versions v ON v.id = s.active_version_id
           JOIN organizations o ON o.id = s.organization_id WHERE NOT o.is_offboarding"
    ));
    if let Some(shared) = other_than {
        sql.push(" AND COALESCE(v.shared_hash, '') <> ").push_bind(shared.hash.clone().unwrap_or_default());
    }
    sql.push(" ORDER BY o.id");
    let rows = db.system().read().await?.all(sql).await?;
    rows.iter()
        .map(|row| {
            let version = super::read(row)?;
            let organization_id = version.organization_id.ok_or(Error::NotFound("organization"))?;
            Ok(Dependant { organization_id, name: row.get("organization_name")?, version })
        })
        .collect()
}
