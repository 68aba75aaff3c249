//! Settings, organizations and keys.

use crate::common::{Key, Platform};
use bifrost_store::egress::Usage;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_secret_can_be_written_but_not_read() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let put = |key: &str, body: Value| {
        platform.call(Method::PUT, format!("/api/config/{key}")).key(admin).json(body)
    };
    let secret = json!({ "value": "hunter2-hunter2", "is_secret": true, "description": "the door" });
    let answers = [
        put("door", secret).send().await,
        platform.get("/api/config/door").key(admin).send().await,
        platform.get("/api/config").key(admin).send().await,
    ];
    for answer in answers {
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
        answer.expect(200);
    }
    put("colour", json!({ "value": { "r": 1 } })).send().await.expect(200);
    let list = platform.get("/api/config").key(admin).send().await.expect(200);
    let values: Vec<_> =
        list["config"].as_array().expect("a list").iter().map(|e| (&e["key"], &e["value"])).collect();
    assert_eq!(values, [(&json!("colour"), &json!({ "r": 1 })), (&json!("door"), &Value::Null)]);
    platform.call(Method::DELETE, "/api/config/door").key(admin).send().await.expect(204);
    platform.call(Method::DELETE, "/api/config/door").key(admin).send().await.expect(404);
    platform.get("/api/config/door").key(admin).send().await.expect(404);
}

#[tokio::test]
async fn a_setting_has_a_type() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let put = |key: &str, body: Value| {
        platform.call(Method::PUT, format!("/api/config/{key}")).key(admin).json(body)
    };
    for (value, kind) in
        [(json!("a"), "string"), (json!(5), "int"), (json!(false), "bool"), (json!([1]), "json")]
    {
        let made = put(kind, json!({ "value": value })).send().await.expect(200);
        assert_eq!((&made["type"], &made["value"], &made["shared"]), (&json!(kind), &value, &json!(false)));
    }
    let wrong = put("n", json!({ "value": "5", "type": "int" })).send().await.expect(422);
    assert_eq!(wrong["field"], "value");
    let both = json!({ "value": "5", "type": "string", "is_secret": true });
    assert_eq!(put("n", both).send().await.expect(422)["field"], "type");
    put("n", json!({ "value": 5, "type": "number" })).send().await.expect(422);
    let secret = put("n", json!({ "value": "s", "type": "secret" })).send().await.expect(200);
    assert_eq!(
        (&secret["type"], &secret["is_secret"], &secret["value"]),
        (&json!("secret"), &json!(true), &Value::Null)
    );
    let again = put("n", json!({ "value": "other" })).send().await.expect(200);
    assert_eq!(again["type"], "secret", "it stays one unless it is said");
}

#[tokio::test]
async fn an_own_value_says_that_it_overrides_a_global_one() {
    let platform = Platform::new().await;
    let (root, admin) = (&platform.root, &platform.own.admin);
    let put = |key: &Key, value: Value| {
        platform.call(Method::PUT, "/api/config/url").key(key).json(json!({ "value": value }))
    };
    put(root, json!("https://g")).send().await.expect(200);
    let inherited = platform.get("/api/config/url").key(admin).send().await.expect(200);
    assert_eq!((&inherited["overrides"], &inherited["organization_id"]), (&json!(false), &Value::Null));
    assert_eq!(put(admin, json!("https://o")).send().await.expect(200)["overrides"], true);
    let list = platform.get("/api/config").key(admin).send().await.expect(200);
    let own = &list["config"][0];
    assert_eq!((&own["overrides"], &own["value"]), (&json!(true), &json!("https://o")));
    platform.call(Method::DELETE, "/api/config/url").key(admin).send().await.expect(204);
    let again = platform.get("/api/config/url").key(admin).send().await.expect(200);
    assert_eq!((&again["overrides"], &again["value"]), (&json!(false), &json!("https://g")));
}

