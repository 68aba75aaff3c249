//! `bifrost set-up`, `bifrost login` and `bifrost logout` against a server: the first
//! administrator is made, a command line signs in as them, and out again.

use bifrost_tests::{Platform, process};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

fn bifrost(platform: &Platform, data: &Path, arguments: &[&str]) -> Command {
    let data = data.to_str().expect("a path");
    let settings = [("BIFROST_DATA", data), ("BIFROST_URL", platform.url())];
    let mut command = Command::from(process::bifrost(arguments, &settings).expect("program"));
    command.kill_on_drop(true);
    command
}

#[tokio::test]
async fn a_command_line_acts_as_who_signed_in() {
    let platform = Platform::start(env!("CARGO_TARGET_TMPDIR"), "basics").await.expect("starts");
    let http = reqwest::Client::new();
    let set_up = bifrost(&platform, platform.data(), &["set-up", "--public-url", platform.url()]);
    let set_up = { set_up }.output().await.expect("it runs");
    let printed = String::from_utf8_lossy(&set_up.stdout).trim().to_owned();
    let token = printed.split("#set-up=").nth(1).unwrap_or_else(|| panic!("{set_up:?}"));
    let body = json!({ "token": token, "email": "ada@provider.example", "name": "Ada", "password": "correct horse battery" });
    let signed =
        http.post(format!("{}/api/set-up", platform.url())).json(&body).send().await.expect("an answer");
    assert_eq!(signed.status(), 200);
    let cookie =
        signed.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let again = { bifrost(&platform, platform.data(), &["set-up"]) }.output().await.expect("it runs");
    assert_eq!(again.status.code(), Some(1), "there is an administrator");

    // A user of this machine who has no key.
    let own = tempfile::tempdir().expect("a folder");
    let refused = { bifrost(&platform, own.path(), &["organizations"]) }.output().await.expect("it runs");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("bifrost login"), "{refused:?}");
    let mut login =
        bifrost(&platform, own.path(), &["login"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(login.stdout.take().expect("its output")).lines();
    let mut code = None;
    while code.is_none() {
        let line = lines.next_line().await.expect("readable").expect("it goes on");
        code = line.strip_prefix("and confirm the code ").map(str::to_owned);
    }
    let code = code.expect("found");
    let seen =
        http.get(format!("{}/api/device/{code}", platform.url())).header("cookie", &cookie).send().await;
    let seen: Value = seen.expect("an answer").json().await.expect("json");
    assert!(seen["description"].as_str().is_some_and(|text| text.contains('@')), "{seen}");
    let approve = http.post(format!("{}/api/device/{code}/approve", platform.url()));
    let approve = approve.header("cookie", &cookie).header("sec-fetch-site", "same-origin").send().await;
    assert_eq!(approve.expect("an answer").status(), 204);
    assert!(login.wait().await.expect("it ends").success());

    let file = own.path().join("sessions.json");
    assert_eq!(std::fs::metadata(&file).expect("kept").permissions().mode() & 0o777, 0o600);
    let list =
        { bifrost(&platform, own.path(), &["organizations", "--json"]) }.output().await.expect("it runs");
    assert!(list.status.success(), "{list:?}");
    let out = { bifrost(&platform, own.path(), &["logout"]) }.output().await.expect("it runs");
    assert!(out.status.success(), "{out:?}");
    assert!(!std::fs::read_to_string(&file).expect("kept").contains("bfs_"));
    let after = { bifrost(&platform, own.path(), &["organizations"]) }.output().await.expect("it runs");
    assert_eq!(after.status.code(), Some(2));
}
