//! Whether an agent that did something still has access, for the person's pages; what it may do is in `doors`.

use domain::{Door, GrantId};

use crate::{Access, Refusal, Result, SignedIn, doors};

/// How an agent stands that the person let in once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentAccess {
    /// It is let in.
    Holds,
    /// The person paused it.
    Paused,
    /// It has ended, or was never theirs.
    Ended,
}

impl Access {
    /// How the agent with that grant of the person stands now.
    pub async fn agent_access(&self, who: &SignedIn, grant: &GrantId) -> Result<AgentAccess> {
        let user = &who.user.name;
        if doors::stdio::grant_of(user) == *grant {
            return Ok(AgentAccess::Holds);
        }
        match self.granted(grant, Door::Personal).await {
            Ok(principal) if principal.user == *user => Ok(AgentAccess::Holds),
            // Whose it is was looked at when it was listed as theirs.
            Err(Refusal::Paused) => Ok(AgentAccess::Paused),
            Err(Refusal::Unavailable(error)) => Err(error),
            _ => Ok(AgentAccess::Ended),
        }
    }
}
