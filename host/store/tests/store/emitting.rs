//! Schedules that emit a topic: one delivery for each tick, and everything behind it is an event's.

use crate::common::*;
use crate::schedules::{fire, hour, hourly, set_next};
use crate::webhooks::{process, settings, subscribe, topic};
use bifrost_core::*;
use bifrost_store::organizations::{self, OrganizationChange};
use bifrost_store::schedules::{self, Fired, NewSchedule, Schedule, ScheduleChange};
use bifrost_store::webhooks::deliveries::{self, Delivery, State};
use bifrost_store::webhooks::{event, sources};
use bifrost_store::{Db, Keyring, Scoped, Sql, now};
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;

on_both!(
    a_schedule_starts_a_workflow_or_emits_a_topic,
    a_tick_is_emitted_once,
    an_emitted_tick_is_filtered_mapped_and_replayed,
    missed_ticks_are_emitted_as_the_policy_says,
    a_tick_of_which_nobody_is_told_has_its_reason,
    the_provider_emits_its_own_topics,
);

const TOPIC: &str = "clock.hourly";

fn emitting() -> NewSchedule {
    NewSchedule { starts: Starts::Topic(TOPIC.into()), ..hourly(WorkflowId::new()) }
}

async fn made(w: &World) -> Schedule {
    schedules::create(&w.db.org(w.org.id), emitting()).await.unwrap()
}

/// Fires `id` for its ticks since `at`, looked at half a second after the last full hour.
async fn tick(db: &Db, id: ScheduleId, at: chrono::DateTime<chrono::Utc>) -> Fired {
    set_next(db, id, at).await;
    fire(db, hour() + TimeDelta::milliseconds(500)).await
}

async fn told(org: &Scoped, source: WebhookId) -> Vec<Delivery> {
    deliveries::list(org, source, None, None, 100).await.unwrap()
}

async fn a_schedule_starts_a_workflow_or_emits_a_topic(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let new = made(&w).await;
    assert_eq!((new.topic.as_deref(), new.workflow_id, new.workflow_name.clone()), (Some(TOPIC), None, None));
    assert_eq!(schedules::get(&org, new.id).await.unwrap(), new);
    assert_eq!(schedules::list(&org, None).await.unwrap(), std::slice::from_ref(&new));
    assert_eq!(schedules::list(&org, Some(w.workflow)).await.unwrap(), []);
    let change = ScheduleChange { parameters: Some(json!({ "a": 1 })), ..Default::default() };
    assert_eq!(schedules::update(&org, new.id, change).await.unwrap().parameters, json!({ "a": 1 }));
    let wrong = NewSchedule { starts: Starts::Topic("Hourly".into()), ..emitting() };
    assert!(matches!(
        schedules::create(&org, wrong).await,
        Err(Error::Invalid { field, .. }) if field == "topic"
    ));
    assert!(matches!(schedules::get(&w.db.org(w.other.id), new.id).await, Err(Error::NotFound("schedule"))));
    for columns in ["workflow_id = NULL, topic = NULL", "workflow_id = $1"] {
        let sql = Sql::new(format!("UPDATE schedules SET {columns}"));
        let sql = if columns.contains('$') { sql.bind(w.workflow) } else { sql };
        let changed = w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await;
        assert!(changed.is_err(), "neither both nor none: {columns}");
    }
    schedules::delete(&org, new.id).await.unwrap();
}

async fn a_tick_is_emitted_once(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let (source, id, at) = (topic(&w, TOPIC).await, made(&w).await.id, hour());
    set_next(&w.db, id, at).await;
    let time = at + TimeDelta::milliseconds(20);
    let due = schedules::due(&w.db, time, 10).await.unwrap();
    let all = join_all((0..4).map(|_| schedules::fire(&w.db, due.clone(), time))).await;
    let emitted: Vec<_> = all.into_iter().flat_map(|fired| fired.unwrap().emitted).collect();
    assert_eq!(emitted.len(), 1, "one of all who saw it");
    let schedule = schedules::get(&org, id).await.unwrap();
    assert_eq!((schedule.last_at, schedule.last_execution, schedule.skipped), (Some(at), None, 0));
    assert_eq!(schedule.next_at, Some(at + TimeDelta::hours(1)));
    // A clock that goes back meets the same tick again.
    assert_eq!(tick(&w.db, id, at).await, Fired::default());
    let listed = told(&org, source.id).await;
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), emitted);
    // Another schedule's tick at the same time is another one.
    let second = made(&w).await.id;
    assert_eq!(tick(&w.db, second, at).await.emitted.len(), 1);
    assert_eq!(told(&org, source.id).await.len(), 2);
}

