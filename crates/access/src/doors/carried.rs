//! Accounts that are brought along instead of stored: the environment's. Nothing is looked up, so this
//! works without a data directory.

use std::sync::Arc;

use domain::{
    AccountName, AccountSettings, AccountSource, Credentials, Door, GrantId, GrantedAccount, Principal,
};
use sha2::{Digest, Sha256};

use super::Ceiling;

/// No user can have this name: parentheses are outside their alphabet.
const ENVIRONMENT: &str = "(environment)";

/// The local person whose one account comes from the environment. The grant's id is derived from
/// account name, login and server: another account is another owner of cursors, links and undo.
pub fn carried_principal(
    name: AccountName,
    settings: AccountSettings,
    credentials: Credentials,
    ceiling: Ceiling,
) -> Principal {
    let client = format!("{name} {}@{}:{}", settings.imap.username, settings.imap.host, settings.imap.port);
    Principal {
        user: ENVIRONMENT.to_owned(),
        grant: derived_grant(Door::Stdio, ENVIRONMENT, &client),
        client: "stdio".to_owned(),
        door: Door::Stdio,
        sign_in: None,
        scopes: ceiling.scopes,
        accounts: vec![GrantedAccount {
            name,
            is_default: true,
            source: AccountSource::Carried(Arc::new((settings, credentials))),
        }],
        limits: ceiling.limits(),
    }
}

/// The id of a grant without a row: the same for the same door, user and client, now and later.
pub(crate) fn derived_grant(door: Door, user: &str, client: &str) -> GrantId {
    let mut hash = Sha256::new();
    for part in [door.as_str(), user, client] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(byte, digit)| *byte = digit);
    GrantId::from_random(id)
}
