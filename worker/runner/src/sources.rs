//! Sources of versions. A run whose version is loaded begins without asking for them.

use crate::pool::{VERSION_BYTES, VERSIONS, lock};
use crate::recent::Recent;
use anyhow::{Context, Result};
use bifrost_core::Source;
use bifrost_core::ports::Objects;
use std::sync::{Arc, Mutex};

/// Reads sources, and keeps as many as a sandbox process does.
pub(crate) struct Sources {
    objects: Arc<dyn Objects>,
    kept: Mutex<Recent<Arc<Source>>>,
}

impl Sources {
    /// Over these objects.
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects, kept: Mutex::new(Recent::new(VERSIONS, VERSION_BYTES)) }
    }

    /// Lets go of a source.
    pub fn forget(&self, hash: &str) {
        lock(&self.kept).remove(hash);
    }

    /// The source with this hash, which is the object `key`.
    ///
    /// # Errors
    /// `Busy` while the store of objects is away; another when the object is missing or
    /// damaged.
    pub async fn get(&self, hash: &str, key: &str) -> Result<Arc<Source>> {
        if let Some(source) = lock(&self.kept).get(hash) {
            return Ok(source.clone());
        }
        let bytes = self.objects.get(key).await?;
        let bytes = bytes.with_context(|| format!("the source {key} is missing"))?;
        let source = Arc::new(Source::decode(&bytes)?);
        lock(&self.kept).insert(hash.to_owned(), source.bytes(), source.clone());
        Ok(source)
    }
}
