//! The parts that are offered as files, with names that are safe to show and to write.

use domain::{Part, reading::Attachment};

use super::{
    invisible,
    text_parts::{MAX_DEPTH, MAX_PARTS, TextPlan, related_root, text_plan},
};

/// Longest file name in characters.
const MAX_NAME: usize = 120;

/// Lists the files of a message in their order, numbered from 1.
///
/// A part of the text is listed too if it has a file name. Renderings of the text that were not chosen
/// are no files.
pub fn attachments(structure: &Part) -> Vec<Attachment> {
    let plan = text_plan(structure);
    let mut found = Vec::new();
    collect(structure, Place { depth: 0, is_related: false, is_alternative: false }, &plan, &mut found);
    found
}

#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    is_related: bool,
    is_alternative: bool,
}

fn collect(part: &Part, place: Place, plan: &TextPlan, found: &mut Vec<Attachment>) {
    if place.depth > MAX_DEPTH || found.len() >= MAX_PARTS {
        return;
    }
    if part.kind == "multipart" {
        let root = if part.subtype == "related" { related_root(part) } else { None };
        for child in &part.children {
            let is_root = root.is_some_and(|root| root.path == child.path);
            let is_related = part.subtype == "related" && !is_root;
            let is_alternative = part.subtype == "alternative";
            collect(child, Place { depth: place.depth + 1, is_related, is_alternative }, plan, found);
        }
        return;
    }
    let is_text = plan.parts.iter().chain(&plan.alternative_fallback).any(|text| text.path == part.path);
    // AMP and watch renderings repeat the text for programs that we are not.
    let is_rendering = place.is_alternative && part.kind == "text" && part.subtype != "calendar";
    if (is_text || is_rendering) && part.file_name().is_none() {
        return;
    }
    let is_inline = match part.disposition.as_deref() {
        Some("attachment") => place.is_related && part.content_id.is_some() && part.kind == "image",
        Some("inline") => true,
        _ => is_text || place.is_related || (part.kind == "image" && part.content_id.is_some()),
    };
    let index = found.len() + 1;
    found.push(Attachment {
        index,
        path: part.path.clone(),
        name: name_of(part, index),
        media_type: media_type_of(part),
        size: decoded_size(&part.encoding, part.size),
        is_inline,
    });
}

/// Octets after decoding: base64 in lines of 76 carries 57 octets in 78.
pub fn decoded_size(encoding: &str, size: u64) -> u64 {
    if encoding.eq_ignore_ascii_case("base64") { (size / 78) * 57 + (size % 78) * 3 / 4 } else { size }
}

fn media_type_of(part: &Part) -> String {
    let kept = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || "+-._".contains(*c)).take(80).collect()
    };
    let (kind, subtype) = (kept(&part.kind), kept(&part.subtype));
    if kind.is_empty() || subtype.is_empty() {
        "application/octet-stream".to_owned()
    } else {
        format!("{kind}/{subtype}")
    }
}

fn name_of(part: &Part, index: usize) -> String {
    if let Some(name) = part.file_name().map(clean_file_name).filter(|name| !name.is_empty()) {
        return name;
    }
    if part.kind == "message" {
        let subject = part.envelope.as_ref().map(|envelope| clean_file_name(&envelope.subject));
        let subject = subject.filter(|subject| !subject.is_empty());
        return subject.map_or_else(|| format!("message-{index}.eml"), |subject| format!("{subject}.eml"));
    }
    let stem = match part.kind.as_str() {
        "image" | "audio" | "video" => part.kind.as_str(),
        "text" if part.subtype == "calendar" => "invite",
        "text" => "text",
        _ => "attachment",
    };
    format!("{stem}-{index}.{}", extension(&media_type_of(part)))
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" | "image/pjpeg" | "image/jpg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/svg+xml" => "svg",
        "image/tiff" => "tiff",
        "image/heic" => "heic",
        "image/bmp" => "bmp",
        "application/pdf" => "pdf",
        "application/zip" | "application/x-zip-compressed" => "zip",
        "application/gzip" | "application/x-gzip" => "gz",
        "application/json" => "json",
        "application/xml" | "text/xml" => "xml",
        "application/rtf" | "text/rtf" => "rtf",
        "application/msword" => "doc",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.ms-powerpoint" => "ppt",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "pptx",
        "application/vnd.oasis.opendocument.text" => "odt",
        "application/pgp-signature" => "asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "p7m",
        "application/ms-tnef" => "dat",
        "text/plain" => "txt",
        "text/html" | "application/xhtml+xml" => "html",
        "text/csv" => "csv",
        "text/calendar" | "application/ics" => "ics",
        "text/vcard" | "text/x-vcard" | "text/directory" => "vcf",
        "text/css" => "css",
        "text/x-patch" | "text/x-diff" => "patch",
        "text/markdown" => "md",
        "audio/mpeg" => "mp3",
        "audio/wav" | "audio/x-wav" => "wav",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        other if other.starts_with("text/") => "txt",
        _ => "bin",
    }
}

/// Makes a name from outside safe: the last path segment, without control and invisible characters,
/// without what file systems forbid, at most 120 characters; empty if nothing is left.
pub fn clean_file_name(name: &str) -> String {
    let (name, _) = invisible::clean(name);
    let last = name.rsplit(['/', '\\']).find(|segment| !segment.trim().is_empty()).unwrap_or_default();
    let mut cleaned = String::with_capacity(last.len());
    for c in last.chars() {
        if c.is_control() || "<>:\"|?*".contains(c) {
            cleaned.push('_');
        } else if c.is_whitespace() {
            if !cleaned.ends_with(' ') {
                cleaned.push(' ');
            }
        } else {
            cleaned.push(c);
        }
    }
    let trimmed = cleaned.trim().trim_matches('.').trim();
    let trimmed = if cleaned.trim_start().starts_with('.') && !trimmed.is_empty() {
        format!("_{trimmed}")
    } else {
        trimmed.to_owned()
    };
    shorten(&trimmed)
}

/// Cuts in the middle so that the extension stays.
fn shorten(name: &str) -> String {
    let count = name.chars().count();
    if count <= MAX_NAME {
        return name.to_owned();
    }
    let extension: String = match name.rsplit_once('.') {
        Some((_, end)) if end.chars().count() <= 10 => format!(".{end}"),
        _ => String::new(),
    };
    let kept = MAX_NAME - extension.chars().count() - 1;
    let stem: String = name.chars().take(kept).collect();
    format!("{}…{extension}", stem.trim_end())
}

#[cfg(test)]
#[path = "attachments/tests.rs"]
mod tests;
