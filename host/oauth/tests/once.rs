//! The server is asked once, whoever asks the platform and however many at the same time; and what
//! it gives is never lost while somebody lives who could keep it.
#![expect(clippy::unwrap_used, reason = "a test that fails should stop")]

mod common;

use bifrost_core::*;
use bifrost_oauth::{Need, OAuth};
use bifrost_store::integrations::renewal::Fresh;
use bifrost_store::{Db, InProcessBus};
use chrono::TimeDelta;
use common::{Server, World, code, reason};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

common::on_both!(
    a_thousand_runs_ask_once,
    who_holds_the_old_token_gets_the_new_one,
    tokens_that_rotate_are_never_used_twice,
    a_death_between_answer_and_commit,
    nobody_has_to_wait_for_it_to_be_kept,
    an_outage_is_asked_once_and_passes,
    a_refusal_is_final_until_somebody_looks,
    what_cannot_be_renewed_is_said,
    other_scopes_have_tokens_of_their_own,
    other_scopes_are_asked_for_once_by_all_processes,
    a_failure_for_other_scopes_is_written_down_and_not_repeated,
);

/// An API process and two workers over one database; the last one hears of nothing.
fn processes(w: &World) -> Vec<OAuth> {
    let bus = Arc::new(InProcessBus::new());
    let deaf = Arc::new(InProcessBus::new());
    vec![w.process("api", bus.clone()), w.process("worker-1", bus), w.process("worker-2", deaf)]
}

async fn a_thousand_runs_ask_once(db: Db) {
    for rotates in [false, true] {
        let w = World::new(db.clone(), Server { rotates, ..Server::default() }).await;
        w.expire().await;
        let processes = processes(&w);
        let all = (0..1_000).map(|n| {
            let (oauth, scope, id) = (processes[n % 3].clone(), w.scope, w.id);
            tokio::spawn(async move { oauth.access(scope, id, Need::Good).await.unwrap() })
        });
        for current in futures::future::join_all(all).await {
            let current = current.unwrap();
            assert_eq!(common::access_token(&current), "access-1");
            assert!(current.connection.expires_at.unwrap() > bifrost_store::now());
        }
        assert_eq!(w.server.requests.load(SeqCst), 1, "rotates: {rotates}");
    }
}

async fn who_holds_the_old_token_gets_the_new_one(db: Db) {
    let w = World::new(db, Server::default()).await;
    let processes = processes(&w);
    let before = processes[0].access(w.scope, w.id, Need::Good).await.unwrap();
    assert_eq!((common::access_token(&before).as_str(), w.server.requests.load(SeqCst)), ("access-0", 0));
    w.age(TimeDelta::minutes(10)).await;
    // Five hundred were told by an API that it is not good any more, a few at a time.
    for n in 0..500 {
        let need = Need::NewerThan(before.connection.version);
        let all = (0..2).map(|m| processes[(n + m) % 3].access(w.scope, w.id, need));
        for current in futures::future::join_all(all).await {
            assert_eq!(common::access_token(&current.unwrap()), "access-1");
        }
    }
    assert_eq!(w.server.requests.load(SeqCst), 1);
    // What is newer cannot be had at once: what is there is seconds old.
    let version = processes[1].access(w.scope, w.id, Need::Good).await.unwrap().connection.version;
    let again = processes[1].access(w.scope, w.id, Need::NewerThan(version)).await.unwrap();
    assert_eq!((again.connection.version, w.server.requests.load(SeqCst)), (version, 1));
}

async fn tokens_that_rotate_are_never_used_twice(db: Db) {
    let w = World::new(db, Server { rotates: true, ..Server::default() }).await;
    let processes = processes(&w);
    for round in 1..=6 {
        w.expire().await;
        let all = (0..30).map(|n| processes[n % 3].access(w.scope, w.id, Need::Good));
        for current in futures::future::join_all(all).await {
            assert_eq!(common::access_token(&current.unwrap()), format!("access-{round}"));
        }
        assert_eq!(w.server.requests.load(SeqCst), round);
    }
    assert_eq!(w.server.reused.load(SeqCst), 0);
}

