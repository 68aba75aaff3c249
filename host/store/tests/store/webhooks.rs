//! Deliveries: taken in once, made into runs once, whoever does it and however often.

use crate::common::*;
use crate::endpoints::endpoint;
use bifrost_core::*;
use bifrost_store::webhooks::deliveries::{self, Delivery, State};
use bifrost_store::webhooks::sources::{self, Settings, Webhook};
use bifrost_store::webhooks::subscriptions::{self, NewSubscription};
use bifrost_store::webhooks::{self, MAX_ATTEMPTS, Received, secrets};
use bifrost_store::{Db, Keyring, Scoped, Sql, endpoints, executions};
use chrono::TimeDelta;
use serde_json::{Value, json};
use zeroize::Zeroizing;

on_both!(
    a_delivery_is_taken_in_once,
    a_body_is_the_same_for_a_while,
    a_delivery_makes_each_run_once,
    filters_and_mappings_decide,
    one_bad_subscription_does_not_keep_the_others,
    attempts_are_counted_and_end,
    a_replay_is_a_new_delivery,
    deliveries_go_when_their_time_is_over,
    events_reach_topics_and_chains_end,
);

pub fn keys() -> Keyring {
    Keyring::from_bytes([1; 32])
}

pub fn settings(name: &str) -> Settings {
    Settings {
        name: name.into(),
        topic: None,
        signature_header: None,
        delivery_header: None,
        tolerance_seconds: 300,
        networks: vec![],
        rate_per_minute: 600,
        body_bytes: 1 << 20,
        retention_days: 30,
        is_enabled: true,
    }
}

pub async fn source(w: &World, org: &Scoped) -> Webhook {
    let secret = Some(Zeroizing::new("a secret".into()));
    sources::create(org, &keys(), WebhookKind::Generic, settings("hook"), secret, w.user).await.unwrap()
}

pub async fn topic(w: &World, name: &str) -> Webhook {
    let settings = Settings { topic: Some(name.into()), ..settings(name) };
    sources::create(&w.db.org(w.org.id), &keys(), WebhookKind::Topic, settings, None, w.user).await.unwrap()
}

pub async fn subscribe(w: &World, webhook: WebhookId, filter: Value, mapping: Value) -> SubscriptionId {
    let new = NewSubscription {
        workflow_id: w.workflow,
        filter: serde_json::from_value(filter).unwrap(),
        mapping: serde_json::from_value(mapping).unwrap(),
        is_enabled: true,
        created_by: w.user,
    };
    subscriptions::create(&w.db.org(w.org.id), webhook, new).await.unwrap().id
}

pub fn received(id: &str, body: Value) -> Received {
    Received {
        same_as: Some(format!("id:{id}")),
        content_type: Some("application/json".into()),
        body: body.to_string().into_bytes(),
        ..Received::default()
    }
}

pub async fn delivered(w: &World, webhook: &Webhook, id: &str, body: Value) -> DeliveryId {
    let taken = webhooks::receive(&w.db.org(w.org.id), webhook, received(id, body)).await.unwrap();
    assert!(taken.is_new);
    taken.id
}

pub async fn process(w: &World, id: DeliveryId) -> webhooks::Processed {
    webhooks::process(&w.db, &NoObjects, w.org.id, id).await.unwrap()
}

async fn get(w: &World, id: DeliveryId) -> Delivery {
    deliveries::get(&w.db.org(w.org.id), id).await.unwrap()
}

/// From a sender to a run, with whatever rights the database gives.
pub async fn works_with_two_roles(w: &World, keys: &Keyring) {
    let org = w.db.org(w.org.id);
    let secret = Some(Zeroizing::new("a secret".into()));
    let made =
        sources::create(&org, keys, WebhookKind::Generic, settings("hook"), secret, w.user).await.unwrap();
    subscribe(w, made.id, json!([]), json!({})).await;
    let found = sources::at(&w.db, made.hook_id).await.unwrap().unwrap();
    assert_eq!(secrets::of(&org, keys, found.id).await.unwrap()[0].as_slice(), b"a secret");
    let id = delivered(w, &found, "1", json!(1)).await;
    assert_eq!(webhooks::due(&w.db, bifrost_store::now(), 10).await.unwrap(), [(w.org.id, id)]);
    assert_eq!(process(w, id).await.state, Some(State::Done));
    assert_eq!(deliveries::expire(&w.db, bifrost_store::now() + TimeDelta::days(31), 10).await.unwrap(), 1);
    endpoints::create(&org, w.workflow, endpoint("orders"), w.user).await.unwrap();
    assert!(endpoints::at(&org, "orders").await.unwrap().is_some());
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    db.system().read().await.unwrap().one(Sql::new(sql)).await.unwrap().get("n").unwrap()
}

