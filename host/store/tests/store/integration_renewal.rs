//! Tokens that are renewed by one process at a time, and written once, over what they were made
//! from.

use crate::common::*;
use crate::integrations::{access_token, audited, connected, fresh, keys, set};
use bifrost_core::*;
use bifrost_store::integrations::renewal::{self, Failure, Lease};
use bifrost_store::integrations::{Connection, connections};
use bifrost_store::notifications::{events, notices};
use bifrost_store::organizations::{self, OrganizationChange};
use bifrost_store::{Db, Scoped, Sql, audit};
use chrono::TimeDelta;
use serde_json::json;

on_both!(
    one_of_many_has_the_lease,
    tokens_are_written_over_their_own_version,
    failures_are_written_down,
    a_broken_connection_is_told,
    what_is_due_comes_first,
);

async fn one_of_many_has_the_lease(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let id = connection.id;
    let all = (0..20).map(|n| {
        let (org, seen) = (org.clone(), connection.clone());
        tokio::spawn(async move { renewal::take(&org, &seen, format!("process-{n}")).await.unwrap() })
    });
    let all: Vec<_> = futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    let leases: Vec<_> = all.into_iter().flatten().collect();
    assert_eq!(leases.len(), 1);
    assert!(!leases[0].is_taken_over);
    let older = Connection { version: connection.version - 1, ..connection.clone() };
    assert!(renewal::take(&org, &older, "late".into()).await.unwrap().is_none(), "another version");
    // Its holder dies: the lease runs out, and the next one is told.
    let past = bifrost_store::now() - TimeDelta::seconds(1);
    set(&org, "UPDATE oauth_connections SET lease_until = $2 WHERE id = $1", id, past).await;
    let next = renewal::take(&org, &connection, "next".into()).await.unwrap().unwrap();
    assert!(next.is_taken_over);
    // Who has looked before an attempt failed does not make another one at once.
    let failure = Failure { reason: "no answer".into(), is_final: false };
    assert!(renewal::fail(&org, id, next, failure).await.unwrap());
    assert!(renewal::take(&org, &connection, "late".into()).await.unwrap().is_none(), "it has failed since");
    assert!(lease(&org, id, "knows").await.version == connection.version);
}

/// The lease of a connection as it is now.
async fn lease(org: &Scoped, id: ConnectionId, holder: &str) -> Lease {
    let seen = connections::get(org, id).await.unwrap();
    renewal::take(org, &seen, holder.into()).await.unwrap().expect("nobody has it")
}

async fn tokens_are_written_over_their_own_version(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let (id, version) = (connection.id, connection.version);
    // The first holder's lease runs out while the server answers; the second one asks too.
    let first = lease(&org, id, "first").await;
    let past = bifrost_store::now() - TimeDelta::seconds(1);
    set(&org, "UPDATE oauth_connections SET lease_until = $2 WHERE id = $1", id, past).await;
    let second = lease(&org, id, "second").await;
    // The answer of the first is the good one where refresh tokens rotate: it is kept.
    let answer = fresh("access-2", Some("refresh-2"));
    assert!(renewal::commit(&org, &keys(), id, first.version, answer).await.unwrap());
    assert_eq!(access_token(&org, id).await.as_deref(), Some("access-2"));
    // The second one was refused, which is no failure any more; nor would its tokens be kept.
    let failure = Failure { reason: "invalid_grant".into(), is_final: true };
    assert!(!renewal::fail(&org, id, second.clone(), failure).await.unwrap());
    let late = fresh("access-3", Some("refresh-3"));
    assert!(!renewal::commit(&org, &keys(), id, second.version, late).await.unwrap());
    let now = connections::get(&org, id).await.unwrap();
    assert_eq!((now.status, now.error, now.version), (ConnectionStatus::Connected, None, version + 1));
    assert_eq!(access_token(&org, id).await.as_deref(), Some("access-2"));
    assert!(now.refresh_at.unwrap() < now.expires_at.unwrap());
    // Whoever was disconnected stays so.
    let lease = lease(&org, id, "third").await;
    connections::disconnect(&org, id).await.unwrap();
    assert!(!renewal::commit(&org, &keys(), id, lease.version, fresh("access-4", None)).await.unwrap());
    assert_eq!(access_token(&org, id).await, None);
}

