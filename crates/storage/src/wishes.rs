//! What a person wishes of the server: whether they are told by mail, and how long what they see is kept.
//!
//! Kept as JSON beside the person. What is wished holds where things are swept: `outbox/after.rs`, `changes.rs`.

use domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use time::Duration;

use crate::{Error, Result, Row, Store};

/// What a person wishes; what they never said is as [`Wishes::default`] has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// Whether they are told by mail that something waits for them.
    pub tells_by_mail: bool,
    /// Days that their activity is kept; for ever if absent.
    pub activity_days: Option<u32>,
    /// Days that it can be seen what became of a message.
    pub outbox_days: u32,
    /// Days that a change can be taken back.
    pub undo_days: u32,
}

impl Wishes {
    /// What may be chosen for [`Self::activity_days`].
    pub const ACTIVITY: &[Option<u32>] = &[Some(30), Some(90), Some(365), None];
    /// What may be chosen for [`Self::outbox_days`].
    pub const OUTBOX: &[u32] = &[7, 30, 90];
    /// What may be chosen for [`Self::undo_days`].
    pub const UNDO: &[u32] = &[1, 7];

    /// Whether each is one of those that may be chosen.
    pub fn is_possible(&self) -> bool {
        Self::ACTIVITY.contains(&self.activity_days)
            && Self::OUTBOX.contains(&self.outbox_days)
            && Self::UNDO.contains(&self.undo_days)
    }

    /// Whether activity would be forgotten under these that is kept under `before`.
    pub fn keeps_activity_shorter_than(&self, before: &Self) -> bool {
        self.activity_days.is_some_and(|days| before.activity_days.is_none_or(|before| days < before))
    }

    /// Before when activity is forgotten; nothing is if absent.
    pub fn activity_before(&self, now: Timestamp) -> Option<Timestamp> {
        self.activity_days.map(|days| before(now, days))
    }

    /// Before when messages that ended are forgotten.
    pub fn outbox_before(&self, now: Timestamp) -> Timestamp {
        before(now, self.outbox_days)
    }

    /// Before when changes cannot be taken back any more.
    pub fn undo_before(&self, now: Timestamp) -> Timestamp {
        before(now, self.undo_days)
    }

    /// Until when a change of then can be taken back.
    pub fn undo_until(&self, created: Timestamp) -> Timestamp {
        created.checked_add(Duration::days(self.undo_days.into())).unwrap_or(created)
    }
}

impl Default for Wishes {
    /// Activity stays for ever: it is the only proof of what agents did and holds no content, so nobody
    /// but the person ends it.
    fn default() -> Self {
        Self { tells_by_mail: true, activity_days: None, outbox_days: 30, undo_days: 7 }
    }
}

fn before(now: Timestamp, days: u32) -> Timestamp {
    now.checked_sub(Duration::days(days.into())).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Store {
    /// What the user wishes; the default if there is no such user.
    pub async fn wishes(&self, user: &UserId) -> Result<Wishes> {
        const FIND: &str = "SELECT wishes FROM users WHERE id = $1";
        let row = self.database.fetch_optional(FIND, &[user.as_str().into()]).await?;
        row.as_ref().map_or_else(|| Ok(Wishes::default()), read)
    }

    /// As [`Self::wishes`], of the user of that name.
    pub(crate) async fn wishes_of(&self, user: &str) -> Result<Wishes> {
        const FIND: &str = "SELECT wishes FROM users WHERE name = $1";
        let row = self.database.fetch_optional(FIND, &[user.into()]).await?;
        row.as_ref().map_or_else(|| Ok(Wishes::default()), read)
    }

    /// Sets what the user wishes. Answers whether there is such a user.
    pub async fn wishes_set(&self, user: &UserId, wishes: &Wishes) -> Result<bool> {
        const SET: &str = "UPDATE users SET wishes = $2 WHERE id = $1";
        let json = serde_json::to_string(wishes).map_err(|_| Error::Unreadable("wishes"))?;
        Ok(self.database.execute(SET, &[user.as_str().into(), json.into()]).await? > 0)
    }

    /// The names of all who ever wished something, with what they wish; wishes that cannot be read are left
    /// out, so that nothing is forgotten by mistake.
    pub async fn wishes_of_all(&self) -> Result<Vec<(String, Wishes)>> {
        const LIST: &str = "SELECT name, wishes FROM users WHERE wishes IS NOT NULL ORDER BY name";
        let mut all = Vec::new();
        for row in self.database.fetch(LIST, &[]).await? {
            match read(&row) {
                Ok(wishes) => all.push((row.text("name")?.to_owned(), wishes)),
                Err(error) => tracing::warn!(%error, "what somebody wishes cannot be read"),
            }
        }
        Ok(all)
    }
}

fn read(row: &Row) -> Result<Wishes> {
    row.optional_text("wishes")?.map_or_else(
        || Ok(Wishes::default()),
        |json| serde_json::from_str(json).map_err(|_| Error::Unreadable("wishes")),
    )
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn who_never_wished_anything_keeps_what_was_kept_before() {
        let wishes = Wishes::default();
        let now = datetime!(2026-11-21 12:00 UTC);
        assert_eq!(wishes.activity_before(now), None, "the record of what agents did is not ended unasked");
        assert_eq!(wishes.outbox_before(now), datetime!(2026-10-22 12:00 UTC));
        assert_eq!(wishes.undo_before(now), datetime!(2026-11-14 12:00 UTC));
        assert_eq!(wishes.undo_until(now), datetime!(2026-11-28 12:00 UTC));
        assert!(wishes.tells_by_mail && wishes.is_possible());
        assert_eq!(serde_json::from_str::<Wishes>("{}").unwrap(), wishes);
    }

    #[test]
    fn only_what_is_offered_can_be_wished() {
        for wrong in [
            Wishes { activity_days: Some(0), ..Wishes::default() },
            Wishes { activity_days: Some(31), ..Wishes::default() },
            Wishes { outbox_days: 0, ..Wishes::default() },
            Wishes { undo_days: 90, ..Wishes::default() },
        ] {
            assert!(!wrong.is_possible(), "{wrong:?}");
        }
    }
}
