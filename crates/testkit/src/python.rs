//! The Python environment that `cargo xtask test` makes below `target/`, with the `mcp` client in it.

use std::path::{Path, PathBuf};

/// For tests: the interpreter, or none with a printed line where the environment is missing.
///
/// # Panics
/// When it is missing and `CI=true`.
#[expect(clippy::print_stderr, reason = "the reader of a test run must see what was left out")]
#[expect(
    clippy::disallowed_methods,
    reason = "CI is the convention of test runners, not a setting of the product"
)]
pub fn require_python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let python = root.join("target").join("python").join("bin").join("python");
    if python.exists() {
        return Some(python);
    }
    let advice = "the Python environment is missing: run `cargo xtask test` once";
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{advice}");
    eprintln!("skipped: {advice}");
    None
}
