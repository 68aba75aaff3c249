//! RabbitMQ that goes away and comes back.

use super::proxy::Proxy;
use super::queue::{DELIVERY_LIMIT, dead_letters, ticket};
use super::{NOT_NOW, SOON};
use bifrost_core::ports::Queue;
use bifrost_store::{RabbitOptions, RabbitQueue};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

fn amqp_url() -> String {
    std::env::var("AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672".into())
}

/// A queue with a name of its own.
pub struct RabbitTest {
    options: RabbitOptions,
}

impl RabbitTest {
    pub fn new() -> Self {
        let queue = format!("bifrost.test.{}", Uuid::now_v7().simple());
        let options =
            RabbitOptions { queue, prefetch: 8, delivery_limit: DELIVERY_LIMIT, ..Default::default() };
        Self { options }
    }

    pub async fn connect(&self) -> RabbitQueue {
        self.connect_at(&amqp_url()).await
    }

    async fn connect_at(&self, url: &str) -> RabbitQueue {
        RabbitQueue::connect(url, self.options.clone()).await.expect("RabbitMQ at AMQP_URL")
    }

    async fn channel(&self) -> (lapin::Connection, lapin::Channel) {
        let connection = lapin::Connection::connect(&amqp_url(), Default::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        (connection, channel)
    }

    async fn delete_queue(&self) {
        let (_connection, channel) = self.channel().await;
        channel.queue_delete(self.options.queue.as_str().into(), Default::default()).await.unwrap();
    }

    pub async fn clean(self) {
        let dead = format!("{}.dead", self.options.queue);
        self.delete_queue().await;
        let (_connection, channel) = self.channel().await;
        channel.queue_delete(dead.as_str().into(), Default::default()).await.unwrap();
        channel.exchange_delete(dead.as_str().into(), Default::default()).await.unwrap();
    }
}

async fn takes(queue: &RabbitQueue, attempt: i32) {
    let delivery = timeout(SOON, queue.next()).await.expect("a ticket").unwrap();
    assert_eq!(delivery.ticket.attempt, attempt);
    delivery.ack().await.unwrap();
}

#[tokio::test]
async fn a_lost_workers_tickets_come_to_another_and_a_lost_queue_is_declared_again() {
    let test = RabbitTest::new();
    let (first, second) = (test.connect().await, test.connect().await);
    first.publish(ticket(1)).await.unwrap();
    let held = timeout(SOON, first.next()).await.unwrap().unwrap();
    drop((first, held));
    takes(&second, 1).await;
    // The consumer is cancelled, publishing is refused.
    test.delete_queue().await;
    timeout(SOON, second.publish(ticket(2))).await.expect("declared again").unwrap();
    takes(&second, 2).await;
    test.clean().await;
}

#[tokio::test]
async fn a_cut_connection_is_made_again_and_unacknowledged_tickets_come_again() {
    let test = RabbitTest::new();
    let (proxy, url) = Proxy::before(&amqp_url(), 5672).await;
    let queue = test.connect_at(&url).await;
    queue.publish(ticket(1)).await.unwrap();
    let held = timeout(SOON, queue.next()).await.unwrap().unwrap();
    proxy.cut();
    queue.publish(ticket(2)).await.expect("on a new connection");
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let delivery = timeout(SOON, queue.next()).await.expect("consumed again").unwrap();
        seen.push(delivery.ticket.attempt);
        delivery.ack().await.unwrap();
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2], "each once, also what waited here for a worker");
    assert!(held.ack().await.is_err(), "too late: it came again");
    assert!(timeout(NOT_NOW, queue.next()).await.is_err());
    test.clean().await;
}

