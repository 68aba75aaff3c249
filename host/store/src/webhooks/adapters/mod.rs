//! Sources whose requests an adapter reads: code of a workspace, called in a sandbox, that says
//! what was delivered. It also tells the other system where to deliver, and until when.
//!
//! What the adapter keeps is one document for each source, written over the revision that it was
//! made from and over no other.

mod calls;
mod chosen;
mod deployed;
mod lifecycle;
mod values;

pub use calls::{Called, Method, call};
pub use chosen::{
    Choice, NewChoice, Status, again, all, configure, create, end, note_failure, of, open, take,
};
pub use deployed::{Adapter, find, list};
pub use lifecycle::{MAX_ATTEMPTS, Settled, Task, Work, claim, due, settle};
pub use values::Kept;

pub(super) use chosen::TABLES;
pub(crate) use deployed::synchronize;

/// Longest reason of a failure that is kept, in bytes.
const MAX_REASON: usize = 1_000;

/// A text as it is kept.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_REASON)]
}
