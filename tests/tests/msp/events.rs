//! What starts by itself: by a schedule, by a topic, by a webhook.

use crate::world::World;
use anyhow::{Context, Result};
use hmac::{Hmac, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;

const HOOK_SECRET: &str = "what HaloPSA signs with";

/// What has a schedule, run now.
pub async fn scheduled(world: &World) -> Result<()> {
    let schedules = world.platform.get("/api/schedules").await;
    let run_now = async |workflow: &str| -> Result<String> {
        let all = schedules["schedules"].as_array().context("a list")?;
        let one = all.iter().find(|one| one["workflow_name"] == workflow).context("a schedule")?;
        let path = format!("/api/schedules/{}/run", one["id"].as_str().context("an id")?);
        let mut started = world.platform.expect(202, Method::POST, &path, Value::Null).await;
        match started["execution_id"].take() {
            Value::String(id) => Ok(id),
            _ => anyhow::bail!("{started}"),
        }
    };
    world.seen("halopsa").await?;
    world
        .fail("ninjaone", json!({ "kind": "slow", "seconds": 1.0, "path": "/v2/alert/", "method": "DELETE" }))
        .await?;
    let lost =
        json!({ "kind": "drop", "path": "/v2/alert/", "method": "DELETE", "carried_out": true, "skip": 2 });
    world.fail("ninjaone", lost).await?;
    let cleaned = world.result(&run_now("Clean up stale devices").await?, "Success").await;
    assert_eq!(
        (&cleaned["stale"], &cleaned["alerts_reset"], &cleaned["unmapped"]),
        (&json!(7), &json!(7), &json!([]))
    );
    assert_eq!(cleaned["tickets"].as_object().context("tickets")?.len(), 7);
    assert_eq!(world.seen("halopsa").await?.statuses("POST", "/api/tickets"), [201; 7]);
    let again = world.result(&run_now("Clean up stale devices").await?, "Success").await;
    assert_eq!((&again["tickets"], &again["reported_before"]), (&json!({}), &json!(7)), "{again}");

    let checked = world.result(&run_now("Check tenants").await?, "Success").await;
    assert_eq!((&checked["tenants"], &checked["unreadable"]), (&json!(7), &json!([])), "{checked}");
    let listed = world.run("list_tenants", json!({}), "Success").await;
    let first = &listed["tenants"][0];
    assert_eq!((&first["organization"], &first["is_readable"]), (&json!("Adatum"), &json!(true)), "{listed}");
    Ok(())
}

/// An event that starts the next workflow.
pub async fn inventory(world: &World) -> Result<()> {
    let topic = json!({ "name": "inventory", "kind": "topic", "topic": "inventory.changed" });
    let topic = world.platform.expect(201, Method::POST, "/api/webhooks", topic).await;
    let path = format!("/api/webhooks/{}/subscriptions", topic["id"].as_str().context("an id")?);
    let subscription = json!({ "workflow_id": "Announce new devices", "mapping": { "new": "/data/new" } });
    world.platform.expect(201, Method::POST, &path, subscription).await;
    world.seen("halopsa").await?;
    let first = world.run("Sync inventory", json!({}), "Success").await;
    assert_eq!((&first["devices"], &first["written"]), (&json!(35), &json!(35)), "{first}");
    let announced = world.started("Announce new devices").await?;
    let announced = world.result(&announced, "Success").await;
    assert_eq!(announced["tickets"].as_object().context("tickets")?.len(), 7, "{announced}");
    assert_eq!(world.seen("halopsa").await?.statuses("POST", "/api/tickets"), [201; 7]);
    let second = world.run("Sync inventory", json!({}), "Success").await;
    assert_eq!(second, json!({ "devices": 35, "written": 0, "new": [], "gone": [] }));

    let tables = world.provider.get("/api/tables").await;
    let counts: BTreeSet<_> = tables["tables"]
        .as_array()
        .context("a list")?
        .iter()
        .map(|one| format!("{} {}", one["name"].as_str().unwrap_or_default(), one["document_count"]))
        .collect();
    let expected = ["device_tickets 35", "devices 35", "offboarded 1", "tenant_status 7"];
    assert_eq!(counts, expected.map(str::to_owned).into());
    Ok(())
}

/// A ticket that HaloPSA tells about, signed, and twice.
pub async fn triage(world: &World) -> Result<()> {
    let webhook = json!({ "name": "halo", "kind": "generic", "secret": HOOK_SECRET });
    let webhook = world.platform.expect(201, Method::POST, "/api/webhooks", webhook).await;
    let path = format!("/api/webhooks/{}/subscriptions", webhook["id"].as_str().context("an id")?);
    let mapping = json!({
        "ticket_id": "/data/ticket/id", "summary": "/data/ticket/summary", "details": "/data/ticket/details",
        "client_id": "/data/ticket/client_id",
    });
    let subscription = json!({ "workflow_id": "Triage ticket", "mapping": mapping });
    world.platform.expect(201, Method::POST, &path, subscription).await;
    let ticket = json!({ "id": 1001, "summary": "VPN on pc-201 is broken", "details": "since today", "client_id": 12 });
    let body = json!({ "ticket": ticket }).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(HOOK_SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let address = format!("{}{}", world.platform.url(), webhook["path"].as_str().context("a path")?);
    let deliver = async |signature: &str| -> Result<StatusCode> {
        let request = reqwest::Client::new().post(&address).header("content-type", "application/json");
        let request = request.header("x-delivery-id", "halo-1").header("x-signature-256", signature);
        Ok(request.body(body.clone()).send().await?.status())
    };
    // The token is refused before its time: the platform gets another one.
    world.seen("halopsa").await?;
    world.fail("halopsa", json!({ "kind": "expire" })).await?;
    assert_eq!(deliver(&"0".repeat(64)).await?, StatusCode::FORBIDDEN);
    assert_eq!(
        (deliver(&signature).await?, deliver(&signature).await?),
        (StatusCode::ACCEPTED, StatusCode::ACCEPTED)
    );
    let id = world.started("Triage ticket").await?;
    let sorted = world.result(&id, "Success").await;
    let expected =
        json!({ "ticket_id": 1001, "changed": true, "team": "2nd Line", "priority_id": 3, "device_id": 201 });
    assert_eq!(sorted, expected);
    let seen = world.seen("halopsa").await?;
    assert_eq!(seen.statuses("GET", "/api/tickets/1001"), [401, 200]);
    assert_eq!(seen.sign_ins(), 1);
    assert_eq!(seen.statuses("POST", "/api/actions"), [201]);
    let runs = world.platform.get("/api/executions?workflow_name=Triage%20ticket").await;
    assert_eq!(runs["executions"].as_array().map(Vec::len), Some(1), "delivered twice is once: {runs}");
    Ok(())
}
