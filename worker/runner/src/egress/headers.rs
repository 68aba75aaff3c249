//! The headers of a guest's request: only what is a header, and is the guest's to say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bifrost_sandbox::HttpError;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use url::Url;

/// What is between two neighbours of a connection, and so the platform's to say.
const HOP_BY_HOP: [&str; 11] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
];

/// The headers as they are sent. `Host` and `Content-Length` are left to the platform; a
/// guest may say them where they say what is true.
pub(super) fn checked(
    headers: Vec<(String, Vec<u8>)>,
    url: &Url,
    body: usize,
) -> Result<HeaderMap, HttpError> {
    let refused =
        |name: &str, why: &str| HttpError::Protocol(format!("the header `{}` {why}", name.escape_debug()));
    let mut checked = HeaderMap::new();
    for (name, value) in headers {
        let header =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(&name, "has no valid name"))?;
        // Refuses line ends and other control characters.
        let value = HeaderValue::from_bytes(&value).map_err(|_| refused(&name, "has no valid value"))?;
        if HOP_BY_HOP.contains(&header.as_str()) {
            return Err(refused(&name, "is the platform's to set"));
        }
        if header == HOST {
            let named = url.host_str().unwrap_or_default();
            let full = format!("{named}:{}", url.port_or_known_default().unwrap_or_default());
            let says = value.as_bytes();
            let is_named = says.eq_ignore_ascii_case(full.as_bytes())
                || (url.port().is_none() && says.eq_ignore_ascii_case(named.as_bytes()));
            if !is_named {
                return Err(refused(&name, "names another host than the URL"));
            }
            continue;
        }
        if header == CONTENT_LENGTH {
            if value.as_bytes() != body.to_string().as_bytes() {
                return Err(refused(&name, "is not the body's length"));
            }
            continue;
        }
        checked.append(header, value);
    }
    if !checked.contains_key(ACCEPT) {
        checked.insert(ACCEPT, HeaderValue::from_static("*/*"));
    }
    Ok(checked)
}

/// Takes a user's name and password out of the URL, and sends them as a header unless
/// there is one.
pub(super) fn credentials(url: &mut Url, headers: &mut HeaderMap) -> Result<(), HttpError> {
    url.set_fragment(None);
    if url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let pair = [decoded(url.username()), vec![b':'], decoded(url.password().unwrap_or_default())].concat();
    let wrong = || HttpError::Protocol("the URL's user name cannot be sent".to_owned());
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| wrong())?;
    if !headers.contains_key(AUTHORIZATION) {
        let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).map_err(|_| wrong())?;
        headers.insert(AUTHORIZATION, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(name: &str, value: &str) -> Result<HeaderMap, HttpError> {
        let url = Url::parse("https://api.example.com/x").expect("a URL");
        checked(vec![(name.to_owned(), value.as_bytes().to_vec())], &url, 5)
    }

    #[test]
    fn nothing_is_smuggled_into_the_head() {
        for (name, value) in [
            ("x-a", "1\r\nHost: evil.example"),
            ("x-a", "1\nx-b: 2"),
            ("x-a", "1\0"),
            ("x-a\r\nx-b", "1"),
            ("x-a: 1\r\nx-b", "1"),
            ("", "1"),
            ("x a", "1"),
            ("Connection", "close"),
            ("TE", "trailers"),
            ("Transfer-Encoding", "chunked"),
            ("upgrade", "h2c"),
            ("Proxy-Authorization", "x"),
            ("keep-alive", "1"),
            ("trailer", "x"),
            ("host", "evil.example"),
            ("Host", "api.example.com:80"),
            ("Content-Length", "6"),
            ("Content-Length", "5, 6"),
            ("Content-Length", "+5"),
            ("expect", "100-continue"),
        ] {
            let error = check(name, value).expect_err(name);
            assert!(matches!(error, HttpError::Protocol(_)), "{name}: {error:?}");
        }
    }

    #[test]
    fn what_is_true_may_be_said() {
        for (name, value) in
            [("Host", "API.example.com"), ("host", "api.example.com:443"), ("content-length", "5")]
        {
            let headers = check(name, value).expect("true");
            assert_eq!(headers.len(), 1, "only what the platform adds: {headers:?}");
        }
        let headers = check("X-Own", "a\tb é").expect("a header");
        assert_eq!(headers["x-own"].as_bytes(), "a\tb é".as_bytes());
    }

    #[test]
    fn a_password_in_the_url_is_sent_as_a_header() {
        let mut url = Url::parse("http://us%40er:p%2Fw@api.example.com/x#part").expect("a URL");
        let mut headers = HeaderMap::new();
        credentials(&mut url, &mut headers).expect("taken out");
        assert_eq!(url.as_str(), "http://api.example.com/x");
        assert_eq!(headers[AUTHORIZATION], format!("Basic {}", STANDARD.encode("us@er:p/w")));
    }

    proptest! {
        #[test]
        fn a_head_that_is_accepted_is_one_line_per_header(name in ".{0,12}", value in proptest::collection::vec(any::<u8>(), 0..20)) {
            let url = Url::parse("https://api.example.com/").expect("a URL");
            if let Ok(headers) = checked(vec![(name, value)], &url, 0) {
                for (name, value) in &headers {
                    prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_graphic() && b != b':'));
                    prop_assert!(!value.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
                }
            }
        }
    }
}
