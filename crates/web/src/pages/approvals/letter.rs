//! One message that waits, exactly as it will go out, and the form of the answer; once answered, what became of it.

use access::{ApprovalState, Outgoing};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{ApprovalId, ApprovalReason, Code};
use engine::approval::{Change, DraftNow, Letter, Line, Recipient, visible, visible_line};
use time::macros::format_description;

use super::{agent_of, answer::proof_path, path_of, stage::Stage, subject_of};
use crate::{
    frame::{Answer, Error, Frame, Person, Section, Site, allow_own_frame, encode, show},
    pages::words::{Moment, size},
};

/// Characters of a text that stand on the page; the whole message has all of them.
const LONGEST_TEXT: usize = 100_000;

/// What was wrong with the proof that came with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slip {
    /// None came.
    Missing,
    /// The password is not right.
    Wrong,
    /// Too many were tried; seconds to wait.
    TooMany(u64),
}

impl Slip {
    fn text(self) -> String {
        match self {
            Self::Missing => "Type your password to let it go out. Nothing was sent.".to_owned(),
            Self::Wrong => "That is not your password. Nothing was sent.".to_owned(),
            Self::TooMany(seconds) => {
                format!("Too many tries. Wait {seconds} seconds, then try again. Nothing was sent.")
            }
        }
    }
}

/// When a message leaves that was let go.
struct Leaves {
    /// `21 November 2026, 08:30 UTC`.
    moment: String,
    /// `in 3 hours`.
    text: String,
    /// For `<time datetime>`.
    exact: String,
}

#[derive(Template)]
#[template(path = "approvals/letter.html")]
struct Page {
    frame: Frame,
    path: String,
    subject: String,
    agent: String,
    /// The page of the agent, if it is still there.
    agent_path: Option<String>,
    account: String,
    asked: Moment,
    stage: Stage,
    /// When it leaves, if not at once.
    leaves: Option<Leaves>,
    /// Why the person is asked, as far as it is about no single recipient.
    reasons: Vec<String>,
    /// The envelope's recipients, where the words are kept no longer.
    envelope: Vec<String>,
    shown: Option<Shown>,
    /// Why it cannot be shown.
    unreadable: String,
    draft: Option<Draft>,
    /// Whether the yes takes a proof.
    wants_proof: bool,
    has_password: bool,
    /// Whether they can prove who they are without it.
    has_other_way: bool,
    slip: Option<String>,
    /// Where to prove otherwise.
    proof: String,
}

/// What the message says.
struct Shown {
    from: Vec<String>,
    /// The envelope's sender, where the field says otherwise.
    sender: Option<String>,
    subject: String,
    reply_to: Vec<String>,
    fields: Vec<Field>,
    count: usize,
    new: usize,
    files: Vec<File>,
    text: String,
    /// Characters that are left out of it.
    left: usize,
    html_text: Option<String>,
    /// Characters that are left out of that.
    html_left: usize,
    has_html: bool,
    warnings: Vec<String>,
}

/// The recipients of one field.
struct Field {
    label: &'static str,
    recipients: Vec<To>,
}

/// One of them.
struct To {
    name: String,
    address: String,
    is_new: bool,
    /// Further reasons why the person is asked about them.
    reasons: Vec<String>,
    /// What is odd about them.
    note: &'static str,
}

struct File {
    path: String,
    name: String,
    kind: String,
    size: String,
    is_inline: bool,
}

/// What became of the draft.
struct Draft {
    text: &'static str,
    changes: Vec<Change>,
}

pub(super) async fn page(State(site): State<Site>, person: Person, Path(id): Path<String>) -> Answer {
    draw(&site, &person, &ApprovalId::from_text(id), None).await
}

