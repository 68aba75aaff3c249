//! Messages to channels: made once, seldom, tried again, and gone in the end.

use crate::notifications::{all_of, count, ended, rule, run, sent, settings, webhook, world};
use bifrost_core::notification::{DIGEST, GAP, MAX_SUBJECTS};
use bifrost_core::*;
use bifrost_store::notifications::notices::{self, Reader};
use bifrost_store::notifications::rules::Settings;
use bifrost_store::notifications::{Message, channels, events, messages};
use bifrost_store::{Db, Sql, now};
use chrono::TimeDelta;
use serde_json::json;

on_both!(
    a_failing_workflow_is_told_at_once_and_then_seldom,
    many_subjects_share_messages,
    a_message_is_tried_again_and_given_up,
    only_one_of_two_makes_a_message,
    what_is_old_goes,
);

async fn a_failing_workflow_is_told_at_once_and_then_seldom(db: Db) {
    let (w, org) = world(db).await;
    let channel = webhook(&w, "hook").await;
    // Named by two rules, told once.
    for name in ["one", "two"] {
        rule(&w, Settings { channels: vec![channel.id], ..settings(name) }).await;
    }
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    let first = sent(&w, now()).await;
    assert_eq!((first.len(), first[0].items.len(), first[0].items[0].count), (1, 1, 1));
    let begun = now();
    assert!(channels::get(&org, channel.id).await.unwrap().sent_at.is_some());
    // Once a second for an hour.
    let mut all = vec![];
    for second in 1..=3_600 {
        if second % 300 == 0 {
            // One in the database stands for those of five minutes.
            run(&w, ended(Status::Failed, false)).await;
            let sql = Sql::new("UPDATE notification_items SET count = count + 299");
            events::process(&w.db, 10).await.unwrap();
            w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
        }
        if second % 30 == 0 {
            all.extend(sent(&w, begun + TimeDelta::seconds(second)).await);
        }
    }
    let counts: Vec<_> = all.iter().map(|message| message.items[0].count).collect();
    assert!((3..=4).contains(&all.len()), "a digest every {DIGEST}: {counts:?}");
    let left = count(&w.db, "SELECT CAST(SUM(count) AS bigint) AS n FROM notification_items").await;
    assert_eq!(counts.iter().sum::<i64>() + left, 3_600, "each is counted: {counts:?} and {left}");
    assert!(all.iter().all(|message| message.items[0].first_at <= message.items[0].last_at));
    // In the platform it is one notification.
    assert_eq!(all_of(&w).await.len(), 1);
}

async fn many_subjects_share_messages(db: Db) {
    let (w, _) = world(db).await;
    let channel = webhook(&w, "hook").await;
    rule(&w, Settings { channels: vec![channel.id], ..settings("all") }).await;
    let subjects = MAX_SUBJECTS + 10;
    let (organization, id, time) = (w.org.id, channel.id, now());
    w.db.system()
        .write(move |tx| {
            Box::pin(async move {
                for n in 0..subjects {
                    let sql = Sql::new(
                        "INSERT INTO notification_items (channel_id, kind, subject_id, organization_id, count, first_at, last_at,
                           details, next_at) VALUES ($1, 'run_failed', $2, $3, 1, $4, $4, $5, $4)",
                    );
                    let sql = sql.bind(id).bind(uuid::Uuid::now_v7()).bind(organization).bind(time);
                    tx.execute(sql.bind(json!({ "name": format!("w{n}"), "summary": "s" }))).await?;
                }
                Ok(())
            })
        })
        .await
        .unwrap();
    assert_eq!(sent(&w, time).await[0].items.len() as u32, MAX_SUBJECTS);
    assert_eq!(sent(&w, time + TimeDelta::seconds(30)).await, [], "a channel hears once a minute");
    assert_eq!(sent(&w, time + GAP).await[0].items.len(), 10);
    assert_eq!(sent(&w, time + GAP * 5).await, [], "all are told");
}

