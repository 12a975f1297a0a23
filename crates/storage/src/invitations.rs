//! Links that let somebody in once: of set-up, invitation and reset of a password. Each is used up in the
//! transaction that lets them in, so that of two who post it at once one gets in.

use domain::{InvitationId, Timestamp, UserId};

use crate::{Error, Result, Row, Store, Transaction, User, users, web_sessions};

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvitationPurpose {
    /// The first person.
    Setup,
    /// A new person.
    Invite {
        /// Whether they will administrate the server.
        is_admin: bool,
    },
    /// Another password for a person.
    Reset {
        /// Whose.
        user: UserId,
    },
}

impl InvitationPurpose {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Invite { .. } => "invite",
            Self::Reset { .. } => "reset",
        }
    }
}

/// A link that is to be stored.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// SHA-256 of the code in it.
    pub hash: [u8; 32],
    /// What it is for.
    pub purpose: InvitationPurpose,
    /// For whom, in the words of whoever made it.
    pub note: String,
    /// The name of whoever made it; empty for the server.
    pub made_by: String,
    /// When it stops working.
    pub expires: Timestamp,
}

/// A link as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// What it is for.
    pub purpose: InvitationPurpose,
    /// The name of the person whose password it sets; empty for other purposes.
    pub user_name: String,
    /// For whom, in the words of whoever made it.
    pub note: String,
    /// The name of whoever made it; empty for the server.
    pub made_by: String,
    /// Since when.
    pub created: Timestamp,
    /// When it stops working.
    pub expires: Timestamp,
}

/// Links that are listed at most.
const LISTED: u32 = 500;

