//! A stored draft on its way out: the same octets, whoever edited them, under a header that was written anew.

use domain::{Address, Code, DraftId, MessageRef, Principal, Problem, Timestamp};
use mail::{
    imap::{part::Found, stored::TextWindow},
    mime::{
        attachments::attachments,
        compose::{rewrite_header, wire_address},
    },
};

use super::{
    drafts_folder::Held,
    mark::FIELD,
    prepare::foreign_from,
    recipients::Lists,
    spool::{MAX_SIZE, Spool, Writer, too_large},
    stored::{Stored, changed},
};
use crate::{Account, Engine, row};

/// Octets of a window.
const WINDOW: u64 = 256 << 10;

/// Fields that mail programs write into drafts for themselves, and what is made anew.
const DROPPED: &[&str] = &[
    FIELD,
    "Date",
    "Message-ID",
    "Return-Path",
    "Fcc",
    "X-Account-Key",
    "X-Identity-Key",
    "X-Mozilla-Draft-Info",
    "X-Mozilla-Keys",
    "X-Mozilla-Status",
    "X-Mozilla-Status2",
    "X-Unsent",
    "X-Uniform-Type-Identifier",
    "X-Universally-Unique-Identifier",
    "X-Apple-Mail-Remote-Attachments",
    "X-Apple-Mail-Signature",
    "X-Apple-Base-Url",
];

/// A draft that can be frozen.
pub(crate) struct DraftToSend {
    pub(crate) account: Account,
    pub(crate) spool: Spool,
    pub(crate) from: Address,
    pub(crate) to: Vec<Address>,
    pub(crate) cc: Vec<Address>,
    pub(crate) bcc: Vec<Address>,
    pub(crate) subject: String,
    pub(crate) preview: String,
    /// Names of its files.
    pub(crate) names: Vec<String>,
    /// What it follows, and whether it hands it on.
    pub(crate) follows: Option<(MessageRef, bool)>,
    /// Which version it is.
    pub(crate) version: String,
}

impl Engine {
    /// Reads a draft that was found, if it is the version that is expected, with a Message-ID and a date of
    /// its own. Nothing is changed in the folder.
    pub(crate) async fn draft_to_send(
        &self,
        held: &Held,
        expect: Option<&str>,
        message_id: &str,
        dated: Timestamp,
    ) -> Result<DraftToSend, Problem> {
        let version = held.newest();
        if expect.is_some_and(|expect| expect != held.version()) {
            return Err(Problem::new(
                Code::Conflict,
                "The draft is not the version that was expected: it was changed since.",
            )
            .hint(
                "See what it says now with mail_search in `@drafts` and mail_read; if the person wants that sent, send it without `expect`.",
            ));
        }
        let account = held.account.clone();
        let stored = Box::pin(held.stored()).await?;
        let headers = &stored.headers;
        account.identity(None)?;
        let from = match headers.addresses("from").as_slice() {
            [from] if account.is_identity(&from.email) => from.clone(),
            [] => return Err(foreign_from(&account, &Address::default())),
            several => {
                let is_foreign = |from: &&Address| !account.is_identity(&from.email);
                let other = several.iter().find(is_foreign).or(several.first());
                return Err(foreign_from(&account, &other.cloned().unwrap_or_default()));
            }
        };
        let lists =
            Lists { to: headers.addresses("to"), cc: headers.addresses("cc"), bcc: headers.addresses("bcc") };
        let Lists { to, cc, bcc } = lists.checked()?;
        let structure = version.marked.summary.structure.as_ref();
        let files = structure.map(attachments).unwrap_or_default();
        let spool = Box::pin(self.copy(held, &stored, message_id, dated)).await?;
        Ok(DraftToSend {
            version: held.version(),
            preview: account.preview(&stored.text),
            subject: row::single_line(&headers.text("subject").unwrap_or_default()),
            names: files.into_iter().map(|file| file.name).collect(),
            follows: version.mark.follow.as_ref().and_then(|of| Some((of.reference()?, of.is_forward))),
            account,
            spool,
            from,
            to,
            cc,
            bcc,
        })
    }

    /// The name of a draft's newest version: what is expected of it.
    pub(crate) async fn draft_version(
        &self,
        principal: &Principal,
        draft: &DraftId,
        account: Option<&str>,
    ) -> Result<String, Problem> {
        Ok(Box::pin(self.find_draft(principal, draft, account)).await?.version())
    }

    /// Takes the version of a draft that was sent away, with those before it; nothing happens where it is
    /// gone. One that replaced it while it waited stays: that was not sent.
    pub(crate) async fn discard_draft(
        &self,
        account: &Account,
        draft: &DraftId,
        version: &str,
    ) -> Result<(), Problem> {
        match account.held(draft).await? {
            Some(held) => account.take_away_until(&held, version).await,
            None => Ok(()),
        }
    }

    async fn copy(
        &self,
        held: &Held,
        stored: &Stored,
        message_id: &str,
        dated: Timestamp,
    ) -> Result<Spool, Problem> {
        let (account, folder) = (&held.account, &held.folder);
        let marked = &held.newest().marked;
        if marked.summary.size > MAX_SIZE {
            return Err(too_large(Some(marked.summary.size), MAX_SIZE));
        }
        let added = [("Date", date(dated)), ("Message-ID", message_id.to_owned())];
        let header = rewrite_header(&stored.header, DROPPED, &added);
        if header.is_cut {
            return Err(Problem::new(Code::TooLarge, "The draft's header is larger than what is sent.")
                .hint("Write a new draft."));
        }
        let mut is_8bit = !header.octets.is_ascii();
        let mut writer = Writer::new(&self.0.settings.random, MAX_SIZE);
        writer.push(&header.octets).await?;
        let mut from = 0;
        loop {
            let question = TextWindow {
                mailbox: &folder.wire_name,
                validity: marked.validity,
                uid: marked.uid,
                from,
                octets: WINDOW,
            };
            let ask = || account.opened.ask(Some(&folder.wire_name), &question);
            let mut answer = ask().await;
            if answer.as_ref().is_err_and(mail::Error::is_connection_lost) {
                answer = ask().await;
            }
            let octets = match answer.map_err(|error| account.problem(&error))? {
                Found::Here(octets) => octets,
                Found::Gone | Found::Stale => return Err(changed()),
            };
            is_8bit |= !octets.is_ascii();
            from += octets.len() as u64;
            writer.push(&octets).await?;
            if (octets.len() as u64) < WINDOW {
                break;
            }
        }
        let needs_utf8 = !header.octets.is_ascii() || has_utf8_addresses(stored);
        writer.finish(header.bcc, is_8bit, needs_utf8).await
    }
}

fn has_utf8_addresses(stored: &Stored) -> bool {
    let fields = ["from", "to", "cc", "bcc"];
    let all = fields.into_iter().flat_map(|field| stored.headers.addresses(field));
    all.into_iter().any(|address| wire_address(&address.email).is_ok_and(|wire| wire.needs_utf8))
}

/// As RFC 5322 section 3.3 writes it.
fn date(dated: Timestamp) -> String {
    dated.format(&time::format_description::well_known::Rfc2822).unwrap_or_default()
}

#[cfg(test)]
#[path = "to_send/tests.rs"]
mod tests;
