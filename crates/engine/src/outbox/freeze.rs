//! From a wish to a row of the outbox: the message as it will leave, judged, counted, and kept.
//!
//! Up to here a call may fail or go away and nothing has happened. What is added leaves as it is, or not
//! at all.

use domain::{Address, Code, Door, HomeAccount, MessageRef, OutboxId, Principal, Problem, Timestamp};
use mail::mime::compose::wire_address;
use storage::{Added, Frozen, NewOutgoing, Outgoing, OutgoingState, Store, Sums};

use super::{
    attempt::no_submission,
    filing::{self, Filing},
    frozen::hash,
    key::{self, Asked},
    message_id, told,
};
use crate::{
    Account, Engine,
    bounds::SendingBounds,
    outgoing::{Made, SendRequest, Sending, Spool, too_large},
};

/// A message as it is to leave, and what its row is made of besides.
struct Ready {
    account: Account,
    spool: Spool,
    from: String,
    to: Vec<Address>,
    subject: String,
    message_id: String,
    preview: String,
    files: Vec<String>,
    follows: Option<(MessageRef, bool)>,
    draft: Option<(domain::DraftId, String)>,
    due: Timestamp,
}

impl Engine {
    /// Puts what was asked into the outbox, or answers what stands there under the same key already.
    pub(super) async fn freeze(
        &self,
        store: &Store,
        principal: &Principal,
        request: SendRequest,
        asked: &Asked,
    ) -> Result<(OutboxId, Option<Box<Outgoing>>), Problem> {
        let bounds = self.0.bounds.sending;
        let now = self.now();
        let at = later(request.at, now, &bounds)?;
        self.admit(store, principal, Sums::default()).await?;
        let ready = self.ready(store, principal, request.sending, asked, (now, at)).await?;
        let keeps_account = keeps_account(principal, &ready.account);
        if at.is_some() && !keeps_account {
            return Err(Problem::new(
                Code::NotSupported,
                "Nothing can be sent later here: the account's password is known only while a call runs.",
            )
            .hint("Send it without `send_at`."));
        }
        let recipients = recipients(&ready.to)?;
        if recipients.len() as u64 > bounds.recipients_a_day {
            return Err(Problem::new(
                Code::TooMany,
                format!(
                    "A message goes to at most {} recipients; these are {}.",
                    bounds.recipients_a_day,
                    recipients.len()
                ),
            )
            .hint("Write to fewer."));
        }
        let addresses: Vec<String> = recipients.iter().map(|(address, _)| address.clone()).collect();
        let judgement = self.judge(principal, &ready.account, &addresses).await?;
        let due = ready.due;
        let state = match (judgement.reasons.is_empty(), due > now) {
            (false, _) => OutgoingState::Waiting,
            (true, true) => OutgoingState::Scheduled,
            (true, false) => OutgoingState::Ready,
        };
        if keeps_account {
            self.0.under_way.note_carried(&ready.account.home);
        }
        let spool = &ready.spool;
        let needs_utf8 = spool.needs_utf8() || recipients.iter().any(|(_, needs_utf8)| *needs_utf8);
        let frozen = Frozen {
            hash: hash(&ready.from, &addresses, &spool.bcc(), spool.hash()),
            from: ready.from,
            recipients: addresses,
            message_id: ready.message_id,
            subject: ready.subject,
            size: spool.size(),
            bcc: spool.bcc(),
            is_8bit: spool.is_8bit(),
            needs_utf8,
            draft: ready.draft.as_ref().map(|(draft, _)| draft.clone()),
            draft_version: ready.draft.map(|(_, version)| version),
            date: Some(due.unix_timestamp()),
            answers: ready.follows.as_ref().map(|(message, _)| message.to_string()),
            is_forward: ready.follows.is_some_and(|(_, is_forward)| is_forward),
            preview: ready.preview,
            files: ready.files,
        };
        let more = Sums {
            messages: 1,
            recipients: frozen.recipients.len() as u64,
            new_recipients: u64::from(judgement.new_recipients),
            octets: frozen.size,
        };
        let new = NewOutgoing {
            id: OutboxId::from_random(self.random_id()),
            grant: principal.grant.clone(),
            user: principal.user.clone(),
            client: principal.client.clone(),
            account: ready.account.home.clone(),
            account_name: ready.account.name.clone(),
            key: asked.key.clone(),
            key_until: asked.is_of_content.then(|| now + bounds.same_content),
            content: asked.content,
            frozen,
            state,
            due,
            approval: (state == OutgoingState::Waiting).then(|| self.new_approval(principal, &judgement)),
            new_recipients: judgement.new_recipients,
        };
        let _one_at_a_time = self.0.under_way.admission(&principal.grant).lock().await;
        self.admit(store, principal, more).await?;
        let added = store.outbox_add(&new, ready.spool.read()).await;
        match added.map_err(|error| super::stored_badly(&error))? {
            Added::New => {
                if state == OutgoingState::Waiting {
                    self.0.under_way.waits.notify_one();
                }
                Ok((new.id, None))
            }
            // Somebody was quicker: with this version, or with another.
            Added::Known(row) if row.frozen.draft_version != new.frozen.draft_version => {
                Err(told::another_version(&row, now))
            }
            Added::Known(row) => Ok((row.id.clone(), Some(row))),
        }
    }

