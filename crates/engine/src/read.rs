//! Reading messages: by id or by Message-ID, whole or only their headers, never marking them as read.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    Address, Code, Flag, MessageRef, Principal, Problem, Summary, Timestamp,
    reading::{Attachment, Link, Removed, Trust},
};
use futures_util::{FutureExt as _, future::join_all};
use mail::{
    imap::{
        folder::Folder,
        reading::{Beginnings, Raw, Source, Sources, Wanted},
    },
    mime::{
        attachments,
        header::Headers,
        invisible, render,
        text_parts::{TextPart, text_plan},
        trust::{self, TrustInput},
        whole,
    },
};

use crate::{Account, Engine, row, search::Row};

mod lookup;

/// Messages a call reads at the most.
pub const MAX_IDS: usize = 10;

/// Octets of a message's source that the raw view fetches.
const RAW_LIMIT: u64 = 1 << 20;

/// Octets of a text part that a snippet is made from.
const SNIPPET_OCTETS: u64 = 8 * 1024;

/// Characters of a snippet.
const SNIPPET_CHARS: usize = 200;

/// What stands in place of a source that is not shown.
const WITHHELD: &str = "\n[The source is not shown: it likely holds a one-time code or a sign-in link, which this grant does not show.]\n";

/// Told of a message with more parts than are looked at.
const MORE_PARTS: &str =
    "\n[This message has more parts, or parts nested deeper, than are read. What they hold is not shown.]\n";

/// Told of a header with more fields than are read.
const MORE_FIELDS: &str = "[This header has more fields than are read.]\n";

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

