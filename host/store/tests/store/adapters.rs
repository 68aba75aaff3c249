//! Sources with an adapter: chosen from what is deployed, configured, subscribed once, and with a
//! state that nobody writes over by accident.

use crate::common::*;
use crate::webhooks::{received, settings};
use bifrost_core::integration::{Field, Schema, Values};
use bifrost_core::*;
use bifrost_store::webhooks::adapters::{
    self, Choice, MAX_ATTEMPTS, Method, NewChoice, Settled, Status, Task,
};
use bifrost_store::webhooks::sources::{self, Webhook};
use bifrost_store::workspaces::Deployment;
use bifrost_store::{Db, Keyring, Scoped, Sql, now, rotation, workspaces};
use chrono::TimeDelta;
use serde_json::{Value, json};

on_both!(
    an_adapter_keeps_its_id_over_deployments,
    values_are_checked_and_secrets_are_sealed,
    a_subscription_from_its_beginning,
    failures_are_counted_and_end,
    what_was_overtaken_changes_nothing,
    a_source_goes_when_its_subscription_is_taken_back,
    a_state_is_written_over_its_own_revision_only,
    an_adapter_in_use_stays_deployed,
    nothing_is_seen_by_another_organization,
);

fn keys() -> Keyring {
    Keyring::from_bytes([1; 32])
}

pub fn adapter(name: &str, subscribes: bool) -> AdapterInfo {
    let field =
        |key: &str, kind| Field { key: key.into(), kind, required: false, default: None, description: None };
    AdapterInfo {
        id: format!("a.py::{name}"),
        path: "a.py".into(),
        class_name: name.into(),
        line: 1,
        name: name.into(),
        description: String::new(),
        integration: None,
        config_schema: Schema(vec![
            Field { required: true, ..field("secret", ConfigType::Secret) },
            Field { default: Some(json!(5)), ..field("limit", ConfigType::Int) },
            field("place", ConfigType::String),
        ]),
        subscribes,
    }
}

pub fn with(hash: &str, adapters: Vec<AdapterInfo>) -> Deployment {
    let mut deployment = deployment(hash, vec![info("a.py::sync", "sync")]);
    deployment.report.adapters = adapters;
    deployment
}

fn values(value: Value) -> Values {
    value.as_object().unwrap().clone()
}

async fn world(db: Db) -> (World, Scoped) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    workspaces::deploy(&org, with("h2", vec![adapter("Acme", true), adapter("Plain", false)])).await.unwrap();
    (w, org)
}

async fn source(w: &World, org: &Scoped, adapter: &str, name: &str) -> Webhook {
    let choice = NewChoice { adapter: adapter.into(), config: values(json!({ "secret": "s3cret-canary" })) };
    adapters::create(org, &keys(), settings(name), choice, w.user).await.unwrap()
}

async fn choice(org: &Scoped, webhook: &Webhook) -> Choice {
    adapters::of(org, webhook.id).await.unwrap().unwrap()
}

/// Does what is due, and answers it as `called`.
async fn attempt(org: &Scoped, webhook: &Webhook, called: adapters::Called) -> Settled {
    let work = adapters::claim(org, &keys(), webhook.id).await.unwrap().expect("something is due");
    adapters::settle(org, &keys(), work, called).await.unwrap()
}

fn subscribed(state: Value, expires_at: Option<chrono::DateTime<chrono::Utc>>) -> adapters::Called {
    Ok(Some(json!({ "state": state, "expires_at": expires_at })))
}

/// Makes what is to be done later due now.
async fn hurry(org: &Scoped) {
    let sql = Sql::new("UPDATE adapter_sources SET next_at = $1 WHERE next_at IS NOT NULL").bind(now());
    org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
}