async fn failures_are_written_down(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let (id, version) = (connection.id, connection.version);
    let attempt = async |is_final: bool| {
        let lease = lease(&org, id, "p").await;
        let failure = Failure { reason: format!("no answer ({is_final})"), is_final };
        assert!(renewal::fail(&org, id, lease, failure).await.unwrap());
        connections::get(&org, id).await.unwrap()
    };
    let first = attempt(false).await;
    assert_eq!((first.status, first.failures), (ConnectionStatus::Connected, 1));
    assert_eq!(first.error.as_deref(), Some("no answer (false)"));
    let second = attempt(false).await;
    assert!(second.refresh_at.unwrap() > first.refresh_at.unwrap(), "pauses grow");
    assert_eq!(audited(&w.db, "oauth_connection.refresh_failed").await.len(), 1, "once for a row of them");
    set(&org, "UPDATE oauth_connections SET expires_at = $2 WHERE id = $1", id, bifrost_store::now()).await;
    assert_eq!(connections::get(&org, id).await.unwrap().status, ConnectionStatus::Expired);
    let last = attempt(true).await;
    assert_eq!((last.status, last.refresh_at), (ConnectionStatus::Failed, None));
    let entries = audited(&w.db, "oauth_connection.refresh_failed").await;
    assert_eq!((entries.len(), &entries[1]["details"]["is_final"]), (2, &json!(true)));
    assert_eq!(entries[1]["outcome"], "failed");
    // What comes after it is good again.
    assert!(renewal::commit(&org, &keys(), id, version, fresh("a", Some("r"))).await.unwrap());
    let good = connections::get(&org, id).await.unwrap();
    assert_eq!((good.status, good.error, good.failures), (ConnectionStatus::Connected, None, 0));
    let nobody = Lease { holder: "p".into(), version, is_taken_over: false };
    assert!(!renewal::fail(&org, id, nobody, Failure { reason: "x".into(), is_final: true }).await.unwrap());
}

async fn a_broken_connection_is_told(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let id = connection.id;
    let attempt = async |is_final: bool| {
        let lease = lease(&org, id, "p").await;
        let failure = Failure { reason: "invalid_grant".into(), is_final };
        assert!(renewal::fail(&org, id, lease, failure).await.unwrap());
        let sql = Sql::new("SELECT COUNT(*) AS n FROM notification_events");
        w.db.system().read().await.unwrap().one(sql).await.unwrap().get::<i64>("n").unwrap()
    };
    // A server that is away for a moment is nobody's business; after three times in a row it is.
    assert_eq!([attempt(false).await, attempt(false).await], [0, 0]);
    assert_eq!([attempt(false).await, attempt(false).await], [1, 1]);
    assert_eq!(attempt(true).await, 2, "for good");
    assert_eq!(events::process(&w.db, 10).await.unwrap().events, 2);
    let reader = |permissions| notices::Reader { user: w.user, permissions };
    let list =
        async |permissions| notices::list(&org, reader(permissions), false, None, 10).await.unwrap().items;
    let all = list([Permission::ManageIntegrations].into_iter().collect()).await;
    assert_eq!((all.len(), all[0].count, all[0].subject_id), (1, 2, id.0));
    assert_eq!(all[0].details.name, connection.integration_name);
    assert_eq!(all[0].details.error.as_deref(), Some("invalid_grant"));
    assert_eq!(all[0].details.error_for(false), None);
    assert!(
        list(Permissions::all().without([Permission::ManageIntegrations].into_iter().collect()))
            .await
            .is_empty()
    );
}

async fn what_is_due_comes_first(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let now = bifrost_store::now();
    let due = async |time| renewal::due(&w.db, time, 10).await.unwrap();
    assert!(due(now).await.is_empty());
    let at = connection.refresh_at.unwrap();
    assert_eq!(at, connection.expires_at.unwrap() - TimeDelta::minutes(5));
    let own = Scope::Organization(w.org.id);
    assert_eq!(due(at).await, [(own, connection.id)]);
    lease(&org, connection.id, "p").await;
    assert!(due(now + TimeDelta::seconds(30)).await.is_empty(), "somebody renews it");
    renewal::postpone(&org, connection.id, TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(due(at).await, [(own, connection.id)], "nothing was due that could be put off");
    let change = OrganizationChange { is_active: Some(false), ..Default::default() };
    organizations::update(&w.db, w.org.id, change).await.unwrap();
    assert!(due(at).await.is_empty(), "a suspended organization's tokens are left alone");
    while audit::append(&w.db).await.unwrap() > 0 {}
}