async fn a_death_between_answer_and_commit(db: Db) {
    for rotates in [true, false] {
        let w = World::new(db.clone(), Server { rotates, ..Server::default() }).await;
        w.expire().await;
        // The server answers, and the process dies before it has the answer.
        w.server.loses_next.store(true, SeqCst);
        let dying = w.process("dying", Arc::new(InProcessBus::new()));
        let (scope, id) = (w.scope, w.id);
        let waiting = tokio::spawn(async move { dying.access(scope, id, Need::Good).await.map(drop) });
        while w.server.requests.load(SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Others wait for it as long as it has the lease.
        let others = w.process("other", Arc::new(InProcessBus::new()));
        let patient = tokio::time::timeout(Duration::from_millis(600), others.access(scope, id, Need::Good));
        assert!(patient.await.is_err(), "it waits");
        assert_eq!(w.server.requests.load(SeqCst), 1);
        waiting.abort();
        w.end_lease().await;
        let next = w.process("next", Arc::new(InProcessBus::new()));
        let outcome = next.access(scope, id, Need::Good).await;
        let connection = w.connection().await;
        if rotates {
            // The refresh token that is known was replaced, and nobody knows by what.
            let error = reason(outcome.unwrap_err());
            assert!(error.contains("invalid_grant") && error.contains("cut off"), "{error}");
            assert_eq!(connection.status, ConnectionStatus::Failed);
            assert!(connection.error.unwrap().contains("connect it again"));
            assert_eq!(w.audited("oauth_connection.refresh_failed").await, 1);
        } else {
            assert_eq!(common::access_token(&outcome.unwrap()), "access-2");
            assert_eq!((connection.status, connection.error), (ConnectionStatus::Connected, None));
        }
        assert_eq!(w.server.requests.load(SeqCst), 2);
    }
}

async fn nobody_has_to_wait_for_it_to_be_kept(db: Db) {
    let w = World::new(db, Server { rotates: true, pause: Duration::from_millis(300), ..Server::default() })
        .await;
    w.expire().await;
    let oauth = w.process("worker", Arc::new(InProcessBus::new()));
    // The run is cancelled while the server answers.
    let waiting = tokio::time::timeout(Duration::from_millis(50), oauth.access(w.scope, w.id, Need::Good));
    assert!(waiting.await.is_err());
    oauth.settle(Duration::from_secs(10)).await;
    assert_eq!(w.connection().await.version, 2);
    let kept = oauth.access(w.scope, w.id, Need::Good).await.unwrap();
    assert_eq!((common::access_token(&kept).as_str(), w.server.requests.load(SeqCst)), ("access-1", 1));
}

async fn an_outage_is_asked_once_and_passes(db: Db) {
    let w = World::new(db, Server::default()).await;
    w.expire().await;
    w.server.answers(503, serde_json::json!({ "error": "temporarily_unavailable" }));
    let processes = processes(&w);
    let all = (0..300).map(|n| processes[n % 3].access(w.scope, w.id, Need::Good));
    for outcome in futures::future::join_all(all).await {
        let error = outcome.unwrap_err();
        assert_eq!(code(&error), "connection_failed");
        assert!(reason(error).contains("temporarily_unavailable"));
    }
    assert_eq!(w.server.requests.load(SeqCst), 1, "nobody insists");
    let connection = w.connection().await;
    assert_eq!((connection.status, connection.failures), (ConnectionStatus::Expired, 1));
    w.server.answers_again();
    // Ten seconds later.
    w.due().await;
    assert_eq!(
        common::access_token(&processes[2].access(w.scope, w.id, Need::Good).await.unwrap()),
        "access-2"
    );
    assert_eq!(w.connection().await.status, ConnectionStatus::Connected);
}

async fn a_refusal_is_final_until_somebody_looks(db: Db) {
    let w = World::new(db, Server::default()).await;
    w.expire().await;
    w.server.answers(400, serde_json::json!({ "error": "invalid_client" }));
    let oauth = w.process("worker", Arc::new(InProcessBus::new()));
    for _ in 0..3 {
        let error = reason(oauth.access(w.scope, w.id, Need::Good).await.unwrap_err());
        assert!(error.contains("`crm`") && error.contains("invalid_client"), "{error}");
    }
    assert!(oauth.access(w.scope, w.id, Need::NewerThan(1)).await.is_err());
    assert_eq!(w.server.requests.load(SeqCst), 1);
    oauth.ahead(w.scope, w.id).await.unwrap();
    assert_eq!(w.server.requests.load(SeqCst), 1, "the scheduler leaves it alone");
    w.server.answers_again();
    let version = w.connection().await.version;
    oauth.access(w.scope, w.id, Need::Again(version)).await.unwrap();
    assert_eq!(w.connection().await.status, ConnectionStatus::Connected);
}

async fn what_cannot_be_renewed_is_said(db: Db) {
    let w = World::new(db, Server::default()).await;
    w.connect(common::fresh("access-0", None)).await;
    let oauth = w.process("worker", Arc::new(InProcessBus::new()));
    assert_eq!(common::access_token(&oauth.access(w.scope, w.id, Need::Good).await.unwrap()), "access-0");
    let good = w.connection().await;
    let at_its_end = good.expires_at;
    assert_eq!((good.status, good.refresh_at), (ConnectionStatus::Connected, at_its_end));
    w.expire().await;
    let error = reason(oauth.access(w.scope, w.id, Need::Good).await.unwrap_err());
    assert!(error.contains("nothing to renew it with"), "{error}");
    let expired = w.connection().await;
    assert_eq!((expired.status, expired.refresh_at), (ConnectionStatus::Expired, at_its_end));
    // The scheduler looks at it when it is over, and writes down what nobody else would.
    w.due().await;
    let error = reason(oauth.ahead(w.scope, w.id).await.unwrap_err());
    assert!(error.contains("nothing to renew it with"), "{error}");
    let failed = w.connection().await;
    assert_eq!((failed.status, failed.refresh_at), (ConnectionStatus::Failed, None));
    assert!(failed.error.unwrap().contains("connect it again"));
    assert_eq!(w.audited("oauth_connection.refresh_failed").await, 1);
    assert_eq!(w.broken().await, 1);
    oauth.ahead(w.scope, w.id).await.unwrap();
    assert_eq!(w.audited("oauth_connection.refresh_failed").await, 1, "said once");
    assert!(oauth.access(w.scope, w.id, Need::Good).await.is_err());
    assert_eq!(w.server.requests.load(SeqCst), 0);
    // Connecting it again is enough.
    w.connect(common::fresh("access-1", None)).await;
    assert_eq!(common::access_token(&oauth.access(w.scope, w.id, Need::Good).await.unwrap()), "access-1");
    // What has no end is never looked at.
    w.connect(Fresh { until: None, ..common::fresh("access-2", None) }).await;
    assert_eq!(w.connection().await.refresh_at, None);
}

async fn other_scopes_have_tokens_of_their_own(db: Db) {
    let w = World::with_flow(db, Server::default(), OAuthFlow::ClientCredentials).await;
    let oauth = w.process("worker", Arc::new(InProcessBus::new()));
    let all = (0..100).map(|n| {
        let (oauth, scope, id) = (oauth.clone(), w.scope, w.id);
        let wanted = if n % 2 == 0 { "graph/.default" } else { "partner/.default" };
        tokio::spawn(async move { oauth.other(scope, id, wanted, false).await.unwrap() })
    });
    let all = futures::future::join_all(all).await;
    let tokens: std::collections::BTreeSet<_> = all
        .iter()
        .map(|one| one.as_ref().unwrap().tokens.access_token.as_ref().unwrap().to_string())
        .collect();
    assert_eq!((tokens.len(), w.server.requests.load(SeqCst)), (2, 2));
    assert!(w.server.said().iter().all(|body| body.contains("grant_type=client_credentials")));
    assert!(w.server.said().iter().any(|body| body.contains("scope=graph%2F.default")));
    // As new as can be.
    oauth.other(w.scope, w.id, "graph/.default", true).await.unwrap();
    assert_eq!(w.server.requests.load(SeqCst), 2);

    let w = World::new(w.db.clone(), Server::default()).await;
    let oauth = w.process("worker", Arc::new(InProcessBus::new()));
    let error = oauth.other(w.scope, w.id, "graph/.default", false).await.unwrap_err();
    assert!(error.to_string().starts_with("oauth_scope"), "{error}");
}

async fn other_scopes_are_asked_for_once_by_all_processes(db: Db) {
    let w = World::with_flow(db, Server::default(), OAuthFlow::ClientCredentials).await;
    let processes = processes(&w);
    let all = (0..300).map(|n| {
        let (oauth, scope, id) = (processes[n % 3].clone(), w.scope, w.id);
        let wanted = if n % 2 == 0 { "graph/.default" } else { "partner/.default" };
        tokio::spawn(async move { oauth.other(scope, id, wanted, false).await.unwrap() })
    });
    let all = futures::future::join_all(all).await;
    let tokens: std::collections::BTreeSet<_> = all
        .iter()
        .map(|one| one.as_ref().unwrap().tokens.access_token.as_ref().unwrap().to_string())
        .collect();
    assert_eq!((tokens.len(), w.server.requests.load(SeqCst)), (2, 2));
    // One that starts later knows them, and a run that goes away in the middle keeps nobody.
    let late = w.process("late", Arc::new(InProcessBus::new()));
    late.other(w.scope, w.id, "graph/.default", false).await.unwrap();
    assert_eq!(w.server.requests.load(SeqCst), 2);
    let (oauth, scope, id) = (late.clone(), w.scope, w.id);
    let gone = tokio::spawn(async move { oauth.other(scope, id, "third/.default", false).await.map(drop) });
    while w.server.requests.load(SeqCst) == 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gone.abort();
    let patient = processes[0].other(w.scope, w.id, "third/.default", false);
    tokio::time::timeout(Duration::from_secs(10), patient).await.expect("it does not wait long").unwrap();
    assert_eq!(w.server.requests.load(SeqCst), 3);
}

async fn a_failure_for_other_scopes_is_written_down_and_not_repeated(db: Db) {
    let w = World::with_flow(db, Server::default(), OAuthFlow::ClientCredentials).await;
    w.server.answers(400, serde_json::json!({ "error": "invalid_scope" }));
    let processes = processes(&w);
    let all = (0..30).map(|n| {
        let (oauth, scope, id) = (processes[n % 3].clone(), w.scope, w.id);
        tokio::spawn(async move { oauth.other(scope, id, "wrong/.default", false).await.unwrap_err() })
    });
    for error in futures::future::join_all(all).await {
        let error = error.unwrap();
        assert_eq!(code(&error), "connection_failed");
        assert!(reason(error).contains("invalid_scope"));
    }
    assert_eq!(w.server.requests.load(SeqCst), 1);
    assert_eq!(w.audited("oauth_connection.refresh_failed").await, 1);
    // Code that asks for more and more fills no log.
    processes[0].other(w.scope, w.id, "wrong/too", false).await.unwrap_err();
    assert_eq!(w.audited("oauth_connection.refresh_failed").await, 1);
    // The connection is as good as it was.
    w.server.answers_again();
    processes[1].other(w.scope, w.id, "graph/.default", false).await.unwrap();
    processes[2].access(w.scope, w.id, Need::Good).await.unwrap();
    let connection = w.connection().await;
    assert_eq!((connection.status, connection.error), (ConnectionStatus::Connected, None));
}
