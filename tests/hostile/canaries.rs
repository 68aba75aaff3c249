//! Two organizations with the same names for everything, and a canary in all that either of
//! them writes: after a thousand mixed runs at once nothing of one is found where the other
//! looks, in no answer, message, row, object, key of Redis, log or file of the cache.

mod places;
mod tenant;

use anyhow::{Context, Result, ensure};
use bifrost_test_services::Installation;
use bifrost_tests::Client;
use bifrost_tests::process::{Process, data_folder, free_port};
use futures::stream::{self, StreamExt, TryStreamExt};
use places::Findings;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tenant::{KINDS, Tenant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const RUNS: usize = 1_000;
/// Runs of each kind that either organization has at least.
const OF_EACH: usize = RUNS / 2 / KINDS.len();
/// Requests at the same time.
const AT_ONCE: usize = 64;
/// A machine that others use, too.
const PATIENCE: Duration = Duration::from_secs(300);
/// Tables in which both organizations have something.
const FILLED: [&str; 11] = [
    "config",
    "documents",
    "document_tables",
    "executions",
    "execution_logs",
    "forms",
    "integrations",
    "integration_mappings",
    "notifications",
    "versions",
    "webhook_deliveries",
];

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

async fn all_runs(tenants: &[Tenant; 2]) -> Result<()> {
    let jobs = (0..RUNS).map(|number| (&tenants[number % 2], number / 2));
    let ids: Vec<_> = stream::iter(jobs)
        .map(|(tenant, number)| async move { anyhow::Ok((tenant, tenant.submit(number).await?)) })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let deadline = Instant::now() + PATIENCE;
    for (tenant, id) in &ids {
        loop {
            let run = tenant.client.get(&format!("/api/executions/{id}")).await;
            if run["completed_at"].is_string() {
                ensure!(matches!(run["status"].as_str(), Some("Success" | "Failed")), "{run}");
                break;
            }
            ensure!(Instant::now() < deadline, "the runs did not end: {run}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

async fn story(installation: &Installation) -> Result<()> {
    let data = data_folder(TEMPORARY)?;
    let cache = data.path().join("own-cache");
    std::fs::remove_file(data.path().join("cache"))?;
    std::fs::create_dir(&cache)?;
    // What is compiled already is the same for all; what this test adds is its own.
    for file in files(&Path::new(TEMPORARY).join("cache")) {
        let name = file.file_name().context("a name")?;
        let text = name.to_string_lossy();
        if !text.starts_with("snapshot-") && !text.starts_with("report-") {
            std::fs::copy(&file, cache.join(name))?;
        }
    }
    std::os::unix::fs::symlink(&cache, data.path().join("cache"))?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let variables = installation.variables();
    let mut settings: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.extend([
        ("BIFROST_DATA", data.path().to_str().context("a path")?),
        ("BIFROST_LISTEN", address.as_str()),
        ("BIFROST_LOG", "debug"),
        // Where channels lead.
        ("BIFROST_EGRESS_PRIVATE", "true"),
    ]);
    let mut process = Process::start(&["up"], &settings)?;
    let url = format!("http://{address}");
    let key = data.path().join("admin.key");
    let root = || Client::new(url.clone(), std::fs::read_to_string(&key).unwrap_or_default());
    process.until(PATIENCE, || async { root().has_workflow("none").await.is_ok() }).await?;
    let root = root();
    let tenants = [
        Tenant::make(&root, "Same", "canary-of-the-first-0123456789ab").await?,
        Tenant::make(&root, "Same", "canary-of-the-second-123456789ab").await?,
    ];
    assert!(tenants.iter().all(|tenant| tenant.canary.len() == 32));
    all_runs(&tenants).await?;

    let mut findings = Findings::default();
    // Each place has the owner's own canary: the check could find a foreign one there.
    for (tenant, foreign) in [(&tenants[0], &tenants[1]), (&tenants[1], &tenants[0])] {
        let own = places::runs(tenant, foreign, &mut findings).await?;
        assert!(own >= RUNS / 2, "{own} answers have the own canary");
        let own = places::answers(tenant, foreign, &mut findings).await?;
        assert!(own >= 10 + 3 * OF_EACH, "{own} lists, documents, files and deliveries have the own canary");
        let told = tenant.told().await?.concat();
        assert!(told.contains(&tenant.canary), "its channel was told: {told}");
        findings.look("what a channel was told", told.as_bytes(), foreign);
    }
    let (own, tables) = places::rows(installation, &tenants, &mut findings).await?;
    assert!(own >= RUNS, "{own} rows have the own canary");
    assert!(FILLED.iter().all(|table| tables.contains(*table)), "{tables:?}");
    let [objects, cached] = places::stored(installation, &cache, &tenants, &mut findings).await?;
    assert!(objects >= 2 * (1 + 2 * OF_EACH), "{objects} objects have the own canary");
    assert!(cached >= 2, "{cached} cached files have the own canary");
    places::in_redis(&tenants, &mut findings).await?;
    let log = process.log().join("\n");
    for tenant in &tenants {
        findings.look("the server's log", log.as_bytes(), tenant);
    }
    assert!(
        findings.0.is_empty(),
        "{} places, such as {:?}",
        findings.0.len(),
        &findings.0[..findings.0.len().min(5)]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_organization_is_where_the_other_looks() -> Result<()> {
    let installation = Installation::create("canaries").await?;
    let told = story(&installation).await;
    installation.finish().await?;
    told
}
