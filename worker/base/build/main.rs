//! Makes the base: componentize-py turns `sdk-python/` into a component with its
//! interpreter started and its modules imported, then the linker splits it. The compiled
//! parts of bundled packages are linked in, but not imported. The modules that are not
//! imported become the archive of the standard library and of the packages.

mod library;
mod native;
mod tools;

use anyhow::{Context, Result, ensure};
use bifrost_linker::Frame;
use std::path::{Path, PathBuf};
use tools::Tools;

/// Functions that recursion goes through without touching the shadow stack, or hardly.
/// It is the one that CPython measures, to stop a recursion and to put off the freeing of
/// what is nested deeply. With these frames it is used up before the engine's own stack.
const FRAMES: [Frame<'static>; 5] = [
    Frame { function: "_Py_Dealloc", bytes: 48 },
    Frame { function: "list_richcompare", bytes: 32 },
    Frame { function: "tuple_richcompare", bytes: 32 },
    Frame { function: "_parse_array_unicode", bytes: 96 },
    Frame { function: "_parse_object_unicode", bytes: 96 },
];

fn main() -> Result<()> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let sources = ["wit", "sdk-python/bifrost", "sdk-python/bifrost_guest"];
    let own = [
        "worker/base/requirements.txt",
        "worker/base/packages.txt",
        "worker/base/build",
        "worker/base/library",
        "worker/base/native",
        "worker/base/shims",
    ];
    for path in sources.iter().chain(&own) {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    println!("cargo::rerun-if-env-changed=BIFROST_PYTHON");

    let tools = Tools::install(&root, &out)?;
    library::make(&root, &out, &tools)?;
    let component = out.join("component.wasm");
    componentize(&root, &out, &tools, &component, &native::unpack(&root, &out)?)?;
    let exports = ["prepare", "compile", "load", "settle", "describe", "run"];
    let mut linked = bifrost_linker::link(&std::fs::read(&component)?, &exports, &FRAMES)?;
    null_is_immortal(&mut linked.memory)?;
    std::fs::write(out.join("code.wasm"), linked.code)?;
    std::fs::write(out.join("wrapper.wasm"), linked.wrapper)?;
    std::fs::write(out.join("probe.wasm"), linked.probe)?;
    std::fs::write(out.join("memory.bin"), linked.memory)?;
    std::fs::write(out.join("globals.rs"), format!("&{:?}", linked.globals))?;
    std::fs::remove_file(component)?;
    Ok(())
}

fn componentize(root: &Path, out: &Path, tools: &Tools, component: &Path, native: &Path) -> Result<()> {
    let mut command = tools.componentize(out, &root.join("sdk-python"))?;
    command.arg("-d").arg(root.join("wit"));
    command.args(["-w", "workflow", "componentize", "bifrost_guest.app", "-p", ".", "-p"]);
    tools::run(command.arg(native).arg("-o").arg(component))
}

/// Makes the null pointer read as an immortal object.
///
/// CPython up to 3.14.3 checks the results of some specialized instructions (`str += str`,
/// arithmetic of floats) only after it has turned them into stack references (gh-146092).
/// A null result, for lack of memory, becomes a reference to an object at address 0, which
/// is a crash natively and ordinary memory here: the run would go on with it. The tag of
/// an immortal object makes the reference the one that means "none", and the check holds.
fn null_is_immortal(memory: &mut [u8]) -> Result<()> {
    const IMMORTAL_REFCOUNT: u32 = 5 << 28;
    let word = memory.first_chunk_mut::<4>().context("no memory")?;
    ensure!(*word == [0; 4], "address 0 is in use");
    *word = IMMORTAL_REFCOUNT.to_le_bytes();
    Ok(())
}
