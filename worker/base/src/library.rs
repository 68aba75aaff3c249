//! The standard library, packed: what a run can import that is not in its image.

use flate2::read::DeflateDecoder;
use std::io::Read;

/// A module of the standard library that is written in Python.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// Its dotted name.
    pub name: &'static str,
    /// True when it has submodules.
    pub is_package: bool,
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
    let stem = filename.strip_prefix("<stdlib>/")?.strip_suffix(".py")?;
    let name = stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', ".");
    find(&name).filter(|module| module.filename() == filename)
}

impl Module {
    /// As tracebacks show it: `<stdlib>/` and the path within the library.
    pub fn filename(&self) -> String {
        let stem = self.name.replace('.', "/");
        if self.is_package { format!("<stdlib>/{stem}/__init__.py") } else { format!("<stdlib>/{stem}.py") }
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
    fn only_whole_names_are_found() {
        for name in ["", "there_is_none", "colorsys.py", "json.", ".json", "JSON"] {
            assert!(find(name).is_none(), "{name}");
        }
        for name in ["colorsys.py", "<stdlib>/colorsys", "<stdlib>/json.py", "<stdlib>/../colorsys.py"] {
            assert!(at(name).is_none(), "{name}");
        }
    }
}
