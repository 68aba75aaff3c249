//! Those who ask for runs: at random times, through either API, each with a key of its
//! own, and again until they hear that the run is accepted. Some wait for its end.

use crate::platform::Platform;
use crate::random::Random;
use futures::StreamExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use uuid::Uuid;

/// How long one request waits for its answer.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long one that waits for the end has it wait, in seconds; less than [`PATIENCE`].
const WAIT: u64 = 6;
/// Before a request is made again.
const AGAIN: Duration = Duration::from_millis(200);
/// Requests under way at the same time.
const CLIENTS: usize = 128;
/// Between two runs as long as a lease, so that a worker can be stopped in the middle of one
/// (see [`crate::plan::Harm::Overtake`]); more of them would only be a longer storm.
const BETWEEN_LONG: Duration = Duration::from_secs(3);
/// How long those last, in milliseconds.
pub const LONG: (u64, u64) = (10_000, 20_000);
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
    /// Whoever asks waits for the end.
    sync: bool,
    /// Attempts that raise what their workflow's policy has tried again.
    failures: i64,
}

/// The end of a run, as whoever waited for it was told.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Which.
    pub id: Uuid,
    /// How it ended.
    pub status: String,
    /// The attempt that its result tells of.
    pub attempt: Option<i64>,
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
    /// Attempts that raise what their workflow's policy has tried again.
    pub failures: i64,
    /// Ends that answers told of.
    pub heard: Vec<Heard>,
    /// The last answer of 500: the API said that it is broken, not that it is busy.
    pub internal: Option<String>,
}

impl Answered {
    fn new(wish: &Wish) -> Self {
        Self {
            key: wish.key.clone(),
            lines: wish.lines,
            ids: BTreeSet::new(),
            requests: 0,
            accepted_after: None,
            refused: None,
            failures: wish.failures,
            heard: vec![],
            internal: None,
        }
    }

    /// Notes an answer of 2xx.
    fn accepted(&mut self, status: u16, answer: &Value) {
        let Some(id) = answer["execution_id"].as_str().and_then(|id| id.parse().ok()) else {
            self.refused = Some(format!("{status} without an id: {answer}"));
            return;
        };
        self.ids.insert(id);
        if status == 200 {
            let ended = answer["status"].as_str().unwrap_or_default().to_owned();
            self.heard.push(Heard { id, status: ended, attempt: answer["result"]["attempt"].as_i64() });
        }
    }
}

/// The wishes of a seed, in order, over a time.
pub fn wishes(seed: u64, runs: usize, over: Duration) -> Vec<Wish> {
    let mut random = Random::new(seed, "load");
    let long = over.div_duration_f64(BETWEEN_LONG) as usize;
    let over = u64::try_from(over.as_millis()).unwrap_or(u64::MAX);
    let mut all: Vec<_> = (0..runs)
        .map(|n| Wish {
            at: random.millis(0, over),
            key: format!("chaos-{seed}-{n}"),
            // Most are short.
            ms: match random.between(0, 99) {
                _ if n < long => random.between(LONG.0, LONG.1),
                0..85 => random.between(0, 1_500),
                _ => random.between(2_000, 8_000),
            },
            lines: i64::try_from(random.between(2, 12)).unwrap_or(2),
            first: APIS[usize::from(random.chance(50))],
            twice: random.chance(20),
            sync: random.chance(10),
            failures: if random.chance(10) { i64::from(random.chance(50)) + 1 } else { 0 },
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
            let mut answered = Answered::new(&wish);
            let _ = timeout_at(deadline, one(platform, &wish, url, &mut answered)).await;
            answered
        })
        .buffer_unordered(CLIENTS.max(1))
        .collect()
        .await
}

async fn one(platform: &Platform, wish: &Wish, url: &str, answered: &mut Answered) {
    let began = Instant::now();
    let mut input = json!({"url": url, "ms": wish.ms, "lines": wish.lines});
    let mut workflow = "effects.py::effect";
    if wish.failures > 0 {
        workflow = "effects.py::unsteady";
        input["failures"] = json!(wish.failures);
    }
    let mut body = json!({"workflow_id": workflow, "input_data": input, "idempotency_key": wish.key});
    if wish.sync {
        body["sync"] = json!(true);
        body["timeout_seconds"] = json!(WAIT);
    }
    let mut api = wish.first;
    let mut wanted = if wish.twice { 2 } else { 1 };
    while wanted > 0 {
        answered.requests += 1;
        let method = reqwest::Method::POST;
        match platform.send(api, method, "/api/workflows/execute", Some(&body), PATIENCE).await {
            Ok((status @ 200..300, answer)) => {
                answered.accepted(status, &answer);
                answered.accepted_after.get_or_insert_with(|| began.elapsed());
                wanted -= 1;
            }
            Ok((500, answer)) => {
                answered.internal = Some(answer.to_string());
                sleep(AGAIN).await;
            }
            // Overloaded, or a service is away.
            Ok((429 | 500.., _)) | Err(_) => sleep(AGAIN).await,
            Ok((status, answer)) => {
                answered.refused = Some(format!("{status}: {answer}"));
                return;
            }
        }
        api = if api == APIS[0] { APIS[1] } else { APIS[0] };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_load_has_every_kind_of_wish() {
        for seed in 0..50 {
            let wishes = wishes(seed, 500, Duration::from_secs(90));
            let count = |is: fn(&Wish) -> bool| wishes.iter().filter(|wish| is(wish)).count();
            assert!((20..100).contains(&count(|wish| wish.sync)), "seed {seed}");
            assert!(count(|wish| wish.failures == 1) > 5, "seed {seed}");
            assert!(count(|wish| wish.failures == 2) > 5, "seed {seed}");
            assert!(count(|wish| wish.twice) > 50, "seed {seed}");
        }
    }
}
