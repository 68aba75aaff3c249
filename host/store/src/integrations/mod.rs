//! Integrations with other systems: definitions, what each organization is there, and the OAuth
//! connections that authorize requests.
//!
//! A definition is an organization's own, or the provider's for all. Everything that is secret of
//! it is in one table, sealed with the data key of its scope, and read only for whoever may have
//! it ([`resolve`]). A connection's tokens are renewed under a lease by one process at a time, and
//! written only over the version that they were made from ([`renewal`]).

pub mod connections;
pub mod current;
pub mod definitions;
pub mod mappings;
pub mod others;
pub mod renewal;
mod resolve;
pub mod shares;
pub mod states;
mod vault;

pub use connections::Connection;
pub use current::{Current, Tokens};
pub use definitions::{Integration, NewIntegration};
pub use mappings::{Mapping, NewMapping};
pub use resolve::{Resolved, resolve};
