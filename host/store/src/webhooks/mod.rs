//! Webhooks: sources of deliveries, their secrets, an inbox that loses nothing, and
//! subscriptions that turn deliveries into runs.
//!
//! A delivery is committed before its sender is told so. What becomes of it is decided later,
//! and can be decided again: each subscription's run has an idempotency key of its own, so a
//! delivery that is processed twice makes no second run.

pub mod adapters;
pub mod deliveries;
mod event;
mod inbox;
mod processing;
pub mod secrets;
pub mod sources;
pub mod subscriptions;

pub use deliveries::{Delivery, State};
pub use event::{event, fields, parsed, told};
pub(crate) use inbox::tell;
pub use inbox::{Emitted, Received, Reception, emit, receive};
pub use processing::{MAX_ATTEMPTS, Processed, backoff, due, postpone, process};
pub use sources::{Settings, Webhook};
pub use subscriptions::Subscription;
