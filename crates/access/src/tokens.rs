//! Personal agent tokens: grants without the browser dance.

use domain::{
    AccountName, Grant, GrantId, GrantedAccounts, Limits, Scopes, Secret, Timestamp, nearest::nearest,
};
use storage::{HeldGrant, User};
use time::Duration;

use crate::{
    Access, Error, Result,
    doors::{bearer, personal},
};

/// What a new token is to allow.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The label it is listed and revoked by.
    pub label: String,
    /// What it allows.
    pub scopes: Scopes,
    /// Where it allows it; all accounts, later ones too, if absent.
    pub accounts: Option<Vec<AccountName>>,
    /// How long it lives; until revoked if absent.
    pub lifetime: Option<Duration>,
    /// Further limits.
    pub limits: Limits,
}

/// A token as it is listed: its grant and when it was last used (within a minute).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its grant.
    pub grant: Grant,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}

impl Access {
    /// Makes a token. The secret is the bearer: it is not kept and cannot be shown again.
    pub async fn token_new(&self, user: &str, new: &NewToken) -> Result<(Grant, Secret)> {
        let store = self.store()?;
        let label = new.label.trim();
        if !(1..=64).contains(&label.chars().count()) || label.chars().any(char::is_control) {
            return Err(Error::BadLabel);
        }
        if new.scopes.is_empty() {
            return Err(Error::NoScopes);
        }
        let user = self.find_user(user).await?;
        if user.is_disabled {
            return Err(Error::UserDisabled(user.name));
        }
        let accounts = match &new.accounts {
            None => GrantedAccounts::All,
            Some(names) => self.check_accounts(&user, names).await?,
        };
        let expires = new.lifetime.map(|lifetime| self.end_of(lifetime)).transpose()?;
        let (bearer, hash) = bearer::mint(self.random(), personal::PREFIX);
        let grant = storage::NewGrant {
            label: label.to_owned(),
            scopes: new.scopes,
            accounts,
            limits: new.limits.clone(),
            expires,
        };
        let added = store.add_grant(&user.id, &grant, &storage::NewToken { hash, expires: None }).await;
        let grant = added.map_err(|error| match error {
            storage::Error::Taken => Error::LabelTaken(label.to_owned()),
            other => other.into(),
        })?;
        Ok((grant, bearer))
    }

    /// The user's live tokens in the order of their labels; those of OAuth clients are among them.
    pub async fn token_list(&self, user: &str) -> Result<Vec<Token>> {
        let user = self.find_user(user).await?;
        let grants = self.store()?.list_grants(&user.id).await?;
        Ok(grants.into_iter().map(|held| Token { grant: held.grant, last_used: held.last_used }).collect())
    }

    /// Ends a token at once, in every process that works on this data directory. Its label is free again.
    pub async fn token_revoke(&self, user: &str, label: &str) -> Result<GrantId> {
        let user = self.find_user(user).await?;
        match self.store()?.revoke_grant(&user.id, label.trim()).await? {
            Some(id) => Ok(id),
            None => Err(self.label_not_found(&user, label).await?),
        }
    }

    /// The user's live grant of that label, or an error that names the nearest one.
    pub(crate) async fn find_grant(&self, user: &User, label: &str) -> Result<HeldGrant> {
        match self.store()?.find_grant(&user.id, label.trim()).await? {
            Some(held) => Ok(held),
            None => Err(self.label_not_found(user, label).await?),
        }
    }

    pub(crate) fn end_of(&self, lifetime: Duration) -> Result<Timestamp> {
        let end = self.clock().now().checked_add(lifetime).filter(|_| lifetime.is_positive());
        end.ok_or_else(|| Error::BadDuration(lifetime.to_string()))
    }

    async fn label_not_found(&self, user: &User, label: &str) -> Result<Error> {
        let grants = self.store()?.list_grants(&user.id).await?;
        let nearest = nearest(label, grants.iter().map(|held| held.grant.label.as_str())).map(str::to_owned);
        Ok(Error::LabelNotFound { name: label.to_owned(), nearest })
    }

    pub(crate) async fn check_accounts(&self, user: &User, names: &[AccountName]) -> Result<GrantedAccounts> {
        if names.is_empty() {
            return Err(Error::NoAccounts);
        }
        let accounts = self.store()?.list_accounts(&user.id).await?;
        for name in names {
            if !accounts.iter().any(|account| account.name == *name) {
                let nearest = nearest(name.as_str(), accounts.iter().map(|account| account.name.as_str()))
                    .map(str::to_owned);
                return Err(Error::AccountNotFound { name: name.to_string(), nearest });
            }
        }
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        Ok(GrantedAccounts::Only(names))
    }
}
