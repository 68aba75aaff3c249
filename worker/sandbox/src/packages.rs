//! The files of installed packages, below those of the workspace.

use bifrost_core::Source;

/// Installed packages, as one tree of files.
pub trait Packages: Send + Sync {
    /// The content of a file.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
    /// Names in a folder; folders end in `/`. Empty when there is none.
    fn list(&self, folder: &str) -> Vec<String>;
    /// What the file is part of, by its hash: the same file of the same part has the same content
    /// wherever it is installed.
    fn part(&self, path: &str) -> Option<&str>;
}

/// No packages.
pub struct NoPackages;

impl Packages for NoPackages {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn list(&self, _: &str) -> Vec<String> {
        vec![]
    }

    fn part(&self, _: &str) -> Option<&str> {
        None
    }
}

/// The tree that a run sees: the workspace's own file wins.
pub(crate) struct Tree<'t> {
    pub own: &'t Source,
    pub packages: &'t dyn Packages,
}

impl Tree<'_> {
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.own.files().get(path).cloned().or_else(|| self.packages.read(path))
    }

    /// The module of a dotted name: its file, whether it is a package, and its source. Whatever
    /// is the workspace's comes first.
    pub fn module(&self, name: &str) -> Option<(String, bool, Vec<u8>)> {
        let stem = name.replace('.', "/");
        // A folder with `__init__.py` wins over a file, as natively, but not over the workspace.
        let own = [(format!("{stem}.py"), false), (format!("{stem}/__init__.py"), true)];
        let own = own.into_iter().find_map(|(path, is_package)| {
            let source = self.own.files().get(&path)?.clone();
            Some((path, is_package, source))
        });
        own.or_else(|| {
            let packaged = [(format!("{stem}/__init__.py"), true), (format!("{stem}.py"), false)];
            packaged.into_iter().find_map(|(path, is_package)| {
                let source = self.packages.read(&path)?;
                Some((path, is_package, source))
            })
        })
    }

    /// True for a folder with something in it.
    pub fn is_folder(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        let own = self.own.files().range(prefix.clone()..).next();
        own.is_some_and(|(path, _)| path.starts_with(&prefix)) || !self.packages.list(path).is_empty()
    }

    /// Names in a folder, in order.
    pub fn list(&self, path: &str) -> Vec<String> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let mut names = self.packages.list(path);
        for (file, _) in self.own.files().range(prefix.clone()..) {
            let Some(rest) = file.strip_prefix(&prefix) else {
                break;
            };
            let name = match rest.split_once('/') {
                Some((folder, _)) => format!("{folder}/"),
                None => rest.to_owned(),
            };
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// What a file of a package is part of; `None` for the workspace's.
    pub fn part(&self, path: &str) -> Option<&str> {
        if self.own.files().contains_key(path) {
            return None;
        }
        self.packages.part(path)
    }
}
