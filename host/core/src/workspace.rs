//! What a deployed workspace holds, as the guest's `load` reports it.

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
    /// Files that are left out, and why.
    #[serde(default)]
    pub errors: Vec<FileError>,
    /// What was accepted but looks wrong.
    #[serde(default)]
    pub warnings: Vec<Warning>,
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

/// The files of a workspace: what a version is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Path relative to the workspace, `/` between parts, to content.
    files: std::collections::BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

impl Source {
    /// Largest number of files. A generated SDK has some thousand.
    pub const MAX_FILES: usize = 20_000;
    /// Largest size of all files together, in bytes.
    pub const MAX_BYTES: usize = 64 << 20;
    /// Largest length of a path, in bytes.
    pub const MAX_PATH: usize = 512;

    /// Adds a file. The path must be relative and plain: no `..`, no empty part, no
    /// backslash, no control character.
    pub fn insert(&mut self, path: impl Into<String>, content: Vec<u8>) -> crate::Result<()> {
        let path = path.into();
        let plain = !path.is_empty()
            && path.len() <= Self::MAX_PATH
            && !path.contains('\\')
            && !path.chars().any(char::is_control)
            && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if !plain {
            return Err(crate::Error::invalid(
                "files",
                format!(
                    "`{}` is not a plain relative path of at most {} bytes",
                    path.escape_debug(),
                    Self::MAX_PATH
                ),
            ));
        }
        self.bytes += content.len();
        self.bytes -= self.files.insert(path, content).map_or(0, |old| old.len());
        if self.files.len() > Self::MAX_FILES {
            return Err(crate::Error::invalid("files", format!("more than {} files", Self::MAX_FILES)));
        }
        if self.bytes > Self::MAX_BYTES {
            return Err(crate::Error::invalid(
                "files",
                format!("more than {} bytes in all", Self::MAX_BYTES),
            ));
        }
        Ok(())
    }

    /// All files by path.
    pub fn files(&self) -> &std::collections::BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// Size of all files together, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a file out; true when it was there.
    pub fn remove(&mut self, path: &str) -> bool {
        let old = self.files.remove(path);
        self.bytes -= old.as_ref().map_or(0, Vec::len);
        old.is_some()
    }

    /// The content's identity: BLAKE3 over paths, lengths and bytes in path order, in hex.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (path, content) in &self.files {
            hasher.update(&(path.len() as u64).to_le_bytes());
            hasher.update(path.as_bytes());
            hasher.update(&(content.len() as u64).to_le_bytes());
            hasher.update(content);
        }
        hasher.finalize().to_hex().to_string()
    }
}
