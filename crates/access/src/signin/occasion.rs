//! What a person proves anew who they are for: a session alone is not enough for everything.

use domain::ApprovalId;
use time::Duration;

use crate::{Access, Result, SignedIn};

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
/// How far the clocks of two servers of ours may differ.
const SKEW: Duration = Duration::minutes(1);

impl Occasion {
    /// As it is stored.
    pub(crate) fn stored(&self) -> String {
        match self {
            Self::Change => "change".to_owned(),
            Self::Approval(id) => format!("approval {id}"),
        }
    }
}

/// By what a person can sign in, or prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// Whether they have a password.
    pub has_password: bool,
    /// Whether they have a passkey that works under this server's address.
    pub has_passkeys: bool,
    /// Whether they can sign in by the provider that the operator named.
    pub has_provider: bool,
}

impl Access {
    /// By what the person can prove who they are.
    pub async fn ways(&self, who: &SignedIn) -> Result<Ways> {
        let found = self.store()?.find_password_hash(&who.user.name).await?;
        let has_password = found.is_some_and(|(user, hash)| user.id == who.user.id && !hash.is_empty());
        let has_passkeys = self.passkey_site().is_some() && !self.passkey_list(who).await?.is_empty();
        let has_provider = match self.login_issuer() {
            Some(issuer) => self.identity_list(who).await?.iter().any(|identity| identity.issuer == issuer),
            None => false,
        };
        Ok(Ways { has_password, has_passkeys, has_provider })
    }

    /// Whether the person proved who they are, for that occasion and not too long ago.
    pub fn is_proven(&self, who: &SignedIn, occasion: &Occasion) -> bool {
        let age = self.clock().now() - who.proven;
        // a clock that was set back since would make it hold for as long as that
        if age < -SKEW {
            return false;
        }
        match occasion {
            Occasion::Change => age <= FOR_CHANGES,
            Occasion::Approval(_) => age <= FOR_APPROVAL && who.proven_for == occasion.stored(),
        }
    }
}
