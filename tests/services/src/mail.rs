//! A mail server on the loopback that speaks SMTP (RFC 5321), as far as a client that sends needs.

use anyhow::Result;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Who may sign in, where that is asked for.
pub const CREDENTIALS: (&str, &str) = ("user", "password");

/// What a server does.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Asks for [`CREDENTIALS`].
    pub asks_for_password: bool,
    /// Answers the first so many mails with 451.
    pub busy: usize,
    /// Answers 550 to recipients whose address has this in it.
    pub unknown: Option<String>,
}

/// A mail that arrived.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// The command that began it.
    pub from: String,
    /// The commands that named recipients.
    pub to: Vec<String>,
    /// Head and body.
    pub data: String,
}

#[derive(Default)]
struct Seen {
    mails: Vec<Mail>,
    lines: Vec<String>,
    busy: usize,
}

/// Takes mail as long as the runtime lives.
pub struct MailServer {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl MailServer {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(manner: Manner) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let seen = Arc::new(Mutex::new(Seen { busy: manner.busy, ..Seen::default() }));
        let all = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let session = Session::new(stream, manner.clone(), all.clone());
                tokio::spawn(session.converse());
            }
        });
        Ok(Self { port, seen })
    }

    /// Mails that have arrived.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.seen).mails.clone()
    }

    /// Every command that clients have sent.
    pub fn lines(&self) -> Vec<String> {
        lock(&self.seen).lines.clone()
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Session {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    manner: Manner,
    seen: Arc<Mutex<Seen>>,
    mail: Mail,
    is_known: bool,
}

impl Session {
    fn new(stream: TcpStream, manner: Manner, seen: Arc<Mutex<Seen>>) -> Self {
        let (reader, writer) = stream.into_split();
        let is_known = !manner.asks_for_password;
        Self { reader: BufReader::new(reader), writer, manner, seen, mail: Mail::default(), is_known }
    }

    /// Until the client goes.
    async fn converse(mut self) -> Result<()> {
        self.say("220 mail.test ESMTP").await?;
        while let Some(line) = self.hear().await? {
            let line = line.trim_end().to_owned();
            lock(&self.seen).lines.push(line.clone());
            let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "DATA" if self.is_known => self.data().await?,
                _ => self.answer(&verb, &line),
            };
            self.say(&answer).await?;
            if verb == "QUIT" {
                break;
            }
        }
        Ok(())
    }

    async fn say(&mut self, text: &str) -> Result<()> {
        Ok(self.writer.write_all(format!("{text}\r\n").as_bytes()).await?)
    }

    async fn hear(&mut self) -> Result<Option<String>> {
        let mut line = String::new();
        Ok((self.reader.read_line(&mut line).await? > 0).then_some(line))
    }

    fn answer(&mut self, verb: &str, line: &str) -> String {
        let is_unknown = self.manner.unknown.as_deref().is_some_and(|name| line.contains(name));
        match verb {
            "EHLO" if self.manner.asks_for_password => {
                "250-mail.test\r\n250-AUTH PLAIN\r\n250 8BITMIME".into()
            }
            "EHLO" => "250-mail.test\r\n250 8BITMIME".into(),
            "AUTH" => {
                let plain = format!("\0{}\0{}", CREDENTIALS.0, CREDENTIALS.1);
                self.is_known = line == format!("AUTH PLAIN {}", BASE64_STANDARD.encode(plain));
                if self.is_known { "235 welcome".into() } else { "535 5.7.8 wrong password".into() }
            }
            "NOOP" => "250 fine".into(),
            "QUIT" => "221 bye".into(),
            _ if !self.is_known => "530 5.7.0 sign in first".into(),
            "MAIL" => {
                self.mail = Mail { from: line.to_owned(), ..Mail::default() };
                "250 ok".into()
            }
            "RCPT" if is_unknown => "550 5.1.1 there is nobody of this name".into(),
            "RCPT" => {
                self.mail.to.push(line.to_owned());
                "250 ok".into()
            }
            "RSET" => "250 ok".into(),
            _ => "502 5.5.1 not here".into(),
        }
    }

    async fn data(&mut self) -> Result<String> {
        self.say("354 go on").await?;
        while let Some(line) = self.hear().await? {
            if line == ".\r\n" {
                break;
            }
            self.mail.data += line.strip_prefix('.').unwrap_or(&line);
        }
        let mut seen = lock(&self.seen);
        if seen.busy > 0 {
            seen.busy -= 1;
            return Ok("451 4.3.0 come again later".into());
        }
        seen.mails.push(self.mail.clone());
        Ok(format!("250 2.0.0 queued as {}", seen.mails.len()))
    }
}
