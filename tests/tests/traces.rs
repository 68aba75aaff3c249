//! Traces from the request to what a workflow sends, as a collector receives them.

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bifrost_test_services::Installation;
use bifrost_tests::process::{Process, data_folder, free_port};
use bifrost_tests::services::{Api, ready, start};
use bifrost_tests::{Server, folder};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// A caller's own trace.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Spans, each with the name of its service.
type Spans = Arc<Mutex<Vec<(String, Span)>>>;

async fn collect(State(spans): State<Spans>, body: Bytes) -> &'static str {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
    let mut spans = spans.lock().expect("no panic");
    for resource in request.resource_spans {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let service = attributes.iter().find(|one| one.key == "service.name").and_then(|one| {
            match one.value.as_ref()?.value.as_ref()? {
                Any::StringValue(name) => Some(name.clone()),
                _ => None,
            }
        });
        let all = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(all.map(|span| (service.clone().unwrap_or_default(), span)));
    }
    ""
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    let value = span.attributes.iter().find(|one| one.key == name)?.value.as_ref()?.value.as_ref()?;
    Some(match value {
        Any::StringValue(text) => text.clone(),
        Any::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}

/// A collector: what it receives, and where it listens.
async fn collector() -> Result<(Spans, String)> {
    let spans = Spans::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = Router::new().route("/v1/traces", post(collect)).with_state(spans.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((spans, url))
}

/// Runs the workflow that sends one request, within the caller's trace; the request's headers. The run's
/// calls tell of the request what its span does.
async fn send(url: &str, key: &str, target: &Server) -> Result<Value> {
    let body = json!({
        "workflow_id": "http_get", "input_data": {"url": target.url("/echo?secret=in-the-query")}, "sync": true
    });
    let request = reqwest::Client::new().post(format!("{url}/api/workflows/execute")).bearer_auth(key);
    let request = request.header("traceparent", format!("00-{TRACE}-{CALLER}-01")).json(&body);
    let answer: Value = request.send().await?.json().await?;
    anyhow::ensure!(answer["status"] == "Success", "{answer}");
    let id = answer["execution_id"].as_str().context("an id")?;
    let calls = reqwest::Client::new().get(format!("{url}/api/executions/{id}/calls")).bearer_auth(key);
    let calls: Value = calls.send().await?.json().await?;
    let all = calls["attempts"][0]["calls"].as_array().context("calls")?;
    anyhow::ensure!(all.len() == 1 && all[0]["host"] == "127.0.0.1" && all[0]["status"] == 200, "{calls}");
    anyhow::ensure!(all[0]["received_bytes"].as_u64() > Some(0), "{calls}");
    anyhow::ensure!(!calls.to_string().contains("in-the-query"), "a query is in a call");
    let echoed: Value = serde_json::from_str(answer["result"]["text"].as_str().context("a text")?)?;
    Ok(echoed["headers"].clone())
}

/// The only span of this name within the caller's trace, and the service that it is of.
fn named<'a>(spans: &'a [(String, Span)], name: &str) -> &'a (String, Span) {
    let found: Vec<_> =
        spans.iter().filter(|(_, span)| hex(&span.trace_id) == TRACE && span.name == name).collect();
    assert_eq!(found.len(), 1, "{name} in {:?}", spans.iter().map(|(_, s)| &s.name).collect::<Vec<_>>());
    found[0]
}

/// Runs one workflow that sends one request: the spans, and the request's headers.
async fn traced(settings: &[(&str, &str)]) -> Result<(Vec<(String, Span)>, Value)> {
    let (spans, collector) = collector().await?;
    let (data, target, basics) = (data_folder(TEMPORARY)?, Server::start().await?, folder("basics"));
    let address = format!("127.0.0.1:{}", free_port()?);
    let mut all = vec![
        ("BIFROST_DATA", data.path().to_str().context("a path")?),
        ("BIFROST_LISTEN", &address),
        ("BIFROST_WORKSPACE", basics.to_str().context("a path")?),
        ("BIFROST_EGRESS_PRIVATE", "true"),
    ];
    all.extend(settings);
    if !settings.iter().any(|(name, _)| name.starts_with("OTEL_EXPORTER")) {
        all.push(("OTEL_EXPORTER_OTLP_ENDPOINT", &collector));
    }
    let mut process = Process::start(&["up"], &all)?;
    let key = || std::fs::read_to_string(data.path().join("admin.key")).unwrap_or_default();
    let client = reqwest::Client::new();
    let deployed = || async {
        let asked = client.get(format!("http://{address}/api/workflows")).bearer_auth(key()).send().await;
        let Ok(answer) = asked else { return false };
        answer.text().await.is_ok_and(|text| text.contains("http_get"))
    };
    process.until(Duration::from_secs(120), deployed).await?;
    let headers = send(&format!("http://{address}"), &key(), &target).await?;
    process.signal("TERM")?;
    anyhow::ensure!(process.ended(Duration::from_secs(20)).await? == 0, "{:#?}", process.log());
    let spans = std::mem::take(&mut *spans.lock().expect("no panic"));
    Ok((spans, headers))
}