#[tokio::test]
async fn a_global_secret_is_shared_and_taken_back() {
    let platform = Platform::new().await;
    let (root, admin) = (&platform.root, &platform.own.admin);
    let secret = json!({ "value": "hunter2-hunter2", "type": "secret" });
    let put = platform.call(Method::PUT, "/api/config/token").key(root);
    put.json(secret).send().await.expect(200);
    platform.get("/api/config/token").key(admin).send().await.expect(404);
    let share = |method: Method, id: String| {
        platform.call(method, format!("/api/config/token/shares/{id}")).key(root)
    };
    share(Method::PUT, platform.own.id.to_string()).send().await.expect(204);
    share(Method::PUT, uuid::Uuid::now_v7().to_string()).send().await.expect(404);
    platform
        .call(Method::PUT, format!("/api/config/none/shares/{}", platform.own.id))
        .key(root)
        .send()
        .await
        .expect(404);
    let seen = platform.get("/api/config/token").key(admin).send().await.expect(200);
    assert_eq!(
        (&seen["shared"], &seen["organization_id"], &seen["value"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    platform.get("/api/config/token").key(&platform.foreign.admin).send().await.expect(404);
    let list = platform.get("/api/config/token/shares").key(root).send().await.expect(200);
    assert_eq!(list["shares"][0]["organization_id"], json!(platform.own.id));
    share(Method::DELETE, platform.own.id.to_string()).send().await.expect(204);
    share(Method::DELETE, platform.own.id.to_string()).send().await.expect(404);
    platform.get("/api/config/token").key(admin).send().await.expect(404);
}

#[tokio::test]
async fn an_egress_policy_is_the_provider_s_to_set() {
    let platform = Platform::new().await;
    let (root, admin) = (&platform.root, &platform.own.admin);
    let path = format!("/api/organizations/{}/egress", platform.own.id);
    let put = |body: Value| platform.call(Method::PUT, path.clone()).key(root).json(body);
    let policy =
        json!({ "allow_hosts": ["*.Example.com"], "private_networks": ["10.1.2.3/16"], "bytes_per_day": 5 });
    let set = put(policy).send().await.expect(200);
    assert_eq!(
        (&set["allow_hosts"], &set["private_networks"]),
        (&json!(["*.example.com"]), &json!(["10.1.0.0/16"]))
    );
    let own = platform.get("/api/egress").key(admin).send().await.expect(200);
    assert_eq!((&own["allow_hosts"], &own["bytes_per_day"]), (&json!(["*.example.com"]), &json!(5)));
    for (body, field) in [
        (json!({ "private_networks": ["127.0.0.0/8"] }), "private_networks"),
        (json!({ "deny_hosts": ["http://x"] }), "deny_hosts"),
        (json!({ "ports": [0] }), "ports"),
        (json!({ "unverified_hosts": ["https://x"] }), "unverified_hosts"),
    ] {
        assert_eq!(put(body).send().await.expect(422)["field"], field);
    }
    put(json!({ "colour": 1 })).send().await.expect(422);
    platform.call(Method::PUT, path.clone()).key(admin).json(json!({})).send().await.expect(403);
    put(json!({})).send().await.expect(200);
    let own = platform.get("/api/egress").key(admin).send().await.expect(200);
    assert_eq!(own["allow_hosts"], json!([]));
}

#[tokio::test]
async fn what_is_used_is_told_beside_what_may_be() {
    let platform = Platform::deployed().await;
    let (root, own) = (&platform.root, platform.own.id);
    let path = format!("/api/organizations/{own}/usage");
    let whole = async || platform.get(path.clone()).key(root).send().await.expect(200);
    let egress = async || platform.get("/api/egress/usage").key(&platform.own.admin).send().await.expect(200);
    let nothing = json!({ "requests_this_minute": null, "bytes_today": null });
    assert_eq!((egress().await, &whole().await["egress"]), (nothing.clone(), &nothing), "without quotas");

    let policy = json!({ "requests_per_minute": 9, "bytes_per_day": 500 });
    let put = platform.call(Method::PUT, format!("/api/organizations/{own}/egress")).key(root);
    put.json(policy).send().await.expect(200);
    // An hour ahead, so that no minute ends within the test.
    let minute = Usage::at(bifrost_store::now()).minute + 60;
    let used = Usage { minute, requests: 2, day: minute / 1_440, bytes: 120 };
    bifrost_store::egress::count(&platform.state.db, own, used).await.expect("counted");
    platform.start(&platform.own.user).await;
    platform.claim().await;
    platform.start(&platform.own.user).await;
    let file = platform.call(Method::PUT, "/api/files/content?location=reports&path=a.txt");
    file.key(&platform.own.admin).raw("12345").send().await.expect(200);
    let table = platform.post("/api/tables").key(&platform.own.admin);
    table.json(json!({ "name": "customers" })).send().await.expect(201);

    let found = whole().await;
    let of = |used: i64, quota: i64| json!({ "used": used, "quota": quota });
    let counted = json!({ "requests_this_minute": of(2, 9), "bytes_today": of(120, 500) });
    for (field, expected) in [
        ("month", json!(bifrost_store::now().format("%Y-%m").to_string())),
        ("runs", json!(2)),
        ("computing_ms", json!(0)),
        ("running", of(1, 2_000)),
        ("egress", counted.clone()),
        ("files", of(1, 100_000)),
        ("file_bytes", of(5, 10 << 30)),
        ("tables", of(1, 200)),
        ("table_bytes", json!({ "used": 0, "quota": null })),
    ] {
        assert_eq!(found[field], expected, "{field}: {found}");
    }
    assert_eq!(egress().await, counted);
    let foreign = format!("/api/organizations/{}/usage", platform.foreign.id);
    let foreign = platform.get(foreign).key(root).send().await.expect(200);
    assert_eq!((&foreign["runs"], &foreign["files"]["used"]), (&json!(0), &json!(0)));
    let nobody = format!("/api/organizations/{}/usage", uuid::Uuid::now_v7());
    platform.get(nobody).key(root).send().await.expect(404);
}

#[tokio::test]
async fn a_key_is_shown_once_and_can_be_revoked() {
    let platform = Platform::new().await;
    let root = &platform.root;
    let body = json!({ "email": "Eve@own.example", "name": "laptop", "role": "org_admin" });
    let made = platform
        .post("/api/keys")
        .key(root)
        .organization(platform.own.id)
        .json(body.clone())
        .send()
        .await
        .expect(201);
    let (token, id) = (made["key"].as_str().expect("a key"), made["id"].as_str().expect("an id"));
    assert!(token.starts_with("bfr_"));
    let me = platform.get("/api/me").header("x-bifrost-key", token).send().await.expect(200);
    assert_eq!((&me["role"], &me["organization_id"]), (&json!("org_admin"), &json!(platform.own.id)));

    let second = platform
        .post("/api/keys")
        .key(root)
        .organization(platform.own.id)
        .json(body)
        .send()
        .await
        .expect(201);
    assert_eq!(second["user_id"], made["user_id"], "the same person");
    let list = platform.get("/api/keys").key(root).organization(platform.own.id).send().await;
    assert!(!list.text.contains(token));
    assert_eq!(list.expect(200)["keys"].as_array().map(Vec::len), Some(4));

    platform.call(Method::DELETE, format!("/api/keys/{id}")).key(root).send().await.expect(404);
    platform
        .call(Method::DELETE, format!("/api/keys/{id}"))
        .key(root)
        .organization(platform.own.id)
        .send()
        .await
        .expect(204);
    platform.get("/api/me").header("x-bifrost-key", token).send().await.expect(401);

    let platform_admin = json!({ "email": "eve@own.example", "name": "k", "role": "platform_admin" });
    platform
        .post("/api/keys")
        .key(root)
        .organization(platform.own.id)
        .json(platform_admin)
        .send()
        .await
        .expect(422);
}

#[tokio::test]
async fn an_organization_has_limits_and_can_be_switched_off() {
    let platform = Platform::deployed().await;
    let root = &platform.root;
    let path = format!("/api/organizations/{}", platform.own.id);
    let patch = |body: Value| platform.call(Method::PATCH, path.clone()).key(root).json(body);
    let changed = patch(json!({ "limits": { "parameters_bytes": 20 } })).send().await.expect(200);
    assert_eq!(
        (&changed["limits"]["parameters_bytes"], &changed["limits"]["http_calls"]),
        (&json!(20), &json!(1000))
    );
    for (limits, field) in [(json!({ "colour": 1 }), "limits.colour"), (json!({ "fuel": -1 }), "limits.fuel")]
    {
        assert_eq!(patch(json!({ "limits": limits })).send().await.expect(422)["field"], field);
    }
    let body = json!({ "workflow_id": "hello", "input_data": { "name": "longer than twenty bytes" } });
    let refused =
        platform.post("/api/workflows/execute").key(&platform.own.user).json(body).send().await.expect(422);
    assert_eq!(refused["field"], "input_data");

    patch(json!({ "is_active": false })).send().await.expect(200);
    platform.get("/api/me").key(&platform.own.user).send().await.expect(401);
    let made = platform
        .post("/api/organizations")
        .key(root)
        .json(json!({ "name": "Third", "domain": "third.example" }))
        .send()
        .await
        .expect(201);
    assert_eq!(made["limits"]["http_calls"], 1000);
    let list = platform.get("/api/organizations").key(root).send().await.expect(200);
    assert_eq!(list["organizations"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn a_key_in_either_header_is_enough() {
    let platform = Platform::new().await;
    let token = &platform.own.user.token;
    for (name, value) in [("authorization", format!("bearer {token}")), ("x-bifrost-key", token.clone())] {
        platform.get("/api/me").header(name, &value).send().await.expect(200);
    }
    for value in [token.clone(), format!("Basic {token}"), "Bearer ".into(), "Bearer".into()] {
        platform.get("/api/me").header("authorization", &value).send().await.expect(401);
    }
}
