//! What callers are told when something is wrong, word for word.

use crate::common::{Answer, Call, Platform, files, success};
use http::Method;
use serde_json::{Value, json};

async fn answer(name: &str, call: Call<'_>) -> Value {
    let answer = call.header("x-request-id", "request-1").send().await;
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{name}: {}", answer.text);
    json!({ "case": name, "status": answer.status.as_u16(), "body": answer.body })
}

#[tokio::test]
async fn bodies_are_as_reviewed() {
    let platform = Platform::deployed().await;
    let (user, admin) = (&platform.own.user, &platform.own.admin);
    let execute = || platform.post("/api/workflows/execute").key(user);
    let nobody = "00000000-0000-0000-0000-000000000000";
    let broken = json!({ "files": files(&[("a.py", "raise at import")]) });
    let cases = [
        ("no key", platform.get("/api/me")),
        ("unknown key", platform.get("/api/me").header("x-bifrost-key", "bfr_unknown")),
        ("not theirs to do", platform.get("/api/keys").key(user)),
        ("unknown path", platform.get("/nowhere")),
        ("unknown id", platform.get(format!("/api/executions/{nobody}")).key(user)),
        ("no id", platform.get("/api/executions/seven").key(user)),
        ("method", platform.call(Method::DELETE, "/api/me").key(user)),
        ("not declared as JSON", execute().raw("{}")),
        ("not JSON", execute().json(json!(0)).raw("{\"workflow_id\": ")),
        ("no body", execute()),
        ("wrong type", execute().json(json!({ "workflow_id": "hello", "timeout_seconds": "soon" }))),
        ("wrong kind of body", execute().json(json!([1]))),
        (
            "unknown field",
            platform.post("/api/drafts").key(admin).json(json!({ "workflow": "a::b", "colour": 1 })),
        ),
        ("field of another version", execute().json(json!({ "workflow_id": "hello", "script_name": "x" }))),
        ("missing parameter", execute().json(json!({ "workflow_id": "hello", "input_data": {} }))),
        ("unknown workflow", execute().json(json!({ "workflow_id": "goodbye" }))),
        ("query", platform.get("/api/executions?limit=many").key(user)),
        ("query out of range", platform.get("/api/executions?limit=5000").key(user)),
        ("unknown query", platform.get("/api/executions?colour=red").key(user)),
        ("unknown status", platform.get("/api/executions?status=Lost").key(user)),
        ("too large", execute().json(json!("x".repeat(3 << 20)))),
        ("nothing loads", platform.post("/api/workspace/deploy").key(admin).json(broken)),
        (
            "bad path",
            platform.post("/api/workspace/deploy").key(admin).json(json!({ "files": { "../a.py": "" } })),
        ),
        (
            "bad base64",
            platform.post("/api/workspace/deploy").key(admin).json(json!({ "files": { "a.py": "?" } })),
        ),
        (
            "unknown role",
            platform
                .post("/api/keys")
                .key(&platform.root)
                .json(json!({ "name": "k", "email": "a@b", "role": "boss" })),
        ),
        ("busy", platform.post("/api/drafts").key(admin).json(json!({ "workflow": "busy.py::run" }))),
    ];
    let mut answers = Vec::new();
    for (name, call) in cases {
        answers.push(answer(name, call).await);
    }
    insta::assert_json_snapshot!("errors", answers);
}

#[tokio::test]
async fn a_conflict_has_its_own_code() {
    let platform = Platform::deployed().await;
    let id = platform.start(&platform.own.user).await;
    let run = platform.claim().await;
    platform.finish(&run, success(json!(1)), true).await;
    let cancel = platform.post(format!("/api/executions/{id}/cancel")).key(&platform.own.user).send().await;
    assert_eq!(cancel.expect(409)["code"], "already_finished");
}

/// No part of the server's own error may reach the caller.
fn assert_says_nothing(answer: Answer) {
    assert!(!answer.text.contains("secret detail") && !answer.text.contains("sources/"), "{}", answer.text);
    let body = answer.expect(500);
    assert_eq!(body["code"], "internal");
    assert_ne!(body["request_id"], "");
}

#[tokio::test]
async fn internal_errors_and_panics_say_nothing() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let body = json!({ "files": files(&[("a.py", "panic the host")]) });
    assert_says_nothing(platform.post("/api/workspace/deploy").key(admin).json(body).send().await);

    let versions = platform.get("/api/workspace/versions").key(admin).send().await.expect(200);
    let hash = versions["versions"][0]["source_hash"].as_str().expect("a hash");
    assert!(
        platform.state.objects.delete(&format!("sources/{}/{hash}", platform.own.id)).await.expect("deleted")
    );
    assert_says_nothing(platform.get("/api/workspace/files").key(admin).send().await);
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_security_headers() {
    let platform = Platform::new().await;
    let answer = platform.get("/health/live").header("x-request-id", "from-the-proxy").send().await;
    assert_eq!(answer.headers["x-request-id"], "from-the-proxy");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["x-frame-options"], "DENY");
    assert_eq!(answer.headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");

    let long = "x".repeat(65);
    for odd in ["a b", "a;b", "", long.as_str()] {
        let answer = platform.get("/nowhere").header("x-request-id", odd).send().await;
        let id = answer.headers["x-request-id"].to_str().expect("ASCII").to_owned();
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
        assert_eq!(answer.body["request_id"], id);
        assert_eq!(answer.headers["x-frame-options"], "DENY");
    }
}

#[tokio::test]
async fn busy_tells_when_to_come_back() {
    let platform = Platform::deployed().await;
    let call =
        platform.post("/api/drafts").key(&platform.own.admin).json(json!({ "workflow": "busy.py::run" }));
    let answer = call.send().await;
    assert_eq!((answer.status.as_u16(), answer.headers["retry-after"].as_bytes()), (503, b"1".as_slice()));
    let anonymous = platform.get("/api/me").send().await;
    assert_eq!(anonymous.headers["www-authenticate"], "Bearer");
}
