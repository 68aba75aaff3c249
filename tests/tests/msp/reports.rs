//! Reports: as a page, and as spreadsheets among the files.

use crate::world::World;
use anyhow::{Context, Result};
use reqwest::StatusCode;
use serde_json::json;
use std::io::Read;

/// The texts of a spreadsheet, and its number of rows.
fn spreadsheet(content: &[u8]) -> Result<(String, usize)> {
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(content))?;
    let mut part = |name: &str| -> Result<String> {
        let mut text = String::new();
        book.by_name(name)?.read_to_string(&mut text)?;
        Ok(text)
    };
    let rows = part("xl/worksheets/sheet1.xml")?.matches("<row ").count();
    Ok((part("xl/sharedStrings.xml")?, rows))
}

/// Reports: as a page, and as spreadsheets among the files.
pub async fn reports(world: &World) -> Result<()> {
    let input = json!({ "organization_id": "2", "keep_spreadsheet": "on" });
    let page = world.run("Compliance report", input, "Success").await;
    let page = page.as_str().context("a page")?;
    assert!(page.starts_with("<h2>Contoso GmbH: 20% of 5 devices without findings</h2>"), "{page}");
    let path = page
        .split_once("Kept as reports/")
        .and_then(|(_, rest)| rest.split_once("</p>"))
        .context("a path")?
        .0;
    let kept = format!("{}/api/files/content?location=reports&path={path}", world.platform.url());
    let kept = reqwest::Client::new().get(kept).bearer_auth(world.platform.key()).send().await?;
    assert_eq!(kept.status(), StatusCode::OK);
    let (texts, rows) = spreadsheet(&kept.bytes().await?)?;
    assert!(texts.contains("no antivirus; silent for 100 days") && rows == 6, "{rows} {texts}");

    world.seen("pax8").await?;
    let refused = json!({ "kind": "status", "status": 429, "retry_after": "date", "path": "usage-summaries", "skip": 3 });
    world.fail("pax8", refused).await?;
    world.fail("pax8", json!({ "kind": "drop", "path": "usage-summaries", "skip": 6, "times": 2 })).await?;
    let billed = world.run("Billing report", json!({}), "Success").await;
    assert_eq!((&billed["lines"], &billed["errors"]), (&json!(14), &json!([])), "{billed}");
    let total = billed["totals"]["EUR"].as_f64().context("a sum")?;
    // Seven customers with 10 and their number of seats of two products, and 266 of usage for each.
    let seats: f64 = (11..=17).map(f64::from).sum();
    let expected = seats * (20.6 + 11.7) + 14.0 * 266.0;
    assert!((total - expected).abs() < 0.01, "{total} instead of {expected}");
    let address = reqwest::Url::parse(billed["url"].as_str().context("an address")?)?;
    let read = reqwest::get(format!("{}{}", world.platform.url(), address.path())).await?;
    assert_eq!(read.status(), StatusCode::OK);
    let (texts, rows) = spreadsheet(&read.bytes().await?)?;
    assert!(texts.contains("Tailspin") && rows == 15, "{rows} {texts}");
    let seen = world.seen("pax8").await?;
    let pause = seen.pause()?;
    assert!(pause >= 0.9, "it was left alone for {pause} seconds only");
    Ok(())
}
