//! Forms: whose they are, who has them open, and what goes with them.

use crate::common::*;
use bifrost_core::ports::Objects;
use bifrost_core::*;
use bifrost_store::forms::sessions::{LIFE, MAX_SESSIONS};
use bifrost_store::forms::{self, Form, NewForm, NewSession, Session, drafts, sessions};
use bifrost_store::grants::{self, Subject, TargetKind};
use bifrost_store::{Db, DirectoryObjects, Scoped, Sql, files, workspaces};
use serde_json::{Map, json};

on_both!(
    forms_are_written_and_read,
    global_forms_are_read_by_all_and_written_by_none,
    an_opened_form_is_one_persons,
    what_is_over_goes_with_its_files,
    workflows_of_forms_are_kept,
    a_draft_is_opened_and_never_listed,
);

fn new(name: &str, workflow: WorkflowId) -> NewForm {
    NewForm {
        name: name.into(),
        description: None,
        workflow_id: workflow,
        launch_workflow_id: None,
        data_providers: [].into(),
        is_granted: false,
        fields: 0,
        definition: json!({"name": name, "workflow": workflow}),
    }
}

async fn made(scoped: &Scoped, name: &str, workflow: WorkflowId) -> Form {
    forms::create(scoped, new(name, workflow)).await.unwrap()
}

async fn open(org: &Scoped, form: FormId, user: UserId) -> Result<Session> {
    let startup = Some(json!({"vip": true}));
    let new = NewSession { form_id: form, user_id: user, query: Map::new(), startup, launched: None };
    sessions::open(org, new).await
}

async fn count(db: &Db, table: &str) -> i64 {
    let mut tx = db.system().read().await.unwrap();
    tx.one(Sql::new(format!("SELECT COUNT(*) AS n FROM {table}"))).await.unwrap().get("n").unwrap()
}

/// A form that somebody has opened and sent a file with.
pub async fn filled(org: &Scoped, user: UserId, workflow: WorkflowId, mark: &str) {
    let form = made(org, mark, workflow).await;
    let session = open(org, form.id, user).await.unwrap();
    sessions::add_upload(org, &session, "paper", mark).await.unwrap();
}

async fn a_draft_is_opened_and_never_listed(db: Db) {
    let w = World::new(db).await;
    let (org, directory) = (w.db.org(w.org.id), tempfile::tempdir().unwrap());
    let objects = DirectoryObjects::open(directory.path()).await.unwrap();
    let saved = made(&org, "Order", w.workflow).await;
    // Its name may be that of a form.
    let draft = drafts::create(&org, new("Order", w.workflow)).await.unwrap();
    assert_eq!((draft.revision, draft.name.as_str()), (0, "Order"));
    assert_eq!(drafts::get(&org, draft.id).await.unwrap(), draft);
    for (scoped, id) in
        [(&org, saved.id), (&w.db.org(w.other.id), draft.id), (&w.db.scope(Scope::Global), draft.id)]
    {
        assert!(matches!(drafts::get(scoped, id).await.unwrap_err(), Error::NotFound(_)));
    }
    assert!(matches!(forms::get(&org, draft.id).await.unwrap_err(), Error::NotFound(_)));
    assert_eq!(forms::list(&org).await.unwrap(), std::slice::from_ref(&saved));
    let session = open(&org, draft.id, w.user).await.unwrap();
    assert_eq!(sessions::get(&org, session.id, draft.id, w.user).await.unwrap().id, session.id);
    // It goes after its last session; saved forms stay.
    let later = bifrost_store::now() + LIFE * 3;
    while sessions::expire(&w.db, &objects, later, 100).await.unwrap() > 0 {}
    assert!(drafts::get(&org, draft.id).await.is_err());
    assert_eq!(count(&w.db, "forms").await, 1);
}

/// The way through all that writes and reads, with whatever rights the database gives.
pub async fn works_with_two_roles(w: &World, objects: &dyn Objects) {
    let (org, global) = (w.db.org(w.org.id), w.db.scope(Scope::Global));
    filled(&org, w.user, w.workflow, "Roles").await;
    let form = forms::list(&org).await.unwrap().remove(0);
    forms::update(&org, form.id, 1, new("Roles", w.shared)).await.unwrap();
    forms::delete(&org, form.id).await.unwrap();
    let shared = made(&global, "Help", w.shared).await;
    open(&org, shared.id, w.user).await.unwrap();
    forms::delete(&global, shared.id).await.unwrap();
    let later = bifrost_store::now() + LIFE + LIFE;
    assert_eq!(sessions::expire(&w.db, objects, later, 10).await.unwrap(), 2);
    assert_eq!(sessions::expire(&w.db, objects, later, 10).await.unwrap(), 0);
}

async fn forms_are_written_and_read(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let form = made(&org, "Order", w.workflow).await;
    assert_eq!((form.revision, form.workflow_name.as_str(), form.source), (1, "sync", forms::Source::Api));
    assert_eq!(forms::list(&org).await.unwrap(), std::slice::from_ref(&form));
    let taken = forms::create(&org, new("Order", w.workflow)).await.unwrap_err();
    assert!(matches!(taken, Error::Conflict { code: "already_exists", .. }), "{taken:?}");
    let changed = forms::update(&org, form.id, 1, NewForm { is_granted: true, ..new("Offer", w.shared) })
        .await
        .unwrap();
    assert_eq!(
        (changed.revision, changed.name.as_str(), changed.is_granted, changed.workflow_id),
        (2, "Offer", true, w.shared)
    );
    let stale = forms::update(&org, form.id, 1, new("Offer", w.workflow)).await.unwrap_err();
    assert!(matches!(stale, Error::Conflict { code: "changed_meanwhile", .. }), "{stale:?}");
    grants::create(&org, Subject::User(w.user), TargetKind::Form, form.id.0).await.unwrap();
    forms::delete(&org, form.id).await.unwrap();
    assert!(matches!(forms::get(&org, form.id).await, Err(Error::NotFound(_))));
    assert!(grants::list(&org, None, None).await.unwrap().is_empty(), "what was granted of it is gone");
    made(&org, "Offer", w.workflow).await;
}

