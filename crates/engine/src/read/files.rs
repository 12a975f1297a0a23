//! Codes in the files that a message carries inside it, where its octets are about to be shown as they are.
//!
//! An encoding would carry a code past the masks, so what can be read as text is decoded and judged. What
//! only another program could read, or what is not all here, is taken to hold one.

use std::collections::HashSet;

use documents::Kind;
use domain::{Part, PartPath};
use mail::mime::{
    attachments::clean_file_name,
    decode::decode_transfer,
    file_text::{self, File, Shape},
    text_parts::text_plan,
    whole::Parsed,
};

/// What the files of a message hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// Likely codes and sign-in links that were seen.
    pub(crate) masked: usize,
    /// Files whose words cannot be seen here.
    pub(crate) unseen: usize,
}

/// Looks through all parts but those of the text, nested messages and their parts among them. `is_cut`:
/// whether the last part may go on beyond the octets that are here.
pub(crate) fn judge(parsed: &Parsed, subject: &str, is_cut: bool) -> Judged {
    let plan = text_plan(&parsed.structure);
    let mut judged = Judged { masked: 0, unseen: usize::from(plan.is_cut) };
    let shown: HashSet<&PartPath> = plan.parts.iter().map(|part| &part.path).collect();
    let last = parsed.part_bytes.keys().next_back();
    let mut open = vec![&parsed.structure];
    while let Some(part) = open.pop() {
        open.extend(&part.children);
        let Some(octets) = parsed.part_bytes.get(&part.path) else { continue };
        if part.kind == "multipart" || shown.contains(&part.path) {
            continue;
        }
        let octets = decode_transfer(&part.encoding, octets);
        let name = part.file_name().map(clean_file_name).unwrap_or_default();
        let media_type = format!("{}/{}", part.kind, part.subtype);
        match Kind::of(&media_type, &name, &octets) {
            Some(Kind::Picture) => {}
            Some(_) => judged.unseen += 1,
            None => {
                let Some(shape) = Shape::of(&media_type, &name, charset(part), &octets) else { continue };
                judged.unseen += usize::from(is_cut && last == Some(&part.path));
                let file = File { shape, charset: charset(part), subject, mask_codes: true };
                judged.masked += file_text::read(&file, &octets).masked;
            }
        }
    }
    judged
}

/// The charset that a part names, if it names one.
pub(crate) fn charset(part: &Part) -> Option<&str> {
    part.parameters.get("charset").map(String::as_str).filter(|charset| !charset.trim().is_empty())
}