/// From a deployment to a subscription, with whatever rights the database gives.
pub async fn works_with_two_roles(w: &World, keys: &Keyring) {
    let org = w.db.org(w.org.id);
    workspaces::deploy(&org, with("with adapters", vec![adapter("Acme", true)])).await.unwrap();
    let choice = NewChoice { adapter: "Acme".into(), config: values(json!({ "secret": "s" })) };
    let made = adapters::create(&org, keys, settings("adapted"), choice, w.user).await.unwrap();
    assert_eq!(adapters::due(&w.db, now(), 10).await.unwrap(), [(w.org.id, made.id)]);
    let work = adapters::claim(&org, keys, made.id).await.unwrap().unwrap();
    let settled = adapters::settle(&org, keys, work, subscribed(json!({ "id": 7 }), None)).await.unwrap();
    assert_eq!(settled, Settled::Done);
    let (_, kept, revision) = adapters::open(&org, keys, made.id).await.unwrap();
    assert_eq!((kept.state["id"].clone(), revision), (json!(7), 1));
    assert!(
        adapters::take(&org, keys, &made, vec![received("1", json!(1))], Some((kept, 1)))
            .await
            .unwrap()
            .is_some()
    );
    workspaces::deploy(&org, Deployment { force: true, ..with("without", vec![]) }).await.unwrap();
    sources::delete(&org, made.id).await.unwrap();
}

async fn an_adapter_keeps_its_id_over_deployments(db: Db) {
    let (w, org) = world(db).await;
    let global = w.db.scope(Scope::Global);
    workspaces::deploy(&global, with("g2", vec![adapter("Acme", false), adapter("Shared", false)]))
        .await
        .unwrap();
    let names = async |org: &Scoped| {
        let all = adapters::list(org).await.unwrap();
        all.into_iter().map(|one| (one.info.name, one.scope)).collect::<Vec<_>>()
    };
    let own = Scope::Organization(w.org.id);
    assert_eq!(
        names(&org).await,
        [("Acme", own), ("Acme", Scope::Global), ("Plain", own), ("Shared", Scope::Global)]
            .map(|(name, scope)| (name.to_owned(), scope))
    );
    assert_eq!(names(&w.db.org(w.other.id)).await.len(), 2, "the provider's, and no others");
    let found = adapters::find(&org, "Acme").await.unwrap();
    assert_eq!(found.scope, own, "the own one first");
    assert_eq!(adapters::find(&org, &found.id.to_string()).await.unwrap(), found);
    assert!(matches!(
        adapters::find(&w.db.org(w.other.id), &found.id.to_string()).await,
        Err(Error::NotFound(_))
    ));
    assert!(matches!(adapters::find(&org, "nobody").await, Err(Error::NotFound(_))));

    workspaces::deploy(&org, with("h3", vec![])).await.unwrap();
    assert_eq!(adapters::find(&org, "Acme").await.unwrap().scope, Scope::Global);
    workspaces::rollback(&org, 2, false, None).await.unwrap();
    assert_eq!(adapters::find(&org, "Acme").await.unwrap().id, found.id, "the same again");
    let twice = workspaces::deploy(&org, with("h4", vec![adapter("A", true), adapter("A", false)])).await;
    assert!(twice.unwrap_err().to_string().contains("there twice"));
}

