//! What processes inherit, their memory, and the cores that they run on.

use anyhow::Result;
use std::process::Command;

/// Keeps settings of the platform that this process has from what the command starts.
pub fn without_settings(command: &mut Command) {
    const PREFIXES: [&str; 6] = ["BIFROST_", "OTEL_", "S3_", "DATABASE_", "AMQP_", "REDIS_"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}

/// A process and everything below it.
pub fn family(root: u32) -> Vec<u32> {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(parent) = all.get(next).copied() {
        let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
        next += 1;
    }
    all
}

/// Proportional share of memory of a process and everything below it, in MiB. A process
/// that is gone counts nothing.
pub fn family_pss_mb(root: u32) -> f64 {
    family(root).into_iter().map(pss_kb).sum::<u64>() as f64 / 1_024.0
}

fn pss_kb(process: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Keeps this thread, and what it starts from now on, on these cores.
///
/// # Errors
/// When the machine has no such core.
pub fn pin(cores: &[usize]) -> Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    rustix::thread::sched_setaffinity(None, &set)?;
    Ok(())
}
