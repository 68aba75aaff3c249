//! Mail, handed to one server.

use crate::Failure;
use bifrost_core::{Error, Result};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::Duration;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Longest wait for one answer of the server.
const ANSWER: Duration = Duration::from_secs(20);
/// Longest wait for all of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the connection to the server is kept from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Security {
    /// It begins in the open and goes on in TLS; else nothing is sent.
    #[default]
    StartTls,
    /// TLS from the beginning.
    Tls,
    /// Not at all: for a server on the same machine.
    None,
}

impl Security {
    /// The name in settings and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }

    /// The port that servers listen on for it.
    pub fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

impl std::str::FromStr for Security {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "starttls" => Ok(Self::StartTls),
            "tls" => Ok(Self::Tls),
            "none" => Ok(Self::None),
            other => {
                Err(Error::invalid("smtp_security", format!("`{other}` is none of starttls, tls, none")))
            }
        }
    }
}

/// The server, and who one is there.
#[derive(Clone)]
pub struct SmtpSettings {
    /// Its name; its certificate is for it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others.
    pub security: Security,
    /// Name and password, where it asks for them.
    pub credentials: Option<(String, Zeroizing<String>)>,
    /// Who mail is from: an address, or `Name <address>`.
    pub from: String,
}

/// The server as everybody may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others.
    pub security: Security,
    /// Who one is there, where it asks.
    pub user: Option<String>,
    /// Who mail is from.
    pub from: String,
}

/// Hands mail to a server, a connection for each. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    server: MailServer,
}

impl Mailer {
    /// Over these settings; nothing is connected yet.
    ///
    /// # Errors
    /// `Invalid`, naming the setting.
    pub fn new(settings: &SmtpSettings) -> Result<Self> {
        let from = settings.from.parse::<Mailbox>().map_err(|error| {
            Error::invalid("smtp_from", format!("expected an address, or Name <address>: {error}"))
        })?;
        let parameters = || {
            TlsParameters::new_rustls(settings.host.clone())
                .map_err(|error| Error::invalid("smtp_host", format!("TLS to it cannot be set up: {error}")))
        };
        let tls = match settings.security {
            Security::StartTls => Tls::Required(parameters()?),
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::None => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.as_str())
            .port(settings.port)
            .tls(tls)
            .timeout(Some(ANSWER))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()));
        let builder = match &settings.credentials {
            Some((user, password)) => {
                builder.credentials(Credentials::new(user.clone(), password.to_string()))
            }
            None => builder,
        };
        let server = MailServer {
            host: settings.host.clone(),
            port: settings.port,
            security: settings.security,
            user: settings.credentials.as_ref().map(|(user, _)| user.clone()),
            from: settings.from.clone(),
        };
        Ok(Self { transport: builder.build(), from, server })
    }

    /// Where mail goes.
    pub fn server(&self) -> &MailServer {
        &self.server
    }

    /// Connects, shows who one is, and sends nothing.
    ///
    /// # Errors
    /// What the server answered, or why there is none.
    pub async fn check(&self) -> std::result::Result<(), String> {
        match tokio::time::timeout(PATIENCE, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the server does not answer as a mail server".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(slow()),
        }
    }

    /// Hands over one mail to all addresses; answers what the server said. The same `id` makes the
    /// same mail: who gets it twice can tell. `sender` is its name where the settings have none.
    ///
    /// # Errors
    /// What the server answered, or why there is none.
    pub async fn send(
        &self,
        sender: &str,
        to: &[String],
        subject: &str,
        text: String,
        id: Uuid,
    ) -> std::result::Result<String, Failure> {
        let mail = self.mail(sender, to, subject, text, id)?;
        let answer = match tokio::time::timeout(PATIENCE, self.transport.send(mail)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if error.is_permanent() => return Err(Failure::refused(error.to_string())),
            Ok(Err(error)) => return Err(Failure::passing(error.to_string())),
            Err(_) => return Err(Failure::passing(slow())),
        };
        let said: Vec<_> =
            std::iter::once(answer.code().to_string()).chain(answer.message().map(str::to_owned)).collect();
        Ok(said.join(" "))
    }

    fn mail(
        &self,
        sender: &str,
        to: &[String],
        subject: &str,
        text: String,
        id: Uuid,
    ) -> std::result::Result<Message, Failure> {
        let name = self.from.name.clone().unwrap_or_else(|| sender.to_owned());
        let mut mail = Message::builder()
            .from(Mailbox::new(Some(name), self.from.email.clone()))
            .subject(subject)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            // Nobody is there to answer, and no absence is to be told to it.
            .header(AutoSubmitted);
        for address in to {
            let parsed = address.parse::<Address>();
            let parsed =
                parsed.map_err(|error| Failure::refused(format!("{address} is no address: {error}")))?;
            mail = mail.to(Mailbox::new(None, parsed));
        }
        mail.header(lettre::message::header::ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| Failure::refused(format!("the mail cannot be written: {error}")))
    }
}

fn slow() -> String {
    format!("the mail server did not answer within {} s", PATIENCE.as_secs())
}

/// RFC 3834: a machine has written this.
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> std::result::Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
