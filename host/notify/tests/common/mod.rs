//! A mail server on the loopback that speaks SMTP, and a receiver of requests.

use async_trait::async_trait;
use bifrost_core::ports::{Answer, Post, Web};
use bifrost_core::{Error, Result, Scope};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a server does.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Says that it knows STARTTLS.
    pub offers_tls: bool,
    /// Asks for `user` and `password`.
    pub asks_for_password: bool,
    /// Answers the first so many mails with 451.
    pub busy: usize,
    /// Answers this recipient with 550.
    pub unknown: Option<String>,
    /// Does not answer at all.
    pub is_silent: bool,
}

/// A mail that arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

#[derive(Default)]
struct Seen {
    mails: Vec<Mail>,
    lines: Vec<String>,
    busy: usize,
}

pub struct MailServer {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl MailServer {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen { busy: manner.busy, ..Seen::default() }));
        let all = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, manner.clone(), all.clone()));
            }
        });
        Self { port, seen }
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.seen.lock().unwrap().mails.clone()
    }

    /// Everything that clients have said.
    pub fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().lines.clone()
    }
}

/// RFC 5321, as far as a client that sends needs it.
async fn converse(stream: TcpStream, manner: Manner, seen: Arc<Mutex<Seen>>) -> Option<()> {
    if manner.is_silent {
        std::future::pending::<()>().await;
    }
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    writer.write_all(b"220 mail.test ESMTP\r\n").await.ok()?;
    let mut mail = Mail { from: String::new(), to: vec![], data: String::new() };
    let mut is_known = !manner.asks_for_password;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        seen.lock().unwrap().lines.push(line.clone());
        let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => {
                let tls = if manner.offers_tls { "250-STARTTLS\r\n" } else { "" };
                let auth = if manner.asks_for_password { "250-AUTH PLAIN\r\n" } else { "" };
                format!("250-mail.test\r\n{tls}{auth}250 8BITMIME\r\n")
            }
            "AUTH" => {
                use base64_of::encode;
                is_known = line == format!("AUTH PLAIN {}", encode(b"\0user\0password"));
                if is_known { "235 welcome\r\n".into() } else { "535 5.7.8 wrong password\r\n".into() }
            }
            "NOOP" => "250 fine\r\n".into(),
            "QUIT" => {
                writer.write_all(b"221 bye\r\n").await.ok()?;
                return Some(());
            }
            _ if !is_known => "530 5.7.0 sign in first\r\n".into(),
            "MAIL" => {
                mail = Mail { from: line.clone(), to: vec![], data: String::new() };
                "250 ok\r\n".into()
            }
            "RCPT" if manner.unknown.as_ref().is_some_and(|name| line.contains(name.as_str())) => {
                "550 5.1.1 there is nobody of this name\r\n".into()
            }
            "RCPT" => {
                mail.to.push(line.clone());
                "250 ok\r\n".into()
            }
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).await.ok()? == 0 {
                        return None;
                    }
                    if line == ".\r\n" {
                        break;
                    }
                    mail.data += line.strip_prefix('.').unwrap_or(&line);
                }
                let mut seen = seen.lock().unwrap();
                if seen.busy > 0 {
                    seen.busy -= 1;
                    "451 4.3.0 come again later\r\n".into()
                } else {
                    seen.mails.push(mail.clone());
                    format!("250 2.0.0 queued as {}\r\n", seen.mails.len())
                }
            }
            _ => "502 5.5.1 not here\r\n".into(),
        };
        writer.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// Base64 of a few bytes.
mod base64_of {
    pub fn encode(bytes: &[u8]) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for part in bytes.chunks(3) {
            let number = part.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
            for at in 0..4 {
                let is_there = at <= part.len();
                let index = (number >> (18 - 6 * at)) & 63;
                text.push(if is_there { ALPHABET[index as usize] as char } else { '=' });
            }
        }
        text
    }
}

/// A request that arrived: its head, and its body.
pub type Request = (String, String);

/// Receives requests over HTTP and answers them all the same.
pub struct Receiver {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    pub async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(vec![]));
        let all = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(request) = receive(stream, answer).await {
                    all.lock().unwrap().push(request);
                }
            }
        });
        Self { url, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn receive(stream: TcpStream, answer: &str) -> Option<Request> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.ok()?;
    writer.write_all(answer.as_bytes()).await.ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

/// The way to receivers on this machine. What the platform's own way refuses is tested there.
pub struct Direct;

#[async_trait]
impl Web for Direct {
    async fn post(&self, _: Scope, post: Post) -> Result<Answer> {
        let unreachable = |error: std::io::Error| Error::Conflict {
            code: "unreachable",
            message: format!("no connection to the server: {error}"),
        };
        let place = post.url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        let mut stream = TcpStream::connect(&place).await.map_err(unreachable)?;
        let mut text = format!("POST /hook HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\n");
        text += &format!("content-type: {}\r\ncontent-length: {}\r\n", post.content_type, post.body.len());
        for (name, value) in post.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("\r\n{}", post.body);
        stream.write_all(text.as_bytes()).await.map_err(unreachable)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.map_err(unreachable)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Ok(Answer { status, body: body.as_bytes().to_vec() })
    }
}
