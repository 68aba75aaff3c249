//! Accounts of a customer's people, by workflows and by forms.

use crate::world::{PATIENCE, TENANT, World};
use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody comes, and goes. The connection breaks after the account was made, the licence's first
/// token has ended.
pub async fn people(world: &World) -> Result<()> {
    world.seen("microsoft").await?;
    let lost = json!({ "kind": "drop", "method": "POST", "path": "/users$", "carried_out": true });
    world.fail("microsoft", lost).await?;
    world.fail("microsoft", json!({ "kind": "expire", "path": "assignLicense" })).await?;
    let input = json!({
        "tenant": TENANT, "domain": "adatum.example", "first_name": "Jörg", "last_name": "Müller",
        "manager_email": "boss@adatum.example", "license": "SPB", "ticket_id": "1003",
    });
    let id = world.platform.submit("Onboard user", input).await;
    let onboarded = world.result(&id, "Success").await;
    let name = "joerg.mueller@adatum.example";
    let expected = json!({
        "user_principal_name": name, "user_id": "user-new-7", "license": "SPB",
        "password_sent_to": "boss@adatum.example", "problems": [], "success": true,
    });
    assert_eq!(onboarded, expected);
    let seen = world.seen("microsoft").await?;
    let made = seen.of("POST", "/v1.0/users");
    assert_eq!(made.len(), 1, "it is not made twice because nothing was heard of it");
    assert_eq!(seen.statuses("POST", "/v1.0/users/user-new-7/assignLicense"), [401, 200]);
    let mails = seen.of("POST", "/v1.0/users/service%40provider.example/sendMail");
    let password = made[0]["body"]["passwordProfile"]["password"].as_str().context("a password")?;
    assert_eq!(mails.len(), 1);
    assert!(mails[0]["body"].to_string().contains(password));
    for part in ["", "/result", "/logs?limit=10000", "/variables"] {
        let kept = world.platform.get(&format!("/api/executions/{id}{part}")).await.to_string();
        assert!(kept.contains("user-new-7") || kept.contains(name), "{kept}");
        assert!(!kept.contains(password), "the password is kept: {kept}");
    }
    let note = world.seen("halopsa").await?;
    assert_eq!(note.statuses("POST", "/api/actions"), [201]);

    // A mail of which nothing is known is said.
    world.fail("microsoft", json!({ "kind": "status", "status": 503, "path": "sendMail" })).await?;
    let input = json!({
        "tenant": TENANT, "domain": "adatum.example", "first_name": "Ada", "last_name": "Byron",
        "manager_email": "boss@adatum.example",
    });
    let half = world.run("Onboard user", input.clone(), "CompletedWithErrors").await;
    assert!(half["problems"][0].as_str().is_some_and(|text| text.contains("set another one")), "{half}");
    let refused = world.platform.submit("Onboard user", input).await;
    let refused = world.platform.ended(&refused, PATIENCE).await;
    let (kind, said) = (&refused["error_type"], &refused["error"]);
    assert!(*kind == "UserError" && said.to_string().contains("already exists"), "{refused}");

    let input = json!({ "tenant": TENANT, "user_principal_name": name });
    let offboarded = world.run("Offboard user", input, "Success").await;
    assert_eq!(offboarded["licenses"], json!(["SPB"]));
    let seen = world.seen("microsoft").await?;
    assert_eq!(seen.statuses("POST", "/v1.0/users/user-new-7/revokeSignInSessions"), [200]);
    Ok(())
}

/// Forms of the workspace's files: a customer, then the licenses that are left there.
pub async fn forms(world: &World) -> Result<()> {
    let provider = &world.provider;
    let listed = provider.get("/api/forms").await;
    let all = listed["forms"].as_array().context("a list")?;
    let form = |name: &str| -> Result<String> {
        let one = all.iter().find(|one| one["name"] == name).with_context(|| format!("{name}: {listed}"))?;
        assert_eq!((&one["source"], &one["access"]), (&json!("workspace"), &json!("granted")));
        Ok(format!("/api/forms/{}", one["id"].as_str().context("an id")?))
    };
    let onboard = form("Onboard a user")?;
    let opened = provider.expect(200, Method::POST, &format!("{onboard}/open"), json!({ "query": {} })).await;
    let session = &opened["session_id"];
    let choices = async |field: &str, values: Value| -> Value {
        let ask = json!({ "session_id": session, "field": field, "values": values });
        provider.expect(200, Method::POST, &format!("{onboard}/options"), ask).await
    };
    let customers = choices("tenant", json!({})).await;
    assert_eq!(
        (&customers["options"][0]["value"], customers["options"].as_array().map(Vec::len)),
        (&json!(TENANT), Some(7))
    );
    let none = choices("license", json!({})).await;
    assert_eq!(none, json!({ "options": [], "missing": ["tenant"] }), "no customer, no license");
    let licenses = choices("license", json!({ "tenant": TENANT })).await;
    let offered: Vec<_> =
        licenses["options"].as_array().context("a list")?.iter().map(|one| &one["value"]).collect();
    assert!(offered.contains(&&json!("SPB")), "{licenses}");

    let filled = |change: Value| {
        let mut values = json!({
            "tenant": TENANT, "license": "SPB", "first_name": "Grace", "last_name": "Hopper",
            "manager_email": "boss@adatum.example",
        });
        values.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        json!({ "session_id": session, "values": values })
    };
    world.seen("microsoft").await?;
    for (change, field) in [
        (json!({ "license": "ENTERPRISEPACK_NOBODY_HAS" }), "license"),
        (json!({ "tenant": "00000001-0000-4000-8000-0000000000ee", "license": null }), "tenant"),
        (json!({ "manager_email": "boss@elsewhere.example" }), "manager_email"),
        (json!({ "usage_location": "Germany" }), "usage_location"),
        (json!({ "last_name": "" }), "last_name"),
    ] {
        let refused = provider.expect(422, Method::POST, &format!("{onboard}/execute"), filled(change)).await;
        let fields: Vec<_> =
            refused["errors"].as_array().context("errors")?.iter().map(|one| &one["field"]).collect();
        assert!(fields.contains(&&json!(field)), "{field}: {refused}");
    }
    assert!(world.seen("microsoft").await?.of("POST", "/v1.0/users").is_empty(), "nothing was made");
    let run = provider.expect(202, Method::POST, &format!("{onboard}/execute"), filled(json!({}))).await;
    let made = world.result(run["execution_id"].as_str().context("an id")?, "Success").await;
    assert_eq!(
        (&made["user_principal_name"], &made["license"], &made["problems"]),
        (&json!("grace.hopper@adatum.example"), &json!("SPB"), &json!([])),
        "the customer's domain was filled in: {made}"
    );

    let report = form("Compliance report")?;
    let opened = provider.expect(200, Method::POST, &format!("{report}/open"), json!({ "query": {} })).await;
    let values = json!({ "session_id": opened["session_id"], "values": { "organization_id": "2" } });
    let run = provider.expect(202, Method::POST, &format!("{report}/execute"), values).await;
    let page = world.result(run["execution_id"].as_str().context("an id")?, "Success").await;
    assert!(page.as_str().is_some_and(|page| page.starts_with("<h2>Contoso GmbH: 20% of 5")), "{page}");
    Ok(())
}
