//! How grants stand when mail leaves that nobody is calling about any more: scheduled, approved, tried again.

use std::sync::Arc;

use access::{Access, Ceiling, Refusal};
use domain::{GrantId, Principal};
use engine::outbox::{Authority, Standing};
use futures_util::future::BoxFuture;

/// The grants of a database, as they stand in it.
pub(crate) struct Stored {
    /// Who knows them.
    pub(crate) access: Access,
    /// What local persons may.
    pub(crate) ceiling: Ceiling,
}

impl Authority for Stored {
    fn standing<'a>(&'a self, grant: &'a GrantId, user: &'a str) -> BoxFuture<'a, Standing> {
        Box::pin(async move {
            match self.access.standing_of(grant, user, self.ceiling).await {
                Ok(principal) => Standing::Holds(Arc::new(principal)),
                Err(refusal) => told(&refusal),
            }
        })
    }
}

/// What is to leave under a grant that its person paused waits until they take that back.
fn told(refusal: &Refusal) -> Standing {
    let is_to_wait = refusal.is_temporary() || matches!(refusal, Refusal::Paused);
    if is_to_wait { Standing::Unavailable } else { Standing::Ended }
}

/// The one grant of a process that was started with an account of its own. Of all others it knows nothing.
pub(crate) struct Own(pub(crate) Arc<Principal>);

impl Authority for Own {
    fn standing<'a>(&'a self, grant: &'a GrantId, _user: &'a str) -> BoxFuture<'a, Standing> {
        let is_own = self.0.grant == *grant;
        let standing = if is_own { Standing::Holds(Arc::clone(&self.0)) } else { Standing::Elsewhere };
        Box::pin(std::future::ready(standing))
    }

    fn own(&self) -> Option<Arc<Principal>> {
        Some(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use access::Error;
    use domain::{Door, Limits, Scopes};

    use super::*;

    #[test]
    fn what_could_not_be_found_out_and_what_is_paused_is_looked_up_again() {
        assert!(matches!(told(&Refusal::Unavailable(Error::NoStore)), Standing::Unavailable));
        assert!(matches!(told(&Refusal::Paused), Standing::Unavailable));
        for refusal in [Refusal::Unknown, Refusal::Expired, Refusal::Revoked, Refusal::Disabled] {
            assert!(matches!(told(&refusal), Standing::Ended), "{refusal:?}");
        }
    }

    #[tokio::test]
    async fn a_process_with_its_own_account_vouches_for_its_own_grant_only() {
        let own = Own(Arc::new(Principal {
            user: "(environment)".into(),
            grant: GrantId::from_text("gra_own"),
            client: "stdio".into(),
            door: Door::Stdio,
            sign_in: None,
            scopes: Scopes::NONE,
            accounts: Vec::new(),
            limits: Limits::default(),
        }));
        let other = GrantId::from_text("gra_other");
        assert!(matches!(own.standing(&own.0.grant, "").await, Standing::Holds(_)));
        assert!(matches!(own.standing(&other, "(environment)").await, Standing::Elsewhere));
        assert!(own.own().is_some());
    }
}
