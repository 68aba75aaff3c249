//! The compiled parts of bundled packages, which componentize-py links into the base.
//!
//! They are checked in, packed, because making them takes a compiler that an ordinary
//! machine lacks; beside each is the script that made it.

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Folders of `worker/base/native`, each with the library that is a module of its package.
const LIBRARIES: [(&str, &str); 1] = [("pydantic_core", "_pydantic_core.cpython-314-wasm32-wasi.so")];

/// Unpacks the libraries into a folder for the interpreter's path, and answers it. Each must
/// have the hash that is written beside it.
pub fn unpack(root: &Path, out: &Path) -> Result<PathBuf> {
    let folder = out.join("native");
    for (package, library) in LIBRARIES {
        let kept = root.join("worker/base/native").join(package);
        let packed = std::fs::File::open(kept.join(format!("{library}.gz")))?;
        let mut content = vec![];
        GzDecoder::new(packed).read_to_end(&mut content).with_context(|| format!("unpacking {library}"))?;
        let expected = std::fs::read_to_string(kept.join(format!("{library}.sha256")))?;
        let expected = expected.split_whitespace().next().context("no hash")?;
        let found = format!("{:x}", Sha256::digest(&content));
        ensure!(found == expected, "{library} has the hash {found}, not {expected}: run build.sh beside it");
        std::fs::create_dir_all(folder.join(package))?;
        std::fs::write(folder.join(package).join(library), content)?;
    }
    Ok(folder)
}
