//! Mail accounts of users. That their servers answer is tested elsewhere, before they come here.

use domain::{
    AccountId, AccountName, AccountSettings, Code, Credentials, GrantId, Problem, UserId, account::Typed,
    nearest::nearest,
};
use storage::Account;

use crate::{Access, Error, Result};

/// The most accounts of one user.
const ACCOUNTS_OF_A_USER: usize = 100;

/// How often a user may have mail servers tried.
const TRIALS_AN_HOUR: u32 = 60;

impl Access {
    /// Stores an account, its secrets sealed; the user's first one is the default.
    pub async fn account_add(
        &self,
        user: &str,
        name: &AccountName,
        settings: &AccountSettings,
        credentials: &Credentials,
    ) -> Result<Account> {
        let user = self.find_user(user).await?;
        if self.store()?.list_accounts(&user.id).await?.len() >= ACCOUNTS_OF_A_USER {
            return Err(Error::TooManyAccounts(ACCOUNTS_OF_A_USER));
        }
        let added = self.store()?.add_account(&user.id, name, settings, credentials).await;
        added.map_err(|error| match error {
            storage::Error::Taken => Error::AccountTaken(name.to_string()),
            other => other.into(),
        })
    }

    /// The user's accounts in the order of their names.
    pub async fn account_list(&self, user: &str) -> Result<Vec<Account>> {
        let user = self.find_user(user).await?;
        Ok(self.store()?.list_accounts(&user.id).await?)
    }

    /// The user's account of that name, or an error that names the nearest one.
    pub async fn account(&self, user: &str, name: &AccountName) -> Result<Account> {
        let accounts = self.account_list(user).await?;
        if let Some(account) = accounts.iter().find(|account| account.name == *name) {
            return Ok(account.clone());
        }
        let nearest =
            nearest(name.as_str(), accounts.iter().map(|account| account.name.as_str())).map(str::to_owned);
        Err(Error::AccountNotFound { name: name.to_string(), nearest })
    }

    /// Changes an account. Passwords that were not typed stay, as long as they go where they went before;
    /// `PasswordNeeded` otherwise.
    pub async fn account_edit(
        &self,
        user: &str,
        name: &AccountName,
        settings: &AccountSettings,
        typed: &Typed,
    ) -> Result<Account> {
        let user = self.find_user(user).await?;
        let edited = self.store()?.edit_account(&user.id, name, settings, typed).await;
        let edited = edited.map_err(|error| match error {
            storage::Error::PasswordNeeded(needed) => needed.into(),
            storage::Error::Changed => Error::AccountChanged,
            other => other.into(),
        })?;
        edited.ok_or_else(|| Error::AccountNotFound { name: name.to_string(), nearest: None })
    }

    /// Makes an account the one that tools use when none is named.
    pub async fn account_default(&self, user: &str, name: &AccountName) -> Result<()> {
        let account = self.account(user, name).await?;
        if self.store()?.set_default_account(&account.user, name).await? {
            Ok(())
        } else {
            Err(Error::AccountNotFound { name: name.to_string(), nearest: None })
        }
    }

    /// Counts one trial of mail servers in the user's name; `rate_limited` if there were too many: nobody
    /// should guess the passwords of mailboxes, or look around a network, from here.
    pub fn count_trial(&self, user: &UserId) -> Result<(), Problem> {
        let trials = GrantId::from_text(format!("trials of {user}"));
        self.rates().count(&trials, Some(TRIALS_AN_HOUR)).map_err(|seconds| {
            Problem::new(Code::RateLimited, "Too many tries of mail servers.")
                .hint(format!("Wait {seconds} s, then try again."))
                .retry_after(seconds)
        })
    }

    /// Removes an account and destroys its key: its secrets cannot be opened again, by nobody.
    pub async fn account_remove(&self, user: &str, name: &AccountName) -> Result<AccountId> {
        let account = self.account(user, name).await?;
        let removed = self.store()?.remove_account(&account.user, name).await?;
        removed.ok_or_else(|| Error::AccountNotFound { name: name.to_string(), nearest: None })
    }
}
