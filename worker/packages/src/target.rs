//! What packages are installed for: the interpreter of the sandbox, never that of the server.

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder, PackageName};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// Minor version of the interpreter, as in CPython 3.14.
const MINOR: u32 = 14;

/// The guest, as markers and `Requires-Python` see it, and what it has already.
#[derive(Clone, Debug)]
pub struct Target {
    /// What markers are evaluated in.
    pub markers: MarkerEnvironment,
    /// Packages that every run has, each in the one version that it has.
    pub provided: BTreeMap<PackageName, Version>,
    /// Packages of which every run has a part of its own making, in place of any version.
    pub stand_ins: BTreeSet<PackageName>,
}

impl Target {
    /// The guest with these packages in it: names and versions, without one for a stand-in.
    ///
    /// # Errors
    /// When one of them is not a name or a version.
    pub fn new(provided: &[(String, Option<String>)]) -> anyhow::Result<Self> {
        let markers = MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: "3.14.0",
            os_name: "posix",
            platform_machine: "wasm32",
            platform_python_implementation: "CPython",
            platform_release: "0.0.0",
            platform_system: "wasi",
            platform_version: "0.0.0",
            python_full_version: "3.14.0",
            python_version: "3.14",
            sys_platform: "wasi",
        })?;
        let mut target = Self { markers, provided: BTreeMap::new(), stand_ins: BTreeSet::new() };
        for (name, version) in provided {
            let name = PackageName::new(name.clone())?;
            match version {
                Some(version) => drop(target.provided.insert(name, Version::from_str(version)?)),
                None => drop(target.stand_ins.insert(name)),
            }
        }
        Ok(target)
    }

    /// True when a package with this `Requires-Python` is for the guest; one that cannot be
    /// read is not.
    pub fn takes(&self, requires_python: Option<&str>) -> bool {
        let Some(text) = requires_python.map(str::trim).filter(|text| !text.is_empty()) else { return true };
        let python: &Version = &self.markers.python_full_version().version;
        VersionSpecifiers::from_str(text).is_ok_and(|specifiers| specifiers.contains(python))
    }
}

/// True for the tag of a wheel that has no compiled part and is for the guest's Python.
pub fn is_pure(python: &str, abi: &str, platform: &str) -> bool {
    abi.split('.').any(|abi| abi == "none")
        && platform.split('.').any(|platform| platform == "any")
        && python.split('.').any(is_our_python)
}

/// True for the tag of a wheel whose compiled part is for the guest's Python on a common
/// machine; what is not compiled in such a wheel is the same on every machine.
pub fn is_compiled_for_our_python(python: &str, abi: &str, platform: &str) -> bool {
    let minor = python.strip_prefix("cp3").and_then(|minor| minor.parse::<u32>().ok());
    let is_stable = abi == "abi3" && minor.is_some_and(|minor| minor <= MINOR);
    let is_ours = python == "cp314" && abi == "cp314";
    (is_stable || is_ours)
        && platform.split('.').any(|one| one.starts_with("manylinux") && one.ends_with("_x86_64"))
}

fn is_our_python(tag: &str) -> bool {
    if tag == "cp314" {
        return true;
    }
    match tag.strip_prefix("py3") {
        Some("") => true,
        Some(minor) => minor.parse::<u32>().is_ok_and(|minor| minor <= MINOR),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_wheels_are_told_by_their_tags() {
        for (python, abi, platform) in [
            ("py3", "none", "any"),
            ("py2.py3", "none", "any"),
            ("py314", "none", "any"),
            ("py38", "none", "any"),
        ] {
            assert!(is_pure(python, abi, platform), "{python}-{abi}-{platform}");
        }
        for (python, abi, platform) in [
            ("py2", "none", "any"),
            ("py315", "none", "any"),
            ("cp314", "cp314", "manylinux_2_17_x86_64"),
            ("cp314", "abi3", "any"),
            ("py3", "none", "macosx_11_0_arm64"),
            ("cp312", "none", "any"),
            ("pyx", "none", "any"),
        ] {
            assert!(!is_pure(python, abi, platform), "{python}-{abi}-{platform}");
        }
    }

    #[test]
    fn wheels_of_which_the_python_part_is_taken() {
        for (python, abi, platform) in [
            ("cp314", "cp314", "manylinux_2_17_x86_64.manylinux2014_x86_64"),
            ("cp39", "abi3", "manylinux2014_x86_64"),
        ] {
            assert!(is_compiled_for_our_python(python, abi, platform), "{python}-{abi}-{platform}");
        }
        for (python, abi, platform) in [
            ("cp313", "cp313", "manylinux2014_x86_64"),
            ("cp314", "cp314t", "manylinux2014_x86_64"),
            ("cp315", "abi3", "manylinux2014_x86_64"),
            ("py3", "abi3", "manylinux2014_x86_64"),
            ("cp314", "cp314", "musllinux_1_2_x86_64"),
            ("cp314", "cp314", "win_amd64"),
        ] {
            assert!(!is_compiled_for_our_python(python, abi, platform), "{python}-{abi}-{platform}");
        }
    }

    #[test]
    fn requires_python_is_about_the_guest() {
        let target = Target::new(&[]).expect("target");
        for text in [None, Some(""), Some(">=3.8"), Some(">=3.14"), Some("!=3.0.*,>=2.7"), Some("~=3.9")] {
            assert!(target.takes(text), "{text:?}");
        }
        for text in [Some("<3.14"), Some(">=3.15"), Some("<4,>=3.14.1"), Some("==3.13.*"), Some("any")] {
            assert!(!target.takes(text), "{text:?}");
        }
    }
}
