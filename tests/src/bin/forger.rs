//! A sandbox process that was taken over. Beside the folder of the cache that it is given
//! lies a file `forge` with the name of what it is to do; the first to come does it, and
//! all others become `bifrost`.

use anyhow::{Context, Result, bail};
use bifrost_core::{LogLevel, Outcome, Status};
use bifrost_runner::protocol::{Call, FromSandbox, JobId, MAX_CALL, ToSandbox, Work};
use bifrost_sandbox::HttpRequest;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args_os().collect();
    let cache = Path::new(arguments.get(3).context("sandbox-process --cache FOLDER --slots N")?);
    let folder = cache.parent().context("the cache is in a folder")?;
    if let Ok(mode) = std::fs::read_to_string(folder.join("forge"))
        && let Ok(mut file) = std::fs::File::create_new(folder.join("forged"))
    {
        write!(file, "{}", std::process::id())?;
        let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        socket.set_nonblocking(false)?;
        return forge(&mode, &socket);
    }
    Err(std::process::Command::new(bifrost_tests::program()?).args(&arguments[1..]).exec().into())
}

fn send(mut socket: &UnixStream, message: &FromSandbox) -> Result<()> {
    frame(socket, &postcard::to_stdvec(message)?)?;
    Ok(socket.flush()?)
}

fn frame(mut socket: &UnixStream, bytes: &[u8]) -> Result<()> {
    socket.write_all(&u32::try_from(bytes.len())?.to_be_bytes())?;
    Ok(socket.write_all(bytes)?)
}

fn receive(mut socket: &UnixStream) -> Result<ToSandbox> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
    socket.read_exact(&mut bytes)?;
    Ok(postcard::from_bytes(&bytes)?)
}

/// Waits for ever, as a process does that has died inside.
fn stall() -> ! {
    loop {
        std::thread::park();
    }
}

fn forge(mode: &str, socket: &UnixStream) -> Result<()> {
    match mode {
        "never ready" => stall(),
        "early" => send(socket, &log(1, "l", "m"))?,
        _ => {}
    }
    send(socket, &FromSandbox::Ready)?;
    loop {
        if let ToSandbox::Start { job, work: Work::Run { .. } } = receive(socket)? {
            act(mode, socket, job)?;
        }
    }
}

fn log(job: JobId, logger: &str, message: &str) -> FromSandbox {
    let (logger, message) = (logger.to_owned(), message.to_owned());
    FromSandbox::Log { job, level: LogLevel::Info, logger, message }
}

fn call(job: JobId, call: u64, request: Call) -> FromSandbox {
    FromSandbox::Call { job, call, request }
}

fn get(job: JobId, number: u64) -> FromSandbox {
    call(job, number, Call::ConfigGet { key: "key".to_owned(), scope: None })
}

fn http(job: JobId, number: u64, body: usize) -> FromSandbox {
    let request = HttpRequest {
        method: "POST".to_owned(),
        url: "http://192.0.2.1/".to_owned(),
        headers: vec![],
        body: vec![0; body],
        connect_timeout_ms: None,
        timeout_ms: None,
        unverified: false,
    };
    call(job, number, Call::Http(request))
}

fn ended(job: JobId, status: Status, result: serde_json::Value) -> FromSandbox {
    let outcome = Outcome { result: Some(result), ..Outcome::ended(status, "forged", "forged") };
    FromSandbox::Ended { job, outcome: serde_json::to_vec(&outcome).map_err(|error| error.to_string()) }
}

fn success(job: JobId) -> FromSandbox {
    ended(job, Status::Success, "forged".into())
}

fn act(mode: &str, mut socket: &UnixStream, job: JobId) -> Result<()> {
    let raw = |outcome: &[u8]| FromSandbox::Ended { job, outcome: Ok(outcome.to_vec()) };
    match mode {
        "honest" => send(socket, &success(job))?,
        "early" | "dies" => std::process::exit(1),
        "silent" => stall(),
        "garbage" => socket.write_all(&vec![0x5a; 1 << 20])?,
        "long frame" => socket.write_all(&[0xff; 64])?,
        "cut frame" => {
            socket.write_all(&[0, 0, 16, 0, 1, 2, 3])?;
            std::process::exit(0);
        }
        "no message" => frame(socket, &[0xff; 100])?,
        "message and more" => frame(socket, &[postcard::to_stdvec(&success(job))?, vec![0]].concat())?,
        "ready again" => send(socket, &FromSandbox::Ready)?,
        "unknown job" => send(socket, &success(1 << 40))?,
        // Those of the other process have numbers nearby.
        "foreign jobs" => {
            for other in (job.saturating_sub(20)..job + 20).filter(|other| *other != job) {
                send(socket, &success(other))?;
            }
        }
        "foreign log" => send(socket, &log(job.wrapping_sub(1), "l", "forged"))?,
        "foreign call" => send(socket, &get(job + 1, 1))?,
        "report of a run" => send(socket, &FromSandbox::Built { job, report: Ok(b"{}".to_vec()) })?,
        "ready for runs" => send(socket, &FromSandbox::Warmed { job, result: Ok(()) })?,
        "cancels by itself" => send(socket, &FromSandbox::Cancelled { job })?,
        "log after the end" => {
            send(socket, &success(job))?;
            send(socket, &log(job, "l", "m"))?;
        }
        "two ends" => {
            send(socket, &success(job))?;
            send(socket, &success(job))?;
        }
        "not JSON" => send(socket, &raw(b"{not JSON"))?,
        "not an outcome" => send(socket, &raw(b"{}"))?,
        "not text" => send(socket, &raw(&[0xff; 100]))?,
        "large result" => send(socket, &ended(job, Status::Success, "r".repeat(9 << 20).into()))?,
        "huge outcome" => send(socket, &raw(&vec![b' '; 60 << 20]))?,
        "log flood" => {
            let line = "l".repeat(60_000);
            loop {
                send(socket, &log(job, "l", &line))?;
            }
        }
        "long line" => send(socket, &log(job, "l", &"l".repeat(1 << 20)))?,
        "long logger" => send(socket, &log(job, &"l".repeat(1 << 20), "m"))?,
        "call flood" => {
            for number in 0.. {
                send(socket, &get(job, number))?;
            }
        }
        "HTTP flood" => {
            for number in 0.. {
                send(socket, &http(job, number, 0))?;
            }
        }
        "large call" => {
            let value = "v".repeat(MAX_CALL + 1);
            let (key, scope) = ("key".to_owned(), None);
            send(socket, &call(job, 1, Call::ConfigSet { key, value, kind: None, scope }))?;
        }
        "large body" => send(socket, &http(job, 1, 33 << 20))?,
        "one number twice" => {
            send(socket, &http(job, 1, 0))?;
            send(socket, &http(job, 1, 0))?;
        }
        status => match status.strip_prefix("ends ").and_then(|status| status.parse().ok()) {
            Some(status) => send(socket, &ended(job, status, "forged".into()))?,
            None => bail!("what is `{mode}`?"),
        },
    }
    Ok(())
}
