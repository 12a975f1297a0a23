//! What a frozen message says and to whom it goes, read from its stored form.
//!
//! The envelope decides who gets it and the fields say who seems to: where they differ, both are told.

use access::Outgoing;
use domain::{Address, Part, reading::Attachment};
use mail::mime::{
    attachments::attachments,
    compose::{html_to_text, wire_address},
    decode::decode_text,
    header::Headers,
    links::Links,
    text_parts::{TextPart, text_plan},
    visible_text, whole,
};

/// Octets of a message in which its header ends.
const MAX_HEADER: u64 = 1024 * 1024;

/// A message as its person is shown it.
#[derive(Debug, Default)]
pub(super) struct Letter {
    pub(super) from: Vec<Address>,
    pub(super) recipients: Vec<Recipient>,
    pub(super) reply_to: Vec<Address>,
    pub(super) subject: String,
    pub(super) files: Vec<Attachment>,
    /// What is in the text/plain parts, or the HTML's visible text where there are none.
    pub(super) text: String,
    /// The HTML's visible text, if it says other words.
    pub(super) html_text: Option<String>,
    /// What leaves and is not shown.
    pub(super) unshown: Vec<String>,
}

/// Somebody who gets the message, or seems to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    /// The field that names them; none if only the envelope does.
    pub(super) field: Option<&'static str>,
    pub(super) address: String,
    pub(super) name: String,
    /// Which of the envelope's addresses it is, counted from 1; none if they do not get it.
    pub(super) number: Option<usize>,
}

/// Reads the stored form of a message.
pub(super) fn read(message: &Outgoing, stored: &[u8]) -> Letter {
    let parsed = whole::parse(stored);
    let plan = text_plan(&parsed.structure);
    let mut parts: Vec<&TextPart> = plan.parts.iter().chain(&plan.alternative_fallback).collect();
    parts.sort_by(|a, b| a.path.cmp(&b.path));
    let files = attachments(&parsed.structure);
    let (mut plain, mut html, mut hidden) = (Vec::new(), Vec::new(), 0);
    for part in &parts {
        let octets = parsed.part_bytes.get(&part.path).map(|bytes| &bytes[..]).unwrap_or_default();
        let text = decode_text(part, octets);
        if part.is_html {
            let converted = visible_text::convert(&text, &mut Links::new(true));
            hidden += converted.hidden + converted.invisible;
            html.push(html_to_text(&text));
        } else {
            plain.push(text);
        }
    }
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
