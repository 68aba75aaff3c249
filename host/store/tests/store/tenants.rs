//! What keeps organizations apart in time: suspension, families of runs, review, and folders
//! that are shared.

use crate::common::*;
use bifrost_core::ports::Ticket;
use bifrost_core::*;
use bifrost_store::executions::NewExecution;
use bifrost_store::organizations::OrganizationChange;
use bifrost_store::workspaces::{self, Deployment, ReviewState};
use bifrost_store::{Db, Scoped, executions, organizations};

on_both!(
    runs_of_a_suspended_organization_wait,
    families_are_bounded,
    what_own_code_started_stays_confined,
    a_version_waits_for_its_review,
    what_waits_for_a_review_is_found_over_all_organizations,
    dependants_are_those_that_lack_what_is_shared,
);

async fn set_active(db: &Db, id: OrganizationId, is_active: bool) {
    let change = OrganizationChange { is_active: Some(is_active), ..Default::default() };
    organizations::update(db, id, change).await.unwrap();
}

async fn runs_of_a_suspended_organization_wait(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let ticket = Ticket { execution: id, attempt: 1 };
    set_active(&w.db, w.org.id, false).await;
    assert!(executions::backlog(&w.db, 10).await.unwrap().waiting.is_empty());
    assert!(executions::claim(&w.db, ticket, "worker", 60).await.unwrap().is_none());
    assert_eq!(executions::get(&w.db.org(w.org.id), id).await.unwrap().status, Status::Pending);
    set_active(&w.db, w.org.id, true).await;
    assert_eq!(executions::backlog(&w.db, 10).await.unwrap().waiting[0].tickets, [ticket]);
    assert!(executions::claim(&w.db, ticket, "worker", 60).await.unwrap().is_some());
}

async fn families_are_bounded(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let first = w.accept().await;
    let mut parent = first.clone();
    for depth in 1..=Lineage::MAX_DEPTH {
        let lineage = Lineage::of_child(&parent, Scope::Global);
        let new = NewExecution { lineage, ..w.new_execution() };
        let child = executions::accept(&org, new).await.unwrap().execution;
        let read = executions::get(&org, child.id).await.unwrap();
        assert_eq!(read.lineage, child.lineage);
        assert_eq!((read.lineage.parent, read.lineage.root), (Some(parent.id), Some(first.id)));
        assert_eq!((read.lineage.depth, read.lineage.is_confined), (depth, false));
        parent = child;
    }
    let new = NewExecution { lineage: Lineage::of_child(&parent, Scope::Global), ..w.new_execution() };
    assert_eq!(code(executions::accept(&org, new).await.unwrap_err()), "run_too_deep");
}

async fn what_own_code_started_stays_confined(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let first = w.accept().await;
    let lineage = Lineage::of_child(&first, Scope::Organization(w.org.id));
    assert!(lineage.is_confined);
    let child =
        executions::accept(&org, NewExecution { lineage, ..w.new_execution() }).await.unwrap().execution;
    assert!(Lineage::of_child(&child, Scope::Global).is_confined, "through the provider's code");
    let again = NewExecution { rerun_of: Some(child.id), ..w.new_execution() };
    let again = executions::accept(&org, again).await.unwrap().execution;
    assert!(again.lineage.is_confined, "a repetition");
    assert!(executions::get(&org, again.id).await.unwrap().lineage.is_confined);
    let other = NewExecution { rerun_of: Some(first.id), ..w.new_execution() };
    assert!(!executions::accept(&org, other).await.unwrap().execution.lineage.is_confined);
}

async fn a_version_waits_for_its_review(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let (author, reviewer) = (w.user, UserId::new());
    let proposal = |hash: &str| Deployment {
        propose: true,
        created_by: author,
        ..deployment(hash, vec![info("a.py::sync", "sync"), info("b.py::new", "new")])
    };
    let proposed = workspaces::deploy(&org, proposal("h2")).await.unwrap();
    assert!(proposed.is_new && !proposed.version.is_active);
    assert_eq!(workspaces::active_version(&org).await.unwrap().unwrap().number, 1);
    assert!(bifrost_store::workflows::find(&org, "new").await.is_err(), "nothing of it can be run");
    let again = workspaces::deploy(&org, proposal("h2")).await.unwrap();
    assert_eq!((again.version.id, again.is_new), (proposed.version.id, false));
    assert_eq!(code(workspaces::rollback(&org, 2, true, None).await.unwrap_err()), "not_approved");

    let own = workspaces::approve(&org, 2, author, None, None, false).await;
    assert!(matches!(own, Err(Error::Denied(_))), "{own:?}");
    let own = workspaces::reject(&org, 2, author, "no".into()).await;
    assert!(matches!(own, Err(Error::Denied(_))), "{own:?}");
    let stale = workspaces::approve(&org, 2, reviewer, None, Some(7), false).await;
    assert_eq!(code(stale.unwrap_err()), "active_changed");
    let done = workspaces::approve(&org, 2, reviewer, Some("fine".into()), Some(1), false).await.unwrap();
    assert_eq!((done.version.is_active, done.added), (true, vec!["b.py::new".to_owned()]));
    let review = workspaces::active_version(&org).await.unwrap().unwrap().review.unwrap();
    assert_eq!((review.state, review.by), (ReviewState::Approved, Some(reviewer)));
    assert_eq!(review.comment.as_deref(), Some("fine"));
    assert_eq!(
        code(workspaces::approve(&org, 2, reviewer, None, None, false).await.unwrap_err()),
        "not_proposed"
    );

    workspaces::deploy(&org, proposal("h3")).await.unwrap();
    assert!(matches!(workspaces::reject(&org, 3, reviewer, " ".into()).await, Err(Error::Invalid { .. })));
    workspaces::reject(&org, 3, reviewer, "no tests".into()).await.unwrap();
    assert_eq!(code(workspaces::rollback(&org, 3, true, None).await.unwrap_err()), "not_approved");
    assert!(workspaces::rollback(&org, 1, true, None).await.unwrap().version.is_active);
    assert!(workspaces::rollback(&org, 2, true, None).await.unwrap().version.is_active, "it was approved");
    let foreign = workspaces::approve(&w.db.org(w.other.id), 3, reviewer, None, None, false).await;
    assert!(matches!(foreign, Err(Error::NotFound("version"))));
}

