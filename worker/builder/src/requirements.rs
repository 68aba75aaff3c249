//! From the files of a workspace to its packages.

use anyhow::Result;
use bifrost_core::ports::Installed;
use bifrost_core::{FileError, Source};
use bifrost_packages::{
    Answer, PYPROJECT, REQUIREMENTS, Refusal, Request, Requirements, Store, resolve_apart,
};
use std::path::Path;
use std::time::Duration;

/// How long choosing versions may take; fetching what was chosen comes after it.
const PATIENCE: Duration = Duration::from_secs(90);
/// What a requirement that cannot be met is called among the errors of files.
const KIND: &str = "RequirementError";

/// What a workspace asks for.
///
/// # Errors
/// The file that is not text.
pub fn requirements(source: &Source) -> Result<Requirements, FileError> {
    let read = |path: &str| match source.files().get(path) {
        None => Ok(None),
        Some(content) => match std::str::from_utf8(content) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(error(Refusal {
                file: path.to_owned(),
                line: None,
                message: "this is not UTF-8 text; save it as such".to_owned(),
            })),
        },
    };
    Ok(Requirements { requirements: read(REQUIREMENTS)?, pyproject: read(PYPROJECT)? })
}

/// Chooses packages in a process of its own, started from `program`; their wheels are in the
/// store afterwards.
///
/// # Errors
/// When there cannot be such a process, or it failed.
pub async fn install(program: &Path, source: &Source, index: &str, store: &Store) -> Result<Installed> {
    let requirements = match requirements(source) {
        Ok(requirements) if requirements.is_empty() => return Ok(Installed::Packages(vec![])),
        Ok(requirements) => requirements,
        Err(error) => return Ok(Installed::Refused(vec![error])),
    };
    let request = Request {
        requirements,
        index: index.to_owned(),
        provided: bifrost_sandbox::provided(),
        folder: std::path::absolute(store.folder())?,
        patience: PATIENCE,
    };
    Ok(match resolve_apart(program, &request).await? {
        Answer::Locked(packages) => Installed::Packages(packages),
        Answer::Refused(refused) => Installed::Refused(refused.into_iter().map(error).collect()),
        Answer::Unavailable(text) => Installed::Unavailable(text),
    })
}

fn error(refusal: Refusal) -> FileError {
    FileError {
        path: refusal.file,
        line: refusal.line,
        kind: KIND.to_owned(),
        message: refusal.message,
        traceback: None,
    }
}
