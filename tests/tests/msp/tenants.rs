//! What a customer's people and its own code have: their own, and no more.

use crate::world::{CONTOSO, PATIENCE, TENANT, World};
use anyhow::{Context, Result};
use bifrost_tests::Client;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;

/// What a customer's people see: their own.
pub async fn as_a_customer(world: &World) -> Result<()> {
    let organizations = world.platform.get("/api/organizations").await;
    let all = organizations["organizations"].as_array().context("a list")?;
    let contoso =
        all.iter().find(|one| one["name"] == CONTOSO).context("Contoso")?["id"].as_str().context("an id")?;
    let ada = world.platform.within(contoso).with_new_key("ada@contoso.example", "org_user").await;
    let found = |client: Client| async move {
        client.run("find_device", json!({ "name": "pc-" })).await["result"].take()
    };
    let names = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|one| one["name"].to_string()).collect()
    };
    assert_eq!(
        names(&found(ada).await),
        ["PC-201", "PC-202", "PC-203", "PC-204"].map(|name| format!("\"{name}\""))
    );
    assert_eq!(names(&found(world.platform.clone()).await).len(), 10, "the provider sees all, ten at most");
    let other = world.platform.organization("Unmapped").await;
    let eve = world.platform.within(&other).with_new_key("eve@unmapped.example", "org_user").await;
    let refused = eve.submit("find_device", json!({ "name": "pc-" })).await;
    let refused = eve.ended(&refused, PATIENCE).await;
    assert!(refused["error"].to_string().contains("Unmapped is not known at NinjaOne"), "{refused}");

    // Choices, one of which depends on the other.
    let choose = async |provider: &str, input: Value| -> Value {
        let path = format!("/api/data-providers/{provider}/invoke");
        world.platform.expect(200, Method::POST, &path, json!({ "input_data": input })).await["options"]
            .take()
    };
    let choices = choose("NinjaOne%20organizations", json!({ "contains": "cont" })).await;
    assert_eq!(choices, json!([{ "label": "Contoso GmbH", "value": "2" }]));
    assert_eq!(choose("NinjaOne%20devices", json!({})).await, json!([]));
    let devices = choose("NinjaOne%20devices", json!({ "organization_id": choices[0]["value"] })).await;
    assert_eq!(devices[0], json!({ "label": "PC-201", "value": "201" }));
    let customers = choose("Microsoft%20customers", json!({})).await;
    assert_eq!(customers[0]["value"], TENANT);
    let licenses = choose("Microsoft%20licenses", json!({ "tenant": customers[0]["value"] })).await;
    assert_eq!(licenses[1]["value"], "SPB");
    Ok(())
}

/// What a customer's own code does in its tenant, with a token and no secret of the provider's.
const OWN_TENANT: &str = r#"
from bifrost import integrations, workflow
from modules import microsoft_csp
from modules.api_errors import NotConfigured


@workflow
async def own_tenant(other: str) -> dict:
    async with microsoft_csp.Client.connect() as csp:
        data = await integrations.get("Microsoft CSP")
        skus = await csp.subscribed_skus(data.entity_id)
        try:
            await csp.subscribed_skus(other)
            refused = None
        except NotConfigured as error:
            refused = str(error)
    partner = await integrations.get("Microsoft CSP", oauth_scope=microsoft_csp.PARTNER_SCOPE)
    return {
        "entity": data.entity_id,
        "skus": sorted(sku["skuPartNumber"] for sku in skus),
        "refused": refused,
        "has_secret": data.oauth.client_secret is not None,
        "is_another": partner.oauth.access_token != data.oauth.access_token,
    }
"#;

/// The files of a customer's workspace: the modules that its code needs, and that.
fn own_workspace() -> Result<Vec<(String, String)>> {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/modules");
    let mut files = vec![
        ("own.py".to_owned(), OWN_TENANT.to_owned()),
        ("requirements.txt".to_owned(), "httpx==0.28.*\n".to_owned()),
    ];
    for name in ["api_errors.py", "microsoft_csp.py"] {
        files.push((format!("modules/{name}"), std::fs::read_to_string(modules.join(name))?));
    }
    for entry in std::fs::read_dir(modules.join("_rest"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "py") {
            let name = path.file_name().and_then(|name| name.to_str()).context("a name")?;
            files.push((format!("modules/_rest/{name}"), std::fs::read_to_string(&path)?));
        }
    }
    Ok(files)
}

/// A customer's own code has the platform's tokens for its own tenant, once the provider has shared them.
pub async fn own_tenant(world: &World) -> Result<()> {
    let organizations = world.platform.get("/api/organizations").await;
    let all = organizations["organizations"].as_array().context("a list")?;
    let contoso =
        all.iter().find(|one| one["name"] == CONTOSO).context("Contoso")?["id"].as_str().context("an id")?;
    let client = world.platform.within(contoso);
    let files = own_workspace()?;
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let deployed = client.deploy(&files).await;
    assert_eq!(deployed["errors"], json!([]), "{deployed}");
    world.seen("microsoft").await?;
    let input = json!({ "other": TENANT });
    let refused = client.submit("own_tenant", input.clone()).await;
    let refused = client.ended(&refused, PATIENCE).await;
    assert_eq!(refused["error_type"], "NotConfigured", "it is not shared: {refused}");

    let share = format!("/api/integrations/Microsoft%20CSP/shares/{contoso}");
    world.platform.expect(204, Method::PUT, &share, Value::Null).await;
    let mut tenant = String::new();
    for _ in 0..2 {
        let found = client.run("own_tenant", input.clone()).await["result"].take();
        assert_eq!(found["skus"], json!(["O365_BUSINESS_PREMIUM", "SPB"]), "{found}");
        assert_eq!((&found["has_secret"], &found["is_another"]), (&json!(false), &json!(true)));
        assert!(found["refused"].as_str().is_some_and(|said| said.contains("only")), "{found}");
        tenant = found["entity"].as_str().context("a tenant")?.to_owned();
    }
    assert_ne!(tenant, TENANT, "that is another customer's");
    let seen = world.seen("microsoft").await?;
    let path = format!("/{tenant}/oauth2/v2.0/token");
    assert_eq!(seen.statuses("POST", &path), [200, 200], "a token for each scope, for both runs");
    assert_eq!(seen.sign_ins(), 2, "and for no other tenant");
    Ok(())
}
