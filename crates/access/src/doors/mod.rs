//! The ways in, one file each: what they have in common is that they end in a principal.

pub(crate) mod carried;
pub(crate) mod personal;
pub(crate) mod stdio;

use domain::{AccountSource, GrantedAccount, GrantedAccounts, Principal};
use storage::BearerAccount;

use crate::{Access, Refusal};

/// No bearer of any door is longer.
const BEARER_BYTES: usize = 16 * 1024;

/// Sends a bearer to the door that its first letters name.
pub(crate) async fn principal(access: &Access, bearer: &str) -> Result<Principal, Refusal> {
    if bearer.len() > BEARER_BYTES {
        return Err(Refusal::Unknown);
    }
    match bearer.get(..4) {
        Some(personal::PREFIX) => personal::principal(access, bearer).await,
        _ => Err(Refusal::Unknown),
    }
}

/// Those of a user's stored accounts that a grant reaches, in their order.
fn granted(accounts: Vec<BearerAccount>, reached: &GrantedAccounts) -> Vec<GrantedAccount> {
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
