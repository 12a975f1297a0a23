//! Documents read as the product reads them: through a child. The files are made here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod children;
mod containers;
mod corpus;
mod files;
mod mutations;
mod office;
mod open_document;
mod pdf;
mod pictures;
