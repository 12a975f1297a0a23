//! The end of a person here: shut out at once, then removed with everything that is theirs, step by step.
//!
//! What was begun goes on after a crash, since their row goes last. What others did about them, such as an
//! administrator who disabled them, stays in the trail of those others. When to go on is decided in `access`.

use domain::{AccountId, GrantId, Timestamp, UserId};

use crate::{Result, Store, Transaction, Value};

/// A person whose removal was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Their id.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
}

/// What beginning a removal came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalBegun {
    /// They are shut out, and nothing of theirs begins any more.
    Yes,
    /// It was begun before.
    Already,
    /// They administrate the server alone, and there are others.
    LastAdministrator,
    /// There is no such user, or whoever asks may not.
    No,
}

/// How far a removal came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// Nothing is left; these accounts went along.
    All(Vec<AccountId>),
    /// A message of theirs is being handed over: it is to be known how that ends.
    Waits,
    /// There is nothing to go on with.
    No,
}

/// Who removes somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remover<'a> {
    /// The person, or whoever runs the server.
    Own,
    /// An administrator, who stays.
    Administrator(&'a UserId),
}

/// What may be much, a piece at a time, so that others need not wait: by the user's name.
const MUCH: &[&str] = &[
    "DELETE FROM outbox_pieces WHERE (outbox_id, seq) IN (SELECT p.outbox_id, p.seq FROM outbox_pieces p \
        JOIN outbox o ON o.id = p.outbox_id WHERE o.user_name = $1 LIMIT 100)",
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE user_name = $1 LIMIT 500)",
    "DELETE FROM change_steps WHERE (change_id, seq) IN (SELECT s.change_id, s.seq FROM change_steps s \
        JOIN changes c ON c.id = s.change_id WHERE c.user_name = $1 LIMIT 500)",
    "DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE user_name = $1 LIMIT 500)",
    "DELETE FROM audit WHERE user_name = $1 AND seq IN \
        (SELECT seq FROM audit WHERE user_name = $1 ORDER BY seq LIMIT 5000)",
];

/// The same by the user's id.
const MUCH_OF_ID: &[&str] = &[
    "DELETE FROM moved WHERE (account, place) IN (SELECT m.account, m.place FROM moved m \
        JOIN accounts a ON a.id = m.account WHERE a.user_id = $1 LIMIT 5000)",
    "DELETE FROM calls WHERE (grant_id, hour, tool) IN (SELECT c.grant_id, c.hour, c.tool FROM calls c \
        JOIN grants g ON g.id = c.grant_id WHERE g.user_id = $1 LIMIT 5000)",
    "DELETE FROM upload_pieces WHERE (upload_id, seq) IN (SELECT p.upload_id, p.seq FROM upload_pieces p \
        JOIN uploads u ON u.id = p.upload_id JOIN grants g ON g.id = u.grant_id WHERE g.user_id = $1 LIMIT 100)",
];

/// What is a grant's, with a row or without.
const OF_GRANT: &[&str] = &[
    "DELETE FROM mcp_sessions WHERE grant_id = $1",
    "DELETE FROM uploads WHERE grant_id = $1",
    "DELETE FROM plans WHERE grant_id = $1",
    "DELETE FROM changes WHERE grant_id = $1",
    "DELETE FROM outbox WHERE grant_id = $1",
    "DELETE FROM exposures WHERE grant_id = $1",
    "DELETE FROM calls WHERE grant_id = $1",
    "DELETE FROM tokens WHERE grant_id = $1",
    "DELETE FROM codes WHERE family_id IN (SELECT id FROM families WHERE grant_id = $1)",
    "DELETE FROM families WHERE grant_id = $1",
];

/// What is an account's.
const OF_ACCOUNT: &[&str] = &[
    "DELETE FROM outbox WHERE account = $1",
    "DELETE FROM change_steps WHERE account = $1",
    "DELETE FROM moved WHERE account = $1",
    "DELETE FROM known_recipients WHERE account = $1",
    "DELETE FROM exposures WHERE account = $1",
    "DELETE FROM filing WHERE account = $1",
];

