//! What a screen begins with: its scripts, and the answers of the API that it asks for at once.

use http::Uri;
use http::uri::PathAndQuery;

/// A screen that people come in by. `build.rs` makes the table of `client/screens.json`.
pub struct Screen {
    /// Its path; `{id}` at the end stands for one id.
    path: &'static str,
    /// Links to its scripts, as HTML.
    pub scripts: &'static str,
    /// Paths of the API, with the same `{id}`.
    answers: &'static [&'static str],
}

static SCREENS: &[Screen] = include!(concat!(env!("OUT_DIR"), "/screens.rs"));

/// What every page asks for.
const ALWAYS: [&str; 2] = ["/api/me", "/api/branding"];

/// Where a path has an id.
const ID: &str = "{id}";

impl Screen {
    /// The screen at a page's path, and the id in it.
    pub fn find(path: &str) -> Option<(&'static Self, &str)> {
        let path = path.trim_matches('/');
        SCREENS.iter().find_map(|screen| Some((screen, screen.id_in(path)?)))
    }

    /// The id in a path of this screen; empty where it has none.
    fn id_in<'a>(&self, path: &'a str) -> Option<&'a str> {
        match self.path.strip_suffix(ID) {
            Some(before) => path.strip_prefix(before).filter(|id| is_id(id)),
            None => (path == self.path).then_some(""),
        }
    }
}

/// What the page at `uri` asks the API for at once.
pub fn first_requests(uri: &Uri) -> Vec<PathAndQuery> {
    let own = Screen::find(uri.path()).into_iter();
    let own = own.flat_map(|(screen, id)| screen.answers.iter().map(move |path| path.replace(ID, id)));
    ALWAYS.map(str::to_owned).into_iter().chain(own).filter_map(|path| path.parse().ok()).collect()
}

/// The organization that a page's address names.
pub fn organization(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("org=")).filter(|id| is_id(id))
}

fn is_id(id: &str) -> bool {
    id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "01997f3e-7c1b-7c11-9d7b-0d5c8f6f2a11";

    fn requests(uri: &str) -> Vec<String> {
        let uri = uri.parse().expect("a URI");
        first_requests(&uri).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_screen_has_scripts_and_what_it_asks_for() {
        let path = format!("/runs/{RUN}");
        let (run, id) = Screen::find(&path).expect("a screen");
        assert_eq!(id, RUN);
        assert!(run.scripts.contains(r#"crossorigin href="/assets/run-screen-"#), "{}", run.scripts);
        assert_eq!(
            requests(&format!("{path}?tab=log")),
            ["/api/me", "/api/branding", &format!("/api/executions/{RUN}")]
        );
        assert_eq!(requests("/sign-in"), ["/api/me", "/api/branding", "/api/sign-in"]);
        assert_eq!(requests("/about"), ["/api/me", "/api/branding"]);
    }

    #[test]
    fn what_is_no_id_is_no_screen() {
        let odd = format!("/runs/{}", "%22%3E".repeat(6));
        for path in
            ["/runs/new", "/runs/\"><script>", odd.as_str(), "/nothing/here", "/workflowsx", "/runs/.."]
        {
            assert!(Screen::find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn an_address_names_an_organization_by_its_id() {
        let of = |uri: &str| organization(&uri.parse().expect("a URI")).map(str::to_owned);
        assert_eq!(of(&format!("/workflows?q=a&org={RUN}")).as_deref(), Some(RUN));
        for none in
            ["/workflows", "/workflows?org=", "/workflows?org=acme", &format!("/workflows?xorg={RUN}")]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
