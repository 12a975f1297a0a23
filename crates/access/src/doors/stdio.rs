//! A local process that one person started: `postroom stdio --user NAME [--grant LABEL]`. Whoever can
//! start it can read the data directory, so no bearer is asked for.

use domain::{Door, GrantId, GrantedAccounts, Principal};
use storage::HeldAccount;

use super::{Ceiling, carried::derived_grant, granted};
use crate::{Access, Error, Result};

pub(crate) async fn principal(
    access: &Access,
    name: &str,
    label: Option<&str>,
    ceiling: Ceiling,
) -> Result<Principal> {
    let store = access.store()?;
    let user = access.find_user(name).await?;
    if user.is_disabled {
        return Err(Error::UserDisabled(user.name));
    }
    let accounts = store.list_accounts(&user.id).await?.into_iter();
    let accounts = accounts
        .map(|account| HeldAccount { id: account.id, name: account.name, is_default: account.is_default })
        .collect();
    let Some(label) = label else {
        return Ok(Principal {
            grant: grant_of(&user.name),
            user: user.name,
            client: "stdio".to_owned(),
            door: Door::Stdio,
            sign_in: None,
            scopes: ceiling.scopes,
            accounts: granted(accounts, &GrantedAccounts::All),
            limits: ceiling.limits(),
        });
    };
    let held = access.find_grant(&user, label).await?;
    if held.is_paused {
        return Err(Error::AgentPaused(held.grant.label));
    }
    let grant = held.grant;
    Ok(Principal {
        user: user.name,
        accounts: granted(accounts, &grant.accounts),
        grant: grant.id,
        client: grant.label,
        door: Door::Stdio,
        sign_in: None,
        scopes: grant.scopes,
        limits: ceiling.complete(grant.limits),
    })
}

/// The grant of a local person without a label: it has no row.
pub(crate) fn grant_of(user: &str) -> GrantId {
    derived_grant(Door::Stdio, user, "stdio")
}
