//! Packages that work without their compiled part: each looks for it when it is imported, and
//! has the same in Python where there is none. Of these a wheel for another machine is taken,
//! and what is compiled in it is left out. And packages that ask for a compiled one which only a
//! part of them uses.

/// In order of the names. Each is in `tests/compat/packages.txt`, or needed by one that is.
const FALLBACKS: [&str; 10] = [
    "aiohttp",
    "frozenlist",
    "markupsafe",
    "msgpack",
    "multidict",
    "pendulum",
    "propcache",
    "pyyaml",
    "wrapt",
    "yarl",
];

/// Package to what it asks for and works without, as long as nobody uses that part. The base has a
/// stand-in that can be imported beside it, see `BESIDE` in the sandbox.
const SPARED: [(&str, &str); 1] = [("reportlab", "pillow")];

/// True for a package that works without another that it asks for.
pub fn does_without(package: &str, other: &str) -> bool {
    SPARED.contains(&(package, other))
}

/// True for a package that works without what is compiled in it.
pub fn has_fallback(package: &str) -> bool {
    FALLBACKS.binary_search(&package).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_one_is_found() {
        assert!(FALLBACKS.iter().all(|name| has_fallback(name)), "the table is in order of the names");
        assert!(!has_fallback("numpy"));
        assert!(does_without("reportlab", "pillow") && !does_without("other", "pillow"));
    }
}
