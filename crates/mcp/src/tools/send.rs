//! `mail_send`: a message leaves, or is frozen until the person says yes; and how that stands.

use std::time::Duration;

use domain::{ApprovalId, Problem, Scope, Timestamp};
use engine::outgoing::{SendOutcome, SendRequest, SendStatus, Sending};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{
    PrimitiveDateTime,
    format_description::well_known::{Iso8601, Rfc3339},
};

use super::{approval, composed::Composed, draft::draft_id};
use crate::{
    arguments::invalid,
    asking::{Answered, Said},
    error::Refused,
    files::HandOver,
    tool::{Call, Effect, Tool},
    view::{date, shorten, size},
};

/// What a client shows before it opens the page of an approval: nothing of the message.
const LOOK_AT_IT: &str = "A mail waits for your approval. Open the page of your Postroom server, sign in there, look at the mail \
    and decide. Nothing is sent before that.";

/// Characters of a key.
const LONGEST_KEY: usize = 200;

pub(crate) struct Send;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Sends that draft
    draft_id: Option<String>,
    /// Of the draft
    expect: Option<String>,
    #[serde(flatten)]
    composed: Composed,
    /// Your own name for this sending
    idempotency_key: Option<String>,
    /// ISO 8601; UTC if without offset
    send_at: Option<String>,
    approval_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Output {
    status: &'static str,
    #[schemars(extend("x-untrusted" = true))]
    message_id: String,
    recipients: Vec<RecipientView>,
    /// Recipients that are not shown
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy: Option<CopyView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<String>,
    repeated: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    hint: String,
}

#[derive(Serialize, JsonSchema)]
struct RecipientView {
    #[schemars(extend("x-untrusted" = true))]
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    reason: String,
}

#[derive(Serialize, JsonSchema)]
struct CopyView {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct ApprovalView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    expires: String,
}

impl Input {
    async fn request(self, files: &HandOver) -> Result<SendRequest, Problem> {
        let key = self.idempotency_key.as_deref().map(key).transpose()?;
        let approval = self.approval_id.as_deref().map(approval_id).transpose()?;
        let at = self.send_at.as_deref().map(moment).transpose()?;
        let said = self.composed.said();
        if self.expect.is_some() && self.draft_id.is_none() {
            return Err(invalid("`expect` belongs to `draft_id`.".to_owned()));
        }
        let sending = match (self.draft_id, said.first()) {
            (Some(_), Some(name)) => {
                let told = format!("`draft_id` and `{name}` exclude each other.");
                return Err(invalid(told).hint("Change the draft with `mail_draft` first, then send it."));
            }
            (None, None) if key.is_none() && approval.is_none() => {
                let told = "There is nothing to send.".to_owned();
                return Err(invalid(told).hint(
                    "Give a `draft_id`, or `to` with `subject` and `body`; `idempotency_key` or `approval_id` alone asks how \
                     a sending stands.",
                ));
            }
            (None, None) if at.is_some() => {
                return Err(invalid("`send_at` needs something to send.".to_owned()));
            }
            (None, None) => Sending::State { approval },
            (_, _) if approval.is_some() => {
                let told = "`approval_id` is for asking how a sending stands.".to_owned();
                return Err(invalid(told).hint("Give it without anything to send."));
            }
            (Some(draft), None) => {
                let account = self.composed.account();
                Sending::Draft { draft: draft_id(&draft)?, expect: self.expect, account }
            }
            (None, Some(_)) => Sending::New(Box::new(self.composed.composition(files, false).await?)),
        };
        Ok(SendRequest { sending, key, at })
    }
}

fn key(text: &str) -> Result<String, Problem> {
    let is_good = text.chars().count() <= LONGEST_KEY && !text.chars().any(char::is_control);
    if is_good {
        Ok(text.to_owned())
    } else {
        Err(invalid(format!("`idempotency_key` must have at most {LONGEST_KEY} characters on one line.")))
    }
}

