//! What differs between two sources, for the eyes of a reviewer: a unified diff per file.

use bifrost_core::Source;
use serde::Serialize;
use similar::TextDiff;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A larger file is named, not shown, in bytes: nobody reviews it line by line.
const FILE_BYTES: usize = 512 << 10;
/// All diffs together, in bytes; later files are named, not shown.
const ALL_BYTES: usize = 4 << 20;
/// Longest search for a small diff; what is found until then is right, and only longer.
const PATIENCE: Duration = Duration::from_millis(500);
/// Lines around a change.
const CONTEXT: usize = 3;

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Modified,
}

/// A file that differs.
#[derive(Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FileDiff {
    /// Relative to the workspace.
    pub path: String,
    /// What happened to it.
    pub change: Change,
    /// In bytes; `null` where there was no file.
    pub old_size: Option<usize>,
    /// In bytes; `null` where there is no file.
    pub new_size: Option<usize>,
    /// A unified diff; `null` for what is no text, or too large to be shown.
    pub diff: Option<String>,
}

/// Every file that differs, by path. Takes a while for large sources.
pub fn between(old: &Source, new: &Source) -> Vec<FileDiff> {
    let paths: BTreeSet<_> = old.files().keys().chain(new.files().keys()).collect();
    let (mut room, until) = (ALL_BYTES, Instant::now() + PATIENCE * 10);
    let mut all = Vec::new();
    for path in paths {
        let (before, after) = (old.files().get(path), new.files().get(path));
        let change = match (before, after) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            (Some(before), Some(after)) if before == after => continue,
            _ => Change::Modified,
        };
        let diff = unified(path, before, after, until).filter(|diff| diff.len() <= room);
        room -= diff.as_ref().map_or(0, String::len);
        all.push(FileDiff {
            path: path.clone(),
            change,
            old_size: before.map(Vec::len),
            new_size: after.map(Vec::len),
            diff,
        });
    }
    all
}

fn unified(path: &str, old: Option<&Vec<u8>>, new: Option<&Vec<u8>>, until: Instant) -> Option<String> {
    let (before, after) = (text(old)?, text(new)?);
    let diff = TextDiff::configure().deadline(until.min(Instant::now() + PATIENCE)).diff_lines(before, after);
    let from = if old.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
    let to = if new.is_some() { format!("b/{path}") } else { "/dev/null".to_owned() };
    Some(diff.unified_diff().context_radius(CONTEXT).header(&from, &to).to_string())
}

fn text(content: Option<&Vec<u8>>) -> Option<&str> {
    let content = content.map(Vec::as_slice).unwrap_or_default();
    if content.len() > FILE_BYTES || content.contains(&0) {
        return None;
    }
    std::str::from_utf8(content).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(files: &[(&str, &[u8])]) -> Source {
        let mut source = Source::default();
        for (path, content) in files {
            source.insert(*path, content.to_vec()).expect("a plain path");
        }
        source
    }

    #[test]
    fn each_file_says_what_happened_to_it() {
        let old =
            source(&[("a.py", b"1\n2\n3\n"), ("gone.py", b"x\n"), ("same.py", b"s\n"), ("b.bin", b"\0")]);
        let new =
            source(&[("a.py", b"1\ntwo\n3\n"), ("new.py", b"y\n"), ("same.py", b"s\n"), ("b.bin", b"\0\0")]);
        let all = between(&old, &new);
        let seen: Vec<_> = all.iter().map(|f| (f.path.as_str(), f.change)).collect();
        assert_eq!(
            seen,
            [
                ("a.py", Change::Modified),
                ("b.bin", Change::Modified),
                ("gone.py", Change::Removed),
                ("new.py", Change::Added)
            ]
        );
        let text = |index: usize| all[index].diff.as_deref();
        assert_eq!(text(0), Some("--- a/a.py\n+++ b/a.py\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n"));
        assert_eq!(text(1), None);
        assert_eq!(text(2), Some("--- a/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"));
        assert_eq!(text(3), Some("--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+y\n"));
    }

    #[test]
    fn a_hostile_pair_of_files_ends_in_time() {
        let many = |seed: u32| {
            let mut state = seed;
            let line = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                format!("{}\n", state >> 28)
            };
            (0..100_000).map(line).collect::<String>().into_bytes()
        };
        let (old, new) = (source(&[("a", &many(1))]), source(&[("a", &many(2))]));
        let begun = Instant::now();
        assert_eq!(between(&old, &new).len(), 1);
        assert!(begun.elapsed() < PATIENCE * 8, "{:?}", begun.elapsed());
    }
}
