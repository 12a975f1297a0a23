//! Messages of one folder that are read together: what is fetched of them, and what an agent is shown.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    Address, Problem,
    reading::{Link, Removed, Trust},
};
use futures_util::{FutureExt as _, future::join_all};
use mail::{
    imap::{
        folder::Folder,
        reading::{Raw, Several, Source, Sources, Wanted},
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

use super::{Message, Outcome, View, gone, stale};
use crate::{Account, row};

/// Octets of a message's source that are fetched where its parts cannot be told.
pub(super) const RAW_LIMIT: u64 = 1 << 20;

/// Octets of a message that are read where they come; longer ones would keep other calls waiting.
const READ_AT_ONCE: usize = 64 << 10;

/// Told of a message with more parts than are looked at.
const MORE_PARTS: &str =
    "\n[This message has more parts, or parts nested deeper, than are read. What they hold is not shown.]\n";

/// Told of a header with more fields than are read.
const MORE_FIELDS: &str = "[This header has more fields than are read.]\n";

/// Messages of one folder to be read together: positions among the ids, and UIDs.
#[derive(Clone)]
pub(crate) struct Group {
    pub(crate) account: Account,
    pub(crate) folder: Folder,
    pub(crate) validity: u32,
    pub(crate) wanted: Vec<(usize, u32)>,
}

/// Reads the groups at once; what became of each position among the ids.
pub(crate) async fn read_groups(groups: &[Group], ids: &[String], view: View) -> BTreeMap<usize, Outcome> {
    let mut accounts: Vec<Vec<&Group>> = Vec::new();
    for group in groups {
        match accounts.iter_mut().find(|of| of.iter().all(|one| one.account.name == group.account.name)) {
            Some(of) => of.push(group),
            None => accounts.push(vec![group]),
        }
    }
    let reading: Vec<_> = accounts.iter().map(|groups| read_account(groups, view).boxed()).collect();
    let read = join_all(reading).await.into_iter().flatten();
    let mut outcomes = BTreeMap::new();
    for (group, found) in accounts.iter().flatten().zip(read) {
        for (position, uid) in &group.wanted {
            let id = ids.get(*position).cloned().unwrap_or_default();
            let outcome = match &found {
                Err(problem) => Outcome::Failed(id, problem.clone()),
                Ok(messages) => match messages.get(uid) {
                    Some(Ok(message)) => Outcome::Message(Box::new(message.clone())),
                    Some(Err(problem)) => Outcome::Failed(id, problem.clone()),
                    None => Outcome::Failed(id, gone()),
                },
            };
            outcomes.insert(*position, outcome);
        }
    }
    outcomes
}

/// What became of each message of a group, by UID.
type Messages = HashMap<u32, Result<Message, Problem>>;

/// Reads groups of one account, all folders in one flight.
async fn read_account(groups: &[&Group], view: View) -> Vec<Result<Messages, Problem>> {
    let Some(first) = groups.first() else { return Vec::new() };
    let account = &first.account;
    let mut read = Vec::with_capacity(groups.len());
    if view == View::Raw {
        for group in groups {
            read.push(group.finish(group.raw().await, view).await);
        }
        return read;
    }
    let wanted: Vec<Vec<Wanted>> = groups.iter().map(|group| group.wanted()).collect();
    let asked = groups.iter().zip(&wanted).map(|(group, wanted)| group.question(wanted, view));
    let question: Vec<Sources<'_>> = asked.collect();
    let answers = match account.opened.ask(Some(&first.folder.wire_name), &Several(&question)).await {
        Ok(answers) => answers,
        Err(error) => {
            let problem = account.problem(&error);
            return groups.iter().map(|_| Err(problem.clone())).collect();
        }
    };
    for (group, answer) in groups.iter().zip(answers) {
        let sources = match answer {
            Ok(Some(sources)) => group.readable(sources, view).await.map(Some),
            other => other,
        };
        read.push(group.finish(sources, view).await);
    }
    read
}

impl Group {
    /// One message of the group and what it is shown from.
    pub(crate) async fn source(&self, uid: u32, view: View) -> Result<(Source, Message), Problem> {
        let wanted = self.wanted();
        let question = self.question(&wanted, view);
        let asked = self.account.opened.ask(Some(&self.folder.wire_name), &question).await;
        let sources = match asked {
            Ok(Some(sources)) => self.readable(sources, view).await.map(Some),
            other => other,
        };
        let sources = sources.map_err(|error| self.account.problem(&error))?.ok_or_else(stale)?;
        self.account.opened.note(Ok(()));
        let source = sources.into_iter().find(|(of, _)| *of == uid).map(|(_, source)| source);
        let source = source.ok_or_else(gone)?;
        let (source, message) = self.read(source, view).await?;
        if self.shows(&source) { Ok((source, message)) } else { Err(gone()) }
    }

    /// The messages that are still there and that the grant shows, by UID.
    async fn finish(
        &self,
        found: Result<Option<BTreeMap<u32, Source>>, mail::Error>,
        view: View,
    ) -> Result<Messages, Problem> {
        let found = found.map_err(|error| self.account.problem(&error))?.ok_or_else(stale)?;
        self.account.opened.note(Ok(()));
        let mut messages = HashMap::with_capacity(found.len());
        for (uid, source) in found.into_iter().filter(|(_, source)| self.shows(source)) {
            messages.insert(uid, self.read(source, view).await.map(|(_, message)| message));
        }
        Ok(messages)
    }

    /// What is shown of a message.
    async fn read(&self, source: Source, view: View) -> Result<(Source, Message), Problem> {
        let texts = source.texts.iter().map(|(_, data)| data.len()).sum::<usize>();
        let whole = source.whole.as_ref().map_or(0, bytes::Bytes::len);
        if source.header.len() + texts + whole <= READ_AT_ONCE {
            let message = self.message(&source, view);
            return Ok((source, message));
        }
        let group = self.clone();
        let reading = move || {
            let message = group.message(&source, view);
            (source, message)
        };
        self.account.opened.apart.run("The message", reading).await
    }

    /// Whether the message is as young as the grant wants it.
    fn shows(&self, source: &Source) -> bool {
        self.account.nothing_before.is_none_or(|before| source.summary.received >= before)
    }

    pub(super) fn uids(&self) -> BTreeSet<u32> {
        self.wanted.iter().map(|(_, uid)| *uid).collect()
    }

    fn wanted(&self) -> Vec<Wanted> {
        let known = |uid| self.account.opened.recall(&self.folder.wire_name, self.validity, uid);
        self.uids().into_iter().map(|uid| Wanted { uid, known: known(uid) }).collect()
    }

    fn question<'a>(&'a self, wanted: &'a [Wanted], view: View) -> Sources<'a> {
        let (mailbox, with_text) = (&self.folder.wire_name[..], view != View::Headers);
        Sources { mailbox, validity: self.validity, wanted, with_text }
    }

    /// The sources with the octets of those that the server cannot make out any part of: these we take
    /// apart ourselves.
    async fn readable(
        &self,
        mut sources: BTreeMap<u32, Source>,
        view: View,
    ) -> Result<BTreeMap<u32, Source>, mail::Error> {
        let name = &self.folder.wire_name;
        let opened = &self.account.opened;
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
        for source in sources.values() {
            opened.remember(name, self.validity, &Arc::new(source.summary.clone()));
        }
        Ok(sources)
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
        let mut attachments = summary.structure.as_ref().map(attachments::attachments).unwrap_or_default();
        let mut masked = masked + masked_subject;
        for attachment in &mut attachments {
            // The name may be a nested message's subject, which may hold a code like any other.
            let (name, _, masked_name) = self.account.line(&attachment.name);
            attachment.name = name;
            masked += masked_name;
        }
        let mut trust = self.trust(source, &headers, removed, masked);
        let body = if view == View::Raw { self.stored(source, &mut trust) } else { body };
        let addresses = |list: &[Address]| list.iter().map(row::address).collect::<Vec<_>>();
        let differs = envelope.reply_to.iter().any(|reply_to| {
            !envelope.from.iter().any(|from| from.email.eq_ignore_ascii_case(&reply_to.email))
        });
        Message {
            id: self.account.id(&self.folder, self.validity, summary.uid),
            asked: None,
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
            attachments,
            trust,
        }
    }

    pub(super) fn body(&self, source: &Source, full: bool) -> (String, Vec<Link>, Removed, usize) {
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

    pub(super) fn headers(&self, headers: &Headers) -> (String, usize) {
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

    pub(super) fn mask(&self, text: &str) -> (String, usize) {
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
pub(super) fn beyond(missing: u64) -> String {
    format!("\n[{missing} more octets of this text are beyond what is fetched of one message]\n")
}
