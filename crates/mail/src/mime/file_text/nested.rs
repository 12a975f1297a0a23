//! A message that another brought along: who wrote it, what it says, which files it has.

use std::fmt::Write as _;

use domain::{Address, reading::Attachment};

use super::rendered;
use crate::mime::{
    attachments, codes,
    header::Headers,
    render,
    text_parts::{TextPart, text_plan},
    whole::{self, Parsed},
};

/// Addresses of one field that are shown.
const MAX_ADDRESSES: usize = 20;
/// Files that are listed.
const MAX_FILES: usize = 100;

/// Whether it begins with a header, or the line before one in a file of mailboxes.
pub(super) fn is_message(start: &[u8]) -> bool {
    start.starts_with(b"From ") || {
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        line.contains(&b':') && !Headers::parse(line).is_empty()
    }
}

/// Header, text and list of files, and how many codes were masked.
pub(super) fn text(octets: &[u8], mask_codes: bool) -> (String, usize) {
    let parsed = whole::parse(octets);
    let envelope = parsed.headers.envelope();
    let mut out = String::new();
    let people = [("From", &envelope.from), ("To", &envelope.to), ("Cc", &envelope.cc)];
    for (name, addresses) in people {
        if !addresses.is_empty() {
            let _ = writeln!(out, "{name}: {}", list(addresses));
        }
    }
    let (subject, mut masked) =
        if mask_codes { codes::mask(&envelope.subject) } else { (envelope.subject.clone(), 0) };
    let _ = writeln!(out, "Subject: {}", one_line(&subject));
    if let Some(date) = parsed.headers.text("date") {
        let _ = writeln!(out, "Date: {}", one_line(&date));
    }
    let (body, in_body) = body(&parsed, &envelope.subject, mask_codes);
    masked += in_body;
    out.push('\n');
    out.push_str(&body);
    let files = attachments::attachments(&parsed.structure);
    if !files.is_empty() {
        let file = |file: &Attachment| format!("{} ({}, {} octets)", file.name, file.media_type, file.size);
        let mut shown: Vec<String> = files.iter().take(MAX_FILES).map(file).collect();
        if files.len() > MAX_FILES {
            shown.push(format!("+{} more", files.len() - MAX_FILES));
        }
        let _ = write!(out, "\n\n[Its files, which come only with the message: {}]", shown.join("; "));
    }
    (out, masked)
}

fn body(parsed: &Parsed, subject: &str, mask_codes: bool) -> (String, usize) {
    let plan = text_plan(&parsed.structure);
    let fetched = |parts: Vec<TextPart>| -> Vec<(TextPart, &[u8])> {
        let with_octets = |part: TextPart| {
            let octets = parsed.part_bytes.get(&part.path)?;
            Some((part, octets.as_ref()))
        };
        parts.into_iter().filter_map(with_octets).collect()
    };
    let mut parts = fetched(plan.parts);
    if !parts.iter().any(|(part, octets)| render::has_text(part, octets)) {
        let others = fetched(plan.alternative_fallback);
        if !others.is_empty() {
            parts = others;
        }
    }
    rendered(&parts, subject, mask_codes)
}

fn list(addresses: &[Address]) -> String {
    let shown: Vec<String> =
        addresses.iter().take(MAX_ADDRESSES).map(|address| one_line(&address.to_string())).collect();
    let mut text = shown.join(", ");
    if addresses.len() > MAX_ADDRESSES {
        let _ = write!(text, ", +{} more", addresses.len() - MAX_ADDRESSES);
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
