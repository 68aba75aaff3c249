//! What processes remember for each other in Redis, and Redis that goes away and comes back.

use super::SOON;
use super::bus::{own_prefix, redis_url};
use super::proxy::Proxy;
use bifrost_core::ports::SharedCache;
use bifrost_store::{RedisCache, RedisOptions};
use deadpool_redis::redis;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const LONG: Duration = Duration::from_secs(60);

fn open(options: RedisOptions) -> RedisCache {
    RedisCache::open(&redis_url(), options).unwrap()
}

/// What is there; whoever asks first connects.
async fn found(cache: &RedisCache, key: &str) -> (Vec<u8>, Duration) {
    let found = async {
        loop {
            match cache.get(key).await {
                Some(found) => return found,
                None => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    timeout(SOON, found).await.expect("an entry")
}

/// Keeps something, however often that has to be tried.
async fn keep(cache: &RedisCache, key: &str, value: &[u8], lasts: Duration) {
    let kept = async {
        while cache.get(key).await.is_none_or(|(found, _)| found != value) {
            cache.set(key, value.to_vec(), lasts).await;
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, kept).await.expect("kept");
}

#[tokio::test]
async fn entries_are_shared_and_end() {
    let options = own_prefix();
    let (here, there, stranger) = (open(options.clone()), open(options.clone()), open(own_prefix()));
    keep(&stranger, "up", b"1", LONG).await;
    keep(&here, "a", &[0, 255], LONG).await;
    let (value, left) = found(&there, "a").await;
    assert_eq!(value, [0, 255]);
    assert!(left <= LONG && left > LONG - SOON, "{left:?}");
    assert!(stranger.get("a").await.is_none(), "another installation");
    keep(&here, "a", b"", Duration::from_secs(1)).await;
    let gone = async {
        while there.get("a").await.is_some() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, gone).await.expect("it has ended");

    for key in ["a", "b", "c"] {
        keep(&here, key, b"x", LONG).await;
    }
    there.delete(vec!["a".into(), "b".into(), "nothing".into()]).await;
    there.delete(vec![]).await;
    found(&here, "c").await;
    assert!(here.get("a").await.is_none() && here.get("b").await.is_none());
    here.set("c", b"y".to_vec(), Duration::ZERO).await;
    assert_eq!(found(&here, "c").await.0, b"x", "what has ended is not kept");

    // Nothing of ours stays for ever.
    let mut connection =
        redis::Client::open(redis_url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut set = redis::cmd("SET");
    set.arg(format!("{}d", options.prefix)).arg("x");
    set.query_async::<()>(&mut connection).await.unwrap();
    assert!(here.get("d").await.is_none());
    let mut delete = redis::cmd("DEL");
    delete.arg(format!("{}d", options.prefix));
    delete.query_async::<()>(&mut connection).await.unwrap();
}

#[tokio::test]
async fn nobody_waits_for_redis() {
    let (proxy, url) = Proxy::before(&redis_url(), 6379).await;
    let cache = RedisCache::open(&url, own_prefix()).unwrap();
    keep(&cache, "a", b"x", LONG).await;
    for lose in [Proxy::cut, Proxy::refuse, Proxy::stall] {
        lose(&proxy);
        let begun = Instant::now();
        for _ in 0..100 {
            cache.get("a").await;
            cache.set("b", b"x".to_vec(), LONG).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        proxy.pass();
        assert_eq!(found(&cache, "a").await.0, b"x");
    }
    assert!(RedisCache::open("http://127.0.0.1", RedisOptions::default()).is_err());
}
