//! Reads a workspace from a folder.

use anyhow::{Context, Result, bail};
use bifrost_core::Source;
use std::path::Path;

/// Folders that are never part of a workspace.
const IGNORED: [&str; 6] = ["__pycache__", "node_modules", "venv", "target", "dist", "build"];

/// All files below `root`, but for hidden ones and what tools leave behind. Symbolic
/// links are refused: a workspace holds only what is in it.
///
/// # Errors
/// Names the file that cannot be part of a workspace.
pub fn read_folder(root: &Path) -> Result<Source> {
    if !root.is_dir() {
        bail!("{} is not a folder", root.display());
    }
    let mut source = Source::default();
    read_into(root, root, &mut source)?;
    Ok(source)
}

fn read_into(root: &Path, folder: &Path, source: &mut Source) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else { bail!("{} has a name that is not UTF-8", path.display()) };
        let kind = entry.file_type()?;
        if name.starts_with('.') || (kind.is_dir() && IGNORED.contains(&name)) || name.ends_with(".pyc") {
            continue;
        }
        if kind.is_symlink() {
            bail!("{} is a symbolic link; copy the file into the workspace", path.display());
        }
        if kind.is_dir() {
            read_into(root, &path, source)?;
        } else {
            let relative = path.strip_prefix(root)?.to_str().context("path is not UTF-8")?.replace('\\', "/");
            let content = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            source.insert(relative, content)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_and_caches_stay_out() {
        let folder = tempfile::tempdir().expect("folder");
        for path in ["a.py", "area/b.py", ".git/config", "__pycache__/a.pyc", "data/rows.csv"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("parent")).expect("create");
            std::fs::write(path, "x").expect("write");
        }
        let source = read_folder(folder.path()).expect("source");
        let paths: Vec<_> = source.files().keys().map(String::as_str).collect();
        assert_eq!(paths, ["a.py", "area/b.py", "data/rows.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_workspace_is_refused() {
        let folder = tempfile::tempdir().expect("folder");
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("secrets.py")).expect("link");
        let error = read_folder(folder.path()).expect_err("refused").to_string();
        assert!(error.contains("symbolic link"), "{error}");
    }
}
