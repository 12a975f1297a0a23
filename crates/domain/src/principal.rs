//! Who is calling now, and what the call may touch: what every door hands to the rooms behind it.

use std::sync::Arc;

use crate::{AccountId, AccountName, AccountSettings, Credentials, FamilyId, GrantId, Limits, Scope, Scopes};

/// The way in that a request took. Only logs and audit rows may look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    /// Our own authorization server.
    OAuth,
    /// Everything sealed in the token.
    Sealed,
    /// Credentials in headers.
    Header,
    /// An external issuer's JWT.
    Oidc,
    /// A personal agent token.
    Personal,
    /// A local process.
    Stdio,
    /// A link to a file, which an agent was given and somebody opened.
    Link,
    /// A person on our own pages.
    Page,
}

impl Door {
    /// The name in logs and audit rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OAuth => "oauth",
            Self::Sealed => "sealed",
            Self::Header => "header",
            Self::Oidc => "oidc",
            Self::Personal => "personal",
            Self::Stdio => "stdio",
            Self::Link => "link",
            Self::Page => "page",
        }
    }
}

/// Where an account's settings and secrets come from.
#[derive(Debug, Clone)]
pub enum AccountSource {
    /// From the database, secrets sealed there.
    Stored(AccountId),
    /// Brought along by the request or the environment; never stored.
    Carried(Arc<(AccountSettings, Credentials)>),
}

/// One account that the principal may open.
#[derive(Debug, Clone)]
pub struct GrantedAccount {
    /// Its name.
    pub name: AccountName,
    /// Whether tools use it when none is named.
    pub is_default: bool,
    /// Where its settings are.
    pub source: AccountSource,
}

/// Who is calling. Made by `access` alone, for one request, from the live grant.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The user's name.
    pub user: String,
    /// The grant that the call runs under; owner of cursors, links and undo.
    pub grant: GrantId,
    /// The grant's label.
    pub client: String,
    /// The way in.
    pub door: Door,
    /// The sign-in of an OAuth client that the call came by, which can be ended alone; absent for other doors.
    pub sign_in: Option<FamilyId>,
    /// What may be done.
    pub scopes: Scopes,
    /// Where it may be done, in the order of their names.
    pub accounts: Vec<GrantedAccount>,
    /// Limits of the grant.
    pub limits: Limits,
}

impl Principal {
    /// Whether the principal holds `scope`.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope)
    }
}