/// What is kept under the user's name.
const OF_NAME: &[&str] = &[
    "DELETE FROM outbox WHERE user_name = $1",
    "DELETE FROM changes WHERE user_name = $1",
    // the chain first: whoever is about to append to it is waited for, and then finds nobody to append for
    "DELETE FROM audit_chains WHERE user_name = $1",
    "DELETE FROM audit WHERE user_name = $1",
    "DELETE FROM telling WHERE user_name = $1",
    "DELETE FROM invitations WHERE made_by = $1",
];

/// What is kept under the user's id; their row at last.
const OF_USER: &[&str] = &[
    "DELETE FROM invitations WHERE user_id = $1",
    "DELETE FROM consents WHERE user_id = $1",
    "DELETE FROM grants WHERE user_id = $1",
    "DELETE FROM accounts WHERE user_id = $1",
    "DELETE FROM ceremonies WHERE user_id = $1",
    "DELETE FROM web_sessions WHERE user_id = $1",
    "DELETE FROM passkeys WHERE user_id = $1",
    "DELETE FROM one_time_codes WHERE user_id = $1",
    "DELETE FROM recovery_codes WHERE user_id = $1",
    "DELETE FROM identities WHERE user_id = $1",
    "DELETE FROM users WHERE id = $1",
];

impl Store {
    /// Shuts a person out for good: as [`Self::disable_user`], and their password is forgotten. They cannot be
    /// enabled again. The last administrator stays while there are others.
    pub async fn removal_begin(&self, user: &UserId, by: Remover<'_>) -> Result<RemovalBegun> {
        // An update that changes nothing, of a row that is always there: one does so after the other.
        const LOCK: &str = "UPDATE meta SET value = value WHERE key = 'key_check'";
        const FIND: &str = "SELECT is_admin, removal FROM users WHERE id = $1";
        const MAY: &str = "SELECT id FROM users WHERE id = $1 AND is_admin <> 0 AND is_disabled = 0";
        const OTHERS: &str = "SELECT count(*) AS people, \
            count(CASE WHEN is_admin <> 0 AND is_disabled = 0 THEN 1 END) AS administrators \
            FROM users WHERE id <> $1 AND removal IS NULL";
        // Halves of a sign-in that were begun in a session: the sessions go now.
        const HALVES: &str = "DELETE FROM ceremonies WHERE user_id = $1 \
            OR session_id IN (SELECT id FROM web_sessions WHERE user_id = $1)";
        // First of what is theirs, as in whatever else changes it: two of these wait for each other in one order.
        const THEIRS: &str = "UPDATE users SET removal = removal WHERE id = $1";
        const MARK: &str = "UPDATE users SET removal = $2, password_hash = '' WHERE id = $1";
        let of = [Value::from(user.as_str())];
        let mut transaction = self.database.begin().await?;
        transaction.execute(LOCK, &[]).await?;
        if let Remover::Administrator(by) = by {
            let may = transaction.fetch_optional(MAY, &[by.as_str().into()]).await?.is_some();
            if !may || by == user {
                return Ok(RemovalBegun::No);
            }
        }
        let Some(row) = transaction.fetch_optional(FIND, &of).await? else { return Ok(RemovalBegun::No) };
        if !row.is_null("removal")? {
            return Ok(RemovalBegun::Already);
        }
        let is_admin = row.flag("is_admin")?;
        if let Some(others) = transaction.fetch_optional(OTHERS, &of).await?
            && is_admin
            && others.count("people")? > 0
            && others.count("administrators")? == 0
        {
            return Ok(RemovalBegun::LastAdministrator);
        }
        transaction.execute(THEIRS, &of).await?;
        transaction.execute(HALVES, &of).await?;
        self.disable(&mut transaction, user, true).await?;
        transaction.execute(MARK, &[user.as_str().into(), self.now().into()]).await?;
        transaction.commit().await?;
        Ok(RemovalBegun::Yes)
    }

    /// Whether the person is here, and is not being removed.
    pub async fn stays(&self, user: &UserId) -> Result<bool> {
        const FIND: &str = "SELECT id FROM users WHERE id = $1 AND removal IS NULL";
        Ok(self.database.fetch_optional(FIND, &[user.as_str().into()]).await?.is_some())
    }

