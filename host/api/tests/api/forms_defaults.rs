//! Defaults that data providers say: asked with what is filled in, by the server once more, and never
//! what a browser tells of them.

use crate::common::{Answer, Platform, failure, files, success};
use bifrost_core::ExecutionId;
use bifrost_store::executions;
use serde_json::{Value, json};

const FLOWS: &str = "async def order(site: string?, seats: int?, plan: string?):\n\
     async def choices_of_seats(site):\nasync def choices_of_plan(seats: int):\n\
     async def choices_of_site():\nasync def choices_of_street(town):\n";

fn order() -> Value {
    json!({ "name": "Order", "workflow": "order", "fields": [
        { "name": "site", "label": "Site", "type": "text" },
        { "name": "seats", "label": "Seats", "type": "number", "default_value": 1,
            "default_data_provider": "choices_of_seats",
            "default_data_provider_inputs": { "site": { "mode": "fieldRef", "field_name": "site" } } },
        { "name": "plan", "label": "Plan", "type": "text", "enabled_expression": "false",
            "default_data_provider": "choices_of_plan",
            "default_data_provider_inputs": { "seats": { "mode": "fieldRef", "field_name": "seats" } } },
    ] })
}

async fn deploy(platform: &Platform, source: &str) -> Answer {
    let body = json!({ "files": files(&[("flows.py", source)]), "message": "a version" });
    platform.post("/api/workspace/deploy").key(&platform.own.admin).json(body).send().await
}

/// Ends every run at once.
async fn run_everything(platform: &Platform) {
    loop {
        let run = platform.claim().await;
        let given = &run.execution.parameters;
        let plan = if given["seats"].as_f64() > Some(5.0) { "full" } else { "basic" };
        let outcome = match run.execution.workflow_name.as_str() {
            "choices_of_seats" if given["site"] == "down" => failure(),
            "choices_of_seats" => success(json!(["7", { "label": "Eight", "value": 8 }])),
            "choices_of_plan" => success(json!([plan])),
            "choices_of_site" => success(json!([{ "value": "s1", "metadata": { "town": "Ulm" } }])),
            "choices_of_street" => success(json!([format!("{} 1", given["town"].as_str().expect("a town"))])),
            _ => success(Value::Null),
        };
        platform.finish(&run, outcome, true).await;
    }
}

async fn fill_in(platform: &Platform) {
    let user = &platform.own.user;
    let made = platform.post("/api/forms").key(&platform.own.admin).json(order()).send().await.expect(201);
    let form = format!("/api/forms/{}", made["id"].as_str().expect("an id"));
    let session = platform.post(format!("{form}/open")).key(user).json(json!({})).send().await.expect(200);
    let session = &session["session_id"];

    let ask = async |field: &str, for_default: bool, values: Value| {
        let body =
            json!({ "session_id": session, "field": field, "for_default": for_default, "values": values });
        platform.post(format!("{form}/options")).key(user).json(body).send().await
    };
    let seven = json!({ "options": [{ "label": "7", "value": "7" }], "missing": [] });
    assert_eq!(ask("seats", true, json!({ "site": "ulm" })).await.expect(200), seven);
    let missing = json!({ "options": [], "missing": ["site"] });
    assert_eq!(ask("seats", true, json!({})).await.expect(200), missing);
    for (values, plan) in [
        (json!({}), "basic"),
        // What another default comes to counts, though nobody sends it.
        (json!({ "site": "ulm" }), "full"),
        (json!({ "site": "ulm", "seats": 2 }), "basic"),
    ] {
        let answer = ask("plan", true, values.clone()).await.expect(200);
        assert_eq!(answer["options"], json!([{ "label": plan, "value": plan }]), "{values}");
    }
    for (field, for_default) in [("site", true), ("seats", false)] {
        assert_eq!(ask(field, for_default, json!({})).await.expect(422)["field"], "field");
    }

    let submit = async |values: Value| {
        let body = json!({ "session_id": session, "values": values });
        platform.post(format!("{form}/execute")).key(user).json(body).send().await
    };
    for (values, expected) in [
        (json!({ "site": "ulm" }), json!({ "site": "ulm", "seats": 7, "plan": "full" })),
        // What cannot be changed is what the data provider says.
        (json!({ "site": "ulm", "plan": "gold" }), json!({ "site": "ulm", "seats": 7, "plan": "full" })),
        (json!({ "site": "ulm", "seats": 2 }), json!({ "site": "ulm", "seats": 2, "plan": "basic" })),
        (json!({ "site": "down", "seats": 3 }), json!({ "site": "down", "seats": 3, "plan": "basic" })),
        (json!({}), json!({ "seats": 1, "plan": "basic" })),
        // What was emptied has no default.
        (json!({ "site": "ulm", "seats": null }), json!({ "site": "ulm" })),
    ] {
        let done = submit(values.clone()).await.expect(202);
        let id: ExecutionId = done["execution_id"].as_str().expect("an id").parse().expect("an id");
        let run = executions::get(&platform.state.db.org(platform.own.id), id).await.expect("a run");
        assert_eq!(run.parameters, expected, "{values}");
    }
    assert_eq!(submit(json!({ "site": "down" })).await.expect(502)["code"], "data_provider_failed");
}

