//! A draft as it is stored, read back for the version that replaces it: what is not given anew stays.

use bytes::BytesMut;
use domain::{Address, Code, Part, Problem};
use mail::{
    imap::{
        part::{Found, Place},
        stored::WholeHeader,
    },
    mime::{
        attachments::attachments,
        compose::html_to_text,
        decode::decode_charset,
        header::Headers,
        text_parts::{TextPart, text_plan},
    },
};

use super::{
    drafts_folder::{Held, Version},
    files::Attached,
    mark::{Follow, Seen},
    prepare::READ_AT_ONCE,
    recipients::Lists,
    unflow::unflow,
    whole_message::{self, Header},
};
use crate::{
    Engine,
    approval::Words,
    attachment::{STREAMED, Windows, part_at},
};

/// Octets of text that are read of a draft.
const MAX_TEXT: usize = 8 << 20;

/// What is kept of a draft.
pub(super) struct Kept {
    pub(super) from: Vec<Address>,
    pub(super) lists: Lists,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: Option<String>,
    /// What is seen of the HTML; empty without one.
    pub(super) seen: String,
    pub(super) in_reply_to: Option<String>,
    pub(super) references: Vec<String>,
    pub(super) follow: Option<Follow>,
    pub(super) attached: Vec<Attached>,
    /// Names of all files, also of those that are not kept.
    names: Vec<String>,
}

impl Kept {
    /// The pictures that its text shows.
    pub(super) fn take_inline(&mut self) -> Vec<Attached> {
        let html = self.html.as_deref().unwrap_or_default();
        let is_shown = |file: &mut Attached| {
            file.part.content_id.as_deref().is_some_and(|id| html.contains(&format!("cid:{id}")))
        };
        self.attached.extract_if(.., is_shown).collect()
    }

    /// Whether it is what we wrote: nobody edited it since.
    pub(super) fn is_ours(&self, fingerprint: &str) -> bool {
        let Lists { to, cc, bcc } = &self.lists;
        let seen = Seen {
            addresses: [&self.from, to, cc, bcc],
            subject: &self.subject,
            text: &self.text,
            html: &self.seen,
            files: self.names.iter().map(String::as_str).collect(),
        };
        seen.fingerprint() == fingerprint
    }
}

/// The header and the words of a stored draft.
pub(super) struct Stored {
    pub(super) header: bytes::Bytes,
    pub(super) headers: Headers,
    pub(super) text: String,
    pub(super) html: Option<String>,
    /// What is seen of the HTML; empty without one.
    pub(super) seen: String,
}

impl Held {
    /// The header of the newest version, and its words.
    pub(super) async fn stored(&self) -> Result<Stored, Problem> {
        let version = self.newest();
        let question = WholeHeader {
            mailbox: &self.folder.wire_name,
            validity: version.marked.validity,
            uid: version.marked.uid,
        };
        let asked = self.account.opened.ask(Some(&self.folder.wire_name), &question).await;
        let head = match asked.map_err(|error| self.account.problem(&error))? {
            Found::Here(head) => head,
            Found::Gone | Found::Stale => return Err(changed()),
        };
        let structure = version.marked.summary.structure.clone().unwrap_or_default();
        let plan = text_plan(&structure);
        let (mut text, mut html) = (String::new(), String::new());
        let mut room = MAX_TEXT;
        for part in plan.parts.iter().chain(&plan.alternative_fallback) {
            let words = self.words(version, &structure, part, &mut room).await?;
            let into = if part.is_html { &mut html } else { &mut text };
            if !into.is_empty() {
                into.push('\n');
            }
            into.push_str(&words);
        }
        let (html, seen) = if html.len() <= READ_AT_ONCE {
            let seen = html_to_text(&html);
            (html, seen)
        } else {
            let read = move || (html_to_text(&html), html);
            let (seen, html) = self.account.opened.apart.run("The draft's text", read).await?;
            (html, seen)
        };
        if text.is_empty() {
            text.clone_from(&seen);
        }
        let html = Some(html).filter(|html| !html.is_empty());
        Ok(Stored { headers: Headers::parse(&head.header), header: head.header, text, html, seen })
    }

