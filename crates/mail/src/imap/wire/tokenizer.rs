//! From the pieces of a response to values: atoms, strings, lists. Tolerant: what is not closed ends with
//! the response, odd bytes belong to the atom they stand in.
//!
//! Knows nothing of what values mean (see `parse`) nor where a response ends (see `framer`).

use bytes::Bytes;
use memchr::{memchr, memchr2};

/// A value of a response before its meaning is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NIL.
    Nil,
    /// An atom, number or flag, as it came.
    Atom(Bytes),
    /// A quoted string (unescaped) or a literal.
    Text(Bytes),
    /// A literal that was handed out in chunks; its size in octets.
    Streamed(u64),
    /// A parenthesised list.
    List(Vec<Value>),
}

impl Value {
    /// The bytes of an atom or string; `None` for NIL, lists and what was handed out in chunks.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Atom(bytes) | Self::Text(bytes) => Some(bytes),
            Self::Nil | Self::Streamed(_) | Self::List(_) => None,
        }
    }

    /// The elements of a list; `None` for everything else.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    /// The number that an atom or string spells in decimal digits, if it fits.
    pub fn as_number<N: TryFrom<u64>>(&self) -> Option<N> {
        read_number(self.as_bytes()?)
    }
}

/// The number that the bytes spell in decimal digits and nothing else, if it fits.
pub(super) fn read_number<N: TryFrom<u64>>(bytes: &[u8]) -> Option<N> {
    if bytes.is_empty() {
        return None;
    }
    let mut number = 0_u64;
    for byte in bytes {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    N::try_from(number).ok()
}

/// A part of a response as the framer cut it. Lines and literals alternate; a line comes first.
#[derive(Debug)]
pub(super) enum Piece {
    /// Text without its line end and without the `{n}` that announces a literal.
    Line(Bytes),
    /// A literal.
    Literal(Bytes),
    /// A literal that was handed out in chunks; its size in octets.
    Streamed(u64),
}

/// Why a value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooDeep,
    TooMany,
    Unclosed,
}

impl Fault {
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::TooDeep => "lists are nested too deeply",
            Self::TooMany => "too many values in one response",
            Self::Unclosed => "a list is not closed",
        }
    }
}

static NOTHING: Bytes = Bytes::new();

