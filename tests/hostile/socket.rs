//! The socket between a runner and its sandbox processes, with a liar at either end.

use bifrost_core::{Limits, Source};
use bifrost_runner::pool::JobEvent;
use bifrost_runner::protocol::{FromSandbox, ToSandbox, WireInvocation, Work};
use bifrost_runner::wire::{Outbox, Reader};
use bifrost_runner::{Patience, Pool, PoolSettings};
use bifrost_tests::{Platform, program};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FORGER: &str = env!("CARGO_BIN_EXE_forger");
const RUNS: usize = 8;

/// What becomes of the runs that a forging process had.
enum Then {
    /// They are made again, elsewhere; the process is ended.
    Again,
    /// They end as it said.
    Forged,
    /// They end as it said, and it is ended: only after their end it lied.
    ForgedAndEnded,
    /// They fail with this type of error; the process is ended.
    Fail(&'static str),
    /// They fail with this type of error.
    Limit(&'static str),
}
use Then::{Again, Fail, Forged, ForgedAndEnded, Limit};

/// Lets one of the two processes forge while runs are made on both.
async fn forge(platform: &mut Platform, folder: &Path, mode: &str, then: Then) {
    println!("{mode}");
    // Whole, and before anybody may read it: another process may be starting.
    std::fs::write(folder.join("next"), mode).expect("write");
    std::fs::rename(folder.join("next"), folder.join("forge")).expect("rename");
    let liar = loop {
        let _ = std::fs::remove_file(folder.join("forged"));
        let victim = until(|| platform.sandboxes().first().copied()).await;
        // One that has ended by itself meanwhile is nobody's victim.
        if !Command::new("kill").args(["-9", &victim.to_string()]).status().expect("kill").success() {
            continue;
        }
        let liar = until(|| std::fs::read_to_string(folder.join("forged")).ok()?.parse::<u32>().ok()).await;
        // Not when one that was just starting took the part, and was the victim.
        if liar != victim {
            break liar;
        }
    };

    // One after the other, until the liar had one: it takes a moment to be ready.
    let mut executions: Vec<Value> = vec![];
    let mut lied = false;
    for round in 0..10 {
        let mut ids = vec![];
        for _ in 0..RUNS {
            ids.push(platform.submit("beat", json!({"times": 2, "seconds": 0.05})).await);
        }
        for id in &ids {
            let execution = platform.ended(id, Duration::from_secs(60)).await;
            let result = platform.get(&format!("/api/executions/{id}/result")).await["result"].clone();
            let (status, error) = (execution["status"].clone(), execution["error_type"].clone());
            let honest = status == "Success" && result == 2;
            let forged = status == "Success" && result == "forged";
            let attempt = execution["attempt"].as_i64().expect("attempt");
            match then {
                Again => assert!(honest, "{mode}: {execution} {result}"),
                Forged => assert!(honest || forged, "{mode}: {execution} {result}"),
                // Others that it had at the time are made again.
                ForgedAndEnded => assert!(honest || forged, "{mode}: {execution} {result}"),
                Fail(kind) | Limit(kind) => {
                    assert!(honest || (status == "Failed" && error == kind), "{mode}: {execution} {result}");
                }
            }
            lied |= match then {
                Again => attempt > 1,
                _ => !honest,
            };
            executions.push(execution);
        }
        let early = mode == "early" && !platform.sandboxes().contains(&liar);
        if lied || early {
            break;
        }
        assert!(round < 9, "{mode}: the process that lies got no run");
    }
    match then {
        Again | ForgedAndEnded | Fail(_) => {
            until(|| (!platform.sandboxes().contains(&liar)).then_some(())).await;
        }
        Forged | Limit(_) => assert!(platform.sandboxes().contains(&liar), "{mode}: no lie, and ended"),
    }
    until(|| (platform.sandboxes().len() == 2).then_some(())).await;
    assert!(platform.alive(), "{mode}");
}

async fn until<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(value) = what() {
            return value;
        }
        assert!(Instant::now() < deadline, "it did not come to this");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn forged(modes: Vec<(&str, Then)>) {
    let mut platform = Platform::configure(env!("CARGO_TARGET_TMPDIR"), "full_size", |command| {
        command
            .env("BIFROST_SANDBOX_PROGRAM", FORGER)
            .env("BIFROST_PROCESSES", "2")
            .env("BIFROST_LOG", "off");
    })
    .await
    .expect("starts");
    let folder = platform.data().to_owned();
    until(|| (platform.sandboxes().len() == 2).then_some(())).await;
    for (mode, then) in modes {
        forge(&mut platform, &folder, mode, then).await;
    }
    assert!(platform.memory_mib() < 1_000, "{} MiB", platform.memory_mib());
}

#[tokio::test]
async fn what_is_no_message() {
    forged(vec![
        ("garbage", Again),
        ("long frame", Again),
        ("cut frame", Again),
        ("no message", Again),
        ("message and more", Again),
        ("ready again", Again),
        ("early", Again),
        ("dies", Again),
        // Control: what is well formed counts. It goes on, so it is the last.
        ("honest", Forged),
    ])
    .await;
}

#[tokio::test]
async fn what_a_process_must_not_say() {
    forged(vec![
        ("unknown job", Again),
        ("foreign jobs", Again),
        ("foreign log", Again),
        ("foreign call", Again),
        ("report of a run", Again),
        ("ready for runs", Again),
        ("cancels by itself", Again),
        ("log after the end", ForgedAndEnded),
        ("two ends", ForgedAndEnded),
        ("ends Pending", Fail("platform_error")),
        ("ends Running", Fail("platform_error")),
        ("ends Cancelled", Fail("platform_error")),
        ("not JSON", Fail("platform_error")),
        ("not an outcome", Fail("platform_error")),
        ("not text", Fail("platform_error")),
    ])
    .await;
}

#[tokio::test]
async fn more_than_the_limits() {
    forged(vec![
        ("huge outcome", Again),
        ("log flood", Again),
        ("long line", Again),
        ("long logger", Again),
        ("call flood", Again),
        ("HTTP flood", Again),
        ("large call", Again),
        ("large body", Again),
        ("one number twice", Again),
        // Cut to size, and no reason to end the process, so it is the last.
        ("large result", Limit("limit_exceeded:result_bytes")),
    ])
    .await;
}

fn run() -> Work {
    let invocation = WireInvocation {
        workflow: "waves.py::beat".to_owned(),
        parameters: r#"{"times": 1}"#.to_owned(),
        context: "{}".to_owned(),
        capture_variables: false,
        limits: Limits { wall_ms: 100, ..Limits::default() },
    };
    Work::Run { version: "none".to_owned(), invocation }
}

#[tokio::test]
async fn a_process_that_does_nothing_is_replaced() {
    for mode in ["silent", "never ready"] {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("forge"), mode).expect("write");
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
        std::fs::create_dir_all(&cache).expect("cache");
        std::os::unix::fs::symlink(cache, folder.path().join("cache")).expect("link");
        let settings = PoolSettings {
            program: FORGER.into(),
            cache: folder.path().join("cache"),
            processes: 1,
            slots: 16,
        };
        let (ready, job, taken) = (Duration::from_secs(20), Duration::from_secs(6), Duration::from_secs(1));
        let pool = Pool::start_with(&settings, Patience { ready, job, taken });
        let source = Source::default();
        let mut job = pool.submit("none", &source, run()).await.expect("a process");
        if mode == "silent" {
            assert!(matches!(job.events.recv().await, Some(JobEvent::Lost)));
            job = pool.submit("none", &source, run()).await.expect("another process");
        }
        // The real one answers, although there is no such workflow.
        let event = job.events.recv().await;
        let Some(JobEvent::Message(FromSandbox::Ended { outcome: Ok(outcome), .. })) = event else {
            panic!("{mode}: {event:?}");
        };
        assert_eq!(job.outcome(&outcome).expect("an outcome").status, bifrost_core::Status::Failed);
    }
}

/// A sandbox process of the real program, ready.
fn sandbox_process() -> (Child, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("pair");
    let child = Command::new(program().expect("built"))
        .args(["sandbox-process", "--slots", "4", "--cache"])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"))
        .env_clear()
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let mut ready = [0xff; 5];
    (&ours).read_exact(&mut ready).expect("a message");
    // A frame of one byte, the first variant.
    assert_eq!((ready, FromSandbox::Ready.job()), ([0, 0, 0, 1, 0], None));
    (child, ours)
}

async fn exit_code(mut child: Child) -> Option<i32> {
    until(|| child.try_wait().expect("child")).await.code()
}

#[tokio::test]
async fn a_runner_that_lies_or_goes_away_ends_the_process() {
    // Control: it answers one that speaks the language, and ends well when that one leaves.
    let (child, ours) = sandbox_process();
    ours.set_nonblocking(true).expect("nonblocking");
    let stream = tokio::net::UnixStream::from_std(ours).expect("stream");
    let (read, write) = stream.into_split();
    let (out, _) = Outbox::open(write);
    out.send(&ToSandbox::Version { hash: "none".to_owned(), source: Source::default() }).await.expect("sent");
    out.send(&ToSandbox::Start { job: 7, work: run() }).await.expect("sent");
    let mut reader = Reader::new(read);
    let ended = reader.next::<FromSandbox>().await.expect("a message");
    assert!(matches!(ended, Some(FromSandbox::Ended { job: 7, .. })), "{ended:?}");
    // Messages about what it does not have change nothing.
    out.send(&ToSandbox::Cancel { job: 8 }).await.expect("sent");
    out.send(&ToSandbox::Forget { hash: "other".to_owned() }).await.expect("sent");
    out.send(&ToSandbox::Start { job: 9, work: run() }).await.expect("sent");
    let ended = reader.next::<FromSandbox>().await.expect("a message");
    assert!(matches!(ended, Some(FromSandbox::Ended { job: 9, .. })), "{ended:?}");
    drop((reader, out));
    assert_eq!(exit_code(child).await, Some(0));

    let garbage: [&[u8]; 4] =
        [&[0x5a; 4_096], &[0xff; 64], &[0, 0, 0, 3, 0xff, 0xff, 0xff], &[0, 0, 16, 0, 1, 2, 3]];
    for bytes in garbage {
        let (child, mut ours) = sandbox_process();
        ours.write_all(bytes).expect("written");
        ours.shutdown(std::net::Shutdown::Write).expect("shut down");
        let code = exit_code(child).await;
        assert_eq!(code, Some(2), "ended by itself, with an error: {bytes:02x?}");
    }
}
