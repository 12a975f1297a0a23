//! An error with its sources, for the log: what is told to people and programs never has them.

use std::error::Error;

/// The error and what lies behind it, outermost first, with colons between.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
