//! What a sandbox process gives up before it holds any code of a tenant: should somebody
//! break out of the engine, these walls of the operating system are still around it. See
//! `docs/decisions/0003-sandbox-process-lockdown.md`.

use std::path::{Path, PathBuf};

/// User and group of sandbox processes that root starts: in no range that Linux
/// distributions, systemd or containers give to anybody, and below 65,536, as user
/// namespaces often end there.
#[cfg(target_os = "linux")]
pub const SANDBOX_ID: u32 = 60_800;
/// Largest file, in bytes; the largest image of a workspace is below 1 GiB.
#[cfg(target_os = "linux")]
const FILE_BYTES: u64 = 4 << 30;
/// Open files: one for each version that is loaded, and some of the process itself.
#[cfg(target_os = "linux")]
const OPEN_FILES: u64 = 1_024;

/// Becomes a user of its own where root starts it, which then owns nothing but its part of
/// the cache; answers where that is. Root never loads native code from there. Call it first.
pub fn leave_root(cache: &Path) -> PathBuf {
    #[cfg(target_os = "linux")]
    if rustix::process::geteuid().is_root() {
        match linux::become_own_user(cache) {
            // Its path may lead through folders that are root's alone.
            Ok(()) => return PathBuf::from("."),
            Err(error) => tracing::warn!("the sandbox process stays root: {error:#}"),
        }
    }
    cache.to_owned()
}

