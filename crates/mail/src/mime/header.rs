//! Header fields from raw octets: whole headers and the few fields that a list asks for.
//!
//! Values stay as sent until a question is asked; encoded words are decoded then.

use domain::{Address, Envelope, Timestamp};
use mail_parser::parsers::MessageStream;

use super::{
    invisible,
    parser::{guarded, tame},
    words,
};

/// Most octets of a header that are read (contract: 1 MB).
pub const MAX_HEADER: usize = 1024 * 1024;
/// Most fields.
const MAX_FIELDS: usize = 5_000;
/// Most octets that are read of one field.
const MAX_FIELD: usize = 64 * 1024;
/// Most addresses kept of one field.
const MAX_ADDRESSES: usize = 1_000;
/// Most message ids kept of References.
const MAX_REFERENCES: usize = 200;

/// The fields of a header in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    /// Name in lower case, unfolded value as octets.
    fields: Vec<(String, Vec<u8>)>,
    is_cut: bool,
}

impl Headers {
    /// Reads fields up to the first empty line; what is no field is skipped.
    pub fn parse(raw: &[u8]) -> Self {
        let (header, _) = split_header(raw);
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        // What continues a line that is no field belongs to no field.
        let mut is_open = false;
        let mut is_cut = header.len() >= MAX_HEADER;
        for line in header.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if matches!(line.first(), Some(b' ' | b'\t')) {
                if let Some((_, value)) = fields.last_mut().filter(|_| is_open) {
                    value.extend_from_slice(line);
                }
                continue;
            }
            is_open = false;
            if fields.len() >= MAX_FIELDS {
                is_cut = !line.is_empty();
                break;
            }
            let Some(colon) = memchr::memchr(b':', line) else { continue };
            let (name, value) = line.split_at(colon);
            let name = name.trim_ascii();
            if name.is_empty() || name.len() > 200 || !name.iter().all(u8::is_ascii_graphic) {
                continue;
            }
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            fields.push((name, value.get(1..).unwrap_or_default().to_vec()));
            is_open = true;
        }
        Self { fields, is_cut }
    }

    /// Whether there are more fields than are read.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether no field was found.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The unfolded octets of the first field of that name (in any case).
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.raw_all(name).next()
    }

    fn raw_all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let fields = self.fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value.as_slice().trim_ascii())
    }

    /// The decoded text of the first field of that name, without invisible characters.
    pub fn text(&self, name: &str) -> Option<String> {
        self.raw(name).map(decode_words)
    }

    /// All fields in order, names in lower case, values decoded: for `view: headers`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, String)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), decode_words(value.trim_ascii())))
    }

    /// The addresses of all fields of that name.
    pub fn addresses(&self, name: &str) -> Vec<Address> {
        self.raw_all(name).flat_map(parse_addresses).take(MAX_ADDRESSES).collect()
    }

    /// Message-IDs of References, oldest first, in angle brackets.
    pub fn references(&self) -> Vec<String> {
        self.ids("references")
    }

    /// Message-IDs of a field, in angle brackets, doubles left out; of too many the newest are kept.
    pub fn ids(&self, name: &str) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for value in self.raw_all(name) {
            for id in message_ids(&String::from_utf8_lossy(value)) {
                if seen.insert(id.clone()) {
                    ids.push(id);
                }
            }
        }
        let surplus = ids.len().saturating_sub(MAX_REFERENCES);
        ids.drain(..surplus);
        ids
    }

    /// The Message-ID in angle brackets.
    pub fn message_id(&self) -> Option<String> {
        self.ids("message-id").into_iter().next()
    }

    /// The List-Id between its angle brackets (RFC 2919), or the value where there are none.
    pub fn list_id(&self) -> Option<String> {
        let text = self.text("list-id")?;
        let inner = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(id, _)| id);
        let id = inner.unwrap_or(&text).trim();
        (!id.is_empty()).then(|| id.to_owned())
    }

    /// Whether the message offers List-Unsubscribe.
    pub fn has_unsubscribe(&self) -> bool {
        self.raw("list-unsubscribe").is_some_and(|value| !value.is_empty())
    }

    /// The Date field, if it can be read.
    pub fn date(&self) -> Option<Timestamp> {
        self.raw("date").and_then(parse_date)
    }

    /// Authentication-Results, unfolded, topmost first.
    pub fn authentication_results(&self) -> Vec<String> {
        let values = self.raw_all("authentication-results");
        values.map(|value| String::from_utf8_lossy(value).into_owned()).take(50).collect()
    }

    /// Authentication-Results with whether each can be the account's own server's, judged by its place: above
    /// the first Received that another organisation's server wrote. Meaningful for a whole header only.
    ///
    /// The server that received the mail writes the topmost Received; a Received by a host of another domain is
    /// foreign, and everything below it can be the sender's invention. So can what follows the server's own
    /// result below its Received, where the sender's fields begin: there the first of each authserv-id counts,
    /// and none below a field that only authors and their servers write.
    pub fn placed_authentication_results(&self) -> Vec<(String, bool)> {
        let mut own: Option<String> = None;
        let mut is_above = true;
        let mut has_received = false;
        let mut ids: Vec<String> = Vec::new();
        let mut found = Vec::new();
        for (name, value) in &self.fields {
            let value = String::from_utf8_lossy(value.trim_ascii());
            is_above &= !is_authors_field(name);
            if name == "received" {
                has_received = true;
                let Some(host) = received_by(&value).filter(|host| !is_internal(host)) else { continue };
                let domain = super::links::registrable(&host).to_owned();
                is_above &= own.get_or_insert_with(|| domain.clone()) == &domain;
            } else if name == "authentication-results" && found.len() < 50 {
                let id = super::trust::authserv_id(&value).unwrap_or_default();
                let is_first = !ids.contains(&id);
                found.push((value.into_owned(), is_above && (is_first || !has_received)));
                ids.push(id);
            }
        }
        found
    }

    /// The envelope that a server would make of this header.
    pub fn envelope(&self) -> Envelope {
        let from = self.addresses("from");
        let or_from = |addresses: Vec<Address>| if addresses.is_empty() { from.clone() } else { addresses };
        Envelope {
            date: self.date(),
            subject: self.text("subject").unwrap_or_default(),
            sender: or_from(self.addresses("sender")),
            reply_to: or_from(self.addresses("reply-to")),
            to: self.addresses("to"),
            cc: self.addresses("cc"),
            bcc: self.addresses("bcc"),
            in_reply_to: self.ids("in-reply-to"),
            message_id: self.message_id(),
            from,
        }
    }
}

