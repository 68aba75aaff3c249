//! A process of the program: what it says, how it ends.

use crate::program;
use anyhow::{Context, Result, bail, ensure};
pub use bifrost_test_services::free_port;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(20);

/// `bifrost` with these arguments and nothing of the test's environment that it would
/// take for a setting.
pub fn bifrost(arguments: &[&str], settings: &[(&str, &str)]) -> Result<Command> {
    let mut command = Command::new(program()?);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let prefixes = ["BIFROST_", "OTEL_", "S3_", "DATABASE_", "AMQP_", "REDIS_"];
        if prefixes.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.args(arguments).envs(settings.iter().copied());
    Ok(command)
}

/// Runs a command of the program to its end: exit code, and what it wrote.
pub fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Result<(i32, String, String)> {
    let Output { status, stdout, stderr } = bifrost(arguments, settings)?.output()?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ok((status.code().context("it was killed")?, text(&stdout), text(&stderr)))
}

/// A data folder whose compiled base is kept between tests; `temporary` is
/// `env!("CARGO_TARGET_TMPDIR")`.
pub fn data_folder(temporary: &str) -> Result<tempfile::TempDir> {
    let data = tempfile::tempdir()?;
    let cache = Path::new(temporary).join("cache");
    std::fs::create_dir_all(&cache)?;
    std::os::unix::fs::symlink(cache, data.path().join("cache"))?;
    Ok(data)
}

/// Where the sandbox processes of a data folder keep what they compile: apart from root's,
/// where they are started by root.
pub fn sandbox_cache(data: &Path) -> PathBuf {
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if is_root { data.join("cache/sandbox") } else { data.join("cache") }
}

/// A process that serves; it ends with the test.
pub struct Process {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Process {
    /// Starts one.
    pub fn start(arguments: &[&str], settings: &[(&str, &str)]) -> Result<Self> {
        let mut command = bifrost(arguments, settings)?;
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let output = child.stderr.take().context("no standard error")?;
        let said = Arc::<Mutex<Vec<String>>>::default();
        let lines = said.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Ok(Self { child, said })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to its log, line by line.
    pub fn log(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads its log while the process itself is in use.
    pub fn reader(&self) -> impl Fn() -> Vec<String> + use<> {
        let said = self.said.clone();
        move || said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends it a signal, such as `TERM`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status()?;
        ensure!(sent.success(), "the process is gone");
        Ok(())
    }

    /// Its exit code, once it has ended by itself.
    pub async fn ended(&mut self, patience: Duration) -> Result<i32> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                let signal = status.signal();
                return status.code().with_context(|| format!("killed by {signal:?}: {:#?}", self.log()));
            }
            if Instant::now() > deadline {
                bail!("it did not end: {:#?}", self.log());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until `condition` holds.
    pub async fn until<F: Future<Output = bool>>(
        &mut self,
        patience: Duration,
        condition: impl Fn() -> F,
    ) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !condition().await {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}: {:#?}", self.log());
            }
            ensure!(Instant::now() < deadline, "it took too long: {:#?}", self.log());
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
