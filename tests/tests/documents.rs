//! Tables and files as workflows use them, in real sandbox processes.

use anyhow::{Context, Result};
use bifrost_tests::{Platform, folder};
use reqwest::StatusCode;
use serde_json::{Value, json};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");

#[tokio::test]
async fn a_workflow_does_all_that_tables_can() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "documents").await?;
    let ended = platform.run("every_table_call", json!({})).await;
    assert_eq!(
        ended["result"],
        json!({
            "create": ["people", true, 0],
            "schema": ["ValidationError", "data.name: the table's schema wants string here"],
            "insert": ["ada", 1, { "name": "Ada", "seats": 2 }],
            "taken": "already_exists",
            "upsert": 2,
            "update": { "name": "Ada", "seats": 3, "town": "London" },
            "stale": "version_changed",
            "get": "London",
            "nobody": [null, null],
            "insert_batch": 10,
            "upsert_batch": [2, 2],
            "query": [["p8", "p7"], 8, 2, 1],
            "count": [11, 10],
            "delete_document": [true, false],
            "delete_batch": ["p1", "p2"],
            "list": ["made_by_a_document", "people"],
            "delete": [true, false],
            "gone": [0, 0],
        })
    );
    let ended = platform.run("what_there_is_not", json!({})).await;
    for (said, instead) in ended["result"].as_array().context("a list")?.iter().zip([
        "workflows.execute",
        "httpx",
        "bifrost.files",
    ]) {
        assert!(said.as_str().is_some_and(|said| said.contains(instead)), "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_workflow_does_all_that_files_can() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "documents").await?;
    let mut said = platform.run("every_file_call", json!({})).await["result"].take();
    let (up, down) = (said["up"].take(), said["down"].take());
    assert_eq!(
        said,
        json!({
            "read": "ä",
            "large": true,
            "list": [["2026/june.txt", "large.bin"], ["2026/june.txt"]],
            "parts": [],
            "exists": [true, false],
            "delete": [true, false],
            "missing": "file not found",
            "up": null,
            "down": null,
            "workspace": ["first\na line to be found", ["data/note.txt"], true, [["data/note.txt", 2]]],
            "refused": ["ValidationError", "ValidationError", "ValidationError", "ValidationError", "ValidationError"],
        })
    );
    // The addresses are for whoever has them.
    let http = reqwest::Client::new();
    let address = |signed: &Value| -> Result<String> {
        let url = reqwest::Url::parse(signed["url"].as_str().context("an address")?)?;
        Ok(format!("{}{}", platform.url(), url.path()))
    };
    let read = http.get(address(&down)?).send().await?;
    let disposition = read.headers()["content-disposition"].to_str()?.to_owned();
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    assert_eq!(read.text().await?, "ä");
    let sent = http.put(address(&up)?).header("content-type", "text/csv").body("a,b").send().await?;
    assert_eq!(sent.status(), StatusCode::OK);
    assert_eq!(platform.run("uploaded", json!({})).await["result"], "a,b");
    assert_eq!(http.get(address(&up)?).send().await?.status(), StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn an_organizations_code_stays_in_its_organization() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "documents").await?;
    let (one, other) = (platform.organization("One").await, platform.organization("Other").await);
    let flows = std::fs::read_to_string(folder("documents").join("flows.py"))?;
    let within = platform.within(&one);
    within.deploy(&[("flows.py", &flows)]).await;
    // Also where an administrator of the platform starts it.
    for scope in [other.as_str(), "global", "../x"] {
        let ended = within.run("flows.py::leave_the_scope", json!({ "scope": scope })).await;
        assert_eq!(
            ended["result"],
            json!(["PermissionError", "PermissionError", "PermissionError", "PermissionError"]),
            "{scope}"
        );
    }
    within.run("flows.py::every_table_call", json!({})).await;
    let all = platform.within(&other).get("/api/tables").await;
    assert_eq!(all["tables"], json!([]));
    Ok(())
}
