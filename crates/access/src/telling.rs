//! Which people are to be told by mail that something waits for them, each at most once in a quarter of an hour
//! over all processes. Who sends the mail, and what it says, is for others; what was not sent is told in a later
//! quarter, as long as it waits.

use domain::{AccountName, ApprovalId, Door, Limits, Principal, Scopes, Timestamp, UserId, chain};
use storage::{HeldAccount, Untold, WaitingMessage, Wishes};
use time::Duration;

use crate::{
    Access, Result,
    doors::{carried::derived_grant, granted},
};

/// Nobody is told more often.
const QUARTER: Duration = Duration::minutes(15);

/// How many people are seen to in one go.
const AT_ONCE: u32 = 50;

/// How many accounts are tried to tell one person from.
const ACCOUNTS: usize = 3;

/// Somebody who is to be told now, by whoever got this and nobody else.
#[derive(Debug)]
pub struct Telling {
    /// The person, as whom their own account is opened.
    pub principal: Principal,
    /// Accounts of theirs that what waits would leave from; the one of the oldest first.
    pub accounts: Vec<AccountName>,
    /// How many messages wait.
    pub waiting: usize,
    /// The labels of the agents that they are of, as they are, each once.
    pub agents: Vec<String>,
    /// When the first of them is over.
    pub until: Timestamp,
    approvals: Vec<ApprovalId>,
}

impl Access {
    /// The people who are to be told now, each claimed for a quarter of an hour: whoever gets this tells them,
    /// or nobody does before then. Who does not wish to be told is left out, and so is, with a line in the log,
    /// whoever cannot be looked after: the others are told.
    pub async fn telling_claim(&self) -> Result<Vec<Telling>> {
        let until = self.clock().now() + QUARTER;
        let mut tellings = Vec::new();
        for person in self.store()?.telling_due(until, AT_ONCE).await? {
            match self.telling_claim_of(&person, until).await {
                Ok(telling) => tellings.extend(telling),
                Err(error) => tracing::error!(error = %chain(&error), "somebody is not told of what waits"),
            }
        }
        Ok(tellings)
    }

    async fn telling_claim_of(&self, person: &Untold, until: Timestamp) -> Result<Option<Telling>> {
        let store = self.store()?;
        if !wants_mail(person.wishes.as_deref()) {
            // so that they are not looked at again for the same messages
            let untold: Vec<ApprovalId> =
                untold(&store.telling_waiting(&person.name).await?).cloned().collect();
            store.telling_done(&untold, true).await?;
            return Ok(None);
        }
        if !store.telling_claim(&person.name, until).await? {
            return Ok(None);
        }
        let waiting = store.telling_waiting(&person.name).await?;
        self.telling_of(person, &waiting).await
    }

    /// The person was told.
    pub async fn telling_done(&self, telling: &Telling) -> Result<()> {
        Ok(self.store()?.telling_done(&telling.approvals, false).await?)
    }

    /// What a person is told of what waits; nothing if all was decided meanwhile.
    async fn telling_of(&self, person: &Untold, waiting: &[WaitingMessage]) -> Result<Option<Telling>> {
        let approvals: Vec<ApprovalId> = untold(waiting).cloned().collect();
        let Some(until) =
            waiting.iter().map(|message| message.expires).min().filter(|_| !approvals.is_empty())
        else {
            return Ok(None);
        };
        let mut accounts: Vec<AccountName> = Vec::new();
        let mut agents: Vec<String> = Vec::new();
        for message in waiting {
            if !message.is_told && accounts.len() < ACCOUNTS && !accounts.contains(&message.account_name) {
                accounts.push(message.account_name.clone());
            }
            if !agents.contains(&message.client) {
                agents.push(message.client.clone());
            }
        }
        let principal = self.principal_of(&person.id, &person.name).await?;
        Ok(Some(Telling { principal, accounts, waiting: waiting.len(), agents, until, approvals }))
    }

    /// The person as whoever opens their accounts and sends from them; no more than that.
    async fn principal_of(&self, id: &UserId, name: &str) -> Result<Principal> {
        let held = self.store()?.list_accounts(id).await?.into_iter();
        let held =
            held.map(|it| HeldAccount { id: it.id, name: it.name, is_default: it.is_default }).collect();
        Ok(Principal {
            user: name.to_owned(),
            grant: derived_grant(Door::Page, name, "telling"),
            client: "telling".to_owned(),
            door: Door::Page,
            sign_in: None,
            scopes: Scopes::NONE,
            accounts: granted(held, &domain::GrantedAccounts::All),
            limits: Limits::default(),
        })
    }
}

fn untold(waiting: &[WaitingMessage]) -> impl Iterator<Item = &ApprovalId> {
    waiting.iter().filter(|message| !message.is_told).map(|message| &message.approval)
}

/// Whether they want mail: yes, unless they said no.
fn wants_mail(wishes: Option<&str>) -> bool {
    let read = |wishes| serde_json::from_str::<Wishes>(wishes).unwrap_or_default();
    wishes.map_or_else(Wishes::default, read).tells_by_mail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_never_said_no_is_told() {
        for (wishes, expected) in [
            (None, true),
            (Some("{}"), true),
            (Some(r#"{"undo_days":3}"#), true),
            (Some(r#"{"tells_by_mail":true}"#), true),
            (Some(r#"{"tells_by_mail":false,"undo_days":3}"#), false),
        ] {
            assert_eq!(wants_mail(wishes), expected, "{wishes:?}");
        }
    }
}
