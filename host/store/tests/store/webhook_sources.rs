//! Sources of webhooks: their secrets, whose they are, and what goes and stays with them.

use crate::common::*;
use crate::endpoints::endpoint;
use crate::webhooks::{delivered, keys, process, received, runs, settings, source, subscribe};
use bifrost_core::*;
use bifrost_store::webhooks::sources::{self, Settings};
use bifrost_store::webhooks::subscriptions::{self, NewSubscription};
use bifrost_store::webhooks::{self, deliveries, secrets};
use bifrost_store::{Db, Keyring, Sql, endpoints, rotation, workspaces};
use serde_json::json;
use zeroize::Zeroizing;

on_both!(
    secrets_change_and_survive_rotation,
    nothing_is_seen_by_another_organization,
    a_source_goes_with_all_that_it_has,
    a_workflow_in_use_stays_deployed,
);

async fn secrets_change_and_survive_rotation(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    for refused in ["", "short"] {
        let secret = Some(Zeroizing::new(refused.into()));
        let made = sources::create(&org, &keys(), WebhookKind::Generic, settings("x"), secret, w.user).await;
        assert!(matches!(made, Err(Error::Invalid { field, .. }) if field == "secret"));
    }
    assert!(sources::create(&org, &keys(), WebhookKind::Github, settings("x"), None, w.user).await.is_err());
    let webhook = source(&w, &org).await;
    let first = secrets::list(&org, webhook.id).await.unwrap()[0].id;
    assert_eq!(code(secrets::remove(&org, first).await.unwrap_err()), "last_secret");
    let next = Zeroizing::new("the next secret".to_owned());
    let second = secrets::add(&org, &keys(), webhook.id, next.clone()).await.unwrap();
    assert_eq!(code(secrets::add(&org, &keys(), webhook.id, next).await.unwrap_err()), "too_many_secrets");
    let values = async |keys: &Keyring| {
        let all = secrets::of(&org, keys, webhook.id).await.unwrap();
        all.iter().map(|one| String::from_utf8(one.to_vec()).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(values(&keys()).await, ["a secret", "the next secret"]);
    let new = Keyring::from_bytes([2; 32]).with_previous(&keys());
    rotation::wrap(&w.db, &new, &mut |_| ()).await.unwrap();
    let renewed = rotation::renew(&w.db, &new, &mut |_| ()).await.unwrap();
    assert_eq!(renewed.values, 2);
    rotation::finish(&w.db, &new, &mut |_| ()).await.unwrap();
    assert_eq!(values(&new).await, ["a secret", "the next secret"]);
    secrets::remove(&org, first).await.unwrap();
    assert_eq!(values(&new).await, ["the next secret"]);
    assert!(secrets::remove(&w.db.org(w.other.id), second).await.is_err());
    let stored =
        org.read().await.unwrap().all(Sql::new("SELECT ciphertext FROM webhook_secrets")).await.unwrap();
    let stored: Vec<u8> = stored[0].get("ciphertext").unwrap();
    assert!(!stored.windows(4).any(|part| part == b"next"), "it is encrypted");
}

async fn nothing_is_seen_by_another_organization(db: Db) {
    let w = World::new(db).await;
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    let webhook = source(&w, &org).await;
    let subscription = subscribe(&w, webhook.id, json!([]), json!({})).await;
    let id = delivered(&w, &webhook, "1", json!(1)).await;
    process(&w, id).await;
    assert!(
        sources::get(&other, webhook.id).await.is_err() && sources::list(&other).await.unwrap().is_empty()
    );
    assert!(deliveries::get(&other, id).await.is_err() && deliveries::replay(&other, id).await.is_err());
    assert!(deliveries::list(&other, webhook.id, None, None, 10).await.is_err());
    assert!(subscriptions::get(&other, subscription).await.is_err());
    assert!(subscriptions::delete(&other, subscription).await.is_err());
    assert!(sources::delete(&other, webhook.id).await.is_err());
    assert!(secrets::of(&other, &keys(), webhook.id).await.unwrap().is_empty());
    let new = NewSubscription {
        workflow_id: w.workflow,
        filter: Filter::default(),
        mapping: Mapping::default(),
        is_enabled: true,
        created_by: w.user,
    };
    // Neither a foreign source nor a foreign workflow.
    assert!(subscriptions::create(&other, webhook.id, new.clone()).await.is_err());
    let keys = keys();
    let theirs = sources::create(&other, &keys, WebhookKind::Unsigned, settings("theirs"), None, w.user);
    let theirs = theirs.await.unwrap();
    assert!(matches!(subscriptions::create(&other, theirs.id, new).await, Err(Error::NotFound("workflow"))));
    assert_eq!(sources::get(&org, webhook.id).await.unwrap(), webhook, "the control");
}

async fn a_source_goes_with_all_that_it_has(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let webhook = source(&w, &org).await;
    subscribe(&w, webhook.id, json!([]), json!({})).await;
    let id = delivered(&w, &webhook, "1", json!(1)).await;
    process(&w, id).await;
    let left = delivered(&w, &webhook, "2", json!(1)).await;
    let keys = keys();
    let taken = sources::create(&org, &keys, WebhookKind::Unsigned, settings("hook"), None, w.user);
    assert_eq!(code(taken.await.unwrap_err()), "already_exists");
    assert!(sources::at(&w.db, webhook.hook_id).await.unwrap().is_some());
    sources::update(&org, webhook.id, |old| Settings { is_enabled: false, ..old }).await.unwrap();
    assert!(sources::at(&w.db, webhook.hook_id).await.unwrap().is_none());
    sources::delete(&org, webhook.id).await.unwrap();
    for table in ["webhook_sources", "webhook_secrets", "webhook_subscriptions", "webhook_deliveries"] {
        let sql = Sql::new(format!("SELECT COUNT(*) AS n FROM {table}"));
        assert_eq!(org.read().await.unwrap().one(sql).await.unwrap().get::<i64>("n").unwrap(), 0, "{table}");
    }
    assert_eq!(runs(&w).await, 1, "runs stay");
    // Whoever was about to process or to deliver finds nothing.
    assert!(matches!(webhooks::process(&w.db, &NoObjects, w.org.id, left).await, Err(Error::NotFound(_))));
    assert!(matches!(
        webhooks::receive(&org, &webhook, received("3", json!(1))).await,
        Err(Error::NotFound(_))
    ));
}

async fn a_workflow_in_use_stays_deployed(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let without = || deployment("h2", vec![info("b.py::new", "new")]);
    let made = endpoints::create(&org, w.workflow, endpoint("orders"), w.user).await.unwrap();
    let refused = workspaces::deploy(&org, without()).await.unwrap_err();
    assert!(refused.to_string().contains("endpoint orders"), "{refused}");
    endpoints::delete(&org, made.id).await.unwrap();
    let webhook = source(&w, &org).await;
    subscribe(&w, webhook.id, json!([]), json!({})).await;
    let refused = workspaces::deploy(&org, without()).await.unwrap_err();
    assert!(refused.to_string().contains("webhook subscription"), "{refused}");
    // Somebody else's use of a global workflow counts as well.
    endpoints::create(&org, w.shared, endpoint("shared"), w.user).await.unwrap();
    let global = deployment("g2", vec![info("x.py::y", "y")]);
    let refused = workspaces::deploy(&w.db.scope(Scope::Global), global).await.unwrap_err();
    assert!(refused.to_string().contains("endpoint shared"), "{refused}");
    sources::delete(&org, webhook.id).await.unwrap();
    workspaces::deploy(&org, without()).await.unwrap();
}
