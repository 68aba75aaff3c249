//! Forms and inputs by chance over HTTP: what is accepted breaks no rule, by what the run got; the
//! rest is refused with the fields at fault.

use crate::common::{Platform, files, success};
use bifrost_core::ExecutionId;
use bifrost_store::executions;
use serde_json::{Value, json};

#[path = "../../../forms/tests/random/mod.rs"]
mod random;
#[path = "../../../forms/tests/rules/mod.rs"]
mod rules;

use random::Random;

const SEED: u64 = 20_261_127;
/// Forms, and inputs of each.
const FORMS: (usize, usize) = (60, 5);
/// So many are to be accepted; more forms are made where they are not, at most [`MOST_FORMS`].
const ACCEPTED: usize = 40;
const MOST_FORMS: usize = 200;
/// What the options of the data providers bring along for another field.
const KEYS: [&str; 4] = ["", "abc", "7", "2026-11-26"];

/// Ends every run at once: those of data providers with options, as [`rules::broken`] knows them.
async fn answer_everything(platform: &Platform) {
    loop {
        let run = platform.claim().await;
        let key =
            run.execution.workflow_name.strip_prefix("choices_").and_then(|at| at.parse::<usize>().ok());
        let result = key.map_or(
            Value::Null,
            |at| json!(["b", 3, { "label": "A", "value": "a", "metadata": { "key": KEYS[at] } }]),
        );
        platform.finish(&run, success(result), true).await;
    }
}

/// A definition for what is deployed.
fn definition(random: &mut Random, number: usize) -> Value {
    let mut form = random.form();
    form["name"] = json!(format!("By chance {number}"));
    form["workflow"] = json!("anything");
    for field in form["fields"].as_array_mut().expect("fields") {
        for key in ["data_provider", "default_data_provider"] {
            if field.get(key).is_some() {
                field[key] = json!(format!("choices_{}", random.below(KEYS.len())));
            }
        }
    }
    form
}

/// Opens a form and submits an input; true where it was accepted.
async fn fill_in(platform: &Platform, path: &str, form: &Value, mut input: Value) -> bool {
    let user = &platform.own.user;
    let open = json!({ "query": input["context"]["query"] });
    let session = platform.post(format!("{path}/open")).key(user).json(open).send().await.expect(200);
    input["context"] = session["context"].clone();
    input["now"] = session["now"].clone();
    let providers = form["fields"].as_array().expect("fields").iter();
    // The server asks itself.
    input["options"] = providers
        .filter(|field| field.get("data_provider").is_some())
        .map(|field| (field["name"].as_str().expect("a name").to_owned(), json!([])))
        .collect();
    let body = json!({ "session_id": session["session_id"], "values": input["values"] });
    let answer = platform.post(format!("{path}/execute")).key(user).json(body).send().await;
    if answer.status == 202 {
        let id: ExecutionId = answer.body["execution_id"].as_str().expect("an id").parse().expect("an id");
        let run = executions::get(&platform.state.db.org(platform.own.id), id).await.expect("a run");
        let got = run.parameters.as_object().expect("an object");
        assert_eq!(rules::broken(form, &input, got), None, "{form}\n{input}\n{}", run.parameters);
        return true;
    }
    let refused = answer.expect(422);
    assert_eq!(refused["code"], "invalid_form", "{form}\n{input}\n{refused}");
    assert!(refused["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{refused}");
    false
}

async fn many(platform: &Platform) {
    let mut random = Random(SEED);
    let (mut accepted, mut refused) = (0, 0);
    for number in 0..MOST_FORMS {
        if number >= FORMS.0 && accepted >= ACCEPTED {
            break;
        }
        let form = definition(&mut random, number);
        let made = platform.post("/api/forms").key(&platform.own.admin).json(form.clone()).send().await;
        let path = format!("/api/forms/{}", made.expect(201)["id"].as_str().expect("an id"));
        for _ in 0..FORMS.1 {
            let input = random.input(&form);
            if fill_in(platform, &path, &form, input).await {
                accepted += 1;
            } else {
                refused += 1;
            }
        }
    }
    assert!(accepted >= ACCEPTED && refused >= ACCEPTED, "{accepted} accepted, {refused} refused");
}

#[tokio::test]
async fn no_submission_that_is_accepted_breaks_a_rule() {
    let platform = Platform::new().await;
    let providers = (0..KEYS.len()).map(|at| format!("async def choices_{at}():\n")).collect::<String>();
    let source = format!("async def anything():\n{providers}");
    let body = json!({ "files": files(&[("flows.py", &source)]), "message": "first" });
    platform.post("/api/workspace/deploy").key(&platform.own.admin).json(body).send().await.expect(200);
    tokio::select! {
        () = many(&platform) => {}
        () = answer_everything(&platform) => unreachable!("it runs for ever"),
    }
}
