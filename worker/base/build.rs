//! Makes the base: componentize-py turns `sdk-python/` into a component with its
//! interpreter started and its modules imported, then the linker splits it.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> Result<()> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for path in ["wit", "sdk-python/bifrost", "sdk-python/bifrost_guest", "worker/base/requirements.txt"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    println!("cargo::rerun-if-env-changed=BIFROST_PYTHON");

    let tools = tools(&root, &out)?;
    let component = out.join("component.wasm");
    componentize(&root, &out, &tools, &component)?;
    let linked = bifrost_linker::link(&std::fs::read(&component)?, &["load", "describe", "run"])?;
    std::fs::write(out.join("code.wasm"), linked.code)?;
    std::fs::write(out.join("wrapper.wasm"), linked.wrapper)?;
    std::fs::write(out.join("probe.wasm"), linked.probe)?;
    std::fs::write(out.join("memory.bin"), linked.memory)?;
    std::fs::write(out.join("globals.rs"), format!("&{:?}", linked.globals))?;
    std::fs::remove_file(component)?;
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("could not start {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// A virtual environment with the pinned tools, made once per build directory.
fn tools(root: &Path, out: &Path) -> Result<PathBuf> {
    let requirements = root.join("worker/base/requirements.txt");
    let pinned = std::fs::read_to_string(&requirements)?;
    let tools = out.join("tools");
    let stamp = tools.join("requirements.installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == pinned) {
        return Ok(tools);
    }
    let python = std::env::var("BIFROST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&tools))?;
    run(Command::new(tools.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&requirements))?;
    std::fs::write(stamp, pinned)?;
    Ok(tools)
}

fn componentize(root: &Path, out: &Path, tools: &Path, component: &Path) -> Result<()> {
    // An empty environment keeps packages of the building machine out of the guest.
    let empty = out.join("empty");
    std::fs::create_dir_all(empty.join("lib/python3/site-packages"))?;
    run(Command::new(tools.join("bin/componentize-py"))
        .current_dir(root.join("sdk-python"))
        .env("VIRTUAL_ENV", &empty)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg("-d")
        .arg(root.join("wit"))
        .args(["-w", "workflow", "componentize", "bifrost_guest.app", "-p", ".", "-o"])
        .arg(component))
}
