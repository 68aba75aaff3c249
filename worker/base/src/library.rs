//! The standard library and bundled packages, packed: what a run can import that is not in
//! its image.

use flate2::read::DeflateDecoder;
use std::io::Read;

/// Begins the names of files of the standard library.
const STDLIB: &str = "<stdlib>/";
/// Begins the names of files of bundled packages.
const PACKAGES: &str = "<packages>/";

/// A module that is written in Python.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// Its dotted name.
    pub name: &'static str,
    /// True when it has submodules.
    pub is_package: bool,
    /// True when it is of a bundled package, not of the standard library.
    pub is_bundled: bool,
    source: Piece,
    code: Piece,
}

/// Where something is in the archive, and how many bytes it has unpacked.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: usize,
    end: usize,
    length: usize,
}

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

/// Ordered by name.
static MODULES: &[Module] = include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// Files that say which packages are bundled: path and content, ordered by path.
static METADATA: &[(&str, Piece)] = include!(concat!(env!("OUT_DIR"), "/metadata.rs"));

/// All modules, ordered by name.
pub fn modules() -> &'static [Module] {
    MODULES
}

/// The module of this dotted name.
pub fn find(name: &str) -> Option<&'static Module> {
    MODULES.binary_search_by(|module| module.name.cmp(name)).ok().map(|index| &MODULES[index])
}

/// The module of this [`Module::filename`].
pub fn at(filename: &str) -> Option<&'static Module> {
    let path = filename.strip_prefix(STDLIB).or_else(|| filename.strip_prefix(PACKAGES))?;
    let stem = path.strip_suffix(".py")?;
    let name = stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', ".");
    find(&name).filter(|module| module.filename() == filename)
}

/// The file about a bundled package of this name: `<packages>/`, the folder ending in
/// `.dist-info`, and the name in it.
pub fn metadata(filename: &str) -> Option<Vec<u8>> {
    let path = filename.strip_prefix(PACKAGES)?;
    let found = METADATA.binary_search_by(|(known, _)| (*known).cmp(path)).ok()?;
    Some(METADATA[found].1.unpack())
}

/// The bundled packages, by the folders that say what they are: `pydantic-2.14.3.dist-info`.
pub fn packages() -> impl Iterator<Item = &'static str> {
    METADATA.iter().filter_map(|(path, _)| path.strip_suffix("/METADATA"))
}

impl Module {
    /// As tracebacks show it: `<stdlib>/` or `<packages>/`, and the path within.
    pub fn filename(&self) -> String {
        let root = if self.is_bundled { PACKAGES } else { STDLIB };
        let stem = self.name.replace('.', "/");
        if self.is_package { format!("{root}{stem}/__init__.py") } else { format!("{root}{stem}.py") }
    }

    /// Its source, as CPython ships it.
    pub fn source(&self) -> Vec<u8> {
        self.source.unpack()
    }

    /// Its code object, marshalled by the base's interpreter, for it alone.
    pub fn code(&self) -> Vec<u8> {
        self.code.unpack()
    }
}

impl Piece {
    fn unpack(self) -> Vec<u8> {
        let mut content = Vec::with_capacity(self.length);
        DeflateDecoder::new(&PACKED[self.start..self.end])
            .read_to_end(&mut content)
            .expect("the archive is part of the program, and whole");
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_found_and_whole() {
        assert!(modules().len() > 400, "{}", modules().len());
        for module in modules() {
            assert!(std::ptr::eq(find(module.name).expect("by name"), module), "{}", module.name);
            assert!(std::ptr::eq(at(&module.filename()).expect("by file"), module), "{}", module.name);
            assert_eq!(module.source().len(), module.source.length, "{}", module.name);
            assert_eq!(module.code().len(), module.code.length, "{}", module.name);
            // A marshalled code object begins with its type, perhaps with the flag for references.
            assert_eq!(module.code()[0] & 0x7f, b'c', "{}", module.name);
        }
        let colors = find("colorsys").expect("colorsys");
        assert!(String::from_utf8(colors.source()).expect("text").contains("def rgb_to_hls"));
    }

    #[test]
    fn packages_have_modules_and_metadata() {
        let models = find("pydantic.main").expect("pydantic");
        assert!(models.is_bundled && !find("json").expect("json").is_bundled);
        assert_eq!(models.filename(), "<packages>/pydantic/main.py");
        assert!(at("<stdlib>/pydantic/main.py").is_none() && at("<packages>/json/__init__.py").is_none());
        let folder = packages().find(|folder| folder.starts_with("pydantic-2.")).expect("pydantic");
        let text = metadata(&format!("<packages>/{folder}/METADATA")).expect("metadata");
        assert!(String::from_utf8(text).expect("text").contains("\nName: pydantic\n"));
        assert!(
            metadata(&format!("{folder}/METADATA")).is_none() && metadata("<packages>/../METADATA").is_none()
        );
        assert!(find("pydantic_core._pydantic_core").is_none(), "it is compiled, and part of the code");
    }

    #[test]
    fn only_whole_names_are_found() {
        for name in ["", "there_is_none", "colorsys.py", "json.", ".json", "JSON"] {
            assert!(find(name).is_none(), "{name}");
        }
        for name in ["colorsys.py", "<stdlib>/colorsys", "<stdlib>/json.py", "<stdlib>/../colorsys.py"] {
            assert!(at(name).is_none(), "{name}");
        }
    }
}