    /// Whose removal was begun, those first that were first.
    pub async fn removals(&self) -> Result<Vec<Removal>> {
        const LIST: &str =
            "SELECT id, name, removal FROM users WHERE removal IS NOT NULL ORDER BY removal, id";
        let read = |row: &crate::Row| {
            Ok(Removal {
                user: UserId::from_text(row.text("id")?),
                name: row.text("name")?.to_owned(),
                since: row.instant("removal")?,
            })
        };
        self.database.fetch(LIST, &[]).await?.iter().map(read).collect()
    }

    /// Goes on with a removal that was begun, to its end unless a message is being handed over; `grants` are
    /// those of the person that have no row. What is removed can afterwards not be read from the file either.
    pub async fn removal_go_on(&self, removal: &Removal, grants: &[GrantId]) -> Result<Removed> {
        const HANDED_OVER: &str = "SELECT id FROM outbox WHERE user_name = $1 \
            AND state IN ('sending', 'committing') AND lease_until > $2 LIMIT 1";
        const FIND: &str = "SELECT id FROM users WHERE id = $1 AND name = $2 AND removal IS NOT NULL";
        let (id, name) = (Value::from(removal.user.as_str()), Value::from(removal.name.as_str()));
        if self.database.fetch_optional(FIND, &[id.clone(), name.clone()]).await?.is_none() {
            return Ok(Removed::No);
        }
        let now = self.now().into();
        if self.database.fetch_optional(HANDED_OVER, &[name.clone(), now]).await?.is_some() {
            return Ok(Removed::Waits);
        }
        for (statements, whose) in [(MUCH, &name), (MUCH_OF_ID, &id)] {
            for sql in statements {
                while self.database.execute(sql, std::slice::from_ref(whose)).await? > 0 {}
            }
        }
        let mut transaction = self.database.begin().await?;
        let accounts = remove_rest(&mut transaction, id, name, grants).await?;
        transaction.commit().await?;
        if let Err(error) = self.database.scrub().await {
            // It is removed all the same, and the next checkpoint does this too.
            tracing::warn!(%error, "what was removed may still be in the database's log file");
        }
        Ok(Removed::All(accounts))
    }
}

/// Removes all that is left, which is little; answers the accounts.
async fn remove_rest(
    transaction: &mut Transaction,
    id: Value,
    name: Value,
    grants: &[GrantId],
) -> Result<Vec<AccountId>> {
    const GRANTS: &str = "SELECT id, client_id FROM grants WHERE user_id = $1";
    const ACCOUNTS: &str = "SELECT id FROM accounts WHERE user_id = $1";
    // A client is nobody's; one that nobody else knows would tell whom it was let in by.
    const CLIENT: &str = "DELETE FROM clients WHERE id = $1 \
        AND NOT EXISTS (SELECT 1 FROM grants g WHERE g.client_id = clients.id) \
        AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.client_id = clients.id)";
    let mut clients = Vec::new();
    let mut grants: Vec<Value> = grants.iter().map(|grant| grant.as_str().into()).collect();
    for row in transaction.fetch(GRANTS, std::slice::from_ref(&id)).await? {
        clients.extend(row.optional_text("client_id")?.map(Value::from));
        grants.push(row.text("id")?.into());
    }
    let mut accounts = Vec::new();
    for row in transaction.fetch(ACCOUNTS, std::slice::from_ref(&id)).await? {
        accounts.push(AccountId::from_text(row.text("id")?));
    }
    let of_accounts: Vec<Value> = accounts.iter().map(|account| account.as_str().into()).collect();
    for (statements, of) in [
        (OF_GRANT, grants.as_slice()),
        (OF_ACCOUNT, &of_accounts),
        (OF_NAME, &[name]),
        (OF_USER, &[id]),
        (&[CLIENT], &clients),
    ] {
        for value in of {
            for sql in statements {
                transaction.execute(sql, std::slice::from_ref(value)).await?;
            }
        }
    }
    Ok(accounts)
}
