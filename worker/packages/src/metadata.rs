//! What a package says of itself, in the form of PEP 566 and later.

use crate::fallbacks::does_without;
use pep440_rs::Version;
use pep508_rs::{PackageName, Requirement, VersionOrUrl};
use std::str::FromStr;

/// Most requirements of one version; a few hundred are the most that are known.
const MAX_REQUIRES: usize = 2_000;

/// The fields that matter for installing.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// Its name, normalized.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// What it needs, each with its marker. What it asks for and works without is left out.
    pub requires: Vec<Requirement>,
    /// `Requires-Python`.
    pub requires_python: Option<String>,
}

impl Metadata {
    /// Reads the headers of a `METADATA` file.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with its name.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(bytes);
        let (mut name, mut version, mut requires_python, mut requires) = (None, None, None, vec![]);
        for line in unfolded(&text) {
            let Some((field, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match field.to_ascii_lowercase().as_str() {
                "name" => name = Some(value.to_owned()),
                "version" => version = Some(value.to_owned()),
                "requires-python" => requires_python = Some(value.to_owned()),
                "requires-dist" => requires.push(requirement(value)?),
                _ => {}
            }
            if requires.len() > MAX_REQUIRES {
                return Err(format!("says that it needs more than {MAX_REQUIRES} packages"));
            }
        }
        let name = name.ok_or("has metadata without a name")?;
        let version = version.ok_or("has metadata without a version")?;
        let name = PackageName::new(name).map_err(|_| "has metadata with a name that is none")?;
        requires.retain(|need: &Requirement| !does_without(name.as_ref(), need.name.as_ref()));
        Ok(Self {
            name,
            version: Version::from_str(&version).map_err(|_| "has metadata with a version that is none")?,
            requires,
            requires_python,
        })
    }
}

fn requirement(value: &str) -> Result<Requirement, String> {
    let shown: String = value.chars().take(100).collect();
    let requirement: Requirement =
        Requirement::from_str(value).map_err(|_| format!("needs `{shown}`, which is not a requirement"))?;
    match requirement.version_or_url {
        Some(VersionOrUrl::Url(_)) => Err(format!("needs `{shown}`, which is not from the index")),
        _ => Ok(requirement),
    }
}

/// The lines of the headers, each with what continues it.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for line in text.lines() {
        if line.is_empty() {
            break;
        }
        match lines.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some(last) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            None => lines.push(line.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_headers_count() {
        let text = "Metadata-Version: 2.1\nName: Zope.Interface\nVersion: 1.0.0\nRequires-Dist: a (>=1)\n\
                    Requires-Dist: b ; extra ==\n  'x'\nRequires-Python: >=3.8\n\nRequires-Dist: c\n";
        let metadata = Metadata::parse(text.as_bytes()).expect("metadata");
        assert_eq!(metadata.name.to_string(), "zope-interface");
        let names: Vec<_> = metadata.requires.iter().map(|r| r.name.to_string()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(metadata.requires_python.as_deref(), Some(">=3.8"));
    }

    #[test]
    fn what_is_no_metadata_says_why() {
        for (text, why) in [
            ("", "without a name"),
            ("Name: a\n", "without a version"),
            ("Name: a\nVersion: x y\n", "a version that is none"),
            ("Name: a\nVersion: 1\nRequires-Dist: x @ https://example.org\n", "not from the index"),
            ("Name: a\nVersion: 1\nRequires-Dist: !\n", "not a requirement"),
        ] {
            let error = Metadata::parse(text.as_bytes()).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        let many = format!("Name: a\nVersion: 1\n{}", "Requires-Dist: b\n".repeat(MAX_REQUIRES + 1));
        assert!(Metadata::parse(many.as_bytes()).expect_err("too many").contains("more than"));
        assert!(Metadata::parse(b"\xff\xfe\0").is_err());
    }
}