/// Header and body of an entity: the body starts after the first empty line.
pub(super) fn split_header(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(end) = memchr::memchr(b'\n', raw.get(at..).unwrap_or_default()) {
        let line = raw.get(at..at + end).unwrap_or_default();
        if line.is_empty() || line == b"\r" {
            let header = raw.get(..at.min(MAX_HEADER)).unwrap_or_default();
            return (header, raw.get(at + end + 1..).unwrap_or_default());
        }
        at += end + 1;
    }
    (raw.get(..raw.len().min(MAX_HEADER)).unwrap_or_default(), &[])
}

/// Whether a field is written with the message, and never by the server that receives it.
fn is_authors_field(name: &str) -> bool {
    matches!(
        name,
        "from"
            | "sender"
            | "reply-to"
            | "to"
            | "cc"
            | "bcc"
            | "subject"
            | "date"
            | "message-id"
            | "in-reply-to"
            | "references"
            | "mime-version"
            | "content-type"
            | "content-transfer-encoding"
            | "dkim-signature"
            | "list-unsubscribe"
            | "list-id"
            | "user-agent"
            | "x-mailer"
    )
}

/// The host after `by` in a Received field.
fn received_by(value: &str) -> Option<String> {
    let mut words = value.split_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("by"))?;
    let host = words.next()?.trim_matches(['(', ')', ';', '[', ']']);
    Some(host.to_ascii_lowercase())
}

/// Hosts inside an organisation: bare addresses, as Gmail writes them, and names without a domain.
fn is_internal(host: &str) -> bool {
    host.contains(':')
        || !host.contains('.')
        || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Ids in angle brackets; where a program left them out, words that look like ids.
fn message_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((inside, next)) = after.split_once('>') else { break };
        let inside: String = inside.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        if !inside.is_empty() && inside.len() <= 998 {
            ids.push(format!("<{inside}>"));
        }
        rest = next;
    }
    if ids.is_empty() {
        let words = text.split_whitespace().filter(|word| word.contains('@') && word.len() <= 998);
        ids.extend(words.map(|word| format!("<{}>", word.trim_matches(['<', '>', ',', '"']))));
    }
    ids
}

/// Decodes a value that is free text; folding blanks become one.
pub(super) fn decode_words(value: &[u8]) -> String {
    let decoded = words::decode(value.get(..MAX_FIELD).unwrap_or(value));
    let (clean, _) = invisible::clean(&decoded);
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Raw 8-bit octets in headers are read as UTF-8, else as windows-1252.
fn sound_utf8(value: &[u8]) -> Vec<u8> {
    if value.is_ascii() { value.to_vec() } else { super::decode::decode_charset(None, value).into_bytes() }
}

/// Reads an address list.
pub(super) fn parse_addresses(value: &[u8]) -> Vec<Address> {
    let mut line = sound_utf8(tame(value, MAX_FIELD));
    line.push(b'\n');
    let value = guarded(|| Some(MessageStream::new(&line).parse_address()));
    let Some(list) = value.as_ref().and_then(|value| value.as_address()) else { return Vec::new() };
    let clean = |text: &str| invisible::clean(text).0.split_whitespace().collect::<Vec<_>>().join(" ");
    list.iter()
        .take(MAX_ADDRESSES)
        .map(|address| {
            let name = address.name.as_deref().unwrap_or_default();
            let email = address.address.as_deref().unwrap_or_default();
            if email.starts_with('@') && !name.is_empty() {
                // `"a b"@example.org`: its local part is taken for a name.
                let local = name.replace('\\', "\\\\").replace('"', "\\\"");
                return Address {
                    name: String::new(),
                    email: without_blanks(&clean(&format!("\"{local}\"{email}"))),
                };
            }
            Address { name: clean(name), email: without_blanks(&clean(email)) }
        })
        .filter(|address| !address.email.is_empty() || !address.name.is_empty())
        .collect()
}

/// An address without the blanks that may stand around its marks; those within quotes are part of it.
fn without_blanks(email: &str) -> String {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let mut keep = |c: char| {
        let keeps = c != ' ' || is_quoted;
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        keeps
    };
    email.chars().filter(|c| keep(*c)).collect()
}

fn parse_date(value: &[u8]) -> Option<Timestamp> {
    let mut line = value.get(..200.min(value.len()))?.to_vec();
    line.push(b'\n');
    let seconds = guarded(|| {
        let value = MessageStream::new(&line).parse_date();
        value.as_datetime().filter(|date| date.is_valid()).map(mail_parser::DateTime::to_timestamp)
    });
    Timestamp::from_unix_timestamp(seconds?).ok()
}

#[cfg(test)]
#[path = "header/tests.rs"]
mod tests;
