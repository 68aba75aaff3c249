//! The commands of an administrator against a server: two organizations, keys made for
//! them on the command line, and what each key then reaches.

use bifrost_tests::{Platform, program};
use serde_json::Value;
use std::process::Output;

async fn bifrost(platform: &Platform, key: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(program().expect("program"));
    command.env("BIFROST_DATA", platform.data()).env("BIFROST_URL", platform.url()).args(arguments);
    if let Some(key) = key {
        command.env("BIFROST_KEY", key);
    }
    command.output().await.expect("the command runs")
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test]
async fn organizations_and_keys_are_made_and_kept_apart() {
    let platform = Platform::start(env!("CARGO_TARGET_TMPDIR"), "basics").await.expect("starts");
    let mut keys = vec![];
    for name in ["Contoso", "Fabrikam"] {
        text(&bifrost(&platform, None, &["organizations", "create", name]).await);
        let arguments = ["keys", "--organization", name, "create", "--email", "ada@example.test"];
        keys.push(text(&bifrost(&platform, None, &arguments).await));
    }
    let list = text(&bifrost(&platform, None, &["organizations", "--json"]).await);
    let list: Value = serde_json::from_str(&list).expect("JSON");
    assert_eq!(list["organizations"].as_array().map(Vec::len), Some(3), "{list}");

    // Each runs a shared workflow for itself, and sees its own run only.
    for key in &keys {
        let run = ["run", "echo", "--param", "message=hi"];
        assert!(text(&bifrost(&platform, Some(key), &run).await).contains("hi"));
        let runs = text(&bifrost(&platform, Some(key), &["executions", "--json"]).await);
        let runs: Value = serde_json::from_str(&runs).expect("JSON");
        assert_eq!(runs["executions"].as_array().map(Vec::len), Some(1), "{runs}");
        let refused = bifrost(&platform, Some(key), &["organizations"]).await;
        assert_eq!(refused.status.code(), Some(2));
    }

    // A suspension and a revocation take effect at once.
    text(&bifrost(&platform, None, &["organizations", "suspend", "Contoso"]).await);
    assert!(!bifrost(&platform, Some(&keys[0]), &["executions"]).await.status.success());
    text(&bifrost(&platform, None, &["organizations", "resume", "Contoso"]).await);
    text(&bifrost(&platform, Some(&keys[0]), &["executions"]).await);
    let made = text(&bifrost(&platform, None, &["keys", "--organization", "Contoso", "--json"]).await);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    let id = made["keys"][0]["id"].as_str().expect("a key");
    text(&bifrost(&platform, None, &["keys", "--organization", "Contoso", "revoke", id]).await);
    assert!(!bifrost(&platform, Some(&keys[0]), &["executions"]).await.status.success());
    text(&bifrost(&platform, Some(&keys[1]), &["executions"]).await);
}
