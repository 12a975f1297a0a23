//! What people wish of the server: looked at and changed by themselves, kept to by the sweeps.

use domain::UserId;
pub use storage::Wishes;

use crate::{Access, Error, Result, SignedIn};

impl Access {
    /// What the user wishes; the default if there is no such user.
    pub async fn wishes(&self, user: &UserId) -> Result<Wishes> {
        Ok(self.store()?.wishes(user).await?)
    }

    /// Sets what the person wishes; `BadWish` if it is none of what is offered. Recorded.
    pub async fn wishes_set(&self, who: &SignedIn, wishes: &Wishes) -> Result<()> {
        if !wishes.is_possible() {
            return Err(Error::BadWish);
        }
        self.store()?.wishes_set(&who.user.id, wishes).await?;
        self.audit().record_page(&who.user.name, "wishes_set", &[], "ok").await;
        Ok(())
    }

    /// Forgets activity that its person wished to be kept no longer; answers how many rows. What fails for one
    /// person is done for the others, and is the error then. Meant to be called every hour or so.
    pub async fn activity_sweep(&self) -> Result<u64> {
        let (store, now) = (self.store()?, self.clock().now());
        let (mut forgotten, mut failed) = (0, None);
        for (user, wishes) in store.wishes_of_all().await? {
            if let Some(before) = wishes.activity_before(now) {
                match store.audit_delete_before(&user, before).await {
                    Ok(rows) => forgotten += rows,
                    Err(error) => failed = Some(error),
                }
            }
        }
        failed.map_or(Ok(forgotten), |error| Err(error.into()))
    }
}
