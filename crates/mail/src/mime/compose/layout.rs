//! A letter → its tree of parts as octets, with places where files are streamed in.
//!
//! Text alone is one part; text, HTML and calendar are alternatives; pictures of the HTML are related to it;
//! files come after all that. Equal letters and seeds give equal octets.

use std::ops::Range;

use bytes::Bytes;
use domain::Address;
use sha2::{Digest as _, Sha256};

use super::{
    flowed,
    header::{self, Header, file_name, is_field_name, is_id, is_simple_name, wired},
    letter::{ComposeError, FileEncoding, FilePart, Letter, base32},
    transfer::{Encoded, encode_text},
};
use crate::mime::header::MAX_HEADER;

/// The message as octets with places for files in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// In the order of the message; the first are octets.
    pub segments: Vec<Segment>,
    /// Where the Bcc field stands in the first segment, with its line end; empty if there is none.
    pub bcc: Range<u64>,
    /// Whether octets outside ASCII stand in the message (8BITMIME).
    pub is_8bit: bool,
    /// Whether an address's local part is not ASCII (SMTPUTF8).
    pub needs_utf8: bool,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// These octets.
    Octets(Bytes),
    /// The file of that number, counted over `inline` and then `files`, through the `FileEncoder` of its encoding.
    File(usize),
}

/// Writes a letter. The seed makes its boundaries: random, or derived from what names the letter.
pub fn lay_out(letter: &Letter, boundary_seed: [u8; 16]) -> Result<Layout, ComposeError> {
    let mut header = Header::default();
    let (bcc, needs_utf8) = write_fields(&mut header, letter)?;
    let tree = Tree::of(letter)?;
    let mut writer =
        Writer { segments: Vec::new(), open: Vec::new(), boundaries: boundaries(&tree, boundary_seed) };
    header.tokens("MIME-Version", ["1.0"]);
    if header.len() > MAX_HEADER {
        return Err(ComposeError::HeaderTooLarge);
    }
    tree.write(header, 0, &mut writer);
    if !writer.open.ends_with(b"\r\n") {
        writer.open.extend_from_slice(b"\r\n");
    }
    writer.flush();
    Ok(Layout { segments: writer.segments, bcc, is_8bit: needs_utf8 || tree.is_8bit(), needs_utf8 })
}

/// Writes all fields but those of MIME. Where the Bcc field stands, and whether an address needs UTF-8.
fn write_fields(header: &mut Header, letter: &Letter) -> Result<(Range<u64>, bool), ComposeError> {
    let date = header::date(letter.date).ok_or(ComposeError::Date)?;
    header.tokens("Date", date.split(' '));
    let mut needs_utf8 = false;
    let mut write = |header: &mut Header, field: &'static str, addresses: &[Address]| {
        let wired = wired(addresses).map_err(|source| ComposeError::Address { field, source })?;
        needs_utf8 |= wired.iter().any(|(_, wire)| wire.needs_utf8);
        header.addresses(field, &wired);
        Ok::<_, ComposeError>(())
    };
    write(header, "From", std::slice::from_ref(&letter.from))?;
    write(header, "Reply-To", &letter.reply_to)?;
    write(header, "To", &letter.to)?;
    write(header, "Cc", &letter.cc)?;
    let start = header.len() as u64;
    write(header, "Bcc", &letter.bcc)?;
    let bcc = start..header.len() as u64;
    header.text("Subject", &letter.subject);
    if !is_id(&letter.message_id) || !letter.message_id.contains('@') {
        return Err(ComposeError::MessageId);
    }
    header.tokens("Message-ID", [letter.message_id.as_str()]);
    header.ids("In-Reply-To", letter.in_reply_to.as_deref());
    header.ids("References", letter.references.iter().map(String::as_str));
    for (name, text) in &letter.extra {
        if !is_field_name(name) || is_own_field(name) {
            return Err(ComposeError::Field);
        }
        header.text(name, text);
    }
    Ok((bcc, needs_utf8))
}

/// Whether a letter has the field by itself.
fn is_own_field(name: &str) -> bool {
    const OWN: &[&str] = &[
        "date",
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "subject",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
    ];
    let name = name.to_ascii_lowercase();
    OWN.contains(&name.as_str()) || name.starts_with("content-") || name.starts_with("resent-")
}

