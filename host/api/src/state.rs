//! What every handler can reach.

use crate::health::Services;
use crate::rates::Rates;
use crate::service::adapters::Places;
use crate::service::providers::Providers;
use crate::service::turns::Turns;
use bifrost_core::ports::{Bus, Objects, Queue, Worker};
use bifrost_notify::Notifier;
use bifrost_oauth::OAuth;
use bifrost_signin::SignIn;
use bifrost_store::{Db, Keyring};
use std::sync::Arc;

/// The engines behind the API. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// The truth.
    pub db: Db,
    /// Encrypts secrets.
    pub keyring: Keyring,
    /// Live events.
    pub bus: Arc<dyn Bus>,
    /// Sources of versions, and what of runs is too large for their rows.
    pub objects: Arc<dyn Objects>,
    /// Builds, drafts and cancels.
    pub worker: Arc<dyn Worker>,
    /// Connections of integrations.
    pub oauth: OAuth,
    /// Tests channels of notifications, and sends invitations.
    pub notifier: Notifier,
    /// Checks how people sign in.
    pub sign_in: SignIn,
    /// For those who run the platform.
    pub operations: Operations,
}

/// What operators need beside the API.
#[derive(Clone, Default)]
pub struct Operations {
    /// Asked for health.
    pub queue: Option<Arc<dyn Queue>>,
    /// Opens `/metrics` to whoever is no platform administrator.
    pub metrics_token: Option<Arc<str>>,
    /// Proxies that are believed when they say whom they speak for.
    pub trusted_proxies: Arc<[ipnet::IpNet]>,
    /// How often endpoints and webhooks are called.
    pub rates: Arc<Rates>,
    /// Options of data providers.
    pub providers: Arc<Providers>,
    /// Requests that adapters of webhooks look at.
    pub places: Arc<Places>,
    /// Checks of code, one of an organization at a time.
    pub checks: Arc<Turns>,
}

impl ApiState {
    /// The services that health is about.
    pub fn services(&self) -> Services {
        Services {
            db: self.db.clone(),
            queue: self.operations.queue.clone(),
            objects: self.objects.clone(),
            bus: self.bus.clone(),
            takes_runs: false,
            draining: Arc::default(),
        }
    }
}
