//! A package index with the wheels that `make libraries` has fetched.

#[path = "../../../worker/packages/tests/packages/index.rs"]
#[expect(dead_code, reason = "also used by the tests of the resolver")]
mod index;

use anyhow::{Context, Result};
pub use index::FakeIndex;
use index::{Served, project};
use std::path::Path;

/// An index of these packages, which have to be pure Python.
pub async fn index(packages: &[&str]) -> Result<FakeIndex> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/libraries.wheels");
    let index = FakeIndex::with(&[]).await;
    for entry in std::fs::read_dir(folder).context("`make libraries` fetches the wheels")? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).context("a name")?;
        let parts: Vec<_> = name.split('-').collect();
        let [name, version, tags @ ..] = &parts[..] else { continue };
        if packages.contains(name) && tags.join("-") == "py3-none-any.whl" {
            let wheel = std::fs::read(&path)?;
            index.add(&project(name, version).with(|project| {
                project.wheel = Some(wheel);
                project.served_metadata = Some(Served::Nothing);
            }));
        }
    }
    Ok(index)
}
