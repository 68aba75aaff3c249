//! Measures durable runs per second: accept, claim and finish, each committed.
//!
//! `cargo run --release -p bifrost-store --example throughput -- sqlite:throughput.db 64 20000 audit`
//!
//! With `audit`, the audit log is chained meanwhile, as the leading scheduler does it.

use bifrost_core::ports::Ticket;
use bifrost_core::{Lineage, Outcome, Status, UserId, WorkflowInfo, WorkflowKind, WorkspaceReport};
use bifrost_store::audit;
use bifrost_store::executions::{self, NewExecution};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::workspaces::{self, Deployment};
use bifrost_store::{Db, Options, workflows};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "sqlite:throughput.db".into());
    let callers: usize = args.next().unwrap_or_else(|| "64".into()).parse()?;
    let runs: usize = args.next().unwrap_or_else(|| "20000".into()).parse()?;
    let chained = args.next().is_some_and(|argument| argument == "audit");
    let db = Db::open(&url, Options::default()).await?;
    let organization =
        organizations::create(&db, NewOrganization { name: "bench".into(), ..Default::default() }).await?;
    let org = db.org(organization.id);
    let info = WorkflowInfo {
        id: "a.py::f".into(),
        path: "a.py".into(),
        function: "f".into(),
        line: 1,
        name: "f".into(),
        description: String::new(),
        kind: WorkflowKind::Workflow,
        category: String::new(),
        tags: vec![],
        parameters: vec![],
        defaults: Default::default(),
        accepts_kwargs: false,
    };
    let user = UserId::new();
    let deployment = Deployment {
        source_hash: "h".into(),
        object_key: "k".into(),
        own_key: "k".into(),
        shared_hash: None,
        propose: false,
        instead_of: None,
        report: WorkspaceReport { workflows: vec![info], ..Default::default() },
        created_by: user,
        message: None,
        force: false,
    };
    workspaces::deploy(&org, deployment).await?;
    let workflow = workflows::find(&org, "f").await?.id;
    let left = Arc::new(AtomicUsize::new(runs));
    let began = Instant::now();
    let chain = chained.then(|| tokio::spawn(chain(db.clone())));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (db, org, left) = (db.clone(), org.clone(), left.clone());
        tasks.spawn(async move {
            let mut times = Vec::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                let start = Instant::now();
                one(&db, &org, workflow, user).await?;
                times.push(start.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    let seconds = began.elapsed().as_secs_f64();
    if let Some(chain) = chain {
        chain.abort();
        let begun = Instant::now();
        while audit::append(&db).await? > 0 {}
        let verdict = audit::verify(&db, organization.id, &[]).await?;
        println!(
            "{} entries, {:?} after the last run; {:?}",
            verdict.entries,
            begun.elapsed(),
            verdict.broken
        );
    }
    times.sort();
    println!(
        "{runs} runs, {callers} callers: {:.0} runs/s, {:.0} durable writes/s, p50 {:?}, p99 {:?}",
        runs as f64 / seconds,
        3.0 * runs as f64 / seconds,
        times[times.len() / 2],
        times[times.len() * 99 / 100],
    );
    db.close().await;
    Ok(())
}

async fn chain(db: Db) {
    loop {
        let full = audit::append(&db).await.is_ok_and(|written| written >= audit::BATCH as usize);
        tokio::time::sleep(Duration::from_millis(if full { 20 } else { 500 })).await;
    }
}

async fn one(
    db: &Db,
    org: &bifrost_store::Scoped,
    workflow: bifrost_core::WorkflowId,
    user: UserId,
) -> anyhow::Result<()> {
    let new = NewExecution {
        workflow_id: workflow,
        version_id: None,
        parameters: serde_json::json!({"name": "x", "count": 3}),
        executed_by: user,
        executed_by_email: "u@bench.test".into(),
        executed_by_name: "U".into(),
        executed_by_role: bifrost_core::Role::OrgUser,
        executed_by_ceiling: bifrost_core::Permissions::all(),
        idempotency_key: None,
        rerun_of: None,
        priority: bifrost_core::Priority::Normal,
        not_before: None,
        schedule_id: None,
        lineage: Lineage::default(),
        delivery_id: None,
        form_id: None,
        startup: None,
        endpoint_id: None,
    };
    let execution = executions::accept(org, new).await?.execution;
    let ticket = Ticket { execution: execution.id, attempt: 1 };
    let claimed =
        executions::claim(db, ticket, "w", 60).await?.ok_or_else(|| anyhow::anyhow!("not claimed"))?;
    let mut outcome = Outcome::ended(Status::Success, "", "");
    (outcome.error, outcome.error_type) = (None, None);
    outcome.result = Some(serde_json::json!({"ok": true, "items": [1, 2, 3]}));
    anyhow::ensure!(executions::finish(db, execution.id, claimed.token, outcome).await?, "not finished");
    Ok(())
}