async fn global_forms_are_read_by_all_and_written_by_none(db: Db) {
    let w = World::new(db).await;
    let (org, global, other) = (w.db.org(w.org.id), w.db.scope(Scope::Global), w.db.org(w.other.id));
    let shared = made(&global, "Help", w.shared).await;
    let own = made(&org, "Order", w.workflow).await;
    for scoped in [&org, &other, &global] {
        assert_eq!(forms::get(scoped, shared.id).await.unwrap(), shared);
    }
    for scoped in [&other, &global] {
        assert!(matches!(forms::get(scoped, own.id).await, Err(Error::NotFound(_))));
        assert!(matches!(forms::delete(scoped, own.id).await, Err(Error::NotFound(_))));
    }
    assert!(matches!(
        forms::update(&org, shared.id, 1, new("Mine", w.workflow)).await,
        Err(Error::NotFound(_))
    ));
    assert!(matches!(forms::delete(&org, shared.id).await, Err(Error::NotFound(_))));
    let names = async |scoped: &Scoped| -> Vec<(String, Scope)> {
        forms::list(scoped).await.unwrap().into_iter().map(|form| (form.name, form.scope)).collect()
    };
    let mine = Scope::Organization(w.org.id);
    assert_eq!(names(&org).await, [("Help".into(), Scope::Global), ("Order".into(), mine)]);
    made(&org, "Help", w.workflow).await;
    assert_eq!(
        names(&org).await,
        [("Help".into(), mine), ("Order".into(), mine)],
        "an own form hides the global one"
    );
    assert_eq!(names(&other).await, [("Help".into(), Scope::Global)]);
    assert_eq!(names(&global).await, [("Help".into(), Scope::Global)]);
}

async fn an_opened_form_is_one_persons(db: Db) {
    let w = World::new(db).await;
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    let shared = made(&w.db.scope(Scope::Global), "Help", w.shared).await;
    let second = made(&org, "Order", w.workflow).await;
    let session = open(&org, shared.id, w.user).await.unwrap();
    assert_eq!(sessions::get(&org, session.id, shared.id, w.user).await.unwrap(), session);
    for (scoped, form, user) in
        [(&other, shared.id, w.user), (&org, second.id, w.user), (&org, shared.id, UserId::new())]
    {
        let refused = sessions::get(scoped, session.id, form, user).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    }
    let upload = sessions::add_upload(&org, &session, "paper", "a.txt").await.unwrap();
    assert_eq!(upload.path, format!("{}/{}/a.txt", shared.id, upload.id));
    assert_eq!(sessions::uploads(&org, session.id).await.unwrap()[&upload.id], upload);
    assert!(sessions::uploads(&other, session.id).await.unwrap().is_empty());
    for _ in 1..MAX_SESSIONS {
        open(&org, shared.id, w.user).await.unwrap();
    }
    let full = open(&org, shared.id, w.user).await.unwrap_err();
    assert!(matches!(full, Error::Conflict { code: "too_many_sessions", .. }), "{full:?}");
    open(&org, shared.id, UserId::new()).await.unwrap();
}

async fn what_is_over_goes_with_its_files(db: Db) {
    let folder = tempfile::tempdir().unwrap();
    let objects = DirectoryObjects::open(folder.path()).await.unwrap();
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let form = made(&org, "Order", w.workflow).await;
    let session = open(&org, form.id, w.user).await.unwrap();
    let mut paths = vec![];
    for field in ["used", "unused", "never sent"] {
        let upload = sessions::add_upload(&org, &session, field, "a.txt").await.unwrap();
        if field != "never sent" {
            files::write(&org, &objects, "uploads", &upload.path, None, b"x".to_vec()).await.unwrap();
        }
        if field == "used" {
            sessions::use_uploads(&org, session.id, vec![upload.id]).await.unwrap();
        }
        paths.push(upload.path);
    }
    forms::delete(&org, form.id).await.unwrap();
    let time = bifrost_store::now();
    assert_eq!(sessions::expire(&w.db, &objects, time, 10).await.unwrap(), 0);
    assert_eq!(count(&w.db, "forms").await, 1, "somebody has it open");
    let time = time + LIFE + LIFE;
    assert_eq!(sessions::expire(&w.db, &objects, time, 10).await.unwrap(), 1);
    assert_eq!(sessions::expire(&w.db, &objects, time, 10).await.unwrap(), 0);
    for table in ["form_sessions", "form_uploads", "forms", "form_workflows"] {
        assert_eq!(count(&w.db, table).await, 0, "{table}");
    }
    let left: Vec<_> =
        files::list(&org, "uploads", "", None, 10).await.unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(left, [paths[0].clone()]);
}

async fn workflows_of_forms_are_kept(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    made(&org, "Order", w.workflow).await;
    // The provider sees who depends on its workflow.
    made(&org, "Help", w.shared).await;
    for (scoped, name) in [(org, "form Order"), (w.db.scope(Scope::Global), "form Help")] {
        let refused = workspaces::deploy(&scoped, deployment("empty", vec![])).await.unwrap_err();
        let Error::Conflict { code: "workflow_in_use", message } = refused else { panic!("{refused:?}") };
        assert!(message.contains(name), "{message}");
    }
}
