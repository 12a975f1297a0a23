//! The gate's answers as `access` gives them.

use std::sync::Arc;

use access::{Access, Refusal as Refused};
use domain::{Code, GrantId, Principal};

use super::{Boxed, CallRecord, Gate, Refusal};

/// How long to wait where nothing better is known, in seconds.
const LATER: u64 = 60;

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        // The caller gets one answer for all reasons; which one it was is for the log.
        tracing::info!(reason = refused.reason(), "a bearer was refused");
        if refused.is_temporary() { Self::Unavailable } else { Self::Invalid }
    }
}

impl Gate for Access {
    fn principal<'a>(&'a self, bearer: &'a str) -> Boxed<'a, Result<Arc<Principal>, Refusal>> {
        Box::pin(async move { Ok(Arc::new(Self::principal(self, bearer).await?)) })
    }

    fn admit<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, Result<(), u64>> {
        let counted = self.count_call(principal);
        Box::pin(async move { counted.map_err(|problem| problem.retry_after.unwrap_or(LATER)) })
    }

    fn record<'a>(&'a self, principal: &'a Principal, call: CallRecord<'a>) -> Boxed<'a, ()> {
        Box::pin(async move {
            let outcome = match call.outcome {
                "ok" => Ok(()),
                "bad_cursor" => Err(Code::InvalidInput),
                "cancelled" => Err(Code::Timeout),
                name => Err(Code::ALL
                    .iter()
                    .copied()
                    .find(|code| code.as_str() == name)
                    .unwrap_or(Code::Internal)),
            };
            self.audit().record(principal, call.tool, call.targets, outcome).await;
        })
    }

    fn bind_session<'a>(&'a self, session: &'a str, grant: &'a GrantId) -> Boxed<'a, Result<(), Refusal>> {
        Box::pin(async move {
            // Sessions that the cap pushes out answer as unknown from now on.
            self.sessions().bind(session, grant).await.map(drop).map_err(|error| {
                tracing::error!(%error, "a session could not be bound to its grant");
                Refusal::Unavailable
            })
        })
    }

    fn session_owner<'a>(&'a self, session: &'a str) -> Boxed<'a, Option<GrantId>> {
        Box::pin(self.sessions().owner(session))
    }

    fn release_session<'a>(&'a self, session: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.sessions().forget(session).await {
                tracing::warn!(%error, "a session could not be forgotten");
            }
        })
    }
}
