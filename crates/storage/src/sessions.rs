//! MCP sessions of the older era: which grant each belongs to, so that every replica knows.

use domain::{GrantId, Timestamp};

use crate::{Result, Row, Store};

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The transport's id of it.
    pub id: String,
    /// The grant that opened it.
    pub grant: GrantId,
    /// When it was last noted as used.
    pub last_used: Timestamp,
}

impl Store {
    /// Stores a session; those of the grant that were unused longest are dropped until at most `cap`
    /// remain, and their ids are answered. `Taken` if the id is another session's.
    pub async fn add_session(&self, id: &str, grant: &GrantId, cap: usize) -> Result<Vec<String>> {
        const ADD: &str =
            "INSERT INTO mcp_sessions (id, grant_id, created, last_used) VALUES ($1, $2, $3, $3)";
        const DROP: &str = "DELETE FROM mcp_sessions WHERE id IN (SELECT id FROM mcp_sessions \
            WHERE grant_id = $1 AND id <> $2 ORDER BY last_used DESC, created DESC, id LIMIT 1000 OFFSET $3) \
            RETURNING id";
        let mut transaction = self.database.begin().await?;
        transaction.execute(ADD, &[id.into(), grant.as_str().into(), self.now().into()]).await?;
        let others = i64::try_from(cap.saturating_sub(1)).unwrap_or(i64::MAX);
        let dropped = transaction.fetch(DROP, &[grant.as_str().into(), id.into(), others.into()]).await?;
        transaction.commit().await?;
        dropped.iter().map(|row| row.text("id").map(str::to_owned)).collect()
    }

    /// The session of that id.
    pub async fn find_session(&self, id: &str) -> Result<Option<Session>> {
        const FIND: &str = "SELECT id, grant_id, last_used FROM mcp_sessions WHERE id = $1";
        let row = self.database.look_optional(FIND, &[id.into()]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Notes that a session was used now. Answers whether it still exists.
    pub async fn touch_session(&self, id: &str) -> Result<bool> {
        const TOUCH: &str = "UPDATE mcp_sessions SET last_used = $2 WHERE id = $1";
        Ok(self.database.execute(TOUCH, &[id.into(), self.now().into()]).await? > 0)
    }

    /// Forgets a session.
    pub async fn remove_session(&self, id: &str) -> Result<()> {
        self.database.execute("DELETE FROM mcp_sessions WHERE id = $1", &[id.into()]).await.map(drop)
    }

    /// Forgets all sessions that were not used since `before`.
    pub async fn remove_idle_sessions(&self, before: Timestamp) -> Result<u64> {
        self.database.execute("DELETE FROM mcp_sessions WHERE last_used < $1", &[before.into()]).await
    }

    /// All sessions whose grant lets somebody in, as far as the grant says that itself. One that was opened
    /// while its grant was being ended or paused is not among them.
    pub async fn list_sessions(&self) -> Result<Vec<Session>> {
        const LIST: &str = "SELECT s.id, s.grant_id, s.last_used FROM mcp_sessions s \
             LEFT JOIN grants g ON g.id = s.grant_id \
             WHERE g.revoked IS NULL AND g.paused IS NULL AND (g.expires IS NULL OR g.expires > $1)";
        self.database.fetch(LIST, &[self.now().into()]).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.text("id")?.to_owned(),
        grant: GrantId::from_text(row.text("grant_id")?),
        last_used: row.instant("last_used")?,
    })
}
