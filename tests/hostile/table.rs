//! The table of attacks in `README.md` is complete, and every case in it exists.

use std::collections::BTreeMap;
use std::path::Path;

/// Cases that every class has at least.
const CASES: usize = 3;

/// What is attacked, as headings of the table.
const CLASSES: [&str; 19] = [
    "Escape by Python introspection",
    "Forged scope, context or capability",
    "Another tenant's secrets, files, executions, logs, caches, components",
    "Snapshot poisoning",
    "Module confusion",
    "Server-side request forgery",
    "Header and log injection",
    "Path traversal",
    "SQL injection",
    "Exhaustion of bounded resources",
    "Forged webhook signatures",
    "Replayed requests",
    "Permission removed in mid-run",
    "Stored script",
    "Cross-site request forgery",
    "Session fixation",
    "Open redirect",
    "OAuth state mix-up",
    "Archive and regex bombs",
];

/// How the control of a case begins: the same probe without the defence, or an input that is allowed.
const CONTROLS: [&str; 2] = ["off: ", "allowed: "];

/// A row: what is tried, `file: test` in backticks, and the control.
fn rows(table: &str) -> BTreeMap<&str, Vec<[&str; 3]>> {
    let (mut class, mut found) = ("", BTreeMap::<_, Vec<_>>::new());
    for line in table.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            class = heading;
        } else if let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) {
            let cells: Vec<_> = row.split(" | ").collect();
            let cells: [&str; 3] = cells.try_into().unwrap_or_else(|_| panic!("three cells: {line}"));
            if cells[0] != "Attack" {
                found.entry(class).or_default().push(cells);
            }
        }
    }
    found
}

/// Why this is no test that runs.
pub(crate) fn missing(root: &Path, case: &str) -> Option<String> {
    let Some((file, test)) = case.trim_matches('`').split_once(": ") else {
        return Some(format!("{case} is not `file: test`"));
    };
    let Ok(text) = std::fs::read_to_string(root.join(file)) else {
        return Some(format!("there is no {file}"));
    };
    let head = if file.ends_with(".rs") { format!("fn {test}(") } else { test.to_owned() };
    let Some(at) = text.find(&head) else {
        return Some(format!("{file} has no {test}"));
    };
    let before: Vec<_> = text[..at].lines().rev().take(8).collect();
    let is_test = !file.ends_with(".rs")
        || before.iter().any(|line| line.contains("#[test]") || line.contains("#[tokio::test"));
    let is_ignored = before.iter().take(3).any(|line| line.contains("#[ignore"));
    (!is_test || is_ignored).then(|| format!("{file}: {test} is no test that runs"))
}

#[test]
fn every_class_has_its_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project");
    let table = include_str!("README.md");
    let rows = rows(table);
    let mut problems: Vec<String> = rows.values().flatten().filter_map(|row| missing(root, row[1])).collect();
    for class in CLASSES {
        let cases = rows.get(class).map_or(0, Vec::len);
        if cases < CASES {
            problems.push(format!("{class}: {cases} cases"));
        }
    }
    problems.extend(rows.keys().filter(|class| !CLASSES.contains(class)).map(|c| format!("{c} is no class")));
    let is_of_a_kind = |row: &&[&str; 3]| {
        let is_told = |control: &str| !control.trim().is_empty();
        CONTROLS.iter().any(|kind| row[2].strip_prefix(*kind).is_some_and(is_told))
    };
    let unsaid = rows.values().flatten().filter(|row| !is_of_a_kind(row));
    problems.extend(unsaid.map(|row| format!("{}: its control is neither off nor allowed", row[0])));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