async fn a_message_is_tried_again_and_given_up(db: Db) {
    let (w, org) = world(db).await;
    let channel = webhook(&w, "hook").await;
    rule(&w, Settings { channels: vec![channel.id], ..settings("all") }).await;
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    messages::make(&w.db, now(), 10).await.unwrap();
    let time = now();
    let message = messages::due(&w.db, time, 10).await.unwrap().remove(0);
    assert!(!messages::failed(&w.db, &message, "no answer", false).await.unwrap());
    let shown = channels::get(&org, channel.id).await.unwrap();
    assert_eq!(shown.error.as_deref(), Some("no answer"));
    assert_eq!(messages::due(&w.db, time, 10).await.unwrap(), [], "it waits");
    // What happens meanwhile waits for it.
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    let far = now() + TimeDelta::hours(1);
    assert_eq!(messages::make(&w.db, far, 10).await.unwrap(), 0);
    let again = messages::due(&w.db, far, 10).await.unwrap().remove(0);
    assert_eq!((again.id, again.attempts, &again.items), (message.id, 1, &message.items));
    let last = Message { attempts: bifrost_store::webhooks::MAX_ATTEMPTS - 1, ..again };
    assert!(messages::failed(&w.db, &last, "no answer", false).await.unwrap(), "given up");
    assert!(!messages::failed(&w.db, &last, "no answer", false).await.unwrap(), "it is over");
    let next = sent(&w, far).await;
    assert_eq!((next.len(), next[0].items[0].count), (1, 1));
    assert_eq!(channels::get(&org, channel.id).await.unwrap().error, None, "one has arrived");
}

async fn only_one_of_two_makes_a_message(db: Db) {
    let (w, _) = world(db).await;
    let channel = webhook(&w, "hook").await;
    rule(&w, Settings { channels: vec![channel.id], ..settings("all") }).await;
    for _ in 0..20 {
        run(&w, ended(Status::Failed, false)).await;
    }
    // Leaders of the same moment, who all see the same events.
    let both = (0..4).map(|_| {
        let db = w.db.clone();
        tokio::spawn(async move { events::process(&db, 100).await.map(drop) })
    });
    for one in futures::future::join_all(both).await {
        one.unwrap().unwrap();
    }
    assert_eq!(all_of(&w).await.iter().map(|notice| notice.count).sum::<i64>(), 20);
    let both = (0..4).map(|_| {
        let db = w.db.clone();
        tokio::spawn(async move { messages::make(&db, now(), 10).await.unwrap() })
    });
    let made: usize = futures::future::join_all(both).await.into_iter().map(|one| one.unwrap()).sum();
    assert_eq!(made, 1);
    let due = messages::due(&w.db, now(), 10).await.unwrap();
    assert_eq!((due.len(), due[0].items[0].count), (1, 20));
}

async fn what_is_old_goes(db: Db) {
    let (w, _) = world(db).await;
    let channel = webhook(&w, "hook").await;
    rule(&w, Settings { channels: vec![channel.id], ..settings("all") }).await;
    run(&w, ended(Status::Failed, false)).await;
    events::process(&w.db, 10).await.unwrap();
    sent(&w, now()).await;
    let reader = Reader { user: w.user, permissions: Permissions::all() };
    notices::mark_all(&w.db.org(w.org.id), reader).await.unwrap();
    assert_eq!(messages::expire(&w.db, now(), 10).await.unwrap(), 0);
    assert_eq!(notices::expire(&w.db, now(), 10).await.unwrap(), 0);
    let far = now() + TimeDelta::days(100);
    assert_eq!(
        messages::expire(&w.db, far, 10).await.unwrap(),
        2,
        "a message, and what is known of a subject"
    );
    assert_eq!(notices::expire(&w.db, far, 10).await.unwrap(), 1);
    assert_eq!(count(&w.db, "SELECT COUNT(*) AS n FROM notification_reads").await, 0);
}
