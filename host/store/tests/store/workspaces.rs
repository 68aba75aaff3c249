//! Deploying, rolling back, finding workflows.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::{Db, workflows, workspaces};
use serde_json::json;

on_both!(
    deploying_reports_what_changed,
    ids_survive_and_removed_workflows_are_gone,
    a_workflow_in_use_stops_a_deployment,
    an_earlier_version_comes_back,
    own_workflows_hide_global_ones,
    workspaces_are_separate,
    concurrent_deployments_are_numbered,
);

async fn deploying_reports_what_changed(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let mut moved = info("a.py::sync", "sync");
    moved.line = 99;
    let first = workspaces::deploy(&org, deployment("h2", vec![moved.clone(), info("b.py::two", "two")]))
        .await
        .unwrap();
    assert_eq!((first.version.number, first.is_new), (2, true));
    assert_eq!((first.added, first.changed, first.removed), (vec!["b.py::two".to_owned()], vec![], vec![]));
    assert_eq!(workflows::find(&org, "sync").await.unwrap().info.line, 99);

    let same = workspaces::deploy(&org, deployment("h2", vec![])).await.unwrap();
    assert_eq!((same.version.clone(), same.is_new), (first.version, false));

    let changed = with_default(moved, "timeout_seconds", json!(5));
    let third = workspaces::deploy(&org, deployment("h3", vec![changed])).await.unwrap();
    assert_eq!((third.changed, third.removed), (vec!["a.py::sync".to_owned()], vec!["b.py::two".to_owned()]));
    let versions = workspaces::list_versions(&org).await.unwrap();
    let listed: Vec<_> = versions.iter().map(|v| (v.number, v.is_active, v.workflow_count)).collect();
    assert_eq!(listed, [(3, true, 1), (2, false, 2), (1, false, 1)]);
    assert_eq!(workspaces::active_version(&org).await.unwrap(), Some(versions[0].clone()));
    let (version, report) = workspaces::version(&org, 2).await.unwrap();
    assert_eq!((version, report.workflows.len()), (versions[1].clone(), 2));

    let twice = deployment("h4", vec![info("a.py::x", "same"), info("b.py::y", "same")]);
    assert!(matches!(workspaces::deploy(&org, twice).await, Err(Error::Invalid { .. })));
}

async fn ids_survive_and_removed_workflows_are_gone(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let empty = workspaces::deploy(&org, deployment("h2", vec![])).await.unwrap();
    assert_eq!(empty.removed, ["a.py::sync"]);
    assert!(matches!(workflows::find(&org, "sync").await, Err(Error::NotFound("workflow"))));
    assert!(bifrost_store::executions::accept(&org, w.new_execution()).await.is_err());
    let again =
        workspaces::deploy(&org, deployment("h3", vec![info("a.py::sync", "renamed")])).await.unwrap();
    assert_eq!(again.added, ["a.py::sync"]);
    assert_eq!(workflows::find(&org, "renamed").await.unwrap().id, w.workflow);
}

