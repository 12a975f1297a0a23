//! Reading messages: by id or by Message-ID, whole or only their headers, never marking them as read.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use domain::{
    Address, Code, Flag, MessageRef, Principal, Problem, Summary, Timestamp,
    reading::{Attachment, Link, Trust},
};
use futures_util::{FutureExt as _, future::join_all};
use mail::{
    imap::{folder::Folder, reading::Beginnings},
    mime::{
        render,
        text_parts::{TextPart, text_plan},
    },
};

use crate::{Account, Engine, leaving::Shown, search::Row};

pub(crate) mod files;
pub(crate) mod follow;
mod group;
mod lookup;
mod raw;

pub(crate) use self::group::{Group, read_groups};

/// Messages a call reads at the most.
pub const MAX_IDS: usize = 10;

/// Octets of a text part that a snippet is made from.
const SNIPPET_OCTETS: u64 = 8 * 1024;

/// Characters of a snippet.
const SNIPPET_CHARS: usize = 200;

/// How a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Visible text, quotes and signature folded.
    #[default]
    Text,
    /// Visible text with quotes, signature and full URLs.
    Full,
    /// All headers, no body.
    Headers,
    /// The message as it is stored.
    Raw,
}

/// One message as an agent reads it. The door cuts `body` to its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The id.
    pub id: MessageRef,
    /// The id that it was asked for by, if that is one of before it was moved here.
    pub asked: Option<MessageRef>,
    /// The Message-ID in angle brackets.
    pub message_id: Option<String>,
    /// From.
    pub from: Vec<Address>,
    /// To, all of them.
    pub to: Vec<Address>,
    /// Cc, all of them.
    pub cc: Vec<Address>,
    /// Reply-To, where it differs from From.
    pub reply_to: Vec<Address>,
    /// The subject.
    pub subject: String,
    /// When the server received it.
    pub date: Timestamp,
    /// The Date header, where it differs from `date` by more than a day.
    pub sent: Option<Timestamp>,
    /// Flags and keywords.
    pub flags: Vec<Flag>,
    /// What the view shows, whole: text, headers or source.
    pub body: String,
    /// Links of the body.
    pub links: Vec<Link>,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// How far to trust it.
    pub trust: Trust,
}

/// What became of one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The message.
    Message(Box<Message>),
    /// A Message-ID that several messages have: rows to choose from.
    Several(String, Vec<Row>),
    /// Why there is none; the id as it was given.
    Failed(String, Problem),
}

impl Engine {
    /// Reads up to ten messages, named by id or by Message-ID in angle brackets; outcomes in the order
    /// of `ids`. Never sets `\Seen`.
    pub async fn read(
        &self,
        principal: &Principal,
        ids: &[String],
        view: View,
    ) -> Result<Vec<Outcome>, Problem> {
        if ids.is_empty() || ids.len() > MAX_IDS {
            let code = if ids.is_empty() { Code::InvalidInput } else { Code::TooMany };
            return Err(Problem::new(code, format!("One call reads 1 to {MAX_IDS} messages.")));
        }
        let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
        let mut groups: HashMap<(String, String, u32), Group> = HashMap::new();
        // Collected before they are awaited: a lazy iterator would be held across the wait.
        let resolving: Vec<_> = ids.iter().map(|id| self.resolve(principal, id).boxed()).collect();
        let resolved = join_all(resolving).await;
        for (position, (id, resolved)) in ids.iter().zip(resolved).enumerate() {
            match resolved {
                Err(problem) => drop(outcomes.insert(position, Outcome::Failed(id.clone(), problem))),
                Ok(Resolved::Several(rows)) => {
                    outcomes.insert(position, Outcome::Several(id.clone(), rows));
                }
                Ok(Resolved::One { account, folder, uid, validity }) => {
                    let key = (account.name.to_string(), folder.key().to_string(), validity);
                    let group = groups.entry(key).or_insert_with(|| Group {
                        account: *account,
                        folder,
                        validity,
                        wanted: Vec::new(),
                    });
                    group.wanted.push((position, uid));
                }
            }
        }
        let groups: Vec<Group> = groups.into_values().collect();
        outcomes.extend(read_groups(&groups, ids, view).await);
        self.read_moved(principal, view, &mut outcomes).await;
        self.expose(principal, outcomes.values().flat_map(Shown::of_outcome).collect()).await?;
        Ok(outcomes.into_values().collect())
    }

