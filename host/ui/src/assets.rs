//! The embedded files.

use http::{HeaderMap, HeaderValue, header};

/// A file of the UI.
pub struct Asset {
    /// Below the root, without a slash at the beginning.
    pub path: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// Compressed when the program was built, where that makes it smaller.
    pub brotli: Option<&'static [u8]>,
    /// The same for those who know no brotli.
    pub gzip: Option<&'static [u8]>,
}

/// By path, in order.
static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

impl Asset {
    /// The file at a path.
    pub fn find(path: &str) -> Option<&'static Self> {
        let at = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
        ASSETS.get(at)
    }

    /// The smallest form that a request takes, and its encoding.
    pub fn encoded(&self, request: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
        let accepted = request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let takes = |name: &str| accepted.is_some_and(|accepted| accepts(accepted, name));
        match (self.brotli, self.gzip) {
            (Some(bytes), _) if takes("br") => (bytes, Some("br")),
            (_, Some(bytes)) if takes("gzip") => (bytes, Some("gzip")),
            _ => (self.plain, None),
        }
    }

    /// By the ending of its name.
    pub fn content_type(&self) -> HeaderValue {
        HeaderValue::from_static(match self.path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("css") => "text/css; charset=utf-8",
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("wasm") => "application/wasm",
            Some("woff2") => "font/woff2",
            _ => "application/octet-stream",
        })
    }
}

/// Whether an `Accept-Encoding` names an encoding, and not to refuse it.
fn accepts(accepted: &str, name: &str) -> bool {
    accepted.split(',').any(|one| {
        let (encoding, quality) = one.split_once(';').unwrap_or((one, ""));
        let refused =
            quality.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0));
        encoding.trim().eq_ignore_ascii_case(name) && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_unless_refused() {
        for (accepted, expected) in
            [("gzip, br", true), ("BR;q=0.5", true), ("br;q=0", false), ("brotli", false), ("", false)]
        {
            assert_eq!(accepts(accepted, "br"), expected, "{accepted}");
        }
    }
}