#[tokio::test]
async fn a_trace_goes_from_the_request_to_what_the_workflow_sends() -> Result<()> {
    let (spans, headers) = traced(&[]).await?;
    let [request, run, outbound] =
        ["POST /api/workflows/execute", "run", "outbound"].map(|name| &named(&spans, name).1);
    assert_eq!(hex(&request.parent_span_id), CALLER);
    assert_eq!(run.parent_span_id, request.span_id);
    assert_eq!(outbound.parent_span_id, run.span_id);
    assert_eq!(attribute(run, "status").as_deref(), Some("Success"));
    assert_eq!(attribute(outbound, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(attribute(outbound, "server.address").as_deref(), Some("127.0.0.1"));
    assert!(spans.iter().all(|(service, _)| service == "bifrost-up"));
    assert!(!format!("{spans:?}").contains("in-the-query"), "a query is in a trace");
    assert!(!spans.iter().any(|(_, span)| span.name.contains("health")), "probes are traced");
    assert_eq!(headers["traceparent"], Value::Null, "a foreign host was told");
    Ok(())
}

#[tokio::test]
async fn a_listed_host_is_told_of_the_trace() -> Result<()> {
    let settings = [("BIFROST_TRACE_HOSTS", "api.example.com,127.0.0.1"), ("OTEL_SERVICE_NAME", "mine")];
    let (spans, headers) = traced(&settings).await?;
    let told = headers["traceparent"].as_str().context("no traceparent")?;
    let outbound = spans.iter().find(|(_, span)| span.name == "outbound").context("no span")?;
    assert_eq!(told, format!("00-{TRACE}-{}-01", hex(&outbound.1.span_id)));
    assert_eq!(outbound.0, "mine");
    Ok(())
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nothing_up() -> Result<()> {
    let away = format!("http://127.0.0.1:{}", free_port()?);
    let (spans, headers) = traced(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &away)]).await?;
    assert!(spans.is_empty());
    assert!(headers.is_object());
    Ok(())
}

#[tokio::test]
async fn a_trace_goes_through_the_queue_to_another_process() -> Result<()> {
    let installation = Arc::new(Installation::create("traces").await?);
    let result = tokio::spawn(distributed(installation.clone())).await;
    Arc::into_inner(installation).context("in use")?.finish().await?;
    result?
}

async fn distributed(installation: Arc<Installation>) -> Result<()> {
    let ((spans, collector), data, target) =
        (collector().await?, data_folder(TEMPORARY)?, Server::start().await?);
    let listen = format!("127.0.0.1:{}", free_port()?);
    let settings = [
        ("BIFROST_LISTEN", listen.as_str()),
        ("BIFROST_EGRESS_PRIVATE", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector),
    ];
    let mut processes = vec![];
    for command in ["api", "worker", "scheduler"] {
        let (mut process, health) = start(&installation, command, data.path(), &settings)?;
        process.until(Duration::from_secs(120), || ready(&health)).await?;
        processes.push(process);
    }
    let platform = Api { url: format!("http://{listen}"), data: data.path() };
    let (code, _, error) = platform.deploy(&folder("basics"), &["--no-wait"])?;
    assert_eq!(code, 0, "{error}");
    send(&platform.url, &platform.key(), &target).await?;
    for mut process in processes {
        process.signal("TERM")?;
        anyhow::ensure!(process.ended(Duration::from_secs(30)).await? == 0, "{:#?}", process.log());
    }

    let spans = std::mem::take(&mut *spans.lock().expect("no panic"));
    let (api, request) = named(&spans, "POST /api/workflows/execute");
    let (worker, run) = named(&spans, "run");
    let (sender, outbound) = named(&spans, "outbound");
    let services = [api, worker, sender].map(String::as_str);
    assert_eq!(services, ["bifrost-api", "bifrost-worker", "bifrost-worker"]);
    assert_eq!(hex(&request.parent_span_id), CALLER);
    assert_eq!(run.parent_span_id, request.span_id);
    assert_eq!(outbound.parent_span_id, run.span_id);
    assert_eq!(attribute(outbound, "http.response.status_code").as_deref(), Some("200"));
    Ok(())
}
