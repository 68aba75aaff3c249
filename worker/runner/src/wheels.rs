//! Wheels on their way: from the store of objects to this machine, and from there to the
//! sandbox processes that need them.

use anyhow::{Context, Result, anyhow};
use bifrost_builder::{Installed, Part};
use bifrost_core::ports::Objects;
use bifrost_core::{Package, Source};
use bifrost_packages::Store;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Weak};

/// The wheels of this machine; what is missing is fetched.
pub(crate) struct Shelf {
    store: Store,
    objects: Option<Arc<dyn Objects>>,
}

impl Shelf {
    /// In this folder of caches.
    pub fn new(cache: &Path) -> Self {
        Self { store: Store::beside(cache), objects: None }
    }

    /// Where all wheels are from now on.
    pub fn fetch_from(&mut self, objects: Arc<dyn Objects>) {
        self.objects = Some(objects);
    }

    /// The wheels themselves.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Puts wheels that are here where every worker finds them.
    ///
    /// # Errors
    /// When the store of objects is away.
    pub async fn publish(&self, packages: &[Package]) -> Result<()> {
        let Some(objects) = &self.objects else { return Ok(()) };
        for package in packages {
            objects.put(&key(&package.sha256), self.get(&package.sha256).await?).await?;
        }
        Ok(())
    }

    /// Sees to it that the wheels of a source are here.
    ///
    /// # Errors
    /// `Busy` while the store of objects is away; another when a wheel is missing or damaged.
    pub async fn fetch(&self, source: &Source) -> Result<()> {
        for package in source.packages() {
            if !self.store.has(&package.sha256) {
                let what = || format!("package `{}` {}", package.name, package.version);
                self.get(&package.sha256).await.with_context(what)?;
            }
        }
        Ok(())
    }

    /// A wheel, from here or from the store of objects.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub async fn get(&self, sha256: &str) -> Result<Vec<u8>> {
        let (store, hash) = (self.store.clone(), sha256.to_owned());
        if let Some(bytes) = tokio::task::spawn_blocking(move || store.get(&hash)).await? {
            return Ok(bytes);
        }
        let bytes = match &self.objects {
            Some(objects) => objects.get(&key(sha256)).await?,
            None => None,
        };
        let bytes = bytes.with_context(|| format!("the wheel {sha256} is missing"))?;
        self.store.put(sha256, &bytes)?;
        Ok(bytes)
    }
}

/// A wheel's key in the store of objects. Wheels are public, and belong to no organization.
fn key(sha256: &str) -> String {
    format!("packages/{sha256}.whl")
}

/// The wheels that a sandbox process has, as long as one of its versions needs them.
#[derive(Default)]
pub(crate) struct Wheels {
    /// Sent for the version that comes next.
    arrived: HashMap<String, Result<Arc<Part>, String>>,
    kept: HashMap<String, Weak<Part>>,
}

impl Wheels {
    /// Takes a wheel in.
    pub fn add(&mut self, sha256: String, bytes: Vec<u8>) {
        let part = Part::open(&sha256, bytes).map_err(|error| format!("{error:#}"));
        self.arrived.insert(sha256, part);
    }

    /// The packages of a version.
    ///
    /// # Errors
    /// When one of its wheels was not sent, or cannot be read.
    pub fn install(&mut self, packages: &[Package]) -> Result<Arc<Installed>> {
        self.kept.retain(|_, part| part.strong_count() > 0);
        let (arrived, kept) = (std::mem::take(&mut self.arrived), &mut self.kept);
        Installed::of(packages, |sha256| {
            let part = match arrived.get(sha256) {
                Some(part) => part.clone().map_err(|reason| anyhow!("{reason}"))?,
                None => kept.get(sha256).and_then(Weak::upgrade).context("its wheel was never sent")?,
            };
            kept.insert(sha256.to_owned(), Arc::downgrade(&part));
            Ok(part)
        })
    }
}
