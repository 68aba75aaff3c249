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

#[tokio::test]
async fn people_and_roles_are_made_and_what_they_do_is_written_down() {
    let platform = Platform::start(env!("CARGO_TARGET_TMPDIR"), "basics").await.expect("starts");
    let act = async |key: Option<&str>, arguments: &str| {
        let arguments: Vec<_> = arguments.split(' ').collect();
        bifrost(&platform, key, &arguments).await
    };
    text(&act(None, "organizations create Contoso").await);
    let contoso = async |arguments: &str| {
        let (command, rest) = arguments.split_once(' ').expect("a command");
        text(&act(None, &format!("{command} --organization Contoso {rest}")).await)
    };
    contoso("users create ada@example.test --role org_guest").await;
    let key = contoso("keys create --email ada@example.test --role org_guest").await;
    let echo = "run echo --param message=hi";
    assert!(!act(Some(&key), echo).await.status.success(), "a guest runs what was granted");
    let grant = contoso("roles grant echo --user ada@example.test").await;
    assert!(text(&act(Some(&key), echo).await).contains("hi"));
    let id = grant.split(' ').next().expect("an id");
    contoso(&format!("roles ungrant {id}")).await;
    assert!(!act(Some(&key), echo).await.status.success());

    contoso("roles create reader audit.read users.read").await;
    assert!(contoso("users update ada@example.test --with reader").await.ends_with("reader"));
    assert!(text(&act(Some(&key), "users").await).contains("ada@example.test"));
    let refused = act(Some(&key), "users create bob@example.test").await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("users.manage"));
    let refused = act(None, "roles --organization Contoso delete reader").await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--yes"));
    let token = contoso("users invite eve@example.test --expires 1").await;
    assert!(token.starts_with("bfi_"));
    let invitation = contoso("users invitations").await;
    contoso(&format!("users uninvite {}", invitation.split(' ').next().expect("an id"))).await;
    assert_eq!(contoso("users invitations").await, "");

    // Found within about a second, by whoever may read it.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let log = loop {
        let log = text(&act(Some(&key), "audit list --limit 100").await);
        if log.contains("invitation.revoke") || std::time::Instant::now() > deadline {
            break log;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    for action in [
        "user.create",
        "key.create",
        "grant.create",
        "execution.submit",
        "grant.delete",
        "role.create",
        "user.update",
        "access.denied",
        "invitation.create",
        "invitation.revoke",
    ] {
        assert!(log.contains(action), "no {action} in\n{log}");
    }
    assert!(log.contains("ada@example.test from 127.0.0.1") && !log.contains(&token));
    let export = text(&act(Some(&key), "audit export --action grant.").await);
    assert_eq!(export.lines().count(), 2, "{export}");
    assert!(!act(Some(&key), "audit list --action nothing.").await.stdout.contains(&b'\n'));

    let verdicts = text(&act(None, "audit verify --json").await);
    let verdicts: Value = serde_json::from_str(&verdicts).expect("JSON");
    let chains = verdicts["chains"].as_array().expect("chains");
    assert!(chains.len() >= 2 && chains.iter().all(|chain| chain["broken"].is_null()), "{verdicts}");
    let id = chains[0]["organization_id"].as_str().expect("an id");
    let wrong = format!("audit verify --organization {id} --noted 1:{}", "00".repeat(32));
    assert_eq!(act(None, &wrong).await.status.code(), Some(1));
}
