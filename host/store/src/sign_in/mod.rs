//! What signing in keeps: credentials, identity providers, sessions, and what happens
//! between two requests of one sign-in. What is checked, and how, is `bifrost-signin`'s.

pub mod devices;
pub mod failures;
pub mod flows;
pub mod known;
pub mod passkeys;
pub mod passwords;
pub mod providers;
pub mod sessions;
pub mod set_up;
pub mod totp;

pub use crate::identity::hash;