    /// When a message of the account leaves at the earliest. That is its date, too: what is dated earlier
    /// stands among what its recipients have read already. Where a person is asked first it leaves later,
    /// and keeps this date, since what is approved are these octets.
    fn due(
        &self,
        principal: &Principal,
        account: &Account,
        (now, at): (Timestamp, Option<Timestamp>),
    ) -> Timestamp {
        let is_kept = keeps_account(principal, account);
        let delay = if is_kept { self.0.settings.send_delay } else { std::time::Duration::ZERO };
        at.unwrap_or(now).max(now + delay)
    }

    /// The message as it is to leave: now, or at the time that was wished.
    async fn ready(
        &self,
        store: &Store,
        principal: &Principal,
        sending: Sending,
        asked: &Asked,
        (now, at): (Timestamp, Option<Timestamp>),
    ) -> Result<Ready, Problem> {
        let name = key::of_message_id(asked, now);
        let make_id = async |account: &Account| {
            let from = wire(&account.address)?;
            let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
            let made = message_id::make(store, &account.home, &principal.grant, &name, domain).await;
            made.map_err(|error| super::stored_badly(&error))
        };
        match sending {
            Sending::Draft { draft, expect, account: named } => {
                let held = Box::pin(self.find_draft(principal, &draft, named.as_deref())).await?;
                let limit = self.may_send(store, &held.account).await?;
                let message_id = make_id(&held.account).await?;
                let due = self.due(principal, &held.account, (now, at));
                let found = Box::pin(self.draft_to_send(&held, expect.as_deref(), &message_id, due)).await?;
                if found.spool.size() > limit {
                    return Err(too_large(Some(found.spool.size()), limit));
                }
                Ok(Ready {
                    account: found.account,
                    from: wire(&found.from.email)?,
                    to: [found.to, found.cc, found.bcc].concat(),
                    spool: found.spool,
                    subject: found.subject,
                    message_id,
                    preview: found.preview,
                    files: found.names,
                    follows: found.follows,
                    draft: Some((draft, found.version)),
                    due,
                })
            }
            Sending::New(_) | Sending::Invite(_) => {
                let mut prepared = match sending {
                    Sending::New(composition) => {
                        let made = Made { message_id: String::new(), date: now, extra: Vec::new() };
                        self.prepare(principal, *composition, made).await?
                    }
                    Sending::Invite(answer) => self.prepare_answer(principal, *answer, now).await?,
                    _ => return Err(nothing()),
                };
                let limit = self.may_send(store, &prepared.account).await?;
                let message_id = make_id(&prepared.account).await?;
                let due = self.due(principal, &prepared.account, (now, at));
                prepared.letter.message_id.clone_from(&message_id);
                prepared.letter.date = due;
                let letter = &prepared.letter;
                let from = wire(&letter.from.email)?;
                let to = [letter.to.clone(), letter.cc.clone(), letter.bcc.clone()].concat();
                // Before files are fetched for nothing.
                recipients(&to)?;
                let subject = letter.subject.clone();
                let (account, preview, files, follows) = (
                    prepared.account.clone(),
                    prepared.asked_preview.clone(),
                    prepared.names.clone(),
                    prepared.follows.clone(),
                );
                let spool = self.spool(&mut prepared, limit).await?;
                Ok(Ready {
                    account,
                    spool,
                    from,
                    to,
                    subject,
                    message_id,
                    preview,
                    files,
                    follows,
                    draft: None,
                    due,
                })
            }
            Sending::State { .. } => Err(nothing()),
        }
    }

    /// Whether the account can send, and file what it sends; the most octets that it can send.
    async fn may_send(&self, store: &Store, account: &Account) -> Result<u64, Problem> {
        let submission = account.submission.as_ref().ok_or_else(|| no_submission(account))?;
        if filing::of(store, account).await != Filing::Provider {
            account.sent_folder().await?;
        }
        let known = self.0.under_way.size(&submission.endpoint).unwrap_or(u64::MAX);
        Ok(known.min(self.0.bounds.sending.message))
    }

