//! What is taken away while a run goes on is gone for the run, too.

use anyhow::Result;
use bifrost_test_services::hooks::Receiver;
use bifrost_tests::{Client, Platform, folder};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const PATIENCE: Duration = Duration::from_secs(60);

/// What `patient` asks for.
const ASKED: [&str; 3] = ["users.list", "workflows.execute", "config.get"];
/// What `borrow` asks for.
const BORROWED: [&str; 4] = ["secret", "token", "token of another scope", "refresh"];
/// What a token endpoint says to everything.
const TOKEN: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n\
    {\"access_token\": \"lent-token-value\", \"token_type\": \"Bearer\", \"expires_in\": 3600}";

/// An organization with somebody who may read its people through a role, and their run, which
/// has asked once and waits for the sign to ask again.
struct Waiting {
    id: String,
    own: Client,
    role: String,
    user: String,
    run: String,
}

impl Waiting {
    async fn begin(platform: &Client, name: &str) -> Result<Self> {
        let id = platform.organization(name).await;
        let own = platform.within(&id);
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        own.deploy(&[("flows.py", &std::fs::read_to_string(folder("tenants").join("flows.py"))?)]).await;
        platform.expect(204, Method::PUT, &format!("/api/config/lent/shares/{id}"), Value::Null).await;
        let role = json!({ "name": "reader", "permissions": ["users.read", "workflows.run"] });
        let role = text(&own.expect(201, Method::POST, "/api/roles", role).await["id"]);
        let user = json!({ "email": "ada@own.example", "role": "org_guest", "roles": [role] });
        let user = text(&own.expect(201, Method::POST, "/api/users", user).await["id"]);
        let guest = own.with_new_key("ada@own.example", "org_guest").await;
        let run = guest.submit("patient", json!({})).await;
        // The children that it started tell that it has asked.
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let runs = own.get("/api/executions?workflow_name=quiet").await;
            if runs["executions"].as_array().is_some_and(|runs| !runs.is_empty()) {
                return Ok(Self { id, own, role, user, run });
            }
            assert!(std::time::Instant::now() < deadline, "{runs}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// See [`answered`].
    async fn ask_again(&self) -> Vec<&'static str> {
        answered(&self.own, &self.run, &ASKED).await
    }
}

/// What a run asks for again after the sign, and which of it is `done`; before it all was.
async fn answered(own: &Client, run: &str, asked: &[&'static str]) -> Vec<&'static str> {
    own.expect(200, Method::PUT, "/api/config/go", json!({ "value": "go" })).await;
    let ended = own.ended(run, PATIENCE).await;
    assert_eq!(ended["status"], "Success", "{ended}");
    for name in asked {
        assert_eq!(ended["result"]["before"][*name], "done", "{name}: {ended}");
    }
    asked.iter().copied().filter(|name| ended["result"]["after"][*name] == "done").collect()
}

/// An organization with which the provider's integration is shared, and its run, which has used it
/// and waits for the sign: its path among the shares, its client and the run.
async fn borrowing(platform: &Client, name: &str) -> Result<(String, Client, String)> {
    let id = platform.organization(name).await;
    let own = platform.within(&id);
    own.deploy(&[("flows.py", &std::fs::read_to_string(folder("tenants").join("flows.py"))?)]).await;
    let share = format!("/api/integrations/loan/shares/{id}");
    platform.expect(204, Method::PUT, &share, Value::Null).await;
    let run = own.submit("borrow", json!({})).await;
    let deadline = std::time::Instant::now() + PATIENCE;
    while own.get("/api/config/asked").await["value"].is_null() {
        let execution = own.get(&format!("/api/executions/{run}")).await;
        assert!(execution["completed_at"].is_null(), "it has not waited: {execution}");
        assert!(std::time::Instant::now() < deadline, "{execution}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok((share, own, run))
}

async fn lending() -> Result<Platform> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let secret = json!({ "value": "lent-secret-value", "is_secret": true });
    platform.expect(200, Method::PUT, "/api/config/lent", secret).await;
    Ok(platform)
}

#[tokio::test]
async fn a_role_that_loses_a_permission_has_lost_it() -> Result<()> {
    let platform = lending().await?;
    let (kept, lost) =
        tokio::try_join!(Waiting::begin(&platform, "Kept"), Waiting::begin(&platform, "Lost"))?;
    let role = format!("/api/roles/{}", lost.role);
    lost.own.expect(200, Method::PATCH, &role, json!({ "permissions": ["workflows.run"] })).await;
    assert_eq!(kept.ask_again().await, ASKED);
    assert_eq!(lost.ask_again().await, ["workflows.execute", "config.get"]);
    Ok(())
}

#[tokio::test]
async fn who_loses_a_role_or_the_account_has_lost_what_it_gave() -> Result<()> {
    let platform = lending().await?;
    let (role, account) =
        tokio::try_join!(Waiting::begin(&platform, "Role"), Waiting::begin(&platform, "Account"))?;
    role.own.expect(200, Method::PATCH, &format!("/api/users/{}", role.user), json!({ "roles": [] })).await;
    let gone = json!({ "is_active": false });
    account.own.expect(200, Method::PATCH, &format!("/api/users/{}", account.user), gone).await;
    // What the run itself was given for its work stays: its organization's settings.
    assert_eq!(role.ask_again().await, ["config.get"]);
    assert_eq!(account.ask_again().await, ["config.get"]);
    Ok(())
}

#[tokio::test]
async fn a_secret_that_is_taken_back_is_gone() -> Result<()> {
    let platform = lending().await?;
    let waiting = Waiting::begin(&platform, "Lender").await?;
    let share = format!("/api/config/lent/shares/{}", waiting.id);
    platform.expect(204, Method::DELETE, &share, Value::Null).await;
    assert_eq!(waiting.ask_again().await, ["users.list", "workflows.execute"]);
    Ok(())
}

#[tokio::test]
async fn an_integration_that_is_taken_back_is_gone() -> Result<()> {
    let server = Receiver::start(TOKEN).await?;
    let platform = Platform::configure(TEMPORARY, "tenants", |command| {
        command.env("BIFROST_EGRESS_PRIVATE", "true");
    })
    .await?;
    let loan = json!({
        "name": "loan",
        "config_schema": [{ "key": "api_key", "type": "secret" }],
        "config": { "api_key": "lent-key-value" },
        "oauth": {
            "flow": "client_credentials", "client_id": "provider", "token_url": server.url, "scopes": ["read"],
        },
        "client_secret": "lent-client-secret",
    });
    platform.expect(201, Method::POST, "/api/integrations", loan).await;
    let ((_, kept, kept_run), (share, lost, lost_run)) =
        tokio::try_join!(borrowing(&platform, "Kept"), borrowing(&platform, "Lost"))?;
    platform.expect(204, Method::DELETE, &share, Value::Null).await;
    let asked = server.requests().len();
    let after = answered(&lost, &lost_run, &BORROWED).await;
    assert!(after.is_empty(), "{after:?} although the tokens are there");
    assert_eq!(server.requests().len(), asked, "a token was asked for without the share");
    assert_eq!(answered(&kept, &kept_run, &BORROWED).await, BORROWED);
    Ok(())
}

#[tokio::test]
async fn a_suspended_organization_is_stopped() -> Result<()> {
    let platform = lending().await?;
    let waiting = Waiting::begin(&platform, "Suspended").await?;
    let path = format!("/api/organizations/{}", waiting.id);
    platform.expect(200, Method::PATCH, &path, json!({ "is_active": false })).await;
    let ended = waiting.own.ended(&waiting.run, PATIENCE).await;
    assert_eq!(ended["status"], "Cancelled", "{ended}");
    Ok(())
}
