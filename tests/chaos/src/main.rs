//! `bifrost-chaos`: the platform on services that die, stop and are cut off, judged by
//! what the database and the outside world have seen. See `docs/decisions/0005-chaos.md`.

mod counter;
mod database;
mod load;
mod plan;
mod planted;
mod platform;
mod process;
mod proxy;
mod random;
mod report;
mod rolling;
mod schedules;
mod services;
mod storm;
mod verdict;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use storm::World;
use tokio::time::{Instant, sleep};

/// How long all may take after it was healed until the next run ends, or all is quiet: a lease of 15 s, a ticket that is
/// missed after 30 s, and a run of 20 s that has to be made again. Work that has piled up may take as long as it is done.
const QUIET: Duration = Duration::from_secs(150);
/// The same for the little that is needed to see that a run will never end.
const QUIET_PLANTED: Duration = Duration::from_secs(75);
/// Nothing may change any more for so long.
const STILL: Duration = Duration::from_secs(3);

/// Harms the platform, heals it, and checks what it had promised. Exit code: 0 green
/// (with `--planted`: a promise of that fault is broken), 1 otherwise, 2 when it could not be done.
#[derive(Parser)]
#[command(name = "bifrost-chaos", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Repeats an earlier plan; random by default.
    #[arg(long)]
    seed: Option<u64>,
    /// Runs to ask for.
    #[arg(long, default_value_t = 500)]
    runs: usize,
    /// How long the storm lasts, in seconds.
    #[arg(long, default_value_t = 90)]
    seconds: u64,
    /// Switch this fault of the program on (see `bifrost-planted`); it has to be found.
    #[arg(long, value_parser = planted::names())]
    planted: Option<String>,
    /// No storm: all workers are drained and restarted, one after the other, under load.
    #[arg(long)]
    rolling: bool,
    /// The program to harm; by default the one beside this.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Keep the services' data.
    #[arg(long)]
    keep: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Serve S3 from a folder.
    #[command(hide = true)]
    ServeS3 {
        /// Where objects are.
        folder: PathBuf,
        /// Where to listen.
        address: SocketAddr,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            tokio::select! {
                outcome = execute(cli) => outcome,
                // What was started is ended when it is dropped.
                () = interrupted() => Err(anyhow::anyhow!("interrupted")),
            }
        })
    });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

async fn execute(cli: Cli) -> Result<bool> {
    if let Some(Command::ServeS3 { folder, address }) = cli.command {
        let listener = tokio::net::TcpListener::bind(address).await?;
        bifrost_test_services::s3::serve(&folder, listener).await?;
        return Ok(true);
    }
    let millis = chrono::Utc::now().timestamp_millis();
    let seed = cli.seed.unwrap_or(u64::try_from(millis)? % 1_000_000);
    let mode = match (&cli.planted, cli.rolling) {
        (Some(planted), _) => planted.clone(),
        (None, true) => "rolling".to_owned(),
        (None, false) => "storm".to_owned(),
    };
    println!("{mode}, seed {seed}");
    let summary = run(&cli, seed, mode).await?;
    summary.print();
    let Some(fault) = &cli.planted else { return Ok(summary.green) };
    let broken = planted::broken(fault, &summary.checks);
    if broken.is_empty() {
        println!("the planted fault was NOT found");
    } else {
        println!("the planted fault was found: {}", broken.join("; "));
    }
    Ok(!broken.is_empty())
}

/// The program to harm.
fn program(cli: &Cli) -> Result<PathBuf> {
    let name = if cli.planted.is_some() { "bifrost-planted" } else { "bifrost" };
    let beside = std::env::current_exe()?.with_file_name(name);
    let program = cli.program.clone().unwrap_or(beside);
    anyhow::ensure!(program.exists(), "{} is missing; build it first", program.display());
    Ok(program)
}

