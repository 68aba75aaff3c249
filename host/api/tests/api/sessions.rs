//! Sessions that processes tell each other of through Redis, which nobody has to trust. Redis is at
//! `REDIS_URL`, else at its usual port on the loopback.

use crate::common::browser::{Browser, PASSWORD, set_password};
use crate::common::{PUBLIC_URL, Platform};
use axum::body::Body;
use bifrost_api::ApiState;
use bifrost_core::ports::SharedCache;
use bifrost_signin::throttle::Rates;
use bifrost_signin::{Settings, SignIn};
use bifrost_store::sign_in::hash;
use bifrost_store::sign_in::known::Known;
use bifrost_store::{Keyring, RedisCache, RedisOptions, Sql, now};
use chrono::TimeDelta;
use http::Request;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

const ADMIN: &str = "admin@own.example";
/// For so long Redis would keep what is good for two seconds.
const LONG: Duration = Duration::from_secs(60);
/// What was ended at one process is refused at all within so long.
const OUT: Duration = Duration::from_secs(5);

/// A cache of one test, with its connection.
async fn cache() -> Arc<dyn SharedCache> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".into());
    let options = RedisOptions { prefix: format!("bifrost.test.{}:", uuid::Uuid::now_v7().simple()) };
    let cache = RedisCache::open(&url, options).expect("an address");
    let connected = async {
        while cache.get("up").await.is_none() {
            cache.set("up", b"1".to_vec(), LONG).await;
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), connected).await.expect("Redis at REDIS_URL");
    Arc::new(cache)
}

/// Another process of the same platform, which remembers nothing.
fn process(platform: &Platform, cache: &Arc<dyn SharedCache>) -> ApiState {
    let rates = Rates { sign_in: 0, ..Rates::default() };
    let settings = Settings { rates, ..Settings::at(PUBLIC_URL).expect("an address") };
    let state = platform.state.clone();
    let shared = Some(cache.clone());
    let sign_in = SignIn::new(state.db.clone(), state.keyring.clone(), settings, shared);
    ApiState { sign_in: sign_in.expect("signing in"), ..state }
}

async fn platform(cache: &Arc<dyn SharedCache>) -> Platform {
    let platform = Platform::new().await;
    set_password(&platform, platform.own.id, platform.own.admin.user).await;
    let state = process(&platform, cache);
    platform.with(state)
}

async fn signed_in(platform: &Platform) -> String {
    let mut browser = Browser::new(platform);
    browser.password(ADMIN, PASSWORD).await.expect(200);
    browser.session().expect("a cookie")
}

async fn status(process: &ApiState, header: &str, value: String) -> u16 {
    let request = Request::get("/api/me").header(header, value).body(Body::empty()).expect("a request");
    let answer = bifrost_api::router(process.clone()).oneshot(request).await.expect("infallible");
    answer.status().as_u16()
}

async fn me(process: &ApiState, token: &str) -> u16 {
    status(process, "cookie", format!("bifrost_session={token}")).await
}

/// Ends all sessions as somebody does it who tells no process.
async fn end_all(platform: &Platform) {
    let delete = Sql::new("DELETE FROM sessions");
    let write = platform.state.db.system();
    write.write(move |tx| Box::pin(async move { tx.execute(delete).await })).await.expect("written");
}

