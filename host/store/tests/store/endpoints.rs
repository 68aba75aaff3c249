//! Endpoints: one of a kind, those of decorators in step with deployments, and never more open than
//! somebody decided.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::endpoints::{self, Endpoint, Settings};
use bifrost_store::{Db, Scoped, workspaces};
use serde_json::{Value, json};

on_both!(
    endpoints_are_one_of_a_kind,
    endpoints_of_decorators_follow_deployments,
    what_was_decided_about_an_endpoint_stays,
    a_slug_that_is_taken_gets_a_hash_behind_it,
    the_provider_has_endpoints_of_its_own,
);

pub fn endpoint(slug: &str) -> Settings {
    Settings {
        slug: slug.into(),
        methods: vec![Verb::Post, Verb::Get, Verb::Post],
        mode: EndpointMode::Sync,
        deadline_seconds: 30,
        is_public: false,
        rate_per_minute: 60,
        is_enabled: true,
    }
}

async fn endpoints_are_one_of_a_kind(db: Db) {
    let w = World::new(db).await;
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    let made = endpoints::create(&org, w.workflow, endpoint("orders"), w.user).await.unwrap();
    assert_eq!(made.settings.methods, [Verb::Get, Verb::Post]);
    assert_eq!(endpoints::at(&org, "orders").await.unwrap().as_ref(), Some(&made));
    assert_eq!(
        code(endpoints::create(&org, w.shared, endpoint("orders"), w.user).await.unwrap_err()),
        "already_exists"
    );
    // The same path elsewhere; only of what that organization has.
    assert!(matches!(
        endpoints::create(&other, w.workflow, endpoint("orders"), w.user).await,
        Err(Error::NotFound(_))
    ));
    endpoints::create(&other, w.shared, endpoint("orders"), w.user).await.unwrap();
    assert!(
        endpoints::get(&other, made.id).await.is_err() && endpoints::delete(&other, made.id).await.is_err()
    );
    let second = endpoints::create(&org, w.shared, endpoint("more"), w.user).await.unwrap();
    let moved = endpoints::update(&org, second.id, |old| Settings { slug: "orders".into(), ..old }).await;
    assert_eq!(code(moved.unwrap_err()), "already_exists");
    let off = endpoints::update(&org, made.id, |old| Settings { is_enabled: false, ..old }).await.unwrap();
    assert!(!off.settings.is_enabled && endpoints::at(&org, "orders").await.unwrap().is_none());
    for bad in [
        Settings { slug: "a/b".into(), ..endpoint("x") },
        Settings { methods: vec![], ..endpoint("x") },
        Settings { deadline_seconds: 0, ..endpoint("x") },
        Settings { rate_per_minute: 0, ..endpoint("x") },
    ] {
        let refused = endpoints::create(&org, w.workflow, bad, w.user).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })));
    }
    endpoints::delete(&org, made.id).await.unwrap();
    assert_eq!(endpoints::list(&org).await.unwrap().len(), 1);
}

/// A workflow that asks for an endpoint, with more that its decorator says.
fn asking(id: &str, more: Value) -> WorkflowInfo {
    let mut info = with_default(info(id, id), "endpoint_enabled", json!(true));
    info.defaults.extend(more.as_object().unwrap().clone());
    info
}

async fn deploy(scoped: &Scoped, hash: &str, workflows: Vec<WorkflowInfo>) {
    let deployment = workspaces::Deployment { force: true, ..deployment(hash, workflows) };
    workspaces::deploy(scoped, deployment).await.unwrap();
}

