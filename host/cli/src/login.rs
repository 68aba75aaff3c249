//! `bifrost login` and `bifrost logout`: a person's own session for the command line, and the
//! file that keeps it.

use crate::admin::text;
use crate::client::http;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Who the command line is to the server.
const CLIENT: &str = "bifrost-cli";
/// What a token is asked for with (RFC 8628).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// The file below the data folder: tokens by server.
const FILE: &str = "sessions.json";
/// Added to the time between two questions when the server asks for it, in seconds.
const SLOW_DOWN: u64 = 5;

/// Sign in at a server: you confirm a code in your browser, and the commands of this user act
/// as you until `bifrost logout`.
#[derive(Args)]
pub struct Login {
    /// The server's address.
    #[arg(long, env = "BIFROST_URL", default_value = "http://127.0.0.1:8400")]
    server: String,
}

/// Sign out at a server, and forget the session.
#[derive(Args)]
pub struct Logout {
    /// The server's address.
    #[arg(long, env = "BIFROST_URL", default_value = "http://127.0.0.1:8400")]
    server: String,
}

/// Sessions that this user has, by server.
pub struct Sessions {
    path: PathBuf,
    tokens: BTreeMap<String, String>,
}

/// A server's address as it is written down.
fn name(server: &str) -> String {
    server.trim_end_matches('/').to_owned()
}

impl Sessions {
    /// Reads the file; none is as good as an empty one.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn load(data: &Path) -> Result<Self> {
        let path = data.join(FILE);
        let tokens = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .with_context(|| format!("{} is damaged; delete it and sign in again", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        Ok(Self { path, tokens })
    }

    /// The token for a server.
    pub fn token(&self, server: &str) -> Option<&str> {
        self.tokens.get(&name(server)).map(String::as_str)
    }

    /// Written beside and moved over, readable by its owner only from its first byte on.
    fn save(&self) -> Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let beside = self.path.with_extension(format!("{}.new", std::process::id()));
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(&self.tokens)?)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path).with_context(|| self.path.display().to_string())
    }
}

/// `application/x-www-form-urlencoded`
fn form(fields: &[(&str, &str)]) -> String {
    let mut form = String::new();
    for (name, value) in fields {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => form.push(byte.into()),
                byte => form.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    form
}

async fn post(
    http: &reqwest::Client,
    server: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Result<(bool, Value)> {
    let request = http
        .post(format!("{server}{path}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(fields));
    let response = request.send().await.with_context(|| format!("cannot reach {server}"))?;
    let ok = response.status().is_success();
    Ok((ok, response.json().await.unwrap_or_default()))
}

impl Login {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let (server, http) = (name(&self.server), http()?);
        let mut sessions = Sessions::load(data)?;
        let user = std::env::var("USER").unwrap_or_default();
        let description = format!("{user}@{}", crate::engines::host());
        let fields = [("client_id", CLIENT), ("description", description.as_str())];
        let (ok, code) = post(&http, &server, "/api/device/code", &fields).await?;
        if !ok {
            bail!("{}", code["detail"].as_str().unwrap_or("the server does not sign people in this way"));
        }
        println!("Open {}", text(&code, "verification_uri_complete"));
        println!("and confirm the code {}", text(&code, "user_code"));
        let token = wait(&http, &server, &code).await?;
        sessions.tokens.insert(server.clone(), token.clone());
        sessions.save()?;
        let me: Value = http.get(format!("{server}/api/me")).bearer_auth(&token).send().await?.json().await?;
        println!("Signed in as {} at {server}", text(&me, "email"));
        Ok(ExitCode::SUCCESS)
    }
}

/// Asks until the person has decided.
async fn wait(http: &reqwest::Client, server: &str, code: &Value) -> Result<String> {
    let mut interval = code["interval"].as_u64().unwrap_or(SLOW_DOWN);
    let end = Instant::now() + Duration::from_secs(code["expires_in"].as_u64().unwrap_or_default());
    let fields = [("client_id", CLIENT), ("grant_type", GRANT), ("device_code", text(code, "device_code"))];
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_secs(interval)).await;
        let Ok((ok, answer)) = post(http, server, "/api/device/token", &fields).await else {
            // The network may be back at the next question.
            continue;
        };
        if ok {
            return Ok(text(&answer, "access_token").to_owned());
        }
        match text(&answer, "error") {
            "authorization_pending" => {}
            "slow_down" => interval += SLOW_DOWN,
            "access_denied" => bail!("the code was refused"),
            "expired_token" => break,
            // Too many questions, or a server that restarts.
            "" => interval += SLOW_DOWN,
            other => bail!("{other}: {}", text(&answer, "detail")),
        }
    }
    bail!("nobody has confirmed the code in time; begin again")
}

impl Logout {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let (server, http) = (name(&self.server), http()?);
        let mut sessions = Sessions::load(data)?;
        let Some(token) = sessions.tokens.remove(&server) else {
            println!("You are not signed in at {server}");
            return Ok(ExitCode::SUCCESS);
        };
        let ended = http.post(format!("{server}/api/sign-out")).bearer_auth(&token).send().await;
        sessions.save()?;
        match ended {
            // 401: it had ended already.
            Ok(answer) if answer.status().is_success() || answer.status().as_u16() == 401 => {
                println!("Signed out at {server}");
                Ok(ExitCode::SUCCESS)
            }
            Ok(answer) => bail!("the session is forgotten here, but {server} answered {}", answer.status()),
            Err(error) => Err(error)
                .with_context(|| format!("the session is forgotten here, but {server} was not reached")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_owner_reads_tokens() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let mut sessions = Sessions::load(&data).expect("none yet");
        assert_eq!(sessions.token("http://a"), None);
        sessions.tokens.insert(name("http://a/"), "bfs_x".into());
        sessions.save().expect("saved");
        sessions.save().expect("saved again");
        let mode = std::fs::metadata(data.join(FILE)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(Sessions::load(&data).expect("saved").token("http://a"), Some("bfs_x"));
        std::fs::write(data.join(FILE), "{").expect("written");
        assert!(Sessions::load(&data).is_err());
    }

    #[test]
    fn forms_are_escaped() {
        assert_eq!(form(&[("a", "b c&d=é"), ("e", "f:g")]), "a=b%20c%26d%3D%C3%A9&e=f%3Ag");
    }
}