async fn run(cli: &Cli, seed: u64, mode: String) -> Result<report::Summary> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/chaos");
    let (root, name) =
        (root.as_path(), if mode == "storm" { seed.to_string() } else { format!("{seed}-{mode}") });
    let logs = root.join(name);
    let _ = std::fs::remove_dir_all(&logs);
    std::fs::create_dir_all(&logs)?;
    let logs = logs.canonicalize()?;
    println!("logs are in {}", logs.display());
    let mut folder = tempfile::Builder::new().prefix("bifrost-chaos-").tempdir()?;
    folder.disable_cleanup(cli.keep);
    // PostgreSQL's user has to pass.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))?;

    let services = services::Services::start(folder.path(), &logs).await.context("the services")?;
    let database = database::Database::prepare(services.get(services::Service::Postgres).address).await?;
    let settings = platform::Settings {
        program: program(cli)?,
        data: folder.path().to_owned(),
        cache: root.canonicalize()?.join("cache"),
        logs: logs.clone(),
        planted: cli.planted.clone(),
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("workspace");
    let platform =
        platform::Platform::start(&settings, &services, &workspace).await.context("the platform")?;
    database.observe().await?;
    let counter = counter::Counter::start().await?;
    let world = Arc::new(World { services, platform: Arc::new(platform), database });
    let database = &world.database;
    let keeper = {
        let world = world.clone();
        tokio::spawn(async move { world.tend().await })
    };

    let storm = Duration::from_secs(cli.seconds);
    let wishes = load::wishes(seed, cli.runs, storm);
    let faults = match cli.planted.as_deref() {
        _ if cli.rolling => vec![],
        Some(planted::NO_FENCING) => plan::overtakes(storm),
        _ => plan::plan(seed, storm),
    };
    let mut schedules = schedules::begin(&world.platform, &counter.url()).await?;
    println!(
        "{} runs, {} schedules, {} faults over {} s",
        wishes.len(),
        schedules.len(),
        faults.len(),
        cli.seconds
    );
    let began = Instant::now();
    let quiet_within = if cli.planted.is_some() { QUIET_PLANTED } else { QUIET };
    let deadline = began + storm + Duration::from_secs(30) + quiet_within;
    let load = {
        let (platform, url) = (world.platform.clone(), counter.url());
        tokio::spawn(async move { load::ask(&platform, wishes, &url, deadline).await })
    };
    if cli.rolling {
        rolling::restart(&world, storm).await?;
    } else {
        world.storm(&faults).await;
        tokio::time::sleep_until(began + storm).await;
    }
    let weathered = began.elapsed();
    println!("healing");
    world.heal().await?;
    schedules::end(&world.platform, &mut schedules).await?;
    let answered = load.await?;
    let quiet = becomes_quiet(database, quiet_within).await;
    let after = began.elapsed() - weathered;

    let evidence = verdict::Evidence {
        answered,
        effects: counter.effects(),
        runs: database.runs().await?,
        changes: database.changes().await?,
        causes: database.causes().await?,
        lines: database.lines().await?,
        owed: schedules::owed(&schedules),
        calm: cli.rolling,
    };
    keeper.abort();
    let checks = verdict::judge(&evidence);
    let all = world.services.all.iter().map(|running| &running.process);
    let all = all.chain(plan::PROCESSES.iter().map(|name| world.platform.process(name)));
    let starts = all.map(|process| {
        let (starts, own_ends) = process.history();
        report::Starts { process: process.name.clone(), starts, own_ends }
    });
    let mut summary = report::Summary {
        seed,
        mode,
        green: quiet && checks.iter().all(|check| check.broken == 0),
        quiet,
        seconds: (weathered.as_secs_f64(), after.as_secs_f64()),
        asked: 0,
        requests: 0,
        waited: 0,
        statuses: Default::default(),
        attempts: Default::default(),
        scheduled: 0,
        slowest_acceptance: 0.0,
        faults,
        processes: starts.collect(),
        checks,
    };
    summary.count(&evidence.answered, &evidence.runs);
    summary.write(&logs.join("summary.json"))?;
    summary.write(&root.join("summary.json"))?;
    if cli.keep {
        println!("data is kept in {}", folder.path().display());
    }
    Ok(summary)
}

/// True once no run is under way and nothing has changed for a while; false when runs are left and none has ended for so
/// long.
async fn becomes_quiet(database: &database::Database, patience: Duration) -> bool {
    let mut still: Option<(i64, Instant)> = None;
    let (mut least, mut until) = (i64::MAX, Instant::now() + patience);
    while Instant::now() < until {
        sleep(Duration::from_millis(250)).await;
        let (Ok(open), Ok(changes)) = (database.open_runs().await, database.change_count().await) else {
            still = None;
            continue;
        };
        if open < least {
            (least, until) = (open, Instant::now() + patience);
        }
        match still {
            Some((before, since)) if open == 0 && before == changes => {
                if since.elapsed() >= STILL {
                    return true;
                }
            }
            _ => still = (open == 0).then(|| (changes, Instant::now())),
        }
    }
    false
}
