//! Resolving against an index that may be anything.

mod hostile;
mod index;
mod ordinary;