    pub(crate) async fn resolve(&self, principal: &Principal, id: &str) -> Result<Resolved, Problem> {
        let id = id.trim();
        if id.starts_with('<') && id.ends_with('>') && id.len() > 2 {
            return self.look_up(principal, id).await;
        }
        let wanted: MessageRef = id.parse().map_err(|error: domain::message_ref::InvalidMessageRef| {
            Problem::new(Code::InvalidInput, format!("This is no message id: {error}."))
                .hint("Take ids from mail_search, or a Message-ID in angle brackets.")
        })?;
        let account = self.account(principal, Some(wanted.account.as_str())).await?;
        let folder = account.folder(&wanted.folder).await?;
        Ok(Resolved::One { account: Box::new(account), folder, uid: wanted.uid, validity: wanted.validity })
    }
}

impl Engine {
    /// The one message that an id names, to be read; of several with one Message-ID none is taken.
    pub(crate) async fn resolve_one(&self, principal: &Principal, id: &str) -> Result<Group, Problem> {
        match self.resolve(principal, id).await? {
            Resolved::One { account, folder, uid, validity } => {
                Ok(Group { account: *account, folder, validity, wanted: vec![(0, uid)] })
            }
            Resolved::Several(rows) => {
                let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
                Err(Problem::new(Code::Conflict, "Several messages have this Message-ID.")
                    .hint(format!("Take the id of the one you mean: {}.", ids.join(", "))))
            }
        }
    }
}

/// What an id names.
pub(crate) enum Resolved {
    One { account: Box<Account>, folder: Folder, uid: u32, validity: u32 },
    Several(Vec<Row>),
}

pub(crate) fn gone() -> Problem {
    Problem::new(Code::NotFound, "There is no such message any more: it was moved or deleted.")
        .hint("Search for it again.")
}

pub(crate) fn stale() -> Problem {
    Problem::new(Code::StaleId, "The message's folder was rebuilt by its server; this id is of before.")
        .hint("Search for the message again.")
}

impl Account {
    /// The beginnings of texts, by position.
    pub(crate) async fn snippets(
        &self,
        folder: &Folder,
        validity: u32,
        rows: Vec<(usize, Arc<Summary>)>,
    ) -> Result<Vec<(usize, String)>, Problem> {
        let plan = |row: &Summary| {
            let structure = row.structure.as_ref()?;
            text_plan(structure).parts.into_iter().next().map(|part| (row.uid, part))
        };
        let wanted: Vec<(u32, TextPart)> = rows.iter().filter_map(|(_, row)| plan(row)).collect();
        let name = &folder.wire_name;
        let question = Beginnings { mailbox: name, validity, wanted: &wanted, octets: SNIPPET_OCTETS };
        let fetched = self.opened.ask(Some(name), &question).await.map_err(|error| self.problem(&error))?;
        let snippet = |(position, row): &(usize, Arc<Summary>)| {
            let (_, part) = wanted.iter().find(|(uid, _)| *uid == row.uid)?;
            let data = fetched.get(&row.uid)?;
            let options = render::Options {
                full: false,
                mask_codes: !self.shows_codes,
                subject: &row.envelope.subject,
            };
            let text = render::snippet(&[(part.clone(), data)], SNIPPET_CHARS, options);
            (!text.is_empty()).then_some((*position, text))
        };
        Ok(rows.iter().filter_map(snippet).collect())
    }
}
