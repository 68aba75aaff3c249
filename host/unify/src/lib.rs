//! Empty; the manifest is what matters.
