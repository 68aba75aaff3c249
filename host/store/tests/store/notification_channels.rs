//! Channels and rules: what may be told to them, their secrets, and what goes with them.

use crate::common::*;
use crate::notifications::{all_of, count, ended, keys, rule, run, secret, settings, webhook, world};
use bifrost_core::*;
use bifrost_store::notifications::channels::{self, Change, NewChannel, Target};
use bifrost_store::notifications::rules::{self, Rule, Settings};
use bifrost_store::notifications::{events, messages};
use bifrost_store::{Db, Sql, now, rotation};
use zeroize::Zeroizing;

on_both!(
    a_channel_that_goes_takes_its_own_with_it,
    secrets_are_sealed_and_rotated,
    what_cannot_be_right_is_refused,
);

async fn a_channel_that_goes_takes_its_own_with_it(db: Db) {
    let (w, org) = world(db).await;
    let (one, two) = (webhook(&w, "one").await, webhook(&w, "two").await);
    let both = rule(&w, Settings { channels: vec![one.id, two.id], in_app: false, ..settings("both") }).await;
    let own = rule(&w, Settings { channels: vec![one.id], in_app: false, ..settings("own") }).await;
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    messages::make(&w.db, now(), 10).await.unwrap();
    assert_eq!(all_of(&w).await, [], "not here");
    channels::delete(&org, one.id).await.unwrap();
    assert_eq!(rules::get(&org, both.id).await.unwrap().settings.channels, [two.id]);
    let left = rules::get(&org, own.id).await.unwrap().settings;
    assert!(left.channels.is_empty() && !left.is_enabled, "it tells nothing any more");
    assert_eq!(messages::due(&w.db, now(), 10).await.unwrap().len(), 1);
    assert!(matches!(channels::delete(&org, one.id).await, Err(Error::NotFound(_))));
    // Switched off, it forgets what waits.
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    let off = Change { is_enabled: Some(false), ..Change::default() };
    channels::update(&org, &keys(), two.id, off).await.unwrap();
    assert_eq!(count(&w.db, "SELECT COUNT(*) AS n FROM notification_items").await, 0);
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    assert_eq!(count(&w.db, "SELECT COUNT(*) AS n FROM notification_items").await, 0);
}

async fn secrets_are_sealed_and_rotated(db: Db) {
    let (w, org) = world(db).await;
    let channel = webhook(&w, "hook").await;
    let sql = Sql::new("SELECT ciphertext FROM notification_secrets");
    let kept: Vec<u8> = org.read().await.unwrap().one(sql).await.unwrap().get("ciphertext").unwrap();
    assert!(!kept.windows(6).any(|part| part == b"canary"));
    assert!(matches!(
        channels::secret(&w.db.org(w.other.id), &keys(), channel.id).await,
        Err(Error::NotFound(_))
    ));
    // A URL of somebody else gets nothing that is signed with the old one.
    let elsewhere = Change { url: Some("https://evil.example/".into()), ..Change::default() };
    let refused = channels::update(&org, &keys(), channel.id, elsewhere.clone()).await;
    assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == "secret"));
    let next = Some(Zeroizing::new("another secret".to_owned()));
    channels::update(&org, &keys(), channel.id, Change { secret: next, ..elsewhere }).await.unwrap();
    rotation::renew(&w.db, &keys(), &mut |_| ()).await.unwrap();
    let found = channels::secret(&org, &keys(), channel.id).await.unwrap();
    assert_eq!(found.as_slice(), b"another secret");
    let entries = Sql::new("SELECT entry FROM audit_outbox");
    let rows = w.db.system().read().await.unwrap().all(entries).await.unwrap();
    let all: String = rows.iter().map(|row| row.get::<String>("entry").unwrap()).collect();
    assert!(all.contains("notification_channel.create") && all.contains("evil.example"));
    assert!(!all.contains("canary") && !all.contains("another secret") && !all.contains("hooks.example/x"));
    // A test is not repeated at once.
    channels::begin_test(&org, channel.id).await.unwrap();
    assert!(matches!(channels::begin_test(&org, channel.id).await, Err(Error::Limited { .. })));
}

async fn what_cannot_be_right_is_refused(db: Db) {
    let (w, org) = world(db).await;
    let make = async |target: Target| {
        let new =
            NewChannel { name: "c".into(), target, full_errors: false, is_enabled: true, created_by: w.user };
        match channels::create(&org, &keys(), new).await {
            Err(Error::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    for wrong in ["", "x", "ftp://x.example/", "https://", "https://user:pw@x.example/", "file:///etc/passwd"]
    {
        assert_eq!(make(Target::Webhook { url: wrong.into(), secret: secret() }).await, "url", "{wrong}");
    }
    let short = Zeroizing::new("short".to_owned());
    assert_eq!(make(Target::Webhook { url: "https://x.example/".into(), secret: short }).await, "secret");
    for wrong in [
        vec![],
        vec!["x".into()],
        vec!["a@x.example\r\nBcc: b@x.example".into()],
        vec!["a@x".into(), "".into()],
    ] {
        assert_eq!(make(Target::Email(wrong)).await, "addresses");
    }
    let many = (0..30).map(|n| format!("a{n}@x.example")).collect();
    assert_eq!(make(Target::Email(many)).await, "addresses");
    let one = webhook(&w, "hook").await;
    let again = NewChannel {
        name: "hook".into(),
        target: Target::Email(vec!["A@x.example".into(), "a@x.example".into()]),
        full_errors: false,
        is_enabled: true,
        created_by: w.user,
    };
    assert_eq!(code(channels::create(&org, &keys(), again.clone()).await.unwrap_err()), "already_exists");
    let mail = channels::create(&org, &keys(), NewChannel { name: "mail".into(), ..again }).await.unwrap();
    assert_eq!(mail.addresses, ["a@x.example"]);
    let of = |kind, settings: Settings| rules::create(&org, kind, settings, w.user);
    let field = |error: Result<Rule>| match error {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    let run = NotificationKind::RunFailed;
    assert_eq!(field(of(run, Settings { in_app: false, ..settings("r") }).await), "channel_ids");
    assert_eq!(
        field(of(run, Settings { workflows: vec![WorkflowId::new()], ..settings("r") }).await),
        "workflow_ids"
    );
    let foreign = Settings { channels: vec![NotificationChannelId::new()], ..settings("r") };
    assert_eq!(field(of(run, foreign).await), "channel_ids");
    let other = w.db.org(w.other.id);
    let foreign = Settings { channels: vec![one.id], ..settings("r") };
    assert_eq!(
        field(rules::create(&other, run, foreign, w.user).await),
        "channel_ids",
        "a channel of another organization"
    );
    let scheduled = Settings { only_scheduled: true, ..settings("r") };
    assert_eq!(field(of(NotificationKind::ConnectionBroken, scheduled).await), "only_scheduled");
    assert_eq!(field(of(run, settings(" ")).await), "name");
    of(run, settings("r")).await.unwrap();
    assert_eq!(code(of(run, settings("r")).await.unwrap_err()), "already_exists");
}
