//! Answering an invite: whose answer, to whom, under which name, and that it leaves as all mail does.
//!
//! The organizer is whom the sender of the invite chose, so it is judged like any recipient; neither Reply-To
//! nor From of the message is ever written to.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Address, Code, GrantId, Principal, Problem, Scope, Timestamp};
use mail::{
    calendar::{self, Answer, CalendarError, Event, Method, Reply},
    mime::{
        compose::{CalendarPart, reply_references, wire_address},
        invisible,
    },
};
use storage::{Outgoing, OutgoingState, Store};

use super::{InviteReplyRequest, Read, agenda, told};
use crate::{
    Account, Engine,
    fields::Fields,
    leaving::Shown,
    outbox::{ANSWER, stored_badly},
    outgoing::{InviteAnswer, SendOutcome, SendRequest, SendStatus, Sending},
    row,
};

/// Characters of a comment.
const MAX_COMMENT: usize = 2_000;

/// Characters of a summary in a subject.
const MAX_SUMMARY: usize = 200;

/// How often somebody changes their mind about one event; then the last answer stands.
const MAX_CHANGES: usize = 50;

/// An answer as agents name it.
pub(super) fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Accept => "accept",
        Answer::Tentative => "tentative",
        Answer::Decline => "decline",
    }
}

/// The beginning of the subject, as other programs write it, and what the text says.
fn words(answer: Answer) -> (&'static str, &'static str) {
    match answer {
        Answer::Accept => ("Accepted", "accepts"),
        Answer::Tentative => ("Tentative", "tentatively accepts"),
        Answer::Decline => ("Declined", "declines"),
    }
}

impl Engine {
    /// Answers an invite by mail to its organizer, under the rules for what leaves.
    pub async fn invite_reply(
        &self,
        principal: &Principal,
        request: InviteReplyRequest,
    ) -> Result<SendOutcome, Problem> {
        let store = self.sending_store(principal)?;
        if !principal.may(Scope::Read) {
            return Err(Problem::new(Code::ScopeMissing, "Answering an invite needs `mail:read` as well.")
                .hint("Ask the person for `mail:read`."));
        }
        let comment = comment(&request.comment)?;
        let read = Box::pin(self.invited(principal, &request.id)).await?;
        let account = read.account().clone();
        // What it says leaves again, and is told in what is answered here.
        let shown = Shown { account: account.name.clone(), senders: read.from().to_vec() };
        self.expose(principal, vec![shown]).await?;
        let event = answerable(&read, &account)?;
        let organizer = organizer(event)?;
        let around = account.around(&read.group.folder, &self.0.bounds, self.now()).await;
        if let Some(later) = read.later(event, &around) {
            return Err(outdated(&later));
        }
        let from = account.identity(None)?;
        let attendee = event.attendees.iter().find(|attendee| account.is_identity(&attendee.address.email));
        let is_invited = attendee.is_some();
        let attendee = attendee.map_or_else(|| from.clone(), |attendee| attendee.address.clone());
        // Of the summary what the text shows: nothing leaves that the person who is asked could not see.
        let mut shown = event.clone();
        shown.summary = summary_of(event);
        let text = calendar::reply(&Reply {
            event: &shown,
            attendee: &attendee,
            answer: request.answer,
            comment: &comment,
            now: self.now(),
        });
        let text = text.map_err(|error| unanswerable(&error))?;
        let summary = &read.source.summary;
        let id = summary.envelope.message_id.as_deref();
        let (in_reply_to, references) =
            reply_references(id, &summary.references, &summary.envelope.in_reply_to);
        let key =
            self.answer_key(store, &principal.grant, &event_name(&account, event), request.answer).await?;
        let (subject, body) = written(&from, event, request.answer, &comment);
        let answer = InviteAnswer {
            account: account.name.clone(),
            to: organizer,
            subject,
            text: body,
            calendar: CalendarPart { method: "REPLY", text },
            in_reply_to,
            references,
            follows: read.message.id.clone(),
            key,
        };
        let sending = Sending::Invite(Box::new(answer));
        let outcome = Box::pin(self.send(principal, SendRequest { sending, key: None, at: None })).await?;
        Ok(hinted(outcome, is_invited))
    }

