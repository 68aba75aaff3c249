//! The base: CPython with the `bifrost` SDK and much of its standard library imported,
//! in the parts that `bifrost-linker` makes. Embedded, so that a server needs no Python.

pub mod library;

/// Packages that every run has: names and versions, as their wheels say them.
pub fn provided() -> impl Iterator<Item = (&'static str, &'static str)> {
    library::packages().filter_map(|folder| folder.strip_suffix(".dist-info")?.rsplit_once('-'))
}

/// Packages of which the base has a part of its own making (`shims/`), because what is
/// published of them is compiled.
pub const STAND_INS: [&str; 3] = ["cryptography", "jiter", "rpds-py"];

/// The code that all runs share, a core module.
pub static CODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/code.wasm"));

/// The component that runs import `code` and `image` into.
pub static WRAPPER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/wrapper.wasm"));

/// The component that snapshots are taken with.
pub static PROBE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/probe.wasm"));

/// The base's memory: an interpreter that has imported no workspace yet.
pub static MEMORY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/memory.bin"));

/// Values of the code's mutable globals; a snapshot is refused when they differ.
pub static GLOBALS: &[i64] = include!(concat!(env!("OUT_DIR"), "/globals.rs"));
