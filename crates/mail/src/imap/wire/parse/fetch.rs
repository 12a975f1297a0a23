//! FETCH (RFC 9051, 7.5.2, and extensions), item by item: a broken item never costs its neighbours.

use bytes::Bytes;
use domain::{Flag, GmailIds, PartPath};

use super::super::{
    date,
    framer::Limits,
    tokenizer::{Cursor, Fault, Value, read_number},
    utf7,
};
use super::{body_structure, envelope, text};
use crate::{
    imap::response::{Fetch, Section, SectionText},
    mime::words,
};

/// How often a response may be searched for the next item behind a list that is not closed.
const MAX_RECOVERIES: u8 = 4;

/// How many unknown items are kept.
const MAX_OTHER: usize = 1_000;

/// No part lies deeper.
const MAX_PATH: usize = 128;

/// The items of a FETCH response, and whether they end in a section that was handed out in chunks.
pub(super) fn read(cursor: &mut Cursor<'_>, sequence: u32, limits: &Limits) -> (Fetch, bool) {
    let mut reader =
        Reader { fetch: Fetch { sequence, ..Fetch::default() }, limits, recoveries: 0, ends_streamed: false };
    cursor.skip_spaces();
    cursor.eat(b'(');
    loop {
        cursor.skip_spaces();
        match cursor.peek() {
            // A literal where a name should stand.
            None if cursor.literal().is_some() => reader.ends_streamed = false,
            None => return (reader.fetch, reader.ends_streamed),
            Some(b')') => cursor.bump(),
            Some(b'(' | b'"') => cursor.skip_value(),
            Some(_) => reader.read_item(cursor),
        }
    }
}

/// The flags of a list; what is no text in it is left out.
pub(super) fn flags(values: &[Value]) -> Vec<Flag> {
    values.iter().filter_map(Value::as_bytes).map(|name| flag(name)).collect()
}

fn flag(name: &[u8]) -> Flag {
    let system = [Flag::Seen, Flag::Answered, Flag::Flagged, Flag::Deleted, Flag::Draft];
    let known = system.into_iter().find(|flag| name.eq_ignore_ascii_case(flag.as_str().as_bytes()));
    known.unwrap_or_else(|| Flag::Keyword(words::decode_verbatim(name)))
}

struct Reader<'l> {
    fetch: Fetch,
    limits: &'l Limits,
    recoveries: u8,
    ends_streamed: bool,
}