    /// The key of an answer: that of before, if it was the last one given to the event, else a new one. Who
    /// accepts, declines and accepts again means it each time.
    async fn answer_key(
        &self,
        store: &Store,
        grant: &GrantId,
        event: &str,
        answer: Answer,
    ) -> Result<String, Problem> {
        let key = |step: usize, answer: Answer| format!("{ANSWER}{event}.{step}.{}", word(answer));
        let mut last = None;
        for step in 0..MAX_CHANGES {
            let mut given = None;
            for of in [Answer::Accept, Answer::Tentative, Answer::Decline] {
                let row = store.outbox_find_last(grant, &key(step, of)).await;
                if let Some(row) = row.map_err(|error| stored_badly(&error))? {
                    let is_it = of == answer && self.stands(&row);
                    given = given.or(Some(false)).map(|was| was || is_it);
                }
            }
            match given {
                Some(is_it) => last = Some((step, is_it)),
                None => break,
            }
        }
        Ok(match last {
            Some((step, true)) => key(step, answer),
            Some((step, false)) => key(step + 1, answer),
            None => key(0, answer),
        })
    }

    /// Whether an answer that was given still is one: it left, or may. A no of the person's stands for a while,
    /// so that whoever only wants to know what they said does not ask them again.
    fn stands(&self, row: &Outgoing) -> bool {
        let now: Timestamp = self.now();
        match row.state {
            OutgoingState::Failed | OutgoingState::Expired | OutgoingState::Cancelled => false,
            OutgoingState::Denied => row.updated + self.0.bounds.sending.same_content > now,
            OutgoingState::Waiting => row.approval.as_ref().is_none_or(|asked| asked.expires > now),
            _ => true,
        }
    }
}

/// The event that is answered.
fn answerable<'a>(read: &'a Read, account: &Account) -> Result<&'a Event, Problem> {
    let events = read.events();
    let event = events.first().copied().ok_or_else(super::none)?;
    if events.iter().any(|other| other.uid != event.uid) {
        return Err(Problem::new(
            Code::NotSupported,
            "The message holds several events, so no answer fits all.",
        )
        .hint("Write to the organizer with mail_draft instead."));
    }
    let refused = |code, told: &str, hint: &str| Err(Problem::new(code, told).hint(hint));
    match read.invite.method {
        Some(Method::Request | Method::Add) if event.status != "CANCELLED" => {}
        Some(Method::Cancel | Method::Request | Method::Add) => {
            return refused(Code::Conflict, "The event was cancelled, so there is nothing to answer.", "");
        }
        None | Some(Method::Publish) => {
            let told = "The calendar only tells of an event and asks for no answer.";
            return refused(Code::NotSupported, told, "Write to its sender with mail_draft instead.");
        }
        Some(_) => {
            let told = "The message is itself an answer about an event, not an invite.";
            return refused(Code::NotSupported, told, "Write to its sender with mail_draft instead.");
        }
    }
    match &event.organizer {
        None => refused(
            Code::NotSupported,
            "The invite names no organizer, so there is nobody to answer.",
            "Write to its sender with mail_draft instead.",
        ),
        Some(organizer) if account.is_identity(organizer.email.trim()) => {
            refused(Code::InvalidInput, "The person organizes this event, so there is nobody to answer.", "")
        }
        Some(_) => Ok(event),
    }
}

/// Who gets the answer: the address alone, whatever name the invite gives it.
fn organizer(event: &Event) -> Result<Address, Problem> {
    let email = event.organizer.as_ref().map(|organizer| row::address(organizer).email).unwrap_or_default();
    match wire_address(&email) {
        Ok(_) => Ok(Address { name: String::new(), email }),
        Err(_) => Err(Problem::new(Code::NotSupported, "The organizer's address cannot be written to.")
            .hint("Write to the invite's sender with mail_draft instead.")),
    }
}

