//! What a document carries, and what it does not.

use axum::body::Body;
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;

const ID: &str = "01997f3e-7c1b-7c11-9d7b-0d5c8f6f2a11";

/// Says who asked, and for whom.
async fn me(headers: HeaderMap) -> Json<Value> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().expect("text").to_owned());
    Json(json!({
        "cookie": text("cookie"),
        "organization": text("x-bifrost-organization"),
        "forwarded": text("x-forwarded-for"),
        "range": text("range"),
    }))
}

async fn branding() -> Json<Value> {
    Json(json!({ "product_name": "</script><script>alert(1)</script>{{nonce}}</body></head>" }))
}

async fn page(method: Method, uri: &str, api: Router) -> String {
    let app = api.clone().layer(axum::middleware::from_fn_with_state(api, bifrost_ui::serve));
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header(header::ACCEPT, "text/html")
        .header(header::COOKIE, "session=ada")
        .header(header::RANGE, "bytes=0-1")
        .header("x-forwarded-for", "192.0.2.1")
        .header("x-bifrost-organization", "another")
        .body(Body::empty())
        .expect("a request");
    let response = app.oneshot(request).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::OK, "{uri}");
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

async fn carried(uri: &str, api: Router) -> Value {
    let html = page(Method::GET, uri, api).await;
    let json = html.split(r#"id="carried">"#).nth(1).and_then(|rest| rest.split("</script>").next());
    serde_json::from_str(json.expect("something carried")).expect("JSON")
}

#[tokio::test]
async fn what_a_screen_asks_for_comes_along_as_its_user_gets_it() {
    let api = Router::new().route("/api/me", get(me)).route(
        "/api/executions/{id}",
        get(async || (StatusCode::NOT_FOUND, Json(json!({ "title": "Not found" })))),
    );
    let carried = carried(&format!("/runs/{ID}?org={ID}"), api).await;
    assert_eq!(carried["organization"], ID);
    let me = json!({ "cookie": "session=ada", "organization": ID, "forwarded": "192.0.2.1", "range": null });
    assert_eq!(carried["answers"]["/api/me"], json!({ "status": 200, "body": me }));
    let run = &carried["answers"][format!("/api/executions/{ID}")];
    assert_eq!(run, &json!({ "status": 404, "body": { "title": "Not found" } }));
}

#[tokio::test]
async fn nobody_is_named_whom_the_address_does_not_name() {
    let carried = carried("/workflows", Router::new().route("/api/me", get(me))).await;
    assert_eq!(carried["organization"], Value::Null);
    assert_eq!(carried["answers"]["/api/me"]["body"]["organization"], Value::Null);
}

#[tokio::test]
async fn what_a_tenant_wrote_stays_a_text() {
    let html = page(Method::GET, "/", Router::new().route("/api/branding", get(branding))).await;
    assert!(!html.contains("<script>alert"), "{html}");
    assert_eq!((html.matches("</head>").count(), html.matches("</body>").count()), (1, 1), "{html}");
    assert!(html.contains("{{nonce}}"), "a text that looks like the place of the nonce stays as it is");
}

#[tokio::test]
async fn what_takes_long_fails_or_is_large_is_asked_for_by_the_page() {
    let api = Router::new()
        .route("/api/me", get(async || tokio::time::sleep(Duration::from_secs(60)).await))
        .route("/api/branding", get(async || (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})))))
        .route("/api/workflows", get(async || Json("x".repeat(70_000))));
    let carried = carried("/workflows", api).await;
    assert_eq!(carried["answers"], json!({}));
}

#[tokio::test]
async fn a_request_for_the_head_only_asks_nothing() {
    let api = Router::new().route("/api/me", get(async || -> Json<Value> { panic!("asked") }));
    assert!(!page(Method::HEAD, "/", api).await.contains("id=\"carried\""));
}
