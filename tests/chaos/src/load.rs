//! Those who ask for runs: at random times, through either API, each with a key of its
//! own, and again until they hear that the run is accepted.

use crate::platform::Platform;
use crate::random::Random;
use futures::StreamExt;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use uuid::Uuid;

/// How long one request waits for its answer.
const PATIENCE: Duration = Duration::from_secs(8);
/// Requests under way at the same time.
const CLIENTS: usize = 128;
/// The APIs.
const APIS: [&str; 2] = ["api-1", "api-2"];

/// A run that somebody asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// After the start of the load.
    at: Duration,
    key: String,
    ms: u64,
    lines: i64,
    first: &'static str,
    /// Asked for once more after it was accepted.
    twice: bool,
}

/// What became of a wish.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The key.
    pub key: String,
    /// Lines that the run logs.
    pub lines: i64,
    /// Every id that an answer of 2xx carried for this key.
    pub ids: BTreeSet<Uuid>,
    /// Requests that were made.
    pub requests: u32,
    /// From the first request to the first 2xx.
    pub accepted_after: Option<Duration>,
    /// An answer that no fault explains.
    pub refused: Option<String>,
}

/// The wishes of a seed, in order, over a time.
pub fn wishes(seed: u64, runs: usize, over: Duration) -> Vec<Wish> {
    let mut random = Random::new(seed, "load");
    let over = u64::try_from(over.as_millis()).unwrap_or(u64::MAX);
    let mut all: Vec<_> = (0..runs)
        .map(|n| Wish {
            at: random.millis(0, over),
            key: format!("chaos-{seed}-{n}"),
            // Most are short; some are long enough to outlive a lease that was lost.
            ms: if random.chance(85) { random.between(0, 1_500) } else { random.between(2_000, 8_000) },
            lines: i64::try_from(random.between(2, 12)).unwrap_or(2),
            first: APIS[usize::from(random.chance(50))],
            twice: random.chance(20),
        })
        .collect();
    all.sort_by_key(|wish| wish.at);
    all
}

/// Asks for all of them; gives up at `deadline`.
pub async fn ask(platform: &Arc<Platform>, wishes: Vec<Wish>, url: &str, deadline: Instant) -> Vec<Answered> {
    let began = Instant::now();
    futures::stream::iter(wishes)
        .map(|wish| async move {
            sleep_until(began + wish.at).await;
            let (key, lines) = (wish.key.clone(), wish.lines);
            let (ids, requests, accepted_after, refused) = (BTreeSet::new(), 0, None, None);
            let mut answered = Answered { key, lines, ids, requests, accepted_after, refused };
            let _ = timeout_at(deadline, one(platform, &wish, url, &mut answered)).await;
            answered
        })
        .buffer_unordered(CLIENTS.max(1))
        .collect()
        .await
}

async fn one(platform: &Platform, wish: &Wish, url: &str, answered: &mut Answered) {
    let began = Instant::now();
    let body = json!({
        "workflow_id": "effects.py::effect",
        "input_data": {"url": url, "ms": wish.ms, "lines": wish.lines},
        "idempotency_key": wish.key,
    });
    let mut api = wish.first;
    let mut wanted = if wish.twice { 2 } else { 1 };
    while wanted > 0 {
        answered.requests += 1;
        let method = reqwest::Method::POST;
        match platform.send(api, method, "/api/workflows/execute", Some(&body), PATIENCE).await {
            Ok((200..300, answer)) => {
                let id = answer["execution_id"].as_str().and_then(|id| id.parse().ok());
                match id {
                    Some(id) => drop(answered.ids.insert(id)),
                    None => answered.refused = Some(format!("2xx without an id: {answer}")),
                }
                answered.accepted_after.get_or_insert_with(|| began.elapsed());
                wanted -= 1;
            }
            // Overloaded, or a service is away.
            Ok((429 | 500.., _)) | Err(_) => sleep(Duration::from_millis(200)).await,
            Ok((status, answer)) => {
                answered.refused = Some(format!("{status}: {answer}"));
                return;
            }
        }
        api = if api == APIS[0] { APIS[1] } else { APIS[0] };
    }
}
