//! Rows of the outbox to values, and the statements that end waiting ones, which several tables need.

use domain::{ApprovalId, GrantId, HomeAccount, OutboxId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Copy, Frozen, Outgoing};
use crate::{Approval, Error, Result, Row, Store, Transaction, Value, home::HomeKey};

/// The columns of one [`Outgoing`], where the outbox is `o` and the approval shown with it `p`.
macro_rules! an_outgoing {
    (columns) => {
        "o.id, o.grant_id, o.user_name, o.client, o.account, o.account_name, o.frozen, o.state, o.due, \
         o.new_recipients, o.attempts, o.owner, o.outcome, o.copy_state, o.copy_id, o.copy_tries, o.copy_next, \
         o.created, o.updated, p.id AS approval, p.reasons, p.state AS approval_state, \
         p.expires AS approval_expires, p.decided, p.decided_by"
    };
}
pub(crate) use an_outgoing;

/// What is sealed in the column `frozen`.
#[derive(Serialize, Deserialize)]
pub(super) struct Sealed {
    pub(super) key: String,
    pub(super) content: [u8; 32],
    pub(super) frozen: Frozen,
}

/// The context of everything that is sealed for one message; the id stands first.
pub(super) fn context(id: &OutboxId, grant: &GrantId) -> Vec<String> {
    vec![id.as_str().to_owned(), grant.as_str().to_owned(), "outbox".to_owned()]
}

pub(super) fn seal<T: Serialize>(
    key: &HomeKey,
    context: &[String],
    field: &'static str,
    value: &T,
) -> Result<Vec<u8>> {
    let json = zeroize::Zeroizing::new(serde_json::to_vec(value).map_err(|_| Error::Unreadable(field))?);
    Ok(key.seal(&with(context, field), &json))
}

fn open<T: DeserializeOwned>(
    key: &HomeKey,
    context: &[String],
    field: &'static str,
    sealed: &[u8],
) -> Result<T> {
    serde_json::from_slice(&key.open(&with(context, field), sealed)?).map_err(|_| Error::Unreadable(field))
}

fn with<'a>(context: &'a [String], field: &'a str) -> Vec<&'a str> {
    context.iter().map(String::as_str).chain([field]).collect()
}

impl Store {
    /// The reasons of a question, sealed for it and its message.
    pub(super) fn seal_reasons(
        key: &HomeKey,
        id: &OutboxId,
        grant: &GrantId,
        approval: &super::NewApproval,
    ) -> Result<Vec<u8>> {
        let mut context = context(id, grant);
        context.push(approval.id.as_str().to_owned());
        seal(key, &context, "reasons", &approval.reasons)
    }

    /// Reads the columns of [`an_outgoing`]; nothing if its account was removed.
    pub(crate) async fn read_outgoing(&self, row: &Row) -> Result<Option<Outgoing>> {
        let account: HomeAccount = row.text("account")?.parse().map_err(|_| Error::Unreadable("account"))?;
        let Some(key) = self.home_key(&account).await? else { return Ok(None) };
        let (id, grant) = (OutboxId::from_text(row.text("id")?), GrantId::from_text(row.text("grant_id")?));
        let context = context(&id, &grant);
        let Sealed { key: name, content, frozen } = open(&key, &context, "frozen", row.bytes("frozen")?)?;
        let outcome = row.optional_bytes("outcome")?;
        let copy_id = row.optional_bytes("copy_id")?;
        let approval = match row.optional_text("approval")? {
            Some(approval) => Some(read_approval(row, approval, &key, &context)?),
            None => None,
        };
        Ok(Some(Outgoing {
            user: row.text("user_name")?.to_owned(),
            client: row.text("client")?.to_owned(),
            account_name: row.text("account_name")?.parse().map_err(|_| Error::Unreadable("account name"))?,
            key: name,
            content,
            frozen,
            state: row.text("state")?.parse().map_err(|()| Error::Unreadable("state"))?,
            due: row.instant("due")?,
            new_recipients: small(row, "new_recipients")?,
            attempts: small(row, "attempts")?,
            owner: row.optional_text("owner")?.map(str::to_owned),
            outcome: outcome.map(|sealed| open(&key, &context, "outcome", sealed)).transpose()?,
            copy: Copy {
                state: row.text("copy_state")?.parse().map_err(|()| Error::Unreadable("copy_state"))?,
                id: copy_id.map(|sealed| open(&key, &context, "copy_id", sealed)).transpose()?,
                tries: small(row, "copy_tries")?,
                next: row.optional_instant("copy_next")?,
            },
            approval,
            created: row.instant("created")?,
            updated: row.instant("updated")?,
            account,
            id,
            grant,
        }))
    }
}

