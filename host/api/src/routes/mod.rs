//! All routes, one file per group. `docs/api.md` has the overview, and
//! `tests/authorization.rs` a row for each.

mod about;
mod adapters;
mod admin;
mod attempts;
mod audit;
mod branding;
mod checks;
mod config;
mod connections;
mod dead_letters;
mod deliveries;
mod devices;
mod documents;
mod drafts;
mod egress;
mod endpoint_calls;
mod endpoints;
mod execute;
mod executions;
mod files;
mod form_previews;
mod form_sessions;
mod forms;
mod grants;
mod health;
mod hooks;
mod identity_providers;
mod integrations;
mod invitations;
mod keys;
mod mappings;
mod notification_channels;
mod notification_rules;
mod notifications;
mod offboarding;
mod operations;
mod own_sign_in;
mod reviews;
mod roles;
mod run_counts;
mod schedules;
mod settings;
mod shared;
mod shares;
mod sign_in;
mod signed_files;
mod subscriptions;
mod tables;
mod usage;
mod user_sign_in;
mod users;
mod versions;
mod webhooks;
mod workflows;
mod workspace;

pub(crate) use versions::announce;

use crate::layers::DEPLOY_BODY_BYTES;
use crate::problem::ApiError;
use crate::state::ApiState;
use crate::ws;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use bifrost_core::Error;
use bifrost_core::files::MAX_FILE;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Every route of the API.
pub fn all() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(health::version))
        .routes(routes!(health::document))
        .routes(routes!(workspace::deploy).layer(DefaultBodyLimit::max(DEPLOY_BODY_BYTES)))
        .routes(routes!(checks::check).layer(DefaultBodyLimit::max(DEPLOY_BODY_BYTES)))
        .routes(routes!(workspace::active))
        .routes(routes!(workspace::files))
        .routes(routes!(workspace::file))
        .routes(routes!(versions::list))
        .routes(routes!(versions::get))
        .routes(routes!(versions::activate))
        .routes(routes!(reviews::list))
        .routes(routes!(reviews::diff))
        .routes(routes!(reviews::approve))
        .routes(routes!(reviews::reject))
        .routes(routes!(shared::get, shared::put))
        .routes(routes!(workflows::list))
        .routes(routes!(workflows::get))
        .routes(routes!(execute::execute))
        .routes(routes!(execute::invoke))
        .routes(routes!(executions::list))
        .routes(routes!(executions::get))
        .routes(routes!(executions::result))
        .routes(routes!(executions::logs))
        .routes(routes!(executions::variables))
        .routes(routes!(attempts::list))
        .routes(routes!(attempts::calls))
        .routes(routes!(executions::cancel))
        .routes(routes!(execute::rerun))
        .routes(routes!(operations::workers))
        .routes(routes!(operations::queue))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::get))
        .routes(routes!(dead_letters::replay))
        .routes(routes!(schedules::list, schedules::create))
        .routes(routes!(schedules::preview_unsaved))
        .routes(routes!(schedules::get, schedules::update, schedules::delete))
        .routes(routes!(schedules::pause))
        .routes(routes!(schedules::resume))
        .routes(routes!(schedules::run_now))
        .routes(routes!(schedules::preview))
        .routes(routes!(drafts::draft).layer(DefaultBodyLimit::max(DEPLOY_BODY_BYTES)))
        .routes(routes!(config::list))
        .routes(routes!(config::get, config::put, config::delete))
        .routes(routes!(shares::list))
        .routes(routes!(shares::add, shares::remove))
        .routes(routes!(egress::own))
        .routes(routes!(egress::usage))
        .routes(routes!(egress::get, egress::set))
        .routes(routes!(admin::list, admin::create))
        .routes(routes!(admin::get, admin::update))
        .routes(routes!(usage::of_organization))
        .routes(routes!(offboarding::list))
        .routes(routes!(offboarding::request, offboarding::get))
        .routes(routes!(offboarding::export, offboarding::delete_export))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::update))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::delete))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::get, roles::update, roles::delete))
        .routes(routes!(grants::list, grants::create))
        .routes(routes!(grants::delete))
        .routes(routes!(audit::search))
        .routes(routes!(audit::export))
        .routes(routes!(audit::verify))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::delete))
        .routes(routes!(keys::me))
        .routes(routes!(ws::connect))
        .routes(routes!(ws::execution))
        .merge(from_outside())
        .merge(elsewhere())
        .merge(data())
        .merge(filling_in())
        .merge(telling())
        .merge(signing_in())
        .merge(of_the_platform())
        .fallback(nothing_here)
}

fn from_outside() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(endpoints::list, endpoints::create))
        .routes(routes!(endpoints::get, endpoints::update, endpoints::delete))
        .routes(routes!(
            endpoint_calls::get,
            endpoint_calls::post,
            endpoint_calls::put,
            endpoint_calls::patch,
            endpoint_calls::delete
        ))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::get, webhooks::update, webhooks::delete))
        .routes(routes!(webhooks::add_secret))
        .routes(routes!(webhooks::remove_secret))
        .routes(routes!(webhooks::subscribe))
        .routes(routes!(adapters::list))
        .routes(routes!(subscriptions::list, subscriptions::create))
        .routes(routes!(subscriptions::update, subscriptions::delete))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::get))
        .routes(routes!(deliveries::replay))
        .routes(routes!(hooks::receive, hooks::ask))
}

