//! A receiver of requests on the loopback, and the direct way to it.

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use bifrost_core::ports::{Answer, Post, Web};
use bifrost_core::{Error, Scope};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its first line and its headers.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Request {
    /// The value of a header; its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.head.lines().filter_map(|line| line.split_once(':'));
        all.find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// Receives requests and answers all of them the same, as long as the runtime lives.
pub struct Receiver {
    /// Where to send them.
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    /// Starts one that says `answer`, head and body, to everything.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(answer: &'static str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let requests = Arc::new(Mutex::new(vec![]));
        let all = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that went away is no fault.
                let _ = receive(stream, answer, &all).await;
            }
        });
        Ok(Self { url, requests })
    }

    /// What has arrived.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn receive(stream: TcpStream, answer: &str, all: &Mutex<Vec<Request>>) -> Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        anyhow::ensure!(reader.read_line(&mut head).await? > 0, "it ends in its head");
    }
    let mut request = Request { head, body: String::new() };
    let length = request.header("content-length").map_or(Ok(0), str::parse)?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await?;
    request.body = String::from_utf8(body)?;
    all.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    writer.write_all(answer.as_bytes()).await?;
    Ok(())
}

/// The way to receivers on this machine, without what the platform's own way checks.
pub struct Direct;

#[async_trait]
impl Web for Direct {
    async fn post(&self, _: Scope, post: Post) -> bifrost_core::Result<Answer> {
        exchange(post).await.map_err(|error| Error::Conflict {
            code: "unreachable",
            message: format!("no connection to the server: {error}"),
        })
    }
}

async fn exchange(post: Post) -> Result<Answer> {
    let rest = post.url.strip_prefix("http://").context("not http")?;
    let (place, path) = rest.split_once('/').context("no path")?;
    let mut stream = TcpStream::connect(place).await?;
    let mut text = format!("POST /{path} HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\n");
    text += &format!("content-type: {}\r\ncontent-length: {}\r\n", post.content_type, post.body.len());
    for (name, value) in post.headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("\r\n{}", post.body);
    stream.write_all(text.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok(Answer { status, body: body.as_bytes().to_vec() })
}
