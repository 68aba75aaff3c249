//! What every handler can reach.

use bifrost_core::ports::{Bus, Objects, Queue, Worker};
use bifrost_store::{Db, Keyring};
use std::sync::Arc;

/// The engines behind the API. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// The truth.
    pub db: Db,
    /// Encrypts secrets.
    pub keyring: Keyring,
    /// Carries tickets to workers.
    pub queue: Arc<dyn Queue>,
    /// Live events.
    pub bus: Arc<dyn Bus>,
    /// Sources of versions.
    pub objects: Arc<dyn Objects>,
    /// Builds, drafts and cancels.
    pub worker: Arc<dyn Worker>,
}