/// The parts of a message.
enum Tree<'a> {
    Text { media_type: &'static str, parameters: Vec<String>, body: Encoded },
    File { number: usize, part: &'a FilePart, is_inline: bool },
    Multi { subtype: &'static str, parameters: Vec<String>, parts: Vec<Tree<'a>> },
}

impl<'a> Tree<'a> {
    fn of(letter: &'a Letter) -> Result<Self, ComposeError> {
        let charset = "charset=utf-8".to_owned();
        let flowed = encode_text(&flowed::flow(&letter.text));
        let parameters = vec![charset.clone(), "format=flowed".to_owned()];
        let mut body = Self::Text { media_type: "text/plain", parameters, body: flowed };
        let file = |(number, part): (usize, &'a FilePart), is_inline| {
            if part.content_id.as_deref().is_some_and(|id| !is_id(&bracketed(id))) {
                return Err(ComposeError::ContentId);
            }
            Ok(Self::File { number, part, is_inline })
        };
        let inline = letter.inline.iter().enumerate().map(|part| file(part, true));
        let mut inline: Vec<Self> = inline.collect::<Result<_, _>>()?;
        let mut renderings = Vec::new();
        if let Some(html) = &letter.html {
            let parameters = vec![charset.clone()];
            let mut html = Self::Text { media_type: "text/html", parameters, body: encode_text(html) };
            if !inline.is_empty() {
                let parts = std::iter::once(html).chain(inline.drain(..)).collect();
                let parameters = vec!["type=\"text/html\"".to_owned()];
                html = Self::Multi { subtype: "related", parameters, parts };
            }
            renderings.push(html);
        }
        if let Some(calendar) = &letter.calendar {
            let parameters = vec![charset, format!("method={}", calendar.method)];
            let body = encode_text(&calendar.text);
            renderings.push(Self::Text { media_type: "text/calendar", parameters, body });
        }
        if !renderings.is_empty() {
            let parts = std::iter::once(body).chain(renderings).collect();
            body = Self::Multi { subtype: "alternative", parameters: Vec::new(), parts };
        }
        // Pictures without an HTML that shows them are files like others.
        let files =
            letter.files.iter().enumerate().map(|(at, part)| file((letter.inline.len() + at, part), false));
        inline.extend(files.collect::<Result<Vec<_>, _>>()?);
        if inline.is_empty() {
            return Ok(body);
        }
        let parts = std::iter::once(body).chain(inline).collect();
        Ok(Self::Multi { subtype: "mixed", parameters: Vec::new(), parts })
    }

    fn is_8bit(&self) -> bool {
        match self {
            Self::Text { .. } => false,
            Self::File { part, .. } => part.encoding == FileEncoding::AsIs { is_8bit: true },
            Self::Multi { parts, .. } => parts.iter().any(Self::is_8bit),
        }
    }

    /// The bodies in which a boundary could occur.
    fn bodies(&self) -> Vec<&[u8]> {
        match self {
            Self::Text { body, .. } => vec![&body.octets],
            Self::File { .. } => Vec::new(),
            Self::Multi { parts, .. } => parts.iter().flat_map(Self::bodies).collect(),
        }
    }

    /// Writes the part: the fields of its header that are missing in `header`, then its body.
    fn write(&self, mut header: Header, depth: usize, writer: &mut Writer) {
        match self {
            Self::Text { media_type, parameters, body } => {
                header.parameters("Content-Type", media_type, parameters);
                header.tokens("Content-Transfer-Encoding", [body.encoding]);
                writer.header(header);
                writer.open.extend_from_slice(&body.octets);
            }
            Self::File { number, part, is_inline } => {
                write_file_fields(&mut header, part, *is_inline);
                writer.header(header);
                writer.flush();
                writer.segments.push(Segment::File(*number));
            }
            Self::Multi { subtype, parameters, parts } => {
                let boundary = writer.boundaries.get(depth).cloned().unwrap_or_default();
                let mut parameters = parameters.clone();
                parameters.push(format!("boundary=\"{boundary}\""));
                header.parameters("Content-Type", &format!("multipart/{subtype}"), &parameters);
                if self.is_8bit() {
                    header.tokens("Content-Transfer-Encoding", ["8bit"]);
                }
                writer.header(header);
                for part in parts {
                    writer.delimiter(&boundary, "");
                    part.write(Header::default(), depth + 1, writer);
                    writer.open.extend_from_slice(b"\r\n");
                }
                writer.delimiter(&boundary, "--");
            }
        }
    }
}

struct Writer {
    segments: Vec<Segment>,
    open: Vec<u8>,
    /// By depth.
    boundaries: Vec<String>,
}

impl Writer {
    fn header(&mut self, mut header: Header) {
        header.end();
        self.open.append(&mut header.into_octets());
    }

    fn delimiter(&mut self, boundary: &str, end: &str) {
        self.open.extend_from_slice(format!("--{boundary}{end}\r\n").as_bytes());
    }

    fn flush(&mut self) {
        if !self.open.is_empty() {
            self.segments.push(Segment::Octets(Bytes::from(std::mem::take(&mut self.open))));
        }
    }
}

/// Fields of a file's part.
fn write_file_fields(header: &mut Header, part: &FilePart, is_inline: bool) {
    let (media_type, mut parameters) = media_type(part);
    let name = header::tamed(&part.name).trim().to_owned();
    // Readers that look here first know no extended names.
    if !name.is_empty() && is_simple_name(&name) {
        parameters.push(format!("name=\"{name}\""));
    }
    header.parameters("Content-Type", &media_type, &parameters);
    let encoding = match part.encoding {
        FileEncoding::Base64 => "base64",
        FileEncoding::AsIs { is_8bit: false } => "7bit",
        FileEncoding::AsIs { is_8bit: true } => "8bit",
    };
    header.tokens("Content-Transfer-Encoding", [encoding]);
    let mut parameters = file_name("filename", &name);
    parameters.extend(part.size.map(|size| format!("size={size}")));
    header.parameters("Content-Disposition", if is_inline { "inline" } else { "attachment" }, &parameters);
    if let Some(id) = &part.content_id {
        header.tokens("Content-ID", [bracketed(id).as_str()]);
    }
}

fn bracketed(id: &str) -> String {
    if id.starts_with('<') { id.to_owned() } else { format!("<{id}>") }
}

/// The media type and its parameters, all of it sound and lawful for the encoding.
fn media_type(part: &FilePart) -> (String, Vec<String>) {
    let is_token = |text: &str| {
        let is_sign = |byte: u8| b"!#$&-^_.+".contains(&byte);
        (1..=127).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_sign(byte))
    };
    let mut pieces = part.media_type.split(';');
    let whole = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, subtype) = whole.split_once('/').unwrap_or_default();
    // What is itself made of parts cannot be encoded (RFC 2046 section 5).
    let is_lawful = match part.encoding {
        FileEncoding::Base64 => kind != "multipart" && (kind != "message" || subtype == "global"),
        FileEncoding::AsIs { .. } => kind != "multipart",
    };
    if !is_token(kind) || !is_token(subtype) || !is_lawful {
        return ("application/octet-stream".to_owned(), Vec::new());
    }
    let parameters = pieces.filter_map(|piece| {
        let (key, value) = piece.split_once('=')?;
        let (key, value) = (key.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
        let is_sound = is_token(&key) && !matches!(key.as_str(), "name" | "boundary");
        (is_sound && is_token(value)).then(|| format!("{key}={value}"))
    });
    (whole.clone(), parameters.take(10).collect())
}

/// A boundary for each depth: none occurs in a text, and none begins with another. Base64 and
/// quoted-printable have no `=_`; in a nested message nobody can have put what the seed gives.
fn boundaries(tree: &Tree<'_>, seed: [u8; 16]) -> Vec<String> {
    let bodies = tree.bodies();
    let mut round = 0_u64;
    loop {
        let made: Vec<String> = (0..3_u8).map(|depth| boundary(&seed, depth, round)).collect();
        let occurs = |boundary: &String| {
            let finder = memchr::memmem::Finder::new(boundary.as_bytes());
            bodies.iter().any(|body| finder.find(body).is_some())
        };
        if !made.iter().any(occurs) {
            return made;
        }
        round += 1;
    }
}

fn boundary(seed: &[u8; 16], depth: u8, round: u64) -> String {
    let mut hash = Sha256::new();
    hash.update(b"boundary");
    hash.update(seed);
    hash.update([depth]);
    hash.update(round.to_be_bytes());
    let digits = base32(hash.finalize().get(..16).unwrap_or_default());
    format!("=_{depth}{digits}")
}

#[cfg(test)]
#[path = "layout/tests.rs"]
mod tests;
