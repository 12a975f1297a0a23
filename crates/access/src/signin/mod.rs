//! How people prove who they are.

pub(crate) mod password;
