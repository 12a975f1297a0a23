//! Why a bearer is not let in: one answer for the caller, several for the log.

use crate::Error;

/// Why there is no principal.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nobody was ever given this bearer.
    #[error("the token is not valid")]
    Unknown,
    /// Its time or its grant's is over.
    #[error("the token is not valid")]
    Expired,
    /// It or its grant was revoked.
    #[error("the token is not valid")]
    Revoked,
    /// Its user was disabled.
    #[error("the token is not valid")]
    Disabled,
    /// The person paused its grant: nobody is let in until they take that back.
    #[error("the agent is paused")]
    Paused,
    /// It could not be checked; nobody is let in, but the token may be good.
    #[error("the token cannot be checked right now")]
    Unavailable(#[source] Error),
}

impl Refusal {
    /// The word in the log.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Disabled => "user_disabled",
            Self::Paused => "paused",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// Whether trying again later may help: the answer then is 503, not 401.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
