//! How a test says that what it needs is not on this machine: in words, or in CI as a failure.

/// Prints why a test is left out.
///
/// # Panics
/// When `CI=true`: there a test that is left out would pass unseen.
#[expect(clippy::print_stderr, reason = "the reader of a test run must see what was left out")]
#[expect(
    clippy::disallowed_methods,
    reason = "CI is the convention of test runners, not a setting of the product"
)]
pub(crate) fn left_out(advice: &str) {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{advice}");
    eprintln!("skipped: {advice}");
}