fn approval_id(text: &str) -> Result<ApprovalId, Problem> {
    let approval = ApprovalId::from_text(text.trim());
    match approval.to_bytes() {
        Some(_) => Ok(approval),
        None => Err(invalid("`approval_id` is not the id of an approval.".to_owned())
            .hint("Copy it from the answer of `mail_send`, as `apr_…`.")),
    }
}

/// A point in time, in UTC if no offset is given.
fn moment(text: &str) -> Result<Timestamp, Problem> {
    let text = text.trim();
    let with_offset = Timestamp::parse(text, &Rfc3339).or_else(|_| Timestamp::parse(text, &Iso8601::DEFAULT));
    let without = || PrimitiveDateTime::parse(&text.replacen(' ', "T", 1), &Iso8601::DEFAULT);
    with_offset.or_else(|_| without().map(PrimitiveDateTime::assume_utc)).map_err(|_| {
        let told = "`send_at` is not a time in ISO 8601.".to_owned();
        invalid(told).hint("For example `2026-11-23T08:30:00+01:00`, or `2026-11-23T07:30:00Z`.")
    })
}

impl Output {
    /// How it stands, in the words of the audit trail.
    pub(super) fn ended(&self) -> &'static str {
        match self.status {
            "approval_needed" => "waiting",
            "partly_sent" => "partly",
            // by its person; a call that was broken off is `cancelled`
            "cancelled" => "taken_back",
            status => status,
        }
    }

    pub(super) fn of(outcome: SendOutcome) -> Self {
        let mut output = Self {
            status: outcome.status.as_str(),
            message_id: shorten(&outcome.message_id, 998).0,
            recipients: Vec::new(),
            more: Some(outcome.recipients.len()),
            copy: outcome
                .copy
                .map(|copy| CopyView { state: copy.state, id: copy.id.map(|id| id.to_string()) }),
            approval: outcome.approval.map(|approval| ApprovalView {
                id: approval.id.to_string(),
                url: approval.url,
                expires: date(approval.expires),
            }),
            send_at: outcome.at.map(date),
            undo: outcome.undo.map(|id| id.to_string()),
            repeated: outcome.is_repeated,
            hint: outcome.hint,
        };
        let mut all: Vec<RecipientView> = outcome
            .recipients
            .into_iter()
            .map(|one| RecipientView {
                address: shorten(&one.address, 320).0,
                accepted: one.accepted,
                reason: shorten(&one.reason, 300).0,
            })
            .collect();
        let room = size::HARD_CAP.saturating_sub(size::json_chars(&output));
        if size::json_chars(&all) > room {
            // what went wrong is told first
            all.sort_by_key(|one| {
                one.accepted == Some(true) || (one.accepted.is_none() && one.reason.is_empty())
            });
        }
        let count = all.len();
        let mut taken = 0;
        output.recipients = all
            .into_iter()
            .take_while(|one| {
                taken += size::json_chars(one) + 1;
                taken <= room
            })
            .collect();
        let left = count - output.recipients.len();
        output.more = (left > 0).then_some(left);
        output
    }
}

/// Asks the person in their client whether what waits may leave, where that is theirs to say there; else has the
/// client lead them to the page where it is, if `leads`: whoever only wants to know how it stands is told at once.
pub(super) async fn ask(cx: &Call<'_>, outcome: SendOutcome, leads: bool) -> Result<SendOutcome, Refused> {
    let Some(approval) = outcome.approval.as_ref().filter(|_| outcome.status == SendStatus::ApprovalNeeded)
    else {
        return Ok(outcome);
    };
    let id = approval.id.clone();
    let question = if cx.asking.shows_forms() { question(cx, &id).await } else { None };
    if let Some(message) = question {
        return match cx.asking.ask(id.as_str(), message, cx.deadline).await? {
            Said::Nothing => Ok(outcome),
            said => Ok(cx.mail.answer_approval(cx.principal, &id, said == Said::Yes).await?),
        };
    }
    let Some(page) = approval.url.as_ref().filter(|_| leads && cx.asking.opens_pages()) else {
        return Ok(outcome);
    };
    if !cx.asking.lead(id.as_str(), LOOK_AT_IT.to_owned(), page, cx.deadline).await? {
        return Ok(outcome);
    }
    let watched = watch(cx, &id).await?;
    if watched.status != SendStatus::ApprovalNeeded {
        cx.asking.page_is_done(id.as_str()).await;
    }
    Ok(watched)
}

