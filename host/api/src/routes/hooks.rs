//! Where webhooks are delivered. Answered once the delivery is committed; what becomes of it is
//! decided afterwards.

use crate::extract::Path;
use crate::origin::Origin;
use crate::problem::{ApiError, ApiResult, Problem};
use crate::responses::Open;
use crate::service::adapters::{self, Handled};
use crate::service::inbox;
use crate::service::signatures::{self, Claim};
use crate::state::ApiState;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bifrost_core::endpoint::MAX_RATE_PER_MINUTE;
use bifrost_core::ports::Event as BusEvent;
use bifrost_core::{DeliveryId, Error, WebhookKind, webhook};
use bifrost_store::audit::{self, Actor, Event, Outcome};
use bifrost_store::webhooks::{self, Webhook, secrets, sources};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// The parameter with which Microsoft Graph asks whether an address is right.
const VALIDATION: &str = "validationToken";
/// Longest such token, in bytes; they have some hundred.
const MAX_VALIDATION: usize = 2_048;

/// A delivery that is in the inbox.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct HookAnswer {
    delivery_id: DeliveryId,
    /// True when the sender had sent it before.
    duplicate: bool,
}

/// What of a request that an adapter has looked at is in the inbox.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct EventsAnswer {
    /// Events that are new.
    accepted: usize,
    /// Events that the sender had sent before.
    duplicates: usize,
}

/// Takes a delivery of a webhook. The sender proves who it is by what the webhook's kind says.
#[utoipa::path(post, path = "/api/hooks/{id}", operation_id = "receive_webhook", tag = "webhooks",
    params(("id" = Uuid, Path, description = "From the webhook's address"),
        ("validationToken" = Option<String>, Query, description = "Of Microsoft Graph: answered as plain text")),
    request_body(content = String, description = "Whatever the sender sends", content_type = "*/*"),
    responses((status = 202, description = "In the inbox for good; with an adapter an `EventsAnswer`", body = HookAnswer),
        (status = 200, description = "A ping, or a question whether the address is right", body = HookAnswer),
        (status = 403, description = "`signature_refused`, or `address_refused`: not from where it may come", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such webhook", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is larger than this webhook takes", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "More than this webhook takes in a minute", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`adapter_failed`: its adapter could not look at it; come back after `Retry-After`", body = Problem, content_type = "application/problem+json"), Open))]
pub(crate) async fn receive(
    State(state): State<ApiState>,
    Path(id): Path<Uuid>,
    request: Request,
) -> ApiResult<Response> {
    let (parts, body) = request.into_parts();
    let origin = Origin::of(&parts.extensions);
    let webhook = reached(&state, id, &origin).await?;
    if webhook.kind == WebhookKind::Adapter {
        let body = read(&webhook, body).await?;
        return looked_at(&state, &webhook, &origin, parts, body).await;
    }
    if let Some(answer) = validation(&state, &webhook, parts.uri.query())? {
        return Ok(answer);
    }
    let body = read(&webhook, body).await?;
    let secrets = match webhook.kind.has_secret() {
        true => secrets::of(&state.db.org(webhook.organization_id), &state.keyring, webhook.id).await?,
        false => Vec::new(),
    };
    let claim = Claim {
        kind: webhook.kind,
        header: webhook
            .settings
            .signature_header
            .as_deref()
            .or(webhook.kind.default_header())
            .unwrap_or_default(),
        tolerance: webhook.settings.tolerance_seconds,
        headers: &parts.headers,
        body: &body,
        now: bifrost_store::now(),
    };
    if let Err(refusal) = signatures::verify(&claim, &secrets) {
        return Err(refused(&state, &webhook, &origin, "signature_refused", refusal.as_str()).await);
    }
    // Only what is the sender's counts: nobody else can use up its rate.
    state.operations.rates.take(webhook.id.0, webhook.settings.rate_per_minute)?;
    take_in(&state, &webhook, &parts.headers, body).await
}

/// Asks a webhook with an adapter whether its address is right, as some senders do. Others take
/// deliveries only.
#[utoipa::path(get, path = "/api/hooks/{id}", operation_id = "ask_webhook", tag = "webhooks",
    params(("id" = Uuid, Path, description = "From the webhook's address")),
    responses((status = 200, description = "What the adapter answers"),
        (status = 202, description = "In the inbox for good", body = EventsAnswer),
        (status = 403, description = "`request_refused`: the adapter takes it for a forgery, or `address_refused`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such webhook", body = Problem, content_type = "application/problem+json"),
        (status = 405, description = "A webhook without an adapter", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "More than this webhook takes in a minute", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`adapter_failed`: its adapter could not look at it; come back after `Retry-After`", body = Problem, content_type = "application/problem+json"), Open))]
pub(crate) async fn ask(
    State(state): State<ApiState>,
    Path(id): Path<Uuid>,
    request: Request,
) -> ApiResult<Response> {
    let (parts, _) = request.into_parts();
    let origin = Origin::of(&parts.extensions);
    let webhook = reached(&state, id, &origin).await?;
    if webhook.kind == WebhookKind::Adapter && parts.method == Method::GET {
        return looked_at(&state, &webhook, &origin, parts, Bytes::new()).await;
    }
    let allowed = if webhook.kind == WebhookKind::Adapter { "GET, POST" } else { "POST" };
    let detail = format!("this webhook takes {allowed} only");
    let error = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
    Ok(([(header::ALLOW, allowed)], error).into_response())
}

/// The webhook at an address, if the request may come from where it comes.
async fn reached(state: &ApiState, id: Uuid, origin: &Origin) -> ApiResult<Webhook> {
    let Some(webhook) = sources::at(&state.db, id).await? else {
        state.sign_in.throttle().stranger(origin.address())?;
        return Err(Error::NotFound("webhook").into());
    };
    if !is_from_here(&webhook, origin)? {
        return Err(refused(state, &webhook, origin, "address_refused", "address").await);
    }
    Ok(webhook)
}

/// A request that an adapter looks at.
async fn looked_at(
    state: &ApiState,
    webhook: &Webhook,
    origin: &Origin,
    parts: Parts,
    body: Bytes,
) -> ApiResult<Response> {
    match adapters::handle(state, webhook, &parts, &body).await? {
        Handled::Answered(response) => Ok(*response),
        Handled::Rejected(status, said) => {
            note_refusal(state, webhook, origin, "adapter", Some(said)).await?;
            Err(ApiError::new(status, "request_refused", "this webhook does not take this request"))
        }
        Handled::Taken(all) => {
            let accepted = all.iter().filter(|one| one.is_new).count();
            for (result, count) in [("new", accepted), ("duplicate", all.len() - accepted)] {
                metrics::counter!("bifrost_webhooks_received_total", "result" => result)
                    .increment(count as u64);
            }
            if accepted > 0 {
                state.bus.publish(BusEvent { channel: webhook::WAKE.to_owned(), payload: Value::Null }).await;
            }
            let answer = EventsAnswer { accepted, duplicates: all.len() - accepted };
            Ok((StatusCode::ACCEPTED, axum::Json(answer)).into_response())
        }
    }
}

async fn take_in(
    state: &ApiState,
    webhook: &Webhook,
    headers: &HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    let received = inbox::received(webhook, headers, body);
    let is_settled = received.is_settled;
    let taken = webhooks::receive(&state.db.org(webhook.organization_id), webhook, received).await?;
    metrics::counter!("bifrost_webhooks_received_total", "result" => if taken.is_new { "new" } else { "duplicate" })
        .increment(1);
    if taken.is_new && !is_settled {
        state.bus.publish(BusEvent { channel: webhook::WAKE.to_owned(), payload: Value::Null }).await;
    }
    let status = if is_settled { StatusCode::OK } else { StatusCode::ACCEPTED };
    let answer = HookAnswer { delivery_id: taken.id, duplicate: !taken.is_new };
    Ok((status, axum::Json(answer)).into_response())
}

fn is_from_here(webhook: &Webhook, origin: &Origin) -> ApiResult<bool> {
    let networks = webhook::networks(&webhook.settings.networks)?;
    let inside = |address| networks.iter().any(|net| net.contains(&address));
    Ok(networks.is_empty() || origin.address().is_some_and(inside))
}

/// The answer to a question of Microsoft Graph, if it is one.
fn validation(state: &ApiState, webhook: &Webhook, query: Option<&str>) -> ApiResult<Option<Response>> {
    if webhook.kind != WebhookKind::MicrosoftGraph {
        return Ok(None);
    }
    let mut pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let Some((_, token)) = pairs.find(|(name, _)| name == VALIDATION) else { return Ok(None) };
    // Of a counter of its own: whoever asks has proved nothing.
    let counter = Uuid::from_u128(webhook.id.0.as_u128() ^ 1);
    state.operations.rates.take(counter, webhook.settings.rate_per_minute.min(MAX_RATE_PER_MINUTE))?;
    if token.is_empty() || token.len() > MAX_VALIDATION {
        return Err(Error::invalid(VALIDATION, format!("expected 1 to {MAX_VALIDATION} bytes")).into());
    }
    let mut answer = Response::new(Body::from(token.into_owned()));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    Ok(Some(answer))
}

async fn read(webhook: &Webhook, body: Body) -> ApiResult<Bytes> {
    let most = webhook.settings.body_bytes;
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        use std::error::Error as _;
        if error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>()) {
            let detail = format!("this webhook takes bodies of at most {most} bytes");
            return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail);
        }
        ApiError::new(StatusCode::BAD_REQUEST, "body_incomplete", "the body ended early")
    })
}

