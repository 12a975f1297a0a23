//! A person's agents: their grants, of OAuth clients and of personal tokens alike, looked at, changed, paused
//! and ended by the person.

use domain::{FamilyId, Grant, GrantId, GrantedAccounts, Limits, Scopes, Timestamp};

use crate::{Access, Client, Result, SignedIn};

/// An agent as it is listed.
#[derive(Debug, Clone)]
pub struct Agent {
    /// Its grant.
    pub grant: Grant,
    /// The client; absent for a personal token.
    pub client: Option<Client>,
    /// Whether the person paused it.
    pub is_paused: bool,
    /// When one of its tokens was used last, within a minute.
    pub last_used: Option<Timestamp>,
    /// Tool calls in the last 24 hours.
    pub calls_of_day: u64,
}

/// One sign-in of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its id.
    pub id: FamilyId,
    /// Since when.
    pub created: Timestamp,
    /// When one of its tokens was used last, within a minute.
    pub last_used: Option<Timestamp>,
    /// When it ends by itself if it is not used.
    pub expires: Option<Timestamp>,
}

/// How often an agent called a tool in the last 30 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCount {
    /// The tool.
    pub tool: String,
    /// Calls that went well.
    pub ok: u64,
    /// All others.
    pub other: u64,
}

/// An agent, with all that its page shows.
#[derive(Debug, Clone)]
pub struct AgentDetail {
    /// The agent.
    pub agent: Agent,
    /// Its live sign-ins, last used first.
    pub families: Vec<Family>,
    /// What it did in the last 30 days, most often first.
    pub counts: Vec<ToolCount>,
}

/// What a person changes about an agent.
#[derive(Debug, Clone)]
pub struct AgentChange {
    /// What it may do.
    pub scopes: Scopes,
    /// In which accounts.
    pub accounts: GrantedAccounts,
    /// Within which limits.
    pub limits: Limits,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
}

impl Access {
    /// The person's live agents, last used first.
    pub async fn agent_list(&self, who: &SignedIn) -> Result<Vec<Agent>> {
        let _ = who;
        todo!()
    }

    /// One of them; `AgentNotFound` if it is not theirs or has ended.
    pub async fn agent(&self, who: &SignedIn, id: &GrantId) -> Result<AgentDetail> {
        let _ = (who, id);
        todo!()
    }

    /// Changes what it may do, from its next call on. Recorded.
    pub async fn agent_change(&self, who: &SignedIn, id: &GrantId, change: &AgentChange) -> Result<()> {
        let _ = (who, id, change);
        todo!()
    }

    /// Lets nothing in for it, or does so again. Its sessions end; tokens are kept. Recorded.
    pub async fn agent_pause(&self, who: &SignedIn, id: &GrantId, is_paused: bool) -> Result<()> {
        let _ = (who, id, is_paused);
        todo!()
    }

    /// Ends it for good, with all its tokens, sessions, links, and mail that has not begun to leave. Recorded.
    pub async fn agent_revoke(&self, who: &SignedIn, id: &GrantId) -> Result<()> {
        let _ = (who, id);
        todo!()
    }

    /// Ends one of its sign-ins. Recorded.
    pub async fn agent_family_end(&self, who: &SignedIn, id: &GrantId, family: &FamilyId) -> Result<()> {
        let _ = (who, id, family);
        todo!()
    }
}
