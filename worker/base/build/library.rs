//! The standard library, the bundled packages and the shims as an archive: made by
//! `library/exporter.py` inside of the interpreter that the base has, packed here.
//! `src/library.rs` reads it.

use crate::tools::{self, Tools};
use anyhow::{Context, Result};
use flate2::{Compression, write::DeflateEncoder};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What is kept of the folders that say what a package is, beside its modules.
const METADATA: [&str; 3] = ["METADATA", "RECORD", "entry_points.txt"];

/// Writes `library.bin`, the packed contents one after the other, and the tables of where
/// each is: `library.rs` of sources and code objects, `metadata.rs` of the other files.
pub fn make(root: &Path, out: &Path, tools: &Tools) -> Result<()> {
    let here = root.join("worker/base/library");
    let exporter = std::fs::read_to_string(here.join("exporter.py"))?;
    let requirements = root.join("worker/base/packages.txt");
    let shims = root.join("worker/base/shims");
    let stamp = out.join("library.made");
    let mut made_with = format!("{}\n{}\n{exporter}", tools.pinned, std::fs::read_to_string(&requirements)?);
    for path in files(&shims)? {
        write!(made_with, "\n{}\n{}", path.display(), std::fs::read_to_string(&path)?)?;
    }
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == made_with) {
        return Ok(());
    }
    let folder = out.join("library");
    let packages = folder.join("packages");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    tools.unpack(&requirements, &packages)?;
    for path in files(&packages)?.iter().filter(|path| path.extension().is_some_and(|end| end == "so")) {
        // Compiled for another machine than the base.
        std::fs::remove_file(path)?;
    }
    for path in files(&shims)? {
        let copy = packages.join(path.strip_prefix(&shims)?);
        std::fs::create_dir_all(copy.parent().context("a file without a folder")?)?;
        std::fs::copy(path, copy)?;
    }
    std::fs::write(folder.join("archive.here"), "")?;
    let component = folder.join("exporter.wasm");
    let mut command = tools.componentize(out, &here)?;
    command.args(["-d", "world.wit", "-w", "library", "componentize", "exporter", "-p", ".", "-p"]);
    tools::run(command.arg(&folder).arg("-o").arg(&component))?;
    std::fs::remove_file(component)?;

    let archive = std::fs::read(folder.join("archive.bin"))?;
    let (mut packed, mut table) = (vec![], "&[\n".to_owned());
    let mut rest = archive.as_slice();
    let mut modules = vec![];
    while !rest.is_empty() {
        let name = String::from_utf8(bytes(&mut rest)?.to_vec())?;
        let ([package, bundled], after) = rest.split_first_chunk::<2>().context("the archive ends early")?;
        rest = after;
        modules.push((name, *package == 1, *bundled == 1, bytes(&mut rest)?, bytes(&mut rest)?));
    }
    // In the order of names, for look-up by bisection.
    modules.sort();
    for (name, package, bundled, source, code) in modules {
        let (source, code) = (pack(&mut packed, source)?, pack(&mut packed, code)?);
        writeln!(
            table,
            "Module {{ name: {name:?}, is_package: {package}, is_bundled: {bundled}, source: {source}, code: {code} }},"
        )?;
    }
    std::fs::write(out.join("library.rs"), table + "]")?;
    std::fs::write(out.join("metadata.rs"), metadata(&packages, &mut packed)?)?;
    std::fs::write(out.join("library.bin"), packed)?;
    std::fs::remove_dir_all(folder)?;
    std::fs::write(stamp, made_with)?;
    Ok(())
}

/// All files below a folder, in the order of their paths.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Packs what says which packages these are; answers the table, ordered by path.
fn metadata(packages: &Path, packed: &mut Vec<u8>) -> Result<String> {
    let mut paths = vec![];
    for entry in std::fs::read_dir(packages)? {
        let folder = entry?.file_name().into_string().ok().context("a name that is no text")?;
        if folder.ends_with(".dist-info") {
            paths.extend(METADATA.map(|name| format!("{folder}/{name}")));
        }
    }
    paths.sort();
    let mut table = "&[\n".to_owned();
    for path in paths {
        let file = packages.join(&path);
        if file.exists() {
            let content = pack(packed, &std::fs::read(file)?)?;
            writeln!(table, "({path:?}, {content}),")?;
        }
    }
    Ok(table + "]")
}

fn bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let (length, after) = rest.split_first_chunk().context("the archive ends early")?;
    let length = usize::try_from(u32::from_le_bytes(*length))?;
    let (taken, after) = after.split_at_checked(length).context("the archive ends early")?;
    *rest = after;
    Ok(taken)
}

/// Appends the content, deflated; answers the expression that says where it is.
fn pack(packed: &mut Vec<u8>, content: &[u8]) -> Result<String> {
    let start = packed.len();
    let mut encoder = DeflateEncoder::new(&mut *packed, Compression::best());
    encoder.write_all(content)?;
    encoder.finish()?;
    Ok(format!("Piece {{ start: {start}, end: {}, length: {} }}", packed.len(), content.len()))
}
