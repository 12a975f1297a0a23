//! The message that an outgoing one follows: found and read exactly as reading does, with all limits of the
//! grant, so that quoting shows nothing that reading would not.

use domain::{Address, Code, MessageRef, Principal, Problem, Scope, Timestamp, reading::Readable};
use mail::{
    imap::reading::Source,
    mime::compose::{Original, quotable},
};

use crate::{
    Account, Engine,
    leaving::Shown,
    read::{Group, Message, View},
};

/// A message that is answered or handed on.
pub(super) struct Followed {
    pub(super) group: Group,
    pub(super) source: Source,
    pub(super) message: Message,
    /// Its text as it is quoted: codes stay masked.
    text: String,
}

impl Engine {
    /// Reads a message that is followed, or files of which are attached.
    pub(super) async fn followed(&self, principal: &Principal, id: &str) -> Result<Followed, Problem> {
        if !principal.may(Scope::Read) {
            return Err(Problem::new(
                Code::ScopeMissing,
                "Replying, forwarding and attaching from messages need `mail:read`.",
            )
            .hint("Write a new message, or ask the person for `mail:read`."));
        }
        let (group, source, message) = self.read_one(principal, id, |_| View::Full).await?;
        // What goes into a message may be read there, and may leave with it.
        let shown = Shown { account: group.account.name.clone(), senders: message.from.clone() };
        self.expose(principal, vec![shown]).await?;
        let Message { body, links, trust, .. } = &message;
        let text = quotable(&Readable { text: body.clone(), links: links.clone(), removed: trust.removed });
        Ok(Followed { group, source, message, text })
    }
}

impl Followed {
    pub(super) fn account(&self) -> &Account {
        &self.group.account
    }

    pub(super) fn id(&self) -> MessageRef {
        self.message.id.clone()
    }

    /// When it was written, as far as that is known.
    fn date(&self) -> Timestamp {
        let summary = &self.source.summary;
        summary.envelope.date.unwrap_or(summary.received)
    }

    /// As it is quoted.
    pub(super) fn quoted(&self) -> Quoted {
        let Message { from, to, cc, subject, .. } = self.message.clone();
        Quoted { from, to, cc, date: self.date(), subject, text: self.text.clone() }
    }
}

/// What is quoted of a message, apart from it, to be written into another elsewhere.
pub(super) struct Quoted {
    from: Vec<Address>,
    to: Vec<Address>,
    cc: Vec<Address>,
    date: Timestamp,
    subject: String,
    pub(super) text: String,
}

impl Quoted {
    pub(super) fn original(&self) -> Original<'_> {
        let Self { from, to, cc, date, subject, text } = self;
        Original { from, to, cc, date: *date, subject, text }
    }
}
