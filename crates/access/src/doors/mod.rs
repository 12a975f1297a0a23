//! The ways in, one file each: what they have in common is that they end in a principal.

pub(crate) mod bearer;
pub(crate) mod carried;
pub(crate) mod oauth;
pub(crate) mod personal;
pub(crate) mod stdio;

use domain::{
    AccountSource, ApprovalPlace, ApprovalRule, Door, GrantedAccount, GrantedAccounts, Limits, Principal,
    Scopes, Timestamp,
};
use storage::{HeldAccount, Standing};

use crate::{Access, Refusal};

/// No bearer of any door is longer.
const BEARER_BYTES: usize = 16 * 1024;

/// What the operator allows where no consent page says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceiling {
    /// The most that may be done.
    pub scopes: Scopes,
    /// When the person is asked before mail leaves.
    pub approval: ApprovalRule,
}

impl Ceiling {
    /// The limits of a local person.
    pub(crate) fn limits(self) -> Limits {
        self.complete(Limits::default())
    }

    /// The limits of a grant in the hands of a local person: the client is their own program, so that it
    /// may ask them where the grant does not say otherwise.
    pub(crate) fn complete(self, mut limits: Limits) -> Limits {
        limits.approval.get_or_insert(self.approval);
        limits.approval_place.get_or_insert(ApprovalPlace::Client);
        limits
    }
}

/// Sends a bearer to the door that its first letters name.
pub(crate) async fn principal(access: &Access, bearer: &str) -> Result<Principal, Refusal> {
    if bearer.len() > BEARER_BYTES {
        return Err(Refusal::Unknown);
    }
    match bearer.get(..4) {
        Some(oauth::PREFIX) if access.settings().has_oauth => oauth::principal(access, bearer).await,
        Some(personal::PREFIX) => personal::principal(access, bearer).await,
        _ => Err(Refusal::Unknown),
    }
}

/// The principal of a grant as it stands at `now`, if its user is let in and it has not ended.
pub(crate) fn under(standing: Standing, door: Door, now: Timestamp) -> Result<Principal, Refusal> {
    let Standing { grant, is_revoked, is_paused, user_name, is_user_disabled, accounts } = standing;
    if is_user_disabled {
        return Err(Refusal::Disabled);
    }
    if is_revoked {
        return Err(Refusal::Revoked);
    }
    if grant.expires.is_some_and(|expires| expires <= now) {
        return Err(Refusal::Expired);
    }
    if is_paused {
        return Err(Refusal::Paused);
    }
    Ok(Principal {
        user: user_name,
        accounts: granted(accounts, &grant.accounts),
        grant: grant.id,
        client: grant.label,
        door,
        sign_in: None,
        scopes: grant.scopes,
        limits: grant.limits,
    })
}

/// Those of a user's stored accounts that a grant reaches, in their order.
pub(crate) fn granted(accounts: Vec<HeldAccount>, reached: &GrantedAccounts) -> Vec<GrantedAccount> {
    accounts
        .into_iter()
        .filter(|account| reached.include(&account.name))
        .map(|account| GrantedAccount {
            name: account.name,
            is_default: account.is_default,
            source: AccountSource::Stored(account.id),
        })
        .collect()
}