#[tokio::test]
async fn a_ticket_that_waits_too_long_for_a_slot_is_let_go_and_one_in_hand_is_not() {
    let mut test = RabbitTest::new();
    test.options.hold = Duration::from_millis(300);
    let full = test.connect().await;
    full.publish(ticket(1)).await.unwrap();
    let in_hand = timeout(SOON, full.next()).await.expect("a ticket").unwrap();
    full.publish(ticket(2)).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert!(timeout(NOT_NOW, full.next()).await.is_err(), "the run is in the database");
    drop((full, in_hand));
    let other = test.connect().await;
    takes(&other, 1).await;
    assert!(timeout(NOT_NOW, other.next()).await.is_err());
    test.clean().await;
}

#[tokio::test]
async fn publishing_fails_in_bounded_time_and_works_again() {
    let test = RabbitTest::new();
    let (proxy, url) = Proxy::before(&amqp_url(), 5672).await;
    let queue = test.connect_at(&url).await;
    for lose in [Proxy::refuse, Proxy::stall] {
        lose(&proxy);
        let start = Instant::now();
        assert!(queue.publish(ticket(1)).await.is_err());
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
        proxy.pass();
        queue.publish(ticket(2)).await.expect("the broker is back");
    }
    // What failed may have reached the broker all the same: at least once.
    let mut taken = 0;
    while taken < 2 {
        let delivery = timeout(SOON, queue.next()).await.unwrap().unwrap();
        taken += i32::from(delivery.ticket.attempt == 2);
        delivery.ack().await.unwrap();
    }
    test.clean().await;
}

#[tokio::test]
async fn a_consumer_outlives_an_outage() {
    let test = RabbitTest::new();
    let (proxy, url) = Proxy::before(&amqp_url(), 5672).await;
    let queue = test.connect_at(&url).await;
    assert!(timeout(NOT_NOW, queue.next()).await.is_err(), "consuming, with nothing there");
    proxy.refuse();
    let direct = test.connect().await;
    direct.publish(ticket(5)).await.unwrap();
    assert!(timeout(Duration::from_secs(1), queue.next()).await.is_err(), "away");
    proxy.pass();
    takes(&queue, 5).await;
    test.clean().await;
}

#[tokio::test]
async fn a_message_that_is_no_ticket_is_set_aside() {
    let test = RabbitTest::new();
    let queue = test.connect().await;
    let (_connection, channel) = test.channel().await;
    let name = test.options.queue.as_str();
    let publish =
        channel.basic_publish("".into(), name.into(), Default::default(), b"{}", Default::default());
    publish.await.unwrap().await.unwrap();
    queue.publish(ticket(1)).await.unwrap();
    takes(&queue, 1).await;
    // Beside a real dead letter, which is found behind it.
    queue.publish(ticket(2)).await.unwrap();
    for _ in 0..=DELIVERY_LIMIT {
        drop(timeout(SOON, queue.next()).await.unwrap().unwrap());
    }
    let letters = dead_letters(&queue).await;
    assert_eq!(letters.iter().map(|l| l.delivery.ticket.attempt).collect::<Vec<_>>(), [2]);
    for letter in letters {
        letter.delivery.ack().await.unwrap();
    }
    sleep(NOT_NOW).await;
    let dead = format!("{name}.dead");
    assert!(channel.basic_get(dead.as_str().into(), Default::default()).await.unwrap().is_none());
    test.clean().await;
}

#[tokio::test]
async fn what_is_wrong_at_the_start_is_said() {
    let test = RabbitTest::new();
    let queue = test.connect().await;
    let other = RabbitOptions { delivery_limit: DELIVERY_LIMIT + 1, ..test.options.clone() };
    let error = RabbitQueue::connect(&amqp_url(), other).await.err().expect("other settings").to_string();
    assert!(error.contains("PRECONDITION"), "{error}");
    queue.publish(ticket(1)).await.expect("the first is not disturbed");
    let error = RabbitQueue::connect("amqp://user:hidden@127.0.0.1:9", RabbitOptions::default()).await;
    let error = error.err().expect("nobody there").to_string();
    assert!(error.contains("127.0.0.1:9") && !error.contains("hidden"), "{error}");
    assert!(RabbitQueue::connect("nonsense", RabbitOptions::default()).await.is_err());
    test.clean().await;
}
