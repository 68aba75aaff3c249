//! Sessions are in the database: losing Redis signs nobody out, and who signs out is out at every
//! process.

use anyhow::{Context, Result, ensure};
use bifrost_test_services::{Installation, redis_url};
use bifrost_tests::Door;
use bifrost_tests::process::{data_folder, free_port, run};
use bifrost_tests::services::{ready, start, status};
use serde_json::json;
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Compiling the base may be part of a start.
const START: Duration = Duration::from_secs(120);
/// Within so long what was ended at one process is refused at every other; processes remember
/// sessions for less.
const OUT: Duration = Duration::from_secs(5);
const EMAIL: &str = "ada@provider.example";
const PASSWORD: &str = "correct horse battery";

/// Signs in by password; the session's cookie.
async fn signed_in(url: &str) -> Result<String> {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let request = reqwest::Client::new().post(format!("{url}/api/sign-in/password")).json(&body);
    let answer = request.header("sec-fetch-site", "same-origin").send().await?.error_for_status()?;
    let cookie = answer.headers().get("set-cookie").context("a cookie")?.to_str()?;
    Ok(cookie.split(';').next().context("a pair")?.to_owned())
}

/// The status with which the session is answered there.
async fn me(url: &str, cookie: &str) -> Result<u16> {
    let request = reqwest::Client::new().get(format!("{url}/api/me")).header("cookie", cookie);
    Ok(request.send().await?.status().as_u16())
}

async fn is_without_redis(url: &str) -> bool {
    let answer = status(&format!("{url}/health/ready")).await;
    answer.is_some_and(|(code, body)| code == 200 && body["degraded"] == json!(["bus"]))
}

async fn story(installation: &Installation) -> Result<()> {
    let redis = redis_url();
    let host = redis.trim_start_matches("redis://").split('/').next().context("a host")?;
    let door = Door::open(host).await?;
    let through = format!("redis://{}", door.address);
    let listen = [format!("127.0.0.1:{}", free_port()?), format!("127.0.0.1:{}", free_port()?)];
    let urls = [format!("http://{}", listen[0]), format!("http://{}", listen[1])];
    let [first, second] = [urls[0].as_str(), urls[1].as_str()];
    let data = [data_folder(TEMPORARY)?, data_folder(TEMPORARY)?];
    let mut processes = vec![];
    for (listen, data) in listen.iter().zip(&data) {
        let more = [
            ("BIFROST_LISTEN", listen.as_str()),
            ("REDIS_URL", through.as_str()),
            ("BIFROST_PUBLIC_URL", first),
        ];
        let (mut process, health) = start(installation, "api", data.path(), &more)?;
        process.until(START, || ready(&health)).await?;
        processes.push(process);
    }
    let folder = data[0].path().to_str().context("a path")?;
    let settings = [("DATABASE_URL", installation.database.url()), ("BIFROST_DATA", folder)];
    let (_, printed, error) = run(&["set-up"], &settings)?;
    let token = printed.trim().split("#set-up=").nth(1).with_context(|| error.clone())?;
    let body = json!({ "token": token, "email": EMAIL, "name": "Ada", "password": PASSWORD });
    let request = reqwest::Client::new().post(format!("{first}/api/set-up")).json(&body);
    request.header("sec-fetch-site", "same-origin").send().await?.error_for_status()?;
    let (leaves, stays) = (signed_in(first).await?, signed_in(first).await?);
    for url in [first, second] {
        ensure!(me(url, &leaves).await? == 200 && me(url, &stays).await? == 200, "at {url}");
        ensure!(me(url, "bifrost_session=bfs_none").await? == 401, "anybody is let in at {url}");
    }

    door.shut();
    for (process, url) in processes.iter_mut().zip([first, second]) {
        process.until(Duration::from_secs(15), || is_without_redis(url)).await?;
    }
    let until = Instant::now() + OUT;
    while Instant::now() < until {
        for url in [first, second] {
            let status = me(url, &leaves).await?;
            ensure!(status == 200, "without Redis a session is answered with {status} at {url}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Signing in works, too.
    let late = signed_in(second).await?;
    ensure!(me(first, &late).await? == 200, "a session of the time without Redis");

    let request = reqwest::Client::new().post(format!("{first}/api/sign-out")).header("cookie", &leaves);
    let answer = request.header("sec-fetch-site", "same-origin").send().await?;
    ensure!(answer.status() == 204, "{}", answer.status());
    let begun = Instant::now();
    ensure!(me(first, &leaves).await? == 401, "it is signed out where it said so");
    while me(second, &leaves).await? != 401 {
        ensure!(begun.elapsed() < OUT, "the other process knows it after {:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for url in [first, second] {
        ensure!(me(url, &stays).await? == 200, "another session ended with it at {url}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn losing_redis_signs_nobody_out_and_signing_out_ends_it_everywhere() -> Result<()> {
    let installation = Installation::create("sessions").await?;
    let told = story(&installation).await;
    installation.finish().await?;
    told
}
