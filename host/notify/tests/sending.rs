//! From something that has happened to a mail in the hands of a mail server, and to a receiver of
//! signed requests.
#![expect(clippy::unwrap_used, reason = "a test that fails should stop")]

use bifrost_core::notification::{Details, Item};
use bifrost_core::*;
use bifrost_notify::{Mailer, Notifier, Security, SmtpSettings, signature};
use bifrost_store::notifications::{Channel, Message, NewChannel, Target, channels};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::{Db, Keyring, Options, now, platform_settings};
use bifrost_test_services::hooks::{Direct, Receiver};
use bifrost_test_services::mail::{MailServer, Manner};
use std::sync::Arc;
use uuid::Uuid;
use zeroize::Zeroizing;

const URL: &str = "https://bifrost.example/";

struct World {
    db: Db,
    organization: OrganizationId,
    _directory: tempfile::TempDir,
}

fn keys() -> Keyring {
    Keyring::from_bytes([3; 32])
}

fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".into(),
        port,
        security: Security::None,
        credentials: None,
        from: "Bifrost <bifrost@provider.example>".into(),
    }
}

fn item(count: i64, for_user: bool) -> Item {
    Item {
        kind: NotificationKind::RunFailed,
        subject_id: Uuid::from_u128(7),
        count,
        first_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        last_at: "2026-01-02T04:04:05Z".parse().unwrap(),
        details: Details {
            name: "sync".into(),
            summary: "A run failed".into(),
            error: Some("KeyError: 'customer_table'".into()),
            error_for_user: for_user,
            execution_id: Some(ExecutionId(Uuid::from_u128(9))),
        },
    }
}

impl World {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("test.db").display());
        let db = Db::open(&url, Options::default()).await.unwrap();
        let new = NewOrganization { name: "Org".into(), ..Default::default() };
        let organization = organizations::create(&db, new).await.unwrap().id;
        Self { db, organization, _directory: directory }
    }

    fn notifier(&self, smtp: Option<SmtpSettings>) -> Notifier {
        Notifier::new(self.db.clone(), keys(), Arc::new(Direct), smtp, URL).unwrap()
    }

    async fn channel(&self, target: Target, full_errors: bool) -> Channel {
        let new = NewChannel {
            name: "Operators".into(),
            target,
            full_errors,
            is_enabled: true,
            created_by: UserId::new(),
        };
        channels::create(&self.db.org(self.organization), &keys(), new).await.unwrap()
    }

    async fn webhook(&self, url: &str) -> Channel {
        let secret = Zeroizing::new("a secret of ours".to_owned());
        self.channel(Target::Webhook { url: url.into(), secret }, false).await
    }
}

fn message(channel: Channel, items: Vec<Item>) -> Message {
    Message { id: Uuid::now_v7(), channel, items, attempts: 0, created_at: now() }
}

#[tokio::test]
async fn mail_arrives_as_it_was_meant() {
    let (w, server) = (World::new().await, MailServer::start(Manner::default()).await.unwrap());
    let to = vec!["a@x.example".to_owned(), "b@x.example".to_owned()];
    let channel = w.channel(Target::Email(to), false).await;
    let notifier = w.notifier(Some(settings(server.port)));
    let message = message(channel, vec![item(1, false)]);
    assert_eq!(notifier.send(&message).await.unwrap(), "250 2.0.0 queued as 1");
    let mail = server.mails().remove(0);
    assert_eq!(mail.from, "MAIL FROM:<bifrost@provider.example>");
    assert_eq!(mail.to, ["RCPT TO:<a@x.example>", "RCPT TO:<b@x.example>"]);
    let (head, body) = mail.data.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
    assert!(head.contains(&format!("Message-ID: <{}@provider.example>", message.id)), "{head}");
    assert!(head.contains("Subject: "), "{head}");
    assert!(body.contains("/runs/00000000-0000-0000-0000-000000000009?org"), "{body}");
    assert!(body.contains("Operators") && body.contains("of Org"), "{body}");
    assert!(!body.contains("customer_table"), "not for everybody: {body}");
    assert!(server.lines().iter().any(|line| line == "EHLO provider.example"), "{:?}", server.lines());
}

#[tokio::test]
async fn other_letters_are_written_so_that_every_server_takes_them() {
    let (w, server) = (World::new().await, MailServer::start(Manner::default()).await.unwrap());
    let channel = w.channel(Target::Email(vec!["a@x.example".into()]), false).await;
    let mut other = item(1, false);
    other.details.name = "Übertrag ✓".into();
    w.notifier(Some(settings(server.port))).send(&message(channel, vec![other])).await.unwrap();
    let data = server.mails().remove(0).data;
    assert!(data.is_ascii() && data.contains("=?utf-8?"), "{data}");
    assert!(data.lines().all(|line| line.len() <= 998), "{data}");
}

