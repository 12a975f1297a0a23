//! What a frozen message says and to whom it goes, read from its stored form.
//!
//! The envelope decides who gets it and the fields say who seems to: where they differ, both are told. Texts
//! are as they stand there: whoever shows them makes them harmless first.

use domain::{Address, Part, reading::Attachment};
use mail::mime::{
    attachments::attachments,
    compose::{html_to_text, wire_address},
    decode::decode_text,
    header::Headers,
    links::Links,
    text_parts::{TextPart, TextPlan, text_plan},
    visible_text,
    whole::{self, Parsed},
};
use storage::Outgoing;

/// Octets of a message in which its header ends.
const MAX_HEADER: u64 = 1024 * 1024;

/// A message as its person is shown it.
#[derive(Debug, Default)]
pub struct Letter {
    /// Who stands in its From field.
    pub from: Vec<Address>,
    /// Everybody who gets it, or seems to.
    pub recipients: Vec<Recipient>,
    /// Where answers go, if that is said.
    pub reply_to: Vec<Address>,
    /// Its subject.
    pub subject: String,
    /// Its files.
    pub files: Vec<Attachment>,
    /// What is in the text/plain parts, or the HTML's visible text where there are none.
    pub text: String,
    /// The HTML's visible text, if it says other words.
    pub html_text: Option<String>,
    /// Whether it has an HTML form.
    pub has_html: bool,
    /// What leaves and is not shown.
    pub unshown: Vec<String>,
}

/// Somebody who gets the message, or seems to.
#[derive(Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The field that names them; none if only the envelope does.
    pub field: Option<&'static str>,
    /// Their address.
    pub address: String,
    /// Their name; empty if there is none.
    pub name: String,
    /// Which of the envelope's addresses it is, counted from 1; none if they do not get it.
    pub number: Option<usize>,
}

/// A stored form, taken apart.
pub(super) struct Opened {
    pub(super) parsed: Parsed,
    plan: TextPlan,
}

impl Opened {
    pub(super) fn of(stored: &[u8]) -> Self {
        let parsed = whole::parse(stored);
        let plan = text_plan(&parsed.structure);
        Self { parsed, plan }
    }

    /// All parts that hold its words, in their order.
    fn parts(&self) -> Vec<&TextPart> {
        let mut parts: Vec<_> = self.plan.parts.iter().chain(&self.plan.alternative_fallback).collect();
        parts.sort_by(|a, b| a.path.cmp(&b.path));
        parts
    }

    fn text(&self, part: &TextPart) -> String {
        let octets = self.parsed.part_bytes.get(&part.path).map(|bytes| &bytes[..]).unwrap_or_default();
        decode_text(part, octets)
    }

    /// Its HTML parts.
    pub(super) fn html(&self) -> Vec<String> {
        self.parts().into_iter().filter(|part| part.is_html).map(|part| self.text(part)).collect()
    }
}

/// Reads the stored form of a message.
pub fn read(message: &Outgoing, stored: &[u8]) -> Letter {
    let opened = Opened::of(stored);
    let Opened { parsed, plan } = &opened;
    let parts = opened.parts();
    let files = attachments(&parsed.structure);
    let (mut plain, mut html, mut hidden) = (Vec::new(), Vec::new(), 0);
    for part in &parts {
        let text = opened.text(part);
        if part.is_html {
            let converted = visible_text::convert(&text, &mut Links::new(true));
            hidden += converted.hidden + converted.invisible;
            html.push(html_to_text(&text));
        } else {
            plain.push(text);
        }
    }
    let has_html = !html.is_empty();
    let mut unshown = Vec::new();
    if hidden > 0 {
        unshown.push(format!("{hidden} hidden texts or invisible characters in the HTML"));
    }
    if plan.is_cut || parsed.headers.is_cut() {
        unshown.push("more parts or fields than are looked at".to_owned());
    }
    let is_told = |part: &Part| {
        parts.iter().any(|told| told.path == part.path) || files.iter().any(|told| told.path == part.path)
    };
    collect_unshown(&parsed.structure, &is_told, &mut unshown);
    if wire_headers(message, stored).raw("bcc").is_some() {
        unshown.push("a Bcc field that all recipients can read".to_owned());
    }
    let (plain, html) = (plain.join("\n"), html.join("\n"));
    let is_plain = !plain.trim().is_empty();
    let differs = is_plain && !html.trim().is_empty() && words(&plain) != words(&html);
    Letter {
        from: parsed.headers.addresses("from"),
        recipients: recipients(message, &parsed.headers),
        reply_to: parsed.headers.addresses("reply-to"),
        subject: parsed.headers.text("subject").unwrap_or_default(),
        files,
        has_html,
        html_text: differs.then(|| html.clone()),
        text: if is_plain { plain } else { html },
        unshown,
    }
}

/// The header that leaves.
fn wire_headers(message: &Outgoing, stored: &[u8]) -> Headers {
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(stored.len());
    let (start, end) = (at(message.frozen.bcc.start), at(message.frozen.bcc.end));
    let before = stored.get(..start).unwrap_or_default();
    let after = stored.get(end.max(start)..at(MAX_HEADER).max(end.max(start))).unwrap_or_default();
    Headers::parse(&[before, after].concat())
}

/// Parts that are neither shown as text nor listed as files.
fn collect_unshown(part: &Part, is_told: &impl Fn(&Part) -> bool, unshown: &mut Vec<String>) {
    if is_told(part) {
        return;
    }
    if part.children.is_empty() {
        unshown.push(format!("a part of type {}/{}, {} octets", part.kind, part.subtype, part.size));
    }
    part.children.iter().for_each(|child| collect_unshown(child, is_told, unshown));
}

/// Everybody that a field or the envelope names: the fields in their order, then who stands in none.
fn recipients(message: &Outgoing, headers: &Headers) -> Vec<Recipient> {
    let envelope = &message.frozen.recipients;
    let keys: Vec<String> = envelope.iter().map(|address| key(address)).collect();
    let mut named = vec![false; keys.len()];
    let mut all = Vec::new();
    for field in ["to", "cc", "bcc"] {
        for Address { name, email } in headers.addresses(field) {
            let found = keys.iter().position(|known| *known == key(&email));
            if let Some(is_named) = found.and_then(|found| named.get_mut(found)) {
                *is_named = true;
            }
            let number = found.map(|found| found + 1);
            all.push(Recipient { field: Some(field), address: email, name, number });
        }
    }
    for ((number, address), _) in (1..).zip(envelope).zip(&named).filter(|(_, is_named)| !**is_named) {
        let (address, name) = (address.clone(), String::new());
        all.push(Recipient { field: None, address, name, number: Some(number) });
    }
    all
}

/// What two spellings of one address have in common.
fn key(address: &str) -> String {
    let wire = wire_address(address).map(|wire| wire.text);
    wire.unwrap_or_else(|_| address.to_owned()).to_lowercase()
}

/// The words of a text, without what only marks them up.
fn words(text: &str) -> Vec<String> {
    let is_markup = |c: &char| matches!(c, '*' | '_' | '`' | '~' | '\\' | '[' | ']' | '|') || c.is_control();
    let around = |c: char| "<>()#\"'.,:;!?".contains(c);
    let is_dust = |word: &str| word.chars().all(|c| c.is_ascii_punctuation() || "•·–—…".contains(c));
    let bare = text.split_whitespace().map(|word| {
        let word: String = word.chars().filter(|c| !is_markup(c)).collect();
        word.trim_matches(around).to_owned()
    });
    bare.filter(|word| !is_dust(word)).collect()
}

#[cfg(test)]
#[path = "letter/tests.rs"]
mod tests;
