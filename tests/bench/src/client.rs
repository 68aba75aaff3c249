//! A client of a server's API.

use anyhow::{Context, Result};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

/// Requests with the administrator's key. Clones share connections.
#[derive(Clone)]
pub struct Client {
    /// Where the server listens, without a slash at the end.
    pub url: String,
    /// The key.
    pub key: String,
    organization: Option<String>,
    http: reqwest::Client,
}

impl Client {
    /// For the server at `url`.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(url: String, key: String) -> Result<Self> {
        let http = reqwest::Client::builder().pool_max_idle_per_host(256).build()?;
        Ok(Self { url, key, organization: None, http })
    }

    /// Makes an organization; the same client for requests that are about it.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn organization(&self, name: &str) -> Result<Self> {
        let made: Value = self.post("/api/organizations", &json!({"name": name})).await?.json().await?;
        let id = made["id"].as_str().context("an id")?.to_owned();
        Ok(Self { organization: Some(id), ..self.clone() })
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.bearer_auth(&self.key);
        match &self.organization {
            Some(organization) => request.header("x-bifrost-organization", organization),
            None => request,
        }
    }

    /// The JSON of an answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let request = self.signed(self.http.get(format!("{}{path}", self.url)));
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn post(&self, path: &str, body: &Value) -> Result<reqwest::Response> {
        let request = self.signed(self.http.post(format!("{}{path}", self.url))).json(body);
        Ok(request.send().await?.error_for_status()?)
    }

    /// Submits a run; its id once it is accepted.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn submit(&self, workflow: &str, input: Value) -> Result<String> {
        let body = json!({"workflow_id": workflow, "input_data": input});
        let answer: Value = self.post("/api/workflows/execute", &body).await?.json().await?;
        Ok(answer["execution_id"].as_str().context("an id")?.to_owned())
    }
}
