//! Schedules, as far as the platform under test has them.

use crate::platform::Platform;
use anyhow::Result;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

/// How long one request waits for its answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often switching off is tried.
const TRIES: u32 = 10;

/// Makes schedules that fire every minute; the ids, none where there is no such API.
///
/// # Errors
/// When the API refuses what it should take.
pub async fn begin(platform: &Platform, url: &str) -> Result<Vec<String>> {
    let (status, _) = match platform.send("api-1", Method::GET, "/api/schedules", None, PATIENCE).await {
        Ok(answer) => answer,
        Err(_) => return Ok(vec![]),
    };
    if status != 200 {
        return Ok(vec![]);
    }
    let mut ids = vec![];
    for catch_up in ["all", "last"] {
        let body = json!({
            "workflow_id": "effects.py::tick", "cron_expression": "* * * * *",
            "overlap_policy": "queue", "catch_up_policy": catch_up,
            "input_data": {"url": url},
        });
        let (status, answer) =
            platform.send("api-1", Method::POST, "/api/schedules", Some(&body), PATIENCE).await?;
        anyhow::ensure!((200..300).contains(&status), "POST /api/schedules: {status}: {answer}");
        ids.extend(answer["id"].as_str().map(str::to_owned));
    }
    Ok(ids)
}

/// Switches them off, so that all can become quiet.
///
/// # Errors
/// When the API does not do so after all is healed.
pub async fn end(platform: &Platform, ids: &[String]) -> Result<()> {
    for id in ids {
        let path = format!("/api/schedules/{id}");
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
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    Ok(())
}