pub async fn runs(w: &World) -> i64 {
    count(&w.db, "SELECT COUNT(*) AS n FROM executions").await
}

async fn a_delivery_is_taken_in_once(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let webhook = source(&w, &org).await;
    // Twenty at the same time, of which one is first.
    let all = (0..20).map(|n| {
        let (org, webhook) = (org.clone(), webhook.clone());
        tokio::spawn(async move {
            webhooks::receive(&org, &webhook, received("7", json!({ "n": n }))).await.unwrap()
        })
    });
    let all: Vec<_> = futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(all.iter().filter(|one| one.is_new).count(), 1);
    assert!(all.iter().all(|one| one.id == all[0].id), "all are told of the first one");
    assert!(webhooks::receive(&org, &webhook, received("8", json!(1))).await.unwrap().is_new);
    // Another source may use the same ids.
    let secret = Some(Zeroizing::new("another secret".into()));
    let other =
        sources::create(&org, &keys(), WebhookKind::Github, settings("other"), secret, w.user).await.unwrap();
    assert!(webhooks::receive(&org, &other, received("7", json!(1))).await.unwrap().is_new);
    assert_eq!(count(&w.db, "SELECT COUNT(*) AS n FROM webhook_deliveries").await, 3);
}

async fn a_body_is_the_same_for_a_while(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let webhook = source(&w, &org).await;
    let same = || Received { same_for: Some(TimeDelta::minutes(10)), ..received("hash", json!(1)) };
    let first = webhooks::receive(&org, &webhook, same()).await.unwrap();
    let second = webhooks::receive(&org, &webhook, same()).await.unwrap();
    assert_eq!((first.is_new, second.is_new, second.id), (true, false, first.id));
    let sql = Sql::new("UPDATE webhook_deliveries SET received_at = $1");
    let sql = sql.bind(bifrost_store::now() - TimeDelta::minutes(11));
    org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    let third = webhooks::receive(&org, &webhook, same()).await.unwrap();
    assert!(third.is_new && third.id != first.id);
    assert!(!webhooks::receive(&org, &webhook, same()).await.unwrap().is_new);
}

async fn a_delivery_makes_each_run_once(db: Db) {
    let w = World::new(db).await;
    let webhook = source(&w, &w.db.org(w.org.id)).await;
    let mut subscriptions = vec![];
    for n in 0..3 {
        let mapping = json!({ "n": { "value": n }, "who": "/data/user", "from": "/source" });
        subscriptions.push(subscribe(&w, webhook.id, json!([]), mapping).await);
    }
    let id = delivered(&w, &webhook, "1", json!({ "user": "Ada" })).await;
    assert_eq!(webhooks::due(&w.db, bifrost_store::now(), 10).await.unwrap(), [(w.org.id, id)]);
    // Eight workers that all believe to lead.
    let all = (0..8).map(|_| {
        let db = w.db.clone();
        let organization = w.org.id;
        tokio::spawn(async move { webhooks::process(&db, &NoObjects, organization, id).await.unwrap() })
    });
    let all: Vec<_> = futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(all.iter().filter(|one| one.state == Some(State::Done)).count(), 1, "settled once");
    assert_eq!(all.iter().map(|one| one.runs.len()).sum::<usize>(), 3, "each run is new once");
    assert_eq!(runs(&w).await, 3);
    let delivery = get(&w, id).await;
    assert_eq!((delivery.state, delivery.attempts), (State::Done, 1));
    let told: Vec<_> = delivery.outcomes.iter().map(|one| one.subscription_id).collect();
    assert_eq!(told, subscriptions);
    for (n, outcome) in delivery.outcomes.iter().enumerate() {
        let run = w.get(outcome.execution_id.unwrap()).await;
        assert_eq!(run.parameters, json!({ "n": n, "who": "Ada", "from": "hook" }));
        assert_eq!((run.executed_by.0, run.executed_by_role), (w.workflow.0, bifrost_core::Role::OrgUser));
        assert_eq!((run.executed_by_email.as_str(), run.delivery_id), (webhook::IDENTITY, Some(id)));
    }
    assert!(webhooks::due(&w.db, bifrost_store::now(), 10).await.unwrap().is_empty());

    // Died after the runs and before they were noted, and the subscription was changed since.
    let sql = Sql::new("UPDATE webhook_deliveries SET state = 'pending', outcomes = $1").bind(json!([]));
    w.db.org(w.org.id).write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    let change = subscriptions::Change { mapping: Some(Mapping::default()), ..Default::default() };
    subscriptions::update(&w.db.org(w.org.id), subscriptions[0], change).await.unwrap();
    let again = process(&w, id).await;
    assert_eq!((again.state, again.runs.len(), runs(&w).await), (Some(State::Done), 0, 3));
    assert_eq!(get(&w, id).await.outcomes, delivery.outcomes, "it finds its runs again");
    // What repeats such a run is told of the delivery as well.
    let first = delivery.outcomes[0].execution_id;
    let new = executions::NewExecution { rerun_of: first, ..w.new_execution() };
    let rerun = executions::accept(&w.db.org(w.org.id), new).await.unwrap().execution;
    assert_eq!((rerun.delivery_id, w.get(rerun.id).await.delivery_id), (Some(id), Some(id)));
    let told = webhooks::told(&w.db.org(w.org.id), id).await.unwrap().unwrap();
    assert_eq!((&told["id"], &told["data"]["user"], &told["type"]), (&json!(id), &json!("Ada"), &json!("")));
}

