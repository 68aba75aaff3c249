//! Sources of versions, kept as objects under their hash.

use crate::state::ApiState;
use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::{Error, Result, Scope, Source};
use bifrost_store::workspaces::{self, Version};
use std::collections::BTreeMap;

/// Most versions in which a file is looked for.
const MAX_LOOKED_AT: usize = 50;
/// All sources together that are looked at for it, in bytes.
const MAX_LOOKED_INTO: usize = 256 << 20;

/// Files by path, in base64, as requests carry them.
pub type Files = BTreeMap<String, String>;

/// Changes to files by path: new content in base64, `None` for a file that is gone.
pub type Edits = BTreeMap<String, Option<String>>;

/// Stores a source of a workspace and tells its key. No two organizations share an object, so
/// that one of them can go with all that is its.
pub async fn store(state: &ApiState, scope: Scope, hash: &str, source: &Source) -> Result<String> {
    let bytes = source.encode()?;
    let key = format!("{}{hash}", workspaces::folder(scope));
    state.objects.put(&key, bytes).await?;
    Ok(key)
}

/// Reads the source at a key of a version.
pub async fn load(state: &ApiState, key: &str) -> Result<Source> {
    let bytes = state.objects.get(key).await?;
    let bytes = bytes.with_context(|| format!("{key} is missing from the object store"))?;
    Source::decode(&bytes)
}

/// Those of these versions, the newest first, that changed, added or took away a file of their workspace,
/// as far as [`MAX_LOOKED_AT`] and [`MAX_LOOKED_INTO`] reach.
pub async fn touching(state: &ApiState, versions: Vec<Version>, path: &str) -> Result<Vec<Version>> {
    let (mut found, mut room) = (Vec::new(), MAX_LOOKED_INTO);
    let mut newer: Option<(Version, Option<Vec<u8>>)> = None;
    for version in versions.into_iter().take(MAX_LOOKED_AT) {
        let content = match &newer {
            Some((other, content)) if other.own_key == version.own_key => content.clone(),
            _ => {
                let source = load(state, &version.own_key).await?;
                let Some(left) = room.checked_sub(source.bytes()) else { return Ok(found) };
                room = left;
                source.files().get(path).cloned()
            }
        };
        if let Some((other, after)) = newer.take()
            && after != content
        {
            found.push(other);
        }
        newer = Some((version, content));
    }
    // Nothing was before the first one.
    if let Some((first, Some(_))) = newer
        && first.number == 1
    {
        found.push(first);
    }
    Ok(found)
}

/// Builds a source from a request; large ones take a while, so off the event loop.
pub async fn decode(files: Files) -> Result<(Source, String)> {
    let task = tokio::task::spawn_blocking(move || {
        let mut source = Source::default();
        for (path, content) in files {
            let content = content_of(&path, &content)?;
            source.insert(path, content)?;
        }
        let hash = source.hash();
        Ok((source, hash))
    });
    task.await.context("decoding the files of a request")?
}

/// The own files of a version with edits in them; without a version the edits alone. Large ones
/// take a while, so off the event loop.
pub async fn edited(state: &ApiState, version: Option<&Version>, edits: Edits) -> Result<Source> {
    let mut source = match version {
        Some(version) => load(state, &version.own_key).await?,
        None => Source::default(),
    };
    let task = tokio::task::spawn_blocking(move || {
        // What goes makes room for what comes.
        for path in edits.iter().filter(|(_, content)| content.is_none()).map(|(path, _)| path) {
            source.remove(path);
        }
        for (path, content) in edits {
            if let Some(content) = content {
                let content = content_of(&path, &content)?;
                source.insert(path, content)?;
            }
        }
        Ok(source)
    });
    task.await.context("decoding the edits of a request")?
}

fn content_of(path: &str, content: &str) -> Result<Vec<u8>> {
    BASE64_STANDARD
        .decode(content)
        .map_err(|error| Error::invalid(format!("files.{path}"), format!("not base64: {error}")))
}

/// A file as answers carry it.
pub fn encode(content: &[u8]) -> String {
    BASE64_STANDARD.encode(content)
}
