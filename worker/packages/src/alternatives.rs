//! What to use instead of well-known packages that cannot be installed.

/// Package to what does the same work here.
const KNOWN: &[(&str, &str)] = &[
    ("asyncpg", "an HTTP interface before the database"),
    ("bcrypt", "`passlib` with `pbkdf2_sha256`, or `hashlib.scrypt`"),
    ("brotli", "`gzip` or `zlib`"),
    ("cffi", "a package without compiled parts"),
    ("confluent-kafka", "the HTTP interface of the broker"),
    ("fastuuid", "`uuid`"),
    ("gevent", "`asyncio`"),
    ("greenlet", "`asyncio`"),
    ("grpcio", "the HTTP interface of the service"),
    ("ijson", "`json`"),
    ("lxml", "`xml.etree.ElementTree`, or `defusedxml`; `beautifulsoup4` for HTML"),
    ("lz4", "`gzip` or `zlib`"),
    ("matplotlib", "a service that draws, or SVG as text"),
    ("msgspec", "`pydantic`"),
    ("mysqlclient", "an HTTP interface before the database"),
    ("numpy", "`statistics`, `math` and `array`"),
    ("orjson", "`json`"),
    ("pandas", "`csv` and `statistics`"),
    ("paramiko", "an HTTP interface of the device"),
    ("pillow", "a service that handles images"),
    ("polars", "`csv` and `statistics`"),
    ("psutil", "nothing: a run has no machine to look at"),
    ("psycopg-binary", "an HTTP interface before the database"),
    ("psycopg2", "an HTTP interface before the database"),
    ("psycopg2-binary", "an HTTP interface before the database"),
    ("pyarrow", "`csv` or `json`"),
    ("pycryptodome", "`hashlib` and `hmac`"),
    ("pymongo", "an HTTP interface before the database"),
    ("pymssql", "an HTTP interface before the database"),
    ("pynacl", "`hashlib` and `hmac`"),
    ("pyodbc", "an HTTP interface before the database"),
    ("python-docx", "the document as text, HTML or Markdown"),
    ("pyzmq", "HTTP"),
    ("rapidfuzz", "`difflib`"),
    ("ratelimit", "`tenacity`, or `asyncio.sleep`"),
    ("regex", "`re`"),
    ("scikit-learn", "a service that is called over HTTP"),
    ("scipy", "`statistics` and `math`"),
    ("simplejson", "`json`"),
    ("tiktoken", "the counts that the API answers"),
    ("tokenizers", "the counts that the API answers"),
    ("torch", "a service that is called over HTTP"),
    ("ujson", "`json`"),
    ("uvloop", "nothing: the platform has a loop of its own"),
    ("xhtml2pdf", "a service that makes PDF"),
    ("xxhash", "`hashlib`"),
    ("zeep", "`httpx` with `xml.etree.ElementTree`"),
    ("zstandard", "`gzip` or `zlib`"),
];

/// What does the same work here, as the end of "instead, use …".
pub fn instead_of(package: &str) -> Option<&'static str> {
    KNOWN.binary_search_by(|(name, _)| name.cmp(&package)).ok().map(|at| KNOWN[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_package_is_found() {
        let mut names: Vec<_> = KNOWN.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        for name in names {
            assert!(instead_of(name).is_some(), "{name}: the table is in order of the names");
        }
        assert_eq!(instead_of("requests"), None);
    }
}
