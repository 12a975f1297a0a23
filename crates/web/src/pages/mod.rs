//! The pages.

pub(crate) mod fields;
pub(crate) mod limits;
pub(crate) mod permission;
pub(crate) mod words;
