//! An API, as the one who holds a key uses it.

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::Status;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// Requests with a key. What cannot be answered fails the test.
#[derive(Clone)]
pub struct Client {
    url: String,
    key: String,
    /// Whom a platform administrator asks for.
    organization: Option<String>,
    http: reqwest::Client,
}

impl Client {
    /// For the server at `url`, such as `http://127.0.0.1:8400`.
    pub fn new(url: String, key: String) -> Self {
        Self { url, key, organization: None, http: reqwest::Client::new() }
    }

    /// The same server with another key.
    pub fn with_key(&self, key: &Value) -> Self {
        let key = key.as_str().expect("a key").to_owned();
        Self { key, organization: None, ..self.clone() }
    }

    /// The same key, for this organization.
    pub fn within(&self, organization: &str) -> Self {
        Self { organization: Some(organization.to_owned()), ..self.clone() }
    }

    /// Where it serves.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whose requests these are.
    pub fn key(&self) -> &str {
        &self.key
    }

    async fn answer(&self, mut request: RequestBuilder) -> (StatusCode, String) {
        if let Some(organization) = &self.organization {
            request = request.header("x-bifrost-organization", organization);
        }
        let answer = request.bearer_auth(&self.key).send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("a body"))
    }

    /// The answer at this path, whatever it is.
    pub async fn text(&self, path: &str) -> (StatusCode, String) {
        self.answer(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Sends a request with the key; the answer must be JSON, or nothing.
    pub async fn send(&self, request: RequestBuilder) -> (StatusCode, Value) {
        let (status, text) = self.answer(request).await;
        if status == StatusCode::NO_CONTENT {
            return (status, Value::Null);
        }
        let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}, not JSON: {text}"));
        (status, value)
    }

    /// Sends a request; `null` is no body.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.http.request(method, format!("{}{path}", self.url));
        self.send(if body.is_null() { request } else { request.json(body) }).await
    }

    /// Sends a request that has to be answered so; the answer's body.
    pub async fn expect(&self, status: u16, method: Method, path: &str, body: Value) -> Value {
        let (got, answer) = self.call(method, path, &body).await;
        assert_eq!(got.as_u16(), status, "{path}: {answer}");
        answer
    }

    /// Makes an organization; its id.
    pub async fn organization(&self, name: &str) -> String {
        let made = self.expect(201, Method::POST, "/api/organizations", json!({ "name": name })).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    /// The same server with a new key of the organization, in the name of somebody of it.
    pub async fn with_new_key(&self, email: &str, role: &str) -> Self {
        let key = json!({ "email": email, "name": "k", "role": role });
        let key = self.expect(201, Method::POST, "/api/keys", key).await;
        self.with_key(&key["key"])
    }

    /// Deploys these files.
    pub async fn deploy(&self, files: &[(&str, &str)]) -> Value {
        let encode = |&(path, text): &(&str, &str)| (path.to_owned(), BASE64_STANDARD.encode(text).into());
        let files: Map<String, Value> = files.iter().map(encode).collect();
        self.expect(200, Method::POST, "/api/workspace/deploy", json!({ "files": files })).await
    }

    /// Runs a workflow, which has to succeed; its end.
    pub async fn run(&self, workflow: &str, input: Value) -> Value {
        let body =
            json!({ "workflow_id": workflow, "input_data": input, "sync": true, "timeout_seconds": 110 });
        let ended = self.expect(200, Method::POST, "/api/workflows/execute", body).await;
        assert_eq!(ended["status"], "Success", "{ended}");
        ended
    }

    /// Asks for this path.
    pub async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, &Value::Null).await.1
    }

    /// Sends this body to the path.
    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.call(Method::POST, path, body).await
    }

    /// Whether there is a workflow; an error while nobody answers.
    ///
    /// # Errors
    /// When there was no answer of a server that knows the key.
    pub async fn has_workflow(&self, id: &str) -> Result<bool> {
        let request = self.http.get(format!("{}/api/workflows", self.url)).bearer_auth(&self.key);
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        let workflows = answer["workflows"].as_array().context("workflows")?;
        Ok(workflows.iter().any(|workflow| workflow.to_string().contains(id)))
    }

    /// The answer to a body that is announced as `size` bytes, of which only `sent` and a
    /// few come: what a client sees that listens while it sends.
    pub async fn announce(&self, path: &str, size: u64, sent: usize) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let address = self.url.trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n",
            self.key
        );
        // It may answer and close before all is sent.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&vec![b' '; sent + 1]).await;
        let mut answer = vec![];
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Starts a run that has to be accepted; its id.
    pub async fn submit(&self, workflow: &str, input: Value) -> String {
        let body = json!({"workflow_id": workflow, "input_data": input});
        let (status, answer) = self.post("/api/workflows/execute", &body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        answer["execution_id"].as_str().expect("id").to_owned()
    }

    /// Waits until a worker has the run.
    pub async fn running(&self, id: &str, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let execution = self.get(&format!("/api/executions/{id}")).await;
            match execution["status"].as_str() {
                Some("Running") => return,
                Some("Pending") => assert!(Instant::now() < deadline, "nobody takes it: {execution}"),
                _ => panic!("it does not run any more: {execution}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The run, once it has ended; it has `patience` for that.
    pub async fn ended(&self, id: &str, patience: Duration) -> Value {
        let deadline = Instant::now() + patience;
        loop {
            let execution = self.get(&format!("/api/executions/{id}")).await;
            let status: Status = execution["status"].as_str().expect("status").parse().expect("known");
            if status.is_terminal() {
                return execution;
            }
            assert!(Instant::now() < deadline, "still {status:?}: {execution}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
