//! What vendors have, in step: customers, their sites, their licenses.

use crate::world::World;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Organizations and what they are called elsewhere, page after page.
pub async fn customers(world: &World) -> Result<()> {
    let found = world.run("Sync customers", json!({}), "Success").await;
    assert_eq!((found["found"].as_u64(), texts(&found["missing"]).len()), (Some(0), 7), "{found}");
    // The list of customers breaks off in the middle, the token of Partner Center ends before it.
    world.fail("microsoft", json!({ "kind": "drop", "path": "/v1/customers", "skip": 1 })).await?;
    world.fail("microsoft", json!({ "kind": "expire", "path": "/v1/customers", "skip": 2 })).await?;
    world.seen("microsoft").await?;
    let input = json!({ "create_missing": true, "dry_run": false });
    let made = world.run("Sync customers", input.clone(), "Success").await;
    assert_eq!(texts(&made["created"]).len(), 7, "{made}");
    let all = json!({ "Microsoft CSP": 7, "Pax8": 7, "NinjaOne": 7 });
    assert_eq!(made["mapped"], all);
    let seen = world.seen("microsoft").await?;
    assert_eq!(seen.sign_ins(), 2, "one token, and one after it was refused");
    let statuses = seen.statuses("GET", "/v1/customers");
    // Of the dropped one no status is known.
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3, "{statuses:?}");
    assert!(statuses.contains(&401) && statuses.contains(&0), "{statuses:?}");
    let again = world.run("Sync customers", input, "Success").await;
    assert_eq!((&again["found"], &again["mapped"]["Pax8"]), (&json!(7), &json!(0)), "{again}");

    let organizations = world.platform.get("/api/organizations").await;
    assert!(organizations.to_string().contains("contoso.example"), "{organizations}");
    let mappings = world.platform.get("/api/integrations/NinjaOne/mappings").await;
    let entities: BTreeSet<_> = mappings["mappings"]
        .as_array()
        .context("a list")?
        .iter()
        .map(|one| one["entity_id"].to_string())
        .collect();
    assert_eq!(entities, (1..=7).map(|n| format!("\"{n}\"")).collect());
    let pages = world.seen("pax8").await?.asked("GET", "/v1/companies", "page");
    assert_eq!(pages[..2], ["0", "1"], "five of seven are on the first page");
    let after = world.seen("ninjaone").await?.asked("GET", "/v2/organizations", "after");
    assert_eq!(after[..4], ["", "3", "6", "7"], "the page after the last one is empty");
    Ok(())
}

/// Sites in step, although one vendor wants to be left alone for a moment.
pub async fn sites(world: &World) -> Result<()> {
    world
        .fail("halopsa", json!({ "kind": "status", "status": 429, "retry_after": 2, "path": "/api/client" }))
        .await?;
    world
        .fail("halopsa", json!({ "kind": "status", "status": 503, "path": "/api/site", "method": "GET" }))
        .await?;
    let synced = world
        .run("Sync sites to HaloPSA", json!({ "create_missing": true, "dry_run": false }), "Success")
        .await;
    assert_eq!((&synced["clients"], &synced["sites"]), (&json!(7), &json!(14)), "{synced}");
    assert_eq!(synced["clients_created"], json!(["Northwind", "Proseware", "Tailspin"]));
    let seen = world.seen("halopsa").await?;
    let pause = seen.pause()?;
    assert!(pause >= 1.9, "it was left alone for {pause} seconds only");
    assert_eq!(seen.asked("GET", "/api/client", "page_no"), ["1", "1", "2"], "the refused page, then all");
    assert!(seen.statuses("GET", "/api/site").contains(&503));
    let mapping = world.provider.get("/api/config/ninjaone_halopsa_mapping").await;
    assert!(mapping.to_string().contains(r#""7":"#), "{mapping}");
    Ok(())
}

/// What was bought and what is used, as JSON and as a page.
pub async fn licenses(world: &World) -> Result<()> {
    world.fail("pax8", json!({ "kind": "status", "status": 500, "path": "/v1/subscriptions" })).await?;
    let compared = world.run("Microsoft license reconciliation", json!({}), "Success").await;
    let rows = compared["rows"].as_array().context("rows")?;
    assert_eq!(rows.len(), 14);
    let is_meant =
        |row: &&Value| row["company"] == "Adatum" && row["product"] == "Microsoft 365 Business Premium";
    let row = rows.iter().find(is_meant).context("a row")?;
    assert_eq!(
        (&row["bought"], &row["assigned"], &row["unused_cost"]),
        (&json!(11), &json!(7), &json!(82.4))
    );
    let pages: BTreeSet<_> =
        world.seen("pax8").await?.asked("GET", "/v1/subscriptions", "page").into_iter().collect();
    assert_eq!(pages, ["0", "1", "2"].map(str::to_owned).into());
    let page = world.run("Microsoft license reconciliation", json!({ "format": "html" }), "Success").await;
    assert!(page.as_str().is_some_and(|page| page.starts_with("<h2>Microsoft licenses</h2>\n<table>")));
    Ok(())
}
