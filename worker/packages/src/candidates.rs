//! Which versions of a package can be installed in the guest at all, and why not the others.

use crate::alternatives::instead_of;
use crate::fallbacks::has_fallback;
use crate::index::{File, Page};
use crate::target::Target;
use pep440_rs::Version;
use pep508_rs::PackageName;
use std::collections::BTreeMap;
use version_ranges::Ranges;

/// The versions of one package that can be installed.
#[derive(Debug, Default)]
pub struct Candidates {
    /// Each with its wheel; `None` for what every run has.
    pub versions: BTreeMap<Version, Option<File>>,
    /// Why there is none.
    pub obstacle: Option<String>,
    /// Versions, newest last, whose wheels all have compiled parts.
    compiled: Vec<Version>,
}

impl Candidates {
    /// What the guest has itself of this package, if anything.
    pub fn provided(name: &PackageName, target: &Target) -> Option<Self> {
        let version = target.provided.get(name)?.clone();
        Some(Self { versions: BTreeMap::from([(version, None)]), ..Self::default() })
    }

    /// There is none.
    pub fn missing(name: &PackageName) -> Self {
        let obstacle = format!("there is no package `{name}` in the index; check how it is spelled");
        Self { obstacle: Some(obstacle), ..Self::default() }
    }

    /// What can be installed of what the index has.
    pub fn of(name: &PackageName, page: &Page, target: &Target) -> Self {
        if target.stand_ins.contains(name) {
            let versions = page.wheels.iter().map(|file| (file.name.version.clone(), None)).collect();
            return Self { versions, ..Self::default() };
        }
        let (mut versions, mut other) = (BTreeMap::new(), BTreeMap::new());
        let (mut pure, mut yanked) = (0, 0);
        // Where a version has both, the pure wheel comes last and stays.
        let (compiled, plain): (Vec<_>, Vec<_>) = page.wheels.iter().partition(|file| !file.name.is_pure());
        for file in compiled.into_iter().chain(plain) {
            let takes_part = has_fallback(name.as_ref()) && file.name.is_compiled_for_our_python();
            if !file.name.is_pure() && !takes_part {
                other.insert(file.name.version.clone(), ());
                continue;
            }
            pure += 1;
            if file.is_yanked {
                yanked += 1;
            } else if target.takes(file.requires_python.as_deref()) {
                // Of several for one version, such as for Python 2 and 3, the index has the newest last.
                versions.insert(file.name.version.clone(), Some(file.clone()));
            }
        }
        let compiled: Vec<_> = other.into_keys().filter(|version| !versions.contains_key(version)).collect();
        let obstacle = versions.is_empty().then(|| {
            let python = target.markers.python_version();
            let why = if pure > 0 && pure == yanked {
                "all its versions were withdrawn".to_owned()
            } else if pure > 0 {
                format!("none of its pure Python versions is for Python {python}")
            } else if !compiled.is_empty() {
                "it has compiled parts: there is no pure Python wheel of it".to_owned()
            } else if page.has_sources {
                "it is published as source alone, and nothing is built here: there is no wheel of it"
                    .to_owned()
            } else {
                "nothing is published of it".to_owned()
            };
            let instead =
                instead_of(name.as_ref()).map_or_else(String::new, |use_| format!("; instead, use {use_}"));
            format!("`{name}` cannot be installed: {why}{instead}")
        });
        Self { versions, obstacle, compiled }
    }

    /// The newest in the range. Pre-releases only where asked for, or where there is nothing else.
    pub fn newest(&self, range: &Ranges<Version>, pre_releases: bool) -> Option<&Version> {
        let pre_releases = pre_releases || self.versions.keys().all(Version::any_prerelease);
        let suits =
            |version: &&Version| range.contains(version) && (pre_releases || !version.any_prerelease());
        self.versions.keys().rev().find(suits)
    }

    /// What there is instead of a version that nobody found, for people.
    pub fn offer(&self, name: &PackageName) -> String {
        let Some((newest, file)) = self
            .versions
            .iter()
            .rev()
            .find(|(version, _)| !version.any_prerelease())
            .or(self.versions.last_key_value())
        else {
            return self.obstacle.clone().unwrap_or_default();
        };
        if file.is_none() && self.versions.len() == 1 {
            return format!("every run has `{name}` {newest}, and no other can be installed");
        }
        match self.compiled.last().filter(|version| *version > newest) {
            Some(version) => format!(
                "the newest `{name}` that can be installed is {newest}, since {version} has compiled parts"
            ),
            None => format!("the newest `{name}` that can be installed is {newest}"),
        }
    }
}
