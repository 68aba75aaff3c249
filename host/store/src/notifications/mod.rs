//! Notifications: channels, rules that say what is told where, and what was told.
//!
//! What has happened is an event that is committed with it. Whoever leads turns events into
//! notifications that people read here, and into what channels have not been told yet
//! ([`events`]). A channel gets one message at a time, with everything that it has not been told
//! by then ([`messages`]).

pub mod channels;
pub mod events;
pub mod messages;
pub mod notices;
pub mod rules;

pub use channels::{Channel, NewChannel, Target};
pub use messages::Message;
pub use notices::Notice;
pub use rules::Rule;
