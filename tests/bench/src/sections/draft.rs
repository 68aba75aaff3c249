//! From an edited file to the first line of its log, through the server.

use super::one_thread;
use crate::engines::Engines;
use crate::server::Server;
use crate::stats::percentile;
use crate::{Bench, Summary, workspace};
use anyhow::{Context, Result, ensure};
use base64::Engine;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

/// The workspace of 100 files is deployed; each draft changes one of them.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let folder = tempfile::tempdir_in(&bench.out)?;
    for (path, content) in workspace::hundred(0)?.files() {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new("/")))?;
        std::fs::write(file, content)?;
    }
    one_thread()?.block_on(async {
        let server = Server::start(bench, Engines::Embedded, folder.path()).await?;
        let times = drafts(&server, bench.samples(100, 30)).await;
        server.stop().await?;
        let times = times?;
        summary.set("draft_run.p95_ms", percentile(&times, 0.95));
        summary.note("draft_run.p50_ms", percentile(&times, 0.5));
        summary.note("draft_run.drafts", times.len());
        Ok(())
    })
}

async fn drafts(server: &Server, count: usize) -> Result<Vec<f64>> {
    let mut times = vec![];
    for edit in 1..=count as u64 + 3 {
        let began = Instant::now();
        let content = base64::engine::general_purpose::STANDARD.encode(workspace::edited(edit));
        let body = json!({
            "files": {workspace::EDITED_FILE: content},
            "workflow": workspace::EDITED,
            "input_data": {"customer": "Ada"},
        });
        let mut answer = server.post("/api/drafts", &body).await?;
        let mut text = vec![];
        while !text.contains(&b'\n') {
            text.extend(answer.chunk().await?.context("the answer ended before its first line")?);
        }
        let took = began.elapsed().as_secs_f64() * 1_000.0;
        let first: Value = serde_json::from_slice(text.split(|byte| *byte == b'\n').next().unwrap_or(&[]))?;
        ensure!(first["message"] == format!("edit {edit}"), "{first}");
        while let Some(more) = answer.chunk().await? {
            text.extend(more);
        }
        let last = String::from_utf8_lossy(&text);
        let last: Value = serde_json::from_str(last.trim_end().lines().last().unwrap_or_default())?;
        ensure!(last["status"] == "Success" && last["result"]["edit"] == edit, "{last}");
        // The first ones find pools and caches cold.
        if edit > 3 {
            times.push(took);
        }
    }
    Ok(times)
}
