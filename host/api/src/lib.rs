//! The REST API and the live channel.
//!
//! [`router`] serves it, [`openapi`] describes it; both come from one list of routes,
//! so neither can name what the other lacks.

pub mod auth;
mod cookies;
mod credential;
mod events;
pub mod extract;
pub mod health;
mod inside;
mod layers;
mod me;
pub mod metrics;
pub mod origin;
pub mod problem;
mod rates;
mod responses;
mod routes;
mod service;
mod state;
mod views;
mod ws;

pub use inside::Inside;
pub use rates::Rates;
pub use state::{ApiState, Operations};

/// The whole API and the web UI under their layers.
pub fn router(state: ApiState) -> axum::Router {
    let (router, _) = routes::all().split_for_parts();
    let watch = axum::middleware::from_fn_with_state(state.clone(), origin::watch);
    let api = router.with_state(state).layer(watch);
    let ui = axum::middleware::from_fn_with_state(layers::inside(api.clone()), bifrost_ui::serve);
    layers::apply(api.layer(ui))
}

/// Finishes what a crash may have left: gives workspaces that import shared folders what is in
/// them now. For the start of a process.
pub async fn reconcile(state: &ApiState) {
    match service::shared::refresh(state, &state.db, None).await {
        Ok(done) if done.is_empty() => {}
        Ok(done) => tracing::info!(organizations = done.len(), "workspaces have the shared folders of now"),
        Err(error) => tracing::warn!("shared folders may be older in some workspaces: {error:#}"),
    }
}

/// The OpenAPI document of [`router`].
pub fn openapi() -> utoipa::openapi::OpenApi {
    responses::complete(routes::all().into_openapi())
}
