//! Measures schedules: how long 10,000 of them take to load and to fire at once, and how
//! late ticks are at 100 a second.
//!
//! `cargo run --release -p bifrost-store --example schedules -- sqlite:schedules.db 100 20`

use bifrost_core::{CatchUp, Overlap, ScheduleId, UserId, WorkflowInfo, WorkflowKind, WorkspaceReport};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::schedules::{self, NewSchedule};
use bifrost_store::workspaces::{self, Deployment};
use bifrost_store::{Db, Options, Sql, now, workflows};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::{Duration, Instant};

const ORGANIZATIONS: usize = 10;
const SCHEDULES: usize = 10_000;
/// As the scheduler has them.
const BATCH: u32 = 500;
const SHORTEST: Duration = Duration::from_millis(5);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "sqlite:schedules.db".into());
    let rate: i64 = args.next().unwrap_or_else(|| "100".into()).parse()?;
    let seconds: i64 = args.next().unwrap_or_else(|| "20".into()).parse()?;
    anyhow::ensure!((rate * seconds) as usize <= SCHEDULES, "at most {SCHEDULES} ticks");
    let db = Db::open(&url, Options::default()).await?;
    let ids = fill(&db).await?;

    let began = Instant::now();
    let wrong = schedules::realign(&db, now()).await?;
    println!("{} schedules loaded, next ticks computed: {:?} ({wrong} wrong)", ids.len(), began.elapsed());

    let due = now();
    set_all(&db, due).await?;
    let began = Instant::now();
    let mut runs = 0;
    loop {
        let fired = step(&db).await?;
        if fired == 0 {
            break;
        }
        runs += fired;
    }
    println!("{runs} runs of schedules that were due together: {:?}", began.elapsed());
    anyhow::ensure!(runs == ids.len(), "a tick was lost");

    // None is due but those that get their tick here.
    set_all(&db, now() + TimeDelta::days(1)).await?;
    let start = now() + TimeDelta::seconds(4);
    let ticks = (rate * seconds) as usize;
    let at = |index: usize| start + TimeDelta::microseconds(1_000_000 * index as i64 / rate);
    set_each(&db, ids.iter().take(ticks).enumerate().map(|(index, id)| (*id, at(index))).collect()).await?;
    anyhow::ensure!(now() < start, "this machine is too slow for so many ticks");
    let mut lags = Vec::new();
    let mut looks = 0;
    while lags.len() < ticks {
        let time = now();
        let due = schedules::due(&db, time, BATCH).await?;
        let at: Vec<DateTime<Utc>> = due.iter().map(|due| due.at).collect();
        let fired = schedules::fire(&db, due, time).await?;
        anyhow::ensure!(fired.runs.len() == at.len(), "a tick was lost");
        let done = now();
        lags.extend(at.iter().map(|at| (done - *at).num_microseconds().unwrap_or(i64::MAX)));
        looks += 1;
        let next = schedules::next_due(&db, time).await?;
        let pause = next.and_then(|next| (next - now()).to_std().ok()).unwrap_or_default();
        tokio::time::sleep(pause.min(Duration::from_secs(1))).await;
        tokio::time::sleep(SHORTEST).await;
    }
    lags.sort_unstable();
    let ms = |part: usize| lags[(lags.len() * part / 1000).min(lags.len() - 1)] as f64 / 1e3;
    println!(
        "{ticks} ticks at {rate}/s in {looks} looks: lag p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        ms(500),
        ms(990),
        ms(1000)
    );
    db.close().await;
    Ok(())
}

async fn step(db: &Db) -> anyhow::Result<usize> {
    let time = now();
    let due = schedules::due(db, time, BATCH).await?;
    Ok(schedules::fire(db, due, time).await?.runs.len())
}

/// Writes all schedules; each may overlap, so that no tick of this is left out.
async fn fill(db: &Db) -> anyhow::Result<Vec<ScheduleId>> {
    let mut ids = Vec::with_capacity(SCHEDULES);
    for number in 0..ORGANIZATIONS {
        let new = NewOrganization { name: format!("bench {number}"), ..Default::default() };
        let org = db.org(organizations::create(db, new).await?.id);
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
        let deployment = Deployment {
            source_hash: "h".into(),
            object_key: "k".into(),
            report: WorkspaceReport { workflows: vec![info], ..Default::default() },
            created_by: UserId::new(),
            message: None,
            force: false,
        };
        workspaces::deploy(&org, deployment).await?;
        let workflow = workflows::find(&org, "f").await?.id;
        let new = |n: usize| NewSchedule {
            workflow_id: workflow,
            name: format!("s{n}"),
            cron: format!("{} {} * * *", n % 60, n % 24),
            time_zone: ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"][n % 4].into(),
            overlap: Overlap::Queue,
            catch_up: CatchUp::Last,
            is_enabled: true,
            parameters: serde_json::json!({ "number": n }),
            created_by: UserId::new(),
        };
        for chunk in (0..SCHEDULES / ORGANIZATIONS).collect::<Vec<_>>().chunks(100) {
            let made = chunk.iter().map(|n| schedules::create(&org, new(*n)));
            ids.extend(futures::future::try_join_all(made).await?.into_iter().map(|schedule| schedule.id));
        }
    }
    Ok(ids)
}

async fn set_all(db: &Db, time: DateTime<Utc>) -> anyhow::Result<()> {
    let sql = Sql::new("UPDATE schedules SET next_at = $1").bind(time);
    Ok(db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await.map(drop) })).await?)
}

async fn set_each(db: &Db, all: Vec<(ScheduleId, DateTime<Utc>)>) -> anyhow::Result<()> {
    let system = db.system();
    let unit = system.write(move |tx| {
        Box::pin(async move {
            for (id, time) in all {
                let sql = Sql::new("UPDATE schedules SET next_at = $2 WHERE id = $1");
                tx.execute(sql.bind(id).bind(time)).await?;
            }
            Ok(())
        })
    });
    Ok(unit.await?)
}