impl Store {
    /// Stores a link. Of one person's links for another password the newest alone stays.
    pub async fn invitation_add(&self, new: &NewInvitation) -> Result<Invitation> {
        const END: &str = "DELETE FROM invitations WHERE user_id = $1 AND used IS NULL";
        const ADD: &str = "INSERT INTO invitations \
            (id, hash, purpose, user_id, is_admin, note, made_by, created, expires) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let (user, is_admin) = match &new.purpose {
            InvitationPurpose::Setup => (None, true),
            InvitationPurpose::Invite { is_admin } => (None, *is_admin),
            InvitationPurpose::Reset { user } => (Some(user.as_str()), false),
        };
        let mut transaction = self.database.begin().await?;
        if let Some(user) = user {
            transaction.execute(END, &[user.into()]).await?;
        }
        let id = InvitationId::from_random(self.new_id());
        let values = [
            id.as_str().into(),
            new.hash.as_slice().into(),
            new.purpose.as_str().into(),
            user.into(),
            is_admin.into(),
            new.note.as_str().into(),
            new.made_by.as_str().into(),
            self.now().into(),
            new.expires.into(),
        ];
        transaction.execute(ADD, &values).await?;
        transaction.commit().await?;
        let found = self.invitation_find(&new.hash).await?;
        found.ok_or(Error::Unreadable("new invitation"))
    }

    /// The link of that code, if it still works. One of set-up does while there is no user, one of reset
    /// while its person is not disabled, and none whose maker is disabled, whenever they made it.
    pub async fn invitation_find(&self, hash: &[u8; 32]) -> Result<Option<Invitation>> {
        const FIND: &str = "SELECT i.id, i.purpose, i.user_id, i.is_admin, i.note, i.made_by, i.created, \
            i.expires, u.name AS user_name FROM invitations i LEFT JOIN users u ON u.id = i.user_id \
            WHERE i.hash = $1 AND i.used IS NULL AND i.expires > $2 \
            AND (i.purpose <> 'setup' OR NOT EXISTS (SELECT 1 FROM users)) \
            AND (u.is_disabled IS NULL OR u.is_disabled = 0) \
            AND NOT EXISTS (SELECT 1 FROM users m WHERE m.name = i.made_by AND m.is_disabled <> 0)";
        let row = self.database.fetch_optional(FIND, &[hash.as_slice().into(), self.now().into()]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Links for new people that still work, newest first.
    pub async fn invitation_list(&self) -> Result<Vec<Invitation>> {
        const LIST: &str = "SELECT id, purpose, user_id, is_admin, note, made_by, created, expires, \
            NULL AS user_name FROM invitations \
            WHERE purpose = 'invite' AND used IS NULL AND expires > $1 ORDER BY created DESC, id LIMIT $2";
        self.database.fetch(LIST, &[self.now().into(), LISTED.into()]).await?.iter().map(read).collect()
    }

    /// Ends a link for a new person or another password. Answers whether there was such a one.
    pub async fn invitation_withdraw(&self, id: &InvitationId) -> Result<bool> {
        const END: &str = "DELETE FROM invitations WHERE id = $1 AND purpose <> 'setup' AND used IS NULL \
            AND expires > $2";
        Ok(self.database.execute(END, &[id.as_str().into(), self.now().into()]).await? > 0)
    }

    /// Uses up a link of set-up or invitation and adds its user, both or neither. Nothing if the link does
    /// not work, or does not any more; `Taken` if the name is.
    pub async fn invitation_accept(
        &self,
        hash: &[u8; 32],
        name: &str,
        password_hash: &str,
    ) -> Result<Option<(User, InvitationId)>> {
        let mut transaction = self.database.begin().await?;
        let accepted = self.accept(&mut transaction, hash, name, password_hash).await?;
        if accepted.is_some() {
            transaction.commit().await?;
        }
        Ok(accepted)
    }

    /// As [`Self::invitation_accept`], together with something else.
    pub(crate) async fn accept(
        &self,
        transaction: &mut Transaction,
        hash: &[u8; 32],
        name: &str,
        password_hash: &str,
    ) -> Result<Option<(User, InvitationId)>> {
        // An update that changes nothing, of a row that is always there: who sets up waits for whoever does
        // so with another link, and then finds a user.
        const LOCK: &str = "UPDATE meta SET value = value WHERE key = 'key_check'";
        const USE: &str = "UPDATE invitations SET used = $2 WHERE hash = $1 AND used IS NULL \
            AND expires > $2 AND purpose IN ('setup', 'invite') \
            AND NOT EXISTS (SELECT 1 FROM users m WHERE m.name = invitations.made_by AND m.is_disabled <> 0) \
            AND (purpose <> 'setup' OR NOT EXISTS (SELECT 1 FROM users)) RETURNING id, is_admin";
        transaction.execute(LOCK, &[]).await?;
        let used = transaction.fetch_optional(USE, &[hash.as_slice().into(), self.now().into()]).await?;
        let Some(used) = used else { return Ok(None) };
        let user = self.insert_user(transaction, name, used.flag("is_admin")?, password_hash).await?;
        Ok(Some((user, InvitationId::from_text(used.text("id")?))))
    }

    /// Uses up a link of reset: sets the hash of its person's password, and ends their sessions and further
    /// links. Nothing if the link does not work any more, or they are disabled.
    pub async fn reset_accept(
        &self,
        hash: &[u8; 32],
        password_hash: &str,
    ) -> Result<Option<(User, InvitationId)>> {
        const FIND: &str =
            "SELECT user_id FROM invitations WHERE hash = $1 AND purpose = 'reset' AND user_id IS NOT NULL";
        const USE: &str = "UPDATE invitations SET used = $2 WHERE hash = $1 AND used IS NULL \
            AND expires > $2 AND purpose = 'reset' \
            AND NOT EXISTS (SELECT 1 FROM users m WHERE m.name = invitations.made_by AND m.is_disabled <> 0) \
            RETURNING id";
        const SET: &str = "UPDATE users SET password_hash = $2 WHERE id = $1 AND is_disabled = 0 \
            RETURNING id, name, is_admin, is_disabled, created";
        let of = [hash.as_slice().into()];
        let Some(asked) = self.database.fetch_optional(FIND, &of).await? else { return Ok(None) };
        let user = UserId::from_text(asked.text("user_id")?);
        let mut transaction = self.database.begin().await?;
        // the person first, as in whatever else ends links of theirs: two of these wait for each other in one order
        let row = transaction.fetch_optional(SET, &[user.as_str().into(), password_hash.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let used = transaction.fetch_optional(USE, &[hash.as_slice().into(), self.now().into()]).await?;
        let Some(used) = used else { return Ok(None) };
        web_sessions::end(&mut transaction, &user, None).await?;
        transaction.commit().await?;
        Ok(Some((users::read(&row)?, InvitationId::from_text(used.text("id")?))))
    }

    /// Forgets links whose time is over; answers how many.
    pub async fn invitations_sweep(&self) -> Result<u64> {
        const SWEEP: &str = "DELETE FROM invitations WHERE expires <= $1";
        self.database.execute(SWEEP, &[self.now().into()]).await
    }
}

fn read(row: &Row) -> Result<Invitation> {
    let purpose = match row.text("purpose")? {
        "setup" => InvitationPurpose::Setup,
        "invite" => InvitationPurpose::Invite { is_admin: row.flag("is_admin")? },
        "reset" => InvitationPurpose::Reset { user: UserId::from_text(row.text("user_id")?) },
        _ => return Err(Error::Unreadable("purpose of an invitation")),
    };
    Ok(Invitation {
        id: InvitationId::from_text(row.text("id")?),
        purpose,
        user_name: row.optional_text("user_name")?.unwrap_or_default().to_owned(),
        note: row.text("note")?.to_owned(),
        made_by: row.text("made_by")?.to_owned(),
        created: row.instant("created")?,
        expires: row.instant("expires")?,
    })
}
