//! The outside world: counts the effects of runs. No fault reaches it, so that what it
//! has seen is what happened.

use anyhow::Result;
use axum::extract::State;
use axum::{Json, Router, routing::post};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// How often each attempt of each execution had its effect.
pub type Effects = BTreeMap<(Uuid, i64), u32>;

#[derive(Deserialize)]
struct Effect {
    execution: Uuid,
    attempt: i64,
}

/// The server.
pub struct Counter {
    address: SocketAddr,
    seen: Arc<Mutex<Effects>>,
}

impl Counter {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> Result<Self> {
        let seen = Arc::default();
        let router = Router::new().route("/effect", post(count)).with_state(Arc::clone(&seen));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, seen })
    }

    /// Where effects are sent.
    pub fn url(&self) -> String {
        format!("http://{}/effect", self.address)
    }

    /// What it has seen so far.
    pub fn effects(&self) -> Effects {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn count(State(seen): State<Arc<Mutex<Effects>>>, Json(effect): Json<Effect>) -> &'static str {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    *seen.entry((effect.execution, effect.attempt)).or_default() += 1;
    "counted"
}
