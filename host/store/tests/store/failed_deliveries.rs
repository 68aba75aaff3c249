//! Deliveries that failed for good: told to whoever looks after webhooks, by the webhook.

use crate::common::*;
use crate::webhooks::{received, source};
use bifrost_core::*;
use bifrost_store::notifications::events;
use bifrost_store::notifications::notices::{self, Notice, Reader};
use bifrost_store::webhooks::deliveries::State;
use bifrost_store::webhooks::subscriptions::{self, NewSubscription};
use bifrost_store::webhooks::{self, MAX_ATTEMPTS, Webhook};
use bifrost_store::{Db, Scoped, workflows};
use serde_json::json;

on_both!(a_delivery_without_its_run_is_told, a_delivery_that_is_given_up_is_told);

async fn told(w: &World, permissions: Permissions) -> Vec<Notice> {
    let reader = Reader { user: w.user, permissions };
    notices::list(&w.db.org(w.org.id), reader, false, None, 10).await.unwrap().items
}

async fn delivered(org: &Scoped, hook: &Webhook, id: &str) -> DeliveryId {
    webhooks::receive(org, hook, received(id, json!(1))).await.unwrap().id
}

async fn a_delivery_without_its_run_is_told(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let hook = source(&w, &org).await;
    let new = NewSubscription {
        workflow_id: w.workflow,
        filter: serde_json::from_value(json!([])).unwrap(),
        mapping: serde_json::from_value(json!({})).unwrap(),
        is_enabled: true,
        created_by: w.user,
    };
    subscriptions::create(&org, hook.id, new).await.unwrap();
    let process = async |id| webhooks::process(&w.db, &NoObjects, w.org.id, id).await.unwrap().state;
    let good = delivered(&org, &hook, "1").await;
    assert_eq!(process(good).await, Some(State::Done));
    assert_eq!(events::process(&w.db, 10).await.unwrap().events, 0, "a good one is nobody's business");

    workflows::set_active(&org, w.workflow, false).await.unwrap();
    for id in ["2", "3"] {
        let id = delivered(&org, &hook, id).await;
        assert_eq!(process(id).await, Some(State::Failed));
        assert_eq!(process(id).await, None, "settled, and told, once");
    }
    assert_eq!(events::process(&w.db, 10).await.unwrap().events, 2);
    let all = told(&w, [Permission::ManageWebhooks].into_iter().collect()).await;
    assert_eq!((all.len(), all[0].kind, all[0].count), (1, NotificationKind::DeliveryFailed, 2));
    assert_eq!((all[0].subject_id, all[0].details.name.as_str()), (hook.id.0, "hook"));
    assert!(all[0].details.error.as_deref().unwrap().contains("switched off"), "{:?}", all[0].details);
    assert_eq!(all[0].details.error_for(false), None);
    let others = Permissions::all().without([Permission::ManageWebhooks].into_iter().collect());
    assert!(told(&w, others).await.is_empty());
}

async fn a_delivery_that_is_given_up_is_told(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let hook = source(&w, &org).await;
    let id = delivered(&org, &hook, "1").await;
    let away = Error::Busy("a database");
    for _ in 1..MAX_ATTEMPTS {
        assert!(!webhooks::postpone(&w.db, w.org.id, id, &away).await.unwrap());
    }
    assert_eq!(events::process(&w.db, 10).await.unwrap().events, 0, "it is tried again");
    assert!(webhooks::postpone(&w.db, w.org.id, id, &away).await.unwrap());
    assert!(!webhooks::postpone(&w.db, w.org.id, id, &away).await.unwrap());
    assert_eq!(events::process(&w.db, 10).await.unwrap().events, 1);
    let all = told(&w, Permissions::of_organization()).await;
    assert_eq!((all.len(), all[0].count, all[0].subject_id), (1, 1, hook.id.0));
    assert_eq!(all[0].details.summary, format!("A delivery was given up after {MAX_ATTEMPTS} attempts"));
}
