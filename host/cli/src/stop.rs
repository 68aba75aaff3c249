//! The wish to end: the first signal lets the process finish what it has begun, a second
//! one ends it at once.

use anyhow::Result;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What a shell adds to the number of the signal that ended a process.
const SIGNALLED: i32 = 128;

/// Tells when the process is to end. Cheap to clone.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> Result<Self> {
        let (terminate, interrupt) = (SignalKind::terminate(), SignalKind::interrupt());
        let (mut terminated, mut interrupted) = (signal(terminate)?, signal(interrupt)?);
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                let kind = tokio::select! {
                    _ = terminated.recv() => terminate,
                    _ = interrupted.recv() => interrupt,
                };
                if sender.send_replace(true) {
                    tracing::warn!(signal = kind.as_raw_value(), "ends at once");
                    std::process::exit(SIGNALLED + kind.as_raw_value());
                }
                tracing::info!(signal = kind.as_raw_value(), "ends with what it has begun");
            }
        });
        Ok(Self(receiver))
    }

    /// Returns when the process is to end.
    pub async fn wanted(mut self) {
        // Fails when nobody listens any more, which is at the end.
        let _ = self.0.wait_for(|wanted| *wanted).await;
    }

    /// Returns when the process was to end so long ago.
    pub async fn overdue(self, patience: Duration) {
        self.wanted().await;
        tokio::time::sleep(patience).await;
    }
}
