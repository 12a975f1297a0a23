//! Content lines and components (RFC 5545, 3.1 and 3.6), as they stand: names, parameters and values that
//! nobody has understood yet. What cannot be read is left out; no recursion, and nothing is looked at twice.

use std::borrow::Cow;

use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use super::moment;

/// How deep components may stand in one another before what is inside is left out.
const MAX_DEPTH: usize = 20;

/// Components that are kept.
const MAX_COMPONENTS: usize = 10_000;

/// One content line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    /// In capitals.
    pub(crate) name: String,
    /// Names in capitals, values without quotes and with the escapes of RFC 6868 undone.
    pub(crate) parameters: Vec<(String, Vec<String>)>,
    /// Still escaped; without control characters.
    pub(crate) value: String,
}

impl Line {
    /// The first value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(found, _)| found == name)?.1.first().map(String::as_str)
    }

    /// The value as text (3.3.11).
    pub(crate) fn text(&self) -> String {
        unescape(&self.value).trim().to_owned()
    }
}

/// A component, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Component {
    /// `VEVENT` and so on, in capitals.
    pub(crate) kind: String,
    /// The component it stands in, which comes before it.
    pub(crate) parent: Option<usize>,
    /// Its own lines.
    pub(crate) lines: Vec<Line>,
}

impl Component {
    /// The first line of a name.
    pub(crate) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// All lines of a name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.name == name)
    }

    /// The first line of a name as text; empty without one.
    pub(crate) fn text(&self, name: &str) -> String {
        self.line(name).map(Line::text).unwrap_or_default()
    }
}

/// A file's components, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Calendar {
    pub(crate) components: Vec<Component>,
}

impl Calendar {
    /// Reads what is there.
    pub(super) fn read(octets: &[u8]) -> Self {
        let mut calendar = Self::default();
        let mut open: Vec<usize> = Vec::new();
        // how many components are open below the deepest one that is kept
        let mut ignored = 0_usize;
        for line in unfold(&as_ascii(octets)) {
            let Some(line) = read_line(&line) else { continue };
            match line.name.as_str() {
                "BEGIN" if open.len() >= MAX_DEPTH || calendar.components.len() >= MAX_COMPONENTS => {
                    ignored += 1;
                }
                "BEGIN" => {
                    let kind = line.value.trim().to_ascii_uppercase();
                    // an END is missing: events do not stand in events
                    if kind == "VEVENT" || kind == "VCALENDAR" {
                        let is_inside = |index: &usize| calendar.components[*index].kind == kind;
                        if let Some(at) = open.iter().position(is_inside) {
                            open.truncate(at);
                        }
                    }
                    let parent = open.last().copied();
                    open.push(calendar.components.len());
                    calendar.components.push(Component { kind, parent, lines: Vec::new() });
                }
                "END" if ignored > 0 => ignored -= 1,
                "END" => {
                    let kind = line.value.trim().to_ascii_uppercase();
                    if let Some(at) = open.iter().rposition(|index| calendar.components[*index].kind == kind)
                    {
                        open.truncate(at);
                    }
                }
                _ if ignored > 0 => {}
                _ => {
                    if let Some(index) = open.last() {
                        calendar.components[*index].lines.push(line);
                    }
                }
            }
        }
        calendar
    }

    /// The components of a kind, with their indices.
    pub(crate) fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (usize, &'a Component)> {
        self.components.iter().enumerate().filter(move |(_, component)| component.kind == kind)
    }

    /// The calendar that a component stands in.
    pub(crate) fn calendar_of(&self, index: usize) -> Option<usize> {
        let mut at = self.components.get(index)?.parent;
        while let Some(index) = at {
            if self.components[index].kind == "VCALENDAR" {
                return Some(index);
            }
            at = self.components[index].parent;
        }
        None
    }

    /// The components that stand in this one.
    pub(crate) fn inside(&self, index: usize) -> impl Iterator<Item = &Component> {
        // a component comes after the one it stands in, and those inside it before the next beside it
        let inside = self.components.iter().skip(index + 1);
        inside
            .take_while(move |inner| inner.parent >= Some(index))
            .filter(move |inner| inner.parent == Some(index))
    }
}