async fn filters_and_mappings_decide(db: Db) {
    let w = World::new(db).await;
    let webhook = source(&w, &w.db.org(w.org.id)).await;
    let opened = json!([{ "pointer": "/data/action", "equals": "opened" }]);
    let subscription = subscribe(&w, webhook.id, opened, json!({ "everything": "" })).await;
    let id = delivered(&w, &webhook, "1", json!({ "action": "opened" })).await;
    assert_eq!(process(&w, id).await.state, Some(State::Done));
    let run = w.get(get(&w, id).await.outcomes[0].execution_id.unwrap()).await;
    let event = &run.parameters["everything"];
    assert_eq!((&event["id"], &event["data"]["action"]), (&json!(id), &json!("opened")));
    let id = delivered(&w, &webhook, "2", json!({ "action": "closed" })).await;
    assert_eq!(process(&w, id).await.state, Some(State::Ignored));
    assert_eq!(get(&w, id).await.outcomes[0].reason.as_deref(), Some("filtered"));
    let change = subscriptions::Change { is_enabled: Some(false), ..Default::default() };
    subscriptions::update(&w.db.org(w.org.id), subscription, change).await.unwrap();
    let id = delivered(&w, &webhook, "3", json!({ "action": "opened" })).await;
    assert_eq!(process(&w, id).await.state, Some(State::Ignored));
    assert_eq!(runs(&w).await, 1);
    let bad = NewSubscription {
        workflow_id: w.workflow,
        filter: serde_json::from_value(json!([{ "pointer": "x", "exists": true }])).unwrap(),
        mapping: Mapping::default(),
        is_enabled: true,
        created_by: w.user,
    };
    let refused = subscriptions::create(&w.db.org(w.org.id), webhook.id, bad).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })));
}

async fn one_bad_subscription_does_not_keep_the_others(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let webhook = source(&w, &org).await;
    let good = subscribe(&w, webhook.id, json!([]), json!({})).await;
    let huge = "x".repeat(900 << 10);
    let bad = subscribe(&w, webhook.id, json!([]), json!({ "a": "/data", "b": "/data" })).await;
    let id = delivered(&w, &webhook, "1", json!(huge)).await;
    assert_eq!(process(&w, id).await.state, Some(State::Failed));
    let outcomes = get(&w, id).await.outcomes;
    assert_eq!((outcomes[0].subscription_id, outcomes[1].subscription_id), (good, bad));
    assert!(outcomes[0].execution_id.is_some() && outcomes[1].execution_id.is_none());
    assert!(outcomes[1].reason.as_deref().unwrap().contains("mapping"), "{outcomes:?}");
    subscriptions::delete(&org, bad).await.unwrap();
    bifrost_store::workflows::set_active(&org, w.workflow, false).await.unwrap();
    let id = delivered(&w, &webhook, "2", json!(1)).await;
    assert_eq!(process(&w, id).await.state, Some(State::Failed));
    assert!(get(&w, id).await.outcomes[0].reason.as_deref().unwrap().contains("switched off"));
    assert_eq!(runs(&w).await, 1);
}

async fn attempts_are_counted_and_end(db: Db) {
    let w = World::new(db).await;
    let webhook = source(&w, &w.db.org(w.org.id)).await;
    let id = delivered(&w, &webhook, "1", json!(1)).await;
    let secret = Error::Internal(anyhow::anyhow!("a host name and a password"));
    for attempt in 1..MAX_ATTEMPTS {
        assert!(!webhooks::postpone(&w.db, w.org.id, id, &secret).await.unwrap());
        let delivery = get(&w, id).await;
        assert_eq!((delivery.attempts, delivery.state), (attempt, State::Pending));
        assert!(!delivery.error.unwrap().contains("password"), "it is for people");
        let pause = delivery.next_at - bifrost_store::now();
        assert!(
            pause <= webhooks::backoff(attempt) && pause > webhooks::backoff(attempt) - TimeDelta::seconds(5)
        );
    }
    assert!(webhooks::due(&w.db, bifrost_store::now(), 10).await.unwrap().is_empty(), "it waits");
    assert!(webhooks::postpone(&w.db, w.org.id, id, &secret).await.unwrap());
    let delivery = get(&w, id).await;
    assert_eq!((delivery.attempts, delivery.state), (MAX_ATTEMPTS, State::Failed));
    assert!(!webhooks::postpone(&w.db, w.org.id, id, &secret).await.unwrap(), "settled is settled");
}

