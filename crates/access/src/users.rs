//! Users: adding, disabling, passwords.

use domain::{Secret, nearest::nearest};
use storage::User;

use crate::{
    Access, Error, Result, SignedIn,
    signin::password::{self, Lane},
};

/// Whether somebody may be called that.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    if fits { Ok(()) } else { Err(Error::BadUserName) }
}

impl Access {
    /// Adds a user; the first one is an administrator. The password is hashed here.
    pub async fn user_add(&self, name: &str, is_admin: bool, password: &Secret) -> Result<User> {
        check_name(name)?;
        password::check(password)?;
        let store = self.store()?;
        if store.find_user(name).await?.is_some() {
            return Err(Error::UserTaken(name.to_owned()));
        }
        let hash = password::hash(self, Lane::Known, password).await?;
        store.add_user(name, is_admin, &hash).await.map_err(|error| match error {
            storage::Error::Taken => Error::UserTaken(name.to_owned()),
            other => other.into(),
        })
    }

    /// Whether there is any user; while there is none, a link of set-up makes the first.
    pub async fn has_users(&self) -> Result<bool> {
        Ok(self.store()?.has_users().await?)
    }

    /// All users in the order of their names.
    pub async fn user_list(&self) -> Result<Vec<User>> {
        Ok(self.store()?.list_users().await?)
    }

    /// Lets nothing in in the user's name any more: tokens, stdio, sign-in. Open sessions end, of MCP and in
    /// browsers.
    pub async fn user_disable(&self, name: &str) -> Result<()> {
        let user = self.find_user(name).await?;
        self.store()?.disable_user(&user.id, true).await?;
        Ok(())
    }

    /// Takes [`Self::user_disable`] back; unrevoked tokens work again.
    pub async fn user_enable(&self, name: &str) -> Result<()> {
        let user = self.find_user(name).await?;
        self.store()?.disable_user(&user.id, false).await?;
        Ok(())
    }

    /// Disables a user, or takes that back, in the name of an administrator. Nobody shuts out themselves, and
    /// whoever was shut out meanwhile shuts out nobody: so there is always one left. Recorded in both trails.
    pub async fn user_disable_by(&self, by: &SignedIn, name: &str, is_disabled: bool) -> Result<()> {
        let user = self.find_user(name).await?;
        if !self.store()?.disable_user_by(&by.user.id, &user.id, is_disabled).await? {
            return Err(Error::UserNotFound { name: name.to_owned(), nearest: None });
        }
        let what = if is_disabled { "user_disable" } else { "user_enable" };
        self.record_for_both(&by.user.name, &user.name, what, &[]).await;
        Ok(())
    }

    /// Gives the user another password. Their sessions in browsers end, and links that set their password.
    pub async fn user_passwd(&self, name: &str, password: &Secret) -> Result<()> {
        password::check(password)?;
        let user = self.find_user(name).await?;
        let hash = password::hash(self, Lane::Known, password).await?;
        self.store()?.set_password_hash(&user.id, None, &hash, None).await?;
        Ok(())
    }

    /// The user, if the password is theirs and they are not disabled. Takes as long for a name that
    /// nobody has. Not counted: for whoever is let in by other means, such as a shell on this machine.
    pub async fn user_verify(&self, name: &str, password: &Secret) -> Result<Option<User>> {
        let (user, hash) = self.store()?.find_password_hash(name).await?.unzip();
        let is_right = password::verify(self, Lane::Known, password, hash).await?;
        Ok(user.filter(|user| is_right && !user.is_disabled))
    }

    /// The user of that name, or an error that names the nearest one.
    pub(crate) async fn find_user(&self, name: &str) -> Result<User> {
        let store = self.store()?;
        if let Some(user) = store.find_user(name).await? {
            return Ok(user);
        }
        let users = store.list_users().await?;
        let nearest = nearest(name, users.iter().map(|user| user.name.as_str())).map(str::to_owned);
        Err(Error::UserNotFound { name: name.to_owned(), nearest })
    }
}