/// Messages of one folder to be read together: positions among the ids, and UIDs.
struct Group {
    account: Account,
    folder: Folder,
    validity: u32,
    wanted: Vec<(usize, u32)>,
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
        let reading: Vec<_> = groups.iter().map(|group| group.read(view).boxed()).collect();
        for (group, found) in groups.iter().zip(join_all(reading).await) {
            for (position, uid) in &group.wanted {
                let id = ids.get(*position).cloned().unwrap_or_default();
                let outcome = match &found {
                    Err(problem) => Outcome::Failed(id, problem.clone()),
                    Ok(messages) => match messages.get(uid) {
                        Some(message) => Outcome::Message(Box::new(message.clone())),
                        None => Outcome::Failed(id, gone()),
                    },
                };
                outcomes.insert(*position, outcome);
            }
        }
        Ok(outcomes.into_values().collect())
    }

    async fn resolve(&self, principal: &Principal, id: &str) -> Result<Resolved, Problem> {
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

/// What an id names.
enum Resolved {
    One { account: Box<Account>, folder: Folder, uid: u32, validity: u32 },
    Several(Vec<Row>),
}

fn gone() -> Problem {
    Problem::new(Code::NotFound, "There is no such message any more: it was moved or deleted.")
        .hint("Search for it again.")
}

impl Group {
    /// The messages that are still there, by UID.
    async fn read(&self, view: View) -> Result<HashMap<u32, Message>, Problem> {
        let uids: BTreeSet<u32> = self.wanted.iter().map(|(_, uid)| *uid).collect();
        let uids: Vec<u32> = uids.into_iter().collect();
        let found = match view {
            View::Raw => self.raw(&uids).await,
            View::Text | View::Full | View::Headers => self.sources(&uids, view).await,
        };
        let found = found.map_err(|error| self.account.problem(&error))?.ok_or_else(|| {
            let folder = self.folder.key();
            Problem::new(
                Code::StaleId,
                format!("Folder `{folder}` was rebuilt by its server; this id is of before."),
            )
            .hint("Search for the message again.")
        })?;
        self.account.opened.note(Ok(()));
        let before = self.account.nothing_before;
        let is_shown = |message: &Message| before.is_none_or(|before| message.date >= before);
        Ok(found.into_iter().filter(|(_, message)| is_shown(message)).collect())
    }

    async fn sources(&self, uids: &[u32], view: View) -> Result<Option<HashMap<u32, Message>>, mail::Error> {
        let name = &self.folder.wire_name;
        let opened = &self.account.opened;
        let wanted: Vec<Wanted> = uids
            .iter()
            .map(|uid| Wanted { uid: *uid, known: opened.recall(name, self.validity, *uid) })
            .collect();
        let question = Sources {
            mailbox: name,
            validity: self.validity,
            wanted: &wanted,
            with_text: view != View::Headers,
        };
        let sources = opened.ask(Some(name), &question).await?;
        let Some(mut sources) = sources else { return Ok(None) };
        // A server that cannot make out any part leaves the octets, which we take apart ourselves.
        let unread: Vec<u32> =
            sources.iter().filter(|(_, source)| is_unread(source)).map(|(uid, _)| *uid).collect();
        if view != View::Headers && !unread.is_empty() {
            let question = Raw { mailbox: name, validity: self.validity, uids: &unread, limit: RAW_LIMIT };
            for (uid, (.., whole)) in opened.ask(Some(name), &question).await?.unwrap_or_default() {
                if let Some(source) = sources.get_mut(&uid) {
                    source.texts.clear();
                    source.whole = Some(whole);
                }
            }
        }
        let message = |(uid, source): (u32, Source)| {
            opened.remember(name, self.validity, &Arc::new(source.summary.clone()));
            (uid, self.message(&source, view))
        };
        Ok(Some(sources.into_iter().map(message).collect()))
    }

    async fn raw(&self, uids: &[u32]) -> Result<Option<HashMap<u32, Message>>, mail::Error> {
        let name = &self.folder.wire_name;
        let question = Raw { mailbox: name, validity: self.validity, uids, limit: RAW_LIMIT };
        let fetched = self.account.opened.ask(Some(name), &question).await?;
        let Some(fetched) = fetched else { return Ok(None) };
        let message = |(uid, (summary, header, whole)): (u32, (Summary, bytes::Bytes, bytes::Bytes))| {
            let missing = summary.size.saturating_sub(whole.len() as u64);
            let source = Source { summary, header, texts: Vec::new(), missing, whole: Some(whole) };
            let mut message = self.message(&source, View::Raw);
            let mut body = self.source_text(&source, &mut message.trust);
            if missing > 0 {
                body.push_str(&beyond(missing));
            }
            message.body = body;
            (uid, message)
        };
        Ok(Some(fetched.into_iter().map(message).collect()))
    }

    fn message(&self, source: &Source, view: View) -> Message {
        let summary = &source.summary;
        let envelope = &summary.envelope;
        let headers = Headers::parse(&source.header);
        let (subject, removed_from_subject, masked_subject) = self.account.line(&envelope.subject);
        let (body, links, removed, masked) = match view {
            View::Text | View::Full => self.body(source, view == View::Full),
            View::Headers => {
                let (text, masked) = self.headers(&headers);
                (text, Vec::new(), Removed::default(), masked)
            }
            View::Raw => Default::default(),
        };
        let people = [&envelope.from, &envelope.reply_to, &envelope.to, &envelope.cc];
        let removed_from_names: usize =
            people.into_iter().flatten().map(|address| invisible::clean(&address.name).1).sum();
        let removed = removed
            .plus(Removed { hidden: 0, invisible: removed_from_subject.saturating_add(removed_from_names) });
        let trust = self.trust(source, &headers, removed, masked + masked_subject);
        let addresses = |list: &[Address]| list.iter().map(row::address).collect::<Vec<_>>();
        let differs = envelope.reply_to.iter().any(|reply_to| {
            !envelope.from.iter().any(|from| from.email.eq_ignore_ascii_case(&reply_to.email))
        });
        Message {
            id: self.account.id(&self.folder, self.validity, summary.uid),
            message_id: envelope.message_id.as_deref().map(|id| invisible::clean(id).0.into_owned()),
            from: addresses(&envelope.from),
            to: addresses(&envelope.to),
            cc: addresses(&envelope.cc),
            reply_to: if differs { addresses(&envelope.reply_to) } else { Vec::new() },
            subject,
            date: summary.received,
            sent: row::sent(summary),
            flags: summary.flags.clone(),
            body,
            links,
            attachments: summary.structure.as_ref().map(attachments::attachments).unwrap_or_default(),
            trust,
        }
    }

    fn body(&self, source: &Source, full: bool) -> (String, Vec<Link>, Removed, usize) {
        let subject = &source.summary.envelope.subject;
        let options = render::Options { full, mask_codes: !self.account.shows_codes, subject };
        let parsed = source.whole.as_ref().map(|whole| whole::parse(whole));
        let structure = parsed.as_ref().map(|parsed| &parsed.structure).or(source.summary.structure.as_ref());
        let is_cut = structure.is_some_and(|structure| text_plan(structure).is_cut);
        let own_parts: Vec<(TextPart, bytes::Bytes)> = parsed
            .map(|parsed| {
                let parts = text_plan(&parsed.structure).parts.into_iter();
                parts
                    .filter_map(|part| {
                        let data = parsed.part_bytes.get(&part.path)?.clone();
                        Some((part, data))
                    })
                    .collect()
            })
            .unwrap_or_default();
        let mut parts: Vec<(TextPart, &[u8])> =
            source.texts.iter().chain(&own_parts).map(|(part, data)| (part.clone(), data.as_ref())).collect();
        // What a server takes for a header although no field is in it was meant to be read.
        if source.whole.is_none()
            && !source.header.trim_ascii().is_empty()
            && Headers::parse(&source.header).is_empty()
        {
            parts.insert(0, (TextPart::default(), source.header.as_ref()));
        }
        let rendered = render::render(&parts, options);
        let mut text = rendered.readable.text;
        let unread = match &source.whole {
            Some(whole) => source.summary.size.saturating_sub(whole.len() as u64),
            None => source.missing,
        };
        if unread > 0 {
            text.push_str(&beyond(unread));
        }
        if is_cut {
            text.push_str(MORE_PARTS);
        }
        (text, rendered.readable.links, rendered.readable.removed, rendered.masked)
    }

    /// The message as it is stored. Of one that holds a code only the header: inside an encoding or
    /// between tags the code would stand there unmasked.
    fn source_text(&self, source: &Source, trust: &mut Trust) -> String {
        let whole = source.whole.as_deref().unwrap_or_default();
        if self.account.shows_codes {
            return invisible::clean(&String::from_utf8_lossy(whole)).0.into_owned();
        }
        let (.., masked) = self.body(source, true);
        let (text, masked_here) = self.mask(&String::from_utf8_lossy(whole));
        if masked == 0 && masked_here == 0 && trust.masked_codes == 0 {
            return text;
        }
        trust.masked_codes = trust.masked_codes.max(masked).max(masked_here);
        let (mut text, _) = self.headers(&Headers::parse(&source.header));
        text.push_str(WITHHELD);
        text
    }

    fn headers(&self, headers: &Headers) -> (String, usize) {
        let mut text = String::new();
        for (name, value) in headers.iter() {
            text.push_str(name);
            text.push_str(": ");
            // One line each: a line break that an encoding carried would begin a field of its own.
            text.push_str(&row::single_line(&invisible::clean(&value).0));
            text.push('\n');
        }
        if headers.is_cut() {
            text.push_str(MORE_FIELDS);
        }
        self.mask(&text)
    }

    fn mask(&self, text: &str) -> (String, usize) {
        let (clean, _) = invisible::clean(text);
        if self.account.shows_codes { (clean.into_owned(), 0) } else { mail::mime::codes::mask(&clean) }
    }

    fn trust(&self, source: &Source, headers: &Headers, removed: Removed, masked: usize) -> Trust {
        let envelope = &source.summary.envelope;
        let (results, placed): (Vec<String>, Vec<bool>) =
            headers.placed_authentication_results().into_iter().unzip();
        let own_domain = self.account.address.rsplit_once('@').map(|(_, domain)| domain.to_owned());
        trust::assess(&TrustInput {
            from: &envelope.from,
            reply_to: &envelope.reply_to,
            sender: &envelope.sender,
            authentication_results: &results,
            stands_above_received: &placed,
            authserv_ids: &authserv_ids(&self.account.opened.pool.endpoint().host),
            own_domains: own_domain.as_slice(),
            removed,
            masked,
        })
    }
}

/// Whether a message has a body, but neither text nor attachment in it that the server knows of.
fn is_unread(source: &Source) -> bool {
    let has_text = source.texts.iter().any(|(_, data)| !data.trim_ascii().is_empty());
    let has_files =
        source.summary.structure.as_ref().is_some_and(|s| !attachments::attachments(s).is_empty());
    let body = source.summary.size.saturating_sub(source.header.len() as u64);
    !has_text && !has_files && source.whole.is_none() && body > 2
}

/// The authserv-ids that a provider's own servers write; elsewhere nothing is believed yet.
fn authserv_ids(imap_host: &str) -> Vec<String> {
    let known: &[(&str, &str)] =
        &[("imap.gmail.com", "mx.google.com"), ("imap.googlemail.com", "mx.google.com")];
    let found = known.iter().filter(|(host, _)| host.eq_ignore_ascii_case(imap_host));
    found.map(|(_, id)| (*id).to_owned()).collect()
}

/// Told at the end of a text that goes on beyond what is fetched.
fn beyond(missing: u64) -> String {
    format!("\n[{missing} more octets of this text are beyond what is fetched of one message]\n")
}

impl Account {
    /// The beginnings of texts, by position. Best effort: where the server fails there is none.
    pub(crate) async fn snippets(
        &self,
        folder: &Folder,
        validity: u32,
        rows: Vec<(usize, Arc<Summary>)>,
    ) -> Vec<(usize, String)> {
        let plan = |row: &Summary| {
            let structure = row.structure.as_ref()?;
            text_plan(structure).parts.into_iter().next().map(|part| (row.uid, part))
        };
        let wanted: Vec<(u32, TextPart)> = rows.iter().filter_map(|(_, row)| plan(row)).collect();
        let name = &folder.wire_name;
        let question = Beginnings { mailbox: name, validity, wanted: &wanted, octets: SNIPPET_OCTETS };
        let fetched = self.opened.ask(Some(name), &question).await.unwrap_or_default();
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
        rows.iter().filter_map(snippet).collect()
    }
}