async fn a_replay_is_a_new_delivery(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let webhook = source(&w, &org).await;
    subscribe(&w, webhook.id, json!([]), json!({ "n": "/data/n" })).await;
    let id = delivered(&w, &webhook, "1", json!({ "n": 1 })).await;
    assert_eq!(code(deliveries::replay(&org, id).await.unwrap_err()), "not_finished");
    process(&w, id).await;
    for _ in 0..2 {
        let again = deliveries::replay(&org, id).await.unwrap();
        assert_eq!((again.replay_of, again.state), (Some(id), State::Pending));
        assert_eq!(again.body, get(&w, id).await.body);
        assert_eq!(process(&w, again.id).await.runs.len(), 1);
    }
    assert_eq!(runs(&w).await, 3);
    // The sender's repetition is none.
    let taken = webhooks::receive(&org, &webhook, received("1", json!({ "n": 1 }))).await.unwrap();
    assert_eq!((taken.is_new, taken.id), (false, id));
    let listed = deliveries::list(&org, webhook.id, None, None, 10).await.unwrap();
    assert_eq!(listed.iter().filter(|one| one.replay_of == Some(id)).count(), 2);
    assert!(listed.len() == 3 && listed.iter().all(|one| one.body.is_empty() && one.body_bytes == 7));
    let page = deliveries::list(&org, webhook.id, Some(State::Done), Some(listed[0].id), 1).await.unwrap();
    assert_eq!(page[0].id, listed[1].id);
}

async fn deliveries_go_when_their_time_is_over(db: Db) {
    let w = World::new(db).await;
    let webhook = source(&w, &w.db.org(w.org.id)).await;
    let (done, pending) =
        (delivered(&w, &webhook, "1", json!(1)).await, delivered(&w, &webhook, "2", json!(1)).await);
    process(&w, done).await;
    let later = |days| bifrost_store::now() + TimeDelta::days(days);
    assert_eq!(deliveries::expire(&w.db, later(29), 10).await.unwrap(), 0);
    assert_eq!(deliveries::expire(&w.db, later(31), 10).await.unwrap(), 1);
    assert!(deliveries::get(&w.db.org(w.org.id), done).await.is_err());
    assert!(webhooks::told(&w.db.org(w.org.id), done).await.unwrap().is_none());
    assert_eq!(get(&w, pending).await.state, State::Pending, "nothing is lost that was not processed");
}

async fn events_reach_topics_and_chains_end(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let none = webhooks::emit(&org, "orders.created", json!(1), Lineage::default()).await.unwrap();
    assert_eq!(
        (none.subscribers, count(&w.db, "SELECT COUNT(*) AS n FROM webhook_deliveries").await),
        (0, 0)
    );
    let webhook = topic(&w, "orders.created").await;
    let large = json!([{ "pointer": "/data/total", "equals": 100 }]);
    subscribe(&w, webhook.id, large, json!({ "order": "/data" })).await;
    subscribe(&w, webhook.id, json!([]), json!({})).await;
    let emitted =
        webhooks::emit(&org, "orders.created", json!({ "total": 1 }), Lineage::default()).await.unwrap();
    assert_eq!(emitted.subscribers, 1);
    assert_eq!(process(&w, emitted.id).await.runs.len(), 1);
    assert!(webhooks::emit(&org, "orders", json!(1), Lineage::default()).await.is_err());
    let other = w.db.org(w.other.id);
    let elsewhere = webhooks::emit(&other, "orders.created", json!(1), Lineage::default()).await.unwrap();
    assert_eq!(elsewhere.subscribers, 0, "another organization's topic is another one");

    // Each run emits again, as long as it may.
    let mut run = w.accept().await;
    let mut length = 0;
    loop {
        let lineage = Lineage::of_child(&run, Scope::Organization(w.org.id));
        match webhooks::emit(&org, "orders.created", json!({}), lineage).await {
            Ok(emitted) => run = process(&w, emitted.id).await.runs.remove(0),
            Err(error) => break assert_eq!(code(error), "run_too_deep"),
        }
        length += 1;
        assert_eq!((run.lineage.depth, run.lineage.is_confined), (length, true));
        assert!(length <= Lineage::MAX_DEPTH);
    }
    assert_eq!(length, Lineage::MAX_DEPTH);
}
