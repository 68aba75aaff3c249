//! This machine: what the kernel offers, how much room there is.

use super::Check;
use rustix::fs::{MemfdFlags, StatVfsMountFlags, memfd_create, statvfs};
use rustix::process::{Resource, getrlimit};
use std::path::Path;

/// Compiled code of one release, with room for workspaces.
const DISK_LEAST: u64 = 512 << 20;
/// A comfortable amount for workspaces, logs and a database.
const DISK_ENOUGH: u64 = 5 << 30;
/// A sandbox process maps memory for each of its slots.
const MAPS_LEAST: u64 = 65_530;
/// Connections, sockets and files of a busy process.
const FILES_ENOUGH: u64 = 4_096;

/// Checks the machine.
pub fn check(data: &Path) -> Vec<Check> {
    vec![disk(data), memory_files(), maps(), overcommit(), address_space(), open_files(), landlock()]
}

fn number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn disk(data: &Path) -> Check {
    const NAME: &str = "disk";
    const FIX: &str = "free some space, or set BIFROST_DATA to a larger file system";
    // The folder may not be there yet; its file system is that of what is.
    let Some(folder) = data.ancestors().find(|folder| folder.is_dir()) else {
        return Check::fail(NAME, format!("{} cannot be made", data.display()), "set BIFROST_DATA");
    };
    match statvfs(folder) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let found = format!("{:.1} GiB free for {}", free as f64 / f64::from(1 << 30), data.display());
            if stat.f_flag.contains(StatVfsMountFlags::RDONLY) {
                let fix = "mount a volume that can be written, or set BIFROST_DATA";
                Check::fail(NAME, format!("{} is read-only", folder.display()), fix)
            } else if free < DISK_LEAST {
                Check::fail(NAME, found, FIX)
            } else if free < DISK_ENOUGH {
                Check::warn(NAME, found, FIX)
            } else {
                Check::ok(NAME, found)
            }
        }
        Err(error) => Check::fail(NAME, format!("{}: {error}", folder.display()), "set BIFROST_DATA"),
    }
}

/// Images of workspaces are memory files, which all runs share until they write.
fn memory_files() -> Check {
    match memfd_create("bifrost-doctor", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING) {
        Ok(_) => Check::ok("kernel.memfd", "memory files can be made"),
        Err(error) => {
            let fix = "use Linux 5.13 or later, and a seccomp profile that allows memfd_create";
            Check::fail("kernel.memfd", error.to_string(), fix)
        }
    }
}

fn maps() -> Check {
    let fix = "sysctl -w vm.max_map_count=262144";
    match number("/proc/sys/vm/max_map_count") {
        Some(most) if most < MAPS_LEAST => Check::fail("kernel.max_map_count", most.to_string(), fix),
        Some(most) => Check::ok("kernel.max_map_count", most.to_string()),
        None => Check::warn("kernel.max_map_count", "/proc cannot be read", "mount /proc to check it"),
    }
}

/// Slots reserve much more address space than they use.
fn overcommit() -> Check {
    let fix = "sysctl -w vm.overcommit_memory=0";
    match number("/proc/sys/vm/overcommit_memory") {
        Some(2) => Check::fail("kernel.overcommit", "memory is never overcommitted", fix),
        Some(mode) => Check::ok("kernel.overcommit", format!("mode {mode}")),
        None => Check::warn("kernel.overcommit", "/proc cannot be read", "mount /proc to check it"),
    }
}

fn address_space() -> Check {
    match getrlimit(Resource::As).current {
        None => Check::ok("limit.address_space", "unlimited"),
        Some(most) => {
            let fix = "ulimit -v unlimited: sandboxes reserve address space that they never use";
            Check::fail("limit.address_space", format!("{} GiB", most >> 30), fix)
        }
    }
}

fn open_files() -> Check {
    match getrlimit(Resource::Nofile).current {
        Some(most) if most < FILES_ENOUGH => {
            let fix = "ulimit -n 65536 (LimitNOFILE in a unit, ulimits in compose)";
            Check::warn("limit.open_files", most.to_string(), fix)
        }
        Some(most) => Check::ok("limit.open_files", most.to_string()),
        None => Check::ok("limit.open_files", "unlimited"),
    }
}

/// The second wall around a sandbox process.
fn landlock() -> Check {
    const NAME: &str = "kernel.landlock";
    let modules = std::fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    if modules.split(',').any(|module| module.trim() == "landlock") {
        return Check::ok(NAME, "sandbox processes see no files but their cache");
    }
    let fix = "use Linux 5.13 or later with `landlock` among the kernel's lsm=, for a second wall";
    if modules.is_empty() {
        Check::warn(NAME, "cannot be seen", fix)
    } else {
        Check::warn(NAME, "is off", fix)
    }
}
