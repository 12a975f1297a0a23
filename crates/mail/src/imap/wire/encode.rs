//! Builds commands and writes them as segments: what stands between two waits for the server's `+`.
//!
//! Nothing that is passed in can break out of its argument: atoms are checked, everything else is
//! quoted or sent as a literal. Knows no answers and does no I/O.

use std::fmt;

use bytes::{Bytes, BytesMut};
use domain::{Flag, Timestamp};
use time::Date;

use super::{date, sequence, utf7};
use crate::imap::response::Range;

/// Longer strings are sent as literals; servers bound their lines (RFC 7162, 4).
const MAX_QUOTED: usize = 1024;

/// LITERAL- allows literals without waiting up to this size (RFC 7888, 5).
const MAX_LITERAL_MINUS: u64 = 4096;

/// Longer literals become segments of their own, so that they are not copied.
const MAX_COPIED: usize = 1024;

/// Which literals the server takes without being asked first (RFC 7888).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Literals {
    /// None: each waits for the server.
    #[default]
    Waiting,
    /// LITERAL-, part of IMAP4rev2: up to 4096 octets.
    Minus,
    /// LITERAL+: all.
    Plus,
}

/// How this connection's server wants commands written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dialect {
    /// Literals without waiting.
    pub literals: Literals,
    /// Whether UTF8=ACCEPT or IMAP4rev2 is enabled: quoted strings and mailbox names are UTF-8.
    pub is_utf8: bool,
}

/// Octets to write at once.
#[derive(Clone, PartialEq, Eq)]
pub struct Segment {
    /// The octets.
    pub bytes: Bytes,
    /// Whether to wait for the server's `+` before the next segment is written. If a tagged NO or BAD
    /// comes instead, the rest of the command is dropped.
    pub wait_for_continue: bool,
    /// How many octets from elsewhere come behind this segment, after the wait.
    pub streamed: u64,
}

impl fmt::Debug for Segment {
    /// Never shows the octets: they may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("length", &self.bytes.len())
            .field("wait_for_continue", &self.wait_for_continue)
            .field("streamed", &self.streamed)
            .finish()
    }
}

/// A command that cannot be written. Says nothing of the argument's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An atom that is empty or holds what would end it.
    #[error("an argument holds characters that an IMAP atom cannot hold")]
    Atom,
    /// A NUL, which only a binary literal may hold.
    #[error("an argument holds a NUL character")]
    Nul,
    /// Parentheses that do not match.
    #[error("a command's parentheses do not match")]
    Parentheses,
    /// A message without a single octet, which to a server means to take back the command.
    #[error("a message without content cannot be stored")]
    Empty,
}

#[derive(Clone)]
enum Argument {
    /// Checked.
    Atom(Bytes),
    Syntax(&'static str),
    /// As atom, quoted string or literal.
    Astring(Bytes),
    /// As quoted string or literal.
    Text(Bytes),
    /// A decoded mailbox name.
    Mailbox(String),
    Literal {
        bytes: Bytes,
        is_binary: bool,
    },
    /// A literal whose octets are not here.
    Streamed {
        octets: u64,
        is_binary: bool,
        is_waiting: bool,
    },
    Open,
    Close,
}

/// A command without its tag: `Command::new("UID FETCH").ranges(&[(1, 5)]).open().syntax("FLAGS").close()`.
/// What is wrong with an argument is told by [`Command::encode`].
#[derive(Clone)]
pub struct Command {
    name: &'static str,
    arguments: Vec<Argument>,
    error: Option<Error>,
}

impl fmt::Debug for Command {
    /// Only the name: arguments may be secrets or mail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Command").field(&self.name).finish()
    }
}

impl Command {
    /// A command of that name, which may have several words (`UID FETCH`).
    pub fn new(name: &'static str) -> Self {
        Self { name, arguments: Vec::new(), error: None }
    }

