//! A person's agents: their grants, of OAuth clients and of personal tokens alike, looked at, changed, paused
//! and ended by the person.

use std::cmp::Reverse;

use domain::{Door, FamilyId, Grant, GrantId, GrantedAccounts, Limits, Scopes, Timestamp};
pub use storage::{CallCount as ToolCount, Family};
use storage::{ClientRow, HeldGrant, NewGrant, User};
use time::Duration;

use crate::{Access, AuthMethod, Client, Error, Result, SignedIn};

/// What an agent did is counted over that time.
const COUNTED: Duration = Duration::days(30);
/// What is over is kept for that long.
const KEPT: Duration = Duration::DAY;
/// Clients without a live grant are kept for that long after their last use.
const UNUSED: Duration = Duration::days(30);

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
    /// Tool calls in the last 24 hours, by whole hours.
    pub calls_of_day: u64,
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
        let store = self.store()?;
        let calls = store.count_calls_of(&who.user.id, self.clock().now() - Duration::DAY).await?;
        let mut agents = Vec::new();
        for held in store.list_grants(&who.user.id).await? {
            let calls = calls.get(&held.grant.id).copied().unwrap_or(0);
            agents.push(self.agent_of(held, calls).await?);
        }
        agents.sort_by_key(|agent| Reverse(agent.last_used.unwrap_or(agent.grant.created)));
        Ok(agents)
    }

    /// One of them; `AgentNotFound` if it is not theirs or has ended.
    pub async fn agent(&self, who: &SignedIn, id: &GrantId) -> Result<AgentDetail> {
        let store = self.store()?;
        let held = self.held_agent(who, id).await?;
        let families = store.list_families(id).await?;
        let now = self.clock().now();
        let counts = store.count_calls(id, now - COUNTED).await?;
        let of_day = store.count_calls(id, now - Duration::DAY).await?;
        let of_day = of_day.iter().map(|count| count.ok + count.other).sum();
        Ok(AgentDetail { agent: self.agent_of(held, of_day).await?, families, counts })
    }

    /// Changes what it may do, from its next call on. Recorded.
    pub async fn agent_change(&self, who: &SignedIn, id: &GrantId, change: &AgentChange) -> Result<()> {
        let store = self.store()?;
        let held = self.held_agent(who, id).await?;
        if change.scopes.is_empty() {
            return Err(Error::NoScopes);
        }
        if change.expires.is_some_and(|expires| expires <= self.clock().now()) {
            return Err(Error::AlreadyPast);
        }
        let new = NewGrant {
            label: held.grant.label,
            scopes: change.scopes,
            accounts: self.check_granted(&who.user, &change.accounts).await?,
            limits: change.limits.clone(),
            expires: change.expires,
        };
        if !store.change_grant(&who.user.id, id, &new).await? {
            return Err(Error::AgentNotFound);
        }
        self.record_of_person(who, id.clone(), "agent_change", &[], "ok").await;
        Ok(())
    }

    /// Lets nothing in for it, or does so again. Its sessions end; tokens are kept, and mail that waits goes on
    /// waiting. Recorded.
    pub async fn agent_pause(&self, who: &SignedIn, id: &GrantId, is_paused: bool) -> Result<()> {
        if !self.store()?.pause_grant(&who.user.id, id, is_paused).await? {
            return Err(Error::AgentNotFound);
        }
        let outcome = if is_paused { "paused" } else { "resumed" };
        self.record_of_person(who, id.clone(), "agent_pause", &[], outcome).await;
        Ok(())
    }

    /// Ends it for good, with all its tokens, sessions, links, and mail that has not begun to leave. Recorded.
    pub async fn agent_revoke(&self, who: &SignedIn, id: &GrantId) -> Result<()> {
        if !self.store()?.revoke_grant_of(&who.user.id, id).await? {
            return Err(Error::AgentNotFound);
        }
        self.record_of_person(who, id.clone(), "agent_revoke", &[], "ok").await;
        Ok(())
    }

    /// Ends one of its sign-ins. Its sessions end too, since they do not tell which sign-in they are of; the
    /// others open new ones. Recorded.
    pub async fn agent_family_end(&self, who: &SignedIn, id: &GrantId, family: &FamilyId) -> Result<()> {
        if !self.store()?.end_family(&who.user.id, id, family).await? {
            return Err(Error::AgentNotFound);
        }
        self.record_of_person(who, id.clone(), "agent_revoke", &[family.as_str()], "ok").await;
        Ok(())
    }

    /// Forgets what nobody needs any more: questions, codes, tokens and sign-ins that are over, counts that are
    /// not shown, and clients that nobody used for 30 days and that have no live grant. Meant to be called
    /// every hour or so.
    pub async fn grants_sweep(&self) -> Result<()> {
        let store = self.store()?;
        let now = self.clock().now();
        store.forget_consents(now - KEPT).await?;
        // kept beyond their time, so that a second use shows
        store.forget_codes(now - KEPT).await?;
        store.forget_tokens(now - KEPT).await?;
        store.forget_families(now - KEPT).await?;
        store.forget_calls(now - COUNTED - KEPT).await?;
        store.release_clients(now - UNUSED).await?;
        store.forget_clients(now - UNUSED).await?;
        Ok(())
    }

    /// Records what a person did on our pages.
    pub(crate) async fn record_of_person(
        &self,
        who: &SignedIn,
        grant: GrantId,
        tool: &str,
        targets: &[&str],
        outcome: &str,
    ) {
        let targets: Vec<String> = targets.iter().map(|target| (*target).to_owned()).collect();
        self.audit().record_under(Door::Page, &who.user.name, grant, tool, &targets, outcome).await;
    }

    /// The accounts that a person grants, if they are theirs.
    pub(crate) async fn check_granted(
        &self,
        user: &User,
        accounts: &GrantedAccounts,
    ) -> Result<GrantedAccounts> {
        match accounts {
            GrantedAccounts::All => Ok(GrantedAccounts::All),
            GrantedAccounts::Only(names) => self.check_accounts(user, names).await,
        }
    }

    async fn held_agent(&self, who: &SignedIn, id: &GrantId) -> Result<HeldGrant> {
        self.store()?.find_grant_of(&who.user.id, id).await?.ok_or(Error::AgentNotFound)
    }

    async fn agent_of(&self, held: HeldGrant, calls_of_day: u64) -> Result<Agent> {
        let client = match &held.client {
            Some(client) => self.store()?.find_client(client).await?.map(client_of),
            None => None,
        };
        Ok(Agent {
            grant: held.grant,
            client,
            is_paused: held.is_paused,
            last_used: held.last_used,
            calls_of_day,
        })
    }
}

/// A client as it is kept.
pub(crate) fn client_of(row: ClientRow) -> Client {
    Client {
        id: row.id,
        name: row.name,
        uri: row.uri,
        redirect_uris: row.redirect_uris,
        auth_method: match row.auth_method.as_str() {
            "client_secret_basic" => AuthMethod::Basic,
            "client_secret_post" => AuthMethod::Post,
            _ => AuthMethod::None,
        },
        is_document: row.is_document,
        created: row.created,
    }
}
