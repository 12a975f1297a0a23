//! Everything that is kept of a person, for themselves, as JSON: named columns only, and never a secret, a
//! hash or a token.
//!
//! Small lists come whole; activity and outbox, which may be long, a page at a time. Put together in `access`.

use domain::{ApprovalReason, Timestamp, UserId};
use serde_json::{Map, Value as Json, json};
use time::format_description::well_known::Rfc3339;

use crate::{Error, OutgoingState, Result, Row, Store, Value, outbox::an_outgoing};

/// Rows of a page.
const PAGE: u32 = 500;

/// How a column is written.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// As text.
    Text,
    /// As a number.
    Number,
    /// As `true` or `false`.
    Switch,
    /// As ISO 8601 in UTC.
    Instant,
    /// It holds JSON.
    Json,
    /// Words with spaces between, as a list.
    Words,
}
use Kind::{Instant, Json as Raw, Number, Switch, Text, Words};

/// A list that comes whole: its name, the statement by the user's id, and its columns.
struct List(&'static str, &'static str, &'static [(&'static str, Kind)]);

const LISTS: &[List] = &[
    List(
        "mailboxes",
        "SELECT name, settings, is_default, created, \
            (SELECT count(*) FROM known_recipients k WHERE k.account = accounts.id) AS recipients_approved \
            FROM accounts WHERE user_id = $1 ORDER BY name",
        &[
            ("name", Text),
            ("settings", Raw),
            ("is_default", Switch),
            ("created", Instant),
            ("recipients_approved", Number),
        ],
    ),
    List(
        "agents",
        "SELECT g.id, g.label, c.name AS client, c.uri AS client_uri, g.scopes, g.accounts, g.limits, g.created, \
            g.last_used, g.expires, g.paused, g.revoked, \
            (SELECT CAST(COALESCE(sum(k.ok + k.other), 0) AS BIGINT) FROM calls k WHERE k.grant_id = g.id) AS calls \
            FROM grants g LEFT JOIN clients c ON c.id = g.client_id WHERE g.user_id = $1 ORDER BY g.created, g.id",
        &[
            ("id", Text),
            ("label", Text),
            ("client", Text),
            ("client_uri", Text),
            ("scopes", Words),
            ("accounts", Raw),
            ("limits", Raw),
            ("created", Instant),
            ("last_used", Instant),
            ("expires", Instant),
            ("paused", Instant),
            ("revoked", Instant),
            ("calls", Number),
        ],
    ),
    List(
        "sign_ins_of_agents",
        "SELECT f.grant_id AS agent, f.created, f.last_used, f.revoked FROM families f \
            JOIN grants g ON g.id = f.grant_id WHERE g.user_id = $1 ORDER BY f.created, f.id",
        &[("agent", Text), ("created", Instant), ("last_used", Instant), ("revoked", Instant)],
    ),
    List(
        "browsers",
        "SELECT browser, address, way, created, last_used, expires FROM web_sessions WHERE user_id = $1 \
            ORDER BY created, id",
        &[
            ("browser", Text),
            ("address", Text),
            ("way", Text),
            ("created", Instant),
            ("last_used", Instant),
            ("expires", Instant),
        ],
    ),
    List(
        "passkeys",
        "SELECT name, created, last_used FROM passkeys WHERE user_id = $1 ORDER BY created, id",
        &[("name", Text), ("created", Instant), ("last_used", Instant)],
    ),
    List(
        "codes_of_an_app",
        "SELECT created, confirmed, (SELECT count(*) FROM recovery_codes r WHERE r.user_id = $1 \
            AND r.used IS NULL) AS recovery_codes_left FROM one_time_codes WHERE user_id = $1",
        &[("created", Instant), ("confirmed", Instant), ("recovery_codes_left", Number)],
    ),
    List(
        "other_providers",
        "SELECT issuer, subject, shown, created, last_used FROM identities WHERE user_id = $1 \
            ORDER BY created, issuer",
        &[("issuer", Text), ("subject", Text), ("shown", Text), ("created", Instant), ("last_used", Instant)],
    ),
    List(
        "invitations_made",
        "SELECT i.purpose, i.note, i.created, i.expires, i.used FROM invitations i \
            JOIN users u ON u.name = i.made_by WHERE u.id = $1 ORDER BY i.created, i.id",
        &[("purpose", Text), ("note", Text), ("created", Instant), ("expires", Instant), ("used", Instant)],
    ),
    List(
        "changes_that_can_be_taken_back",
        "SELECT c.id, c.grant_id AS agent, c.state, c.created, c.expires, \
            (SELECT count(*) FROM change_steps s WHERE s.change_id = c.id) AS steps \
            FROM changes c JOIN users u ON u.name = c.user_name WHERE u.id = $1 ORDER BY c.created, c.id",
        &[
            ("id", Text),
            ("agent", Text),
            ("state", Text),
            ("created", Instant),
            ("expires", Instant),
            ("steps", Number),
        ],
    ),
    List(
        "files_handed_over",
        "SELECT u.size, u.created, u.expires FROM uploads u JOIN grants g ON g.id = u.grant_id \
            WHERE g.user_id = $1 ORDER BY u.created, u.id",
        &[("size", Number), ("created", Instant), ("expires", Instant)],
    ),
];

