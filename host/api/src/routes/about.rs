//! What this platform is: its version, its licence, and what it stands on.

use crate::auth::Auth;
use crate::problem::ApiResult;
use crate::responses::{LICENSE, Reads};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::Permission;
use serde::Serialize;

/// The commit that the program was built from, where the build has said it.
const COMMIT: Option<&str> = option_env!("BIFROST_COMMIT");

/// The program that answers.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct About {
    version: &'static str,
    /// `null` where the build has not said it.
    commit: Option<&'static str>,
    /// By its SPDX identifier.
    license: &'static str,
    /// For whoever has `platform.operate`.
    engines: Option<Engines>,
}

/// What does the work, by name; `embedded` is a part of the program.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Engines {
    /// `SQLite` or `PostgreSQL`.
    database: &'static str,
    /// `embedded` or `RabbitMQ`; `null` where this process has none.
    queue: Option<&'static str>,
    /// `embedded` or `Redis`.
    bus: &'static str,
    /// `embedded` or `S3`.
    objects: &'static str,
}

/// Version, licence and engines.
#[utoipa::path(get, path = "/api/about", operation_id = "about", tag = "settings",
    responses((status = 200, body = About), Reads))]
pub(crate) async fn about(State(state): State<ApiState>, auth: Auth) -> ApiResult<Json<About>> {
    let engines = auth.may(Permission::OperatePlatform).then(|| Engines {
        database: state.db.engine().as_str(),
        queue: state.operations.queue.as_ref().map(|queue| queue.engine()),
        bus: state.bus.engine(),
        objects: state.objects.engine(),
    });
    Ok(Json(About { version: env!("CARGO_PKG_VERSION"), commit: COMMIT, license: LICENSE, engines }))
}
