//! Packages that work without their compiled part: each looks for it when it is imported, and
//! has the same in Python where there is none. Of these a wheel for another machine is taken,
//! and what is compiled in it is left out.

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
    }
}
