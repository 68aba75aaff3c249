//! What a process can no longer do once it is locked down. The probes run in a process of
//! their own, once with the walls and once without: there, each has to succeed.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const WALLS: &str = "LOCKDOWN_TEST_CACHE";

/// True when the kernel did not forbid it. The arguments are of no use, so that nothing
/// happens where it is allowed.
fn may(number: i64, arguments: [i64; 5]) -> bool {
    let [a, b, c, d, e] = arguments;
    #[expect(unsafe_code, reason = "the calls that no safe function makes")]
    // SAFETY: no pointer is passed but null, which the kernel refuses; the flags make
    // nothing but what the probes look for.
    let answer = unsafe { libc::syscall(number, a, b, c, d, e) };
    answer >= 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::EPERM)
}

/// Everything that can be done here.
fn probes(cache: &Path) -> Vec<&'static str> {
    let family = i64::from(libc::AF_UNIX);
    let stream = i64::from(libc::SOCK_STREAM);
    let attach = i64::from(libc::PTRACE_ATTACH);
    let file = |path: &str| std::fs::read(path).is_ok();
    let probes = [
        ("exec", may(libc::SYS_execve, [0; 5])),
        ("exec by descriptor", may(libc::SYS_execveat, [-1, 0, 0, 0, 0])),
        ("start a program", Command::new("/bin/true").status().is_ok()),
        ("socket", may(libc::SYS_socket, [family, stream, 0, 0, 0])),
        ("socket pair", may(libc::SYS_socketpair, [family, stream, 0, 0, 0])),
        ("TCP", std::net::TcpListener::bind("127.0.0.1:0").is_ok()),
        ("trace", may(libc::SYS_ptrace, [attach, 1 << 22, 0, 0, 0])),
        ("memory of others", may(libc::SYS_process_vm_readv, [1 << 22, 0, 0, 0, 0])),
        ("signal to others", may(libc::SYS_kill, [1 << 22, 0, 0, 0, 0])),
        ("thread signal to others", may(libc::SYS_tgkill, [1 << 22, 1 << 22, 0, 0, 0])),
        ("asynchronous rings", may(libc::SYS_io_uring_setup, [0; 5])),
        ("handles of processes", may(libc::SYS_pidfd_open, [i64::from(std::process::id()), 0, 0, 0, 0])),
        ("user faults", may(libc::SYS_userfaultfd, [-1, 0, 0, 0, 0])),
        ("other namespaces", may(libc::SYS_setns, [-1, 0, 0, 0, 0])),
        ("keys", may(libc::SYS_keyctl, [0, -3, 0, 0, 0])),
        ("be root", rustix::process::geteuid().is_root() || rustix::process::getegid().is_root()),
        ("groups", rustix::process::getgroups().is_ok_and(|all| all.iter().any(|group| group.is_root()))),
        ("become root", may(libc::SYS_setresuid, [0, 0, 0, 0, 0])),
        ("new privileges", rustix::thread::no_new_privs().is_ok_and(|set| !set)),
        ("read a file", file("/etc/passwd")),
        ("list a folder", std::fs::read_dir("/").is_ok()),
        ("read memory maps", file("/proc/self/maps")),
        ("write a file", std::fs::write(cache.with_extension("outside"), "x").is_ok()),
        (
            "open many files",
            (0..2_000).map(|_| std::fs::File::open(cache)).all(|f| f.map(std::mem::forget).is_ok()),
        ),
    ];
    probes.into_iter().filter(|(_, may)| *may).map(|(name, _)| name).collect()
}

/// What has to work behind the walls, too.
fn work(cache: &Path) {
    std::fs::write(cache.join("a"), "content").expect("writes in the cache");
    std::fs::rename(cache.join("a"), cache.join("b")).expect("renames in the cache");
    assert_eq!(std::fs::read_to_string(cache.join("b")).expect("reads the cache"), "content");
    let sum: i32 = (0..4).map(|n| std::thread::spawn(move || n)).map(|t| t.join().expect("ends")).sum();
    assert_eq!(sum, 6);
}

/// Not a test by itself: what the test below starts in processes of its own.
#[test]
fn inside() {
    let Some(cache) = std::env::var_os(WALLS) else { return };
    let open = std::env::var_os("LOCKDOWN_TEST_OPEN").is_some();
    let given = Path::new(&cache);
    let cache = &if open { given.to_owned() } else { bifrost_runner::lockdown::leave_root(given) };
    // As a sandbox process does: making it needs a pair of sockets.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("starts");
    if !open {
        // Its threads have to be behind the walls too, so this is one that has none; the
        // harness's other thread only waits.
        bifrost_runner::lockdown::enter(cache);
    }
    work(cache);
    runtime.block_on(async { tokio::time::sleep(std::time::Duration::from_millis(1)).await });
    println!("MAY:{}", probes(given).join(","));
}

fn inside_process(locked: bool) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("folder");
    let cache = folder.path().join("cache");
    std::fs::create_dir(&cache).expect("create");
    let mut command = Command::new(std::env::current_exe().expect("test program"));
    command.args(["--exact", "inside", "--nocapture", "--test-threads=1"]).env(WALLS, &cache);
    // Enough for the probe of open files.
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -n 4096; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    shell.env(WALLS, &cache);
    if !locked {
        shell.env("LOCKDOWN_TEST_OPEN", "1");
    }
    let output = shell.output().expect("starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let list = text.split("MAY:").nth(1).and_then(|rest| rest.lines().next()).expect("a list");
    list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_process_gives_up_all_but_its_work() {
    let open = inside_process(false);
    assert!(open.len() >= 15, "without walls the probes succeed: {open:?}");
    for name in
        ["exec", "start a program", "socket", "trace", "read a file", "write a file", "open many files"]
    {
        assert!(open.contains(name), "{name} succeeds without walls: {open:?}");
    }
    assert_eq!(inside_process(true), BTreeSet::new(), "nothing succeeds behind the walls");
}
