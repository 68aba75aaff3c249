//! How the platform presents itself: for everybody, who may not be signed in yet.

use crate::problem::{ApiResult, Problem};
use crate::responses::Open;
use crate::state::ApiState;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bifrost_core::Error;
use bifrost_store::platform_settings::{self, PlatformSettings};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

/// A picture acts nowhere, even where it is opened alone.
const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'");

/// Name and look.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BrandingView {
    /// What the product is called.
    product_name: String,
    /// The colour of buttons and links, as `#rrggbb`; `null`: the product's own.
    accent: Option<String>,
    /// Where the logo is; `null`: the product's own.
    logo_url: Option<String>,
}

impl From<&PlatformSettings> for BrandingView {
    fn from(settings: &PlatformSettings) -> Self {
        Self {
            product_name: settings.product_name().to_owned(),
            accent: settings.branding.accent.clone(),
            logo_url: logo_url(settings),
        }
    }
}

/// Where the logo is: another one is elsewhere.
pub(crate) fn logo_url(settings: &PlatformSettings) -> Option<String> {
    settings.logo_hash.as_ref().map(|hash| format!("/api/branding/logo?v={}", &hash[..16]))
}

fn tag(hash: &str) -> String {
    format!("\"{hash}\"")
}

/// Whether the browser has what has this hash.
fn is_known(request: &HeaderMap, hash: &str) -> bool {
    let tag = tag(hash);
    let known = request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_same = |one: &str| one.trim().trim_start_matches("W/") == tag;
    known.is_some_and(|tags| tags.split(',').any(is_same))
}

/// An answer that the browser keeps, and asks about: 304 as long as it is the same.
fn tagged(request: &HeaderMap, hash: &str, content_type: HeaderValue, content: impl Into<Body>) -> Response {
    let is_known = is_known(request, hash);
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(content.into()),
    };
    let headers = response.headers_mut();
    if !is_known {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::try_from(tag(hash)) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Name and look of the platform.
#[utoipa::path(get, path = "/api/branding", operation_id = "branding", tag = "settings",
    responses((status = 200, body = BrandingView), (status = 304, description = "As it was"), Open))]
pub(crate) async fn get(State(state): State<ApiState>, headers: HeaderMap) -> ApiResult<Response> {
    let settings = platform_settings::get(&state.db).await?;
    let body = serde_json::to_vec(&BrandingView::from(&settings)).map_err(anyhow::Error::from)?;
    let hash = blake3::hash(&body).to_hex();
    Ok(tagged(&headers, &hash, HeaderValue::from_static("application/json"), body))
}

/// The logo, as PNG or WebP.
#[utoipa::path(get, path = "/api/branding/logo", operation_id = "branding_logo", tag = "settings",
    responses(
        (status = 200, description = "The picture", content_type = "image/png"),
        (status = 304, description = "As it was"),
        (status = 404, description = "The product's own", body = Problem, content_type = "application/problem+json"),
        Open))]
pub(crate) async fn logo(State(state): State<ApiState>, headers: HeaderMap) -> ApiResult<Response> {
    let none = || Error::NotFound("logo");
    // The picture itself is read only for who does not have it.
    let hash = platform_settings::get(&state.db).await?.logo_hash.ok_or_else(none)?;
    let mut response = if is_known(&headers, &hash) {
        tagged(&headers, &hash, HeaderValue::from_static("image/png"), Body::empty())
    } else {
        let logo = platform_settings::logo(&state.db).await?.ok_or_else(none)?;
        let content_type =
            HeaderValue::try_from(logo.content_type).unwrap_or(HeaderValue::from_static("image/png"));
        tagged(&headers, &logo.hash, content_type, logo.content)
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}
