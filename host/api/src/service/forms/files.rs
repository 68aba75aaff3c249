//! Forms that are files of a workspace: `forms/*.yaml`.

use super::{Need, misfits, needs, unknown, yaml};
use crate::state::ApiState;
use bifrost_core::{Error, FileError, FormFile, Result, Scope, Source, WorkflowInfo, WorkspaceReport};
use bifrost_forms::{Access, Problem};
use bifrost_store::forms::{self, MAX_FORMS};
use bifrost_store::workflows;
use serde_json::Value;
use std::collections::HashMap;

/// Their folder.
const FOLDER: &str = "forms/";

fn is_form(path: &str) -> bool {
    path.strip_prefix(FOLDER).is_some_and(|name| {
        !name.contains('/') && (name.ends_with(".yaml") || name.ends_with(".yml")) && !name.starts_with('.')
    })
}

/// Finds the forms of a workspace among its own files. One that is wrong is left out, as files that
/// do not load are, and told with its line.
pub async fn find(state: &ApiState, scope: Scope, own: &Source, report: &mut WorkspaceReport) -> Result<()> {
    let mut names: HashMap<String, String> = HashMap::new();
    let files: Vec<_> = own.files().iter().filter(|(path, _)| is_form(path)).collect();
    if files.is_empty() {
        return Ok(());
    }
    for form in forms::list(&state.db.scope(scope)).await? {
        if form.scope == scope && form.source == forms::Source::Api {
            names.insert(form.name, "a form that was not deployed".to_owned());
        }
    }
    for (path, content) in files {
        let most = usize::try_from(MAX_FORMS).unwrap_or(usize::MAX);
        let read = if report.forms.len() < most {
            read(state, scope, content, report).await?
        } else {
            Err(vec![error(path, None, format!("there are more than {MAX_FORMS} forms"))])
        };
        match read {
            Ok(form) => match names.get(&form.name) {
                Some(other) => {
                    let message = format!("name: `{}` is the name of {other} as well", form.name);
                    report.errors.push(error(path, None, message));
                }
                None => {
                    names.insert(form.name.clone(), format!("`{path}`"));
                    report.forms.push(FormFile { path: path.clone(), ..form });
                }
            },
            Err(errors) => {
                report.errors.extend(errors.into_iter().map(|one| FileError { path: path.clone(), ..one }));
            }
        }
    }
    Ok(())
}

fn error(path: &str, line: Option<u32>, message: String) -> FileError {
    FileError { path: path.to_owned(), line, kind: "FormError".into(), message, traceback: None }
}

async fn read(
    state: &ApiState,
    scope: Scope,
    content: &[u8],
    report: &WorkspaceReport,
) -> Result<Result<FormFile, Vec<FileError>>> {
    let document = match yaml::read(content) {
        Ok(document) => document,
        Err(fault) => return Ok(Err(vec![error("", fault.line, fault.message)])),
    };
    let told = |problems: Vec<Problem>| -> Vec<FileError> {
        let one = |problem: Problem| {
            let line = line(&document.lines, &problem.path);
            let separator = if problem.path.is_empty() { "" } else { ": " };
            error("", line, format!("{}{separator}{}", problem.path, problem.message))
        };
        problems.into_iter().map(one).collect()
    };
    let form = match bifrost_forms::Form::read(&document.value) {
        Ok(form) => form,
        Err(problems) => return Ok(Err(told(problems))),
    };
    let definition = form.definition();
    let mut problems = Vec::new();
    let mut data_providers = Vec::new();
    for need in needs(definition) {
        match workflow(state, scope, report, &need).await? {
            Some(found) => problems.extend(misfits(definition, &need, &found)),
            None => problems.push(unknown(&need)),
        }
        if matches!(need.place, super::Place::Field(..)) {
            data_providers.push(need.reference);
        }
    }
    if !problems.is_empty() {
        return Ok(Err(told(problems)));
    }
    Ok(Ok(FormFile {
        path: String::new(),
        name: definition.name.clone(),
        description: definition.description.clone(),
        is_granted: definition.access == Access::Granted,
        fields: definition.fields.len(),
        workflow: definition.workflow.clone(),
        launch_workflow: definition.launch_workflow.clone(),
        data_providers,
        definition: serde_json::to_value(definition).map_err(|error| Error::Internal(error.into()))?,
    }))
}

/// The line of a part, or of the nearest part around it that has one.
fn line(lines: &HashMap<String, u32>, path: &str) -> Option<u32> {
    let mut path = path;
    loop {
        if let Some(line) = lines.get(path) {
            return Some(*line);
        }
        path = path.get(..path.rfind(['.', '['])?)?;
    }
}

/// A workflow as the version will have it: one of the workspace, else a global one.
async fn workflow(
    state: &ApiState,
    scope: Scope,
    report: &WorkspaceReport,
    need: &Need,
) -> Result<Option<WorkflowInfo>> {
    let is_meant = |info: &&WorkflowInfo| info.id == need.reference || info.name == need.reference;
    if let Some(info) = report.workflows.iter().find(is_meant) {
        return Ok(Some(info.clone()));
    }
    let scoped = state.db.scope(scope);
    match workflows::find(&scoped, &need.reference).await {
        // Its own ones were looked through, but for those that are known by their id.
        Ok(found) if found.organization_id == scope.organization() => {
            Ok(report.workflows.iter().find(|info| info.id == found.info.id).cloned())
        }
        Ok(found) => Ok(Some(found.info)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The JSON Schema of a form, for editors: of the API's document, with its parts within it.
pub fn schema() -> Value {
    use utoipa::{PartialSchema, ToSchema};
    let mut parts = vec![("FormDefinition".into(), bifrost_forms::Definition::schema())];
    bifrost_forms::Definition::schemas(&mut parts);
    let text = serde_json::to_string(&parts.into_iter().collect::<HashMap<String, _>>()).unwrap_or_default();
    let definitions: Value =
        serde_json::from_str(&text.replace("#/components/schemas/", "#/$defs/")).unwrap_or_default();
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A form of a workspace: forms/*.yaml",
        "$ref": "#/$defs/FormDefinition",
        "$defs": definitions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_guide_is_one() {
        let guide = include_str!("../../../../../docs/guide/forms.md");
        let text =
            guide.split("```yaml\n").nth(1).and_then(|text| text.split("```").next()).expect("an example");
        let document = yaml::read(text.as_bytes()).expect("YAML");
        assert_eq!(bifrost_forms::check(&document.value), []);
        assert!(document.lines.len() > 60);
    }

    #[test]
    fn a_problem_has_the_line_of_what_is_around_it() {
        let lines = HashMap::from([("fields".to_owned(), 3), ("fields[1].name".to_owned(), 7)]);
        for (path, expected) in [
            ("fields[1].name", Some(7)),
            ("fields[1].label", Some(3)),
            ("fields[0]", Some(3)),
            ("name", None),
        ] {
            assert_eq!(line(&lines, path), expected, "{path}");
        }
        for (path, expected) in [
            ("forms/a.yaml", true),
            ("forms/a.yml", true),
            ("forms/b/a.yaml", false),
            ("a.yaml", false),
            ("forms/.yaml", false),
        ] {
            assert_eq!(is_form(path), expected, "{path}");
        }
    }
}
