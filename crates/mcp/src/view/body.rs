//! Messages as agents read them, cut to a budget that bounds the whole answer.
//!
//! Each message gets a fair share; what short ones leave goes to the long ones. Fields give way in steps
//! (named in `omitted`), then bodies are cut, with `left` and `continue_from`.

use domain::{
    Code, Problem, RequestId,
    reading::{Link, Trust, Verdict},
};
use engine::read::{Message, Outcome};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Nonce, ProblemView, address, addresses, cut, date,
    fence::harmless,
    file_name, file_type, piece,
    row::{self, RowView},
    shorten,
    size::{HARD_CAP, escaped_len, json_chars, tokens},
};
use crate::error::message_of;

/// What is asked of [`show`].
pub(crate) struct Ask<'a> {
    /// Tokens of the whole answer.
    pub max_tokens: usize,
    /// Characters of the answer beside the messages and their list.
    pub beside: usize,
    /// Characters of the body to skip.
    pub start: usize,
    /// Marks the bodies.
    pub nonce: &'a Nonce,
    /// Told where only the log knows more.
    pub request: Option<&'a RequestId>,
}

/// One message, or why there is none.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(crate) struct MessageView {
    #[schemars(extend("x-untrusted" = true))]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    new_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    message_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    from: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    to: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    cc: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    reply_to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    flags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_from: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    links: Vec<LinkView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<TrustView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    omitted: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ProblemView>,
    // rows as of `mail_search`; their schema is told there
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<serde_json::Map<String, serde_json::Value>>", extend("x-untrusted" = true))]
    choices: Vec<RowView>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct LinkView {
    n: usize,
    #[schemars(extend("x-untrusted" = true))]
    text: String,
    #[schemars(extend("x-untrusted" = true))]
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    warning: Option<String>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct AttachmentView {
    index: usize,
    #[schemars(extend("x-untrusted" = true))]
    name: String,
    #[serde(rename = "type")]
    #[schemars(extend("x-untrusted" = true))]
    media_type: String,
    size: u64,
    inline: bool,
}

/// How far to believe the sender; what is false or zero is left out.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct TrustView {
    spf: &'static str,
    dkim: &'static str,
    dmarc: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    reply_to_differs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    look_alike: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    hidden_text: usize,
    #[serde(skip_serializing_if = "is_zero")]
    masked_codes: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(value: &usize) -> bool {
    *value == 0
}

impl From<&Trust> for TrustView {
    fn from(trust: &Trust) -> Self {
        Self {
            spf: Verdict::as_str(trust.spf),
            dkim: Verdict::as_str(trust.dkim),
            dmarc: Verdict::as_str(trust.dmarc),
            reply_to_differs: trust.reply_to_differs,
            look_alike: trust.look_alike.as_deref().map(|why| shorten(why, 200).0),
            hidden_text: trust.removed.hidden + trust.removed.invisible,
            masked_codes: trust.masked_codes,
        }
    }
}

impl From<&Link> for LinkView {
    fn from(link: &Link) -> Self {
        Self {
            n: link.number,
            text: shorten(&link.text, 100).0,
            url: shorten(&link.url, 2_000).0,
            warning: link.warning.clone(),
        }
    }
}

/// How much of the fields beside the body is shown.
#[derive(Clone, Copy)]
struct Level {
    subject: usize,
    address: usize,
    recipients: usize,
    attachments: usize,
    shows_details: bool,
    shows_trust: bool,
}

/// From everything down to what leaves room for a body in the smallest budget.
const LEVELS: &[Level] = &[
    Level {
        subject: 1_000,
        address: 200,
        recipients: 10,
        attachments: 100,
        shows_details: true,
        shows_trust: true,
    },
    Level {
        subject: 200,
        address: 100,
        recipients: 3,
        attachments: 10,
        shows_details: true,
        shows_trust: true,
    },
    Level {
        subject: 60,
        address: 60,
        recipients: 0,
        attachments: 0,
        shows_details: false,
        shows_trust: true,
    },
    Level {
        subject: 24,
        address: 24,
        recipients: 0,
        attachments: 0,
        shows_details: false,
        shows_trust: false,
    },
];

/// Room that a body shall have before fields give way, and the least it can do with, in characters.
const GOOD_BODY: usize = 400;
const LEAST_BODY: usize = 16;

/// A message whose body is not chosen yet.
struct Whole {
    message: Box<Message>,
    text: String,
    /// Where in `text` this answer begins: bytes, and the same in characters.
    start: usize,
    start_chars: usize,
}

enum Item {
    Ready(Box<MessageView>),
    Whole(Whole),
}

/// The messages within the budget, in the order of the outcomes.
pub(crate) fn show(outcomes: Vec<Outcome>, ask: &Ask<'_>) -> Result<Vec<MessageView>, Problem> {
    let around = r#"{"messages":[]}"#.len() + ask.beside;
    let budget = ask.max_tokens.saturating_mul(4).min(HARD_CAP).saturating_sub(around);
    let items: Vec<Item> =
        outcomes.into_iter().map(|outcome| item(outcome, ask)).collect::<Result<_, _>>()?;
    let commas = items.len().saturating_sub(1);
    let ready: usize =
        items.iter().map(|item| if let Item::Ready(view) = item { json_chars(view) } else { 0 }).sum();
    let wholes: Vec<&Whole> = items
        .iter()
        .filter_map(|item| if let Item::Whole(whole) = item { Some(whole) } else { None })
        .collect();
    let least: Vec<usize> = wholes.iter().map(|whole| whole.least(ask.nonce)).collect();
    let room = budget.saturating_sub(commas + ready);
    let needed = least.iter().sum::<usize>() + commas + ready;
    if needed > budget {
        let tokens = tokens(needed + around);
        let problem = Problem::new(Code::TooLarge, "The answer does not fit into `max_tokens`.");
        return Err(problem.hint(format!("Ask for fewer messages, or for at least {tokens} tokens.")));
    }
    let needs: Vec<usize> = wholes.iter().map(|whole| whole.need(ask.nonce)).collect();
    let mut shares = share(&needs, &least, room).into_iter();
    let shown = items.iter().map(|item| match item {
        Item::Ready(view) => view.as_ref().clone(),
        Item::Whole(whole) => whole.fit(shares.next().unwrap_or(0), ask.nonce),
    });
    Ok(shown.collect())
}

fn item(outcome: Outcome, ask: &Ask<'_>) -> Result<Item, Problem> {
    let error = |id: String, problem: Problem| {
        let message = message_of(&problem, ask.request);
        let error = Some(ProblemView::of(problem, message));
        MessageView { id: shorten(&id, 300).0, error, ..MessageView::default() }
    };
    match outcome {
        Outcome::Failed(id, problem) => Ok(Item::Ready(Box::new(error(id, problem)))),
        Outcome::Several(id, rows) => {
            let problem = Problem::new(Code::Conflict, "Several messages have this Message-ID.")
                .hint("Read the one you mean by an id of `choices`.");
            let mut view = error(id, problem);
            let rows = rows.get(..rows.len().min(10)).unwrap_or_default();
            view.choices = row::fit(rows, ask.nonce, (ask.max_tokens * 4).min(HARD_CAP) / 2);
            Ok(Item::Ready(Box::new(view)))
        }
        Outcome::Message(message) => {
            let text = harmless(&message.body);
            let start = piece::start(&text, ask.start)?;
            Ok(Item::Whole(Whole { message, text, start, start_chars: ask.start }))
        }
    }
}

impl Whole {
    fn rest(&self) -> &str {
        self.text.get(self.start..).unwrap_or_default()
    }

    /// All fields but body and links, with `left` and `continue_from` at their widest.
    fn frame(&self, level: &Level, nonce: &Nonce) -> MessageView {
        let message = &self.message;
        // The id that was asked for stays the one that is told, so that answers fit their questions.
        let asked = message.asked.as_ref();
        let mut view = MessageView {
            id: asked.unwrap_or(&message.id).to_string(),
            new_id: asked.map(|_| message.id.to_string()),
            ..MessageView::default()
        };
        let mut omitted = Vec::new();
        let (subject, is_cut) = shorten(&message.subject, level.subject);
        if is_cut {
            omitted.push("subject");
        }
        let from: Vec<String> = message.from.iter().take(3).map(|one| address(one, level.address)).collect();
        view.from = Some(shorten(&from.join(", "), level.address * 2).0);
        view.subject = Some(subject);
        view.date = Some(date(message.date));
        view.body = Some(nonce.fence(""));
        view.left = Some(99_999_999);
        view.continue_from = Some(99_999_999);
        if level.shows_trust {
            view.trust = Some(TrustView::from(&message.trust));
        }
        if level.shows_details {
            view.message_id.clone_from(&message.message_id);
            view.sent = message.sent.map(date);
            view.flags = message.flags.iter().take(30).map(|flag| shorten(flag.as_str(), 60).0).collect();
            let list = |all: &[domain::Address]| addresses(all, level.recipients, level.address);
            (view.to, view.cc, view.reply_to) =
                (list(&message.to), list(&message.cc), list(&message.reply_to));
            let attachments = message.attachments.iter().take(level.attachments);
            view.attachments = attachments.map(attachment).collect();
            if message.attachments.len() > level.attachments {
                omitted.push("attachments");
            }
        } else if !level.shows_trust || self.has_details() {
            // named together: the names alone would fill the smallest budgets
            omitted = vec!["details"];
        }
        view.omitted = omitted;
        view
    }

    fn has_details(&self) -> bool {
        let message = &self.message;
        message.message_id.is_some()
            || message.sent.is_some()
            || !(message.flags.is_empty() && message.attachments.is_empty())
            || !(message.to.is_empty() && message.cc.is_empty() && message.reply_to.is_empty())
    }

    /// Characters that the whole message would take.
    fn need(&self, nonce: &Nonce) -> usize {
        let frame = LEVELS.first().map_or(0, |level| json_chars(&self.frame(level, nonce)));
        frame + self.rest_chars() + LINKS_FRAME
    }

    /// Characters of the rest of the body and the links that it refers to.
    fn rest_chars(&self) -> usize {
        let rest = self.rest();
        let numbers = cut::references(rest);
        let is_named = |link: &&Link| numbers.contains(&link.number);
        escaped_len(rest) + self.message.links.iter().filter(is_named).map(link_cost).sum::<usize>()
    }

    /// Characters without which not even a little of the body can be shown.
    fn least(&self, nonce: &Nonce) -> usize {
        let body = LEAST_BODY.min(escaped_len(self.rest()));
        LEVELS.last().map_or(0, |level| json_chars(&self.frame(level, nonce)) + LINKS_FRAME + body)
    }

    /// The message within `room` characters.
    fn fit(&self, room: usize, nonce: &Nonce) -> MessageView {
        let wanted = escaped_len(self.rest()).min((room / 2).min(GOOD_BODY));
        let mut view = MessageView::default();
        let mut left = 0;
        for level in LEVELS {
            view = self.frame(level, nonce);
            let rest = room.checked_sub(json_chars(&view) + LINKS_FRAME);
            left = rest.unwrap_or(0);
            if rest.is_some_and(|rest| rest >= wanted) {
                break;
            }
        }
        let rest = self.rest();
        // a link that would take most of the room is left out, else the text could not go on past it
        let is_all_shown = self.rest_chars() <= left;
        let fits = |link: &&Link| is_all_shown || link_cost(link) <= left / 2;
        let links: Vec<Link> = self.message.links.iter().filter(fits).cloned().collect();
        let end = cut::fitting(rest, left, &links, link_cost);
        let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let numbers = cut::references(piece);
        let is_named = |link: &&Link| numbers.contains(&link.number);
        view.links = links.iter().filter(is_named).map(LinkView::from).collect();
        if view.links.len() < self.message.links.iter().filter(is_named).count() {
            view.omitted.push("links");
        }
        view.body = Some(nonce.fence(piece));
        view.left = Some(tokens(escaped_len(after)));
        view.continue_from = (!after.is_empty()).then(|| self.start_chars + piece.chars().count());
        view
    }
}

/// `,"links":[]` and `,"omitted":["links"]`.
const LINKS_FRAME: usize = 35;

fn link_cost(link: &Link) -> usize {
    json_chars(&LinkView::from(link)) + 1
}

fn attachment(part: &domain::reading::Attachment) -> AttachmentView {
    AttachmentView {
        index: part.index,
        name: file_name(&part.name),
        media_type: file_type(&part.media_type),
        size: part.size,
        inline: part.is_inline,
    }
}

/// Shares `room` fairly: nobody gets more than it needs nor less than its least, and what the short ones
/// leave goes to the others.
fn share(needs: &[usize], least: &[usize], room: usize) -> Vec<usize> {
    let mut shares = least.to_vec();
    let mut spare = room.saturating_sub(least.iter().sum());
    let mut open: Vec<usize> = (0..needs.len()).collect();
    while !open.is_empty() && spare >= open.len() {
        let each = spare / open.len();
        let mut still_open = Vec::new();
        for at in open {
            if let (Some(share), Some(need)) = (shares.get_mut(at), needs.get(at)) {
                let more = each.min(need.saturating_sub(*share));
                *share += more;
                spare -= more;
                if *share < *need {
                    still_open.push(at);
                }
            }
        }
        open = still_open;
    }
    shares
}

#[cfg(test)]
mod tests;