    async fn words(
        &self,
        version: &Version,
        structure: &Part,
        part: &TextPart,
        room: &mut usize,
    ) -> Result<String, Problem> {
        let found = part_at(structure, &part.path).cloned().unwrap_or_default();
        let mut windows = self.windows(version, &found);
        let mut octets = BytesMut::new();
        while let Some(piece) = windows.next().await? {
            *room = room.checked_sub(piece.len()).ok_or_else(|| {
                Problem::new(Code::TooLarge, "The draft has more text than is read of one.")
                    .hint("Write a new draft, with the text as a file.")
            })?;
            octets.extend_from_slice(&piece);
        }
        let text = decode_charset(part.charset.as_deref(), &octets).replace("\r\n", "\n");
        Ok(if part.is_flowed && !part.is_html { unflow(&text, part.is_delsp) } else { text })
    }

    fn windows(&self, version: &Version, part: &Part) -> Windows {
        let place = Place {
            mailbox: self.folder.wire_name.clone(),
            validity: version.marked.validity,
            uid: version.marked.uid,
            path: part.path.clone(),
        };
        Windows::new(self.account.clone(), place, part, STREAMED, 0)
    }
}

impl Engine {
    /// What a draft says, to compare it with a message that was made of it.
    pub(crate) async fn words_of(&self, held: &Held) -> Result<Words, Problem> {
        let Stored { headers, text, .. } = held.stored().await?;
        let structure = held.newest().marked.summary.structure.as_ref();
        Ok(Words {
            to: headers.addresses("to"),
            cc: headers.addresses("cc"),
            bcc: headers.addresses("bcc"),
            subject: headers.text("subject").unwrap_or_default(),
            text,
            files: structure.map(attachments).unwrap_or_default(),
        })
    }

    /// Reads what stays of a draft. Of its files only those that its text shows, unless all are wanted.
    pub(super) async fn kept(&self, held: &Held, with_files: bool) -> Result<Kept, Problem> {
        let Stored { headers, text, html, seen, .. } = held.stored().await?;
        let version = held.newest();
        let structure = version.marked.summary.structure.clone().unwrap_or_default();
        let mut kept = Kept {
            from: headers.addresses("from"),
            lists: Lists {
                to: headers.addresses("to"),
                cc: headers.addresses("cc"),
                bcc: headers.addresses("bcc"),
            },
            subject: headers.text("subject").unwrap_or_default(),
            text,
            html,
            seen,
            in_reply_to: headers.ids("in-reply-to").into_iter().next(),
            references: headers.references(),
            follow: version.mark.follow.clone(),
            attached: Vec::new(),
            names: Vec::new(),
        };
        for listed in attachments(&structure) {
            kept.names.push(listed.name.clone());
            let Some(part) = part_at(&structure, &listed.path) else { continue };
            if !with_files && part.content_id.is_none() {
                continue;
            }
            let windows = held.windows(version, part);
            let mut attached = if part.kind == "message" {
                whole_message::attach(
                    &listed.name,
                    part.size,
                    windows,
                    Header::AsItIs,
                    &self.0.settings.random,
                )
                .await?
            } else {
                Attached::of_part(&listed.name, part, windows)
            };
            attached.part.content_id.clone_from(&part.content_id);
            kept.attached.push(attached);
        }
        if !with_files {
            kept.attached = kept.take_inline();
        }
        Ok(kept)
    }
}

/// The version that was found is not there any more.
pub(super) fn changed() -> Problem {
    Problem::new(Code::Conflict, "The draft was changed by another program just now.")
        .hint("Try again; if it is gone, write a new one.")
}
