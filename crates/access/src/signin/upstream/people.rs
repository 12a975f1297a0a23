//! Who comes from the provider: known already, new by an invitation or an open door, or linked by who is signed in.

use domain::{Secret, Timestamp};
use storage::{Identity, IdentityUse, NewIdentity, WayRemoval};

use super::{
    Provider, ProviderRefusal,
    token::{About, Told},
};
use crate::{
    Access, Browser, Error, Opened, Result, SignedIn, Signup,
    signin::{code, throttle::Attempt},
    users::check_name,
    web_sessions::AT_ONCE,
};

/// Names that are tried for a new person.
const NAMES: u32 = 100;

impl Access {
    /// The identity as it is kept, and what its person could be called.
    pub(super) async fn identity_of(
        &self,
        provider: &Provider,
        told: Told,
        access_token: &str,
    ) -> (NewIdentity, String) {
        let mut names = told.names;
        // many say no names in their tokens, but only when asked for them
        if names.is_empty()
            && let Some(about) = provider.about::<About>(access_token).await
            && about.sub == told.subject
        {
            names = about.names;
        }
        let issuer = provider.settings.issuer.clone();
        (NewIdentity { issuer, subject: told.subject, shown: names.shown() }, names.user_name())
    }

    pub(super) async fn link(&self, who: &SignedIn, new: NewIdentity) -> Result<(), ProviderRefusal> {
        if !self.store()?.identity_add(&who.user.id, &new).await? {
            return Err(ProviderRefusal::Taken);
        }
        self.audit().record_page(&who.user.name, "identity_add", &[new.issuer], "ok").await;
        Ok(())
    }

    /// Opens a session for whoever came; makes them a user first if they are none and may become one. `asked`: when
    /// they were sent there, in seconds since 1970, and by which link. Unless they signed in there since, this is no
    /// proof for changes: the provider may have answered for whoever sits at the browser.
    pub(super) async fn come_in(
        &self,
        provider: &Provider,
        told: Told,
        access_token: &str,
        (asked, invitation): (i64, Option<Secret>),
        browser: &Browser,
    ) -> Result<(Opened, bool), ProviderRefusal> {
        let store = self.store()?;
        let issuer = provider.settings.issuer.as_str();
        let is_known = store.identity_user(issuer, &told.subject).await?.is_some();
        let subject = told.subject.clone();
        let is_proven = !is_known || told.is_since(asked);
        match (is_known, invitation) {
            // who is a user already does not use up a place that somebody else could have
            (true, Some(_)) => return Err(ProviderRefusal::Taken),
            (true, None) => {}
            (false, Some(link)) => {
                let link = code::hash(&link).ok_or(Error::InvitationOver)?;
                if self.settings().signup == Signup::Off {
                    return Err(Error::InvitationOver.into());
                }
                let (identity, name) = self.identity_of(provider, told, access_token).await;
                self.join(&identity, &name, Some(link)).await?;
            }
            (false, None) => {
                if self.settings().signup != Signup::Open || !self.has_users().await? {
                    return Err(ProviderRefusal::Unknown);
                }
                let attempt = Attempt::SignUp { address: &browser.address };
                self.throttle().take(&attempt).map_err(ProviderRefusal::TooMany)?;
                let (identity, name) = self.identity_of(provider, told, access_token).await;
                self.join(&identity, &name, None).await?;
            }
        }
        let (cookie, mut new) = self.new_session("oidc", browser);
        if !is_proven {
            new.proven = Timestamp::UNIX_EPOCH;
        }
        match store.web_session_open_by_identity(issuer, &subject, &new, AT_ONCE).await? {
            IdentityUse::Opened(user, session) => {
                let opened = self.begin_session(Some((user, session)), cookie, new, browser).await?;
                Ok((opened.ok_or(ProviderRefusal::Unknown)?, !is_known))
            }
            IdentityUse::Disabled => Err(ProviderRefusal::Disabled),
            IdentityUse::Unknown => Err(ProviderRefusal::Unknown),
        }
    }

    /// Makes a user of that name whom a provider let in, and who has no password, and opens a session for them: for
    /// tests of the doors, which meet no provider. No program that is built without tests has it.
    #[cfg(feature = "tests")]
    pub async fn let_in_without_password(&self, name: &str) -> Result<Option<Opened>> {
        let (issuer, subject, browser) = ("https://id.example", name, Browser::default());
        let shown = format!("{name}@example.org");
        let identity = NewIdentity { issuer: issuer.to_owned(), subject: subject.to_owned(), shown };
        let store = self.store()?;
        store.add_user_of(name, &identity, None).await?;
        let (cookie, new) = self.new_session("oidc", &browser);
        let opened = match store.web_session_open_by_identity(issuer, subject, &new, AT_ONCE).await? {
            IdentityUse::Opened(user, session) => Some((user, session)),
            IdentityUse::Disabled | IdentityUse::Unknown => None,
        };
        self.begin_session(opened, cookie, new, &browser).await
    }

    /// Makes a user of that identity, called `name` or something like it.
    async fn join(
        &self,
        identity: &NewIdentity,
        name: &str,
        link: Option<[u8; 32]>,
    ) -> Result<(), ProviderRefusal> {
        let store = self.store()?;
        for number in 1..=NAMES {
            let name = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
            check_name(&name)?;
            match store.add_user_of(&name, identity, link.as_ref()).await {
                Ok(Some(user)) => {
                    let what = if link.is_some() { "invitation_accept" } else { "sign_up" };
                    let targets = std::slice::from_ref(&identity.issuer);
                    self.audit().record_page(&user.name, what, targets, "ok").await;
                    return Ok(());
                }
                Ok(None) if link.is_some() => return Err(Error::InvitationOver.into()),
                // of two tabs the other was faster
                Ok(None) => return Err(ProviderRefusal::Taken),
                Err(storage::Error::Taken) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ProviderRefusal::Unavailable(Error::UserTaken(name.to_owned())))
    }

    /// Who the person is at providers, oldest first.
    pub async fn identity_list(&self, who: &SignedIn) -> Result<Vec<Identity>> {
        Ok(self.store()?.identity_list(&who.user.id).await?)
    }

    /// Lets the person in by that identity no more, unless nothing else would. Recorded.
    pub async fn identity_remove(&self, who: &SignedIn, issuer: &str, subject: &str) -> Result<WayRemoval> {
        let (asked, identity) = (self.login_issuer(), (issuer, subject));
        let removal = self.store()?.identity_remove(&who.user.id, identity, asked, &who.session).await?;
        if removal == WayRemoval::Removed {
            self.audit().record_page(&who.user.name, "identity_remove", &[issuer.to_owned()], "ok").await;
        }
        Ok(removal)
    }
}
