//! A server, as the commands that talk to one see it.

use crate::login::Sessions;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use std::io::Write;
use std::path::Path;

/// A server and the key for it.
#[derive(Args, Clone)]
pub struct Server {
    /// The server's address.
    #[arg(long, env = "BIFROST_URL", default_value = "http://127.0.0.1:8400")]
    pub server: String,
    /// An API key. By default the session of `bifrost login`; for a server of this machine else
    /// the administrator's key, if `--data` has it.
    #[arg(long, env = "BIFROST_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// Act in this organization (name or id); for platform administrators.
    #[arg(long, env = "BIFROST_ORGANIZATION", value_name = "NAME")]
    pub organization: Option<String>,
}

/// An authenticated connection.
pub struct Client {
    http: reqwest::Client,
    server: String,
    key: String,
    organization: Option<String>,
}

/// What requests are sent with.
pub(crate) fn http() -> Result<reqwest::Client> {
    // Without CA certificates a server on this machine can still be reached.
    let http = reqwest::Client::builder().build();
    Ok(http.or_else(|_| reqwest::Client::builder().tls_certs_only([]).build())?)
}

impl Server {
    /// Settles key and organization.
    ///
    /// # Errors
    /// Without a key, or when there is no such organization.
    pub async fn connect(self, data: &Path) -> Result<Client> {
        let server = self.server.trim_end_matches('/').to_owned();
        let local = || {
            let url = reqwest::Url::parse(&server).ok()?;
            let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            loopback.then(|| std::fs::read_to_string(data.join("admin.key")).ok()).flatten()
        };
        let key = match self.key {
            Some(key) => Some(key),
            None => Sessions::load(data)?.token(&server).map(str::to_owned).or_else(local),
        };
        let key = key.context("you are not signed in; run `bifrost login`, give --key or set BIFROST_KEY")?;
        let key = key.trim().to_owned();
        let mut client = Client { http: http()?, server, key, organization: None };
        if let Some(named) = self.organization {
            client.organization = Some(client.organization(&named).await?);
        }
        Ok(client)
    }
}

/// What a refusal says, with a line for each file at fault.
fn refusal(answer: &Value) -> Option<String> {
    let mut lines = vec![answer["detail"].as_str()?.to_owned()];
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    if answer["code"] == "requirements_refused" && !errors.is_empty() {
        lines = vec!["packages cannot be installed, so nothing was deployed".to_owned()];
    }
    for error in errors {
        let text = |field: &str| error[field].as_str().unwrap_or_default();
        let line = error["line"].as_u64().map_or_else(String::new, |line| format!(":{line}"));
        lines.push(format!("{}{line}: {}", text("path"), text("message")));
    }
    Some(lines.join("\n"))
}

impl Client {
    /// Sends a request and returns the answer's JSON; null when there is none.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses; the message is the server's.
    pub async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.server)).bearer_auth(&self.key);
        if let Some(organization) = &self.organization {
            request = request.header("x-bifrost-organization", organization);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.with_context(|| format!("cannot reach {}", self.server))?;
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or_default();
        if !status.is_success() {
            bail!("{}", refusal(&answer).unwrap_or_else(|| status.to_string()));
        }
        Ok(answer)
    }

    /// Sends bytes as they are, with a query; returns the answer's JSON.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        query: &[(&str, &str)],
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Value> {
        let url = reqwest::Url::parse_with_params(&format!("{}{path}", self.server), query)?;
        let mut request = self.http.request(method, url).bearer_auth(&self.key).body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        if let Some(organization) = &self.organization {
            request = request.header("x-bifrost-organization", organization);
        }
        let response = request.send().await.with_context(|| format!("cannot reach {}", self.server))?;
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or_default();
        if !status.is_success() {
            bail!("{}", refusal(&answer).unwrap_or_else(|| status.to_string()));
        }
        Ok(answer)
    }

    /// GET with a query; the answer's bytes.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn query(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.copy(path, query, &mut bytes).await?;
        Ok(bytes)
    }

    /// As [`Self::query`], written out as it comes.
    ///
    /// # Errors
    /// As [`Self::call`], and when the answer was cut off.
    pub async fn copy(&self, path: &str, query: &[(&str, &str)], to: &mut impl Write) -> Result<()> {
        let url = reqwest::Url::parse_with_params(&format!("{}{path}", self.server), query)?;
        let mut request = self.http.get(url).bearer_auth(&self.key);
        if let Some(organization) = &self.organization {
            request = request.header("x-bifrost-organization", organization);
        }
        let mut response = request.send().await.with_context(|| format!("cannot reach {}", self.server))?;
        let status = response.status();
        if !status.is_success() {
            let answer: Value = response.json().await.unwrap_or_default();
            bail!("{}", answer["detail"].as_str().unwrap_or(status.as_str()));
        }
        while let Some(chunk) = response.chunk().await.context("the answer was cut off")? {
            to.write_all(&chunk)?;
        }
        Ok(())
    }

    /// As [`Self::call`] with GET.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(reqwest::Method::GET, path, None).await
    }

    /// As [`Self::call`] with POST.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(reqwest::Method::POST, path, Some(body)).await
    }

    /// The id of an organization given by name or id.
    pub async fn organization(&self, named: &str) -> Result<String> {
        if named.parse::<uuid::Uuid>().is_ok() {
            return Ok(named.to_owned());
        }
        let answer = self.get("/api/organizations").await?;
        let all = answer["organizations"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found: Vec<_> = all.iter().filter(|one| one["name"].as_str() == Some(named)).collect();
        match found.as_slice() {
            [one] => Ok(one["id"].as_str().unwrap_or_default().to_owned()),
            [] => bail!("there is no organization `{named}`; see `bifrost organizations`"),
            _ => bail!("several organizations are called `{named}`; give the id"),
        }
    }
}
