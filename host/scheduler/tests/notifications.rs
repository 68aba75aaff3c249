//! From a run that fails to a mail in the hands of a mail server, and to a receiver.

use bifrost_core::ports::{Bus, Ticket};
use bifrost_core::*;
use bifrost_notify::{Notifier, Security, SmtpSettings};
use bifrost_scheduler::{process_notifications, send_notifications};
use bifrost_store::executions::{self, NewExecution};
use bifrost_store::notifications::{NewChannel, Target, channels, rules};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::workspaces::{self, Deployment};
use bifrost_store::{Db, InProcessBus, Keyring, Options, Sql, workflows};
use bifrost_test_services::hooks::{Direct, Receiver};
use bifrost_test_services::mail::{MailServer, Manner};
use serde_json::json;
use std::sync::Arc;

struct World {
    db: Db,
    caller: Caller,
    workflow: WorkflowId,
    bus: Arc<dyn Bus>,
    _folder: tempfile::TempDir,
}

fn keys() -> Keyring {
    Keyring::from_bytes([1; 32])
}

impl World {
    /// An organization that is told of every failed run by all of these.
    async fn told_by(targets: Vec<Target>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let db = Db::open(&url, Options::default()).await.expect("a database");
        let new = NewOrganization { name: "Org".into(), ..Default::default() };
        let organization = organizations::create(&db, new).await.expect("made").id;
        let info = json!({ "id": "a.py::f", "path": "a.py", "function": "f", "name": "f", "kind": "workflow", "parameters": [] });
        let info: WorkflowInfo = serde_json::from_value(info).expect("an info");
        let user = UserId::new();
        let deployment = Deployment {
            source_hash: "h".into(),
            object_key: "k".into(),
            own_key: "k".into(),
            shared_hash: None,
            propose: false,
            instead_of: None,
            report: WorkspaceReport { workflows: vec![info], ..Default::default() },
            created_by: user,
            message: None,
            force: false,
        };
        let org = db.org(organization);
        workspaces::deploy(&org, deployment).await.expect("deployed");
        let workflow = workflows::find(&org, "f").await.expect("found").id;
        let mut ids = vec![];
        for (number, target) in targets.into_iter().enumerate() {
            let name = format!("channel {number}");
            let new = NewChannel { name, target, full_errors: false, is_enabled: true, created_by: user };
            ids.push(channels::create(&org, &keys(), new).await.expect("a channel").id);
        }
        let settings = rules::Settings {
            name: "all".into(),
            workflows: vec![],
            only_scheduled: false,
            with_errors: false,
            in_app: true,
            channels: ids,
            is_enabled: true,
        };
        rules::create(&org, NotificationKind::RunFailed, settings, user).await.expect("a rule");
        let caller = Caller::of_role(user, "e", organization, Role::OrgUser);
        Self { db, caller, workflow, bus: Arc::new(InProcessBus::new()), _folder: folder }
    }

    fn notifier(&self, port: u16) -> Notifier {
        let smtp = SmtpSettings {
            host: "127.0.0.1".into(),
            port,
            security: Security::None,
            credentials: None,
            from: "bifrost@provider.example".into(),
        };
        let (db, web) = (self.db.clone(), Arc::new(Direct));
        Notifier::new(db, keys(), web, Some(smtp), "https://bifrost.example").expect("a notifier")
    }

    async fn fail(&self) {
        let new = NewExecution::by(&self.caller, self.workflow, json!({}));
        let org = self.db.org(self.caller.organization);
        let id = executions::accept(&org, new).await.expect("accepted").execution.id;
        let ticket = Ticket { execution: id, attempt: 1 };
        let token = executions::claim(&self.db, ticket, "w", 60).await.expect("claim").expect("free").token;
        let outcome = Outcome::ended(Status::Failed, "UserError", "the customer has no licence");
        assert!(executions::finish(&self.db, id, token, outcome).await.expect("ended"));
    }

    /// One look of the leader.
    async fn look(&self, notifier: &Notifier) {
        process_notifications(&self.db, &self.bus).await.expect("processed");
        send_notifications(&self.db, notifier).await.expect("sent");
    }

    /// As if so many minutes had passed.
    async fn pass(&self, minutes: i64) {
        let earlier = bifrost_store::now() - chrono::TimeDelta::minutes(minutes);
        for table in ["notification_channels", "notification_items", "notification_messages"] {
            let sql = Sql::new(format!("UPDATE {table} SET next_at = $1")).bind(earlier);
            let unit = self.db.system();
            unit.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.expect("set");
        }
    }
}

#[tokio::test]
async fn a_failed_run_is_told_by_mail_and_by_webhook_and_here() {
    let server = MailServer::start(Manner::default()).await.expect("a mail server");
    let receiver = Receiver::start("HTTP/1.1 204 No Content\r\n\r\n").await.expect("a receiver");
    let w = World::told_by(vec![
        Target::Email(vec!["a@x.example".into()]),
        Target::Webhook { url: receiver.url.clone(), secret: "a secret of ours".to_owned().into() },
    ])
    .await;
    let topic = notification::channel(w.caller.organization);
    let mut live = w.bus.subscribe(vec![topic]).await.expect("subscribed");
    let notifier = w.notifier(server.port);
    w.look(&notifier).await;
    assert!(server.mails().is_empty() && receiver.requests().is_empty(), "nothing has happened");
    w.fail().await;
    w.look(&notifier).await;
    assert_eq!((server.mails().len(), receiver.requests().len()), (1, 1));
    assert!(server.mails()[0].data.contains("Subject: f: A run failed"), "{:?}", server.mails());
    assert!(server.mails()[0].data.contains("the customer has no licence"), "it is for users");
    let event = live.try_recv().expect("told live");
    assert_eq!(event.payload["event"], "run_failed");
    assert!(!event.payload.to_string().contains("licence"), "what it is, is read by who may");
    // A hundred more, and many looks: one mail with a count, once its time has come.
    for _ in 0..100 {
        w.fail().await;
        w.look(&notifier).await;
    }
    assert_eq!((server.mails().len(), receiver.requests().len()), (1, 1));
    w.pass(20).await;
    w.look(&notifier).await;
    w.look(&notifier).await;
    assert_eq!((server.mails().len(), receiver.requests().len()), (2, 2));
    assert!(server.mails()[1].data.contains("(100 times)"), "{}", server.mails()[1].data);
}

#[tokio::test]
async fn a_server_that_is_away_gets_one_message_when_it_is_back() {
    let server = MailServer::start(Manner { busy: 2, ..Manner::default() }).await.expect("a mail server");
    let w = World::told_by(vec![Target::Email(vec!["a@x.example".into()])]).await;
    let notifier = w.notifier(server.port);
    w.fail().await;
    for _ in 0..2 {
        w.look(&notifier).await;
        w.pass(20).await;
        w.fail().await;
    }
    assert!(server.mails().is_empty());
    let channel = channels::list(&w.db.org(w.caller.organization)).await.expect("a list").remove(0);
    assert!(channel.error.as_deref().is_some_and(|why| why.contains("come again later")), "{channel:?}");
    w.look(&notifier).await;
    assert_eq!(server.mails().len(), 1, "the first");
    w.pass(20).await;
    w.look(&notifier).await;
    assert_eq!(server.mails().len(), 2);
    assert!(server.mails()[1].data.contains("(2 times)"), "the others: {}", server.mails()[1].data);
    let channel = channels::get(&w.db.org(w.caller.organization), channel.id).await.expect("there");
    assert!(channel.error.is_none() && channel.sent_at.is_some());
}
