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