#[tokio::test]
async fn errors_are_told_where_they_may_be() {
    let (w, server) = (World::new().await, MailServer::start(Manner::default()).await.unwrap());
    let notifier = w.notifier(Some(settings(server.port)));
    let mut channel = w.channel(Target::Email(vec!["a@x.example".into()]), true).await;
    notifier.send(&message(channel.clone(), vec![item(3, false)])).await.unwrap();
    channel.full_errors = false;
    notifier.send(&message(channel.clone(), vec![item(3, true)])).await.unwrap();
    notifier.send(&message(channel, vec![item(3, false), item(4, false)])).await.unwrap();
    let shows: Vec<_> = server.mails().iter().map(|mail| mail.data.contains("customer_table")).collect();
    assert_eq!(shows, [true, true, false]);
    let digest = &server.mails()[2].data;
    assert!(digest.contains("Subject: Org: 7 notifications about 2 subjects"), "{digest}");
    assert!(digest.contains("3 times from 2026-01-02 03:04 to 2026-01-02 04:04 UTC"), "{digest}");
}

#[tokio::test]
async fn nothing_is_added_to_a_mail() {
    let (w, server) = (World::new().await, MailServer::start(Manner::default()).await.unwrap());
    let notifier = w.notifier(Some(settings(server.port)));
    let channel = w.channel(Target::Email(vec!["a@x.example".into()]), true).await;
    let mut evil = item(1, true);
    evil.details.name = "x\r\nBcc: everybody@x.example\r\n\r\nbody".into();
    evil.details.error = Some("first\r\n.\r\nMAIL FROM:<evil@x.example>\r\nlast".into());
    notifier.send(&message(channel, vec![evil])).await.unwrap();
    let mails = server.mails();
    assert_eq!((mails.len(), mails[0].to.len()), (1, 1), "{mails:?}");
    let (head, body) = mails[0].data.split_once("\r\n\r\n").unwrap();
    assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
    assert!(body.contains("last"), "{body}");
}

#[tokio::test]
async fn what_a_mail_server_answers_is_told() {
    let w = World::new().await;
    let channel = w.channel(Target::Email(vec!["nobody@x.example".into()]), false).await;
    let busy = MailServer::start(Manner { busy: 1, ..Manner::default() }).await.unwrap();
    let notifier = w.notifier(Some(settings(busy.port)));
    let failure = notifier.test(&channel).await.unwrap_err();
    assert!(!failure.is_final && failure.reason.contains("come again later"), "{failure:?}");
    assert!(notifier.test(&channel).await.is_ok(), "the second time");

    let unknown = Manner { unknown: Some("nobody".into()), ..Manner::default() };
    let unknown = MailServer::start(unknown).await.unwrap();
    let failure = w.notifier(Some(settings(unknown.port))).test(&channel).await.unwrap_err();
    assert!(failure.is_final && failure.reason.contains("there is nobody of this name"), "{failure:?}");
    assert!(unknown.mails().is_empty());

    let away = w.notifier(Some(settings(1))).test(&channel).await.unwrap_err();
    assert!(!away.is_final && away.reason.contains("onnection"), "{away:?}");
    let none = w.notifier(None);
    assert!(!none.has_mail());
    let failure = none.test(&channel).await.unwrap_err();
    assert!(failure.reason.contains("BIFROST_SMTP_HOST"), "{failure:?}");
}

#[tokio::test]
async fn a_password_is_sent_to_who_asks_and_never_in_the_open_where_tls_is_wanted() {
    let server = MailServer::start(Manner { asks_for_password: true, ..Manner::default() }).await.unwrap();
    let with = |password: &str, security| {
        let credentials = Some(("user".to_owned(), Zeroizing::new(password.to_owned())));
        Mailer::new(&SmtpSettings { credentials, security, ..settings(server.port) }).unwrap()
    };
    with("password", Security::None).check().await.unwrap();
    let refused = with("wrong", Security::None).check().await.unwrap_err();
    assert!(refused.contains("wrong password"), "{refused}");
    let said = server.lines().len();
    // A server without TLS is told nothing.
    with("password", Security::StartTls).check().await.unwrap_err();
    let after = server.lines()[said..].join("\n");
    assert!(!after.contains("AUTH"), "{after}");
    with("password", Security::Tls).check().await.unwrap_err();
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("AUTH")).count(), 2);
    let wrong = SmtpSettings { from: "nobody".into(), ..settings(1) };
    assert!(matches!(Mailer::new(&wrong), Err(Error::Invalid { field, .. }) if field == "smtp_from"));
}

