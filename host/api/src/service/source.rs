//! Sources of versions, kept as objects under their hash.

use crate::state::ApiState;
use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::{Error, Result, Scope, Source};
use bifrost_store::workspaces;
use std::collections::BTreeMap;

/// Files by path, in base64, as requests carry them.
pub type Files = BTreeMap<String, String>;

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

/// Lays edits over a source: content replaces, `None` removes.
pub fn overlay(source: &mut Source, edits: BTreeMap<String, Option<String>>) -> Result<()> {
    for (path, content) in edits {
        match content {
            Some(content) => source.insert(path.clone(), content_of(&path, &content)?)?,
            None => {
                source.remove(&path);
            }
        }
    }
    Ok(())
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
