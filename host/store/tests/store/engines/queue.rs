//! What every queue does.

use super::rabbit::RabbitTest;
use super::{NOT_NOW, SOON};
use bifrost_core::ExecutionId;
use bifrost_core::ports::{Queue, Ticket};
use bifrost_store::InProcessQueue;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often a ticket comes again in these tests.
pub const DELIVERY_LIMIT: u16 = 3;

pub fn ticket(attempt: i32) -> Ticket {
    Ticket { execution: ExecutionId::new(), attempt }
}

/// The queue is empty and used by nobody else; so it is left.
async fn conforms(queue: &dyn Queue) {
    counts_what_waits(queue).await;
    delivers_once_when_acknowledged(queue).await;
    loses_nothing_to_cancelled_waits(queue).await;
    delivers_again_when_dropped(queue).await;
    keeps_dead_letters(queue).await;
    closes(queue).await;
}

async fn counts_what_waits(queue: &dyn Queue) {
    assert_eq!(queue.waiting().await.unwrap(), Some(0));
    for attempt in 1..=3 {
        queue.publish(ticket(attempt)).await.unwrap();
    }
    let counted = async {
        while queue.waiting().await.unwrap() != Some(3) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, counted).await.expect("three");
    for _ in 0..3 {
        timeout(SOON, queue.next()).await.expect("a ticket").unwrap().ack().await.unwrap();
    }
}

async fn delivers_once_when_acknowledged(queue: &dyn Queue) {
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
    assert!(timeout(NOT_NOW, queue.next()).await.is_err(), "empty");
}

async fn loses_nothing_to_cancelled_waits(queue: &dyn Queue) {
    let mut missing: BTreeSet<_> = BTreeSet::new();
    for number in 1..=100 {
        let ticket = ticket(number);
        queue.publish(ticket).await.unwrap();
        missing.insert(ticket.execution);
    }
    let all = async {
        while !missing.is_empty() {
            tokio::select! {
                biased;
                () = tokio::task::yield_now() => {}
                delivery = queue.next() => {
                    let delivery = delivery.unwrap();
                    assert!(missing.remove(&delivery.ticket.execution));
                    delivery.ack().await.unwrap();
                }
            }
        }
    };
    timeout(SOON, all).await.expect("all tickets come, however often waiting is given up");
}

async fn delivers_again_when_dropped(queue: &dyn Queue) {
    let again = ticket(1);
    queue.publish(again).await.unwrap();
    drop(timeout(SOON, queue.next()).await.unwrap().unwrap());
    let delivery = timeout(SOON, queue.next()).await.expect("unacknowledged, it comes again").unwrap();
    assert_eq!(delivery.ticket, again);
    delivery.ack().await.unwrap();
    assert!(timeout(NOT_NOW, queue.next()).await.is_err());
    assert!(queue.dead_letters(10).await.unwrap().is_empty());
}

async fn keeps_dead_letters(queue: &dyn Queue) {
    let (deadly, harmless) = (ticket(7), ticket(8));
    queue.publish(deadly).await.unwrap();
    for _ in 0..=DELIVERY_LIMIT {
        let delivery = timeout(SOON, queue.next()).await.expect("within the limit it comes again").unwrap();
        assert_eq!(delivery.ticket, deadly);
    }
    queue.publish(harmless).await.unwrap();
    let delivery = timeout(SOON, queue.next()).await.unwrap().unwrap();
    assert_eq!(delivery.ticket, harmless, "the dead letter does not come again");
    delivery.ack().await.unwrap();
    for _ in 0..2 {
        let letters = dead_letters(queue).await;
        assert_eq!(letters.len(), 1, "dropped, it stays");
        assert_eq!((letters[0].delivery.ticket, letters[0].reason.as_str()), (deadly, "delivery_limit"));
        assert!(queue.dead_letters(10).await.unwrap().is_empty(), "in hand");
    }
    for letter in dead_letters(queue).await {
        letter.delivery.ack().await.unwrap();
    }
    sleep(NOT_NOW).await;
    assert!(queue.dead_letters(10).await.unwrap().is_empty(), "acknowledged, it is gone");
}

/// Waits for some: a broker moves them on its own.
pub async fn dead_letters(queue: &dyn Queue) -> Vec<bifrost_core::ports::DeadLetter> {
    let some = async {
        loop {
            let letters = queue.dead_letters(10).await.unwrap();
            if !letters.is_empty() {
                return letters;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, some).await.expect("dead letters")
}

async fn closes(queue: &dyn Queue) {
    queue.publish(ticket(1)).await.unwrap();
    let held = timeout(SOON, queue.next()).await.unwrap().unwrap();
    queue.publish(ticket(2)).await.unwrap();
    queue.close().await;
    assert!(timeout(SOON, queue.next()).await.expect("at once").is_err());
    assert!(timeout(SOON, queue.next()).await.expect("and for good").is_err());
    held.ack().await.expect("what is in hand can be acknowledged");
    queue.publish(ticket(3)).await.expect("publishing works");
}

#[tokio::test]
async fn in_process() {
    let queue = InProcessQueue::with_delivery_limit(DELIVERY_LIMIT);
    conforms(&queue).await;
    assert_eq!(queue.len(), 2, "what was not delivered waits");
}

#[tokio::test]
async fn rabbit() {
    let test = RabbitTest::new();
    conforms(&test.connect().await).await;
    let other = test.connect().await;
    let mut left = BTreeSet::new();
    for _ in 0..2 {
        let delivery = timeout(SOON, other.next()).await.expect("what was not delivered waits").unwrap();
        left.insert(delivery.ticket.attempt);
        delivery.ack().await.unwrap();
    }
    assert_eq!(left, BTreeSet::from([2, 3]));
    assert!(timeout(NOT_NOW, other.next()).await.is_err(), "acknowledged after closing, it is gone");
    test.clean().await;
}
