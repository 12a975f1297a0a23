//! A user's standing permission to a client: which accounts, which scopes, which limits.

use serde::{Deserialize, Serialize};

use crate::{AccountName, ApprovalPlace, ApprovalRule, GrantId, Scopes, Timestamp, UserId};

/// Which of the user's accounts a grant reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantedAccounts {
    /// All that the user has, later ones too.
    All,
    /// These and no others.
    Only(Vec<AccountName>),
}

impl GrantedAccounts {
    /// Whether the account of that name is reached.
    pub fn include(&self, name: &AccountName) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

/// Limits of a grant; absent means unlimited, except for rates, which have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// If not empty, only these folders exist (paths or `@roles`).
    pub folders: Vec<String>,
    /// Messages received before this do not exist.
    #[serde(with = "time::serde::rfc3339::option")]
    pub nothing_before: Option<Timestamp>,
    /// Tool calls an hour; 600 if absent.
    pub calls_per_hour: Option<u32>,
    /// Whether one-time codes and sign-in links are shown instead of masked.
    pub shows_codes: bool,
    /// When the person is asked before mail leaves; for new recipients if absent.
    pub approval: Option<ApprovalRule>,
    /// Where the person answers; on our own pages if absent, in the client where that is a local process.
    pub approval_place: Option<ApprovalPlace>,
    /// If not empty, mail leaves only to these addresses, to any of a domain (`*@example.org`), and to the
    /// account's own identities.
    pub recipients: Vec<String>,
    /// Messages sent an hour; 30 if absent.
    pub sends_per_hour: Option<u32>,
}

impl Limits {
    /// Whether mail could leave under these with less said by the person than under `before`: asked for less, in
    /// the client, or to more addresses. `fallback` is the rule where none is named.
    pub fn is_looser_than(&self, before: &Self, fallback: ApprovalRule) -> bool {
        let asks = |limits: &Self| limits.approval.unwrap_or(fallback).looseness();
        let is_client = |limits: &Self| limits.approval_place == Some(ApprovalPlace::Client);
        // an empty list is no limit
        let reaches_more = !before.recipients.is_empty()
            && (self.recipients.is_empty()
                || self.recipients.iter().any(|recipient| !before.recipients.contains(recipient)));
        asks(self) > asks(before) || (is_client(self) && !is_client(before)) || reaches_more
    }
}

/// A grant as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The user who gave it.
    pub user: UserId,
    /// The client's name, or the label of a personal token; unique to the user.
    pub label: String,
    /// What it allows.
    pub scopes: Scopes,
    /// Where it allows it.
    pub accounts: GrantedAccounts,
    /// Its limits.
    pub limits: Limits,
    /// When it was given.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(approval: Option<ApprovalRule>, place: Option<ApprovalPlace>, recipients: &[&str]) -> Limits {
        let recipients = recipients.iter().map(|&recipient| recipient.to_owned()).collect();
        Limits { approval, approval_place: place, recipients, ..Limits::default() }
    }

    #[test]
    fn looser_is_whatever_lets_mail_leave_with_less_said_and_nothing_else() {
        use ApprovalPlace::{Client, Page};
        use ApprovalRule::{AfterStrangers, Always, Never, NewRecipients};
        let rules = ApprovalRule::ALL;
        for (strictness, &before) in rules.iter().enumerate() {
            for (looseness, &after) in rules.iter().enumerate() {
                let (before, after) = (limits(Some(before), None, &[]), limits(Some(after), None, &[]));
                assert_eq!(after.is_looser_than(&before, NewRecipients), looseness > strictness);
            }
        }
        for (before, after, fallback, is_looser) in [
            (limits(Some(Always), None, &[]), limits(None, None, &[]), NewRecipients, true),
            (limits(Some(Always), None, &[]), limits(None, None, &[]), Always, false),
            (limits(None, None, &[]), limits(Some(AfterStrangers), None, &[]), NewRecipients, true),
            (limits(None, None, &[]), limits(Some(Never), None, &[]), Never, false),
            (limits(None, None, &[]), limits(None, Some(Client), &[]), Always, true),
            (limits(None, Some(Page), &[]), limits(None, Some(Client), &[]), Always, true),
            (limits(None, Some(Client), &[]), limits(None, Some(Client), &[]), Always, false),
            (limits(None, Some(Client), &[]), limits(None, None, &[]), Always, false),
            (limits(None, None, &["a@x"]), limits(None, None, &["a@x", "b@x"]), Always, true),
            (limits(None, None, &["a@x"]), limits(None, None, &["*@x"]), Always, true),
            (limits(None, None, &["a@x"]), limits(None, None, &[]), Always, true),
            (limits(None, None, &["a@x", "b@x"]), limits(None, None, &["b@x"]), Always, false),
            (limits(None, None, &[]), limits(None, None, &["a@x"]), Always, false),
        ] {
            assert_eq!(after.is_looser_than(&before, fallback), is_looser, "{before:?} {after:?}");
        }
    }
}