impl Reader<'_> {
    fn read_item(&mut self, cursor: &mut Cursor<'_>) {
        self.ends_streamed = false;
        let start = cursor.rest();
        let name = cursor.take_until(ends_name);
        let place = if cursor.peek() == Some(b'[') { Some(read_section(cursor)) } else { None };
        let mark = cursor.clone();
        match cursor.value() {
            Ok(Some(Value::List(_))) if cursor.is_at_end() && self.may_resume_inside(cursor, &mark) => {}
            Ok(Some(value)) => {
                let written = start.get(..start.len() - mark.rest().len().min(start.len()));
                let is_kept = match place {
                    Some(Some(place)) => self.keep_section(name, place, &value),
                    Some(None) => false,
                    None => self.keep(name, &value),
                };
                if !is_kept && self.fetch.other.len() < MAX_OTHER {
                    let name =
                        words::decode_verbatim(written.unwrap_or(name)).trim_end().to_ascii_uppercase();
                    self.fetch.other.push((name, value));
                }
            }
            Ok(None) => {}
            Err(Fault::Unclosed) => {
                cursor.return_to(mark);
                self.recoveries = self.recoveries.saturating_add(1);
                recover(cursor, self.recoveries <= MAX_RECOVERIES);
            }
            Err(Fault::TooDeep | Fault::TooMany) => {
                cursor.return_to(mark);
                cursor.skip_value();
            }
        }
    }

    /// A list that ends with the response took the parenthesis that closes the response. If it holds
    /// what looks like an item, it was never closed, and reading goes on there.
    fn may_resume_inside<'p>(&mut self, cursor: &mut Cursor<'p>, mark: &Cursor<'p>) -> bool {
        let mut inside = cursor.clone();
        inside.return_to(mark.clone());
        self.recoveries = self.recoveries.saturating_add(1);
        recover(&mut inside, self.recoveries <= MAX_RECOVERIES);
        let is_found = !inside.is_at_end();
        if is_found {
            *cursor = inside;
        }
        is_found
    }

    /// Keeps an item's value if it is known and as it should be.
    fn keep(&mut self, name: &[u8], value: &Value) -> bool {
        let mut upper = [0_u8; 16];
        let Some(upper) = upper.get_mut(..name.len()) else { return false };
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        let fetch = &mut self.fetch;
        match &*upper {
            b"UID" => set(&mut fetch.uid, value.as_number()),
            b"FLAGS" => set(&mut fetch.flags, value.as_list().map(flags)),
            b"INTERNALDATE" => {
                set(&mut fetch.internal_date, value.as_bytes().and_then(|text| date::parse(text)))
            }
            b"RFC822.SIZE" => set(&mut fetch.size, body_structure::size(value)),
            b"ENVELOPE" => set(&mut fetch.envelope, envelope::read(value).map(Box::new)),
            b"BODY" if fetch.structure.is_some() => true,
            b"BODYSTRUCTURE" | b"BODY" => {
                set(&mut fetch.structure, body_structure::read(value, self.limits.parts).map(Box::new))
            }
            b"MODSEQ" => {
                let modseq = value.as_list().and_then(<[Value]>::first).unwrap_or(value);
                set(&mut fetch.modseq, modseq.as_number())
            }
            b"RFC822" => self.push_section(SectionText::Whole, value),
            b"RFC822.HEADER" => self.push_section(SectionText::Header, value),
            b"RFC822.TEXT" => self.push_section(SectionText::Text, value),
            b"PREVIEW" | b"SNIPPET" => {
                // Before RFC 8970 the algorithm's name came with it: `(FUZZY "text")`.
                let preview = value.as_list().and_then(<[Value]>::last).unwrap_or(value);
                *value == Value::Nil || set(&mut fetch.preview, text(preview))
            }
            b"EMAILID" => keep_id(&mut fetch.email_id, value),
            b"THREADID" => *value == Value::Nil || keep_id(&mut fetch.thread_id, value),
            b"X-GM-MSGID" => value.as_number().map(|id| self.gmail().message = id).is_some(),
            b"X-GM-THRID" => value.as_number().map(|id| self.gmail().thread = id).is_some(),
            b"X-GM-LABELS" => {
                let labels = value.as_list().map(|labels| {
                    labels.iter().filter_map(Value::as_bytes).map(|label| utf7::decode(label)).collect()
                });
                labels.map(|labels| self.gmail().labels = labels).is_some()
            }
            _ => false,
        }
    }

    fn gmail(&mut self) -> &mut GmailIds {
        self.fetch.gmail.get_or_insert_with(GmailIds::default)
    }

    fn push_section(&mut self, text: SectionText, value: &Value) -> bool {
        let place = Place { path: PartPath::default(), text, origin: None };
        self.keep_section(b"BODY", place, value)
    }

    fn keep_section(&mut self, name: &[u8], place: Place, value: &Value) -> bool {
        let is_binary = name.eq_ignore_ascii_case(b"BINARY");
        let data: Option<Bytes> = match value {
            Value::Text(bytes) | Value::Atom(bytes) => Some(bytes.clone()),
            Value::Nil | Value::Streamed(_) => None,
            Value::List(_) => return false,
        };
        if !is_binary && !name.eq_ignore_ascii_case(b"BODY") {
            return false;
        }
        self.ends_streamed = matches!(value, Value::Streamed(_));
        let Place { path, text, origin } = place;
        self.fetch.sections.push(Section { path, text, origin, is_binary, data });
        true
    }
}

fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let is_known = value.is_some();
    if is_known {
        *field = value;
    }
    is_known
}

/// `(M6d99)`; some leave the parentheses out.
fn keep_id(field: &mut Option<String>, value: &Value) -> bool {
    let id = value.as_list().and_then(<[Value]>::first).unwrap_or(value);
    set(field, text(id))
}

fn ends_name(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'(' | b')' | b'"' | b'[')
}

/// What stands in the brackets of `BODY[…]<…>`.
struct Place {
    path: PartPath,
    text: SectionText,
    origin: Option<u64>,
}

/// Reads from the opening bracket on, and always past it; `None` if it names nothing we know.
fn read_section(cursor: &mut Cursor<'_>) -> Option<Place> {
    cursor.bump();
    let spec = cursor.take_until(|byte| matches!(byte, b']' | b' ' | b'('));
    cursor.skip_spaces();
    let mut fields = Vec::new();
    if cursor.peek() == Some(b'(')
        && let Ok(Some(Value::List(names))) = cursor.value()
    {
        fields = names.iter().filter_map(text).map(|name| name.to_ascii_uppercase()).collect();
    }
    cursor.take_until(|byte| byte == b']');
    cursor.eat(b']');
    let mut origin = None;
    if cursor.eat(b'<') {
        origin = read_number(cursor.take_until(|byte| matches!(byte, b'>' | b'.' | b' ')));
        cursor.take_until(|byte| matches!(byte, b'>' | b' '));
        cursor.eat(b'>');
    }
    let (path, rest) = split_path(spec)?;
    let text = match rest.to_ascii_uppercase().as_slice() {
        b"" => SectionText::Whole,
        b"HEADER" => SectionText::Header,
        b"HEADER.FIELDS" => SectionText::HeaderFields(fields),
        b"HEADER.FIELDS.NOT" => SectionText::HeaderFieldsNot(fields),
        b"TEXT" => SectionText::Text,
        b"MIME" => SectionText::Mime,
        _ => return None,
    };
    Some(Place { path, text, origin })
}

/// `1.2.HEADER` as the path `1.2` and `HEADER`.
fn split_path(spec: &[u8]) -> Option<(PartPath, &[u8])> {
    let mut path = PartPath::default();
    let mut rest = spec;
    while rest.first().is_some_and(u8::is_ascii_digit) {
        let end = rest.iter().position(|byte| *byte == b'.').unwrap_or(rest.len());
        path.0.push(read_number(rest.get(..end)?)?);
        rest = rest.get(end + 1..).unwrap_or_default();
        if path.0.len() > MAX_PATH {
            return None;
        }
    }
    Some((path, rest))
}

/// Behind a list that is not closed: goes to the next item that can be told from a list's element, or
/// to the end. Between quoted strings an envelope or a structure holds nothing like `UID` or `FLAGS`.
fn recover(cursor: &mut Cursor<'_>, may_search: bool) {
    loop {
        cursor.skip_spaces();
        match cursor.peek() {
            None if cursor.literal().is_none() => return,
            None => {}
            Some(b'"') => cursor.skip_value(),
            Some(_) => {
                let mark = cursor.clone();
                let name = cursor.take_until(ends_name);
                if name.is_empty() {
                    cursor.bump();
                } else if may_search && is_item(name) {
                    cursor.return_to(mark);
                    return;
                }
            }
        }
    }
}

fn is_item(name: &[u8]) -> bool {
    let names: [&[u8]; 8] = [
        b"UID",
        b"FLAGS",
        b"INTERNALDATE",
        b"RFC822.SIZE",
        b"ENVELOPE",
        b"BODYSTRUCTURE",
        b"BODY",
        b"MODSEQ",
    ];
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}
