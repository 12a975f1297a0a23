//! The binary `postroom`.
fn main() {}