async fn values_are_checked_and_secrets_are_sealed(db: Db) {
    let (w, org) = world(db).await;
    for (config, at_fault) in [
        (json!({}), "config.secret"),
        (json!({ "secret": "s", "limit": "5" }), "config.limit"),
        (json!({ "secret": "s", "other": 1 }), "config.other"),
    ] {
        let choice = NewChoice { adapter: "Acme".into(), config: values(config) };
        let refused = adapters::create(&org, &keys(), settings("x"), choice, w.user).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field, .. } if field == at_fault), "{refused}");
    }
    let without = sources::create(&org, &keys(), WebhookKind::Adapter, settings("x"), None, w.user).await;
    assert!(without.unwrap_err().to_string().starts_with("adapter: "));
    let fast = sources::Settings { rate_per_minute: 60_000, ..settings("x") };
    let choice_of = || NewChoice { adapter: "Acme".into(), config: values(json!({ "secret": "s" })) };
    assert!(adapters::create(&org, &keys(), fast, choice_of(), w.user).await.is_err());
    let nobody = NewChoice { adapter: "nobody".into(), ..choice_of() };
    let refused = adapters::create(&org, &keys(), settings("x"), nobody, w.user).await;
    assert!(matches!(refused, Err(Error::NotFound("adapter"))));
    assert!(sources::list(&org).await.unwrap().is_empty(), "nothing is left of what was refused");

    let made = source(&w, &org, "Acme", "hook").await;
    adapters::configure(&org, &keys(), made.id, values(json!({ "limit": 7, "place": "x" }))).await.unwrap();
    adapters::configure(&org, &keys(), made.id, values(json!({ "place": null }))).await.unwrap();
    let (shown, kept, _) = adapters::open(&org, &keys(), made.id).await.unwrap();
    assert_eq!(
        (Value::Object(shown.config), shown.secret_keys),
        (json!({ "limit": 7 }), vec!["secret".to_owned()])
    );
    assert_eq!(Value::Object(kept.secrets), json!({ "secret": "s3cret-canary" }));
    let refused = adapters::configure(&org, &keys(), made.id, values(json!({ "secret": null }))).await;
    assert!(refused.unwrap_err().to_string().contains("config.secret"));
    let next = Keyring::from_bytes([2; 32]).with_previous(&keys());
    rotation::wrap(&w.db, &next, &mut |_| ()).await.unwrap();
    rotation::renew(&w.db, &next, &mut |_| ()).await.unwrap();
    rotation::finish(&w.db, &next, &mut |_| ()).await.unwrap();
    let (_, kept, _) = adapters::open(&org, &next, made.id).await.unwrap();
    assert_eq!(Value::Object(kept.secrets), json!({ "secret": "s3cret-canary" }));
    // What is audited names secrets and does not tell them.
    let sql = Sql::new("SELECT entry FROM audit_outbox ORDER BY id");
    let rows = w.db.system().read().await.unwrap().all(sql).await.unwrap();
    let log: Vec<String> = rows.iter().map(|row| row.get("entry").unwrap()).collect();
    let configured: Vec<_> = log.iter().filter(|entry| entry.contains("webhook.configure")).collect();
    assert!(configured.len() == 3 && configured[0].contains("\"secret\""), "{configured:?}");
    assert!(log.iter().all(|entry| !entry.contains("s3cret-canary")));
}

async fn a_subscription_from_its_beginning(db: Db) {
    let (w, org) = world(db).await;
    let plain = source(&w, &org, "Plain", "plain").await;
    let one = choice(&org, &plain).await;
    assert_eq!((one.status, one.next_at), (Status::Active, None), "there is nothing to do");
    let made = source(&w, &org, "Acme", "hook").await;
    assert_eq!(choice(&org, &made).await.status, Status::Pending);
    assert_eq!(adapters::due(&w.db, now(), 10).await.unwrap(), [(w.org.id, made.id)]);

    let work = adapters::claim(&org, &keys(), made.id).await.unwrap().unwrap();
    assert_eq!((work.task, work.task.method()), (Task::Subscribe, Method::Subscribe));
    assert!(adapters::claim(&org, &keys(), made.id).await.unwrap().is_none(), "somebody else has it");
    let until = now() + TimeDelta::days(3);
    let settled = adapters::settle(&org, &keys(), work, subscribed(json!({ "id": 7 }), Some(until))).await;
    assert_eq!(settled.unwrap(), Settled::Done);
    let one = choice(&org, &made).await;
    assert_eq!((one.status, one.is_subscribed, one.attempts), (Status::Active, true, 0));
    let next = one.next_at.unwrap();
    assert!(next > now() + TimeDelta::days(2) && next < until, "{next}");

    hurry(&org).await;
    let work = adapters::claim(&org, &keys(), made.id).await.unwrap().unwrap();
    assert_eq!((work.task, work.kept.state["id"].clone()), (Task::Renew, json!(7)));
    adapters::settle(&org, &keys(), work, subscribed(Value::Null, None)).await.unwrap();
    let (one, kept, _) = adapters::open(&org, &keys(), made.id).await.unwrap();
    assert_eq!((one.expires_at, one.next_at), (None, None), "now it is for ever");
    assert_eq!(kept.state["id"], json!(7), "what was not said stays");

    // What it is given is changed: the other system has to know.
    adapters::configure(&org, &keys(), made.id, values(json!({ "limit": 1 }))).await.unwrap();
    assert_eq!(choice(&org, &made).await.status, Status::Pending);
    let work = adapters::claim(&org, &keys(), made.id).await.unwrap().unwrap();
    assert_eq!(work.task, Task::Renew);
    // Code that says something odd has failed.
    let settled = adapters::settle(&org, &keys(), work, Ok(Some(json!({ "state": [] })))).await.unwrap();
    assert_eq!(settled, Settled::Later);
    assert!(choice(&org, &made).await.error.unwrap().starts_with("answer: "));
    assert!(adapters::again(&org, plain.id).await.unwrap_err().to_string().contains("nothing to subscribe"));
}

