//! An API, as the one who holds a key uses it.

use anyhow::{Context, Result};
use bifrost_core::Status;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Requests with a key. What cannot be answered fails the test.
pub struct Client {
    url: String,
    key: String,
    http: reqwest::Client,
}

impl Client {
    /// For the server at `url`, such as `http://127.0.0.1:8400`.
    pub fn new(url: String, key: String) -> Self {
        Self { url, key, http: reqwest::Client::new() }
    }

    /// Where it serves.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whose requests these are.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Sends a request with the key; the answer must be JSON.
    pub async fn send(&self, request: RequestBuilder) -> (StatusCode, Value) {
        let answer = request.bearer_auth(&self.key).send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}, not JSON: {text}"));
        (status, value)
    }

    /// Asks for this path.
    pub async fn get(&self, path: &str) -> Value {
        self.send(self.http.get(format!("{}{path}", self.url))).await.1
    }

    /// Sends this body to the path.
    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(self.http.post(format!("{}{path}", self.url)).json(body)).await
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
