//! Builds `client/` with npm and writes the table of its files, which `src/assets.rs` includes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// What the build reads, below `client/`.
const INPUTS: [&str; 7] =
    ["index.html", "package.json", "package-lock.json", "public", "src", "tsconfig.json", "vite.config.ts"];

fn main() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../client");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    for input in INPUTS {
        println!("cargo::rerun-if-changed={}", client.join(input).display());
    }
    if is_older(&client.join("node_modules/.package-lock.json"), &client.join("package-lock.json")) {
        npm(&client, &["ci", "--no-fund", "--no-audit", "--loglevel", "error"]);
    }
    let dist = out.join("dist");
    npm(
        &client,
        &["run", "--silent", "build", "--", "--emptyOutDir", "--logLevel", "warn", "--outDir", text(&dist)],
    );
    let mut files = Vec::new();
    collect(&dist, &dist, &mut files);
    files.sort();
    fs::write(out.join("assets.rs"), table(&dist, &files)).expect("OUT_DIR can be written");
}

/// True when there is nothing at `path`, or it is older than `than`.
fn is_older(path: &Path, than: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified());
    changed(path).unwrap_or(SystemTime::UNIX_EPOCH) < changed(than).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn npm(client: &Path, arguments: &[&str]) {
    let what = format!("npm {} in {}", arguments.join(" "), client.display());
    let status = Command::new("npm").args(arguments).current_dir(client).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("`{what}` failed ({status}); its output above says why"),
        Err(error) => panic!(
            "the web UI is built with npm, and `{what}` did not start ({error}): install Node 20.19 or later"
        ),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path to OUT_DIR is UTF-8")
}

/// Files below `folder`, relative to `root`; not what only the build tool reads.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the build made this folder") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            if !path.ends_with(".vite") {
                collect(root, &path, files);
            }
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push(text(name).replace('\\', "/"));
        }
    }
}

/// A Rust array with every file, and its compressed forms where there are some.
fn table(dist: &Path, files: &[String]) -> String {
    let include = |name: &str| format!("include_bytes!({:?})", text(&dist.join(name)));
    let optional = |name: String| {
        if files.contains(&name) { format!("Some({})", include(&name)) } else { "None".to_owned() }
    };
    let mut table = String::from("&[\n");
    for name in files.iter().filter(|name| !name.ends_with(".br") && !name.ends_with(".gz")) {
        let (brotli, gzip) = (optional(format!("{name}.br")), optional(format!("{name}.gz")));
        let plain = include(name);
        writeln!(table, "Asset {{ path: {name:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},")
            .expect("writing to a string does not fail");
    }
    table.push(']');
    table
}
