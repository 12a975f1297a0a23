//! A message that is known in full, and a server that searches it as RFC 9051 says.

use domain::{Address, Envelope, Flag};
use time::macros::datetime;

use super::super::{filter::fold, *};

/// A message with everything that a server or we may know of it.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) summary: Summary,
    pub(super) body: String,
    pub(super) attachments: Vec<Attachment>,
    pub(super) account: AccountName,
    pub(super) folder_names: Vec<FolderName>,
    pub(super) role: Option<Role>,
    pub(super) zone: UtcOffset,
    pub(super) server_zone: UtcOffset,
}

impl Message {
    pub(super) fn candidate(&self) -> Candidate<'_> {
        Candidate {
            summary: &self.summary,
            body: Some(&self.body),
            attachments: Some(&self.attachments),
            account: &self.account,
            folder_names: &self.folder_names,
            role: self.role,
            zone: self.zone,
        }
    }
}

pub(super) fn address(name: &str, email: &str) -> Address {
    Address { name: name.into(), email: email.into() }
}

pub(super) fn message() -> Message {
    let envelope = Envelope {
        subject: "Hello".into(),
        from: vec![address("Ann Lee", "ann@x.org")],
        message_id: Some("<1@x.org>".into()),
        ..Envelope::default()
    };
    let summary = Summary {
        uid: 1,
        flags: vec![Flag::Seen, Flag::Keyword("todo".into())],
        received: datetime!(2026-11-21 23:30 UTC),
        size: 100,
        envelope,
        structure: None,
        references: Vec::new(),
        list_id: None,
        has_unsubscribe: false,
        authentication_results: Vec::new(),
        gmail: None,
        thread_id: None,
    };
    Message {
        summary,
        body: String::new(),
        attachments: Vec::new(),
        account: "work".parse().unwrap(),
        folder_names: vec![FolderName::from_agent("INBOX")],
        role: Some(Role::Inbox),
        zone: UtcOffset::UTC,
        server_zone: UtcOffset::UTC,
    }
}

/// What a server makes of the criteria: RFC 9051, 6.4.4, over headers as they stand in the message.
pub(super) struct Server<'a> {
    message: &'a Message,
    rest: std::slice::Iter<'a, Argument>,
}

impl Server<'_> {
    pub(super) fn selects(message: &Message, criteria: &[Argument]) -> bool {
        let mut server = Server { message, rest: criteria.iter() };
        let mut selected = true;
        while !server.rest.as_slice().is_empty() {
            selected &= server.key();
        }
        selected
    }

    fn key(&mut self) -> bool {
        let summary = &self.message.summary;
        let day = summary.received.to_offset(self.message.server_zone).date();
        let name = match self.rest.next().expect("a key") {
            Argument::Atom(name) => name.to_string(),
            Argument::Open => {
                let mut selected = true;
                while self.rest.as_slice().first() != Some(&Argument::Close) {
                    selected &= self.key();
                }
                self.rest.next();
                return selected;
            }
            other => panic!("{other:?} is no key"),
        };
        match name.as_str() {
            "ALL" => true,
            "NOT" => !self.key(),
            "OR" => {
                let (left, right) = (self.key(), self.key());
                left || right
            }
            "SEEN" => summary.has(&Flag::Seen),
            "UNSEEN" => !summary.has(&Flag::Seen),
            "FLAGGED" => summary.has(&Flag::Flagged),
            "ANSWERED" => summary.has(&Flag::Answered),
            "DRAFT" => summary.has(&Flag::Draft),
            "SINCE" => day >= self.date(),
            "BEFORE" => day < self.date(),
            "LARGER" => summary.size > self.number(),
            "SMALLER" => summary.size < self.number(),
            "FROM" => self.finds(&header(&summary.envelope.from)),
            "TO" => self.finds(&header(&summary.envelope.to)),
            "CC" => self.finds(&header(&summary.envelope.cc)),
            "BCC" => self.finds(&header(&summary.envelope.bcc)),
            "SUBJECT" => self.finds(&summary.envelope.subject),
            "BODY" => self.finds(&self.message.body),
            "HEADER" => match self.rest.next() {
                Some(Argument::Atom(name)) if name == "List-Id" => {
                    let id = summary.list_id.as_ref().map(|id| format!("<{id}>"));
                    self.finds(&id.unwrap_or_default())
                }
                Some(Argument::Atom(name)) if name == "Message-ID" => {
                    self.finds(summary.envelope.message_id.as_deref().unwrap_or_default())
                }
                Some(Argument::Atom(name)) if name == "References" => {
                    self.finds(&summary.references.join(" "))
                }
                Some(Argument::Atom(name)) if name == "In-Reply-To" => {
                    self.finds(&summary.envelope.in_reply_to.join(" "))
                }
                other => panic!("{other:?}"),
            },
            "KEYWORD" => {
                let Some(Argument::Atom(wanted)) = self.rest.next() else { panic!("no keyword") };
                let is_it =
                    |flag: &Flag| matches!(flag, Flag::Keyword(name) if name.eq_ignore_ascii_case(wanted));
                summary.flags.iter().any(is_it)
            }
            "X-GM-LABELS" => {
                let Some(Argument::Label(wanted)) = self.rest.next() else { panic!("no label") };
                let labels = &summary.gmail.as_ref().expect("asked of Gmail only").labels;
                let folders = self.message.folder_names.iter().map(FolderName::as_str);
                labels.iter().map(String::as_str).chain(folders).any(|label| fold(label) == fold(wanted))
            }
            "X-GM-RAW" => {
                assert!(summary.gmail.is_some(), "asked of Gmail only");
                let text = self.text();
                match text.strip_prefix("filename:") {
                    Some(name) => {
                        self.message.attachments.iter().any(|file| fold(&file.name).contains(&fold(name)))
                    }
                    None => self.message.attachments.iter().any(|file| !file.is_inline),
                }
            }
            other => panic!("{other} is no key"),
        }
    }

    fn text(&mut self) -> String {
        match self.rest.next() {
            Some(Argument::Text(text)) => text.clone(),
            other => panic!("{other:?} is no text"),
        }
    }

    fn finds(&mut self, found: &str) -> bool {
        let text = self.text();
        fold(found).contains(&fold(&text))
    }

    fn date(&mut self) -> Date {
        match self.rest.next() {
            Some(Argument::Date(day)) => *day,
            other => panic!("{other:?} is no date"),
        }
    }

    fn number(&mut self) -> u64 {
        match self.rest.next() {
            Some(Argument::Number(number)) => *number,
            other => panic!("{other:?} is no number"),
        }
    }
}

fn header(addresses: &[Address]) -> String {
    let one = |address: &Address| {
        let name = address.name.replace('\\', "\\\\").replace('"', "\\\"");
        if name.is_empty() { address.email.clone() } else { format!("\"{name}\" <{}>", address.email) }
    };
    addresses.iter().map(one).collect::<Vec<_>>().join(", ")
}