/// What people are to be told of webhooks that are broken.
async fn broken(db: &Db) -> Vec<String> {
    let sql = Sql::new("SELECT details FROM notification_events WHERE kind = $1 ORDER BY id");
    let rows = db.system().read().await.unwrap().all(sql.bind("webhook_broken")).await.unwrap();
    let told = |row: &bifrost_store::Row| {
        let details: notification::Details = row.document("details").unwrap();
        format!("{}: {}", details.name, details.summary)
    };
    rows.iter().map(told).collect()
}

async fn failures_are_counted_and_end(db: Db) {
    let (w, org) = world(db).await;
    let made = source(&w, &org, "Acme", "hook").await;
    for n in 1..=MAX_ATTEMPTS {
        hurry(&org).await;
        let settled = attempt(&org, &made, Err(format!("OSError: {n} {}", "x".repeat(5_000)))).await;
        assert_eq!(settled, if n == MAX_ATTEMPTS { Settled::GivenUp } else { Settled::Later });
        let one = choice(&org, &made).await;
        assert!(
            one.error
                .as_ref()
                .is_some_and(|text| text.starts_with(&format!("OSError: {n} ")) && text.len() <= 1_000)
        );
        assert_eq!((one.attempts, one.failed_at.is_some()), (n, true));
        assert!(one.next_at.is_none_or(|at| at > now()), "not at once");
    }
    let one = choice(&org, &made).await;
    assert_eq!((one.status, one.next_at), (Status::Failed, None));
    assert_eq!(broken(&w.db).await, ["hook: It could not subscribe at the other system; subscribe it again"]);
    hurry(&org).await;
    assert!(adapters::due(&w.db, now(), 10).await.unwrap().is_empty());
    adapters::again(&org, made.id).await.unwrap();
    assert_eq!(attempt(&org, &made, subscribed(json!({}), None)).await, Settled::Done);
    let one = choice(&org, &made).await;
    assert_eq!((one.status, one.error, one.failed_at), (Status::Active, None, None));
    adapters::note_failure(&org, made.id, "ValueError: x").await.unwrap();
    let one = choice(&org, &made).await;
    assert_eq!((one.status, one.request_error.as_deref()), (Status::Active, Some("ValueError: x")));
    // An organization that is not active is left alone.
    adapters::again(&org, made.id).await.unwrap();
    let change =
        bifrost_store::organizations::OrganizationChange { is_active: Some(false), ..Default::default() };
    bifrost_store::organizations::update(&w.db, w.org.id, change).await.unwrap();
    assert!(adapters::due(&w.db, now(), 10).await.unwrap().is_empty());
}

