//! The browser's module is the one that was made of these sources.

use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

#[test]
fn the_module_was_made_of_these_sources() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sums = fs::read_to_string(crate_folder.join("wasm/recipe/SHA256SUMS")).expect("it is checked in");
    for line in sums.lines() {
        let (expected, name) = line.split_once("  ").expect("a hash and a name");
        let content = fs::read(crate_folder.join(name)).expect(name);
        let hash: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, expected, "{name} has changed; run wasm/recipe/build.sh, on any Debian 12");
    }
    for folder in ["src", "../forms/src"] {
        for file in fs::read_dir(crate_folder.join(folder)).expect("a folder") {
            let name = file.expect("it can be listed").file_name().into_string().expect("UTF-8");
            let listed = sums.lines().any(|line| line.ends_with(&format!("  {folder}/{name}")));
            assert!(
                listed || ["tests.rs", "__fuzz__"].contains(&name.as_str()),
                "{folder}/{name} is new; run wasm/recipe/build.sh, on any Debian 12"
            );
        }
    }
}
