//! The packages of a version, as the tree of files that its runs see.

use anyhow::{Context, Result};
use bifrost_core::Package;
use bifrost_packages::Wheel;
use bifrost_sandbox::Packages;
use std::sync::Arc;

/// A wheel and its hash.
pub struct Part {
    sha256: String,
    wheel: Wheel,
}

impl Part {
    /// Opens a wheel that is known by this hash.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(sha256: &str, bytes: Vec<u8>) -> Result<Arc<Self>> {
        let wheel = Wheel::open(bytes).with_context(|| format!("the wheel {sha256}"))?;
        Ok(Arc::new(Self { sha256: sha256.to_owned(), wheel }))
    }
}

/// Installed packages. Of two files at one path the first package's counts.
#[derive(Default)]
pub struct Installed(Vec<Arc<Part>>);

impl Installed {
    /// The packages of a lock; `open` has their wheels.
    ///
    /// # Errors
    /// As `open`.
    pub fn of(packages: &[Package], mut open: impl FnMut(&str) -> Result<Arc<Part>>) -> Result<Arc<Self>> {
        let parts = packages.iter().map(|package| {
            open(&package.sha256).with_context(|| format!("package `{}` {}", package.name, package.version))
        });
        Ok(Arc::new(Self(parts.collect::<Result<_>>()?)))
    }
}

impl Packages for Installed {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.iter().find_map(|part| part.wheel.read(path))
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = self.0.iter().flat_map(|part| part.wheel.list(folder)).collect();
        names.sort();
        names.dedup();
        names
    }

    fn part(&self, path: &str) -> Option<&str> {
        self.0.iter().find(|part| part.wheel.has(path)).map(|part| part.sha256.as_str())
    }
}
