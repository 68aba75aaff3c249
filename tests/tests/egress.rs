//! What an organization's egress policy lets the HTTP libraries of its workflows do, from the policy to
//! the exception.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_tests::{Platform, Server};
use reqwest::Method;
use serde_json::json;

const FLOW: &str = r#"
import urllib.request

from bifrost import http, workflow


@workflow
def ask(urls: list[str]):
    said = []
    for url in urls:
        for call in (http.blocking.get, urllib.request.urlopen):
            try:
                call(url)
                said.append("answered")
            except Exception as error:
                said.append(str(error))
    return said
"#;

async fn ask(platform: &Platform, urls: &[&str]) -> Vec<String> {
    let ended = platform.run("ask", json!({ "urls": urls })).await;
    let said = ended["result"].as_array().expect("what was said");
    said.iter().map(|said| said.as_str().expect("text").to_owned()).collect()
}

#[tokio::test]
async fn a_policy_is_for_libraries_too_and_its_reason_reaches_the_author() {
    let platform = Platform::start(env!("CARGO_TARGET_TMPDIR"), "basics").await.expect("starts");
    let server = Server::start().await.expect("server");
    let files = json!({ "flow.py": BASE64_STANDARD.encode(FLOW) });
    let deploy = json!({ "files": files, "force": true });
    platform.expect(200, Method::POST, "/api/workspace/deploy", deploy).await;
    let own = platform.get("/api/egress").await["organization_id"].clone();
    let path = format!("/api/organizations/{}/egress", own.as_str().expect("an id"));

    // The machine itself is nobody's to reach, whatever the policy says.
    for said in ask(&platform, &[&server.url("/")]).await {
        assert!(said.contains("`127.0.0.1` is not a public address"), "{said}");
        assert!(said.contains("an administrator of the platform"), "whom to ask: {said}");
    }
    assert_eq!(server.stats.requests(), 0);

    let policy = json!({ "deny_hosts": ["denied.example"], "ports": [80] });
    platform.expect(200, Method::PUT, &path, policy).await;
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    let said = ask(&platform, &["http://denied.example/", "https://other.example/"]).await;
    for (said, why) in said.iter().zip([
        "the host `denied.example` is denied by the organization's egress policy",
        "the host `denied.example` is denied by the organization's egress policy",
        "the port 443 is not one of those that are allowed by the organization's egress policy",
        "the port 443 is not one of those that are allowed by the organization's egress policy",
    ]) {
        assert!(said.contains(why) && said.contains("an administrator of the platform"), "{said}");
    }
    assert_eq!(said.len(), 4);
}
