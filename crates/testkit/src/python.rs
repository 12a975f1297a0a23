//! The Python environment that `cargo xtask test` makes below `target/`, with the `mcp` client in it.

use std::path::{Path, PathBuf};

use crate::left_out::left_out;

/// For tests: the interpreter, or none with a printed line where the environment is missing.
///
/// # Panics
/// When it is missing and `CI=true`.
pub fn require_python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let python = root.join("target").join("python").join("bin").join("python");
    if python.exists() {
        return Some(python);
    }
    left_out("the Python environment is missing: run `cargo xtask test` once");
    None
}
