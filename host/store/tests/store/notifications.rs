//! Notifications: committed with what they are about, and told to whoever may see them.

use crate::common::*;
use bifrost_core::notification::FAILED_RENEWALS;
use bifrost_core::*;
use bifrost_store::notifications::channels::{self, NewChannel, Target};
use bifrost_store::notifications::notices::{self, Notice, Reader};
use bifrost_store::notifications::rules::{self, Rule, Settings};
use bifrost_store::notifications::{Channel, Message, events, messages};
use bifrost_store::{Db, Keyring, Scoped, Sql, executions, now, schedules};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use zeroize::Zeroizing;

on_both!(
    a_failed_run_is_told_where_a_rule_says_so,
    every_end_is_an_end,
    what_a_rule_names_is_what_it_is_about,
    who_sees_it_is_asked_each_time,
    a_missed_schedule_is_told,
);

pub fn keys() -> Keyring {
    Keyring::from_bytes([1; 32])
}

pub fn settings(name: &str) -> Settings {
    Settings {
        name: name.into(),
        workflows: vec![],
        only_scheduled: false,
        with_errors: false,
        in_app: true,
        channels: vec![],
        is_enabled: true,
    }
}

pub fn secret() -> Zeroizing<String> {
    Zeroizing::new("canary-secret".to_owned())
}

pub async fn webhook(w: &World, name: &str) -> Channel {
    let new = NewChannel {
        name: name.into(),
        target: Target::Webhook { url: "https://hooks.example/x".into(), secret: secret() },
        full_errors: false,
        is_enabled: true,
        created_by: w.user,
    };
    channels::create(&w.db.org(w.org.id), &keys(), new).await.unwrap()
}

/// Without the rules that an organization begins with.
pub async fn world(db: Db) -> (World, Scoped) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    for rule in rules::list(&org).await.unwrap() {
        rules::delete(&org, rule.id).await.unwrap();
    }
    (w, org)
}

pub async fn rule(w: &World, settings: Settings) -> Rule {
    rules::create(&w.db.org(w.org.id), NotificationKind::RunFailed, settings, w.user).await.unwrap()
}

pub fn ended(status: Status, for_user: bool) -> Outcome {
    Outcome { error_for_user: for_user, ..Outcome::ended(status, "KeyError", "'customer_table'") }
}

pub async fn run(w: &World, outcome: Outcome) -> ExecutionId {
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    assert!(executions::finish(&w.db, id, token, outcome).await.unwrap());
    id
}

async fn waiting(db: &Db) -> i64 {
    count(db, "SELECT COUNT(*) AS n FROM notification_events").await
}

pub async fn count(db: &Db, sql: &'static str) -> i64 {
    db.system().read().await.unwrap().one(Sql::new(sql)).await.unwrap().get("n").unwrap()
}

async fn told(org: &Scoped, user: UserId, permissions: Permissions) -> Vec<Notice> {
    notices::list(org, Reader { user, permissions }, false, None, 200).await.unwrap().items
}

pub async fn all_of(w: &World) -> Vec<Notice> {
    told(&w.db.org(w.org.id), w.user, Permissions::of_organization()).await
}

/// The messages that are due at a time, all of which arrive.
pub async fn sent(w: &World, time: DateTime<Utc>) -> Vec<Message> {
    messages::make(&w.db, time, 100).await.unwrap();
    let due = messages::due(&w.db, time, 100).await.unwrap();
    for message in &due {
        messages::sent(&w.db, message).await.unwrap();
    }
    due
}