/// UTF-16, which some exports use, becomes UTF-8; a byte order mark goes.
fn as_ascii(octets: &[u8]) -> Cow<'_, [u8]> {
    match encoding_rs::Encoding::for_bom(octets) {
        Some((encoding, length)) if encoding == encoding_rs::UTF_8 => Cow::Borrowed(&octets[length..]),
        Some((encoding, length)) => {
            Cow::Owned(encoding.decode_without_bom_handling(&octets[length..]).0.into_owned().into_bytes())
        }
        None => Cow::Borrowed(octets),
    }
}

/// The lines of a file, whole. They are put together before they are decoded: a fold may stand inside a
/// character.
fn unfold(octets: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut is_soft = false;
    for line in octets.split(|octet| matches!(octet, b'\r' | b'\n')) {
        match (line, lines.last_mut()) {
            ([], _) => {}
            ([b' ' | b'\t', rest @ ..], Some(last)) => {
                // vCalendar 1.0 continues its encoded lines in two ways at once
                if is_soft {
                    last.pop();
                }
                last.extend_from_slice(rest);
            }
            (line, Some(last)) if is_soft => {
                last.pop();
                last.extend_from_slice(line);
            }
            (line, _) => lines.push(line.to_vec()),
        }
        is_soft = match lines.last() {
            _ if line.is_empty() => is_soft,
            Some(last) => last.ends_with(b"=") && is_quoted_printable(last),
            None => false,
        };
    }
    lines
}

fn is_quoted_printable(line: &[u8]) -> bool {
    let head = line.get(..200).unwrap_or(line);
    let head = head.split(|octet| *octet == b':').next().unwrap_or_default();
    String::from_utf8_lossy(head).to_ascii_uppercase().contains("QUOTED-PRINTABLE")
}

/// A line as text: UTF-8, else the charset that Windows calls Western, which reads everything.
fn decode(octets: &[u8]) -> String {
    let text = match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(octets).0.into_owned(),
    };
    if text.chars().any(is_forbidden) { text.replace(is_forbidden, "") } else { text }
}

/// What may stand in no value, and would end a line or hide one where it is written again.
pub(super) fn is_forbidden(char: char) -> bool {
    (char.is_control() && char != '\t') || matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// `NAME;PARAMETER=value,"value":value`
fn read_line(octets: &[u8]) -> Option<Line> {
    let whole = decode(octets);
    let end = whole.find([':', ';'])?;
    let name = whole[..end].trim().to_ascii_uppercase();
    if name.is_empty()
        || !name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.'))
    {
        return None;
    }
    // vCard's groups stand in some calendars
    let name = name.rsplit('.').next().unwrap_or_default().to_owned();
    let mut line = Line { name, ..Line::default() };
    let mut rest = &whole[end..];
    while let Some(after) = rest.strip_prefix(';') {
        let end = after.find(['=', ':', ';']).unwrap_or(after.len());
        let name = after[..end].trim().to_ascii_uppercase();
        rest = &after[end..];
        let mut values = Vec::new();
        if rest.starts_with('=') {
            loop {
                let (value, after) = parameter_value(&rest[1..]);
                values.push(value);
                rest = after;
                if !rest.starts_with(',') {
                    break;
                }
            }
        }
        if !name.is_empty() {
            line.parameters.push((name, values));
        }
    }
    rest.strip_prefix(':')?.clone_into(&mut line.value);
    mend_zone(&mut line, &whole);
    undo_transfer_encoding(&mut line);
    Some(line)
}

/// A zone like `(UTC+01:00) Amsterdam, Berlin` that lacks its quotes ends the parameters at its colon: the time
/// stands behind the last one.
fn mend_zone(line: &mut Line, whole: &str) {
    const TIMES: [&str; 5] = ["DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"];
    if !TIMES.contains(&line.name.as_str()) || line.parameter("TZID").is_none() {
        return;
    }
    let Some((head, time)) = whole.rsplit_once(':') else { return };
    if time.len() == line.value.len() || moment::raw(time.split(',').next().unwrap_or_default()).is_none() {
        return;
    }
    let Some(at) = head.to_ascii_uppercase().find("TZID=") else { return };
    let Some(zone) = head.get(at + "TZID=".len()..) else { return };
    let zone = zone.split(';').next().unwrap_or_default().trim().to_owned();
    time.clone_into(&mut line.value);
    line.parameters.retain(|(name, _)| name == "VALUE");
    line.parameters.push(("TZID".to_owned(), vec![zone]));
}

/// One value of a parameter, and what comes after it.
fn parameter_value(text: &str) -> (String, &str) {
    let (value, rest) = match text.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
        Some((value, rest)) => {
            // what stands between the closing quote and the next sign is no part of anything
            (value, &rest[rest.find([',', ';', ':']).unwrap_or(rest.len())..])
        }
        None => text.split_at(text.find([',', ';', ':']).unwrap_or(text.len())),
    };
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        if char != '^' {
            plain.push(char);
            continue;
        }
        let ahead = chars.clone().next();
        let Some(meant) = ahead.and_then(|ahead| match ahead {
            'n' => Some('\n'),
            '\'' => Some('"'),
            '^' => Some('^'),
            _ => None,
        }) else {
            plain.push('^');
            continue;
        };
        plain.push(meant);
        chars.next();
    }
    (plain, rest)
}

