//! Links that let somebody in once: the first person, people who were invited, people who forgot their
//! password. Only the hash of what stands in the link is kept.

use domain::{InvitationId, Secret, Timestamp};

use crate::{Access, Browser, Opened, Result, SignedIn};

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

impl Access {
    /// What stands behind `/setup?code=` for the first person; nothing once there is a user. Each call makes
    /// another one; those made before go on working until they expire or there is a user.
    pub async fn setup_code(&self) -> Result<Option<Secret>> {
        todo!()
    }

    /// What the link of that code is for; nothing if it is unknown, used or expired.
    pub async fn invitation(&self, code: &Secret) -> Result<Option<Invitation>> {
        let _ = code;
        todo!()
    }

    /// A link for a new person, made by `by`.
    pub async fn invitation_new(&self, by: &str, is_admin: bool, note: &str) -> Result<(Invitation, Secret)> {
        let _ = (by, is_admin, note);
        todo!()
    }

    /// A link by which the user sets another password, made by `by`; their earlier ones end.
    pub async fn reset_new(&self, by: &str, user: &str) -> Result<(Invitation, Secret)> {
        let _ = (by, user);
        todo!()
    }

    /// Links for new people that were not used yet, newest first.
    pub async fn invitation_list(&self) -> Result<Vec<Invitation>> {
        todo!()
    }

    /// Ends a link; answers whether there was such a one.
    pub async fn invitation_withdraw(&self, by: &SignedIn, id: &InvitationId) -> Result<bool> {
        let _ = (by, id);
        todo!()
    }

    /// Uses up a link of set-up or invitation: makes the user and signs them in.
    pub async fn invitation_accept(
        &self,
        code: &Secret,
        name: &str,
        password: &Secret,
        browser: &Browser,
    ) -> Result<Opened> {
        let _ = (code, name, password, browser);
        todo!()
    }

    /// Uses up a link of reset: sets the password, ends all their sessions, and signs them in.
    pub async fn reset_accept(&self, code: &Secret, password: &Secret, browser: &Browser) -> Result<Opened> {
        let _ = (code, password, browser);
        todo!()
    }

    /// Makes somebody a user without a link, where the operator allows everybody in; `SignupClosed` else.
    pub async fn sign_up(&self, name: &str, password: &Secret, browser: &Browser) -> Result<Opened> {
        let _ = (name, password, browser);
        todo!()
    }
}
