//! Notifications, time saved and the API from within, in the whole platform: real sandbox
//! processes, a mail server that speaks SMTP.

use anyhow::{Context, Result, ensure};
use bifrost_test_services::mail::{MailServer, Manner};
use bifrost_tests::{Platform, folder};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// A look of the scheduler comes every second.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run that ends badly.
async fn fail(platform: &Platform) -> Value {
    let body = json!({ "workflow_id": "fails", "sync": true, "timeout_seconds": 60 });
    platform.expect(200, Method::POST, "/api/workflows/execute", body).await
}

#[tokio::test]
async fn a_run_that_fails_is_a_mail() -> Result<()> {
    let server = MailServer::start(Manner { asks_for_password: true, ..Manner::default() }).await?;
    let port = server.port.to_string();
    let platform = Platform::configure(TEMPORARY, "notifications", |command| {
        command.env("BIFROST_SMTP_HOST", "127.0.0.1").env("BIFROST_SMTP_PORT", port);
        command.env("BIFROST_SMTP_SECURITY", "none").env("BIFROST_SMTP_FROM", "bifrost@provider.example");
        command.env("BIFROST_SMTP_USER", "user").env("BIFROST_SMTP_PASSWORD", "password");
    })
    .await?;
    let channel = json!({ "name": "mail", "kind": "email", "addresses": ["ops@x.example"] });
    let channel = platform.expect(201, Method::POST, "/api/notification-channels", channel).await;
    let test = format!("/api/notification-channels/{}/test", channel["id"].as_str().context("an id")?);
    let answer = platform.expect(200, Method::POST, &test, json!({})).await;
    assert_eq!(answer["answer"], "250 2.0.0 queued as 1");
    let rule = json!({ "name": "all", "event": "run_failed", "channel_ids": [channel["id"]] });
    platform.expect(201, Method::POST, "/api/notification-rules", rule).await;
    assert_eq!(fail(&platform).await["status"], "Failed");
    let until = Instant::now() + PATIENCE;
    while server.mails().len() < 2 {
        ensure!(Instant::now() < until, "no mail came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mail = &server.mails()[1];
    assert_eq!(mail.to, ["RCPT TO:<ops@x.example>"]);
    assert!(mail.data.contains("Subject: fails: A run failed"), "{}", mail.data);
    assert!(mail.data.contains("the customer has no licence"), "{}", mail.data);
    let told = platform.get("/api/notifications").await;
    assert_eq!(told["unread"], 1, "{told}");
    assert_eq!(told["notifications"][0]["error"], "the customer has no licence");
    Ok(())
}

#[tokio::test]
async fn runs_are_worth_what_they_say_or_their_decorator() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "notifications").await?;
    platform.run("saves", json!({})).await;
    platform.run("saves", json!({ "own": 45 })).await;
    fail(&platform).await;
    let saved = platform.get("/api/usage/time-saved?from=2020-01&to=2199-12&by=workflow").await;
    assert_eq!(saved["total"], json!({ "runs": 2, "minutes": 60.0, "value": 2.5 }), "{saved}");
    assert_eq!(saved["entries"][0]["workflow_name"], "saves");
    Ok(())
}

#[tokio::test]
async fn a_workflow_asks_the_api_as_its_caller() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "notifications").await?;
    let ended = platform.run("asks", json!({})).await;
    assert_eq!(
        ended["result"],
        json!({
            "me": [200, true],
            "put": 5,
            "get": 5,
            "execute": 202,
            "missing": "not_found",
            "/api/keys": "PermissionError",
            "/api/sign-in": "PermissionError",
            "/api/config/../keys": "PermissionError",
        }),
        "{ended}"
    );
    Ok(())
}

#[tokio::test]
async fn an_organizations_code_has_no_more_there() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "notifications").await?;
    let (one, other) = (platform.organization("One").await, platform.organization("Other").await);
    let flows = std::fs::read_to_string(folder("notifications").join("flows.py"))?;
    let within = platform.within(&one);
    within.deploy(&[("flows.py", &flows)]).await;
    // Also where an administrator of the platform starts it.
    let ended = within.run("flows.py::reaches", json!({ "organization": other })).await;
    assert_eq!(ended["result"], json!(["PermissionError", "PermissionError", 403, 403]), "{ended}");
    Ok(())
}
