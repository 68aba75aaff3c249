//! Sends what people are told of: mail by SMTP, and signed requests to webhooks.
//!
//! Who is told what is decided in `bifrost_store::notifications`; this crate knows how it is said
//! and how it gets there.

mod hook;
mod mail;
mod words;

pub use hook::{DELIVERY_HEADER, SIGNATURE_HEADER, signature};
pub use mail::{MailServer, Mailer, Security, SmtpSettings};
pub use words::Links;

use bifrost_core::ports::Web;
use bifrost_core::{Error, Result};
use bifrost_store::notifications::{Channel, Message, channels};
use bifrost_store::{Db, Keyring, now, organizations, platform_settings};
use std::sync::Arc;
use uuid::Uuid;

/// Why something did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For people: what the other side answered, where it did.
    pub reason: String,
    /// The other side refused: it would again.
    pub is_final: bool,
}

impl Failure {
    fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_final: false }
    }

    fn refused(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_final: true }
    }

    /// A failure that people read: a fault of the platform is for its log.
    fn of(error: &Error) -> Self {
        match error {
            Error::Internal(cause) => {
                tracing::error!("a notification could not be sent: {cause:#}");
                Self::passing("the platform failed; its log has the cause")
            }
            other => Self::passing(other.to_string()),
        }
    }
}

/// The way to people outside. Cheap to clone.
#[derive(Clone)]
pub struct Notifier {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    keys: Keyring,
    web: Arc<dyn Web>,
    mailer: Option<Mailer>,
    links: Links,
}

impl Notifier {
    /// Over these engines; `web` is the way to webhooks, and without settings there is no mail.
    /// `public_url` is where people reach the platform.
    ///
    /// # Errors
    /// When the settings cannot be right.
    pub fn new(
        db: Db,
        keys: Keyring,
        web: Arc<dyn Web>,
        smtp: Option<SmtpSettings>,
        public_url: &str,
    ) -> Result<Self> {
        let mailer = smtp.map(|settings| Mailer::new(&settings)).transpose()?;
        Ok(Self { inner: Arc::new(Inner { db, keys, web, mailer, links: Links::new(public_url) }) })
    }

    /// True when mail can be sent.
    pub fn has_mail(&self) -> bool {
        self.inner.mailer.is_some()
    }

    /// Sends a message to its channel; answers what the other side said.
    ///
    /// # Errors
    /// Why it did not arrive.
    pub async fn send(&self, message: &Message) -> std::result::Result<String, Failure> {
        self.deliver(message, false).await
    }

    /// Sends a message that tells of nothing, to see whether it arrives.
    ///
    /// # Errors
    /// Why it did not.
    pub async fn test(&self, channel: &Channel) -> std::result::Result<String, Failure> {
        let (id, created_at) = (Uuid::now_v7(), now());
        let message = Message { id, channel: channel.clone(), items: vec![], attempts: 0, created_at };
        self.deliver(&message, true).await
    }

    /// Invites somebody by mail, with the address that makes them a user.
    ///
    /// # Errors
    /// Why it did not arrive; also where there is no mail.
    pub async fn invite(
        &self,
        to: &str,
        organization: &str,
        token: &str,
    ) -> std::result::Result<String, Failure> {
        let product = self.product().await?;
        let (subject, text) = words::invitation(&self.inner.links, &product, organization, token);
        self.mailer()?.send(&product, &[to.to_owned()], &subject, text, Uuid::now_v7()).await
    }

    /// Where mail goes; `None` where there is none.
    pub fn mail_server(&self) -> Option<&MailServer> {
        self.inner.mailer.as_ref().map(Mailer::server)
    }

    /// Sends a mail that tells of nothing, to see whether it arrives; answers what the server said.
    ///
    /// # Errors
    /// Why it did not arrive; also where there is no mail.
    pub async fn test_mail(&self, to: &str) -> std::result::Result<String, Failure> {
        let product = self.product().await?;
        let (subject, text) = words::mail_test(&self.inner.links, &product);
        self.mailer()?.send(&product, &[to.to_owned()], &subject, text, Uuid::now_v7()).await
    }

    /// What the product is called.
    async fn product(&self) -> std::result::Result<String, Failure> {
        let settings = platform_settings::get(&self.inner.db).await.map_err(|error| Failure::of(&error))?;
        Ok(settings.product_name().to_owned())
    }

    fn mailer(&self) -> std::result::Result<&Mailer, Failure> {
        let missing = || Failure::passing("mail is not set up: an operator sets BIFROST_SMTP_HOST");
        self.inner.mailer.as_ref().ok_or_else(missing)
    }

    async fn deliver(&self, message: &Message, is_test: bool) -> std::result::Result<String, Failure> {
        let Inner { db, keys, web, links, .. } = &*self.inner;
        let channel = &message.channel;
        let org = db.org(channel.organization_id);
        let of =
            organizations::get(&org, channel.organization_id).await.map_err(|error| Failure::of(&error))?;
        let Some(url) = &channel.url else {
            let subject = words::subject(&message.items, &of.name, is_test);
            let text = words::text(&message.items, channel, &of.name, links);
            let product = self.product().await?;
            return self.mailer()?.send(&product, &channel.addresses, &subject, text, message.id).await;
        };
        let secret = channels::secret(&org, keys, channel.id).await.map_err(|error| Failure::of(&error))?;
        let body = hook::body(message, &of.name, links, is_test);
        hook::send(web.as_ref(), channel.organization_id, url, &secret, message.id, body).await
    }
}