pub async fn works_with_two_roles(w: &World, keys: &Keyring) {
    let org = w.db.org(w.org.id);
    let new = NewChannel {
        name: "hook".into(),
        target: Target::Webhook { url: "https://hooks.example/x".into(), secret: secret() },
        full_errors: true,
        is_enabled: true,
        created_by: w.user,
    };
    let channel = channels::create(&org, keys, new).await.unwrap();
    rule(w, Settings { channels: vec![channel.id], ..settings("all") }).await;
    run(w, ended(Status::Failed, false)).await;
    assert!(events::process(&w.db, 10).await.unwrap().events > 0);
    assert!(all_of(w).await.iter().any(|notice| notice.kind == NotificationKind::RunFailed));
    let reader = Reader { user: w.user, permissions: Permissions::all() };
    assert!(notices::mark_all(&org, reader).await.unwrap() > 0);
    assert_eq!(sent(w, now()).await.len(), 1);
    assert_eq!(channels::secret(&org, keys, channel.id).await.unwrap().as_slice(), secret().as_bytes());
    let far = now() + TimeDelta::days(100);
    assert!(messages::expire(&w.db, far, 10).await.unwrap() > 0);
    assert!(notices::expire(&w.db, far, 10).await.unwrap() > 0);
    let from = bifrost_store::usage::Month::of(now());
    assert!(!bifrost_store::usage::time_saved_by_all(&w.db, &from, &from).await.unwrap().is_empty());
}

/// Something of everything that an organization can have, for those who take it away.
pub async fn filled(org: &Scoped, keys: &Keyring, user: UserId, mark: &str) {
    let new = NewChannel {
        name: mark.into(),
        target: Target::Webhook { url: "https://hooks.example/x".into(), secret: secret() },
        full_errors: true,
        is_enabled: true,
        created_by: user,
    };
    let channel = channels::create(org, keys, new).await.unwrap();
    let all = Settings { channels: vec![channel.id], ..settings("all") };
    rules::create(org, NotificationKind::ConnectionBroken, all, user).await.unwrap();
    let details = json!({ "name": mark, "summary": "It broke" });
    let sql = Sql::new(
        "INSERT INTO notification_events (id, organization_id, kind, subject_id, details, created_at)
         VALUES ($1, $2, 'connection_broken', $1, $3, $4)",
    );
    let organization = org.access().organization();
    let event =
        || sql.clone().bind(uuid::Uuid::now_v7()).bind(organization).bind(details.clone()).bind(now());
    let (first, left) = (event(), event());
    org.write(move |tx| Box::pin(async move { tx.execute(first).await })).await.unwrap();
    events::process(org.db(), 10).await.unwrap();
    messages::make(org.db(), now(), 10).await.unwrap();
    let reader = Reader { user, permissions: Permissions::all() };
    assert!(notices::mark_all(org, reader).await.unwrap() > 0);
    org.write(move |tx| Box::pin(async move { tx.execute(left).await })).await.unwrap();
}

async fn a_failed_run_is_told_where_a_rule_says_so(db: Db) {
    let (w, org) = world(db).await;
    run(&w, ended(Status::Failed, false)).await;
    assert_eq!(waiting(&w.db).await, 0, "nobody wants to know");
    rule(&w, settings("failed")).await;
    let good = Outcome { roi: None, ..success(json!(1)) };
    run(&w, good).await;
    run(&w, ended(Status::Cancelled, true)).await;
    run(&w, ended(Status::CompletedWithErrors, true)).await;
    assert_eq!(waiting(&w.db).await, 0);
    let failed = run(&w, ended(Status::Failed, false)).await;
    let late = run(&w, ended(Status::Timeout, true)).await;
    assert_eq!(waiting(&w.db).await, 2);
    let processed = events::process(&w.db, 10).await.unwrap();
    assert_eq!(processed.events, 2);
    assert_eq!(processed.told.into_iter().collect::<Vec<_>>(), [(w.org.id, NotificationKind::RunFailed)]);
    assert_eq!(waiting(&w.db).await, 0);
    let all = all_of(&w).await;
    assert_eq!(all.len(), 1, "one subject: {all:?}");
    assert_eq!((all[0].count, all[0].subject_id, all[0].is_read), (2, w.workflow.0, false));
    assert_eq!(all[0].details.execution_id, Some(late), "the latest");
    assert_eq!(all[0].details.name, "sync");
    assert_eq!(all[0].details.summary, "A run took too long");
    assert_eq!(all[0].details.error.as_deref(), Some("'customer_table'"), "as the user reads it");
    assert_ne!(failed, late);
    // What happens again is unread again.
    let reader = Reader { user: w.user, permissions: Permissions::all() };
    notices::mark(&org, reader, all[0].id).await.unwrap();
    assert_eq!(notices::unread(&org, reader).await.unwrap(), 0);
    assert!(all_of(&w).await[0].is_read);
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    let again = all_of(&w).await;
    assert_eq!((again.len(), again[0].count, again[0].is_read), (1, 3, false));
    assert_eq!(again[0].details.error.as_deref(), Some("KeyError: 'customer_table'"));
    assert_eq!(again[0].details.error_for(false), None, "not for everybody");
}

