//! Who gets a reply.

use domain::{Address, Envelope};

/// Who gets a reply; both lists are empty if nobody can.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipients {
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
}

/// The recipients of a reply.
pub fn reply_recipients(_original: &Envelope, _own: &[String], _all: bool) -> Recipients {
    Recipients::default()
}