#[tokio::test]
async fn an_invitation_is_a_mail_with_its_address() {
    let (w, server) = (World::new().await, MailServer::start(Manner::default()).await.unwrap());
    let notifier = w.notifier(Some(settings(server.port)));
    notifier.invite("new@x.example", "Org", "bfi_token").await.unwrap();
    let mail = server.mails().remove(0);
    assert_eq!(mail.to, ["RCPT TO:<new@x.example>"]);
    assert!(mail.data.contains("https://bifrost.example/sign-in#invitation"), "{}", mail.data);
    assert!(mail.data.contains("bfi_token"), "{}", mail.data);
}

#[tokio::test]
async fn mail_is_from_what_the_product_is_called() {
    let (w, server) = (World::new().await, MailServer::start(Manner::default()).await.unwrap());
    let nameless = SmtpSettings { from: "flow@provider.example".into(), ..settings(server.port) };
    let branding = Branding { product_name: Some("Acme Flow".into()), accent: None };
    platform_settings::set_branding(&w.db, branding).await.unwrap();
    let notifier = w.notifier(Some(nameless));
    notifier.test_mail("ada@x.example").await.unwrap();
    notifier.invite("new@x.example", "Org", "bfi_token").await.unwrap();
    // A name of the settings stays.
    w.notifier(Some(settings(server.port))).test_mail("ada@x.example").await.unwrap();
    let mails = server.mails();
    assert_eq!(mails[0].to, ["RCPT TO:<ada@x.example>"]);
    assert!(mails[0].data.contains("A test of mail from Acme Flow"), "{}", mails[0].data);
    assert!(mails[1].data.contains("to Org on Acme Flow"), "{}", mails[1].data);
    let from = |at: usize| mails[at].data.lines().find(|line| line.starts_with("From:")).unwrap().to_owned();
    assert!(from(0).contains("Acme Flow") && from(0).contains("<flow@provider.example>"), "{}", from(0));
    assert!(from(2).contains("Bifrost") && !from(2).contains("Acme"), "{}", from(2));
    let server = notifier.mail_server().unwrap();
    assert_eq!((server.security.as_str(), server.user.as_deref()), ("none", None));
    assert!(w.notifier(None).mail_server().is_none());
}

#[tokio::test]
async fn a_webhook_is_signed_and_says_who_it_is() {
    let (w, receiver) = (
        World::new().await,
        Receiver::start("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok").await.unwrap(),
    );
    let channel = w.webhook(&receiver.url).await;
    let message = message(channel, vec![item(2, false)]);
    assert_eq!(w.notifier(None).send(&message).await.unwrap(), "202 ok");
    let request = receiver.requests().remove(0);
    let (header, body) = (|name: &str| request.header(name).unwrap().to_owned(), &request.body);
    assert_eq!(header("x-bifrost-delivery"), message.id.to_string());
    assert_eq!(header("content-type"), "application/json");
    let signed = header("x-bifrost-signature");
    let seconds: i64 = signed.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
    assert!((now().timestamp() - seconds).abs() < 60);
    assert_eq!(signed, signature(b"a secret of ours", seconds, body));
    assert_ne!(signed, signature(b"another secret", seconds, body));
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["type"], "notifications");
    assert_eq!(body["organization_id"], w.organization.to_string());
    assert_eq!(body["text"], "sync: A run failed (2 times)");
    let one = &body["notifications"][0];
    assert_eq!((one["event"].as_str(), one["count"].as_i64()), (Some("run_failed"), Some(2)));
    assert_eq!(one.get("error"), None, "not for everybody");
    let runs = format!("https://bifrost.example/runs?org={}&workflow=", w.organization);
    assert!(one["url"].as_str().unwrap().starts_with(&runs), "{one}");
    assert!(!body.to_string().contains("customer_table"));
}

#[tokio::test]
async fn what_a_receiver_answers_is_told() {
    let w = World::new().await;
    let broken = Receiver::start("HTTP/1.1 500 Oh\r\ncontent-length: 8\r\n\r\nno\x07table").await.unwrap();
    let mut channel = w.webhook(&broken.url).await;
    let failure = w.notifier(None).test(&channel).await.unwrap_err();
    assert_eq!(failure.reason, "the receiver answered 500 no table");
    assert!(!failure.is_final);
    assert!(broken.requests()[0].body.contains(r#""type":"test""#));
    channel.url = Some("http://127.0.0.1:1/hook".into());
    let failure = w.notifier(None).test(&channel).await.unwrap_err();
    assert!(failure.reason.starts_with("no connection to the server"), "{failure:?}");
}