async fn every_end_is_an_end(db: Db) {
    let (w, _) = world(db).await;
    rule(&w, settings("failed")).await;
    // Its worker is lost, and it must not be repeated.
    let lost = w.accept().await.id;
    w.claim(lost, 1, 0).await.unwrap();
    let sql = Sql::new("UPDATE executions SET retry_on_loss = $2 WHERE id = $1").bind(lost).bind(false);
    w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    let swept = executions::expired_leases(&w.db, now() + TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(swept.failed, [lost]);
    assert_eq!(waiting(&w.db).await, 1);
    // One that is repeated has not ended.
    let again = w.accept().await.id;
    w.claim(again, 1, 0).await.unwrap();
    let swept = executions::expired_leases(&w.db, now() + TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(swept.tickets.len(), 1);
    assert_eq!(waiting(&w.db).await, 1);
    // The queue gave up on it, as often as that is tried.
    for attempt in 2..=executions::MAX_LOSSES {
        let ticket = ports::Ticket { execution: again, attempt };
        bifrost_store::dead_letters::reconcile(&w.db, ticket, "delivery_limit").await.unwrap().unwrap();
    }
    assert_eq!(w.get(again).await.status, Status::Failed);
    assert_eq!(waiting(&w.db).await, 2);
    // A write that is too late changes nothing and tells nothing.
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    assert!(!executions::finish(&w.db, id, token - 1, ended(Status::Failed, true)).await.unwrap());
    assert!(executions::finish(&w.db, id, token, ended(Status::Failed, true)).await.unwrap());
    assert!(!executions::finish(&w.db, id, token, ended(Status::Failed, true)).await.unwrap());
    assert_eq!(waiting(&w.db).await, 3);
}

async fn what_a_rule_names_is_what_it_is_about(db: Db) {
    let (w, org) = world(db).await;
    let one = rule(&w, Settings { workflows: vec![w.shared], ..settings("shared only") }).await;
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    assert_eq!(all_of(&w).await, [], "another workflow");
    rules::update(&org, one.id, move |old| Settings { workflows: vec![], only_scheduled: true, ..old })
        .await
        .unwrap();
    run(&w, ended(Status::Failed, false)).await;
    assert_eq!(waiting(&w.db).await, 0, "nobody's schedule");
    let schedule = schedules::create(&org, crate::schedules::hourly(w.workflow)).await.unwrap().id;
    let new = executions::NewExecution { schedule_id: Some(schedule), ..w.new_execution() };
    let id = executions::accept(&org, new).await.unwrap().execution.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    executions::finish(&w.db, id, token, ended(Status::Failed, false)).await.unwrap();
    events::process(&w.db, 10).await.unwrap();
    assert_eq!(all_of(&w).await[0].details.summary, "A scheduled run failed");
    rules::update(&org, one.id, |old| Settings { only_scheduled: false, with_errors: true, ..old })
        .await
        .unwrap();
    run(&w, ended(Status::CompletedWithErrors, true)).await;
    events::process(&w.db, 10).await.unwrap();
    assert_eq!(all_of(&w).await[0].details.summary, "A run completed with errors");
    rules::update(&org, one.id, |old| Settings { is_enabled: false, ..old }).await.unwrap();
    run(&w, ended(Status::Failed, false)).await;
    assert_eq!(waiting(&w.db).await, 0, "switched off");
}

async fn who_sees_it_is_asked_each_time(db: Db) {
    let (w, org) = world(db).await;
    rule(&w, settings("failed")).await;
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    let may: Permissions = [Permission::ReadExecutions].into_iter().collect();
    let may_not = Permissions::all().without(may);
    let notice = told(&org, w.user, may).await.remove(0);
    assert_eq!(told(&org, w.user, may_not).await, []);
    let reader = |permissions| Reader { user: w.user, permissions };
    assert_eq!(notices::unread(&org, reader(may_not)).await.unwrap(), 0);
    assert!(matches!(notices::mark(&org, reader(may_not), notice.id).await, Err(Error::NotFound(_))));
    assert_eq!(notices::mark_all(&org, reader(may_not)).await.unwrap(), 0);
    // Another organization, with everything.
    let other = w.db.org(w.other.id);
    assert_eq!(told(&other, w.user, Permissions::all()).await, []);
    assert!(matches!(
        notices::mark(&other, reader(Permissions::all()), notice.id).await,
        Err(Error::NotFound(_))
    ));
    // What one has read, another has not.
    assert_eq!(notices::mark_all(&org, reader(may)).await.unwrap(), 1);
    assert_eq!(notices::unread(&org, reader(may)).await.unwrap(), 0);
    let someone = Reader { user: w.provider.user.id, permissions: Permissions::all() };
    assert_eq!(notices::unread(&org, someone).await.unwrap(), 1);
    assert_eq!(notices::mark_all(&org, someone).await.unwrap(), 1);
    // By pages, each once.
    for _ in 0..3 {
        let sql = Sql::new(
            "INSERT INTO notifications (id, organization_id, kind, subject_id, count, first_at, last_at, details)
             VALUES ($1, $2, 'run_failed', $1, 1, $3, $3, $4)",
        );
        let sql = sql.bind(NotificationId::new()).bind(w.org.id).bind(notice.last_at);
        let sql = sql.bind(json!({ "name": "n", "summary": "s" }));
        w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    }
    let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), None);
    loop {
        let page = notices::list(&org, someone, false, cursor, 1).await.unwrap();
        assert_eq!(page.items.len(), 1);
        assert!(seen.insert(page.items[0].id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 4);
    assert_eq!(notices::list(&org, someone, true, None, 10).await.unwrap().items.len(), 3);
}

async fn a_missed_schedule_is_told(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let names: Vec<_> = rules::list(&org).await.unwrap().into_iter().map(|rule| rule.settings.name).collect();
    let first = [
        "Connections that break",
        "Deliveries that fail",
        "Scheduled runs that fail",
        "Schedules that are missed",
        "Webhooks that break",
    ];
    assert_eq!(names, first);
    let new = schedules::NewSchedule { catch_up: CatchUp::None, ..crate::schedules::hourly(w.workflow) };
    let id = schedules::create(&org, new).await.unwrap().id;
    // A day ago.
    let sql = Sql::new("UPDATE schedules SET next_at = $1 WHERE id = $2");
    let sql = sql.bind(crate::schedules::hour() - TimeDelta::days(1)).bind(id);
    w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    let due = schedules::due(&w.db, now(), 10).await.unwrap();
    assert!(schedules::fire(&w.db, due, now()).await.unwrap().skipped > 0);
    events::process(&w.db, 10).await.unwrap();
    let all = all_of(&w).await;
    assert_eq!((all.len(), all[0].kind, all[0].subject_id), (1, NotificationKind::ScheduleMissed, id.0));
    assert_eq!(all[0].details.name, "Hourly");
    // The provider's own connections are told to the provider.
    let details = json!({ "name": "crm", "summary": "It broke" });
    let sql = Sql::new(
        "INSERT INTO notification_events (id, kind, subject_id, details, created_at)
         VALUES ($1, 'connection_broken', $1, $2, $3)",
    );
    let sql = sql.bind(uuid::Uuid::now_v7()).bind(details).bind(now());
    w.db.scope(Scope::Global).write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    let told_to = events::process(&w.db, 10).await.unwrap().told;
    let provider = w.provider.organization.id;
    assert_eq!(told_to.into_iter().collect::<Vec<_>>(), [(provider, NotificationKind::ConnectionBroken)]);
    assert_eq!(told(&w.db.org(provider), w.provider.user.id, Permissions::all()).await.len(), 1);
    const { assert!(FAILED_RENEWALS > 1) };
}
