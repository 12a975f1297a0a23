//! Cuts what arrives into responses and large literals, without waiting for anything.
//!
//! A response is parsed once it is whole. A literal above [`Limits::inline_literal`] is never held:
//! it leaves in chunks that are slices of the receive buffer. What must end the connection is an
//! [`Error`]; a strange response is not (see `Untagged::Unreadable`).

use bytes::{Bytes, BytesMut};
use memchr::memchr;

use super::{
    parse,
    tokenizer::{Piece, is_outside_quotes},
};
use crate::imap::response::{Response, Section};

/// Bounds on what a server may make us hold. All sizes in octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// One line with its line end.
    pub line: usize,
    /// The same for lines of numbers (SEARCH, SORT, ESEARCH, THREAD, VANISHED), which are long on large
    /// mailboxes.
    pub number_line: usize,
    /// A literal that is kept in its response; a larger one leaves in chunks.
    pub inline_literal: usize,
    /// All lines and kept literals of one response.
    pub response: usize,
    /// Any literal.
    pub max_literal: u64,
    /// Literals in one response.
    pub literals: usize,
    /// How deep lists may be nested.
    pub depth: usize,
    /// Values of one response.
    pub values: usize,
    /// Parts of one message's structure; what exceeds it is left out.
    pub parts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 1 << 20,
            number_line: 8 << 20,
            inline_literal: 64 << 10,
            response: 8 << 20,
            max_literal: 1 << 30,
            literals: 10_000,
            depth: 64,
            values: 500_000,
            parts: 1_000,
        }
    }
}

/// What the server sent that ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A line above the bound.
    #[error("the server sent a line that is too long")]
    LineTooLong,
    /// A response above the bound.
    #[error("the server sent a response that is too large")]
    ResponseTooLarge,
    /// A literal above the bound.
    #[error("the server announced a literal that is too large")]
    LiteralTooLarge,
}

/// One thing that the server said.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A whole response; large literals in it have been handed out before and stand as
    /// `Value::Streamed`, or as a section without data.
    Response(Response),
    /// A large literal begins, in the midst of a response that follows later. What is known of its
    /// place: of a FETCH what stood before the literal.
    LiteralStart {
        /// Octets of the literal.
        size: u64,
        /// The message's sequence number.
        sequence: Option<u32>,
        /// The message's UID, if it stood before the literal.
        uid: Option<u32>,
        /// The section whose content the literal is.
        section: Option<Section>,
    },
    /// The next octets of it; never empty.
    LiteralChunk(Bytes),
    /// The large literal is complete.
    LiteralEnd,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Line,
    /// A literal of that size that is kept.
    Literal(usize),
    /// A literal handed out in chunks, and how much of it is missing.
    Stream(u64),
}

/// Cuts a server's octets into [`Event`]s.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    buffer: BytesMut,
    /// How much of `buffer` holds no line end.
    scanned: usize,
    /// The response so far.
    pieces: Vec<Piece>,
    /// Octets held in `pieces`.
    held: usize,
    state: State,
    failure: Option<Error>,
}

