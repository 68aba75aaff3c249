//! What the UI answers, and what it leaves to the API.

use axum::Router;
use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

const NAVIGATION: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

async fn ask(method: Method, path: &str, accept: &str, encoding: &str) -> Response<Body> {
    let api = Router::new().fallback(|| async { StatusCode::IM_A_TEAPOT });
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, accept)
        .header(header::ACCEPT_ENCODING, encoding)
        .body(Body::empty())
        .expect("a request");
    with_ui(api).oneshot(request).await.expect("infallible")
}

fn with_ui(api: Router) -> Router {
    api.clone().layer(axum::middleware::from_fn_with_state(api, bifrost_ui::serve))
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn value<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn every_page_is_the_document_with_a_nonce_of_its_own() {
    let mut policies = Vec::new();
    for path in
        ["/", "/sign-in", "/device?code=ABCD", "/runs/01997f3e-7c1b-7c11-9d7b-0d5c8f6f2a11", "/nothing/here"]
    {
        let page = ask(Method::GET, path, NAVIGATION, "gzip, br").await;
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        assert_eq!(value(&page, "cache-control"), "no-store");
        let policy = value(&page, "content-security-policy").to_owned();
        // Compiling WebAssembly is no script: the evaluator of expressions.
        assert!(!policy.replace("'wasm-unsafe-eval'", "").contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
        let html = text(page).await;
        assert!(html.contains(nonce) && !html.contains("{{nonce}}"), "{html}");
        policies.push(policy);
    }
    policies.sort();
    policies.dedup();
    assert_eq!(policies.len(), 5);
}

#[tokio::test]
async fn what_is_no_navigation_to_a_page_is_left_to_the_api() {
    for (method, path, accept) in [
        (Method::GET, "/api/nothing", NAVIGATION),
        (Method::GET, "/api", NAVIGATION),
        (Method::GET, "/ws/connect", NAVIGATION),
        (Method::GET, "/health/live", NAVIGATION),
        (Method::GET, "/metrics", NAVIGATION),
        (Method::GET, "/openapi.json", NAVIGATION),
        (Method::GET, "/assets/old-name.js", NAVIGATION),
        (Method::GET, "/runs", "application/json"),
        (Method::GET, "/runs", "*/*"),
        (Method::POST, "/runs", NAVIGATION),
    ] {
        let answer = ask(method.clone(), path, accept, "").await;
        assert_eq!(answer.status(), StatusCode::IM_A_TEAPOT, "{method} {path} {accept}");
    }
}

#[tokio::test]
async fn scripts_are_compressed_when_the_program_was_built_and_kept_for_good() {
    let html = text(ask(Method::GET, "/", NAVIGATION, "").await).await;
    let script = html.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js"));
    let script = script.expect("the document names its script");
    let plain = ask(Method::GET, script, "*/*", "").await;
    assert_eq!(value(&plain, "content-encoding"), "");
    let whole = text(plain).await.len();
    for encoding in ["br", "gzip"] {
        let answer = ask(Method::GET, script, "*/*", encoding).await;
        assert_eq!(value(&answer, "content-encoding"), encoding);
        assert_eq!(value(&answer, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(value(&answer, "cache-control"), "public, max-age=31536000, immutable");
        let size = answer.into_body().collect().await.expect("a body").to_bytes().len();
        assert!(size < whole / 2, "{encoding}: {size} of {whole}");
    }
}

#[tokio::test]
async fn the_frame_of_results_has_no_origin() {
    let frame = ask(Method::GET, "/result.html", "*/*", "").await;
    let policy = value(&frame, "content-security-policy");
    assert!(policy.starts_with("sandbox allow-scripts;"), "{policy}");
    assert!(!policy.contains("allow-same-origin"), "{policy}");
    assert_eq!(value(&frame, "x-frame-options"), "SAMEORIGIN");
    assert_eq!(value(&frame, "cache-control"), "no-cache");
}
