//! The cookies of a browser that signs in, and where its requests come from. A session's
//! cookie is not readable by scripts, not sent along by other sites' forms, and over TLS bound
//! to this very host.

use crate::problem::ApiError;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::Url;

/// Seconds that a browser keeps a session's cookie; the server decides how long it is good.
const SESSION_SECONDS: i64 = 7 * 24 * 3_600;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// A session.
    Session,
    /// A sign-in that is under way.
    Step,
}

impl Cookie {
    /// Its name. The prefix makes browsers refuse one that another host, or plain HTTP, has set.
    fn name(self, public_url: &Url) -> &'static str {
        match (self, public_url.scheme()) {
            (Self::Session, "https") => "__Host-bifrost_session",
            (Self::Session, _) => "bifrost_session",
            (Self::Step, "https") => "__Host-bifrost_sign_in",
            (Self::Step, _) => "bifrost_sign_in",
        }
    }

    /// Its value. One that is there twice counts for nothing: somebody else has set it.
    pub fn get(self, headers: &HeaderMap, public_url: &Url) -> Option<String> {
        let name = self.name(public_url);
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut values = all
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(found, _)| *found == name)
            .map(|(_, value)| value.to_owned());
        let value = values.next().filter(|value| !value.is_empty());
        if values.next().is_some() { None } else { value }
    }

    /// Adds the header that sets it; the value is of letters, digits, `-` and `_`.
    pub fn set(self, headers: &mut HeaderMap, public_url: &Url, value: &str) {
        let seconds = match self {
            Self::Session => SESSION_SECONDS,
            Self::Step => bifrost_signin::STEP.num_seconds(),
        };
        self.write(headers, public_url, value, seconds);
    }

    /// Adds the header that takes it away.
    pub fn clear(self, headers: &mut HeaderMap, public_url: &Url) {
        self.write(headers, public_url, "", 0);
    }

    fn write(self, headers: &mut HeaderMap, public_url: &Url, value: &str, seconds: i64) {
        let secure = if public_url.scheme() == "https" { "; Secure" } else { "" };
        let name = self.name(public_url);
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        if let Ok(text) = HeaderValue::from_str(&text) {
            headers.append(header::SET_COOKIE, text);
        }
    }
}

/// Which page sent a request, as the browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// One of this platform.
    Own,
    /// Another one.
    Other,
    /// It was no browser, or an old one.
    Unknown,
}

impl Sender {
    /// Reads `Sec-Fetch-Site`, or else `Origin`, which no page can forge.
    pub fn of(headers: &HeaderMap, public_url: &Url) -> Self {
        let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        match text(header::HeaderName::from_static("sec-fetch-site")) {
            Some("same-origin" | "none") => return Self::Own,
            Some(_) => return Self::Other,
            None => {}
        }
        let Some(origin) = text(header::ORIGIN) else { return Self::Unknown };
        let Ok(origin) = Url::parse(origin) else { return Self::Other };
        let host = text(header::HOST).unwrap_or_default();
        let authority = match (origin.host_str(), origin.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Self::Other,
        };
        if origin.origin() == public_url.origin() || authority.eq_ignore_ascii_case(host) {
            Self::Own
        } else {
            Self::Other
        }
    }
}

/// Refuses a request that a cookie speaks for, when it changes something and no page of this
/// platform has sent it. `live` is for a WebSocket, which reads across sites otherwise.
pub fn check_own(method: &Method, live: bool, headers: &HeaderMap, public_url: &Url) -> Result<(), ApiError> {
    let reads = !live && matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || Sender::of(headers, public_url) == Sender::Own { Ok(()) } else { Err(cross_site()) }
}

/// Refuses a step of signing in that another site's page has sent: it would sign a person in
/// as somebody else.
pub fn check_not_foreign(headers: &HeaderMap, public_url: &Url) -> Result<(), ApiError> {
    match Sender::of(headers, public_url) {
        Sender::Other => Err(cross_site()),
        Sender::Own | Sender::Unknown => Ok(()),
    }
}

fn cross_site() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "this was not sent by a page of this platform; a program sends a key instead of a cookie",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, value.parse().expect("a header"));
        }
        headers
    }

    fn url(text: &str) -> Url {
        Url::parse(text).expect("an address")
    }

    #[test]
    fn senders() {
        let public = url("https://bifrost.example");
        let of = |list: &[(&'static str, &str)]| Sender::of(&headers(list), &public);
        assert_eq!(of(&[]), Sender::Unknown);
        assert_eq!(of(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]), Sender::Own);
        assert_eq!(of(&[("sec-fetch-site", "none")]), Sender::Own);
        for site in ["cross-site", "same-site", "?", ""] {
            let list = [("sec-fetch-site", site), ("origin", "https://bifrost.example")];
            assert_eq!(of(&list), Sender::Other, "{site}");
        }
        assert_eq!(of(&[("origin", "https://bifrost.example")]), Sender::Own);
        assert_eq!(of(&[("origin", "http://10.0.0.1:8400"), ("host", "10.0.0.1:8400")]), Sender::Own);
        for origin in [
            "https://evil.example",
            "null",
            "http://bifrost.example",
            "https://bifrost.example:444",
            "https://bifrost.example.evil.example",
            "",
        ] {
            assert_eq!(of(&[("origin", origin), ("host", "10.0.0.1:8400")]), Sender::Other, "{origin}");
        }
    }

    #[test]
    fn what_a_cookie_speaks_for_is_checked() {
        let public = url("https://bifrost.example");
        let check = |method: Method, live, list: &[(&'static str, &str)]| {
            check_own(&method, live, &headers(list), &public).is_ok()
        };
        assert!(check(Method::GET, false, &[("sec-fetch-site", "cross-site")]));
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(!check(method.clone(), false, &[]), "{method} without a word of the browser");
            assert!(!check(method.clone(), false, &[("sec-fetch-site", "cross-site")]));
            assert!(check(method, false, &[("sec-fetch-site", "same-origin")]));
        }
        assert!(!check(Method::GET, true, &[("origin", "https://evil.example")]));
        assert!(check(Method::GET, true, &[("origin", "https://bifrost.example")]));
    }

    #[test]
    fn cookies() {
        let (tls, plain) = (url("https://bifrost.example"), url("http://127.0.0.1:8400"));
        let mut set = HeaderMap::new();
        Cookie::Session.set(&mut set, &tls, "bfs_x");
        Cookie::Session.clear(&mut set, &plain);
        let all: Vec<_> = set.get_all(header::SET_COOKIE).iter().map(|v| v.to_str().expect("text")).collect();
        assert_eq!(
            all,
            [
                "__Host-bifrost_session=bfs_x; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure",
                "bifrost_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
            ]
        );
        let get = |list: &[(&'static str, &str)]| Cookie::Session.get(&headers(list), &tls);
        assert_eq!(get(&[("cookie", "a=b; __Host-bifrost_session=bfs_x")]).as_deref(), Some("bfs_x"));
        assert_eq!(
            get(&[("cookie", "bifrost_session=bfs_x")]),
            None,
            "the plain name does not count over TLS"
        );
        assert_eq!(get(&[("cookie", "__Host-bifrost_session=a; __Host-bifrost_session=b")]), None);
        assert_eq!(
            get(&[("cookie", "__Host-bifrost_session=a"), ("cookie", "__Host-bifrost_session=b")]),
            None
        );
    }
}
