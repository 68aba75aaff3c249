//! The audit log: committed with its mutation, chained, verifiable, and whole after retention.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::audit::{self, Actor, Event, Filters, Head, Logged, Order, Verdict};
use bifrost_store::config::{self, NewEntry};
use bifrost_store::{Db, Engine, Keyring, Sql};
use chrono::TimeDelta;
use serde_json::json;
use std::sync::Arc;

on_both!(
    an_entry_is_there_with_its_mutation_or_not_at_all,
    a_secret_is_masked,
    a_run_is_noted_with_it,
    writers_do_not_fork_a_chain,
    whatever_is_changed_is_found,
    a_chain_written_anew_does_not_pass_a_noted_place,
    nobody_changes_or_deletes_an_entry,
    what_is_cut_off_leaves_a_whole_chain,
    entries_are_found,
);

async fn drain(db: &Db) {
    while audit::append(db).await.unwrap() > 0 {}
}

async fn all(db: &Db, organization: OrganizationId) -> Vec<Logged> {
    drain(db).await;
    let order = Order::OldestFirst(0);
    audit::search(&db.org(organization), &Filters::default(), order, 10_000).await.unwrap()
}

async fn verify(db: &Db, organization: OrganizationId) -> Verdict {
    audit::verify(db, organization, &[]).await.unwrap()
}

async fn entries(w: &World, count: usize) {
    for number in 0..count {
        let event = Event::new("test.note").within(w.org.id).target("number", number);
        audit::note(&w.db, event).await.unwrap();
    }
    drain(&w.db).await;
}

fn setting(key: &str, value: serde_json::Value, is_secret: bool) -> NewEntry {
    let kind = is_secret.then_some(bifrost_core::ConfigType::Secret);
    NewEntry { key: key.into(), value, kind, description: None, updated_by: None }
}

/// Changes a table as somebody who has the database in their hands.
async fn tamper(db: &Db, statements: &[&str]) {
    let (off, on): (&[&str], &[&str]) = match db.engine() {
        Engine::Sqlite => {
            (&["DROP TRIGGER audit_log_is_not_changed", "DROP TRIGGER audit_log_is_not_deleted"], &[])
        }
        Engine::Postgres => {
            (&["ALTER TABLE audit_log DISABLE TRIGGER USER"], &["ALTER TABLE audit_log ENABLE TRIGGER USER"])
        }
    };
    for statement in off.iter().chain(statements).chain(on) {
        let sql = Sql::new((*statement).to_owned());
        db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    }
}

async fn an_entry_is_there_with_its_mutation_or_not_at_all(db: Db) {
    let w = World::new(db).await;
    let address = "203.0.113.7".parse().unwrap();
    let actor = Actor { id: Some(w.user), name: "user@org.test".into(), ..Actor::default() };
    let actor = actor.from(Some(address), Some("r-1".into()));
    let org = w.db.by(Arc::new(actor.clone())).org(w.org.id);
    let keys = Keyring::from_bytes([1; 32]);
    let before = all(&w.db, w.org.id).await.len();
    config::set(&org, &keys, setting("host", json!("a"), false)).await.unwrap();
    config::set(&org, &keys, setting("host", json!("b"), false)).await.unwrap();
    let undone: Result<()> = org
        .write(|tx| {
            Box::pin(async move {
                audit::record(tx, Event::new("test.undone")).await?;
                Err(Error::Busy("test"))
            })
        })
        .await;
    assert!(undone.is_err());
    assert!(config::set(&org, &keys, setting("", json!(1), false)).await.is_err());
    assert!(!config::delete(&org, "nothing").await.unwrap());
    let entries = all(&w.db, w.org.id).await.split_off(before);
    assert_eq!(entries.len(), 2, "{entries:?}");
    let entry = &entries[1].entry;
    assert_eq!((entry.action.as_str(), entry.target.as_deref()), ("config.set", Some("config:host")));
    assert_eq!(entry.actor, actor);
    assert_eq!(entry.details["value"], json!({"from": "a", "to": "b"}));
    assert!(verify(&w.db, w.org.id).await.broken.is_none());

    // What is global stands in the provider's log.
    let global = w.db.scope(Scope::Global);
    config::set(&global, &keys, setting("shared", json!(1), false)).await.unwrap();
    let last = all(&w.db, w.provider.organization.id).await.pop().unwrap();
    assert_eq!((last.entry.target.as_deref(), last.entry.actor), (Some("config:shared"), Actor::system()));
}

