//! What a deployed workspace holds, as the guest's `load` reports it.

use crate::validation::Rules;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a decorated function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowKind {
    /// Runs on request, by schedule or by event.
    Workflow,
    /// A workflow that agents may call.
    Tool,
    /// Answers choices for a form field.
    DataProvider,
}

impl WorkflowKind {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workflow => "workflow",
            Self::Tool => "tool",
            Self::DataProvider => "data_provider",
        }
    }
}

/// One inferred or declared parameter of a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Parameter {
    /// The Python name.
    pub name: String,
    /// One of `string`, `int`, `float`, `bool`, `list`, `json`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub label: String,
    /// True when there is no default and the type is not optional.
    pub required: bool,
    /// The default, where it is a primitive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<Value>,
    /// Options and whatever else the decorator said.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A discovered workflow, tool or data provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WorkflowInfo {
    /// `path::function`; its identity within the workspace.
    pub id: String,
    /// File, relative to the workspace.
    pub path: String,
    /// Name of the function.
    pub function: String,
    /// Line of the definition.
    #[serde(default)]
    pub line: u32,
    /// Unique within the workspace.
    pub name: String,
    /// First line of the docstring, or as declared.
    #[serde(default)]
    pub description: String,
    /// What it is for.
    pub kind: WorkflowKind,
    /// For lists.
    #[serde(default)]
    pub category: String,
    /// For search.
    #[serde(default)]
    pub tags: Vec<String>,
    /// In the order of the signature.
    pub parameters: Vec<Parameter>,
    /// Registration defaults from the decorator, such as `timeout_seconds` or `schedule`.
    #[serde(default)]
    pub defaults: Map<String, Value>,
    /// True when the function takes `**kwargs`.
    #[serde(default)]
    pub accepts_kwargs: bool,
}

impl WorkflowInfo {
    /// Refuses parameters that cannot be right or break a rule; everything else is for the guest,
    /// which converts.
    ///
    /// # Errors
    /// `Invalid`, naming the parameter under `input_data`.
    pub fn check_input(&self, input: &Map<String, Value>) -> crate::Result<()> {
        for parameter in &self.parameters {
            let wrong = |message: String| {
                Err(crate::Error::invalid(format!("input_data.{}", parameter.name), message))
            };
            match input.get(&parameter.name) {
                None if parameter.required => return wrong("required parameter is missing".into()),
                Some(Value::Object(_) | Value::Array(_))
                    if matches!(parameter.kind.as_str(), "int" | "float" | "bool") =>
                {
                    return wrong(format!("expected {}", parameter.kind));
                }
                Some(Value::Object(_) | Value::Bool(_) | Value::Number(_)) if parameter.kind == "list" => {
                    return wrong("expected list".into());
                }
                _ => {}
            }
            let given = input.get(&parameter.name);
            if let Some(problem) =
                given.and_then(|value| Rules::of(parameter).problem(&parameter.kind, value))
            {
                return wrong(problem);
            }
        }
        Ok(())
    }
}

/// Why a file is not part of a deployed version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FileError {
    /// File, relative to the workspace.
    pub path: String,
    /// Line in that file, where known.
    #[serde(default)]
    pub line: Option<u32>,
    /// The exception's class, or `limit_exceeded:<name>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For the author.
    pub message: String,
    /// As native Python prints it.
    #[serde(default)]
    pub traceback: Option<String>,
}

/// The whole answer of `load`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WorkspaceReport {
    /// What was found.
    pub workflows: Vec<WorkflowInfo>,
    /// Adapters that webhook sources can choose.
    #[serde(default)]
    pub adapters: Vec<crate::AdapterInfo>,
    /// Files that are left out, and why.
    #[serde(default)]
    pub errors: Vec<FileError>,
    /// What was accepted but looks wrong.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// The packages that it was built with.
    #[serde(default)]
    pub packages: Vec<crate::Package>,
    /// Forms among its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<FormFile>,
}

/// A form that is a file of the workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FormFile {
    /// File, relative to the workspace.
    pub path: String,
    /// One of a kind within the scope.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// True: only for whom it was granted to.
    #[serde(default)]
    pub is_granted: bool,
    /// How many fields it has.
    pub fields: usize,
    /// What it starts, as its author wrote it.
    pub workflow: String,
    /// What runs when it is opened.
    #[serde(default)]
    pub launch_workflow: Option<String>,
    /// Where its options come from.
    #[serde(default)]
    pub data_providers: Vec<String>,
    /// The whole definition.
    #[schema(value_type = Object)]
    pub definition: Value,
}

/// Something accepted that looks wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Warning {
    /// File, relative to the workspace.
    pub path: String,
    /// Line in that file, where known.
    #[serde(default)]
    pub line: Option<u32>,
    /// For the author.
    pub message: String,
}