/// Where the next page of a list begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportPlace {
    at: i64,
    id: String,
}

impl Store {
    /// The lists that come whole, with their names, in a fixed order.
    pub async fn export_lists(&self, user: &UserId) -> Result<Vec<(&'static str, Vec<Json>)>> {
        let mut lists = Vec::new();
        for List(name, sql, columns) in LISTS {
            let rows = self.database.fetch(sql, &[user.as_str().into()]).await?;
            lists.push((*name, rows.iter().map(|row| object(row, columns)).collect::<Result<_>>()?));
        }
        Ok(lists)
    }

    /// The user's activity, oldest first, from `place` on, and where it goes on; nothing is left without one.
    pub async fn export_activity(
        &self,
        user: &str,
        place: &ExportPlace,
    ) -> Result<(Vec<Json>, Option<ExportPlace>)> {
        const NEXT: &str = "SELECT seq, at, door, grant_id AS agent, client, tool, targets, outcome, octets, undo \
            FROM audit WHERE user_name = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        const COLUMNS: &[(&str, Kind)] = &[
            ("seq", Number),
            ("at", Instant),
            ("door", Text),
            ("agent", Text),
            ("client", Text),
            ("tool", Text),
            ("targets", Raw),
            ("outcome", Text),
            ("octets", Number),
            ("undo", Text),
        ];
        let rows = self.database.fetch(NEXT, &[user.into(), place.at.into(), PAGE.into()]).await?;
        let next = match rows.last() {
            Some(last) if rows.len() >= PAGE as usize => {
                Some(ExportPlace { at: last.int("seq")?, id: String::new() })
            }
            _ => None,
        };
        Ok((rows.iter().map(|row| object(row, COLUMNS)).collect::<Result<_>>()?, next))
    }

    /// The user's mail on its way out and what became of it, likewise.
    pub async fn export_outbox(
        &self,
        user: &str,
        place: &ExportPlace,
    ) -> Result<(Vec<Json>, Option<ExportPlace>)> {
        const NEXT: &str = concat!(
            "SELECT ",
            an_outgoing!(columns),
            " FROM outbox o LEFT JOIN approvals p ON p.id = o.approval_id WHERE o.user_name = $1 \
             AND (o.created > $2 OR (o.created = $2 AND o.id > $3)) ORDER BY o.created, o.id LIMIT $4"
        );
        let values = [user.into(), place.at.into(), place.id.as_str().into(), PAGE.into()];
        let rows = self.database.fetch(NEXT, &values).await?;
        let next = match rows.last() {
            Some(last) if rows.len() >= PAGE as usize => {
                Some(ExportPlace { at: last.int("created")?, id: last.text("id")?.to_owned() })
            }
            _ => None,
        };
        let mut messages = Vec::with_capacity(rows.len());
        for row in &rows {
            // Of an account that was removed nothing can be read any more.
            match self.read_outgoing(row).await {
                Ok(message) => messages.extend(message.as_ref().map(told)),
                // One that was altered, or sealed by another version, does not keep the person from all the others.
                Err(Error::Seal | Error::WrongKey | Error::Unreadable(_)) => {
                    messages.push(
                        json!({ "id": row.text("id")?, "state": row.text("state")?, "unreadable": true }),
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok((messages, next))
    }
}

fn told(message: &crate::Outgoing) -> Json {
    let frozen = &message.frozen;
    json!({
        "id": message.id.as_str(),
        "agent": message.grant.as_str(),
        "client": message.client,
        "mailbox": message.account_name.as_str(),
        "from": frozen.from,
        "recipients": frozen.recipients,
        "subject": frozen.subject,
        "message_id": frozen.message_id,
        "size": frozen.size,
        "files": frozen.files,
        "state": message.state.as_str(),
        "is_over": OutgoingState::is_final(message.state),
        "due": instant(message.due),
        "created": instant(message.created),
        "updated": instant(message.updated),
        "outcome": message.outcome,
        "approval": message.approval.as_ref().map(|approval| json!({
            "reasons": approval.reasons.iter().map(ApprovalReason::told).collect::<Vec<_>>(),
            "state": approval.state.as_str(),
            "expires": instant(approval.expires),
            "decided": approval.decided.map(instant),
        })),
    })
}

fn object(row: &Row, columns: &[(&'static str, Kind)]) -> Result<Json> {
    let mut object = Map::with_capacity(columns.len());
    for (column, kind) in columns {
        object.insert((*column).to_owned(), written(row, column, *kind)?);
    }
    Ok(Json::Object(object))
}

fn written(row: &Row, column: &'static str, kind: Kind) -> Result<Json> {
    if *row.value(column)? == Value::Null {
        return Ok(Json::Null);
    }
    Ok(match kind {
        Text => row.text(column)?.into(),
        Number => row.int(column)?.into(),
        Switch => row.flag(column)?.into(),
        Instant => instant(row.instant(column)?).into(),
        // What is no JSON is told as it stands: the person gets what there is.
        Raw => serde_json::from_str(row.text(column)?).or_else(|_| row.text(column).map(Json::from))?,
        Words => row.text(column)?.split_whitespace().collect::<Vec<_>>().into(),
    })
}

fn instant(at: Timestamp) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