/// What a form asks, where this grant's approvals are given in the client.
async fn question(cx: &Call<'_>, id: &ApprovalId) -> Option<String> {
    match cx.mail.approval_question(cx.principal, id).await {
        Ok(question) => question.as_ref().and_then(approval::question),
        Err(problem) => {
            // it waits, and whoever sent it must learn that
            tracing::warn!(code = problem.code.as_str(), "a question could not be asked");
            None
        }
    }
}

/// What became of it, once the person has answered on the page, or not for a while.
async fn watch(cx: &Call<'_>, id: &ApprovalId) -> Result<SendOutcome, Problem> {
    cx.deadline.put_off_for(cx.asking.page_wait() + Duration::from_mins(1));
    cx.mail.await_approval(cx.principal, id, cx.asking.page_wait()).await
}

/// What came of a question that this call brings back. That they are still asked here is looked up again: the
/// grant may have been changed since. That a page was opened decides nothing.
pub(super) async fn decide(
    cx: &Call<'_>,
    id: &ApprovalId,
    answered: Answered,
) -> Result<SendOutcome, Problem> {
    match answered {
        Answered::Said(said @ (Said::Yes | Said::No))
            if cx.mail.approval_question(cx.principal, id).await?.is_some() =>
        {
            return cx.mail.answer_approval(cx.principal, id, said == Said::Yes).await;
        }
        Answered::Opened(true) => return watch(cx, id).await,
        Answered::Said(_) | Answered::Opened(false) => {}
    }
    let state = Sending::State { approval: Some(id.clone()) };
    cx.mail.send(cx.principal, SendRequest { sending: state, key: None, at: None }).await
}

impl Tool for Send {
    const NAME: &str = "mail_send";
    const TITLE: &str = "Send mail";
    const ABOUT: &str = "Sends a draft (`draft_id`, `expect`) or a new message with the arguments of `mail_draft`. Only when the \
        person wants it sent. Give an `idempotency_key`: called again with it, nothing is sent twice. `approval_needed`: \
        give the person `approval.url`, and wait. `unknown`: never send again, tell the person. `idempotency_key` or `approval_id` alone says how it stands.";
    const SCOPE: Scope = Scope::Send;
    const EFFECT: Effect = Effect::Sends;
    type Input = Input;
    type Output = Output;

    fn targets(input: &Input) -> Vec<String> {
        let draft = input.draft_id.as_deref().and_then(|id| draft_id(id).ok()).map(|id| id.to_string());
        let approval =
            input.approval_id.as_deref().and_then(|id| approval_id(id).ok()).map(|id| id.to_string());
        draft.into_iter().chain(approval).chain(input.composed.targets()).collect()
    }

    fn made(output: &Output) -> Vec<String> {
        let approval = output.approval.as_ref().map(|approval| approval.id.clone());
        [output.message_id.clone()].into_iter().chain(approval).collect()
    }

    fn ended(output: &Output) -> &'static str {
        output.ended()
    }

    async fn call(cx: &Call<'_>, input: Input) -> Result<Output, Refused> {
        if let Some((id, answered)) = cx.asking.brought_back()? {
            return Ok(Output::of(decide(cx, &ApprovalId::from_text(id), answered).await?));
        }
        let request = input.request(cx.files).await?;
        let leads = !matches!(request.sending, Sending::State { .. });
        let outcome = cx.mail.send(cx.principal, request).await?;
        Ok(Output::of(ask(cx, outcome, leads).await?))
    }
}