/// Gives up, for this thread and all that it will start: new programs and processes,
/// sockets, privileges, and all files but those in the folder of the cache. Call it while
/// there is no other thread. What this system does not support is left out, with a warning.
pub fn enter(cache: &Path) {
    #[cfg(target_os = "linux")]
    for (what, result) in [
        ("new privileges", linux::privileges()),
        ("limits of resources", linux::limits()),
        ("files", linux::files(cache)),
        ("system calls", linux::system_calls()),
    ] {
        if let Err(error) = result {
            tracing::warn!("the sandbox process is not locked down as to {what}: {error:#}");
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = cache;
        tracing::warn!("sandbox processes are not locked down on this system");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{FILE_BYTES, OPEN_FILES, SANDBOX_ID};
    use anyhow::{Context, Result, ensure};
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetStatus, Scope,
    };
    use rustix::process::{
        DumpableBehavior, Gid, Resource, Rlimit, Uid, getrlimit, set_dumpable_behavior, setrlimit,
    };
    use rustix::thread::{set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule,
    };
    use std::collections::BTreeMap;
    use std::path::Path;

    /// Owns a folder below the cache from now on, and is there. As the only thread: others
    /// would stay root.
    pub fn become_own_user(cache: &Path) -> Result<()> {
        let folder = cache.join("sandbox");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        std::os::unix::fs::chown(&folder, Some(SANDBOX_ID), Some(SANDBOX_ID))?;
        std::env::set_current_dir(&folder)?;
        let (user, group) = (Uid::from_raw(SANDBOX_ID), Gid::from_raw(SANDBOX_ID));
        set_thread_groups(&[])?;
        set_thread_res_gid(group, group, group)?;
        set_thread_res_uid(user, user, user)?;
        // Else /proc/self would stay root's, and with it which pages a run has touched.
        set_dumpable_behavior(DumpableBehavior::Dumpable)?;
        Ok(())
    }

    /// No program that it could start would have more rights than it.
    pub fn privileges() -> Result<()> {
        Ok(set_no_new_privs(true)?)
    }

    /// No image of its memory on disk, few open files, and none that fills a disk.
    pub fn limits() -> Result<()> {
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        setrlimit(Resource::Core, none)?;
        let most = getrlimit(Resource::Nofile).maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
        setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) })?;
        let most = getrlimit(Resource::Fsize).maximum.map_or(FILE_BYTES, |most| most.min(FILE_BYTES));
        setrlimit(Resource::Fsize, Rlimit { current: Some(most), maximum: Some(most) })?;
        Ok(())
    }

    /// Only the cache's folder. What newer kernels can take away besides is taken away
    /// there: TCP, and signals and sockets that lead out.
    pub fn files(cache: &Path) -> Result<()> {
        let abi = ABI::V6;
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .add_rule(PathBeneath::new(PathFd::new(cache)?, AccessFs::from_all(abi) & !AccessFs::Execute))?;
        // The engine reads which pages a run has touched. Absent where there is no /proc.
        if let Ok(pagemap) = PathFd::new("/proc/self/pagemap") {
            rules = rules.add_rule(PathBeneath::new(pagemap, AccessFs::ReadFile))?;
        }
        let status = rules.restrict_self()?;
        ensure!(status.ruleset != RulesetStatus::NotEnforced, "this kernel has no Landlock");
        Ok(())
    }

    /// Only the system calls that an engine with its memory, its threads and one socket
    /// needs; all others answer "not permitted".
    pub fn system_calls() -> Result<()> {
        // Its flags are behind a pointer where a filter cannot look; "unknown" makes the
        // C library use `clone`.
        let unknown = BTreeMap::from([(libc::SYS_clone3, vec![])]);
        apply(unknown, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS.unsigned_abs()))?;
        apply(allowed()?, SeccompAction::Errno(libc::EPERM.unsigned_abs()), SeccompAction::Allow)
    }

    type Rules = BTreeMap<i64, Vec<SeccompRule>>;

    fn apply(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<()> {
        let architecture = std::env::consts::ARCH.try_into().context("this architecture")?;
        let filter: BpfProgram = SeccompFilter::new(rules, otherwise, matched, architecture)?.try_into()?;
        seccompiler::apply_filter(&filter)?;
        Ok(())
    }

    fn rule(
        argument: u8,
        length: SeccompCmpArgLen,
        operation: SeccompCmpOp,
        value: u64,
    ) -> Result<SeccompRule> {
        Ok(SeccompRule::new(vec![SeccompCondition::new(argument, length, operation, value)?])?)
    }

    fn allowed() -> Result<Rules> {
        use SeccompCmpArgLen::{Dword, Qword};
        use SeccompCmpOp::{Eq, MaskedEq};
        let mut rules: Rules = PLAIN.iter().map(|number| (*number, vec![])).collect();
        // The filter before this one answers it; of two answers the later would count.
        rules.insert(libc::SYS_clone3, vec![]);
        // A thread, never a process.
        let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
        rules.insert(libc::SYS_clone, vec![rule(0, Qword, MaskedEq(thread), thread)?]);
        // Signals to itself, when it panics.
        let own = u64::from(std::process::id());
        rules.insert(libc::SYS_tgkill, vec![rule(0, Dword, Eq, own)?]);
        // Its own limits, not those of others.
        rules.insert(libc::SYS_prlimit64, vec![rule(0, Dword, Eq, 0)?, rule(0, Dword, Eq, own)?]);
        // Names of threads and of memory.
        let names = [libc::PR_SET_NAME, libc::PR_SET_VMA];
        let names = names.map(|option| rule(0, Dword, Eq, u64::from(option.unsigned_abs())));
        rules.insert(libc::SYS_prctl, names.into_iter().collect::<Result<_>>()?);
        let requests = [FIONBIO, FIOCLEX, PAGEMAP_SCAN];
        let requests = requests.map(|request| rule(1, Dword, Eq, request));
        rules.insert(libc::SYS_ioctl, requests.into_iter().collect::<Result<_>>()?);
        Ok(rules)
    }

    const FIONBIO: u64 = 0x5421;
    const FIOCLEX: u64 = 0x5451;
    /// `_IOWR('f', 16, struct pm_scan_arg)`.
    const PAGEMAP_SCAN: u64 = 0xc060_6610;

    const PLAIN: &[i64] = &[
        // The socket, and waiting.
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_shutdown,
        libc::SYS_getsockopt,
        libc::SYS_epoll_create1,
        libc::SYS_epoll_ctl,
        libc::SYS_epoll_pwait,
        libc::SYS_eventfd2,
        libc::SYS_ppoll,
        libc::SYS_clock_gettime,
        libc::SYS_clock_getres,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_timerfd_create,
        libc::SYS_timerfd_settime,
        // Memory.
        libc::SYS_brk,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_mprotect,
        libc::SYS_madvise,
        libc::SYS_mincore,
        libc::SYS_memfd_create,
        libc::SYS_membarrier,
        // Threads and signals of its own.
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
        // Files of the cache.
        libc::SYS_openat,
        libc::SYS_close,
        libc::SYS_dup,
        libc::SYS_fcntl,
        libc::SYS_fstat,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_lseek,
        libc::SYS_pread64,
        libc::SYS_pwrite64,
        libc::SYS_ftruncate,
        libc::SYS_fsync,
        libc::SYS_fdatasync,
        libc::SYS_flock,
        libc::SYS_renameat,
        libc::SYS_renameat2,
        libc::SYS_linkat,
        libc::SYS_unlinkat,
        libc::SYS_mkdirat,
        libc::SYS_getdents64,
        libc::SYS_copy_file_range,
        libc::SYS_fadvise64,
        // Questions that answer nothing about others.
        libc::SYS_getrandom,
        libc::SYS_uname,
        libc::SYS_getuid,
        libc::SYS_geteuid,
        libc::SYS_getgid,
        libc::SYS_getegid,
        libc::SYS_getrusage,
        libc::SYS_getcpu,
        // Names of the same for older programs.
        #[cfg(target_arch = "x86_64")]
        libc::SYS_arch_prctl,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_stat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_lstat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_access,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rename,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_link,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_unlink,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mkdir,
    ];
}