async fn a_secret_is_masked(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let keys = Keyring::from_bytes([1; 32]);
    let canary = "canary-8c1f2e7d";
    config::set(&org, &keys, setting("token", json!("plain before"), false)).await.unwrap();
    config::set(&org, &keys, setting("token", json!(canary), true)).await.unwrap();
    config::set(&org, &keys, setting("token", json!("plain after"), false)).await.unwrap();
    config::delete(&org, "token").await.unwrap();
    let texts: Vec<_> = all(&w.db, w.org.id).await.into_iter().map(|logged| logged.text).collect();
    assert!(texts.iter().any(|text| text.contains("***")));
    assert!(!texts.iter().any(|text| text.contains(canary)), "{texts:?}");
}

async fn a_run_is_noted_with_it(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let refused =
        bifrost_store::executions::NewExecution { workflow_id: WorkflowId::new(), ..w.new_execution() };
    assert!(bifrost_store::executions::accept(&w.db.org(w.org.id), refused).await.is_err());
    let keyed =
        || bifrost_store::executions::NewExecution { idempotency_key: Some("k".into()), ..w.new_execution() };
    for _ in 0..2 {
        bifrost_store::executions::accept(&w.db.org(w.org.id), keyed()).await.unwrap();
    }
    let mut entries = all(&w.db, w.org.id).await;
    entries.retain(|logged| logged.entry.action == "execution.submit");
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].entry.target, Some(format!("execution:{id}")));
    assert_eq!(entries[0].entry.details["workflow"], json!(w.workflow));
}

async fn writers_do_not_fork_a_chain(db: Db) {
    let w = World::new(db).await;
    let note = |number: usize| {
        let (db, organization) = (w.db.clone(), [w.org.id, w.other.id][number % 2]);
        async move { audit::note(&db, Event::new("test.note").within(organization)).await.unwrap() }
    };
    let append = |_| async { while audit::append(&w.db).await.unwrap() > 0 {} };
    tokio::join!(
        futures::future::join_all((0..200).map(note)),
        futures::future::join_all((0..4).map(append)),
    );
    for organization in [w.org.id, w.other.id] {
        let entries = all(&w.db, organization).await;
        let verdict = verify(&w.db, organization).await;
        assert_eq!((verdict.broken.clone(), verdict.last_sequence), (None, entries.len() as i64));
        let notes = entries.iter().filter(|logged| logged.entry.action == "test.note").count();
        assert_eq!(notes, 100);
        let sequences: Vec<_> = entries.iter().map(|logged| logged.sequence).collect();
        assert_eq!(sequences, (1..=entries.len() as i64).collect::<Vec<_>>());
    }
}

