//! What the figures were measured on, read back from where it is in force.

use crate::Bench;
use crate::python::output;
use anyhow::Result;
use bifrost_core::Limits;
use bifrost_sandbox::Settings;
use bifrost_store::{Db, Options, Sql};
use bifrost_test_services::{database_url, redis_url};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, Row};
use std::process::Command;

/// Everything that the summary says about its run.
///
/// # Errors
/// When something of this machine cannot be read.
pub async fn settings(bench: &Bench) -> Result<Value> {
    let settings = Settings::default();
    let pythons: Vec<&str> = bench.pythons.iter().map(|python| python.version.as_str()).collect();
    Ok(json!({
        "date": chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string(),
        "commit": commit(),
        "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
        "quick": bench.quick,
        "cpu": cpu(),
        "cores": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        "memory_mb": memory_mb(),
        // Above zero: others used the machine at the same time, and absolute figures suffer.
        "load_at_start": load(),
        "kernel": std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "native_python": pythons,
        "sandbox": {
            "slots": settings.slots,
            "max_memory_mb": settings.max_memory_bytes >> 20,
            "keep_resident_mb": settings.keep_resident_bytes >> 20,
            "metered": settings.metered,
            "limits": serde_json::to_value(Limits::default())?,
        },
        "sqlite": sqlite(bench).await.unwrap_or_else(|error| json!(format!("{error:#}"))),
        "postgresql": postgresql().await.unwrap_or_else(|error| json!(format!("{error:#}"))),
        "rabbitmq": json!({
            "version": output(Command::new("rabbitmqctl").arg("version")).unwrap_or_default().trim(),
            "queue": "durable quorum queue, persistent messages, publisher confirms",
        }),
        "redis": json!({"version": redis()}),
    }))
}

fn commit() -> String {
    let head = output(Command::new("git").args(["rev-parse", "--short", "HEAD"])).unwrap_or_default();
    let changed = output(Command::new("git").args(["status", "--porcelain"])).unwrap_or_default();
    format!("{}{}", head.trim(), if changed.trim().is_empty() { "" } else { " with local changes" })
}

fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

/// Processes that wanted a core in the last minute, on average.
fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

fn memory_mb() -> u64 {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total =
        info.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    total.unwrap_or(0u64) / 1_024
}

/// The PRAGMAs of a connection that the store opened.
async fn sqlite(bench: &Bench) -> Result<Value> {
    let folder = tempfile::tempdir_in(&bench.out)?;
    let db = Db::open(&format!("sqlite:{}", folder.path().join("settings.db").display()), Options::default())
        .await?;
    let system = db.system();
    let mut tx = system.read().await?;
    let synchronous: i64 = tx.one(Sql::new("PRAGMA synchronous")).await?.get("synchronous")?;
    let journal: String = tx.one(Sql::new("PRAGMA journal_mode")).await?.get("journal_mode")?;
    let version: String = tx.one(Sql::new("SELECT sqlite_version() AS version")).await?.get("version")?;
    drop(tx);
    db.close().await;
    let synchronous = ["off", "normal", "full", "extra"].get(usize::try_from(synchronous)?).copied();
    Ok(json!({"version": version, "synchronous": synchronous, "journal_mode": journal}))
}

fn redis() -> String {
    let info = output(Command::new("redis-cli").args(["-u", &redis_url(), "info", "server"]));
    let info = info.unwrap_or_default();
    info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or_default().to_owned()
}

async fn postgresql() -> Result<Value> {
    let mut connection = sqlx::PgConnection::connect(&database_url()).await?;
    let mut all = serde_json::Map::new();
    for name in ["server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"] {
        let row = connection.fetch_one(format!("SHOW {name}").as_str()).await?;
        all.insert(name.to_owned(), json!(row.try_get::<String, _>(0)?));
    }
    Ok(Value::Object(all))
}
