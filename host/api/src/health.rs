//! Whether a process can do its work: each service behind it is asked at the same time,
//! with little patience, and named when it does not answer. Why goes to the log only. A
//! service without which work goes on, if slower, takes no process out of service.

use crate::problem::ApiError;
use crate::{layers, metrics};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bifrost_core::Result;
use bifrost_core::ports::{Bus, Objects, Queue};
use bifrost_store::Db;
use http::{StatusCode, header};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A healthy process.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Health {
    /// Always `ok`; anything else is an error status.
    status: &'static str,
    /// Services that do not answer, and without which work goes on: `queue`, `objects`, `bus`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    degraded: Vec<&'static str>,
}

impl Health {
    /// Nothing is known to be wrong.
    pub const OK: Self = Self { status: "ok", degraded: Vec::new() };
}

/// The services behind a process. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// The truth.
    pub db: Db,
    /// Carries tickets; `None` where the process has none.
    pub queue: Option<Arc<dyn Queue>>,
    /// Sources of versions.
    pub objects: Arc<dyn Objects>,
    /// Live events.
    pub bus: Arc<dyn Bus>,
    /// True where tickets are taken: a process that is there for nothing without its queue.
    pub takes_runs: bool,
    /// Set once the process takes nothing new.
    pub draining: Arc<AtomicBool>,
}

impl Services {
    /// Those that do not answer; empty when all do.
    pub async fn failing(&self) -> Vec<&'static str> {
        let queue = async {
            match &self.queue {
                Some(queue) => queue.check().await,
                None => Ok(()),
            }
        };
        let (database, queue, objects, bus) = tokio::join!(
            answers("database", self.db.ping()),
            answers("queue", queue),
            answers("objects", self.objects.check()),
            answers("bus", self.bus.check()),
        );
        [database, queue, objects, bus].into_iter().flatten().collect()
    }

    /// Says whether the process can do its work, and what it does without.
    ///
    /// # Errors
    /// 503 that names what fails, when the database or the queue of a worker is among it.
    pub async fn ready(&self) -> std::result::Result<Json<Health>, ApiError> {
        let not = |detail| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail);
        if self.draining.load(Ordering::Relaxed) {
            return Err(not("the process is about to end".to_owned()));
        }
        let failing = self.failing().await;
        if failing.contains(&"database") || (self.takes_runs && failing.contains(&"queue")) {
            return Err(not(format!("no answer from: {}", failing.join(", "))));
        }
        Ok(Json(Health { degraded: failing, ..Health::OK }))
    }
}

async fn answers(name: &'static str, check: impl Future<Output = Result<()>>) -> Option<&'static str> {
    let error = match tokio::time::timeout(PATIENCE, check).await {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => format!("{error:#}"),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(service = name, error, "a service does not answer");
    Some(name)
}

/// Health and metrics for whoever watches the process, without authentication: for an
/// address that only the operator reaches.
pub fn router(services: Services) -> Router {
    let ready = |State(services): State<Services>| async move { services.ready().await };
    let metrics = |State(services): State<Services>| async move { text(&services.db) };
    let router = Router::new()
        .route("/health/live", get(|| async { Json(Health::OK) }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics));
    layers::apply(router.with_state(services))
}

/// The answer with all metrics.
pub(crate) fn text(db: &Db) -> Response {
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::render(db)).into_response()
}
