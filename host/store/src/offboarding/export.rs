//! The archive: one tar, kept as a row of objects, so that no process has to hold all of it.
//! `tables/{name}.{part}.ndjson` has a row a line, `objects/…` the objects as they are, and
//! `manifest.json`, which comes last, says what there should be.

use super::catalogue::{Table, plan};
use super::{Offboarding, Progress, TableProof, rows};
use crate::Db;
use crate::audit::hex;
use crate::executions::documents;
use bifrost_core::ports::{MAX_LIST, Objects};
use bifrost_core::{Error, OrganizationId, Result, Scope};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A part is written when it is this large, in bytes; one object more can be in it.
const PART: usize = 8 << 20;
/// Rows of one page.
const ROWS: u32 = 100;
/// Where exports are among the objects: not with what is the organization's.
const FOLDER: &str = "exports";

/// Folders with objects of an organization.
pub(super) fn folders(organization: OrganizationId) -> [String; 3] {
    [
        documents::folder(organization),
        crate::workspaces::folder(Scope::Organization(organization)),
        crate::files::folder(organization),
    ]
}

/// Writes one part, or reads all of them back; false when the export is whole.
pub(super) async fn step(db: &Db, objects: &dyn Objects, of: &mut Offboarding) -> Result<bool> {
    let tables = plan(&mut db.system().read().await?).await?;
    if of.progress.manifest {
        verify(objects, &mut of.progress).await?;
        return Ok(false);
    }
    if of.progress.proof.tables.is_empty() {
        measure(db, objects, of, &tables).await?;
    }
    let mut part = Part::new(of);
    while part.size() < PART {
        let Some(table) = tables.get(of.progress.table) else { break };
        table_entry(db, of, table, &mut part).await?;
    }
    let folders = folders(of.organization);
    while part.size() < PART && of.progress.table >= tables.len() {
        let Some(folder) = folders.get(of.progress.folder) else { break };
        object_entry(objects, of, folder, &mut part).await?;
    }
    if of.progress.table >= tables.len() && of.progress.folder >= folders.len() && part.size() < PART {
        let manifest = json!({
            "organization": { "id": of.organization, "name": of.name },
            "requested_at": of.created_at,
            "tables": of.progress.proof.tables,
            "objects": of.progress.proof.objects,
        });
        part.add("manifest.json", manifest.to_string().as_bytes())?;
        part.end();
        of.progress.manifest = true;
    }
    let key = format!("{FOLDER}/{}/{}/{:05}", of.organization, of.id, of.progress.proof.export.parts.len());
    let bytes = part.take();
    of.progress.proof.export.bytes += bytes.len() as u64;
    objects.put(&key, bytes).await?;
    of.progress.proof.export.parts.push(key);
    Ok(true)
}

/// Counts what there is before anything is written.
async fn measure(db: &Db, objects: &dyn Objects, of: &mut Offboarding, tables: &[Table]) -> Result<()> {
    for table in tables {
        let before = rows::count(db, &table.name, &table.owned, of.organization).await?;
        let left_out = table.left_out.clone();
        let proof = TableProof { before, left_out, ..TableProof::default() };
        of.progress.proof.tables.insert(table.name.clone(), proof);
    }
    for folder in folders(of.organization) {
        let mut after = None;
        loop {
            let keys = objects.list(&folder, after.as_deref(), MAX_LIST).await?;
            of.progress.proof.objects.before += keys.len() as u64;
            let Some(last) = keys.last() else { break };
            after = Some(last.clone());
        }
    }
    of.progress.sources = own_sources(db, of.organization).await?;
    Ok(())
}

/// Hashes of sources that no other organization has.
async fn own_sources(db: &Db, organization: OrganizationId) -> Result<Vec<String>> {
    let sql = crate::Sql::new(
        "SELECT DISTINCT v.source_hash FROM versions v WHERE v.organization_id = $1 AND NOT EXISTS (SELECT 1 FROM versions o
           WHERE o.source_hash = v.source_hash AND COALESCE(o.organization_id <> $1, true)) ORDER BY v.source_hash",
    );
    let rows = db.system().read().await?.all(sql.bind(organization)).await?;
    rows.iter().map(|row| row.get("source_hash")).collect()
}

