//! Links that let somebody in once: the first person, people who were invited, people who forgot their
//! password. Only the hash of what stands in the link is kept.

use domain::{InvitationId, Secret, Timestamp};
use storage::{InvitationPurpose, User};
use time::Duration;

use crate::{
    Access, Browser, Error, Opened, Result, SignInStep, SignedIn, Signup,
    signin::{
        code,
        password::{self, Lane},
        throttle::Attempt,
    },
    users::check_name,
};

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// The first person, who administrates the server.
    Setup,
    /// A new person.
    Invite {
        /// Whether they will administrate the server.
        is_admin: bool,
    },
    /// Another password for the person of that name.
    Reset {
        /// Their name.
        user: String,
    },
}

/// A link that was not used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// What it is for.
    pub purpose: Purpose,
    /// For whom, in the words of whoever made it; may be empty.
    pub note: String,
    /// The name of whoever made it; empty for the server.
    pub made_by: String,
    /// Since when.
    pub created: Timestamp,
    /// When it stops working.
    pub expires: Timestamp,
}

/// How long a link of set-up or reset works: whoever asked for it is there.
const SHORT: Duration = Duration::hours(24);
/// How long an invitation works.
const LONG: Duration = Duration::days(7);
/// Characters of a note that are kept.
const LONGEST_NOTE: usize = 200;

impl Access {
    /// What stands behind `/setup?code=` for the first person; nothing once there is a user. Each call makes
    /// another one; those made before go on working until they expire or there is a user.
    pub async fn setup_code(&self) -> Result<Option<Secret>> {
        if self.has_users().await? {
            return Ok(None);
        }
        let (_, code) = self.new_link(InvitationPurpose::Setup, "", "", SHORT).await?;
        Ok(Some(code))
    }

    /// What the link of that code is for; nothing if it is unknown, used or expired.
    pub async fn invitation(&self, code: &Secret) -> Result<Option<Invitation>> {
        let Some(hash) = code::hash(code) else { return Ok(None) };
        let found = self.store()?.invitation_find(&hash).await?;
        Ok(found.map(Invitation::from).filter(|found| self.works(&found.purpose)))
    }

    /// A link for a new person, made by `by`.
    pub async fn invitation_new(&self, by: &str, is_admin: bool, note: &str) -> Result<(Invitation, Secret)> {
        if !self.works(&Purpose::Invite { is_admin }) {
            return Err(Error::SignupClosed);
        }
        let made = self.new_link(InvitationPurpose::Invite { is_admin }, by, note, LONG).await?;
        self.record_made(by, "invitation", &[made.0.id.to_string()]).await;
        Ok(made)
    }

    /// A link by which the user sets another password, made by `by`; their earlier ones end.
    pub async fn reset_new(&self, by: &str, user: &str) -> Result<(Invitation, Secret)> {
        let user = self.find_user(user).await?;
        if user.is_disabled {
            return Err(Error::UserDisabled(user.name));
        }
        let made = self.new_link(InvitationPurpose::Reset { user: user.id }, by, "", SHORT).await?;
        self.record_for_both(by, &user.name, "reset", &[made.0.id.to_string()]).await;
        Ok(made)
    }

    /// Links for new people that were not used yet, newest first.
    pub async fn invitation_list(&self) -> Result<Vec<Invitation>> {
        let listed = self.store()?.invitation_list().await?;
        Ok(listed.into_iter().map(Invitation::from).collect())
    }

    /// Ends a link; answers whether there was such a one. For an administrator; to others there is none.
    pub async fn invitation_withdraw(&self, by: &SignedIn, id: &InvitationId) -> Result<bool> {
        let is_ended = by.user.is_admin && self.store()?.invitation_withdraw(id).await?;
        if is_ended {
            self.record_made(&by.user.name, "invitation_withdraw", &[id.to_string()]).await;
        }
        Ok(is_ended)
    }

    /// Uses up a link of set-up or invitation: makes the user and signs them in.
    pub async fn invitation_accept(
        &self,
        code: &Secret,
        name: &str,
        password: &Secret,
        browser: &Browser,
    ) -> Result<Opened> {
        let accepted = self.with_link(code, browser, async |hash, purpose| {
            if matches!(purpose, Purpose::Reset { .. }) {
                return Err(Error::InvitationOver);
            }
            let password_hash = self.hash_for_new(name, password).await?;
            let accepted = self.store()?.invitation_accept(&hash, name, &password_hash).await;
            Ok((accepted.map_err(|error| taken(error, name))?, password_hash))
        });
        let (accepted, password_hash) = accepted.await?;
        self.let_in("invitation_accept", accepted, &password_hash, browser).await
    }

