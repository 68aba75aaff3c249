//! What fuzz targets found, or should always try, is kept beside them.

use std::path::{Path, PathBuf};

/// In two pieces: this file is no target.
const TARGET: &str = concat!("bolero", "::check!");

/// Every folder and file below these folders.
fn below(mut waiting: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut found = vec![];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_foreign = ["target", "node_modules"].iter().any(|name| path.ends_with(name));
            if path.is_dir() && !path.is_symlink() && !is_foreign {
                waiting.push(path.clone());
            }
            found.push(path);
        }
    }
    found
}

/// The functions of a file that search at random.
fn targets(text: &str) -> Vec<&str> {
    let name = |before: &str| before.rfind("fn ").map(|at| at + "fn ".len());
    let begins = text.match_indices(TARGET).filter_map(|(at, _)| name(&text[..at]));
    begins.filter_map(|at| text[at..].split('(').next()).collect()
}

/// A folder of the name that `bolero` looks for: modules and function, and a file in its corpus.
fn has_corpus(file: &Path, target: &str) -> bool {
    let folder = file.parent().expect("a folder").join("__fuzz__");
    let is_full = |corpus: PathBuf| std::fs::read_dir(corpus).is_ok_and(|mut files| files.next().is_some());
    let named = |name: &str| name == target || name.ends_with(&format!("__{target}"));
    std::fs::read_dir(folder).is_ok_and(|all| {
        let mut all = all.flatten().filter(|one| one.file_name().to_str().is_some_and(named));
        all.any(|one| is_full(one.path().join("corpus")))
    })
}

#[test]
fn every_fuzz_target_has_a_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project");
    let all = below(["host", "worker", "tests"].map(|name| root.join(name)).to_vec());
    let (mut found, mut problems) = (vec![], vec![]);
    for file in all.iter().filter(|path| path.extension().is_some_and(|kind| kind == "rs")) {
        let text = std::fs::read_to_string(file).expect("text");
        for target in targets(&text) {
            found.push((file.parent().expect("a folder").join("__fuzz__"), target.to_owned()));
            if !has_corpus(file, target) {
                problems.push(format!("{}: {target} has no corpus", file.display()));
            }
        }
    }
    // A corpus that was left behind when its target got another name is never tried.
    for folder in all.iter().filter(|path| path.parent().is_some_and(|folder| folder.ends_with("__fuzz__"))) {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let of = |(place, target): &(PathBuf, String)| folder.starts_with(place) && name.ends_with(target);
        if !found.iter().any(of) {
            problems.push(format!("{} is of no target", folder.display()));
        }
    }
    assert!(found.len() >= 14, "{found:?}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