async fn what_waits_for_a_review_is_found_over_all_organizations(db: Db) {
    let w = World::new(db).await;
    let (system, global) = (w.db.system(), w.db.scope(Scope::Global));
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    let propose = async |scoped: &Scoped, hash: &str, created_by: UserId| {
        let proposal = Deployment { propose: true, created_by, ..deployment(hash, vec![]) };
        workspaces::deploy(scoped, proposal).await.unwrap().version
    };
    let found = async |scoped: &Scoped| {
        let all = workspaces::pending(scoped).await.unwrap().into_iter();
        all.map(|one| (one.organization, one.version.source_hash)).collect::<Vec<_>>()
    };
    let named = |all: &[(&str, &str)]| {
        all.iter().map(|(name, hash)| ((*name).to_owned(), (*hash).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(found(&system).await, [], "what is deployed waits for nobody");
    let first = propose(&org, "p1", w.user).await;
    propose(&global, "p2", UserId::new()).await;
    propose(&other, "p3", UserId::new()).await;
    let all = [("Org", "p1"), ("Provider", "p2"), ("Other", "p3")];
    assert_eq!(found(&system).await, named(&all), "the oldest first");
    assert_eq!(found(&global).await, named(&all[1..2]));
    assert_eq!(found(&org).await, named(&all[..1]));
    assert_eq!(found(&other).await, named(&all[2..]));
    let authors: Vec<_> =
        workspaces::pending(&system).await.unwrap().into_iter().map(|one| one.author).collect();
    assert_eq!(authors, [Some("User".to_owned()), None, None]);

    workspaces::reject(&org, first.number, UserId::new(), "no".into()).await.unwrap();
    bifrost_store::offboarding::request(&w.db, w.other.id, "Other", w.user).await.unwrap();
    assert_eq!(found(&system).await, named(&all[1..2]), "decided, or of one that goes");
}

async fn dependants_are_those_that_lack_what_is_shared(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let active = workspaces::shared(&org).await.unwrap().version.unwrap();
    let folders = vec!["modules/".to_owned(), "modules".to_owned()];
    let stale =
        workspaces::set_shared(&w.db, folders.clone(), Some("s1".into()), Some(VersionId::new())).await;
    assert_eq!(code(stale.unwrap_err()), "active_changed");
    workspaces::set_shared(&w.db, folders, Some("s1".into()), Some(active.id)).await.unwrap();
    for bad in ["", "/etc", "a/../b", "a//b", "a\\b"] {
        let set = workspaces::set_shared(&w.db, vec![bad.to_owned()], None, Some(active.id)).await;
        assert!(matches!(set, Err(Error::Invalid { .. })), "{bad}");
    }
    let shared = workspaces::shared(&org).await.unwrap();
    assert_eq!((shared.folders.clone(), shared.hash.as_deref()), (vec!["modules".to_owned()], Some("s1")));

    let lacking = workspaces::dependants(&w.db, Some(&shared)).await.unwrap();
    assert_eq!(lacking.iter().map(|d| d.organization_id).collect::<Vec<_>>(), [w.org.id]);
    let with = |hash: &str, instead_of| Deployment {
        shared_hash: Some("s1".into()),
        instead_of,
        ..deployment(hash, vec![info("a.py::sync", "sync")])
    };
    let gone = workspaces::deploy(&org, with("h2", Some(VersionId::new()))).await;
    assert_eq!(code(gone.unwrap_err()), "active_changed");
    workspaces::deploy(&org, with("h2", Some(lacking[0].version.id))).await.unwrap();
    assert!(workspaces::dependants(&w.db, Some(&shared)).await.unwrap().is_empty());
    assert_eq!(workspaces::dependants(&w.db, None).await.unwrap().len(), 1);

    // The provider's own deploy takes its hash with it; going back too.
    let global = w.db.scope(Scope::Global);
    let next = Deployment {
        shared_hash: Some("s2".into()),
        ..deployment("g2", vec![info("lib/shared.py::shared", "shared")])
    };
    workspaces::deploy(&global, next).await.unwrap();
    assert_eq!(workspaces::shared(&org).await.unwrap().hash.as_deref(), Some("s2"));
    workspaces::rollback(&global, 1, false, Some("s1".into())).await.unwrap();
    assert_eq!(workspaces::shared(&org).await.unwrap().hash.as_deref(), Some("s1"));
    // A deploy that changes nothing of what runs notes what is shared all the same.
    let same = Deployment { shared_hash: Some("s3".into()), ..with("h2", None) };
    assert!(!workspaces::deploy(&org, same).await.unwrap().is_new);
    let version = workspaces::active_version(&org).await.unwrap().unwrap();
    assert_eq!(version.shared_hash.as_deref(), Some("s3"));
}