    /// The name it was made with.
    pub fn name(&self) -> &'static str {
        self.name
    }

    fn with(mut self, argument: Argument) -> Self {
        self.arguments.push(argument);
        self
    }

    /// A word of the protocol: a number, a sequence set, a section, base64. Printable ASCII without
    /// spaces, quotes, parentheses and braces; a backslash only in front.
    #[must_use]
    pub fn atom(mut self, word: impl Into<Bytes>) -> Self {
        let word = word.into();
        if !is_word(&word) {
            self.error = self.error.or(Some(Error::Atom));
        }
        self.with(Argument::Atom(word))
    }

    /// Fixed words of the protocol, written as they are.
    #[must_use]
    pub fn syntax(self, words: &'static str) -> Self {
        self.with(Argument::Syntax(words))
    }

    /// A number.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.with(Argument::Atom(number.to_string().into()))
    }

    /// A sequence set; none is refused, since it would be another command.
    #[must_use]
    pub fn ranges(self, ranges: &[Range]) -> Self {
        self.atom(sequence::format(ranges))
    }

    /// A string that may be written as an atom (`astring`): user names, mailbox names as they came.
    #[must_use]
    pub fn string(self, text: impl AsRef<[u8]>) -> Self {
        self.with(Argument::Astring(Bytes::copy_from_slice(text.as_ref())))
    }

    /// A string that is always written as one (`string`): values of SEARCH HEADER, ID.
    #[must_use]
    pub fn text(self, text: impl AsRef<[u8]>) -> Self {
        self.with(Argument::Text(Bytes::copy_from_slice(text.as_ref())))
    }

    /// A decoded mailbox name; written as the connection's dialect wants it.
    #[must_use]
    pub fn mailbox(self, name: impl Into<String>) -> Self {
        self.with(Argument::Mailbox(name.into()))
    }

    /// A flag or keyword.
    #[must_use]
    pub fn flag(mut self, flag: &Flag) -> Self {
        let name = flag.as_str().as_bytes();
        // A bracket is no atom character, but Gmail has keywords with one; `*` and `%` never.
        if name.iter().any(|byte| matches!(byte, b'*' | b'%')) {
            self.error = self.error.or(Some(Error::Atom));
        }
        self.atom(Bytes::copy_from_slice(name))
    }

    /// A list of flags, in parentheses.
    #[must_use]
    pub fn flags(self, flags: &[Flag]) -> Self {
        flags.iter().fold(self.open(), Self::flag).close()
    }

    /// A day, as SEARCH wants it.
    #[must_use]
    pub fn date(self, day: Date) -> Self {
        self.with(Argument::Atom(date::format_date(day).into()))
    }

    /// A moment, as APPEND wants it.
    #[must_use]
    pub fn date_time(self, at: Timestamp) -> Self {
        self.text(date::format_date_time(at))
    }

    /// A message, always as a literal. Must hold no NUL.
    #[must_use]
    pub fn literal(self, bytes: Bytes) -> Self {
        self.with(Argument::Literal { bytes, is_binary: false })
    }

    /// Octets of any value as a literal8 (BINARY, UTF8=ACCEPT).
    #[must_use]
    pub fn literal8(self, bytes: Bytes) -> Self {
        self.with(Argument::Literal { bytes, is_binary: true })
    }

    /// Header fields of a message, with PEEK.
    #[must_use]
    pub fn header_fields(mut self, names: &[&str]) -> Self {
        let is_name = |name: &&str| is_word(name.as_bytes()) && !name.contains(['[', ']', '\\']);
        if names.is_empty() || !names.iter().all(is_name) {
            self.error = self.error.or(Some(Error::Atom));
        }
        self.with(Argument::Atom(format!("BODY.PEEK[HEADER.FIELDS ({})]", names.join(" ")).into()))
    }

    /// A message that is read while it is sent, as a literal or, if `is_binary`, as a literal8. Only the
    /// connection can send it. If `is_waiting`, the server is asked to take it even where it need not be.
    #[must_use]
    pub fn streamed(mut self, octets: u64, is_binary: bool, is_waiting: bool) -> Self {
        if octets == 0 {
            self.error = self.error.or(Some(Error::Empty));
        }
        self.with(Argument::Streamed { octets, is_binary, is_waiting })
    }

    /// Opens a list.
    #[must_use]
    pub fn open(self) -> Self {
        self.with(Argument::Open)
    }

    /// Closes a list.
    #[must_use]
    pub fn close(self) -> Self {
        self.with(Argument::Close)
    }

    /// The command with its tag, as the octets to write. Refused is what would not be that command.
    pub fn encode(&self, tag: &str, dialect: Dialect) -> Result<Vec<Segment>, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if tag.is_empty() || !tag.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::Atom);
        }
        let mut out = Output { dialect, segments: Vec::new(), bytes: BytesMut::with_capacity(128) };
        out.bytes.extend_from_slice(tag.as_bytes());
        out.bytes.extend_from_slice(b" ");
        out.bytes.extend_from_slice(self.name.as_bytes());
        let (mut depth, mut is_first) = (0_usize, false);
        for argument in &self.arguments {
            if matches!(argument, Argument::Close) {
                depth = depth.checked_sub(1).ok_or(Error::Parentheses)?;
            } else if !is_first {
                out.bytes.extend_from_slice(b" ");
            }
            is_first = matches!(argument, Argument::Open);
            depth += usize::from(is_first);
            out.write(argument)?;
        }
        if depth != 0 {
            return Err(Error::Parentheses);
        }
        out.bytes.extend_from_slice(b"\r\n");
        out.end_segment(false, 0);
        Ok(out.segments)
    }
}

