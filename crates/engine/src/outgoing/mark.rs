//! What stands in the header field `X-Postroom-Draft` of a draft, and never in what is sent.
//!
//! The handle finds the draft again, whatever its UID became. The version tells which of several writings
//! it is, and the fingerprint whether another program edited it since. What it follows is kept because a
//! body that is written anew needs its quotation again, and the answered message its flag once it is sent.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Address, DraftId, MessageRef};
use mail::mime::{
    compose::{Letter, wire_address},
    invisible,
};
use serde::{Deserialize, Serialize};

use crate::fields::Fields;

/// The field.
pub(super) const FIELD: &str = "X-Postroom-Draft";

/// Characters of a word in the field, which is folded between them; longer ones would be encoded.
const WORD: usize = 40;

/// What a draft follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Follow {
    /// The message's id.
    pub(super) of: String,
    /// Its Message-ID, by which it is found where it was moved; empty if it has none.
    pub(super) message_id: String,
    /// Whether it is handed on, else answered.
    pub(super) is_forward: bool,
}

impl Follow {
    pub(super) fn reference(&self) -> Option<MessageRef> {
        self.of.parse().ok()
    }
}

/// The value of the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) draft: DraftId,
    /// Of one writing.
    pub(super) version: String,
    /// Of what we wrote.
    pub(super) fingerprint: String,
    pub(super) follow: Option<Follow>,
}

impl Mark {
    pub(super) fn to_text(&self) -> String {
        let mut text = format!("{}; v={}; f={}", self.draft, self.version, self.fingerprint);
        let follow = self.follow.as_ref().and_then(|follow| serde_json::to_vec(follow).ok());
        if let Some(follow) = follow {
            text.push_str("; of= ");
            let encoded = BASE64_URL_SAFE_NO_PAD.encode(follow);
            for (index, c) in encoded.char_indices() {
                if index > 0 && index % WORD == 0 {
                    text.push(' ');
                }
                text.push(c);
            }
        }
        text
    }

    /// Reads what [`Self::to_text`] wrote, folded anywhere between its words.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let mut fields = text.split(';');
        let draft = DraftId::from_text(fields.next()?);
        draft.to_bytes()?;
        let mut mark = Self { draft, version: String::new(), fingerprint: String::new(), follow: None };
        for field in fields {
            match field.split_once('=') {
                Some(("v", version)) => version.clone_into(&mut mark.version),
                Some(("f", fingerprint)) => fingerprint.clone_into(&mut mark.fingerprint),
                Some(("of", follow)) => {
                    let decoded = BASE64_URL_SAFE_NO_PAD.decode(follow).ok();
                    mark.follow = decoded.and_then(|json| serde_json::from_slice(&json).ok());
                }
                _ => {}
            }
        }
        Some(mark)
    }
}

/// What a person sees of a draft, as far as every server and program leaves it alone.
///
/// Of the HTML only what is read of it: its tags some servers write anew when they store it, and then
/// nothing could be replaced there. So an edit of the formatting alone is not noticed, nor is a file that was
/// exchanged for another of the same name: servers tell of files how long they are encoded, each as it
/// encodes them.
pub(super) struct Seen<'a> {
    /// From, To, Cc and Bcc.
    pub(super) addresses: [&'a [Address]; 4],
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
    /// What is read of the HTML.
    pub(super) html: &'a str,
    pub(super) files: Vec<&'a str>,
}

impl<'a> Seen<'a> {
    pub(super) fn of(letter: &'a Letter, html: &'a str) -> Self {
        let Letter { from, to, cc, bcc, subject, text, inline, files, .. } = letter;
        let files = inline.iter().chain(files).map(|file| file.name.as_str()).collect();
        Self { addresses: [std::slice::from_ref(from), to, cc, bcc], subject, text, html, files }
    }

    /// Its fingerprint. Blanks and quote marks do not count: servers fold and wrap lines anew.
    pub(super) fn fingerprint(&self) -> String {
        let mut fields = Fields::default();
        let mut add = |text: &str| {
            let (text, _) = invisible::clean(text);
            let kept = |c: &char| !c.is_whitespace() && !c.is_control() && *c != '>';
            let text: String = text.chars().filter(kept).collect();
            fields.add(text);
        };
        for list in self.addresses {
            for address in list {
                let wire = wire_address(&address.email).map(|wire| wire.text);
                add(&wire.unwrap_or_else(|_| address.email.clone()).to_ascii_lowercase());
            }
            add("");
        }
        add(self.subject);
        add(self.text);
        add(self.html);
        self.files.iter().for_each(|name| add(name));
        hex(&fields.hash(), 16)
    }
}

/// The first `octets` of some in hex.
pub(super) fn hex(octets: &[u8], count: usize) -> String {
    use std::fmt::Write as _;
    octets.iter().take(count).fold(String::with_capacity(count * 2), |mut out, octet| {
        let _ = write!(out, "{octet:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(follow: Option<Follow>) -> Mark {
        let draft = DraftId::from_random([7; 16]);
        Mark { draft, version: "0011".into(), fingerprint: "aabb".into(), follow }
    }

    #[test]
    fn a_mark_is_read_back_however_its_field_was_folded() {
        let follow = Follow {
            of: "work/Ünïcode; odd = name/ä:7@h".into(),
            message_id: "<a;b=c@x>".into(),
            is_forward: true,
        };
        for mark in [mark(None), mark(Some(follow))] {
            let text = mark.to_text();
            assert!(text.is_ascii() && text.split(' ').all(|word| word.len() <= 45), "{text}");
            assert_eq!(Mark::parse(&text).as_ref(), Some(&mark));
            assert_eq!(Mark::parse(&text.replace(' ', "\r\n\t ")).as_ref(), Some(&mark));
        }
    }

    #[test]
    fn what_is_no_mark_is_none_and_a_broken_tail_is_left_out() {
        for text in ["", "drf_", "nonsense; v=1", "drf_00000000000000000000000000000000x"] {
            assert_eq!(Mark::parse(text), None, "{text}");
        }
        let broken = format!("{}; v=1; of=!!!; =; x", DraftId::from_random([7; 16]));
        assert_eq!(Mark::parse(&broken).map(|mark| (mark.version, mark.follow)), Some(("1".into(), None)));
    }

    #[test]
    fn a_fingerprint_tells_words_apart_and_not_how_they_are_wrapped() {
        let to = [Address { name: "Ann".into(), email: "ann@bücher.example".into() }];
        let wire = [Address { name: "A.".into(), email: "ANN@xn--bcher-kva.example".into() }];
        let seen = |to: &[Address], text: &str, file: &str| {
            let html = "a word";
            let seen = Seen { addresses: [&[], to, &[], &[]], subject: "a b", text, html, files: vec![file] };
            seen.fingerprint()
        };
        let first = seen(&to, "some words\n> quoted words", "a.txt");
        assert_eq!(first, seen(&wire, "some\nwords\n>quoted\n>words\n", "a.txt"));
        for other in [
            seen(&to, "some other words\n> quoted words", "a.txt"),
            seen(&to, "some words!\n> quoted words", "a.txt"),
            seen(&to, "some words\n> quoted words", "b.txt"),
            seen(&[], "some words\n> quoted words", "a.txt"),
        ] {
            assert_ne!(first, other);
        }
    }
}