fn read_approval(row: &Row, id: &str, key: &HomeKey, context: &[String]) -> Result<Approval> {
    let mut context = context.to_vec();
    context.push(id.to_owned());
    Ok(Approval {
        id: ApprovalId::from_text(id),
        reasons: open(key, &context, "reasons", row.bytes("reasons")?)?,
        expires: row.instant("approval_expires")?,
        state: row.text("approval_state")?.parse().map_err(|()| Error::Unreadable("approval_state"))?,
        decided: row.optional_instant("decided")?,
        by: row.optional_text("decided_by")?.map(str::to_owned),
    })
}

pub(super) fn small(row: &Row, column: &'static str) -> Result<u32> {
    u32::try_from(row.int(column)?).map_err(|_| Error::Unreadable(column))
}

/// Which messages are taken back.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'a> {
    Grant(&'a str),
    User(&'a str),
    Account(&'a str),
    Message(&'a str),
}

/// Takes back what has not begun to leave, and the questions about it; `now` is when. Answers how many
/// messages.
pub(crate) async fn end_waiting(transaction: &mut Transaction, whose: Whose<'_>, now: Value) -> Result<u64> {
    macro_rules! cancel {
        ($of:literal) => {
            concat!(
                "UPDATE outbox SET state = 'cancelled', updated = $2 WHERE ",
                $of,
                " = $1 AND state IN ('waiting', 'scheduled', 'ready') RETURNING id"
            )
        };
    }
    const END: &str = "UPDATE approvals SET state = 'cancelled', decided = $2 \
        WHERE outbox_id = $1 AND state = 'waiting'";
    let (sql, id) = match whose {
        Whose::Grant(id) => (cancel!("grant_id"), id),
        Whose::User(name) => (cancel!("user_name"), name),
        Whose::Account(account) => (cancel!("account"), account),
        Whose::Message(id) => (cancel!("id"), id),
    };
    let ended = transaction.fetch(sql, &[id.into(), now.clone()]).await?;
    for row in &ended {
        let id = row.text("id")?;
        transaction.execute(END, &[id.into(), now.clone()]).await?;
        drop_pieces(transaction, id).await?;
    }
    Ok(ended.len() as u64)
}

/// Forgets the octets of a message that nobody needs any more.
pub(crate) async fn drop_pieces(transaction: &mut Transaction, id: &str) -> Result<()> {
    transaction.execute("DELETE FROM outbox_pieces WHERE outbox_id = $1", &[id.into()]).await.map(drop)
}

/// Takes back what has not begun to leave from an account that is removed, and forgets all that was kept
/// for it; what stays of its messages nobody can open.
pub(crate) async fn end_account(transaction: &mut Transaction, account: &str, now: Value) -> Result<()> {
    const FORGET: &[&str] = &[
        "DELETE FROM outbox_pieces WHERE outbox_id IN (SELECT id FROM outbox WHERE account = $1)",
        "DELETE FROM known_recipients WHERE account = $1",
        "DELETE FROM filing WHERE account = $1",
    ];
    end_waiting(transaction, Whose::Account(account), now).await?;
    for sql in FORGET {
        transaction.execute(sql, &[account.into()]).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{ApprovalReason, Random, Secret};
    use serde_json::json;

    use super::*;
    use crate::{MasterKey, Sealer};

    struct Same;

    impl Random for Same {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn what_was_sealed_and_is_no_reason_is_an_error_and_never_no_reasons() {
        let master = MasterKey::from_text(&Secret::new("11".repeat(32))).unwrap();
        let key = HomeKey::Account(Sealer::new(master, Arc::new(Same)).new_data_key(&["acc_1"]).0);
        let context = ["obx_1".to_owned()];
        let read = |sealed: serde_json::Value| {
            let sealed = seal(&key, &context, "reasons", &sealed).unwrap();
            open::<Vec<ApprovalReason>>(&key, &context, "reasons", &sealed)
        };
        let new = ApprovalReason::NewRecipient { address: "eve@evil.example".to_owned() };
        assert_eq!(read(json!([{ "kind": "new-recipient", "address": "eve@evil.example" }])).unwrap(), [new]);
        for unread in [
            json!(["eve@evil.example: never written to before."]),
            json!([{ "kind": "always" }, { "kind": "of-another-build" }]),
            json!({}),
            json!(null),
        ] {
            let found = read(unread.clone());
            assert!(matches!(found, Err(Error::Unreadable("reasons"))), "{unread}: {found:?}");
        }
    }
}
