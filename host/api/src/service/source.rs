//! Sources of versions, kept as objects under their hash.

use crate::state::ApiState;
use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::{Error, Result, Scope, Source};
use bifrost_store::workspaces::{self, Version};
use std::collections::BTreeMap;

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
