//! The web UI in Chromium: what people wait for, and what Lighthouse says of pages. `client/bench`
//! measures, with a server of its own.

use crate::process::without_settings;
use crate::{Bench, Summary, root};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Runs the measurements and takes over what they print.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let folder = root().join("client/bench");
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    ensure!(node.is_ok_and(|status| status.success()), "Node is not there: install 20.19 or later");
    let installed =
        folder.join("node_modules/lighthouse").exists() && folder.join("../node_modules/playwright").exists();
    ensure!(installed, "its packages are not there: run `npm ci` in client and in client/bench");
    let chromium = std::env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    ensure!(
        chromium.exists(),
        "{} is not there: install Chromium (Debian: chromium), or name one by CHROMIUM",
        chromium.display()
    );
    let mut command = Command::new("npm");
    without_settings(&mut command);
    command.args(["run", "--silent", "bench"]).current_dir(folder).stdin(Stdio::null());
    command.env("BIFROST", &bench.program).env("UI_BENCH_QUICK", if bench.quick { "1" } else { "0" });
    let output = command.output().context("cannot start npm")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let told: Value = serde_json::from_str(printed.trim_end().lines().last().unwrap_or_default())
        .with_context(|| format!("{printed}{}", String::from_utf8_lossy(&output.stderr)))?;
    for (key, figure) in told["figures"].as_object().into_iter().flatten() {
        summary.set(key, figure.as_f64().with_context(|| format!("{key} is no number"))?);
    }
    for (key, detail) in told["details"].as_object().into_iter().flatten() {
        summary.note(key, detail.clone());
    }
    let failures: Vec<&str> =
        told["failures"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    ensure!(failures.is_empty() && output.status.success(), "{}", failures.join("\n"));
    Ok(())
}
