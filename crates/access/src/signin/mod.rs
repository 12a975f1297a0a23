//! How people prove who they are.

pub(crate) mod attempt;
pub(crate) mod password;