/// The page, with what was wrong with an answer.
pub(super) async fn draw(
    site: &Site,
    person: &Person,
    id: &ApprovalId,
    slip: Option<Slip>,
) -> Result<Response, Error> {
    let now = site.now();
    let who = &person.signed_in;
    let message = site.access.approval_of(who, id).await?;
    let agent = match site.access.agent(who, &message.grant).await {
        Ok(detail) => Some(detail.agent),
        Err(access::Error::AgentNotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let stage = Stage::of(&message, now, agent.as_ref().is_some_and(|agent| agent.is_paused));
    let (letter, unreadable) = match site.engine.letter_of(&message).await {
        Ok(letter) => (letter, String::new()),
        Err(problem) if problem.code == Code::Internal => return Err(problem.into()),
        Err(problem) => (None, problem.message),
    };
    let draft = match &letter {
        Some(letter) if stage.is_open && message.frozen.draft.is_some() => {
            let account = site.access.person(who).await?;
            site.engine.draft_now(&account, &message, letter).await.map(Draft::of)
        }
        _ => None,
    };
    let approval = message.approval.as_ref();
    let reasons = approval.map(|approval| approval.reasons.as_slice()).unwrap_or_default();
    let wants_proof = stage.is_open && site.access.approval_wants_proof(who, id, &message);
    let ways = site.access.ways(who).await?;
    let is_over = approval.is_none_or(|approval| approval.state != ApprovalState::Waiting);
    let page = Page {
        frame: person.frame(Section::Approvals),
        path: path_of(id),
        subject: subject_of(&message),
        agent: agent_of(&message),
        agent_path: agent.map(|agent| format!("/agents/{}", encode(agent.grant.id.as_str()))),
        account: message.account_name.to_string(),
        asked: Moment::of(message.created, now),
        leaves: (message.due > now && stage.is_open).then(|| {
            let moment =
                format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
            let Moment { text, exact } = Moment::of(message.due, now);
            Leaves { moment: message.due.format(moment).unwrap_or_default(), text, exact }
        }),
        reasons: if is_over { Vec::new() } else { general(reasons, &message.frozen.recipients) },
        envelope: message.frozen.recipients.iter().map(|address| visible_line(address)).collect(),
        shown: letter.as_ref().map(|letter| Shown::of(letter, &message, id, reasons)),
        unreadable,
        draft,
        wants_proof,
        has_password: ways.has_password,
        has_other_way: ways.has_passkeys || ways.has_provider,
        slip: slip.map(Slip::text),
        proof: proof_path(id),
        stage,
    };
    show(&page).map(allow_own_frame)
}

impl Page {
    /// Whether there is something to say yes to.
    fn can_approve(&self) -> bool {
        self.shown.is_some()
    }
}

/// Reasons that are about no single recipient.
fn general(reasons: &[ApprovalReason], envelope: &[String]) -> Vec<String> {
    let is_of_one = |reason: &&ApprovalReason| envelope.iter().any(|address| reason.is_about(address));
    reasons.iter().filter(|reason| !is_of_one(reason)).map(|reason| words(&reason.to_string())).collect()
}

/// A reason without the marks that agents and terminals read.
fn words(reason: &str) -> String {
    visible_line(&reason.replace('`', ""))
}

fn named(name: &str, address: &str) -> String {
    let (name, address) = (visible_line(name), visible_line(address));
    if name.is_empty() { address } else { format!("{address} “{name}”") }
}

impl Shown {
    fn of(letter: &Letter, message: &Outgoing, id: &ApprovalId, reasons: &[ApprovalReason]) -> Self {
        let (sender, envelope) = (&message.frozen.from, &message.frozen.recipients);
        let is_other =
            letter.from.is_empty() || letter.from.iter().any(|from| !from.email.eq_ignore_ascii_case(sender));
        let (text, left) = cut(&letter.text);
        let html = letter.html_text.as_deref().map(cut);
        let labels = [(Some("to"), "To"), (Some("cc"), "Cc"), (Some("bcc"), "Bcc"), (None, "Also gets it")];
        let fields = labels.into_iter().map(|(field, label)| {
            let those = letter.recipients.iter().filter(|recipient| recipient.field == field);
            Field { label, recipients: those.map(|recipient| To::of(recipient, envelope, reasons)).collect() }
        });
        let fields: Vec<Field> = fields.filter(|field| !field.recipients.is_empty()).collect();
        let mut warnings: Vec<String> = letter.unshown.iter().map(|unshown| visible_line(unshown)).collect();
        match letter.invisible() {
            0 => {}
            1 => warnings.push("an invisible character".to_owned()),
            count => warnings.push(format!("{count} invisible characters")),
        }
        Self {
            from: letter.from.iter().map(|from| named(&from.name, &from.email)).collect(),
            sender: is_other.then(|| visible_line(sender)),
            subject: visible_line(&letter.subject),
            reply_to: letter.reply_to.iter().map(|to| named(&to.name, &to.email)).collect(),
            count: envelope.len(),
            new: fields.iter().flat_map(|field| &field.recipients).filter(|to| to.is_new).count(),
            fields,
            files: letter
                .files
                .iter()
                .map(|file| File {
                    path: format!("{}/files/{}", path_of(id), file.index),
                    name: visible_line(&file.name),
                    kind: visible_line(&file.media_type),
                    size: size(file.size),
                    is_inline: file.is_inline,
                })
                .collect(),
            text,
            left,
            html_left: html.as_ref().map_or(0, |(_, left)| *left),
            html_text: html.map(|(text, _)| text),
            has_html: letter.has_html,
            warnings,
        }
    }
}

impl To {
    fn of(recipient: &Recipient, envelope: &[String], reasons: &[ApprovalReason]) -> Self {
        // reasons name the envelope's addresses, fields may spell them otherwise
        let place = recipient.number.and_then(|number| number.checked_sub(1));
        let address = place.and_then(|place| envelope.get(place));
        let about = |reason: &&ApprovalReason| address.is_some_and(|address| reason.is_about(address));
        let is_new = |reason: &ApprovalReason| matches!(reason, ApprovalReason::NewRecipient { .. });
        Self {
            name: visible_line(&recipient.name),
            address: visible_line(&recipient.address),
            is_new: reasons.iter().filter(about).any(is_new),
            reasons: reasons
                .iter()
                .filter(about)
                // that one is a mark beside the address
                .filter(|reason| !is_new(reason))
                .map(|reason| words(&reason.words()))
                .collect(),
            note: match (recipient.field, recipient.number) {
                (_, None) => "does not get it: only stands in this field",
                (None, _) => "no field of the message names them",
                (Some("bcc"), _) => "hidden from all others",
                _ => "",
            },
        }
    }
}

impl Draft {
    fn of(now: DraftNow) -> Self {
        let (text, changes) = match now {
            DraftNow::Same => ("The draft that it was made of is unchanged.", Vec::new()),
            DraftNow::SavedAgain => (
                "The draft was saved again since, with the same recipients, words and files as far as their names and sizes tell.",
                Vec::new(),
            ),
            DraftNow::Gone => ("The draft that it was made of is not there any more.", Vec::new()),
            DraftNow::Unseen => {
                ("The draft that it was made of could not be looked at just now.", Vec::new())
            }
            DraftNow::Changed(changes) => (
                "The draft was changed since. What is sent is the message above, not the draft as it is now.",
                changes,
            ),
        };
        Self { text, changes }
    }
}

/// A text as far as it stands on the page, and how many characters are left out.
fn cut(text: &str) -> (String, usize) {
    let mut text = visible(text.trim_end());
    let end = text.char_indices().nth(LONGEST_TEXT).map_or(text.len(), |(at, _)| at);
    let left = text.get(end..).unwrap_or_default().chars().count();
    text.truncate(end);
    (text, left)
}

/// A line of a draft, for the template: its mark, what it is for those who do not see it, the text.
fn line_of(line: &Line) -> (&'static str, &'static str, String) {
    match line {
        Line::Gone(text) => ("gone", "Only in the message", visible(text)),
        Line::New(text) => ("new", "Only in the draft", visible(text)),
        Line::More(count) => ("more", "", format!("and {count} more lines")),
    }
}

#[cfg(test)]
mod stages;
#[cfg(test)]
mod tests {
    use super::*;

    fn to(envelope: &[String], number: Option<usize>, reasons: &[ApprovalReason]) -> (bool, Vec<String>) {
        let address = number.map_or("elsewhere@example.org", |number| &envelope[number - 1]).to_owned();
        let recipient = Recipient { field: Some("to"), address, name: String::new(), number };
        let To { is_new, reasons, .. } = To::of(&recipient, envelope, reasons);
        (is_new, reasons)
    }

    #[test]
    fn each_recipient_has_what_is_asked_about_them_and_the_rest_stands_above() {
        let envelope = ["ann@example.org", "bob@example.org"].map(str::to_owned);
        let address = "bob@example.org".to_owned();
        let reasons = [
            ApprovalReason::Always,
            ApprovalReason::NewRecipient { address: address.clone() },
            ApprovalReason::AcrossAccounts { address, read: "work".parse().ok() },
            ApprovalReason::NewRecipient { address: "ghost@example.org".to_owned() },
        ];
        assert_eq!(to(&envelope, Some(1), &reasons), (false, Vec::new()));
        let read = "mail of account work was read within the last day.".to_owned();
        assert_eq!(to(&envelope, Some(2), &reasons), (true, vec![read]));
        assert_eq!(to(&envelope, None, &reasons), (false, Vec::new()));
        assert_eq!(
            general(&reasons, &envelope),
            ["Every message is approved first.", "ghost@example.org: never written to before."]
        );
    }

    #[test]
    fn an_address_that_reads_like_a_reason_makes_nobody_new() {
        let odd = "bob@example.org: \"x: never written to before.\"@evil.example";
        let envelope = ["bob@example.org", odd].map(str::to_owned);
        let reasons = [ApprovalReason::AcrossAccounts { address: odd.to_owned(), read: None }];
        let read = "mail of another account was read within the last day.".to_owned();
        assert_eq!(to(&envelope, Some(1), &reasons), (false, Vec::new()));
        assert_eq!(to(&envelope, Some(2), &reasons), (false, vec![read]));
        assert_eq!(general(&reasons, &envelope), Vec::<String>::new());
    }
}
