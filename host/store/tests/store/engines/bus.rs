//! What every bus does, and Redis that goes away and comes back.

use super::proxy::Proxy;
use super::{NOT_NOW, SOON};
use bifrost_core::ports::{Bus, Event, subscription::Receiver};
use bifrost_store::{InProcessBus, RedisBus, RedisOptions};
use deadpool_redis::redis;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

fn event(channel: &str, number: u32) -> Event {
    Event { channel: channel.into(), payload: json!({"type": "n", "n": number, "text": "ünï\n\"\u{0}"}) }
}

async fn next(receiver: &mut Receiver) -> Event {
    timeout(SOON, receiver.recv()).await.expect("an event").expect("an open bus")
}

/// `here` and `there` are ends of one bus.
async fn conforms(here: &dyn Bus, there: &dyn Bus) {
    let mut witness = there.subscribe(vec!["a".into()]).await.unwrap();
    here.publish(event("a", 0)).await;
    assert_eq!(next(&mut witness).await, event("a", 0));

    let mut both = there.subscribe(vec!["a".into(), "b".into()]).await.unwrap();
    let mut one = there.subscribe(vec!["b".into()]).await.unwrap();
    here.publish(event("a", 1)).await;
    here.publish(event("b", 2)).await;
    here.publish(event("c", 3)).await;
    assert_eq!(next(&mut both).await, event("a", 1), "nothing from before");
    assert_eq!(next(&mut both).await, event("b", 2), "in order");
    assert_eq!(next(&mut one).await, event("b", 2));
    assert_eq!(next(&mut witness).await, event("a", 1), "all subscribers get it");
    assert!(timeout(NOT_NOW, one.recv()).await.is_err(), "nothing of other channels");

    for number in 0..500 {
        here.publish(event("a", number)).await;
    }
    for number in 0..500 {
        assert_eq!(next(&mut both).await, event("a", number), "in order");
    }
    drop(both);

    // A slow one loses the oldest and holds nobody up.
    let mut quick = there.subscribe(vec!["b".into()]).await.unwrap();
    for number in 0..5_000 {
        timeout(SOON, here.publish(event("b", number))).await.unwrap();
        if number % 100 == 99 {
            while next(&mut quick).await != event("b", number) {}
        }
    }
    let (mut received, mut last) = (0, None);
    while let Ok(Some(event)) = timeout(NOT_NOW, one.recv()).await {
        (received, last) = (received + 1, Some(event));
    }
    assert_eq!(last, Some(event("b", 4_999)));
    assert!((1_000..4_999).contains(&received), "{received}: bounded");
}

#[tokio::test]
async fn in_process() {
    let bus = InProcessBus::new();
    conforms(&bus, &bus.clone()).await;
    closes(bus).await;
}

async fn closes(bus: impl Bus) {
    let mut open = bus.subscribe(vec!["x".into()]).await.unwrap();
    drop(bus);
    assert_eq!(timeout(SOON, open.recv()).await.unwrap(), None, "closes with the bus");
}

pub(super) fn redis_url() -> String {
    std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".into())
}

pub(super) fn own_prefix() -> RedisOptions {
    RedisOptions { prefix: format!("bifrost.test.{}:", Uuid::now_v7().simple()) }
}

#[tokio::test]
async fn over_redis() {
    let options = own_prefix();
    let here = RedisBus::open(&redis_url(), options.clone()).unwrap();
    let there = RedisBus::open(&redis_url(), options.clone()).unwrap();
    conforms(&here, &there).await;
    conforms(&here, &here).await;
    // Another installation on the same Redis.
    let stranger = RedisBus::open(&redis_url(), own_prefix()).unwrap();
    let mut alone = stranger.subscribe(vec!["a".into()]).await.unwrap();
    here.publish(event("a", 1)).await;
    assert!(timeout(NOT_NOW, alone.recv()).await.is_err());
    closes(here).await;
}

async fn subscribers_in_redis(channel: &str) -> u32 {
    let client = redis::Client::open(redis_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut ask = redis::cmd("PUBSUB");
    let (_, count): (String, u32) =
        ask.arg("NUMSUB").arg(channel).query_async(&mut connection).await.unwrap();
    count
}

#[tokio::test]
async fn redis_forgets_channels_that_nobody_receives() {
    let options = own_prefix();
    let name = format!("{}a", options.prefix);
    let bus = RedisBus::open(&redis_url(), options).unwrap();
    let first = bus.subscribe(vec!["a".into(), "b".into()]).await.unwrap();
    assert_eq!(subscribers_in_redis(&name).await, 1, "known when subscribing returns");
    let mut second = bus.subscribe(vec!["a".into()]).await.unwrap();
    assert_eq!(subscribers_in_redis(&name).await, 1, "one connection for all of a process");
    drop(first);
    bus.publish(event("a", 1)).await;
    assert_eq!(next(&mut second).await, event("a", 1), "the other still receives");
    drop(second);
    let gone = async {
        while subscribers_in_redis(&name).await > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, gone).await.expect("unsubscribed");
    let mut third = bus.subscribe(vec!["a".into()]).await.unwrap();
    bus.publish(event("a", 2)).await;
    assert_eq!(next(&mut third).await, event("a", 2), "and again subscribed");
}

/// Publishes until something arrives; what was lost on the way stays lost.
async fn arrives(bus: &RedisBus, receiver: &mut Receiver, channel: &str) {
    let again = async {
        for number in 0.. {
            bus.publish(event(channel, number)).await;
            if let Ok(event) = timeout(Duration::from_millis(50), receiver.recv()).await {
                assert_eq!(event.expect("still open").channel, channel);
                return;
            }
        }
    };
    timeout(SOON, again).await.expect("received again");
}

#[tokio::test]
async fn subscribers_receive_again_when_redis_is_back_and_nobody_waits_meanwhile() {
    let (proxy, url) = Proxy::before(&redis_url(), 6379).await;
    let bus = RedisBus::open(&url, own_prefix()).unwrap();
    let mut early = bus.subscribe(vec!["early".into()]).await.unwrap();
    bus.publish(event("early", 0)).await;
    assert_eq!(next(&mut early).await, event("early", 0));
    for lose in [Proxy::cut, Proxy::refuse, Proxy::stall] {
        lose(&proxy);
        let start = Instant::now();
        for number in 0..20_000 {
            bus.publish(event("other", number)).await;
        }
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        let start = Instant::now();
        let mut late = bus.subscribe(vec!["late".into()]).await.expect("never an error");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        // Longer than a connection is trusted that does not answer.
        sleep(Duration::from_secs(6)).await;
        proxy.pass();
        arrives(&bus, &mut early, "early").await;
        arrives(&bus, &mut late, "late").await;
        sleep(NOT_NOW).await;
        while early.try_recv().is_ok() {}
    }
}

#[tokio::test]
async fn redis_may_come_later_but_its_url_must_be_one() {
    let (proxy, url) = Proxy::before(&redis_url(), 6379).await;
    proxy.refuse();
    let bus = RedisBus::open(&url, own_prefix()).unwrap();
    let mut receiver = bus.subscribe(vec!["a".into()]).await.unwrap();
    proxy.pass();
    arrives(&bus, &mut receiver, "a").await;
    assert!(RedisBus::open("http://127.0.0.1", RedisOptions::default()).is_err());
}