/// The error for a request that is not from its source.
async fn refused(
    state: &ApiState,
    webhook: &Webhook,
    origin: &Origin,
    code: &'static str,
    reason: &'static str,
) -> ApiError {
    if let Err(limited) = note_refusal(state, webhook, origin, reason, None).await {
        return limited;
    }
    let detail = match code {
        "address_refused" => "this webhook takes nothing from this address",
        _ => "the signature is not that of this webhook for this body",
    };
    ApiError::new(StatusCode::FORBIDDEN, code, detail)
}

/// Writes a refusal down, as often as that is worth it; `said` is the adapter's own reason.
async fn note_refusal(
    state: &ApiState,
    webhook: &Webhook,
    origin: &Origin,
    reason: &'static str,
    said: Option<String>,
) -> ApiResult<()> {
    metrics::counter!("bifrost_webhooks_received_total", "result" => reason).increment(1);
    if let Some(untold) = state.operations.rates.refuse(webhook.id.0) {
        let actor = Actor::unknown("webhook sender").from(origin.address(), origin.request());
        let event = Event::new("webhook.refused")
            .within(webhook.organization_id)
            .target("webhook", webhook.id)
            .outcome(Outcome::Denied)
            .detail("name", &webhook.settings.name)
            .detail("reason", reason)
            .maybe("said", said.filter(|said| !said.is_empty()))
            .maybe("untold", Some(untold).filter(|untold| *untold > 0));
        if let Err(error) = audit::note(&state.db.by(Arc::new(actor)), event).await {
            tracing::error!(%error, "a refused webhook was not written down");
        }
    }
    // Guessing is slow.
    Ok(state.sign_in.throttle().stranger(origin.address())?)
}