fn elsewhere() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(integrations::list, integrations::create))
        .routes(routes!(integrations::get, integrations::update, integrations::delete))
        .routes(routes!(mappings::list))
        .routes(routes!(mappings::put, mappings::delete))
        .routes(routes!(mappings::shares))
        .routes(routes!(mappings::share, mappings::unshare))
        .routes(routes!(connections::list, connections::create))
        .routes(routes!(connections::get, connections::update, connections::delete))
        .routes(routes!(connections::authorize))
        .routes(routes!(connections::callback))
        .routes(routes!(connections::refresh))
        .routes(routes!(connections::disconnect))
}

fn data() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(tables::list, tables::create))
        .routes(routes!(tables::get, tables::update, tables::delete))
        .routes(routes!(tables::query))
        .routes(routes!(tables::count))
        .routes(routes!(documents::insert))
        .routes(routes!(documents::get, documents::put, documents::patch, documents::delete))
        .routes(routes!(documents::batch).layer(DefaultBodyLimit::max(documents::BATCH_BODY_BYTES)))
        .routes(routes!(files::list))
        .routes(routes!(files::locations))
        .routes(routes!(files::read, files::write, files::delete).layer(DefaultBodyLimit::max(MAX_FILE)))
        .routes(routes!(files::sign))
        .routes(routes!(signed_files::read, signed_files::write).layer(DefaultBodyLimit::max(MAX_FILE)))
}

fn filling_in() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(forms::list, forms::create))
        .routes(routes!(forms::check))
        .routes(routes!(forms::schema))
        .routes(routes!(forms::get, forms::update, forms::delete))
        .routes(routes!(form_previews::open))
        .routes(routes!(form_previews::upload))
        .routes(routes!(form_previews::execute))
        .routes(routes!(form_sessions::open))
        .routes(routes!(form_sessions::options))
        .routes(routes!(form_sessions::upload))
        .routes(routes!(form_sessions::execute))
}

fn telling() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(notification_channels::list, notification_channels::create))
        .routes(routes!(
            notification_channels::get,
            notification_channels::update,
            notification_channels::delete
        ))
        .routes(routes!(notification_channels::test))
        .routes(routes!(notification_rules::list, notification_rules::create))
        .routes(routes!(notification_rules::get, notification_rules::update, notification_rules::delete))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::unread))
        .routes(routes!(notifications::read))
        .routes(routes!(notifications::read_all))
        .routes(routes!(run_counts::count))
        .routes(routes!(usage::time_saved))
}

fn signing_in() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(sign_in::options))
        .routes(routes!(sign_in::password))
        .routes(routes!(sign_in::second_factor))
        .routes(routes!(sign_in::passkey_challenge))
        .routes(routes!(sign_in::passkey))
        .routes(routes!(sign_in::link))
        .routes(routes!(sign_in::invitation))
        .routes(routes!(sign_in::first))
        .routes(routes!(sign_in::out))
        .routes(routes!(identity_providers::begin))
        .routes(routes!(identity_providers::callback))
        .routes(routes!(own_sign_in::overview))
        .routes(routes!(own_sign_in::password))
        .routes(routes!(own_sign_in::begin_second_factor, own_sign_in::remove_second_factor))
        .routes(routes!(own_sign_in::confirm_second_factor))
        .routes(routes!(own_sign_in::recovery_codes))
        .routes(routes!(own_sign_in::passkey_challenge))
        .routes(routes!(own_sign_in::add_passkey))
        .routes(routes!(own_sign_in::remove_passkey))
        .routes(routes!(own_sign_in::sessions, own_sign_in::end_other_sessions))
        .routes(routes!(own_sign_in::end_session))
        .routes(routes!(devices::code))
        .routes(routes!(devices::token))
        .routes(routes!(devices::get))
        .routes(routes!(devices::approve))
        .routes(routes!(devices::deny))
        .routes(routes!(user_sign_in::link))
        .routes(routes!(user_sign_in::end_sessions))
        .routes(routes!(identity_providers::list, identity_providers::create))
        .routes(routes!(identity_providers::get, identity_providers::update, identity_providers::delete))
}

fn of_the_platform() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(about::about))
        .routes(routes!(branding::get))
        .routes(routes!(branding::logo))
        .routes(routes!(settings::get))
        .routes(routes!(settings::set_branding, settings::reset_branding))
        .routes(routes!(settings::set_logo, settings::remove_logo))
        .routes(routes!(settings::test_mail))
        .routes(routes!(settings::set_sign_in))
}

async fn nothing_here() -> Response {
    ApiError::from(Error::NotFound("path")).into_response()
}
