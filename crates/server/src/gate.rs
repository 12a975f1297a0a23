//! What the MCP door asks about callers, answered by `access`; and the count of tool calls.

use std::sync::Arc;

use access::{Access, Recorded};
use domain::{GrantId, Principal, Problem};
use mcp::{Boxed, CallRecord, Link, LinkRefusal, LinkedPart, Refusal};

use crate::metrics::Metrics;

/// The gate over tokens, grants, rates and the audit trail.
pub(crate) struct Gate {
    access: Access,
    metrics: Arc<Metrics>,
}

impl Gate {
    /// A gate over `access` that counts calls in `metrics`.
    pub(crate) fn new(access: Access, metrics: Arc<Metrics>) -> Self {
        Self { access, metrics }
    }
}

impl mcp::Gate for Gate {
    fn principal<'a>(&'a self, bearer: &'a str) -> Boxed<'a, Result<Arc<Principal>, Refusal>> {
        Box::pin(async move {
            self.access.principal(bearer).await.map(Arc::new).map_err(|refusal| match refusal {
                access::Refusal::Paused => Refusal::Paused,
                refusal if refusal.is_temporary() => Refusal::Unavailable,
                _ => Refusal::Invalid,
            })
        })
    }

    fn holds<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, bool> {
        Box::pin(self.access.holds(principal))
    }

    fn admit<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, Result<(), u64>> {
        Box::pin(async move {
            self.access.count_call(principal).map_err(|problem| problem.retry_after.unwrap_or(1))
        })
    }

    fn record<'a>(&'a self, principal: &'a Principal, call: CallRecord<'a>) -> Boxed<'a, ()> {
        Box::pin(async move {
            self.metrics.count_call(call.tool, call.outcome);
            tracing::info!(
                user = principal.user,
                grant = %principal.grant,
                door = principal.door.as_str(),
                tool = call.tool,
                outcome = call.outcome,
                "tool called"
            );
            let CallRecord { tool, targets, outcome, octets, undo } = call;
            let call = Recorded { tool, targets, outcome, octets, undo };
            self.access.audit().record_call(principal, call).await;
        })
    }

    fn bind_session<'a>(
        &'a self,
        session: &'a str,
        grant: &'a GrantId,
    ) -> Boxed<'a, Result<Vec<String>, Refusal>> {
        Box::pin(async move {
            self.access.sessions().bind(session, grant).await.map_err(|error| {
                tracing::error!(%error, "session not bound");
                Refusal::Unavailable
            })
        })
    }

    fn session_owner<'a>(&'a self, session: &'a str) -> Boxed<'a, Option<GrantId>> {
        Box::pin(self.access.sessions().owner(session))
    }

    fn release_session<'a>(&'a self, session: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.access.sessions().forget(session).await {
                tracing::warn!(%error, "session not forgotten");
            }
        })
    }

    fn new_link(&self, principal: &Principal, message: &str, index: usize) -> Result<Link, Problem> {
        let access::Link { token, expires } = self.access.link_new(principal, message, index)?;
        Ok(Link { token, expires })
    }

    fn open_link<'a>(&'a self, token: &'a str) -> Boxed<'a, Result<LinkedPart, LinkRefusal>> {
        Box::pin(async move {
            let part = self.access.link_open(token).await.map_err(|refusal| told(&refusal))?;
            let access::LinkedPart { principal, message, index } = part;
            Ok(LinkedPart { principal: Arc::new(principal), message, index })
        })
    }

    fn link_principal<'a>(&'a self, grant: &'a GrantId) -> Boxed<'a, Result<Arc<Principal>, LinkRefusal>> {
        Box::pin(async move {
            self.access.link_principal(grant).await.map(Arc::new).map_err(|refusal| told(&refusal))
        })
    }
}

/// The difference that somebody who opens a link may learn.
fn told(refusal: &access::LinkRefusal) -> LinkRefusal {
    match refusal {
        access::LinkRefusal::Expired => LinkRefusal::Expired,
        access::LinkRefusal::Grant(refusal) if refusal.is_temporary() => LinkRefusal::Unavailable,
        _ => LinkRefusal::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use access::{Error, LinkRefusal as Why, Refusal as Ended};

    use super::*;

    #[test]
    fn who_opens_a_link_learns_that_it_is_old_or_cannot_be_checked_and_nothing_else() {
        for (why, learned) in [
            (Why::Unknown, LinkRefusal::Invalid),
            (Why::ScopeMissing, LinkRefusal::Invalid),
            (Why::Grant(Ended::Unknown), LinkRefusal::Invalid),
            (Why::Grant(Ended::Expired), LinkRefusal::Invalid),
            (Why::Grant(Ended::Revoked), LinkRefusal::Invalid),
            (Why::Grant(Ended::Disabled), LinkRefusal::Invalid),
            (Why::Grant(Ended::Unavailable(Error::NoStore)), LinkRefusal::Unavailable),
            (Why::Expired, LinkRefusal::Expired),
        ] {
            assert_eq!(told(&why), learned, "{why:?}");
        }
    }
}
