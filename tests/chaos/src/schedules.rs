//! Schedules that fire every minute, from before the storm until all is healed.

use crate::platform::Platform;
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// How long one request waits for its answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often switching off is tried.
const TRIES: u32 = 10;
/// How long the scheduler may take after all is healed until it has made up for what it missed.
const CATCH_UP: Duration = Duration::from_secs(45);
/// How many there are of each kind: what happens while an earlier run goes on, what happens to
/// ticks that passed unnoticed.
const KINDS: [(usize, &str, &str); 3] = [(10, "queue", "all"), (5, "queue", "last"), (5, "skip", "none")];

/// One that was made.
pub struct Schedule {
    id: Uuid,
    catch_up: &'static str,
    /// It was there at this time.
    from: DateTime<Utc>,
    /// It had nothing to make up for at this time, and was still on.
    until: DateTime<Utc>,
}

/// What one that makes up for all ticks has to have done: a run for each minute in between.
#[derive(Clone, Debug)]
pub struct Owed {
    /// The schedule.
    pub id: Uuid,
    /// After this.
    pub from: DateTime<Utc>,
    /// Up to this.
    pub until: DateTime<Utc>,
}

/// Makes all of them.
///
/// # Errors
/// When the API does not take one.
pub async fn begin(platform: &Platform, url: &str) -> Result<Vec<Schedule>> {
    let mut schedules = vec![];
    for (count, overlap, catch_up) in KINDS {
        for number in 0..count {
            let body = json!({
                "workflow_id": "effects.py::tick", "cron_expression": "* * * * *",
                "name": format!("{overlap}, {catch_up}, {number}"),
                "overlap_policy": overlap, "catch_up_policy": catch_up, "input_data": {"url": url},
            });
            let (status, answer) =
                platform.send("api-1", Method::POST, "/api/schedules", Some(&body), PATIENCE).await?;
            ensure!((200..300).contains(&status), "POST /api/schedules: {status}: {answer}");
            let id = answer["id"].as_str().context("a schedule without an id")?.parse()?;
            let from = Utc::now();
            schedules.push(Schedule { id, catch_up, from, until: from });
        }
    }
    Ok(schedules)
}

/// Switches them off, so that all can become quiet, each once it has made up for what it missed.
///
/// # Errors
/// When the API does not do so after all is healed.
pub async fn end(platform: &Platform, schedules: &mut [Schedule]) -> Result<()> {
    let deadline = Instant::now() + CATCH_UP;
    for schedule in schedules {
        let path = format!("/api/schedules/{}", schedule.id);
        schedule.until = caught_up(platform, &path, deadline).await;
        let mut tries = 0;
        loop {
            match platform
                .send("api-2", Method::PATCH, &path, Some(&json!({"enabled": false})), PATIENCE)
                .await
            {
                Ok((200..300, _)) => break,
                Ok((status @ 400..500, answer)) => anyhow::bail!("PATCH {path}: {status}: {answer}"),
                _ if tries < TRIES => tries += 1,
                other => anyhow::bail!("PATCH {path}: {other:?}"),
            }
            sleep(Duration::from_secs(1)).await;
        }
    }
    Ok(())
}

/// What has to be there of those that make up for all ticks.
pub fn owed(schedules: &[Schedule]) -> Vec<Owed> {
    let all = schedules.iter().filter(|schedule| schedule.catch_up == "all");
    all.map(|schedule| Owed { id: schedule.id, from: schedule.from, until: schedule.until }).collect()
}

/// A time at which the next tick lies ahead, so that all before it were fired; or the deadline.
async fn caught_up(platform: &Platform, path: &str, deadline: Instant) -> DateTime<Utc> {
    loop {
        let asked = Utc::now();
        let answer = platform.send("api-2", Method::GET, path, None, PATIENCE).await;
        let next = answer.ok().and_then(|(_, schedule)| {
            schedule["next_run_at"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok())
        });
        if next.is_some_and(|next| next > asked) || Instant::now() > deadline {
            return asked;
        }
        sleep(Duration::from_millis(500)).await;
    }
}
