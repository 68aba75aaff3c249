//! The program needs nothing of the system but its own libraries: here it runs in a root
//! folder that holds itself, what it is linked with, and its data. No `/proc`, no `/dev`,
//! no `/etc`, no Python.

use base64::Engine;
use bifrost_tests::{Platform, folder, program};
use reqwest::StatusCode;
use serde_json::{Map, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The libraries that a program loads, and its loader.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let list = Command::new("ldd").arg(program).output().expect("ldd");
    assert!(list.status.success(), "{list:?}");
    let list = String::from_utf8(list.stdout).expect("text");
    list.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// A root folder with the program at `/bifrost` and the folders `/data` and `/workspace`.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("folder");
    let program = program().expect("built");
    for library in libraries(&program) {
        let copy = root.path().join(library.strip_prefix("/").expect("absolute"));
        std::fs::create_dir_all(copy.parent().expect("folder")).expect("create");
        std::fs::copy(library, copy).expect("copy");
    }
    let copy = root.path().join("bifrost");
    if std::fs::hard_link(&program, &copy).is_err() {
        std::fs::copy(&program, &copy).expect("copy");
    }
    for folder in ["data", "workspace"] {
        std::fs::create_dir(root.path().join(folder)).expect("create");
    }
    root
}

/// Gives the root what other tests have compiled already; entries never change.
fn with_code(root: &Path) {
    let cache = root.join("data/cache");
    std::fs::create_dir(&cache).expect("create");
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
    for entry in std::fs::read_dir(shared).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let known = ["cache.key", "code-", "image-", "probe-", "wrapper-"];
        if known.iter().any(|known| name.to_string_lossy().starts_with(known)) {
            let copy = cache.join(name);
            if std::fs::hard_link(entry.path(), &copy).is_err() {
                std::fs::copy(entry.path(), &copy).expect("copy");
            }
        }
    }
}

/// `chroot root /bifrost`, with the rights of this user only where that is enough.
fn within(root: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "chroot"]).arg(root).arg("/bifrost").env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("BIFROST_DATA", "/data");
    command
}

/// True, with a word about it, where this system lets nobody but an administrator change
/// the root folder.
fn impossible() -> bool {
    let may = Command::new("unshare").args(["--map-root-user", "true"]).status();
    let possible = may.is_ok_and(|status| status.success());
    if !possible {
        eprintln!("SKIPPED: needs `unshare --map-root-user`, which this system does not allow");
    }
    !possible
}

#[tokio::test]
async fn the_platform_serves_in_a_bare_root() {
    if impossible() {
        return;
    }
    let root = root();
    with_code(root.path());
    let key = root.path().join("data/admin.key");
    let mut command = within(root.path());
    command.arg("up");
    let mut platform = Platform::serve(command, &key, root).await.expect("starts");

    let mut files = Map::new();
    let content = std::fs::read(folder("full_size").join("waves.py")).expect("read");
    files.insert("waves.py".to_owned(), base64::engine::general_purpose::STANDARD.encode(content).into());
    let (status, report) = platform.post("/api/workspace/deploy", &json!({"files": files})).await;
    assert!(status.is_success(), "{status} {report}");

    let body = json!({"workflow_id": "beat", "input_data": {"times": 2}, "sync": true});
    let (status, answer) = platform.post("/api/workflows/execute", &body).await;
    assert_eq!((status, &answer["result"]), (StatusCode::OK, &json!(2)), "{answer}");
    let id = platform.submit("sleep_check", json!({"n": 1_000, "seconds": 0.5})).await;
    assert_eq!(platform.ended(&id, Duration::from_secs(20)).await["status"], "Success");
    assert!(platform.alive());

    // It is where it should be: nothing else is there.
    let sandbox = platform.sandboxes()[0];
    let inside: Vec<_> = std::fs::read_dir(format!("/proc/{sandbox}/root")).expect("its root").collect();
    assert!(inside.len() < 8, "{inside:?}");
}

#[test]
fn a_local_folder_runs_in_a_bare_root() {
    if impossible() {
        return;
    }
    let root = root();
    // With an empty cache: the base is compiled here.
    std::fs::copy(folder("full_size").join("waves.py"), root.path().join("workspace/waves.py"))
        .expect("copy");
    let run = within(root.path())
        .args(["run", "beat", "--workspace", "/workspace", "--param", "times=1"])
        .output()
        .expect("starts");
    assert!(run.status.success(), "{run:?}");
    assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), "1", "{run:?}");
}