/// vCalendar 1.0 writes texts in quoted-printable.
fn undo_transfer_encoding(line: &mut Line) {
    let is_encoded = line.parameters.iter().any(|(name, values)| {
        let is_value = values.iter().any(|value| value.eq_ignore_ascii_case("QUOTED-PRINTABLE"));
        name == "QUOTED-PRINTABLE" || name == "ENCODING" && is_value
    });
    if !is_encoded {
        return;
    }
    if let Some(octets) = quoted_printable_decode(line.value.as_bytes()) {
        let charset =
            line.parameter("CHARSET").and_then(|name| encoding_rs::Encoding::for_label(name.as_bytes()));
        let text = match charset {
            Some(charset) => charset.decode_without_bom_handling(&octets).0.into_owned(),
            None => String::from_utf8(octets.clone()).unwrap_or_else(|_| {
                encoding_rs::WINDOWS_1252.decode_without_bom_handling(&octets).0.into_owned()
            }),
        };
        line.value = text.replace("\r\n", "\\n").replace(['\r', '\n'], "\\n").replace(is_forbidden, "");
    }
    line.parameters.retain(|(name, _)| !matches!(name.as_str(), "ENCODING" | "CHARSET" | "QUOTED-PRINTABLE"));
}

/// Undoes the escapes of a text (3.3.11). A backslash before anything else is one.
pub(super) fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            text.push(char);
            continue;
        }
        match chars.clone().next() {
            Some('n' | 'N') => text.push('\n'),
            Some(escaped @ (',' | ';' | '\\' | ':' | '"')) => text.push(escaped),
            _ => {
                text.push('\\');
                continue;
            }
        }
        chars.next();
    }
    text
}

/// A text as a value (3.3.11). Whatever ends a line becomes `\n`; other control characters go.
pub(super) fn escape(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for char in text.replace("\r\n", "\n").chars() {
        match char {
            '\\' | ';' | ',' => value.extend(['\\', char]),
            '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}' => value.push_str("\\n"),
            char if is_forbidden(char) => {}
            char => value.push(char),
        }
    }
    value
}

impl Line {
    /// Writes the line, folded at 75 octets between characters (3.1), with CRLF behind it.
    pub(super) fn write(&self, out: &mut String) {
        const WIDTH: usize = 75;
        let mut line = self.name.clone();
        for (name, values) in &self.parameters {
            line.push(';');
            line.extend(name.chars().filter(|char| char.is_ascii_alphanumeric() || *char == '-'));
            for (number, value) in values.iter().enumerate() {
                line.push(if number == 0 { '=' } else { ',' });
                write_parameter(value, &mut line);
            }
        }
        line.push(':');
        line.extend(self.value.chars().filter(|char| !is_forbidden(*char)));
        let mut width = 0;
        for char in line.chars() {
            if width + char.len_utf8() > WIDTH {
                out.push_str("\r\n ");
                width = 1;
            }
            out.push(char);
            width += char.len_utf8();
        }
        out.push_str("\r\n");
    }
}

/// In quotes where it must be, with the escapes of RFC 6868.
fn write_parameter(value: &str, line: &mut String) {
    let is_quoted = value.contains([':', ';', ',']);
    if is_quoted {
        line.push('"');
    }
    for char in value.chars() {
        match char {
            '^' => line.push_str("^^"),
            '"' => line.push_str("^'"),
            '\n' => line.push_str("^n"),
            char if is_forbidden(char) => {}
            char => line.push(char),
        }
    }
    if is_quoted {
        line.push('"');
    }
}
