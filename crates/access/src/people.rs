//! People as their administrator sees and arranges them: in numbers, never in what they do or write.

pub use storage::PersonInNumbers;

use crate::{Access, Error, Result, SignedIn};

impl Access {
    /// Everybody in the order of their names.
    pub async fn people(&self) -> Result<Vec<PersonInNumbers>> {
        Ok(self.store()?.people().await?)
    }

    /// Makes somebody an administrator, or takes that back, in the name of one; one is always left, else
    /// `LastAdministrator`. Recorded in both trails.
    pub async fn user_set_admin_by(&self, by: &SignedIn, name: &str, is_admin: bool) -> Result<()> {
        let user = self.find_user(name).await?;
        if !self.store()?.set_admin_by(&by.user.id, &user.id, is_admin).await? {
            return Err(if is_admin {
                Error::UserNotFound { name: user.name, nearest: None }
            } else {
                Error::LastAdministrator
            });
        }
        let what = if is_admin { "admin_make" } else { "admin_unmake" };
        self.audit().record_page(&by.user.name, what, std::slice::from_ref(&user.name), "ok").await;
        if user.id != by.user.id {
            self.audit().record_page(&user.name, what, std::slice::from_ref(&by.user.name), "ok").await;
        }
        Ok(())
    }
}
