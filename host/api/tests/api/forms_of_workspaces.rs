//! Forms that are files: read at deploy, there with their version, gone with it.

use crate::common::{Platform, WORKFLOWS, files};
use http::Method;
use serde_json::{Value, json};

const ORDER: &str = "\
name: Order
workflow: flows.py::hello
access: granted
fields:
  - name: name
    label: Name
    type: text
    required: true
    visibility_expression: >-
      fields.count > 1
  - {name: count, label: Count, type: number}
";

async fn deploy(platform: &Platform, all: &[(&str, &str)], force: bool) -> crate::common::Answer {
    let body = json!({ "files": files(all), "force": force });
    platform.post("/api/workspace/deploy").key(&platform.own.admin).json(body).send().await
}

async fn forms(platform: &Platform) -> Vec<Value> {
    let all = platform.get("/api/forms").key(&platform.own.admin).send().await.expect(200);
    all["forms"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_file_is_a_form_while_its_version_is_active() {
    let platform = Platform::deployed().await;
    let done =
        deploy(&platform, &[("flows.py", WORKFLOWS), ("forms/order.yaml", ORDER)], false).await.expect(200);
    assert_eq!((&done["errors"], &done["number"]), (&json!([]), &json!(2)));
    let form = forms(&platform).await.remove(0);
    assert_eq!(
        (&form["source"], &form["access"], &form["may_edit"]),
        (&json!("workspace"), &json!("granted"), &json!(false))
    );
    let path = format!("/api/forms/{}", form["id"].as_str().expect("an id"));
    let view = platform.get(&path).key(&platform.own.admin).send().await.expect(200);
    assert_eq!(
        (&view["path"], &view["fields"][0]["visibility_expression"]),
        (&json!("forms/order.yaml"), &json!("fields.count > 1"))
    );
    let change = json!({ "revision": 1, "name": "Order", "workflow": "hello", "fields": [{ "name": "name", "label": "N", "type": "text" }] });
    for (method, body) in [(Method::PUT, change), (Method::DELETE, Value::Null)] {
        let refused =
            platform.call(method, &path).key(&platform.own.admin).json(body).send().await.expect(409);
        assert_eq!(refused["code"], "form_of_workspace");
    }
    let grant = json!({ "user_id": platform.own.user.user, "form_id": form["id"] });
    platform.post("/api/grants").key(&platform.own.admin).json(grant).send().await.expect(201);

    let back = async |number: u32| {
        let path = format!("/api/workspace/versions/{number}/activate");
        platform.post(path).key(&platform.own.admin).json(json!({})).send().await.expect(200)
    };
    back(1).await;
    assert!(forms(&platform).await.is_empty());
    platform.get(&path).key(&platform.own.user).send().await.expect(404);
    back(2).await;
    // It is the same form, with what was granted of it.
    platform.get(&path).key(&platform.own.user).send().await.expect(200);
    let other = ORDER.replace("label: Name", "label: Your name");
    deploy(&platform, &[("flows.py", WORKFLOWS), ("forms/order.yaml", &other)], false).await.expect(200);
    let view = platform.get(&path).key(&platform.own.user).send().await.expect(200);
    assert_eq!((&view["revision"], &view["fields"][0]["label"]), (&json!(2), &json!("Your name")));
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_told_with_its_line() {
    let platform = Platform::deployed().await;
    let expression = ORDER.replace("fields.count > 1", "fields.size > 1");
    let nowhere = ORDER.replace("flows.py::hello", "flows.py::nowhere");
    let taken = json!({ "name": "Taken", "workflow": "nightly" });
    platform.post("/api/forms").key(&platform.own.admin).json(taken).send().await.expect(201);
    let all = [
        ("flows.py", WORKFLOWS),
        ("forms/a.yaml", ORDER),
        ("forms/b.yml", ORDER),
        ("forms/expression.yaml", &expression),
        ("forms/nowhere.yaml", &nowhere),
        ("forms/taken.yaml", "name: Taken\nworkflow: nightly\n"),
        ("forms/references.yaml", "name: &n T\nworkflow: *n\n"),
        ("forms/readme.md", "no form"),
        ("forms/nested/form.yaml", "no form"),
    ];
    let done = deploy(&platform, &all, false).await.expect(200);
    let errors = done["errors"].as_array().expect("a list");
    for (path, line, part) in [
        ("forms/b.yml", json!(null), "`Order` is the name of `forms/a.yaml`"),
        ("forms/expression.yaml", json!(10), "fields[0].visibility_expression: `fields.size`"),
        ("forms/nowhere.yaml", json!(2), "there is no workflow `flows.py::nowhere`"),
        ("forms/taken.yaml", json!(null), "a form that was not deployed"),
        ("forms/references.yaml", json!(2), "references"),
    ] {
        let found =
            errors.iter().find(|error| error["path"] == path).unwrap_or_else(|| panic!("{path}: {errors:?}"));
        assert!(found["message"].as_str().expect("text").contains(part), "{found}");
        assert_eq!(found["line"], line, "{found}");
    }
    assert_eq!(errors.len(), 5, "{errors:?}");
    let names: Vec<_> = forms(&platform).await.iter().map(|form| form["name"].clone()).collect();
    assert_eq!(names, [json!("Order"), json!("Taken")]);
}

#[tokio::test]
async fn a_workflow_that_a_form_needs_is_kept() {
    let platform = Platform::deployed().await;
    let form = json!({ "name": "Sites", "workflow": "nightly", "fields": [
        { "name": "site", "label": "Site", "type": "select", "data_provider": "choices_of_site" },
    ] });
    platform.post("/api/forms").key(&platform.own.admin).json(form).send().await.expect(201);
    for gone in ["async def nightly():\n", "async def choices_of_site():\n"] {
        let rest = WORKFLOWS.replace(gone, "");
        let refused = deploy(&platform, &[("flows.py", &rest)], false).await.expect(409);
        assert_eq!(refused["code"], "workflow_in_use");
        assert!(refused["detail"].as_str().expect("text").contains("form Sites"), "{refused}");
    }
    // A form that goes with its workflow keeps nothing.
    let order = "name: Order\nworkflow: hello\nfields: [{name: name, label: Name, type: text}]\n";
    deploy(&platform, &[("flows.py", WORKFLOWS), ("forms/order.yaml", order)], false).await.expect(200);
    let rest = WORKFLOWS.replace("async def hello(name, count: int?, tags: list?):\n", "");
    deploy(&platform, &[("flows.py", &rest)], false).await.expect(200);
    assert_eq!(forms(&platform).await.len(), 1);
}
