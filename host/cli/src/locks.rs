//! Locks of local folders: which packages a folder's requirements were answered with, so that
//! the next run asks no index.

use anyhow::{Result, bail};
use bifrost_builder::{install, requirements};
use bifrost_core::ports::Installed;
use bifrost_core::{FileError, Package, Source};
use bifrost_packages::Store;
use std::path::Path;

/// Locks a source to the packages that it asks for: those that it was locked to before, or those
/// chosen now.
///
/// # Errors
/// Each requirement that cannot be met, by its line; an index that does not answer.
pub async fn settle(source: &mut Source, cache: &Path, index: &str, upgrade: bool) -> Result<()> {
    let asked = match requirements(source) {
        Ok(asked) => asked,
        Err(error) => bail!("{}", shown(&[error])),
    };
    if asked.is_empty() {
        return Ok(());
    }
    let store = Store::beside(cache);
    let key = blake3::hash(&serde_json::to_vec(&(&asked, index, bifrost_sandbox::provided()))?).to_hex();
    let file = cache.join("locks").join(format!("{key}.json"));
    let known = std::fs::read(&file).ok().filter(|_| !upgrade);
    let known: Option<Vec<Package>> = known.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(packages) = known.filter(|known| known.iter().all(|package| store.has(&package.sha256))) {
        source.lock(packages);
        return Ok(());
    }
    match install(&bifrost_runner::this_program()?, source, index, &store).await? {
        Installed::Packages(packages) => {
            std::fs::create_dir_all(cache.join("locks"))?;
            std::fs::write(&file, serde_json::to_vec(&packages)?)?;
            source.lock(packages);
            Ok(())
        }
        Installed::Refused(errors) => bail!("packages cannot be installed:\n{}", shown(&errors)),
        Installed::Unavailable(text) => bail!("{text}"),
    }
}

fn shown(errors: &[FileError]) -> String {
    let one = |error: &FileError| {
        let line = error.line.map_or_else(String::new, |line| format!(":{line}"));
        format!("{}{line}: {}", error.path, error.message)
    };
    errors.iter().map(one).collect::<Vec<_>>().join("\n")
}
