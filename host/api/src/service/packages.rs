//! The packages of a workspace: chosen when its requirements change, kept until then.

use super::source;
use crate::auth::Auth;
use crate::problem::{ApiError, ApiResult};
use crate::state::ApiState;
use bifrost_core::ports::Installed;
use bifrost_core::{FileError, Source};
use bifrost_store::workspaces;
use http::StatusCode;
use std::sync::Arc;

/// Files of a workspace that say which packages it needs.
const FILES: [&str; 2] = ["requirements.txt", "pyproject.toml"];

fn asks_as(one: &Source, other: &Source) -> bool {
    FILES.iter().all(|path| one.files().get(*path) == other.files().get(*path))
}

/// Locks the caller's own source to its packages. Those of the active version stay when it asks
/// for the same, unless newer ones are wished for (`upgrade`).
///
/// # Errors
/// `requirements_refused` with the lines at fault; `package_index_unavailable`.
pub async fn settle(state: &ApiState, auth: &Auth, own: &mut Source, upgrade: bool) -> ApiResult<()> {
    if FILES.iter().all(|path| !own.files().contains_key(*path)) {
        own.lock(vec![]);
        return Ok(());
    }
    if !upgrade && let Some(version) = workspaces::active_version(&auth.scoped(state)).await? {
        let active = source::load(state, &version.own_key).await?;
        if asks_as(own, &active) {
            own.lock(active.packages().to_vec());
            return Ok(());
        }
    }
    match state.worker.install(Arc::new(own.clone())).await? {
        Installed::Packages(packages) => own.lock(packages),
        Installed::Refused(errors) => {
            let detail = format!("packages cannot be installed: {}", sentences(&errors));
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "requirements_refused", detail)
                .with_field("files")
                .with_errors(errors));
        }
        Installed::Unavailable(text) => {
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "package_index_unavailable", text));
        }
    }
    Ok(())
}

/// Most errors that the text for people names.
const NAMED: usize = 5;

fn sentences(errors: &[FileError]) -> String {
    let mut said: Vec<_> = errors
        .iter()
        .take(NAMED)
        .map(|error| match error.line {
            Some(line) => format!("{} line {line}: {}", error.path, error.message),
            None => format!("{}: {}", error.path, error.message),
        })
        .collect();
    if errors.len() > NAMED {
        said.push(format!("and {} more", errors.len() - NAMED));
    }
    said.join("; ")
}
