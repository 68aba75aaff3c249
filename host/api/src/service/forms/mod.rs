//! Forms: who may use them, whether a definition fits the workflows that it names, and what
//! somebody who fills one in is told and held to.

pub mod files;
pub mod opened;
pub mod submission;
pub mod uploads;
mod yaml;

use crate::auth::Auth;
use crate::state::ApiState;
use bifrost_core::{Error, FormId, Result, WorkflowInfo, WorkflowKind};
use bifrost_forms::{Access, Asked, Definition, Problem};
use bifrost_store::forms::{self, Form, NewForm, Reach};
use bifrost_store::{Scoped, workflows};
use serde_json::Value;
use std::collections::BTreeSet;

/// A form that the caller may use; others are not even there.
pub async fn usable(state: &ApiState, auth: &Auth, id: FormId) -> Result<Form> {
    let form = forms::get(&auth.scoped(state), id).await?;
    if Reach::of(&auth.org(state), &auth.caller).await?.may_use(&form) {
        return Ok(form);
    }
    auth.origin.deny(format_args!("form {id}"));
    Err(Error::NotFound("form"))
}

/// A definition as it was saved.
pub fn saved(form: &Form) -> Result<bifrost_forms::Form> {
    bifrost_forms::Form::read_saved(&form.definition).map_err(|problems| {
        Error::Internal(anyhow::anyhow!("form {} cannot be read any more: {problems:?}", form.id))
    })
}

/// A definition for the handle's scope, or all that is wrong with it.
pub async fn read(scoped: &Scoped, json: &Value) -> Result<Result<NewForm, Vec<Problem>>> {
    let form = match bifrost_forms::Form::read(json) {
        Ok(form) => form,
        Err(problems) => return Ok(Err(problems)),
    };
    let definition = form.definition();
    let mut problems = Vec::new();
    let mut ids = Vec::new();
    for need in needs(definition) {
        match workflows::find(scoped, &need.reference).await {
            Ok(found) => {
                problems.extend(misfits(definition, &need, &found.info));
                ids.push((need.place, found.id));
            }
            Err(Error::NotFound(_)) => problems.push(unknown(&need)),
            Err(error) => return Err(error),
        }
    }
    let id = |place: Place| ids.iter().find(|(of, _)| *of == place).map(|(_, id)| *id);
    let Some(workflow_id) = id(Place::Workflow).filter(|_| problems.is_empty()) else {
        return Ok(Err(problems));
    };
    let providers = ids.iter().filter(|(place, _)| matches!(place, Place::Field(..)));
    Ok(Ok(NewForm {
        name: definition.name.clone(),
        description: definition.description.clone(),
        workflow_id,
        launch_workflow_id: id(Place::Launch),
        data_providers: providers.map(|(_, id)| *id).collect::<BTreeSet<_>>(),
        is_granted: definition.access == Access::Granted,
        fields: i64::try_from(definition.fields.len()).unwrap_or_default(),
        definition: serde_json::to_value(definition).map_err(|error| Error::Internal(error.into()))?,
    }))
}

/// A definition that can be saved in the handle's scope; `Invalid` with the place of what is wrong.
pub async fn settled(scoped: &Scoped, json: &Value) -> Result<NewForm> {
    let problems = match read(scoped, json).await? {
        Ok(form) => return Ok(form),
        Err(problems) => problems,
    };
    let first = problems.into_iter().next().unwrap_or_else(|| Problem::new("", "it cannot be saved"));
    let field = if first.path.is_empty() { "body".to_owned() } else { first.path };
    Err(Error::invalid(field, first.message))
}

/// Where a form names a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Workflow,
    Launch,
    /// A data provider of the field with this number.
    Field(usize, Asked),
}

/// A workflow that a form names.
struct Need {
    place: Place,
    reference: String,
}

impl Need {
    fn path(&self) -> String {
        match self.place {
            Place::Workflow => "workflow".into(),
            Place::Launch => "launch_workflow".into(),
            Place::Field(index, asked) => format!("fields[{index}].{}", asked.key()),
        }
    }
}

fn needs(form: &Definition) -> Vec<Need> {
    let mut all = vec![Need { place: Place::Workflow, reference: form.workflow.clone() }];
    let launch = form.launch_workflow.iter();
    all.extend(launch.map(|name| Need { place: Place::Launch, reference: name.clone() }));
    for (index, field) in form.fields.iter().enumerate() {
        all.extend(Asked::ALL.iter().filter_map(|asked| {
            let reference = field.provider(*asked)?.to_owned();
            Some(Need { place: Place::Field(index, *asked), reference })
        }));
    }
    all
}

fn unknown(need: &Need) -> Problem {
    let what = if matches!(need.place, Place::Field(..)) { "data provider" } else { "workflow" };
    Problem::new(need.path(), format!("there is no {what} `{}`; deploy it first", need.reference))
}

/// What keeps a workflow from being what a form takes it for.
fn misfits(form: &Definition, need: &Need, found: &WorkflowInfo) -> Vec<Problem> {
    let is_provider = found.kind == WorkflowKind::DataProvider;
    let is_wanted = matches!(need.place, Place::Field(..));
    if is_provider != is_wanted {
        let what = if is_provider { "is a data provider" } else { "is no data provider" };
        return vec![Problem::new(need.path(), format!("`{}` {what}", need.reference))];
    }
    let given: Vec<&str> = match need.place {
        Place::Workflow => form.fields.iter().map(|field| field.name.as_str()).collect(),
        Place::Launch => {
            form.launch_parameters.keys().chain(&form.query_parameters).map(String::as_str).collect()
        }
        Place::Field(index, asked) => {
            let field = form.fields.get(index);
            field.map_or(vec![], |field| field.provider_inputs(asked).keys().map(String::as_str).collect())
        }
    };
    let mut problems = Vec::new();
    for parameter in found.parameters.iter().filter(|parameter| parameter.required) {
        if !given.contains(&parameter.name.as_str()) {
            let message = match need.place {
                Place::Workflow => format!(
                    "`{}` needs the parameter `{}`, and no field is called so",
                    found.name, parameter.name
                ),
                _ => format!("`{}` needs the input `{}`", found.name, parameter.name),
            };
            problems.push(Problem::new(need.path(), message));
        }
    }
    if let Place::Field(index, asked) = need.place {
        let is_known = |name: &&str| found.parameters.iter().any(|parameter| parameter.name == **name);
        for name in given.into_iter().filter(|name| !found.accepts_kwargs && !is_known(name)) {
            let path = format!("fields[{index}].{}.{name}", asked.inputs_key());
            problems.push(Problem::new(path, format!("`{}` has no input `{name}`", found.name)));
        }
    }
    problems
}
