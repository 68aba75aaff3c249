//! A real OpenID provider and authorization server: `tests/oidc`.

use super::PUBLIC_URL;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Of its client `bifrost`.
pub const SECRET: &str = "client-secret-canary-0123456789";

/// The provider's process; it ends with this value.
pub struct Idp {
    pub issuer: String,
    http: reqwest::Client,
    _process: Child,
    /// Open as long as the process may write to it.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Idp {
    pub async fn start() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/oidc");
        let settings = json!({
            "redirect_prefix": PUBLIC_URL,
            "account": "ada",
            "clients": [{
                "client_id": "bifrost",
                "client_secret": SECRET,
                "redirect_uris": [format!("{PUBLIC_URL}/")],
                "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            }],
            "accounts": {
                "ada": { "email": "Ada@own.example", "email_verified": true, "name": "Ada Lovelace" },
                "admin": { "email": "admin@own.example", "email_verified": true, "name": "Admin" },
                "liar": { "email": "admin@own.example", "email_verified": false, "name": "Liar" },
                "stranger": { "email": "eve@elsewhere.example", "email_verified": true, "name": "Eve" },
                "silent": { "email": "silent@own.example", "name": "Silent" },
            },
            "configuration": { "rotateRefreshToken": true },
        });
        let mut process = Command::new("node")
            .arg("provider.js")
            .arg(settings.to_string())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts; `make test` installs what the provider needs");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let issuer = loop {
            let line = lines.next_line().await.expect("readable").expect("run `npm ci` in tests/oidc first");
            if line.starts_with("http://") {
                break line;
            }
        };
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        Self { issuer, http: http.expect("a client"), _process: process, _output: lines }
    }

    /// Whoever comes from now on.
    pub async fn become_account(&self, account: &str) {
        self.http.post(format!("{}/account/{account}", self.issuer)).send().await.expect("set");
    }

    /// How often tokens were asked for with this grant, and what became of it.
    pub async fn count(&self, grant: &str, outcome: &str) -> u64 {
        let answer = self.http.get(format!("{}/counts", self.issuer)).send().await.expect("counts");
        let counts: Value = answer.json().await.expect("JSON");
        counts[format!("{grant} {outcome}")].as_u64().unwrap_or(0)
    }

    /// Goes through the provider's pages; returns where it sends the browser in the end.
    pub async fn visit(&self, url: &str) -> String {
        let mut cookies = BTreeMap::new();
        let mut url = url.to_owned();
        for _ in 0..10 {
            if url.starts_with(PUBLIC_URL) {
                return url.strip_prefix(PUBLIC_URL).expect("checked").to_owned();
            }
            let sent: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer =
                self.http.get(&url).header("cookie", sent.join("; ")).send().await.expect("an answer");
            for set in answer.headers().get_all("set-cookie") {
                let pair = set.to_str().expect("text").split(';').next().expect("a pair").to_owned();
                let (name, value) = pair.split_once('=').expect("a pair");
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(next) = answer.headers().get("location") else {
                panic!("{} at {url}: {}", answer.status(), answer.text().await.unwrap_or_default());
            };
            let next = next.to_str().expect("text");
            url = if next.starts_with('/') { format!("{}{next}", self.issuer) } else { next.to_owned() };
        }
        panic!("the provider leads nowhere");
    }
}