/// A place in the pieces of a response.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    pieces: &'a [Piece],
    /// Index of the current line in `pieces`.
    index: usize,
    line: &'a Bytes,
    at: usize,
    depth: usize,
    /// How many more values may be read.
    left: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `pieces`; lists nest at most `depth` deep, at most `values` values are made.
    pub(super) fn new(pieces: &'a [Piece], depth: usize, values: usize) -> Self {
        Self { pieces, index: 0, line: line_at(pieces, 0), at: 0, depth, left: values }
    }

    /// The next byte of the current line; `None` at its end, where a literal may follow.
    pub(super) fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    pub(super) fn bump(&mut self) {
        self.at = (self.at + 1).min(self.line.len());
    }

    /// Steps over `byte` if it is next.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Whether nothing follows.
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.line.len() && self.pieces.get(self.index + 1).is_none()
    }

    /// What is left of the current line.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    /// Takes `length` bytes of the current line, or all that are left.
    pub(super) fn take(&mut self, length: usize) -> Bytes {
        let end = self.at.saturating_add(length).min(self.line.len());
        let taken = self.line.slice(self.at..end);
        self.at = end;
        taken
    }

    /// Takes the bytes of the current line up to the first that `is_end` accepts.
    pub(super) fn take_until(&mut self, is_end: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| is_end(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The literal that follows the end of the current line.
    pub(super) fn literal(&mut self) -> Option<Value> {
        if self.at < self.line.len() {
            return None;
        }
        let value = match self.pieces.get(self.index + 1)? {
            Piece::Literal(bytes) => Value::Text(bytes.clone()),
            Piece::Streamed(size) => Value::Streamed(*size),
            Piece::Line(_) => return None,
        };
        self.index += 2;
        self.line = line_at(self.pieces, self.index);
        self.at = 0;
        Some(value)
    }

    /// The next value; `None` at a closing parenthesis or at the end.
    pub(super) fn value(&mut self) -> Result<Option<Value>, Fault> {
        self.value_within(0)
    }

    fn charge(&mut self) -> Result<(), Fault> {
        self.left = self.left.checked_sub(1).ok_or(Fault::TooMany)?;
        Ok(())
    }

    fn value_within(&mut self, depth: usize) -> Result<Option<Value>, Fault> {
        self.skip_spaces();
        // What is not in a list is counted by who collects it.
        if depth > 0 {
            self.charge()?;
        }
        Ok(Some(match self.peek() {
            None => return Ok(self.literal()),
            Some(b')') => return Ok(None),
            Some(b'"') => Value::Text(self.quoted()),
            Some(b'(') => {
                if depth >= self.depth {
                    return Err(Fault::TooDeep);
                }
                self.at += 1;
                let mut values = Vec::new();
                while let Some(value) = self.value_within(depth + 1)? {
                    values.push(value);
                }
                if !self.eat(b')') {
                    return Err(Fault::Unclosed);
                }
                Value::List(values)
            }
            Some(_) => {
                let start = self.at;
                let length = self.take_until(ends_atom).len();
                let atom = self.line.slice(start..start + length);
                if atom.eq_ignore_ascii_case(b"NIL") { Value::Nil } else { Value::Atom(atom) }
            }
        }))
    }

    /// All values up to the end, whatever stands between them; an unreadable one ends the reading.
    pub(super) fn values(&mut self) -> Result<Vec<Value>, Fault> {
        let mut values = Vec::new();
        loop {
            self.charge()?;
            match self.value()? {
                Some(value) => values.push(value),
                None if self.eat(b')') => {}
                None => return Ok(values),
            }
        }
    }

    /// Steps over one value without making it: of any depth and any size.
    pub(super) fn skip_value(&mut self) {
        let mut depth = 0_usize;
        loop {
            self.skip_spaces();
            match self.peek() {
                None if self.literal().is_none() => return,
                None => {}
                Some(b')') if depth == 0 => return,
                Some(b')') => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b'(') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'"') => self.skip_quoted(),
                Some(_) => {
                    self.take_until(ends_atom);
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Forgets nothing of the budget when going back to `mark`, so that going back cannot be abused.
    pub(super) fn return_to(&mut self, mark: Self) {
        let left = self.left;
        *self = mark;
        self.left = left;
    }

    fn skip_quoted(&mut self) {
        self.at += 1;
        let (length, _, closing) = quoted_extent(self.rest());
        self.at += length + closing;
    }

    fn quoted(&mut self) -> Bytes {
        self.at += 1;
        let (length, has_escapes, closing) = quoted_extent(self.rest());
        let raw = self.take(length);
        self.at += closing;
        if has_escapes { unescape(&raw) } else { raw }
    }
}

fn line_at(pieces: &[Piece], index: usize) -> &Bytes {
    match pieces.get(index) {
        Some(Piece::Line(line)) => line,
        _ => &NOTHING,
    }
}

fn ends_atom(byte: u8) -> bool {
    matches!(byte, b' ' | b'(' | b')' | b'"' | b'\t')
}

/// Of the bytes after an opening quote: the length of the string, whether it holds escapes, and the
/// length of the closing quote (none if the line ends first).
fn quoted_extent(bytes: &[u8]) -> (usize, bool, usize) {
    let (mut at, mut has_escapes) = (0, false);
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return (at, has_escapes, 1);
        }
        has_escapes = true;
        at += 2;
    }
    (bytes.len(), has_escapes, 0)
}

fn unescape(raw: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(found) = memchr(b'\\', rest) {
        let (before, tail) = rest.split_at(found);
        out.extend_from_slice(before);
        out.extend(tail.get(1));
        rest = tail.get(2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.into()
}

/// Whether the end of `line` is outside of every quoted string.
pub(super) fn is_outside_quotes(line: &[u8]) -> bool {
    let mut rest = line;
    while let Some(found) = memchr(b'"', rest) {
        let inside = rest.get(found + 1..).unwrap_or_default();
        let (length, _, closing) = quoted_extent(inside);
        if closing == 0 {
            return false;
        }
        rest = inside.get(length + closing..).unwrap_or_default();
    }
    true
}