    /// Uses up a link of reset: sets the password, ends all their sessions, and signs them in, though not without
    /// the one-time code that they are asked for beside a password.
    pub async fn reset_accept(
        &self,
        code: &Secret,
        password: &Secret,
        browser: &Browser,
    ) -> Result<SignInStep> {
        let accepted = self.with_link(code, browser, async |hash, purpose| {
            if !matches!(purpose, Purpose::Reset { .. }) {
                return Err(Error::InvitationOver);
            }
            password::check(password)?;
            let password_hash = password::hash(self, Lane::Stranger, password).await?;
            Ok((self.store()?.reset_accept(&hash, &password_hash).await?, password_hash))
        });
        let (accepted, password_hash) = accepted.await?;
        if let Some((user, id)) = &accepted
            && let Some(pending) = self.code_ask(user, &password_hash, browser).await?
        {
            self.record_made(&user.name, "reset_accept", &[id.to_string()]).await;
            return Ok(SignInStep::NeedsCode { pending });
        }
        self.let_in("reset_accept", accepted, &password_hash, browser).await.map(SignInStep::Opened)
    }

    /// Makes somebody a user without a link, where the operator allows everybody in; `SignupClosed` else, and
    /// while there is no user: the first one administrates the server, and comes by the link of set-up.
    pub async fn sign_up(&self, name: &str, password: &Secret, browser: &Browser) -> Result<Opened> {
        if self.settings().signup != Signup::Open || !self.has_users().await? {
            return Err(Error::SignupClosed);
        }
        check_name(name)?;
        password::check(password)?;
        let attempt = Attempt::SignUp { address: &browser.address };
        self.throttle().take(&attempt).map_err(Error::TooManyAttempts)?;
        let password_hash = self.hash_for_new(name, password).await?;
        let added = self.store()?.add_user(name, false, &password_hash).await;
        let user = added.map_err(|error| taken(error, name))?;
        self.record_made(&user.name, "sign_up", &[]).await;
        self.open_session(&user.id, &password_hash, "link", browser)
            .await?
            .ok_or(Error::UserDisabled(user.name))
    }

    /// Whether the operator lets anybody in by such links.
    fn works(&self, purpose: &Purpose) -> bool {
        !matches!(purpose, Purpose::Invite { .. }) || self.settings().signup != Signup::Off
    }

    /// Does something with a link that works. Only a code that does not counts as an attempt: who has one may
    /// choose another name for as long as they like, but one after the other.
    async fn with_link<T>(
        &self,
        code: &Secret,
        browser: &Browser,
        work: impl AsyncFnOnce([u8; 32], Purpose) -> Result<T>,
    ) -> Result<T> {
        let attempt = Attempt::Link { address: &browser.address };
        self.throttle().take(&attempt).map_err(Error::TooManyAttempts)?;
        let hash = code::hash(code).ok_or(Error::InvitationOver)?;
        let link = self.invitation(code).await?.ok_or(Error::InvitationOver)?;
        let done = work(hash, link.purpose).await;
        self.throttle().give_back(&attempt);
        done
    }

    /// Signs in whom a link let in; nobody if somebody else was faster.
    async fn let_in(
        &self,
        what: &str,
        accepted: Option<(User, InvitationId)>,
        password_hash: &str,
        browser: &Browser,
    ) -> Result<Opened> {
        let (user, id) = accepted.ok_or(Error::InvitationOver)?;
        self.record_made(&user.name, what, &[id.to_string()]).await;
        self.open_session(&user.id, password_hash, "link", browser).await?.ok_or(Error::InvitationOver)
    }

    /// The hash of a new person's password, if they can be called that.
    async fn hash_for_new(&self, name: &str, password: &Secret) -> Result<String> {
        check_name(name)?;
        password::check(password)?;
        if self.store()?.find_user(name).await?.is_some() {
            return Err(Error::UserTaken(name.to_owned()));
        }
        password::hash(self, Lane::Stranger, password).await
    }

    async fn new_link(
        &self,
        purpose: InvitationPurpose,
        by: &str,
        note: &str,
        lifetime: Duration,
    ) -> Result<(Invitation, Secret)> {
        let (code, hash) = code::new(self.random());
        let new = storage::NewInvitation {
            hash,
            purpose,
            note: note.trim().chars().filter(|c| !c.is_control()).take(LONGEST_NOTE).collect(),
            made_by: by.to_owned(),
            expires: self.clock().now() + lifetime,
        };
        Ok((self.store()?.invitation_add(&new).await?.into(), code))
    }

    /// Records what became of a link; the server itself has no trail.
    async fn record_made(&self, by: &str, what: &str, targets: &[String]) {
        if !by.is_empty() {
            self.audit().record_page(by, what, targets, "ok").await;
        }
    }
}

fn taken(error: storage::Error, name: &str) -> Error {
    match error {
        storage::Error::Taken => Error::UserTaken(name.to_owned()),
        other => other.into(),
    }
}

impl From<storage::Invitation> for Invitation {
    fn from(found: storage::Invitation) -> Self {
        let storage::Invitation { id, purpose, user_name, note, made_by, created, expires } = found;
        let purpose = match purpose {
            InvitationPurpose::Setup => Purpose::Setup,
            InvitationPurpose::Invite { is_admin } => Purpose::Invite { is_admin },
            InvitationPurpose::Reset { .. } => Purpose::Reset { user: user_name },
        };
        Self { id, purpose, note, made_by, created, expires }
    }
}
