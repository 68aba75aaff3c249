//! Finds, locks and keeps the Python packages that a workspace asks for.
//!
//! Wheels from one index, of which the Python part is taken, chosen for the interpreter of the sandbox, locked by hash, and
//! read where they lie: nothing of a package ever runs outside of a sandbox.

mod alternatives;
mod candidates;
mod explain;
mod fallbacks;
mod index;
mod lock;
mod metadata;
mod process;
mod requirements;
mod resolve;
mod store;
mod target;
mod wheel;

pub use lock::{Answer, Request, lock};
pub use process::{SUBCOMMAND, resolve_apart, serve};
pub use requirements::{PYPROJECT, REQUIREMENTS, Refusal, Requirements};
pub use store::Store;
pub use target::Target;
pub use wheel::{Wheel, WheelError, WheelName, is_reserved};
