//! A file as an answer: to be saved, never shown. What somebody has sent comes from the address
//! that people sign in at, so it must not act there.

use super::answers::is_script;
use axum::body::Body;
use axum::response::Response;
use bifrost_store::files::File;
use http::{HeaderValue, header};
use std::fmt::Write;

/// If it is shown all the same it is of no origin: no scripts, no forms, nothing loaded.
const POLICY: HeaderValue =
    HeaderValue::from_static("sandbox; default-src 'none'; form-action 'none'; frame-ancestors 'none'");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The content of a file.
pub fn answer(file: &File, content: Vec<u8>) -> Response {
    let kind = HeaderValue::try_from(&file.content_type).unwrap_or(TEXT);
    let mut response = Response::new(Body::from(content));
    let headers = response.headers_mut();
    // A page's policy allows scripts of its own origin, which this is.
    headers.insert(header::CONTENT_TYPE, if is_script(&kind) { TEXT } else { kind });
    headers.insert(header::CONTENT_DISPOSITION, disposition(&file.path));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", file.sha256)) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Says to save it, under the last part of its path (RFC 6266, with RFC 8187 for the name).
fn disposition(path: &str) -> HeaderValue {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut text = String::from("attachment; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(byte.into());
        } else {
            // Writing to a text does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bifrost_core::{FileId, OrganizationId};

    fn headers(path: &str, content_type: &str) -> http::HeaderMap {
        let now = bifrost_store::now();
        let file = File {
            organization_id: OrganizationId::new(),
            location: "uploads".into(),
            path: path.into(),
            object_id: FileId::new(),
            size: 1,
            sha256: "00".into(),
            content_type: content_type.into(),
            created_at: now,
            updated_at: now,
            updated_by: None,
            expires_at: None,
        };
        answer(&file, b"x".to_vec()).into_parts().0.headers
    }

    #[test]
    fn nothing_of_it_acts() {
        let all = headers("a/b \"c\"; ä\u{202e}.html", "text/html");
        assert_eq!(
            all["content-disposition"],
            "attachment; filename*=UTF-8''b%20%22c%22%3B%20%C3%A4%E2%80%AE.html"
        );
        assert_eq!(
            (&all["content-type"], &all["x-content-type-options"]),
            (&HeaderValue::from_static("text/html"), &HeaderValue::from_static("nosniff"))
        );
        assert!(all["content-security-policy"].to_str().expect("text").starts_with("sandbox;"));
        for script in ["text/javascript", "application/javascript", "application/wasm"] {
            assert_eq!(headers("a.js", script)["content-type"], "text/plain; charset=utf-8");
        }
    }
}
