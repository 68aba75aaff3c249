//! The standard library as an archive: made by `library/exporter.py` inside of the
//! interpreter that the base has, packed here. `src/library.rs` reads it.

use crate::tools::{self, Tools};
use anyhow::{Context, Result};
use flate2::{Compression, write::DeflateEncoder};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

/// Writes `library.bin`, the packed sources and code objects one after the other, and
/// `library.rs`, the table of where each is.
pub fn make(root: &Path, out: &Path, tools: &Tools) -> Result<()> {
    let here = root.join("worker/base/library");
    let exporter = std::fs::read_to_string(here.join("exporter.py"))?;
    let stamp = out.join("library.made");
    let made_with = format!("{}\n{exporter}", tools.pinned);
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == made_with) {
        return Ok(());
    }
    let folder = out.join("library");
    std::fs::create_dir_all(&folder)?;
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
        let (package, after) = rest.split_first().context("the archive ends early")?;
        rest = after;
        modules.push((name, *package == 1, bytes(&mut rest)?, bytes(&mut rest)?));
    }
    // In the order of names, for look-up by bisection.
    modules.sort();
    for (name, package, source, code) in modules {
        let (source, code) = (pack(&mut packed, source)?, pack(&mut packed, code)?);
        writeln!(
            table,
            "Module {{ name: {name:?}, is_package: {package}, source: {source}, code: {code} }},"
        )?;
    }
    std::fs::write(out.join("library.rs"), table + "]")?;
    std::fs::write(out.join("library.bin"), packed)?;
    std::fs::remove_dir_all(folder)?;
    std::fs::write(stamp, made_with)?;
    Ok(())
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