    /// Whether the grant may send so much more. Asked with nothing first, so that no work is done in vain.
    async fn admit(&self, store: &Store, principal: &Principal, more: Sums) -> Result<(), Problem> {
        let bounds = &self.0.bounds.sending;
        let now = self.now();
        let since = |span: time::Duration| async move {
            let sums = store.outbox_sums(&principal.grant, now - span).await;
            sums.map_err(|error| super::stored_badly(&error))
        };
        let limit = principal.limits.sends_per_hour.unwrap_or(bounds.sends_an_hour);
        if since(time::Duration::HOUR).await?.messages >= u64::from(limit) {
            // When the oldest of them are an hour old.
            let mut wait = 60;
            for minutes in [1, 5, 10, 20, 30, 45, 60] {
                wait = minutes * 60;
                let left = since(time::Duration::HOUR - time::Duration::minutes(minutes)).await?;
                if left.messages < u64::from(limit) {
                    break;
                }
            }
            return Err(Problem::new(
                Code::RateLimited,
                format!("The grant sends at most {limit} messages an hour."),
            )
            .hint("Wait, or have the person raise the grant's limit.")
            .retry_after(u64::try_from(wait).unwrap_or(3_600)));
        }
        let day = since(time::Duration::DAY).await?;
        for (was, adds, limit, what) in [
            (day.recipients, more.recipients, bounds.recipients_a_day, "recipients"),
            (day.new_recipients, more.new_recipients, bounds.new_recipients_a_day, "new recipients"),
            (day.octets, more.octets, bounds.octets_a_day, "octets"),
        ] {
            if adds > 0 && was.saturating_add(adds) > limit {
                return Err(Problem::new(
                    Code::RateLimited,
                    format!("The grant sends to at most {limit} {what} a day; {was} are used.").replace(
                        "sends to at most",
                        if what == "octets" { "sends at most" } else { "writes to at most" },
                    ),
                )
                .hint("Wait for a day, or have the person send it.")
                .retry_after(3_600));
            }
        }
        Ok(())
    }
}

fn nothing() -> Problem {
    Problem::new(Code::Internal, "Nothing was asked to be sent.")
}

/// Whether the account can be opened when nobody calls.
fn keeps_account(principal: &Principal, account: &Account) -> bool {
    !matches!(account.home, HomeAccount::Carried(_)) || principal.door == Door::Stdio
}

/// When it is to leave, if that is later than now.
fn later(
    at: Option<Timestamp>,
    now: Timestamp,
    bounds: &SendingBounds,
) -> Result<Option<Timestamp>, Problem> {
    match at {
        Some(at) if at > now + bounds.ahead => Err(Problem::new(
            Code::InvalidInput,
            format!("A message is scheduled at most {} days ahead.", bounds.ahead.as_secs() / 86_400),
        )
        .hint(present(now))),
        // A wrong year would send it now, for good.
        Some(at) if at < now - bounds.late => {
            Err(Problem::new(Code::InvalidInput, "`send_at` is in the past.").hint(present(now)))
        }
        at => Ok(at.filter(|at| *at > now)),
    }
}

fn present(now: Timestamp) -> String {
    let now = now.to_offset(time::UtcOffset::UTC).replace_nanosecond(0).unwrap_or(now);
    let now = now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    format!("It is {now} (UTC) now. To send at once, leave `send_at` out.")
}

/// Every recipient once, as it stands in the envelope, and whether it needs SMTPUTF8.
fn recipients(addresses: &[Address]) -> Result<Vec<(String, bool)>, Problem> {
    let mut seen = std::collections::HashSet::new();
    let mut recipients = Vec::with_capacity(addresses.len());
    for address in addresses {
        let wire = wire_address(&address.email).map_err(|error| error.problem())?;
        // No further folded: beyond ASCII what looks like one address may be two.
        if seen.insert(wire.text.to_ascii_lowercase()) {
            recipients.push((wire.text, wire.needs_utf8));
        }
    }
    if recipients.is_empty() {
        return Err(Problem::new(Code::InvalidInput, "The message has no recipient.")
            .hint("Give `to`, `cc` or `bcc`."));
    }
    Ok(recipients)
}

fn wire(email: &str) -> Result<String, Problem> {
    wire_address(email).map(|wire| wire.text).map_err(|error| error.problem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_differ_beyond_ascii_are_two_recipients() {
        let addresses = ["kim@example.org", "\u{212a}im@example.org", "KIM@example.org"]
            .map(|email| Address { email: email.to_owned(), ..Address::default() });
        let envelope = recipients(&addresses).unwrap();
        let expected = [("kim@example.org".to_owned(), false), ("\u{212a}im@example.org".to_owned(), true)];
        assert_eq!(envelope, expected);
    }
}
