//! How people prove who they are.

pub(crate) mod attempt;
pub(crate) mod ceremony;
pub(crate) mod code;
pub(crate) mod device;
pub(crate) mod occasion;
pub(crate) mod one_time;
pub(crate) mod passkey;
pub(crate) mod password;
pub(crate) mod recovery;
pub(crate) mod throttle;
pub(crate) mod totp;
pub(crate) mod upstream;
pub(crate) mod user_agent;