async fn an_emitted_tick_is_filtered_mapped_and_replayed(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let source = topic(&w, TOPIC).await;
    let mapping = json!({ "full": "/data/full", "at": "/headers/scheduled-for", "by": "/headers/schedule" });
    subscribe(&w, source.id, json!([{ "pointer": "/data/full", "equals": true }]), mapping).await;
    subscribe(&w, source.id, json!([{ "pointer": "/data/full", "equals": false }]), json!({})).await;
    let id = made(&w).await.id;
    let emitted = tick(&w.db, id, hour()).await.emitted;
    let processed = process(&w, emitted[0]).await;
    let [run] = &processed.runs[..] else { panic!("{processed:?}") };
    let at = hour().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert_eq!(run.parameters, json!({ "full": true, "at": at, "by": "Hourly" }));
    assert_eq!((run.executed_by.0, run.executed_by_email.as_str()), (w.workflow.0, webhook::IDENTITY));
    let delivery = deliveries::get(&org, emitted[0]).await.unwrap();
    assert_eq!((delivery.state, event(&source, &delivery)["type"].clone()), (State::Done, json!(TOPIC)));
    let again = deliveries::replay(&org, emitted[0]).await.unwrap();
    assert_eq!(process(&w, again.id).await.runs.len(), 1);
}

async fn missed_ticks_are_emitted_as_the_policy_says(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let source = topic(&w, TOPIC).await;
    for (catch_up, emitted, skipped) in [(CatchUp::Last, 1, 1), (CatchUp::All, 4, 0)] {
        let id = schedules::create(&org, NewSchedule { catch_up, ..emitting() }).await.unwrap().id;
        let fired = tick(&w.db, id, hour() - TimeDelta::hours(3)).await;
        assert_eq!((fired.emitted.len(), fired.skipped), (emitted, skipped), "{catch_up:?}");
        assert_eq!(schedules::get(&org, id).await.unwrap().last_at, Some(hour()));
    }
    assert_eq!(told(&org, source.id).await.len(), 5);
}

async fn a_tick_of_which_nobody_is_told_has_its_reason(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let id = made(&w).await.id;
    let missed = async |reason: &str| {
        assert_eq!(tick(&w.db, id, hour()).await, Fired { skipped: 1, ..Default::default() }, "{reason}");
        let schedule = schedules::get(&org, id).await.unwrap();
        assert_eq!(schedule.last_skip_reason.as_deref(), Some(reason));
        assert!(schedule.last_at.is_none() && schedule.next_at.is_some());
    };
    missed("topic_missing").await;
    let source = topic(&w, TOPIC).await;
    let small = |old: sources::Settings| sources::Settings { body_bytes: 4, ..old };
    sources::update(&org, source.id, small).await.unwrap();
    missed("too_large").await;
    sources::update(&org, source.id, |old| sources::Settings { is_enabled: false, ..old }).await.unwrap();
    missed("topic_missing").await;
    let off = OrganizationChange { is_active: Some(false), ..Default::default() };
    organizations::update(&w.db, w.org.id, off).await.unwrap();
    missed("organization_inactive").await;
    assert_eq!(told(&org, source.id).await, []);
}

async fn the_provider_emits_its_own_topics(db: Db) {
    let w = World::new(db).await;
    let provider = w.db.org(w.provider.organization.id);
    let settings = sources::Settings { topic: Some(TOPIC.into()), ..settings(TOPIC) };
    let keys = Keyring::from_bytes([1; 32]);
    let source = sources::create(&provider, &keys, WebhookKind::Topic, settings, None, w.user).await.unwrap();
    // A tenant's topic of the same name hears nothing of it.
    let other = topic(&w, TOPIC).await;
    let id = schedules::create(&w.db.scope(Scope::Global), emitting()).await.unwrap().id;
    assert_eq!(tick(&w.db, id, hour()).await.emitted.len(), 1);
    assert_eq!(told(&provider, source.id).await.len(), 1);
    assert_eq!(told(&w.db.org(w.org.id), other.id).await, []);
    assert!(schedules::next_due(&w.db, now()).await.unwrap().is_some());
}