async fn only(org: &Scoped) -> Endpoint {
    let mut all = endpoints::list(org).await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn endpoints_of_decorators_follow_deployments(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let hook = |more| asking("h.py::on_order", more);
    deploy(&org, "h2", vec![hook(json!({})), info("a.py::sync", "sync")]).await;
    let first = only(&org).await;
    assert_eq!((first.source, first.workflow_name.as_str()), (EndpointSource::Decorator, "h.py::on_order"));
    let expected = Settings {
        slug: "on_order".into(),
        methods: vec![Verb::Post],
        mode: EndpointMode::Sync,
        deadline_seconds: 30,
        is_public: false,
        rate_per_minute: 600,
        is_enabled: true,
    };
    assert_eq!(first.settings, expected);
    assert_eq!(endpoints::at(&org, "on_order").await.unwrap(), Some(first.clone()));
    assert_eq!(endpoints::enabled_of(&org, first.workflow_id).await.unwrap(), std::slice::from_ref(&first));
    assert_eq!(endpoints::enabled_of(&w.db.org(w.other.id), first.workflow_id).await.unwrap(), []);

    let more =
        json!({ "allowed_methods": ["PUT", "GET"], "execution_mode": "async", "public_endpoint": true });
    deploy(&org, "h3", vec![hook(more)]).await;
    let second = only(&org).await;
    assert_eq!(second.id, first.id);
    let expected =
        Settings { methods: vec![Verb::Get, Verb::Put], mode: EndpointMode::Async, ..first.settings };
    assert_eq!(second.settings, expected, "code alone makes nothing public");

    for (hash, workflows) in [
        ("h4", vec![hook(json!({ "allowed_methods": ["HEAD"] }))]),
        ("h5", vec![info("h.py::on_order", "on_order")]),
        ("h6", vec![]),
    ] {
        deploy(&org, hash, workflows).await;
        assert_eq!(endpoints::list(&org).await.unwrap(), []);
        workspaces::rollback(&org, 3, true, None).await.unwrap();
        assert_eq!(only(&org).await.settings, expected, "an earlier version brings its own back");
    }
    // As with a person's endpoint, the workflow is in use.
    let refused = workspaces::deploy(&org, deployment("h7", vec![])).await.unwrap_err();
    assert!(refused.to_string().contains("h.py::on_order (endpoint on_order)"), "{refused}");
}

async fn what_was_decided_about_an_endpoint_stays(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    deploy(&org, "h2", vec![asking("h.py::f", json!({}))]).await;
    let id = only(&org).await.id;
    let decided = endpoints::update(&org, id, |old| Settings {
        slug: "orders".into(),
        deadline_seconds: 5,
        is_public: true,
        rate_per_minute: 7,
        is_enabled: false,
        ..old
    });
    let decided = decided.await.unwrap();
    assert_eq!(endpoints::enabled_of(&org, decided.workflow_id).await.unwrap(), []);
    deploy(&org, "h3", vec![asking("h.py::f", json!({}))]).await;
    assert_eq!(only(&org).await, decided);
    deploy(&org, "h4", vec![asking("h.py::f", json!({ "allowed_methods": ["GET"] }))]).await;
    let expected = Settings { methods: vec![Verb::Get], ..decided.settings };
    assert_eq!(only(&org).await.settings, expected);

    let methods =
        endpoints::update(&org, id, |old| Settings { methods: vec![Verb::Delete], ..old }).await.unwrap_err();
    assert_eq!(code(methods), "endpoint_from_code");
    let mode = endpoints::update(&org, id, |old| Settings { mode: EndpointMode::Async, ..old }).await;
    assert_eq!(code(mode.unwrap_err()), "endpoint_from_code");
    assert_eq!(code(endpoints::delete(&org, id).await.unwrap_err()), "endpoint_from_code");
    assert_eq!(only(&org).await.settings, expected);

    // Once its code does not ask for it any more, a decision about it is over as well.
    deploy(&org, "h5", vec![info("h.py::f", "f")]).await;
    deploy(&org, "h6", vec![asking("h.py::f", json!({}))]).await;
    let anew = only(&org).await.settings;
    assert_eq!((anew.slug.as_str(), anew.is_public, anew.is_enabled), ("f", false, true));
}

async fn a_slug_that_is_taken_gets_a_hash_behind_it(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let settings = Settings {
        slug: "run".into(),
        methods: vec![Verb::Get],
        mode: EndpointMode::Sync,
        deadline_seconds: 1,
        is_public: false,
        rate_per_minute: 1,
        is_enabled: true,
    };
    let own = endpoints::create(&org, w.workflow, settings, w.user).await.unwrap();
    let both = || vec![asking("a.py::run", json!({})), asking("b.py::run", json!({}))];
    deploy(&org, "h2", both()).await;
    let slugs = async || -> Vec<String> {
        endpoints::list(&org).await.unwrap().into_iter().map(|one| one.settings.slug).collect()
    };
    let first = slugs().await;
    assert_eq!((first.len(), first[0].as_str()), (3, "run"));
    assert!(first[1..].iter().all(|slug| slug.starts_with("run-") && slug.len() == 12), "{first:?}");
    assert_ne!(first[1], first[2]);
    // An address stays what it is, also when a better one becomes free.
    endpoints::delete(&org, own.id).await.unwrap();
    deploy(&org, "h3", both()).await;
    assert_eq!(slugs().await, first[1..]);
    // The same code has the same addresses elsewhere.
    let other = w.db.org(w.other.id);
    deploy(&other, "o1", vec![asking("a.py::run", json!({}))]).await;
    assert_eq!(only(&other).await.settings.slug, "run");
    deploy(&other, "o2", both()).await;
    let there: Vec<_> =
        endpoints::list(&other).await.unwrap().into_iter().map(|one| one.settings.slug).collect();
    assert!(there[0] == "run" && first.contains(&there[1]), "{there:?} {first:?}");
}

async fn the_provider_has_endpoints_of_its_own(db: Db) {
    let w = World::new(db).await;
    let global = w.db.scope(Scope::Global);
    let shared = || info("lib/shared.py::shared", "shared");
    deploy(&global, "g2", vec![shared(), asking("g.py::report", json!({}))]).await;
    let provider = w.db.org(w.provider.organization.id);
    let made = only(&provider).await;
    assert_eq!((made.settings.slug.as_str(), made.source), ("report", EndpointSource::Decorator));
    for tenant in [w.org.id, w.other.id] {
        assert_eq!(endpoints::list(&w.db.org(tenant)).await.unwrap(), []);
    }
    deploy(&global, "g3", vec![shared()]).await;
    assert_eq!(endpoints::list(&provider).await.unwrap(), []);
}