async fn a_workflow_in_use_stops_a_deployment(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let nightly = with_default(info("n.py::nightly", "nightly"), "schedule", json!("0 3 * * *"));
    let hook = with_default(info("h.py::hook", "hook"), "endpoint_enabled", json!(true));
    let all = vec![info("a.py::sync", "sync"), nightly, hook];
    workspaces::deploy(&org, deployment("h2", all)).await.unwrap();
    workspaces::add_reference(&org, w.workflow, "form", "Onboarding").await.unwrap();
    workspaces::add_reference(&org, w.workflow, "form", "Onboarding").await.unwrap();
    let mut empty = deployment("h3", vec![]);
    match workspaces::deploy(&org, empty.clone()).await.unwrap_err() {
        Error::Conflict { code: "workflow_in_use", message } => assert_eq!(
            message,
            "in use but not in this version: a.py::sync (form Onboarding); h.py::hook (endpoint hook); n.py::nightly (schedule)"
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(workspaces::active_version(&org).await.unwrap().unwrap().number, 2, "nothing was written");
    assert_eq!(workspaces::list_versions(&org).await.unwrap().len(), 2);
    assert_eq!(code(workspaces::rollback(&org, 1, false, None).await.unwrap_err()), "workflow_in_use");
    empty.force = true;
    assert_eq!(workspaces::deploy(&org, empty).await.unwrap().removed.len(), 3);
    workspaces::remove_reference(&org, w.workflow, "form", "Onboarding").await.unwrap();
}

async fn an_earlier_version_comes_back(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    workspaces::deploy(&org, deployment("h2", vec![info("b.py::two", "two")])).await.unwrap();
    let back = workspaces::rollback(&org, 1, false, None).await.unwrap();
    assert_eq!((back.version.number, back.version.is_active), (1, true));
    assert_eq!((back.added, back.removed), (vec!["a.py::sync".to_owned()], vec!["b.py::two".to_owned()]));
    let accepted = bifrost_store::executions::accept(&org, w.new_execution()).await.unwrap().execution;
    assert_eq!(accepted.version_id, back.version.id);
    assert!(!workspaces::rollback(&org, 1, false, None).await.unwrap().is_new);
    assert!(matches!(workspaces::rollback(&org, 9, false, None).await, Err(Error::NotFound("version"))));
}

async fn own_workflows_hide_global_ones(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let global = workflows::find(&org, "shared").await.unwrap();
    assert_eq!(global.organization_id, None);
    assert_eq!(workflows::find(&org, "lib/shared.py::shared").await.unwrap().id, global.id);
    assert_eq!(workflows::find(&org, &global.id.to_string()).await.unwrap().id, global.id);
    let all = vec![info("a.py::sync", "sync"), info("mine.py::shared", "shared")];
    workspaces::deploy(&org, deployment("h2", all)).await.unwrap();
    assert_eq!(workflows::find(&org, "shared").await.unwrap().organization_id, Some(w.org.id));
    assert_eq!(workflows::find(&w.db.org(w.other.id), "shared").await.unwrap().id, global.id);
    let names: Vec<_> =
        workflows::list(&org).await.unwrap().into_iter().map(|w| (w.info.name, w.organization_id)).collect();
    let mine = Some(w.org.id);
    assert_eq!(names, [("shared".to_owned(), mine), ("shared".to_owned(), None), ("sync".to_owned(), mine)]);
    assert_eq!(workflows::list(&w.db.system()).await.unwrap().len(), 3);
    assert_eq!(workflows::list(&w.db.scope(Scope::Global)).await.unwrap().len(), 1);
}

async fn workspaces_are_separate(db: Db) {
    let w = World::new(db).await;
    let other = w.db.org(w.other.id);
    assert!(matches!(
        workflows::find(&other, &w.workflow.to_string()).await,
        Err(Error::NotFound("workflow"))
    ));
    assert!(matches!(workflows::find(&other, "sync").await, Err(Error::NotFound("workflow"))));
    assert_eq!(workspaces::list_versions(&other).await.unwrap(), []);
    assert_eq!(workspaces::active_version(&other).await.unwrap(), None);
    assert!(workspaces::version(&other, 1).await.is_err());
}

async fn concurrent_deployments_are_numbered(db: Db) {
    let w = World::new(db).await;
    let other = w.db.org(w.other.id);
    let deployments =
        (0..6).map(|n| {
            let scoped = other.clone();
            async move {
                workspaces::deploy(&scoped, deployment(&format!("c{n}"), vec![info("a.py::f", "f")])).await
            }
        });
    let mut numbers: Vec<_> =
        futures::future::join_all(deployments).await.into_iter().map(|d| d.unwrap().version.number).collect();
    numbers.sort();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    let active = workspaces::list_versions(&other).await.unwrap().into_iter().filter(|v| v.is_active).count();
    assert_eq!(active, 1);
}
