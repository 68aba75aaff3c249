//! Builds `client/` with npm and writes the tables of its files and of what its screens need, which
//! `src/assets.rs` and `src/screen.rs` include.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// What the build reads, below `client/`.
const INPUTS: [&str; 8] = [
    "index.html",
    "package.json",
    "package-lock.json",
    "public",
    "screens.json",
    "src",
    "tsconfig.json",
    "vite.config.ts",
];

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
    let screens = json(&client.join("screens.json"));
    let manifest = json(&dist.join(".vite/manifest.json"));
    fs::write(out.join("screens.rs"), table_of_screens(&screens, &manifest)).expect("OUT_DIR can be written");
}

fn json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{} is no JSON: {error}", path.display()))
}

/// A Rust array of screens, with links to the scripts that the document does not name itself.
fn table_of_screens(screens: &Value, manifest: &Value) -> String {
    let mut first = BTreeSet::new();
    scripts("index.html", manifest, &mut first);
    let mut table = String::from("&[\n");
    for screen in screens.as_array().expect("screens.json is a list") {
        let text =
            |member: &str| screen[member].as_str().unwrap_or_else(|| panic!("screens.json: no `{member}`"));
        let answers = screen["answers"].as_array().expect("screens.json: `answers` is a list");
        let mut all = BTreeSet::new();
        scripts(text("module"), manifest, &mut all);
        let links: String = all
            .difference(&first)
            .map(|file| {
                format!(r#"<link rel="modulepreload" fetchpriority="low" crossorigin href="/{file}">"#)
            })
            .collect();
        let answers: Vec<&str> = answers.iter().filter_map(Value::as_str).collect();
        let path = text("path");
        writeln!(table, "Screen {{ path: {path:?}, scripts: {links:?}, answers: &{answers:?} }},")
            .expect("writing to a string does not fail");
    }
    table.push(']');
    table
}

/// Adds the files of a module and of all that it imports at once.
fn scripts(module: &str, manifest: &Value, found: &mut BTreeSet<String>) {
    let entry = &manifest[module];
    let file = entry["file"]
        .as_str()
        .unwrap_or_else(|| panic!("{module} is not in the build; rename it in client/screens.json too"));
    if !found.insert(file.to_owned()) {
        return;
    }
    for import in entry["imports"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        scripts(import, manifest, found);
    }
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