impl Framer {
    /// An empty framer with these bounds.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: BytesMut::new(),
            scanned: 0,
            pieces: Vec::new(),
            held: 0,
            state: State::Line,
            failure: None,
        }
    }

    /// The receive buffer: read from the network straight into its end, without taking from it.
    pub fn buffer_mut(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Appends a copy of `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether it stands between two responses with nothing received of the next.
    pub fn is_between_responses(&self) -> bool {
        self.buffer.is_empty() && self.pieces.is_empty() && matches!(self.state, State::Line)
    }

    /// Takes what was received and not yet cut, for the bytes after a STARTTLS or COMPRESS reply: the
    /// former must be none, the latter are compressed.
    pub fn take_rest(&mut self) -> BytesMut {
        self.scanned = 0;
        self.buffer.split()
    }

    /// The next event; `None` until more was pushed. An error stays.
    pub fn pop(&mut self) -> Result<Option<Event>, Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let popped = self.cut();
        if let Err(failure) = popped {
            self.failure = Some(failure);
            self.buffer.clear();
            self.pieces.clear();
        }
        popped
    }

    fn cut(&mut self) -> Result<Option<Event>, Error> {
        loop {
            match self.state {
                State::Line => {
                    let Some(line) = self.cut_line()? else { return Ok(None) };
                    if let Some(event) = self.take_line(line)? {
                        return Ok(Some(event));
                    }
                }
                State::Literal(size) => {
                    if self.buffer.len() < size {
                        return Ok(None);
                    }
                    let literal = self.buffer.split_to(size).freeze();
                    self.pieces.push(Piece::Literal(literal));
                    self.state = State::Line;
                }
                State::Stream(0) => {
                    self.state = State::Line;
                    return Ok(Some(Event::LiteralEnd));
                }
                State::Stream(missing) => {
                    let length = usize::try_from(missing).unwrap_or(usize::MAX).min(self.buffer.len());
                    if length == 0 {
                        return Ok(None);
                    }
                    self.state = State::Stream(missing - length as u64);
                    return Ok(Some(Event::LiteralChunk(self.buffer.split_to(length).freeze())));
                }
            }
        }
    }

    /// The next line without its end (CR LF, or LF alone), once it is whole.
    fn cut_line(&mut self) -> Result<Option<Bytes>, Error> {
        let fresh = self.buffer.get(self.scanned..).unwrap_or_default();
        let end = memchr(b'\n', fresh).map(|found| self.scanned + found);
        // Without an end the line will be longer by one octet at least.
        let length = end.unwrap_or(self.buffer.len()) + 1;
        if length > self.limits.line && length > self.limit_of_this_line() {
            return Err(Error::LineTooLong);
        }
        let Some(end) = end else {
            self.scanned = self.buffer.len();
            return Ok(None);
        };
        self.scanned = 0;
        let mut line = self.buffer.split_to(end + 1).freeze();
        line.truncate(end);
        if line.last() == Some(&b'\r') {
            line.truncate(end - 1);
        }
        Ok(Some(line))
    }

    fn limit_of_this_line(&self) -> usize {
        let names: [&[u8]; 5] = [b"SEARCH ", b"SORT ", b"ESEARCH ", b"THREAD ", b"VANISHED "];
        let is_numbers = self.pieces.is_empty()
            && self.buffer.strip_prefix(b"* ").is_some_and(|line| {
                names
                    .iter()
                    .any(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
            });
        if is_numbers { self.limits.number_line.max(self.limits.line) } else { self.limits.line }
    }

    fn take_line(&mut self, mut line: Bytes) -> Result<Option<Event>, Error> {
        self.hold(line.len())?;
        let may_announce = !self.pieces.is_empty() || is_structured(&line);
        let Some((start, size)) = may_announce.then(|| announced_literal(&line)).flatten() else {
            self.pieces.push(Piece::Line(line));
            let response = parse::read_response(&self.pieces, &self.limits);
            self.pieces.clear();
            self.held = 0;
            return Ok(Some(Event::Response(response)));
        };
        line.truncate(start);
        self.pieces.push(Piece::Line(line));
        if size > self.limits.max_literal {
            return Err(Error::LiteralTooLarge);
        }
        if self.pieces.len() / 2 >= self.limits.literals {
            return Err(Error::ResponseTooLarge);
        }
        match usize::try_from(size) {
            Ok(size) if size <= self.limits.inline_literal => {
                self.hold(size)?;
                self.state = State::Literal(size);
                Ok(None)
            }
            _ => {
                self.pieces.push(Piece::Streamed(size));
                self.state = State::Stream(size);
                let place = parse::read_place(&self.pieces, &self.limits);
                let (sequence, uid, section) = place.unwrap_or_default();
                Ok(Some(Event::LiteralStart { size, sequence, uid, section }))
            }
        }
    }

    fn hold(&mut self, octets: usize) -> Result<(), Error> {
        self.held = self.held.saturating_add(octets);
        // A single line was measured when it was cut; it may be a line of numbers.
        if self.held > self.limits.response && self.held > octets {
            return Err(Error::ResponseTooLarge);
        }
        Ok(())
    }
}

/// Whether a response that begins with `line` may hold literals: untagged data, but no status, whose
/// text is free and may end in anything.
fn is_structured(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"* ") else { return false };
    let word = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
    !parse::is_status_word(word)
}

/// The `{n}`, `{n+}` or `~{n}` that ends `line` outside of quoted strings: where it begins, and n
/// (the largest number if it does not fit).
fn announced_literal(line: &[u8]) -> Option<(usize, u64)> {
    let inner = line.strip_suffix(b"}")?;
    let inner = inner.strip_suffix(b"+").unwrap_or(inner);
    let open = inner.iter().rposition(|byte| !byte.is_ascii_digit())?;
    let (before, digits) = (inner.get(..open)?, inner.get(open + 1..)?);
    if inner.get(open) != Some(&b'{') || digits.is_empty() {
        return None;
    }
    let before = before.strip_suffix(b"~").unwrap_or(before);
    // An atom that ends in `{3}` is against the grammar, but announces nothing.
    let is_apart = matches!(before.last(), None | Some(b' ' | b'(' | b')' | b'[' | b']' | b'>'));
    if !is_apart || !is_outside_quotes(before) {
        return None;
    }
    let size = digits.iter().fold(0_u64, |size, digit| {
        size.saturating_mul(10).saturating_add(u64::from(digit.wrapping_sub(b'0')))
    });
    Some((before.len(), size))
}
