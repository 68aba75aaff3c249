//! Empty; the manifest is what matters.

fn main() {}
