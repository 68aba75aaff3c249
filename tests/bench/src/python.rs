//! Interpreters of this machine, and virtual environments for what is compared with.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A native CPython.
#[derive(Clone, Debug)]
pub struct Python {
    /// The interpreter itself, not a launcher in front of it.
    pub path: PathBuf,
    /// For instance `3.11.7`.
    pub version: String,
}

/// The interpreters to compare with: `python3` of the path, the system's, and those of
/// `BIFROST_BENCH_PYTHONS` (separated by `:`), without duplicates.
///
/// # Errors
/// When there is none.
pub fn installed() -> Result<Vec<Python>> {
    let more = std::env::var("BIFROST_BENCH_PYTHONS").unwrap_or_default();
    let candidates = ["python3", "/usr/bin/python3", "python3.14"].into_iter().chain(more.split(':'));
    let mut found: Vec<Python> = vec![];
    for candidate in candidates.filter(|name| !name.is_empty()) {
        let script = "import sys, platform; print(sys.executable); print(platform.python_version())";
        let Ok(output) = Command::new(candidate).args(["-c", script]).output() else { continue };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = text.lines();
        let (Some(path), Some(version)) = (lines.next(), lines.next()) else { continue };
        let path = Path::new(path).canonicalize()?;
        if !found.iter().any(|python| python.path == path) {
            found.push(Python { path, version: version.to_owned() });
        }
    }
    ensure!(!found.is_empty(), "there is no python3 to compare with");
    Ok(found)
}

impl Python {
    /// Milliseconds from starting `python3 -c pass` to its end.
    ///
    /// # Errors
    /// When it cannot be started, or fails.
    pub fn start_ms(&self) -> Result<f64> {
        let began = Instant::now();
        let status = Command::new(&self.path).args(["-c", "pass"]).stdin(Stdio::null()).status()?;
        ensure!(status.success(), "python3 -c pass: {status}");
        Ok(began.elapsed().as_secs_f64() * 1_000.0)
    }

    /// Seconds that `compute.timed(name, n)` says.
    ///
    /// # Errors
    /// When it fails.
    pub fn compute(&self, folder: &Path, name: &str, n: u32) -> Result<f64> {
        let script = format!("import compute; print(compute.timed({name:?}, {n}))");
        let mut command = Command::new(&self.path);
        command.args(["-B", "-c", &script]).env("PYTHONPATH", folder).current_dir(folder);
        output(&mut command)?.trim().parse().context("a time")
    }
}

/// What a command prints.
///
/// # Errors
/// When it fails, with what it wrote to standard error.
pub fn output(command: &mut Command) -> Result<String> {
    // Not the whole command: its environment has keys.
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().display().to_string();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {name}"))?;
    ensure!(output.status.success(), "{name}:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The `bin` folder of a virtual environment with these requirements, made at first use.
///
/// # Errors
/// When it cannot be made.
pub fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let pinned = std::fs::read_to_string(requirements)?;
    let (stamp, bin) = (folder.join("installed"), folder.join("bin"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == pinned) {
        return Ok(bin);
    }
    let python = std::env::var("BIFROST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    output(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))?;
    output(
        Command::new(bin.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(requirements),
    )?;
    std::fs::write(stamp, pinned)?;
    Ok(bin)
}
