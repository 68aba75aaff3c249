//! Resolving in a process of its own: it reads what strangers wrote, so it has nothing but its
//! request, ends in time, and may use so much memory and no more.

use crate::lock::{Answer, Request, lock};
use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The subcommand by which the program starts itself.
pub const SUBCOMMAND: &str = "packages-process";
/// Address space of the process, in bytes.
const MEMORY_BYTES: u64 = 2 << 30;
/// Processor time of the process, in seconds.
const CPU_SECONDS: u64 = 120;
/// Largest file that it writes, in bytes; a wheel.
const FILE_BYTES: u64 = crate::wheel::MAX_WHEEL as u64;
/// Largest request and answer, in bytes.
const MESSAGE_BYTES: u64 = 4 << 20;
/// How much longer than its patience it may take: fetching and checking come after resolving.
const GRACE: Duration = Duration::from_secs(60);
/// What it may know of where the certificates of this machine are.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Resolves in a new process of this program.
///
/// # Errors
/// When there cannot be one, or it did not answer.
pub async fn resolve_apart(program: &Path, request: &Request) -> Result<Answer> {
    let mut child = tokio::process::Command::new(program)
        .arg(SUBCOMMAND)
        .env_clear()
        .envs(VARIABLES.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("a process without its streams");
    };
    let request_bytes = serde_json::to_vec(request)?;
    let talk = async {
        stdin.write_all(&request_bytes).await?;
        drop(stdin);
        let mut answer = vec![];
        stdout.take(MESSAGE_BYTES).read_to_end(&mut answer).await?;
        anyhow::Ok((answer, child.wait().await?))
    };
    let Ok(answer) = tokio::time::timeout(request.patience + GRACE, talk).await else {
        return Ok(Answer::Unavailable("installing the packages took too long; try again later".to_owned()));
    };
    let (answer, status) = answer.context("the process that resolves packages")?;
    if status.signal().is_some() {
        let text =
            "choosing the packages took more memory or time than it may; say more precisely which versions";
        return Ok(Answer::Unavailable(text.to_owned()));
    }
    ensure!(status.success(), "the process that resolves packages ended with {status}");
    serde_json::from_slice(&answer).context("the answer of the process that resolves packages")
}

/// Inside of that process: from standard input to standard output.
///
/// # Errors
/// When it cannot do its work; its parent only learns that it failed.
pub fn serve() -> Result<()> {
    for (resource, most) in [
        (Resource::As, MEMORY_BYTES),
        (Resource::Cpu, CPU_SECONDS),
        (Resource::Fsize, FILE_BYTES),
        (Resource::Core, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    let mut request = vec![];
    std::io::stdin().take(MESSAGE_BYTES).read_to_end(&mut request)?;
    let request: Request = serde_json::from_slice(&request).context("the request")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let answer = runtime.block_on(lock(request))?;
    // A resolver that still waits for the index is not waited for.
    runtime.shutdown_background();
    std::io::stdout().write_all(&serde_json::to_vec(&answer)?)?;
    Ok(())
}
