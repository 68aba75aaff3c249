//! One conformance test per port, for each of its adapters.

use bifrost_core::ExecutionId;
use bifrost_core::ports::{Bus, Event, Objects, Queue, Ticket};
use bifrost_store::{DirectoryObjects, InProcessBus, InProcessQueue, RabbitOptions, RabbitQueue};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);
const NOT_NOW: Duration = Duration::from_millis(300);

fn ticket(attempt: i32) -> Ticket {
    Ticket { execution: ExecutionId::new(), attempt }
}

/// The queue must be empty and used by nobody else.
async fn a_queue(queue: &dyn Queue) {
    let tickets: Vec<_> = (1..=20).map(ticket).collect();
    for ticket in &tickets {
        queue.publish(*ticket).await.unwrap();
    }
    let mut seen = BTreeSet::new();
    for _ in &tickets {
        let delivery = timeout(SOON, queue.next()).await.expect("a ticket").unwrap();
        assert!(tickets.contains(&delivery.ticket));
        assert!(seen.insert(delivery.ticket.execution), "acknowledged, it does not come again");
        delivery.ack().await.unwrap();
    }
    assert!(timeout(NOT_NOW, queue.next()).await.is_err(), "empty; and giving up waiting loses nothing");

    let again = ticket(1);
    queue.publish(again).await.unwrap();
    let delivery = timeout(SOON, queue.next()).await.unwrap().unwrap();
    assert_eq!(delivery.ticket, again);
    drop(delivery);
    let delivery = timeout(SOON, queue.next()).await.expect("unacknowledged, it comes again").unwrap();
    assert_eq!(delivery.ticket, again);
    delivery.ack().await.unwrap();
    assert!(timeout(NOT_NOW, queue.next()).await.is_err());
}

#[tokio::test]
async fn queue_in_process() {
    a_queue(&InProcessQueue::new()).await;
}

fn amqp_url() -> String {
    std::env::var("AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672".into())
}

async fn delete_queue(name: &str) {
    let connection = lapin::Connection::connect(&amqp_url(), Default::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.queue_delete(name.into(), Default::default()).await.unwrap();
}

#[tokio::test]
async fn queue_rabbit() {
    let name = format!("bifrost.test.{}", Uuid::now_v7().simple());
    let options = RabbitOptions { queue: name.clone(), prefetch: 8 };
    let queue = RabbitQueue::connect(&amqp_url(), options).await.expect("RabbitMQ at AMQP_URL");
    a_queue(&queue).await;
    delete_queue(&name).await;
}

#[tokio::test]
async fn rabbit_gives_a_lost_workers_tickets_to_another_and_returns_after_losing_its_queue() {
    let name = format!("bifrost.test.{}", Uuid::now_v7().simple());
    let options = RabbitOptions { queue: name.clone(), prefetch: 8 };
    let first = RabbitQueue::connect(&amqp_url(), options.clone()).await.unwrap();
    let second = RabbitQueue::connect(&amqp_url(), options).await.unwrap();
    let sent = ticket(1);
    first.publish(sent).await.unwrap();
    let held = timeout(SOON, first.next()).await.unwrap().unwrap();
    drop(held);
    drop(first);
    let delivery = timeout(SOON, second.next()).await.expect("it comes to the other").unwrap();
    assert_eq!(delivery.ticket, sent);
    delivery.ack().await.unwrap();
    // The broker loses the queue: the consumer is cancelled, publishing is refused.
    delete_queue(&name).await;
    let sent = ticket(2);
    timeout(SOON, second.publish(sent)).await.expect("declared again").unwrap();
    let delivery = timeout(SOON, second.next()).await.expect("consumed again").unwrap();
    assert_eq!(delivery.ticket, sent);
    delivery.ack().await.unwrap();
    delete_queue(&name).await;
    assert!(RabbitQueue::connect("amqp://127.0.0.1:9", RabbitOptions::default()).await.is_err());
}

async fn objects(store: &dyn Objects) {
    assert_eq!(store.get("a/b/c").await.unwrap(), None);
    assert!(!store.delete("a/b/c").await.unwrap());
    store.put("a/b/c", b"one".to_vec()).await.unwrap();
    store.put("a/b/c", b"two".to_vec()).await.unwrap();
    store.put("a/b/d", vec![7; 3 << 20]).await.unwrap();
    store.put("empty", vec![]).await.unwrap();
    assert_eq!(store.get("a/b/c").await.unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(store.get("a/b/d").await.unwrap().unwrap().len(), 3 << 20);
    assert_eq!(store.get("empty").await.unwrap(), Some(vec![]));
    assert_eq!(store.get("a/b/c/below").await.unwrap(), None);
    assert!(store.delete("a/b/c").await.unwrap());
    assert_eq!(store.get("a/b/c").await.unwrap(), None);
    for wrong in ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a\nb", ".tmp/x", &"x".repeat(2000)]
    {
        assert!(store.put(wrong, vec![]).await.is_err(), "{wrong}");
        assert!(store.get(wrong).await.is_err(), "{wrong}");
        assert!(store.delete(wrong).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn objects_in_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryObjects::open(directory.path()).await.unwrap();
    objects(&store).await;
    let again = DirectoryObjects::open(directory.path()).await.unwrap();
    assert_eq!(again.get("a/b/d").await.unwrap().unwrap().len(), 3 << 20, "it survives");
}

fn event(channel: &str, number: u32) -> Event {
    Event { channel: channel.into(), payload: json!({"type": "n", "n": number}) }
}

async fn a_bus(bus: &dyn Bus) {
    bus.publish(event("a", 0)).await;
    let mut both = bus.subscribe(vec!["a".into(), "b".into()]).await.unwrap();
    let mut one = bus.subscribe(vec!["b".into()]).await.unwrap();
    bus.publish(event("a", 1)).await;
    bus.publish(event("b", 2)).await;
    bus.publish(event("c", 3)).await;
    assert_eq!(timeout(SOON, both.recv()).await.unwrap(), Some(event("a", 1)), "nothing from before");
    assert_eq!(timeout(SOON, both.recv()).await.unwrap(), Some(event("b", 2)), "in order");
    assert_eq!(timeout(SOON, one.recv()).await.unwrap(), Some(event("b", 2)));
    assert!(timeout(NOT_NOW, one.recv()).await.is_err());
    drop(both);
    // A slow one loses the oldest and holds nobody up.
    for number in 0..5_000 {
        timeout(SOON, bus.publish(event("b", number))).await.unwrap();
    }
    let mut last = None;
    while let Ok(Some(event)) = timeout(NOT_NOW, one.recv()).await {
        last = Some(event);
    }
    assert_eq!(last, Some(event("b", 4_999)));
}

#[tokio::test]
async fn bus_in_process() {
    let bus = InProcessBus::new();
    a_bus(&bus).await;
    let mut open = bus.subscribe(vec!["x".into()]).await.unwrap();
    drop(bus);
    assert_eq!(timeout(SOON, open.recv()).await.unwrap(), None, "closes with the bus");
}
