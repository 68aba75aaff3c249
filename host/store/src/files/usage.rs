//! How much an organization keeps, and where.

use super::Usage;
use crate::{Row, Scoped, Sql, Tx};
use bifrost_core::Result;

/// Most locations that are told apart.
const LOCATIONS: u32 = 1_000;

/// What an organization keeps in one location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// As files name it.
    pub location: String,
    /// How many files, and how large.
    pub usage: Usage,
}

/// What the handle's organization has of its quota.
pub async fn used(org: &Scoped) -> Result<Usage> {
    used_in(&mut org.read().await?).await
}

async fn used_in(tx: &mut Tx) -> Result<Usage> {
    let sql = Sql::new("SELECT files, bytes FROM file_usage WHERE organization_id = $1");
    let row = tx.optional(sql.bind(tx.access().scope_id()?)).await?;
    row.as_ref().map_or(Ok(Usage::default()), read)
}

/// The same, and the first 1,000 locations that it has files in, by name; both of one moment.
pub async fn locations(org: &Scoped) -> Result<(Usage, Vec<Location>)> {
    let mut tx = org.read().await?;
    let used = used_in(&mut tx).await?;
    let sql = Sql::new(
        "SELECT location, COUNT(*) AS files, CAST(SUM(size) AS bigint) AS bytes FROM files
         WHERE organization_id = $1 GROUP BY location ORDER BY location LIMIT $2",
    );
    let rows = tx.all(sql.bind(org.organization()?).bind(LOCATIONS)).await?;
    let one = |row: &Row| Ok(Location { location: row.get("location")?, usage: read(row)? });
    Ok((used, rows.iter().map(one).collect::<Result<_>>()?))
}

fn read(row: &Row) -> Result<Usage> {
    Ok(Usage { files: row.get("files")?, bytes: row.get("bytes")? })
}