#[tokio::test]
async fn what_a_data_provider_says_is_there_at_first() {
    let platform = Platform::new().await;
    deploy(&platform, FLOWS).await.expect(200);
    tokio::select! {
        () = fill_in(&platform) => {}
        () = run_everything(&platform) => unreachable!("it runs for ever"),
    }
}

#[tokio::test]
async fn the_data_provider_of_a_default_is_one_and_is_kept() {
    let platform = Platform::new().await;
    deploy(&platform, FLOWS).await.expect(200);
    let admin = &platform.own.admin;
    let mut wrong = order();
    wrong["fields"][0]["default_data_provider"] = json!("order");
    wrong["fields"][1]["default_data_provider_inputs"]["sight"] = json!({ "mode": "static", "value": 1 });
    wrong["fields"][2]["default_data_provider_inputs"] = json!({});
    let checked = platform.post("/api/forms/check").key(admin).json(wrong).send().await.expect(200);
    let paths: Vec<_> = checked["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|problem| problem["path"].as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "fields[0].default_data_provider",
            "fields[1].default_data_provider_inputs.sight",
            "fields[2].default_data_provider"
        ]
    );
    platform.post("/api/forms").key(admin).json(order()).send().await.expect(201);
    let rest = FLOWS.replace("async def choices_of_plan(seats: int):\n", "");
    assert_eq!(deploy(&platform, &rest).await.expect(409)["code"], "workflow_in_use");
}

/// A browser sends what was entered, not what came of it.
async fn choose(platform: &Platform) {
    let (user, admin) = (&platform.own.user, &platform.own.admin);
    let definition = json!({ "name": "Streets", "workflow": "order", "fields": [
        { "name": "site", "label": "Site", "type": "select", "data_provider": "choices_of_site",
            "auto_fill": { "town": "town" } },
        { "name": "town", "label": "Town", "type": "text", "enabled_expression": "empty(fields.site)" },
        { "name": "plan", "label": "Street", "type": "select", "data_provider": "choices_of_street",
            "data_provider_inputs": { "town": { "mode": "fieldRef", "field_name": "town" } } },
    ] });
    let made = platform.post("/api/forms").key(admin).json(definition).send().await.expect(201);
    let form = format!("/api/forms/{}", made["id"].as_str().expect("an id"));
    let session = platform.post(format!("{form}/open")).key(user).json(json!({})).send().await.expect(200);
    let ask = async |values: Value| {
        let body = json!({ "session_id": session["session_id"], "field": "plan", "values": values });
        platform.post(format!("{form}/options")).key(user).json(body).send().await.expect(200)
    };
    let street = |town: &str| json!([{ "label": format!("{town} 1"), "value": format!("{town} 1") }]);
    assert_eq!(ask(json!({})).await["missing"], json!(["town"]));
    assert_eq!(ask(json!({ "town": "Rome" })).await["options"], street("Rome"));
    assert_eq!(ask(json!({ "site": "s1", "town": "Rome" })).await["options"], street("Ulm"));
}

#[tokio::test]
async fn options_follow_what_another_choice_fills_in() {
    let platform = Platform::new().await;
    deploy(&platform, FLOWS).await.expect(200);
    tokio::select! {
        () = choose(&platform) => {}
        () = run_everything(&platform) => unreachable!("it runs for ever"),
    }
}
