//! What is taken away from integrations over HTTP.

use crate::common::Platform;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn null_takes_the_authorization_server_away() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let new = json!({
        "name": "CRM", "client_secret": "s",
        "oauth": { "flow": "client_credentials", "client_id": "c", "token_url": "https://login.example/token" },
    });
    platform.post("/api/integrations").key(admin).json(new).send().await.expect(201);
    let new = json!({ "integration": "CRM" });
    let connection =
        platform.post("/api/oauth/connections").key(admin).json(new.clone()).send().await.expect(201);
    let patch = async |body: Value| {
        platform.call(Method::PATCH, "/api/integrations/CRM").key(admin).json(body).send().await
    };
    let same = patch(json!({ "description": "Customers" })).await.expect(200);
    assert_eq!(same["oauth"]["flow"], "client_credentials", "what is absent stays");
    let refused = patch(json!({ "oauth": null })).await.expect(409);
    assert_eq!(refused["code"], "integration_in_use");
    assert!(refused["detail"].as_str().expect("text").contains("connected for own"), "{refused}");
    let path = format!("/api/oauth/connections/{}", connection["id"].as_str().expect("an id"));
    platform.call(Method::DELETE, path).key(admin).send().await.expect(204);
    let changed = patch(json!({ "oauth": null })).await.expect(200);
    assert_eq!((&changed["oauth"], &changed["kept"]["has_client_secret"]), (&Value::Null, &json!(false)));
    assert_eq!(patch(json!({ "client_secret": "s" })).await.expect(422)["field"], "client_secret");
    let nowhere = platform.post("/api/oauth/connections").key(admin).json(new).send().await.expect(422);
    assert_eq!(nowhere["field"], "integration");
}

#[tokio::test]
async fn an_empty_name_takes_a_name_away() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    platform.post("/api/integrations").key(admin).json(json!({ "name": "CRM" })).send().await.expect(201);
    let path = format!("/api/integrations/CRM/mappings/{}", platform.own.id);
    for (name, expected) in [
        (json!("Contoso"), json!("Contoso")),
        (json!(null), json!("Contoso")),
        (json!(""), json!(null)),
        (json!(null), json!(null)),
    ] {
        let body = json!({ "entity_id": "4711", "entity_name": name });
        let set = platform.call(Method::PUT, path.clone()).key(admin).json(body).send().await.expect(200);
        assert_eq!(set["entity_name"], expected, "{name}");
    }
}
