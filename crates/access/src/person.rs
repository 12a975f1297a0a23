//! A person on our own pages as whoever opens their accounts: what they look at and take back themselves, under
//! no grant.

use domain::{Door, GrantedAccounts, Limits, Principal, Scopes};
use storage::HeldAccount;

use crate::{
    Access, Result, SignedIn,
    doors::{carried::derived_grant, granted},
};

impl Access {
    /// The principal of a person who is signed in: all their accounts, everything that can be done. For what
    /// they do on our pages alone, never for an agent's call.
    pub async fn person(&self, who: &SignedIn) -> Result<Principal> {
        let held = self.store()?.list_accounts(&who.user.id).await?.into_iter();
        let held =
            held.map(|it| HeldAccount { id: it.id, name: it.name, is_default: it.is_default }).collect();
        Ok(Principal {
            user: who.user.name.clone(),
            grant: derived_grant(Door::Page, &who.user.name, "page"),
            client: "page".to_owned(),
            door: Door::Page,
            sign_in: None,
            scopes: Scopes::all(),
            accounts: granted(held, &GrantedAccounts::All),
            limits: Limits { shows_codes: true, ..Limits::default() },
        })
    }
}