fn outdated(later: &agenda::Later) -> Problem {
    let told = if later.is_cancelled {
        "The event was cancelled by a later message, so there is nothing to answer."
    } else {
        "A later message changed the event: this invite is out of date."
    };
    let hint = if later.is_cancelled {
        format!("That message is `{}`.", later.id)
    } else {
        format!("Look at `{}` with mail_invite, and answer that one.", later.id)
    };
    Problem::new(Code::Conflict, told).hint(hint)
}

fn unanswerable(error: &CalendarError) -> Problem {
    let told = match error {
        CalendarError::Unanswerable(why) => format!("The invite cannot be answered: {why}."),
        _ => "The invite cannot be answered: its calendar is broken.".to_owned(),
    };
    Problem::new(Code::NotSupported, told).hint("Write to the organizer with mail_draft instead.")
}

/// What names an event, at this account and in this version.
fn event_name(account: &Account, event: &Event) -> String {
    let mut fields = Fields::default();
    let occurrence = event.recurrence_id.as_ref().map(|when| when.local.as_str()).unwrap_or_default();
    let sequence = event.sequence.to_string();
    // Who takes somebody else's UID names another event.
    let organizer = event.organizer.as_ref().map(|organizer| organizer.email.trim().to_ascii_lowercase());
    let organizer = organizer.unwrap_or_default();
    for field in [account.name.as_str(), &organizer, &event.uid, occurrence, &sequence] {
        fields.add(field);
    }
    BASE64_URL_SAFE_NO_PAD.encode(fields.hash())
}

/// Words to the organizer, as they may leave.
fn comment(text: &str) -> Result<String, Problem> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.chars().count() > MAX_COMMENT {
        let told = format!("A comment has at most {MAX_COMMENT} characters.");
        return Err(Problem::new(Code::TooLarge, told).hint("Write to the organizer with mail_draft."));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Problem::new(Code::InvalidInput, "`comment` holds a control character."));
    }
    // Nothing leaves that the person who is asked could not see.
    Ok(invisible::clean(text).0.into_owned())
}

/// The event's name as it leaves, cut.
fn summary_of(event: &Event) -> String {
    let summary = row::single_line(&invisible::clean(&event.summary).0);
    let mut short: String = summary.chars().take(MAX_SUMMARY).collect();
    if short.len() < summary.len() {
        short.push('…');
    }
    short
}

/// Subject and text, the same for every calendar.
fn written(from: &Address, event: &Event, answer: Answer, comment: &str) -> (String, String) {
    let (begins, says) = words(answer);
    let short = summary_of(event);
    let subject = if short.is_empty() { begins.to_owned() } else { format!("{begins}: {short}") };
    let who = if from.name.trim().is_empty() { &from.email } else { &from.name };
    let what = if short.is_empty() {
        "the invitation".to_owned()
    } else {
        format!("the invitation to “{short}”")
    };
    let when = event.recurrence_id.as_ref().or(event.start.as_ref());
    let when = when.map(|when| format!(", {}", told::in_words(when))).unwrap_or_default();
    let mut text = format!("{} {says} {what}{when}.\n", row::single_line(who));
    if !comment.is_empty() {
        text.push('\n');
        text.push_str(comment);
        text.push('\n');
    }
    (subject, text)
}

/// What to do next, where the general words would not fit an answer.
fn hinted(mut outcome: SendOutcome, is_invited: bool) -> SendOutcome {
    match outcome.status {
        SendStatus::Denied => {
            "The person does not want this answer sent; nothing has left. Ask them what they want."
                .clone_into(&mut outcome.hint);
        }
        SendStatus::Expired | SendStatus::Cancelled => {
            "Nothing has left. If the person still wants it, answer again: they are asked again."
                .clone_into(&mut outcome.hint);
        }
        _ => {}
    }
    if !is_invited {
        let told = "The person's own address is not among those invited; they answer as somebody who comes uninvited.";
        outcome.hint = format!("{told} {}", outcome.hint).trim_end().into();
    }
    outcome
}
