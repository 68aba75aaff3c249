//! Pydantic, with its compiled core, in workspaces.

use bifrost_core::{Source, Status};
use bifrost_sandbox::BuildLimits;
use bifrost_tests::{Lab, folder};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

async fn lab() -> Lab {
    let lab = Lab::open(env!("CARGO_TARGET_TMPDIR"), "pydantic", 16).await.expect("deploys");
    assert_eq!(lab.built.report.errors, []);
    lab
}

/// A workspace of these files, deployed.
async fn deployed(files: &[(&str, &str)]) -> Lab {
    let files: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let mut source = Source::default();
    for (path, content) in files {
        source.insert(path, content).expect("a path");
    }
    Lab::deploy(env!("CARGO_TARGET_TMPDIR"), Arc::new(source), 16, &BuildLimits::default())
        .await
        .expect("deploys")
}

const ID: &str = "0198c0de-0000-7000-8000-000000000001";

fn customer() -> Value {
    json!({"id": ID, "customerName": " Ada ", "since": "2026-11-26T10:00:00+01:00", "credit": "12.5",
           "address": {"street": "S", "city": "Bonn"}, "tags": ["A", "b"], "token": "hidden-0123"})
}

#[tokio::test]
async fn parameters_are_built_and_results_are_dumped() {
    let lab = lab().await;
    let id = "flows.py::order";
    let lines = json!([{"article": "x", "amount": "2"}, {"article": "y", "amount": 3}]);
    let value = lab.value(id, json!({"customer": customer(), "lines": lines})).await;
    let expected = json!({
        "types": ["Customer", "UUID", "Line"],
        "customer": {"id": ID, "name": "Ada", "since": "2026-11-26T10:00:00+01:00", "credit": "12.50",
            "address": {"street": "S", "city": "Bonn"}, "tags": ["a", "b"], "token": "**********",
            "shown": "Ada (0198)"},
        "total": 5, "secret": "**********", "earlier": null, "note": "none",
    });
    assert_eq!(value, expected);
    // A form submits text.
    let earlier = json!({"number": 1, "event": {"kind": "opened", "by": "me"}});
    let text = json!({"customer": customer().to_string(), "lines": lines.to_string(), "earlier": earlier.to_string()});
    assert_eq!(lab.value(id, text).await["earlier"], earlier);

    let (outcome, _) = lab.run(id, json!({"customer": {"id": "x"}, "lines": []})).await;
    assert_eq!((outcome.status, outcome.error_type.as_deref()), (Status::Failed, Some("ValidationError")));
    let error = outcome.error.expect("an error");
    for part in [
        "parameter `customer` is not valid: 3 validation errors for Customer",
        "customerName\n  Field required",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(outcome.traceback.as_deref().unwrap_or(""), "", "the caller's mistake has no place in code");

    let workflow = lab.built.report.workflows.iter().find(|workflow| workflow.id == id).expect("listed");
    let schema = |index: usize| &workflow.parameters[index].extra["schema"];
    assert_eq!(schema(0)["properties"]["customerName"]["type"], "string");
    assert_eq!((&schema(1)["type"], &schema(1)["items"]["$ref"]), (&json!("array"), &json!("#/$defs/Line")));
    assert!(!workflow.parameters[2].extra.contains_key("schema"), "text has none");
    assert_eq!(
        workflow.parameters.iter().map(|p| (p.kind.as_str(), p.required)).collect::<Vec<_>>(),
        [("json", true), ("list", true), ("string", false), ("json", false)]
    );
}

#[tokio::test]
async fn models_do_what_they_do_natively() {
    let lab = lab().await;
    let value = lab.value("flows.py::features", json!({})).await;
    let expected = json!({
        "closed": [true, 7], "deep": 3, "made": 4, "added": 3, "adapter": true,
        "url": "https://xn--bcher-kva.example/a%20b",
        "json": r#"{"items":[{"number":7,"event":{"kind":"closed","reason":"done"}}],"next":null}"#,
        "copied": "n", "root": [{"article": "x", "amount": 2}], "value": "https://example.com/",
    });
    assert_eq!(value, expected);
    let value = lab.value("flows.py::schemas", json!({})).await;
    assert_eq!(value["customer"]["properties"]["shown"]["readOnly"], true);
    assert_eq!(
        value["page"]["$defs"]["Ticket"]["properties"]["event"]["discriminator"]["propertyName"],
        "kind"
    );
    let value = lab.value("flows.py::errors", json!({})).await;
    let found: Vec<&str> =
        value.as_array().expect("errors").iter().map(|error| error["type"].as_str().expect("type")).collect();
    let expected =
        ["uuid_parsing", "string_type", "datetime_from_date_parsing", "string_too_short", "extra_forbidden"];
    assert_eq!(found, expected);

    let (outcome, _) = lab.run("flows.py::uncaught", json!({})).await;
    assert_eq!(outcome.error_type.as_deref(), Some("ValidationError"));
    let error = outcome.error.expect("an error");
    assert!(
        error.starts_with("2 validation errors for Ticket\nnumber\n  Input should be a valid integer"),
        "{error}"
    );
    let traceback = outcome.traceback.expect("a traceback");
    assert!(
        traceback.contains("flows.py\", line") && traceback.contains("<packages>/pydantic/main.py"),
        "{traceback}"
    );
}

#[tokio::test]
async fn recursion_ends_with_an_error_that_can_be_caught() {
    let lab = lab().await;
    assert_eq!(lab.value("flows.py::endless", json!({})).await, "RecursionError");
    for (depth, expected) in [(40, "fits"), (60, "recursion_loop"), (100_000, "json_invalid")] {
        assert_eq!(lab.value("flows.py::nested", json!({"depth": depth})).await, expected, "{depth}");
    }
}

#[tokio::test]
async fn what_is_not_in_the_snapshot_is_imported_late() {
    let lab = lab().await;
    let value = lab.value("flows.py::late", json!({})).await;
    assert_eq!((&value["v1"], &value["pipeline"]), (&json!("1."), &json!(true)));
    assert_eq!(value["file"], "<packages>/pydantic/main.py");
    assert_eq!(value["new"], json!(["pydantic.experimental", "pydantic.experimental.pipeline"]));
    let value = lab.value("flows.py::versions", json!({})).await;
    assert_eq!(value["matches"], true);
    assert_eq!((&value["core"][0], &value["missing"]), (&value["core"][1], &json!("PackageNotFoundError")));
    let expected = ["annotated-types", "pydantic", "pydantic_core", "typing-inspection", "typing_extensions"];
    assert_eq!(value["all"], json!(expected));

    // No file of this workspace imports pydantic while it is loaded.
    let text = std::fs::read_to_string(folder("pydantic").join("plain.py")).expect("plain.py");
    let lab = deployed(&[("plain.py", &text)]).await;
    assert_eq!(lab.value("plain.py::imports_late", json!({})).await, 3);
}

#[tokio::test]
async fn addresses_of_mail_need_their_validator() {
    let lab = lab().await;
    let (outcome, _) = lab.run("flows.py::email", json!({"address": "ada@example.com"})).await;
    assert!(outcome.error.expect("an error").contains("pip install"), "pydantic says what to install");

    let libraries = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/libraries");
    let mut source = bifrost_builder::read_folder(&libraries).expect("`make libraries` has unpacked them");
    for (path, content) in lab.source.files() {
        source.insert(path.clone(), content.clone()).expect("a place of its own");
    }
    let limits = BuildLimits { file_ms: 60_000, ..BuildLimits::default() };
    let lab = Lab::deploy(env!("CARGO_TARGET_TMPDIR"), Arc::new(source), 16, &limits).await.expect("deploys");
    assert_eq!(lab.value("flows.py::email", json!({"address": "ada@EXAMPLE.com"})).await, "ada@example.com");
    let (outcome, _) = lab.run("flows.py::email", json!({"address": "nobody"})).await;
    assert!(outcome.error.expect("an error").contains("value is not a valid email address"));
}

#[tokio::test]
async fn models_of_one_workspace_are_not_in_another() {
    let text = |field: &str| {
        format!(
            "import sys, gc\nfrom bifrost import workflow\nfrom pydantic import BaseModel\n\
             class Shared(BaseModel):\n    {field}: int\n\
             @workflow\ndef f():\n    \
             found = [c for c in gc.get_objects() if isinstance(c, type) and c.__name__ == 'Shared']\n    \
             return [list(c.model_fields) for c in found]\n"
        )
    };
    let (one, other) =
        (deployed(&[("a.py", &text("one"))]).await, deployed(&[("a.py", &text("other"))]).await);
    assert_eq!(one.value("a.py::f", json!({})).await, json!([["one"]]));
    assert_eq!(other.value("a.py::f", json!({})).await, json!([["other"]]));
    let plain = "import sys\nfrom bifrost import workflow\n@workflow\ndef f():\n    \
                 return [name for name in sys.modules if name.startswith(('pydantic', 'typing_'))]\n";
    let lab = deployed(&[("a.py", plain)]).await;
    assert_eq!(lab.value("a.py::f", json!({})).await, json!([]), "who does not import it does not have it");
}
