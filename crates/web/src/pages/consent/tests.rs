//! The question as it is shown, and who can answer it.