struct Output {
    dialect: Dialect,
    segments: Vec<Segment>,
    bytes: BytesMut,
}

impl Output {
    fn write(&mut self, argument: &Argument) -> Result<(), Error> {
        match argument {
            Argument::Atom(word) => self.bytes.extend_from_slice(word),
            Argument::Syntax(words) => self.bytes.extend_from_slice(words.as_bytes()),
            Argument::Open => self.bytes.extend_from_slice(b"("),
            Argument::Close => self.bytes.extend_from_slice(b")"),
            Argument::Astring(text) => return self.write_string(text, true),
            Argument::Text(text) => return self.write_string(text, false),
            Argument::Mailbox(name) if self.dialect.is_utf8 => {
                return self.write_string(name.as_bytes(), true);
            }
            Argument::Mailbox(name) => return self.write_string(utf7::encode(name).as_bytes(), true),
            Argument::Literal { bytes, is_binary } => return self.write_literal(bytes, *is_binary),
            Argument::Streamed { octets, is_binary, is_waiting } => {
                let is_waiting = self.write_size(*octets, *is_binary, *is_waiting);
                self.end_segment(is_waiting, *octets);
            }
        }
        Ok(())
    }

    fn write_string(&mut self, text: &[u8], may_be_atom: bool) -> Result<(), Error> {
        if may_be_atom && is_plain_atom(text) {
            self.bytes.extend_from_slice(text);
            return Ok(());
        }
        let is_text = if self.dialect.is_utf8 {
            // No control characters: C1 are not in RFC 9051's grammar of what may be quoted.
            std::str::from_utf8(text).is_ok_and(|text| !text.chars().any(char::is_control))
        } else {
            text.iter().all(|byte| matches!(byte, b' '..=b'~'))
        };
        if !is_text || text.len() > MAX_QUOTED {
            return self.write_literal(&Bytes::copy_from_slice(text), false);
        }
        self.bytes.extend_from_slice(b"\"");
        for byte in text {
            if matches!(byte, b'"' | b'\\') {
                self.bytes.extend_from_slice(b"\\");
            }
            self.bytes.extend_from_slice(&[*byte]);
        }
        self.bytes.extend_from_slice(b"\"");
        Ok(())
    }

    fn write_literal(&mut self, bytes: &Bytes, is_binary: bool) -> Result<(), Error> {
        if !is_binary && memchr::memchr(0, bytes).is_some() {
            return Err(Error::Nul);
        }
        if self.write_size(bytes.len() as u64, is_binary, false) {
            self.end_segment(true, 0);
        }
        if bytes.len() > MAX_COPIED {
            self.end_segment(false, 0);
            self.segments.push(Segment { bytes: bytes.clone(), wait_for_continue: false, streamed: 0 });
        } else {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    /// Announces a literal; whether the server has to be waited for.
    fn write_size(&mut self, octets: u64, is_binary: bool, is_waiting: bool) -> bool {
        let is_waiting = is_waiting
            || match self.dialect.literals {
                Literals::Waiting => true,
                Literals::Minus => octets > MAX_LITERAL_MINUS,
                Literals::Plus => false,
            };
        let (tilde, plus) = (if is_binary { "~" } else { "" }, if is_waiting { "" } else { "+" });
        self.bytes.extend_from_slice(format!("{tilde}{{{octets}{plus}}}\r\n").as_bytes());
        is_waiting
    }

    fn end_segment(&mut self, wait_for_continue: bool, streamed: u64) {
        if !self.bytes.is_empty() {
            self.segments.push(Segment { bytes: self.bytes.split().freeze(), wait_for_continue, streamed });
        }
    }
}

/// What [`Command::atom`] takes.
fn is_word(word: &[u8]) -> bool {
    let rest = word.strip_prefix(b"\\").unwrap_or(word);
    !rest.is_empty()
        && rest
            .iter()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'(' | b')' | b'{' | b'}' | b'\\'))
}

/// Whether the string means the same when written as an atom everywhere. Stricter than ASTRING-CHAR.
fn is_plain_atom(text: &[u8]) -> bool {
    let is_plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'@' | b'$');
    !text.is_empty() && text.len() <= 64 && text.iter().all(is_plain) && !text.eq_ignore_ascii_case(b"NIL")
}