async fn whatever_is_changed_is_found(db: Db) {
    let w = World::new(db).await;
    entries(&w, 20).await;
    let whole = verify(&w.db, w.org.id).await;
    assert!(whole.broken.is_none() && whole.entries >= 20);
    let copy = "CREATE TABLE kept AS SELECT * FROM audit_log";
    tamper(&w.db, &[copy, "CREATE TABLE chains AS SELECT * FROM audit_chains"]).await;
    let last = whole.last_sequence;
    for (change, at) in [
        (
            "UPDATE audit_log SET entry = replace(entry, 'number:3\"', 'number:4\"') WHERE entry LIKE '%number:3\"%'",
            None,
        ),
        ("UPDATE audit_log SET actor = 'nobody' WHERE sequence = 7", Some(7)),
        ("UPDATE audit_log SET action = 'test.other' WHERE sequence = 7", Some(7)),
        ("UPDATE audit_log SET target = NULL WHERE sequence = 9", Some(9)),
        (
            "UPDATE audit_log SET hash = (SELECT hash FROM kept k WHERE k.organization_id = audit_log.organization_id AND k.sequence = 3) WHERE sequence = 8",
            Some(8),
        ),
        ("DELETE FROM audit_log WHERE sequence = 5", Some(5)),
        ("DELETE FROM audit_log WHERE sequence > 15", Some(16)),
        ("UPDATE audit_chains SET sequence = sequence - 1", Some(last - 1)),
        ("UPDATE audit_chains SET pruned_sequence = 3", Some(4)),
    ] {
        apply(&w.db, change).await;
        let verdict = verify(&w.db, w.org.id).await;
        let broken = verdict.broken.unwrap_or_else(|| panic!("not found: {change}"));
        if let Some(at) = at {
            assert_eq!(broken.sequence, at, "{change}: {}", broken.reason);
        }
        for statement in [
            "DELETE FROM audit_log",
            "INSERT INTO audit_log SELECT * FROM kept",
            "DELETE FROM audit_chains",
            "INSERT INTO audit_chains SELECT * FROM chains",
        ] {
            apply(&w.db, statement).await;
        }
        assert!(verify(&w.db, w.org.id).await.broken.is_none(), "{change}");
    }
}

