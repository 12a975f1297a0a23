//! What a person proves anew who they are for: a session alone is not enough for everything.

use domain::ApprovalId;
use time::Duration;

use crate::{Access, SignedIn};

/// What a proof is given for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occasion {
    /// A change that a session left open must not make: how to sign in, what to delete, whom to let in.
    Change,
    /// The yes to that one message.
    Approval(ApprovalId),
}

/// How long a proof holds for changes; a sign-in is one.
const FOR_CHANGES: Duration = Duration::minutes(10);
/// How long a proof for one message holds.
const FOR_APPROVAL: Duration = Duration::minutes(5);

impl Occasion {
    /// As it is stored.
    pub(crate) fn stored(&self) -> String {
        match self {
            Self::Change => "change".to_owned(),
            Self::Approval(id) => format!("approval {id}"),
        }
    }
}

impl Access {
    /// Whether the person proved who they are, for that occasion and not too long ago.
    pub fn is_proven(&self, who: &SignedIn, occasion: &Occasion) -> bool {
        let age = self.clock().now() - who.proven;
        match occasion {
            Occasion::Change => age <= FOR_CHANGES,
            Occasion::Approval(_) => age <= FOR_APPROVAL && who.proven_for == occasion.stored(),
        }
    }
}
