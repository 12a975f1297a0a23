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
        self.record_for_both(&by.user.name, &user.name, what, &[]).await;
        Ok(())
    }

    /// Records what `by` did about somebody: in their own trail with the name, and in the other's with `by:` and who
    /// did it. The operator, who has no name and no trail, is `by:` alone.
    pub(crate) async fn record_for_both(&self, by: &str, name: &str, what: &str, targets: &[String]) {
        let with = |more: String| targets.iter().cloned().chain([more]).collect::<Vec<_>>();
        if !by.is_empty() {
            self.audit().record_page(by, what, &with(name.to_owned()), "ok").await;
        }
        if by != name {
            self.audit().record_page(name, what, &with(format!("by:{by}")), "ok").await;
        }
    }
}
