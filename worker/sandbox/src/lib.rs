//! Runs untrusted Python: a new store, a new memory and a new interpreter state for
//! every run, thrown away after. Knows nothing of databases, queues or the web;
//! whatever a run may reach comes in through [`Capabilities`].

mod bindings;
mod cache;
mod capabilities;
mod codes;
mod engine;
mod host;
mod http;
mod immortal;
mod load;
mod meter;
mod package_codes;
mod packages;
mod progress;
mod run;
mod signing;

pub use cache::Cache;
pub use capabilities::{
    Capabilities, CapabilityError, ConfigEntry, ErrorKind, HttpError, HttpPiece, HttpRequest, HttpResponse,
    Nothing,
};
pub use engine::{Image, Sandbox, Settings};
pub use load::{BuildLimits, Loaded, TOOK_TOO_LONG};
pub use packages::{NoPackages, Packages};
pub use run::Invocation;

/// Packages that every run has: names and versions. Without a version it has a stand-in of
/// the platform's own making, whichever version is asked for.
pub fn provided() -> Vec<(String, Option<String>)> {
    let packages =
        bifrost_base::provided().map(|(name, version)| (name.to_owned(), Some(version.to_owned())));
    packages.chain(bifrost_base::STAND_INS.map(|name| (name.to_owned(), None))).collect()
}