async fn what_was_overtaken_changes_nothing(db: Db) {
    let (w, org) = world(db).await;
    let made = source(&w, &org, "Acme", "hook").await;
    let slow = adapters::claim(&org, &keys(), made.id).await.unwrap().unwrap();
    hurry(&org).await;
    let second = adapters::claim(&org, &keys(), made.id).await.unwrap().unwrap();
    let settled = adapters::settle(&org, &keys(), slow, Err("late".into())).await.unwrap();
    assert_eq!(settled, Settled::Overtaken);
    assert_eq!(choice(&org, &made).await.error, None);
    assert_eq!(
        adapters::settle(&org, &keys(), second, subscribed(json!({ "id": 2 }), None)).await.unwrap(),
        Settled::Done
    );
    // The configuration is changed while somebody renews: that is done again, with the state kept.
    adapters::again(&org, made.id).await.unwrap();
    let renewing = adapters::claim(&org, &keys(), made.id).await.unwrap().unwrap();
    adapters::again(&org, made.id).await.unwrap();
    let settled =
        adapters::settle(&org, &keys(), renewing, subscribed(json!({ "id": 3 }), None)).await.unwrap();
    assert_eq!(settled, Settled::Overtaken);
    let (one, kept, _) = adapters::open(&org, &keys(), made.id).await.unwrap();
    assert_eq!((one.status, kept.state["id"].clone()), (Status::Pending, json!(3)));
}

async fn a_source_goes_when_its_subscription_is_taken_back(db: Db) {
    let (w, org) = world(db).await;
    let rows = async || {
        let mut all = 0;
        for table in ["webhook_sources", "adapter_sources", "adapter_values"] {
            let sql = Sql::new(format!("SELECT COUNT(*) AS n FROM {table}"));
            all += org.read().await.unwrap().one(sql).await.unwrap().get::<i64>("n").unwrap();
        }
        all
    };
    let untold = source(&w, &org, "Acme", "untold").await;
    assert!(!adapters::end(&org, untold.id).await.unwrap(), "nobody was told of it");
    sources::delete(&org, untold.id).await.unwrap();
    assert_eq!(rows().await, 0);

    let made = source(&w, &org, "Acme", "hook").await;
    attempt(&org, &made, subscribed(json!({ "id": 7 }), None)).await;
    assert!(adapters::end(&org, made.id).await.unwrap() && adapters::end(&org, made.id).await.unwrap());
    assert!(sources::at(&w.db, made.hook_id).await.unwrap().is_none(), "it takes nothing any more");
    for refused in [
        adapters::configure(&org, &keys(), made.id, values(json!({ "limit": 1 }))).await,
        adapters::again(&org, made.id).await,
    ] {
        assert_eq!(code(refused.unwrap_err()), "ending");
    }
    assert_eq!(attempt(&org, &made, Err("OSError: away".into())).await, Settled::Later);
    let one = choice(&org, &made).await;
    assert_eq!((one.status, one.error.as_deref()), (Status::Ending, Some("OSError: away")));
    hurry(&org).await;
    let work = adapters::claim(&org, &keys(), made.id).await.unwrap().unwrap();
    assert_eq!((work.task, work.kept.state["id"].clone()), (Task::Unsubscribe, json!(7)));
    assert_eq!(adapters::settle(&org, &keys(), work, Ok(None)).await.unwrap(), Settled::Done);
    assert_eq!(rows().await, 0);

    // One that cannot be taken back goes as well, after a while.
    let made = source(&w, &org, "Acme", "stuck").await;
    attempt(&org, &made, subscribed(json!({}), None)).await;
    adapters::end(&org, made.id).await.unwrap();
    for _ in 1..MAX_ATTEMPTS {
        assert_eq!(attempt(&org, &made, Err("no".into())).await, Settled::Later);
        hurry(&org).await;
    }
    assert_eq!(attempt(&org, &made, Err("no".into())).await, Settled::GivenUp);
    assert_eq!(rows().await, 0);
    let told = broken(&w.db).await;
    assert!(told.len() == 1 && told[0].starts_with("stuck: It is deleted"), "{told:?}");
}

