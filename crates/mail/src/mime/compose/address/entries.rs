//! A list of recipients cut into its entries, and each into names, comments and what stands in brackets.

use super::AddressFault;

/// Deepest comments within comments.
const MAX_COMMENTS: usize = 20;

/// One entry of a list.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// As it was written.
    pub(super) raw: &'a str,
    /// What it is made of; nothing if it is blank.
    pub(super) pieces: Vec<Piece>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words as written, with the blanks around them.
    Plain(String),
    /// What stood in quotation marks.
    Quoted(String),
    /// What stood in parentheses.
    Comment(String),
    /// What stood in angle brackets, as written.
    Angle(String),
}

/// The entries of a list, one after the other. Groups make no difference: their names are left out.
pub(super) struct Entries<'a> {
    rest: &'a str,
    is_in_group: bool,
}

impl<'a> Entries<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, is_in_group: false }
    }

    fn read(&mut self) -> Result<Entry<'a>, (&'a str, AddressFault)> {
        let text = self.rest;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut plain = String::new();
        let mut start = 0;
        let mut is_in_literal = false;
        let mut scan = Scan { text, at: 0 };
        loop {
            let at = scan.at;
            let c = scan.next();
            let raw = text.get(start..at).unwrap_or_default();
            let fault = |fault| (text.get(start..).unwrap_or_default(), fault);
            let flush = |plain: &mut String, pieces: &mut Vec<Piece>| {
                let text = std::mem::take(plain);
                // blanks matter between words only
                if !text.trim().is_empty() || !(text.is_empty() || pieces.is_empty()) {
                    pieces.push(Piece::Plain(text));
                }
            };
            match c {
                None | Some(',' | ';') => {
                    flush(&mut plain, &mut pieces);
                    if pieces
                        .iter()
                        .all(|piece| matches!(piece, Piece::Plain(text) if text.trim().is_empty()))
                    {
                        pieces.clear();
                    }
                    trim_end(&mut pieces);
                    self.is_in_group &= c != Some(';');
                    self.rest = text.get(scan.at..).unwrap_or_default();
                    return Ok(Entry { raw, pieces });
                }
                Some('"') => {
                    flush(&mut plain, &mut pieces);
                    pieces.push(Piece::Quoted(scan.quoted().map_err(fault)?));
                }
                Some('(') => {
                    flush(&mut plain, &mut pieces);
                    pieces.push(Piece::Comment(scan.comment().map_err(fault)?));
                }
                Some('<') => {
                    flush(&mut plain, &mut pieces);
                    pieces.push(Piece::Angle(scan.angle().map_err(fault)?));
                }
                Some(')' | '>') => return Err(fault(AddressFault::Unbalanced)),
                Some(':') if !is_in_literal && !plain.trim().eq_ignore_ascii_case("mailto") => {
                    if self.is_in_group {
                        return Err(fault(AddressFault::Unbalanced));
                    }
                    self.is_in_group = true;
                    plain.clear();
                    pieces.clear();
                    start = scan.at;
                }
                Some('\t') => plain.push(' '),
                Some(c) if c.is_control() => return Err(fault(AddressFault::Control)),
                Some(c) => {
                    is_in_literal = c == '[' && plain.ends_with('@') || is_in_literal && c != ']';
                    plain.push(c);
                }
            }
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, (&'a str, AddressFault)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.read();
        if entry.is_err() {
            self.rest = "";
        }
        Some(entry)
    }
}

/// A blank piece at the end says nothing.
fn trim_end(pieces: &mut Vec<Piece>) {
    while matches!(pieces.last(), Some(Piece::Plain(text)) if text.trim().is_empty()) {
        pieces.pop();
    }
}

/// The local part of an address whose opening quotation mark is taken off, without its quotes; and the domain.
pub(super) fn quoted_local(text: &str) -> Option<(String, &str)> {
    let mut scan = Scan { text, at: 0 };
    let local = scan.quoted().ok()?;
    let domain = text.get(scan.at..)?.strip_prefix('@')?;
    Some((local, domain))
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.text.get(self.at..)?.chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// The next character where a line end has no place.
    fn inner(&mut self) -> Result<char, AddressFault> {
        match self.next() {
            None => Err(AddressFault::Unbalanced),
            Some('\t') => Ok(' '),
            Some(c) if c.is_control() => Err(AddressFault::Control),
            Some(c) => Ok(c),
        }
    }

    fn quoted(&mut self) -> Result<String, AddressFault> {
        let mut out = String::new();
        loop {
            match self.inner()? {
                '"' => return Ok(out),
                '\\' => out.push(self.inner()?),
                c => out.push(c),
            }
        }
    }

    fn comment(&mut self) -> Result<String, AddressFault> {
        let mut out = String::new();
        let mut depth = 1;
        loop {
            match self.inner()? {
                '\\' => out.push(self.inner()?),
                ')' if depth == 1 => return Ok(out),
                c => {
                    depth += usize::from(c == '(');
                    depth -= usize::from(c == ')');
                    if depth > MAX_COMMENTS {
                        return Err(AddressFault::Unbalanced);
                    }
                    out.push(c);
                }
            }
        }
    }

    fn angle(&mut self) -> Result<String, AddressFault> {
        let mut out = String::new();
        loop {
            match self.inner()? {
                '>' => return Ok(out),
                '<' => return Err(AddressFault::Unbalanced),
                '"' => out.push_str(&super::quoted(&self.quoted()?)),
                c => out.push(c),
            }
        }
    }
}