/// With the triggers off on PostgreSQL; on SQLite they are gone already.
async fn apply(db: &Db, statement: &str) {
    let postgres = db.engine() == Engine::Postgres;
    let trigger = |what: &str| Sql::new(format!("ALTER TABLE audit_log {what} TRIGGER USER"));
    let (off, on, sql) = (trigger("DISABLE"), trigger("ENABLE"), Sql::new(statement.to_owned()));
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                if postgres {
                    tx.execute(off).await?;
                }
                tx.execute(sql).await?;
                if postgres {
                    tx.execute(on).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}

async fn a_chain_written_anew_does_not_pass_a_noted_place(db: Db) {
    let w = World::new(db).await;
    entries(&w, 5).await;
    let verdict = verify(&w.db, w.org.id).await;
    let noted: Head = format!("{}:{}", verdict.last_sequence, verdict.hash).parse().unwrap();
    entries(&w, 5).await;
    let noted = [noted];
    assert!(audit::verify(&w.db, w.org.id, &noted).await.unwrap().broken.is_none());
    // Everything away, and something else in its place.
    tamper(&w.db, &["DELETE FROM audit_log"]).await;
    apply(&w.db, "DELETE FROM audit_chains").await;
    entries(&w, 30).await;
    assert!(verify(&w.db, w.org.id).await.broken.is_none(), "in itself it is whole");
    let broken = audit::verify(&w.db, w.org.id, &noted).await.unwrap().broken.expect("found");
    assert_eq!(broken.sequence, noted[0].sequence);
    for wrong in ["", "7", "7:zz", "x:00", &format!("7:{}", "é".repeat(32))] {
        assert!(wrong.parse::<Head>().is_err(), "{wrong}");
    }
}

async fn nobody_changes_or_deletes_an_entry(db: Db) {
    let w = World::new(db).await;
    entries(&w, 3).await;
    for statement in [
        "UPDATE audit_log SET actor = 'nobody'",
        "UPDATE audit_log SET entry = '{}' WHERE sequence = 1",
        "DELETE FROM audit_log",
        "DELETE FROM audit_log WHERE sequence = 2",
    ] {
        let sql = Sql::new(statement);
        let refused = w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await;
        let text = format!("{:?}", refused.expect_err(statement));
        assert!(text.contains("append only"), "{text}");
    }
    assert!(verify(&w.db, w.org.id).await.broken.is_none());
}

async fn what_is_cut_off_leaves_a_whole_chain(db: Db) {
    let w = World::new(db).await;
    entries(&w, 10).await;
    let before = verify(&w.db, w.org.id).await;
    let place: Head = format!("{}:{}", before.last_sequence, before.hash).parse().unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let cut = bifrost_store::now();
    entries(&w, 10).await;
    assert_eq!(audit::prune(&w.db, cut - TimeDelta::days(1)).await.unwrap(), 0);
    while audit::prune(&w.db, cut).await.unwrap() > 0 {}
    drain(&w.db).await;
    let after = audit::verify(&w.db, w.org.id, &[place]).await.unwrap();
    assert_eq!(after.broken, None);
    assert_eq!(after.first_sequence, before.last_sequence + 1);
    assert!(after.entries >= 10);
    let left = all(&w.db, w.org.id).await;
    assert!(left.iter().all(|logged| logged.entry.at >= cut));
    assert!(left.iter().any(|logged| logged.entry.action == "audit.prune"));
    // The newest entry stays, however old.
    while audit::prune(&w.db, bifrost_store::now() + TimeDelta::days(1)).await.unwrap() > 0 {}
    assert!(!all(&w.db, w.org.id).await.is_empty());
    assert!(verify(&w.db, w.org.id).await.broken.is_none());
}

async fn entries_are_found(db: Db) {
    let w = World::new(db).await;
    let by = |name: &str| {
        let id = (name == "ada").then_some(w.user);
        w.db.by(Arc::new(Actor { id, name: name.into(), ..Actor::default() }))
    };
    for (name, action, target) in [
        ("ada", "user.create", "1"),
        ("bob", "user.update", "1"),
        ("ada", "userx.update", "2"),
        ("bob", "config.set", "2"),
    ] {
        let event = Event::new(action).within(w.other.id).target("user", target);
        audit::note(&by(name), event).await.unwrap();
    }
    drain(&w.db).await;
    let org = w.db.org(w.other.id);
    let found = async |filters: Filters| {
        let order = Order::NewestFirst(None);
        let found = audit::search(&org, &filters, order, 10).await.unwrap();
        let actions: Vec<_> = found.into_iter().map(|logged| logged.entry.action).collect();
        actions.join(" ")
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        found(Filters::default()).await,
        "config.set userx.update user.update user.create organization.create"
    );
    assert_eq!(found(Filters { actor: some("bob"), ..Default::default() }).await, "config.set user.update");
    let by_id = Filters { actor_id: Some(w.user), ..Default::default() };
    assert_eq!(found(by_id).await, "userx.update user.create");
    assert_eq!(
        found(Filters { action: some("user."), ..Default::default() }).await,
        "user.update user.create"
    );
    assert_eq!(found(Filters { action: some("config.set"), ..Default::default() }).await, "config.set");
    assert_eq!(
        found(Filters { target: some("user:1"), ..Default::default() }).await,
        "user.update user.create"
    );
    let future = bifrost_store::now() + TimeDelta::minutes(1);
    assert_eq!(found(Filters { since: Some(future), ..Default::default() }).await, "");
    assert_ne!(found(Filters { until: Some(future), ..Default::default() }).await, "");
    // In pages.
    let first = audit::search(&org, &Filters::default(), Order::NewestFirst(None), 2).await.unwrap();
    let next = Order::NewestFirst(Some(first[1].sequence));
    let second = audit::search(&org, &Filters::default(), next, 2).await.unwrap();
    assert_eq!(second[0].sequence, first[1].sequence - 1);
    // Nobody else's.
    let foreign = Filters { action: some("user.create"), ..Default::default() };
    let seen = audit::search(&w.db.org(w.org.id), &foreign, Order::NewestFirst(None), 10).await.unwrap();
    assert!(seen.iter().all(|logged| logged.entry.target.as_deref() != Some("user:1")));
}
