//! What became of changes that rows of the audit trail made: whether they can be taken back still, and which rows
//! say that they were.

use domain::Timestamp;

use super::{AuditRow, columns, read};
use crate::{OutgoingState, Result, Store, Value, changes::ChangeState};

/// Handles that one statement asks for.
const AT_ONCE: usize = 10;

/// How what a handle stands for is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleState {
    /// It can be taken back, a change until that instant: as long as its person wishes, and it is kept.
    Open(Option<Timestamp>),
    /// It is being made, is leaving, or is being taken back.
    UnderWay,
    /// It was taken back.
    Undone,
    /// It has left, or ended in another way.
    Over,
}

/// A handle of the user's, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle {
    /// The handle.
    pub undo: String,
    /// How it stands.
    pub state: HandleState,
}

/// A row that says that something was taken back.
pub type Reversal = AuditRow;

impl Store {
    /// How those of the handles stand that are the user's and still known.
    pub async fn audit_handles(&self, user: &str, handles: &[&str]) -> Result<Vec<Handle>> {
        const CHANGES: &str = "SELECT id, state, created, expires FROM changes WHERE user_name = $1 \
            AND id IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AND expires > $12";
        const OUTBOX: &str = "SELECT id, state FROM outbox WHERE user_name = $1 \
            AND id IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let mut found = Vec::new();
        for some in handles.chunks(AT_ONCE) {
            let mut values = asked(user, some);
            if some.iter().any(|handle| handle.starts_with("out_")) {
                for row in self.database.fetch(OUTBOX, &values).await? {
                    let state = match row.text("state")?.parse() {
                        Ok(OutgoingState::Waiting | OutgoingState::Scheduled | OutgoingState::Ready) => {
                            HandleState::Open(None)
                        }
                        Ok(OutgoingState::Sending | OutgoingState::Committing) => HandleState::UnderWay,
                        Ok(OutgoingState::Cancelled) => HandleState::Undone,
                        _ => HandleState::Over,
                    };
                    found.push(Handle { undo: row.text("id")?.to_owned(), state });
                }
            }
            if some.iter().any(|handle| handle.starts_with("chg_")) {
                let (now, wishes) = (self.now(), self.wishes_of(user).await?);
                values.push(now.into());
                for row in self.database.fetch(CHANGES, &values).await? {
                    let until = row.instant("expires")?.min(wishes.undo_until(row.instant("created")?));
                    if until <= now {
                        continue;
                    }
                    let state = match row.text("state")?.parse() {
                        Ok(ChangeState::Done) => HandleState::Open(Some(until)),
                        Ok(ChangeState::Undone) => HandleState::Undone,
                        _ => HandleState::UnderWay,
                    };
                    found.push(Handle { undo: row.text("id")?.to_owned(), state });
                }
            }
        }
        Ok(found)
    }

    /// The user's rows that took something back that one of the handles stands for, oldest first.
    pub async fn audit_reversals(&self, user: &str, handles: &[&str]) -> Result<Vec<Reversal>> {
        const FIND: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM audit WHERE user_name = $1 AND undo <> '' \
             AND undo IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             AND tool IN ('mail_undo', 'undo') AND outcome IN ('ok', 'partly')"
        );
        let mut found = Vec::new();
        for some in handles.chunks(AT_ONCE) {
            let rows = self.database.fetch(FIND, &asked(user, some)).await?;
            found.extend(rows.iter().map(read).collect::<Result<Vec<_>>>()?);
        }
        // Asked for in order, SQLite would go along all rows of the user instead of the index of handles.
        found.sort_by_key(|row| row.seq);
        Ok(found)
    }
}

/// The user and as many handles as the statements name; no row has an empty one.
fn asked(user: &str, some: &[&str]) -> Vec<Value> {
    let handles = (0..AT_ONCE).map(|index| some.get(index).copied().unwrap_or_default().into());
    std::iter::once(user.into()).chain(handles).collect()
}
