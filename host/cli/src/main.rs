//! The `bifrost` program.

fn main() {}
