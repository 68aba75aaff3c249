//! What pages may do: nothing from elsewhere, no script and no style that is not the platform's.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;

/// Where the document has its nonce.
pub const NONCE: &str = "{{nonce}}";

/// The page that shows HTML which a workflow returned, in a frame.
pub const RESULT: &str = "result.html";

/// Bytes of a nonce.
const NONCE_BYTES: usize = 16;

/// A value that nobody can guess, for one answer.
pub fn nonce() -> String {
    let mut bytes = [0; NONCE_BYTES];
    // Without randomness the page has no styles of libraries, and nothing else is lost.
    if getrandom::fill(&mut bytes).is_err() {
        return String::new();
    }
    BASE64_STANDARD.encode(bytes)
}

/// The policy of the document. Libraries add styles at run time, with the nonce;
/// the evaluator of expressions is a WebAssembly module, which `wasm-unsafe-eval` lets compile.
pub fn document(nonce: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'; object-src 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The policy of [`RESULT`]: an origin of its own, no script but the one that fills it.
pub fn result() -> HeaderValue {
    HeaderValue::from_static(
        "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
         img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
    )
}
