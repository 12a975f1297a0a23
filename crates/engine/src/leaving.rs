//! What may leave: decided by code from who the recipients are and what the grant has read, never by a model.
//!
//! A message received makes nobody known. The rules are those of SECURITY.md; whoever sends asks here twice,
//! when the message is frozen and again at the moment it leaves.

mod allowed;
mod exposure;
mod known;

use domain::{
    AccountName, AccountSource, ApprovalReason, ApprovalRule, Code, Door, HomeAccount, Principal, Problem,
};

pub(crate) use self::{
    allowed::{AllowList, folded},
    exposure::{Exposures, Shown},
    known::{Known, Recall},
};
use crate::{Account, Engine, accounts::home};

/// What is to happen to a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Judgement {
    /// Why the person is asked; it may leave if there is no reason.
    pub(crate) reasons: Vec<ApprovalReason>,
    /// How many recipients the person never wrote to, whether or not they are asked about.
    pub(crate) new_recipients: u32,
}

impl Engine {
    /// Judges a message to those addresses (as they stand in the envelope) from `account`. An error is a
    /// recipient that the grant never allows, or that could not be looked up: then nothing leaves.
    pub(crate) async fn judge(
        &self,
        principal: &Principal,
        account: &Account,
        recipients: &[String],
    ) -> Result<Judgement, Problem> {
        check_allowed(principal, account, recipients)?;
        let rule = principal.limits.approval.unwrap_or_default();
        let others: Vec<&String> = recipients
            .iter()
            .filter(|recipient| !is_allowed(principal, account, &folded(recipient)))
            .collect();
        let asked: Vec<String> = others.iter().map(|recipient| folded(recipient)).collect();
        let read = self.read_lately(principal, account).await?;
        let asks_for_new = match rule {
            ApprovalRule::Always | ApprovalRule::NewRecipients => true,
            ApprovalRule::AfterStrangers => read.is_of_strangers,
            ApprovalRule::Never => false,
        };
        let recall = if asks_for_new { Recall::Known } else { Recall::Both };
        let unknown = self.unknown(account, &asked, recall).await?;
        let is_new = |recipient: &&&String| unknown.contains(&folded(recipient));
        let mut reasons = Vec::new();
        if rule == ApprovalRule::Always {
            reasons.push(ApprovalReason::Always);
        }
        if asks_for_new {
            let new = others.iter().filter(is_new);
            reasons
                .extend(new.map(|recipient| ApprovalReason::NewRecipient { address: (*recipient).clone() }));
        }
        if let (Some(other), true) = (read.of_another, rule != ApprovalRule::Never) {
            reasons.extend(others.iter().map(|recipient| ApprovalReason::AcrossAccounts {
                address: (*recipient).clone(),
                read: other.name.clone(),
            }));
        }
        let new_recipients = u32::try_from(unknown.len()).unwrap_or(u32::MAX);
        Ok(Judgement { reasons, new_recipients })
    }

    /// What the grant has read in the last day.
    async fn read_lately(&self, principal: &Principal, account: &Account) -> Result<Read, Problem> {
        let Some(store) = &self.0.settings.store else {
            // Without a memory everything was read.
            return Ok(Read { is_of_strangers: true, of_another: Some(Another { name: None }) });
        };
        let now = self.now();
        let exposures = store.exposures(&principal.grant, now).await.map_err(|error| {
            tracing::error!(%error, "what a grant read cannot be looked up");
            Problem::new(Code::Internal, "What was read lately cannot be looked up, so nothing is sent.")
        })?;
        let mut read = Read { is_of_strangers: false, of_another: None };
        for exposure in exposures {
            read.is_of_strangers |= exposure.stranger_until.is_some_and(|until| until > now);
            if exposure.account != account.home && exposure.until > now && read.of_another.is_none() {
                read.of_another = Some(Another { name: Self::name_of(principal, &exposure.account) });
            }
        }
        Ok(read)
    }

    /// Which account of the principal that is, if it is one.
    fn name_of(principal: &Principal, wanted: &HomeAccount) -> Option<AccountName> {
        for granted in &principal.accounts {
            if home(principal, &granted.name).is_ok_and(|of_it| of_it == *wanted) {
                return Some(granted.name.clone());
            }
        }
        None
    }
}

/// What a grant has read.
struct Read {
    is_of_strangers: bool,
    of_another: Option<Another>,
}

/// Another account than the one that is sent from.
struct Another {
    /// Its name, where it is the grant's.
    name: Option<AccountName>,
}

/// Whether nobody needs to be asked about the address, folded: it is the account's own, or on the list.
fn is_allowed(principal: &Principal, account: &Account, address: &str) -> bool {
    address == folded(&account.address) || AllowList::of(&principal.limits.recipients).has(address)
}

/// Refuses recipients that the grant never allows.
pub(crate) fn check_allowed(
    principal: &Principal,
    account: &Account,
    recipients: &[String],
) -> Result<(), Problem> {
    let is_limited =
        !AllowList::of(&principal.limits.recipients).is_empty() || nobody_can_be_asked(principal, account);
    let refused = recipients.iter().find(|recipient| !is_allowed(principal, account, &folded(recipient)));
    let Some(refused) = refused.filter(|_| is_limited) else { return Ok(()) };
    let shown: String = refused.chars().filter(|c| !c.is_control()).take(100).collect();
    let told = format!("This grant may not send to `{shown}`.");
    Err(Problem::new(Code::RecipientNotAllowed, told)
        .hint("Leave the recipient out, or ask the person to add the address to the grant's recipients."))
}

/// Where accounts are brought along to a server, no person can sign in to be asked.
fn nobody_can_be_asked(principal: &Principal, account: &Account) -> bool {
    let is_carried = principal
        .accounts
        .iter()
        .any(|granted| granted.name == account.name && matches!(granted.source, AccountSource::Carried(_)));
    is_carried && matches!(principal.door, Door::Sealed | Door::Header | Door::Oidc)
}

#[cfg(test)]
mod tests;