async fn a_state_is_written_over_its_own_revision_only(db: Db) {
    let (w, org) = world(db).await;
    let made = source(&w, &org, "Plain", "hook").await;
    let (_, kept, revision) = adapters::open(&org, &keys(), made.id).await.unwrap();
    let next = |n: i64| adapters::Kept { state: values(json!({ "n": n })), ..kept.clone() };
    // Twenty at the same time from the same revision: one is taken, with its event.
    let all = (0..20).map(|n| {
        let (org, made, next) = (org.clone(), made.clone(), next(n));
        tokio::spawn(async move {
            let events = vec![received(&n.to_string(), json!(n)), received("same", json!(0))];
            adapters::take(&org, &keys(), &made, events, Some((next, revision))).await.unwrap()
        })
    });
    let all: Vec<_> = futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    let taken: Vec<_> = all.iter().flatten().collect();
    assert_eq!((taken.len(), taken[0].iter().filter(|one| one.is_new).count()), (1, 2));
    let stored = bifrost_store::webhooks::deliveries::list(&org, made.id, None, None, 100).await.unwrap();
    assert_eq!(stored.len(), 2, "the events of the others are not there");
    let (_, kept, now) = adapters::open(&org, &keys(), made.id).await.unwrap();
    assert!(kept.state["n"].is_i64() && now == revision + 1);
    let again = adapters::take(&org, &keys(), &made, vec![received("same", json!(0))], None).await.unwrap();
    assert!(again.unwrap().iter().all(|one| !one.is_new), "known by its id");
}

async fn an_adapter_in_use_stays_deployed(db: Db) {
    let (w, org) = world(db).await;
    let made = source(&w, &org, "Acme", "hook").await;
    let refused = workspaces::deploy(&org, with("h3", vec![])).await.unwrap_err();
    assert!(refused.to_string().contains(&format!("Acme (webhook {})", made.id)), "{refused}");
    assert_eq!(code(refused), "adapter_in_use");
    // Somebody else's use of a global one counts as well.
    let global = w.db.scope(Scope::Global);
    workspaces::deploy(&global, with("g2", vec![adapter("Shared", true)])).await.unwrap();
    let theirs = source(&w, &w.db.org(w.other.id), "Shared", "theirs").await;
    let refused = workspaces::deploy(&global, with("g3", vec![])).await.unwrap_err();
    assert!(refused.to_string().contains(&theirs.id.to_string()), "{refused}");
    workspaces::deploy(&org, Deployment { force: true, ..with("h3", vec![]) }).await.unwrap();
    assert!(!choice(&org, &made).await.adapter.is_deployed);
    assert!(!adapters::end(&org, made.id).await.unwrap(), "nobody could take it back");
    sources::delete(&org, made.id).await.unwrap();
}

async fn nothing_is_seen_by_another_organization(db: Db) {
    let (w, org) = world(db).await;
    let made = source(&w, &org, "Acme", "hook").await;
    let other = w.db.org(w.other.id);
    assert!(adapters::of(&other, made.id).await.unwrap().is_none());
    assert!(adapters::all(&other).await.unwrap().is_empty());
    assert!(adapters::open(&other, &keys(), made.id).await.is_err());
    assert!(adapters::claim(&other, &keys(), made.id).await.is_err());
    assert!(adapters::configure(&other, &keys(), made.id, values(json!({ "limit": 1 }))).await.is_err());
    assert!(adapters::end(&other, made.id).await.is_err() && adapters::again(&other, made.id).await.is_err());
    adapters::note_failure(&other, made.id, "x").await.unwrap();
    assert_eq!(choice(&org, &made).await.request_error, None);
    let choice = NewChoice { adapter: "Acme".into(), config: values(json!({ "secret": "s" })) };
    let refused = adapters::create(&other, &keys(), settings("x"), choice, w.user).await;
    assert!(matches!(refused, Err(Error::NotFound("adapter"))), "it is not theirs to choose");
    assert_eq!(adapters::all(&org).await.unwrap().len(), 1, "the control");
}