async fn is_refused_in_time(process: &ApiState, token: &str, ended: Instant) {
    while me(process, token).await == 200 {
        assert!(ended.elapsed() < OUT, "revocation takes too long");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_process_hears_of_a_session_from_another_and_not_for_long() {
    let cache = cache().await;
    let platform = platform(&cache).await;
    let token = signed_in(&platform).await;
    let there = process(&platform, &cache);
    assert_eq!(me(&platform.state, &token).await, 200);
    end_all(&platform).await;
    let ended = Instant::now();
    assert_eq!(me(&there, &token).await, 200, "the database has nothing more to say of it");
    for process in [&platform.state, &there] {
        is_refused_in_time(process, &token, ended).await;
    }
    assert_eq!(me(&process(&platform, &cache), &token).await, 401);
}

#[tokio::test]
async fn what_is_forged_or_old_is_no_session() {
    let cache = cache().await;
    let platform = platform(&cache).await;
    let (token, other) = (signed_in(&platform).await, signed_in(&platform).await);
    let (hashed, key) = (hash(&token), Known::key(&hash(&token)));
    for token in [&token, &other] {
        assert_eq!(me(&platform.state, token).await, 200);
    }
    let (sealed, left) = cache.get(&key).await.expect("kept");
    assert!(left <= bifrost_signin::SESSION_CACHE, "{left:?}");
    assert!(!String::from_utf8_lossy(&sealed).contains(ADMIN));
    let (others, _) = cache.get(&Known::key(&hash(&other))).await.expect("kept");
    end_all(&platform).await;

    let known = Known::open(&platform.state.keyring, &hashed, &sealed).expect("our own");
    let sealed_by =
        |keys: &Keyring, asked_at| Known { asked_at, ..known.clone() }.seal(keys, &hashed).expect("sealed");
    let mut altered = sealed_by(&platform.state.keyring, now());
    altered[50] = if altered[50] == b'A' { b'B' } else { b'A' };
    for (what, value) in [
        ("altered", altered),
        ("of another session", others),
        ("of another key", sealed_by(&Keyring::from_bytes([9; 32]), now())),
        ("put back", sealed_by(&platform.state.keyring, now() - TimeDelta::seconds(3))),
        ("nothing", vec![]),
        ("no text", vec![0xff; 100]),
    ] {
        cache.set(&key, value, LONG).await;
        assert_eq!(me(&process(&platform, &cache), &token).await, 401, "{what}");
    }
    // The control; and Redis may keep it for as long as it likes.
    cache.set(&key, sealed_by(&platform.state.keyring, now()), LONG).await;
    let there = process(&platform, &cache);
    assert_eq!(me(&there, &token).await, 200);
    let bearer = format!("Bearer {token}");
    assert_eq!(status(&there, "authorization", bearer).await, 401, "a cookie's value is no bearer token");
    is_refused_in_time(&there, &token, Instant::now()).await;
    assert!(cache.get(&key).await.is_some());
    assert_eq!(me(&process(&platform, &cache), &token).await, 401);
}

#[tokio::test]
async fn signing_out_ends_it_everywhere() {
    let cache = cache().await;
    let platform = platform(&cache).await;
    let (token, stays) = (signed_in(&platform).await, signed_in(&platform).await);
    let key = Known::key(&hash(&token));
    let there = process(&platform, &cache);
    for token in [&token, &stays] {
        assert_eq!((me(&platform.state, token).await, me(&there, token).await), (200, 200));
    }
    let kept = cache.get(&key).await;
    let out = platform.post("/api/sign-out").header("cookie", &format!("bifrost_session={token}"));
    out.header("sec-fetch-site", "same-origin").send().await.expect(204);
    let ended = Instant::now();
    assert_eq!(me(&platform.state, &token).await, 401, "at once where it was said");
    assert!(cache.get(&key).await.is_none(), "and who asks now hears of it");
    // A process that has asked before may tell it only now.
    let (sealed, left) = kept.expect("kept");
    cache.set(&key, sealed, left).await;
    assert_eq!(me(&platform.state, &token).await, 401);
    is_refused_in_time(&there, &token, ended).await;
    for process in [&platform.state, &there] {
        assert_eq!(me(process, &stays).await, 200);
    }
}

#[tokio::test]
async fn without_redis_nobody_is_signed_out() {
    let away = RedisCache::open("redis://127.0.0.1:1", RedisOptions::default()).expect("an address");
    let away: Arc<dyn SharedCache> = Arc::new(away);
    let platform = platform(&away).await;
    let token = signed_in(&platform).await;
    let there = process(&platform, &away);
    for process in [&platform.state, &there] {
        assert_eq!(me(process, &token).await, 200);
    }
    end_all(&platform).await;
    for process in [&platform.state, &there] {
        is_refused_in_time(process, &token, Instant::now()).await;
    }
}