/// Rows of a table, as many as fit.
async fn table_entry(db: &Db, of: &mut Offboarding, table: &Table, part: &mut Part) -> Result<()> {
    let (mut text, mut count) = (String::new(), 0);
    let is_whole = loop {
        let page = rows::page(db, table, of.organization, of.progress.after.as_deref(), ROWS).await?;
        for line in &page.lines {
            text.push_str(line);
            text.push('\n');
        }
        count += page.lines.len() as u64;
        of.progress.after = page.next;
        if of.progress.after.is_none() || part.size() + text.len() >= PART {
            break of.progress.after.is_none();
        }
    };
    if !text.is_empty() {
        let number = of.progress.proof.export.parts.len();
        part.add(&format!("tables/{}.{number:05}.ndjson", table.name), text.as_bytes())?;
    }
    of.progress.proof.tables.entry(table.name.clone()).or_default().exported += count;
    if is_whole {
        of.progress.table += 1;
    }
    Ok(())
}

/// Objects of a folder, as many as fit.
async fn object_entry(
    objects: &dyn Objects,
    of: &mut Offboarding,
    folder: &str,
    part: &mut Part,
) -> Result<()> {
    let keys = objects.list(folder, of.progress.after.as_deref(), MAX_LIST).await?;
    if keys.is_empty() {
        of.progress.folder += 1;
        of.progress.after = None;
        return Ok(());
    }
    for key in keys {
        // What was there when it was listed and is not now was collected meanwhile.
        if let Some(content) = objects.get(&key).await? {
            part.add(&format!("objects/{key}"), &content)?;
            of.progress.proof.objects.exported += 1;
        }
        of.progress.after = Some(key);
        if part.size() >= PART {
            break;
        }
    }
    Ok(())
}

/// Reads the archive back: what is deleted next can be had from it.
async fn verify(objects: &dyn Objects, progress: &mut Progress) -> Result<()> {
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    for part in &progress.proof.export.parts {
        let content = objects.get(part).await?;
        let content =
            content.ok_or_else(|| Error::Internal(anyhow::anyhow!("{part} of an export is missing")))?;
        bytes += content.len() as u64;
        hash.update(&content);
    }
    // The outbox empties itself into the log while the export goes on.
    let is_short = |(name, table): &(&String, &TableProof)| {
        table.exported < table.before && name.as_str() != "audit_outbox"
    };
    let short: Vec<_> = progress.proof.tables.iter().filter(is_short).map(|(name, _)| name).collect();
    if bytes != progress.proof.export.bytes || !short.is_empty() {
        let error = anyhow::anyhow!("an export is not whole, so nothing is deleted: {short:?}");
        return Err(Error::Internal(error));
    }
    progress.proof.export.sha256 = Some(hex(&hash.finalize()));
    Ok(())
}

/// A piece of a tar archive in memory.
struct Part {
    archive: tar::Builder<Vec<u8>>,
    time: u64,
}

impl Part {
    fn new(of: &Offboarding) -> Self {
        let time = of.created_at.timestamp().max(0).unsigned_abs();
        Self { archive: tar::Builder::new(Vec::new()), time }
    }

    fn size(&self) -> usize {
        self.archive.get_ref().len()
    }

    fn add(&mut self, path: &str, content: &[u8]) -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(self.time);
        self.archive.append_data(&mut header, path, content).map_err(|error| Error::Internal(error.into()))
    }

    /// The two empty blocks that end an archive.
    fn end(&mut self) {
        self.archive.get_mut().extend([0; 1024]);
    }

    fn take(mut self) -> Vec<u8> {
        std::mem::take(self.archive.get_mut())
    }
}

/// The archive of an offboarding, part by part.
///
/// # Errors
/// `Gone` when it was deleted, `Conflict` while it is not whole.
pub fn parts(of: &Offboarding) -> Result<Arc<[String]>> {
    let export = &of.progress.proof.export;
    if export.sha256.is_none() {
        let message = "the export is not whole yet; ask again later".into();
        return Err(Error::Conflict { code: "offboarding", message });
    }
    if export.parts.is_empty() {
        return Err(Error::NotFound("export"));
    }
    Ok(export.parts.clone().into())
}
