//! People who go, or are sent away: shut out at once, and a moment later removed with everything that is theirs.
//!
//! What was running in their name gets that moment to end, so that nothing is written behind the removal.

use domain::{AccountId, Door};
use storage::{Removal, RemovalBegun, Removed, Remover, User};
use time::Duration;

use crate::{
    Access, Error, Result, SignedIn,
    doors::{carried::derived_grant, stdio},
};

/// What runs in somebody's name ends within that time once they are shut out.
const SETTLES: Duration = Duration::seconds(5);

/// How far removals came.
#[derive(Debug, Default)]
pub struct WentOn {
    /// The accounts that are gone.
    pub gone: Vec<AccountId>,
    /// Why somebody could not be removed, if that is so; of several the last.
    pub failed: Option<Error>,
}

impl Access {
    /// Shuts the person out and has everything of theirs removed. `LastAdministrator` if nobody would be left
    /// to look after the others.
    pub async fn remove_self(&self, who: &SignedIn) -> Result<()> {
        self.begin(&who.user, Remover::Own).await
    }

    /// The same for somebody else, in the name of an administrator; recorded in the trail of the latter.
    pub async fn user_remove_by(&self, by: &SignedIn, name: &str) -> Result<()> {
        let user = self.find_user(name).await?;
        self.begin(&user, Remover::Administrator(&by.user.id)).await?;
        self.audit().record_page(&by.user.name, "user_remove", &[user.name], "ok").await;
        Ok(())
    }

    /// The same for whoever runs the server.
    pub async fn user_remove(&self, name: &str) -> Result<()> {
        let user = self.find_user(name).await?;
        self.begin(&user, Remover::Own).await
    }

    /// Whether there is still somebody of that name.
    pub async fn has_user(&self, name: &str) -> Result<bool> {
        Ok(self.store()?.find_user(name).await?.is_some())
    }

    /// Goes on with every removal that was begun a moment ago, also if another one fails. Meant to be called every
    /// second or so.
    pub async fn removals_go_on(&self) -> Result<WentOn> {
        let store = self.store()?;
        let settled = self.clock().now() - SETTLES;
        let mut went = WentOn::default();
        for removal in store.removals().await?.into_iter().filter(|removal| removal.since <= settled) {
            // what is recorded about them is written first, and goes with the rest
            self.writer().flush().await;
            match store.removal_go_on(&removal, &grants_without_rows(&removal)).await {
                Ok(Removed::All(accounts)) => {
                    tracing::info!(user = removal.user.as_str(), "a person was removed");
                    went.gone.extend(accounts);
                }
                Ok(Removed::Waits | Removed::No) => {}
                Err(error) => went.failed = Some(error.into()),
            }
        }
        Ok(went)
    }

    async fn begin(&self, user: &User, by: Remover<'_>) -> Result<()> {
        match self.store()?.removal_begin(&user.id, by).await? {
            RemovalBegun::Yes | RemovalBegun::Already => Ok(()),
            RemovalBegun::LastAdministrator => Err(Error::LastAdministrator),
            RemovalBegun::No => Err(Error::UserNotFound { name: user.name.clone(), nearest: None }),
        }
    }
}

/// What the person did on our pages and as a local process was done under these.
fn grants_without_rows(removal: &Removal) -> [domain::GrantId; 2] {
    [stdio::grant_of(&removal.name), derived_grant(Door::Page, &removal.name, "page")]
}
