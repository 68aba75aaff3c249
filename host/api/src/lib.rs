//! The REST API and the live channel.
//!
//! [`router`] serves it, [`openapi`] describes it; both come from one list of routes,
//! so neither can name what the other lacks.

pub mod auth;
mod events;
pub mod extract;
pub mod health;
mod layers;
pub mod metrics;
pub mod origin;
pub mod problem;
mod responses;
mod routes;
mod service;
mod state;
mod views;
mod ws;

pub use state::{ApiState, Operations};

/// The whole API under its layers.
pub fn router(state: ApiState) -> axum::Router {
    let (router, _) = routes::all().split_for_parts();
    let watch = axum::middleware::from_fn_with_state(state.clone(), origin::watch);
    layers::apply(router.with_state(state).layer(watch))
}

/// The OpenAPI document of [`router`].
pub fn openapi() -> utoipa::openapi::OpenApi {
    responses::complete(routes::all().into_openapi())
}
