//! Addresses that a person or an agent wrote: lists of recipients in, what stands on the wire out.
//!
//! Strict where a mistake would send mail to somebody else. What others' mail says is read by `mime::header`.

use std::net::{Ipv4Addr, Ipv6Addr};

use domain::{Address, Code, Problem};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::super::{invisible, words};

mod entries;

use entries::{Entry, Piece};

/// Most addresses of one list.
const MAX_RECIPIENTS: usize = 1_000;
/// Longest local part, domain and address, in octets (RFC 5321 section 4.5.3.1).
const MAX_LOCAL: usize = 64;
const MAX_DOMAIN: usize = 255;
const MAX_ADDRESS: usize = 254;
/// Most characters of what was written that an error repeats.
const MAX_SHOWN: usize = 100;

/// Why what was written is no address.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// One entry cannot be understood.
    #[error("{fault}")]
    Entry {
        /// The entry as it was written, at most 100 characters of it. Not for logs.
        entry: String,
        /// What is wrong with it.
        fault: AddressFault,
    },
    /// More addresses than one list takes.
    #[error("more than {MAX_RECIPIENTS} addresses")]
    TooMany,
}

impl std::fmt::Debug for AddressError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddressError({self})")
    }
}

/// What can be wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// There is no `@`.
    #[error("there is no @ in it")]
    NoAt,
    /// There is a name with an address that does not stand in angle brackets, or two addresses.
    #[error("there is more than an address in it")]
    Surplus,
    /// A quotation mark, parenthesis or bracket has no partner.
    #[error("a quotation mark, parenthesis or bracket has no partner")]
    Unbalanced,
    /// A line end or another control character.
    #[error("it holds a line end or another control character")]
    Control,
    /// A character that nobody sees.
    #[error("it holds an invisible character")]
    Invisible,
    /// What stands before the `@`.
    #[error("what stands before the @ is missing or holds a character that must be quoted")]
    Local,
    /// What stands before the `@` is too long.
    #[error("what stands before the @ is longer than {MAX_LOCAL} octets")]
    LocalTooLong,
    /// What stands after the `@`.
    #[error("what stands after the @ is no domain")]
    Domain,
    /// All of it is too long.
    #[error("it is longer than {MAX_ADDRESS} octets")]
    TooLong,
    /// A link with more than an address in it.
    #[error("it is a link with more than an address in it")]
    Link,
}

impl AddressError {
    fn new(entry: &str, fault: AddressFault) -> Self {
        let shown = |c: char| if c.is_control() { ' ' } else { c };
        let (clean, _) = invisible::clean(entry.trim());
        Self::Entry { entry: clean.chars().take(MAX_SHOWN).map(shown).collect(), fault }
    }

    /// The problem as a caller is told it, with the entry.
    pub fn problem(&self) -> Problem {
        let Self::Entry { entry, fault } = self else {
            return Problem::new(Code::TooMany, format!("There are {self} in one list."))
                .hint("Send to fewer recipients at once.");
        };
        let hint = match fault {
            AddressFault::NoAt => {
                "Write `name@example.org` or `Name <name@example.org>`, addresses separated by commas; a name with \
                 a comma needs quotation marks: `\"Lee, Ann\" <ann@example.org>`."
            }
            AddressFault::Surplus => {
                "Put the address into angle brackets, `Name <name@example.org>`, and a comma between two addresses."
            }
            AddressFault::Unbalanced => {
                "Close it, or put the name into quotation marks: `\"Lee (Sales\" <ann@example.org>`."
            }
            AddressFault::Control => "Write all addresses on one line, separated by commas.",
            AddressFault::Invisible => {
                "Type the address anew; it was perhaps copied with something invisible in it."
            }
            AddressFault::Local => {
                "Write `name@example.org`; if there really are blanks or brackets before the @, quote them: \
                 `\"first last\"@example.org`."
            }
            AddressFault::LocalTooLong | AddressFault::TooLong => {
                "Check the address; no server takes one this long."
            }
            AddressFault::Domain => "Write a domain after the @, as in `name@example.org`.",
            AddressFault::Link => "Write the address alone, without `mailto:` and what follows it.",
        };
        Problem::new(Code::InvalidInput, format!("`{entry}` is no mail address: {fault}.")).hint(hint)
    }
}

/// An address as it stands on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct WireAddress {
    /// Local part, quoted where it must be, `@` and the domain in A-labels and lower case.
    pub text: String,
    /// Whether the local part is not ASCII, so that a server needs SMTPUTF8 (RFC 6531).
    pub needs_utf8: bool,
}

/// The wire form of a single address, as `local@domain`.
pub fn wire_address(email: &str) -> Result<WireAddress, AddressError> {
    let split = || {
        let (local, domain) = split_address(email)?;
        let domain = wire_domain(domain)?;
        let text = format!("{local}@{domain}");
        if text.len() > MAX_ADDRESS {
            return Err(AddressFault::TooLong);
        }
        Ok(WireAddress { text, needs_utf8: !local.is_ascii() })
    };
    split().map_err(|fault| AddressError::new(email, fault))
}

/// Reads a list of recipients: `Ann <ann@x.org>, "Lee, B." <b@x.org>; c@x.org (Carl), Team: d@x.org, e@x.org;`.
/// Groups are expanded, domains outside ASCII stay as written, an empty list is no error.
pub fn parse_recipients(text: &str) -> Result<Vec<Address>, AddressError> {
    let mut found = Vec::new();
    for entry in entries::Entries::new(text) {
        let entry = entry.map_err(|(raw, fault)| AddressError::new(raw, fault))?;
        if entry.pieces.is_empty() {
            continue;
        }
        if found.len() >= MAX_RECIPIENTS {
            return Err(AddressError::TooMany);
        }
        found.push(read_entry(&entry).map_err(|fault| AddressError::new(entry.raw, fault))?);
    }
    Ok(found)
}

/// One entry: a name and an address in angle brackets, or an address alone.
fn read_entry(entry: &Entry<'_>) -> Result<Address, AddressFault> {
    let is_angle = |piece: &Piece| matches!(piece, Piece::Angle(_));
    let Some(at) = entry.pieces.iter().position(is_angle) else { return read_bare(&entry.pieces) };
    let (before, after) = entry.pieces.split_at(at);
    let Some((Piece::Angle(inside), after)) = after.split_first() else { return Err(AddressFault::NoAt) };
    // nothing but comments may follow
    let Some(comments) = comments(after) else { return Err(AddressFault::Surplus) };
    let mut name = String::new();
    for piece in before {
        match piece {
            Piece::Plain(text) if text.contains("=?") => name.push_str(&words::decode(text.as_bytes())),
            Piece::Plain(text) | Piece::Quoted(text) => name.push_str(text),
            Piece::Comment(text) => name.extend([" (", text, ") "]),
            Piece::Angle(_) => return Err(AddressFault::Surplus),
        }
    }
    let name = clean_name(&name);
    let name = if name.is_empty() { clean_name(&comments) } else { name };
    Ok(Address { name, email: checked(inside)? })
}

/// An address without angle brackets, perhaps with comments, the name of those times.
fn read_bare(pieces: &[Piece]) -> Result<Address, AddressFault> {
    let says_something = |piece: &&Piece| match piece {
        Piece::Comment(_) => false,
        Piece::Plain(text) => !text.trim().is_empty(),
        Piece::Quoted(_) | Piece::Angle(_) => true,
    };
    let significant: Vec<&Piece> = pieces.iter().filter(says_something).collect();
    let name: Vec<&str> = pieces
        .iter()
        .filter_map(|piece| if let Piece::Comment(text) = piece { Some(text.as_str()) } else { None })
        .collect();
    let email = match significant.as_slice() {
        [Piece::Plain(text)] => {
            let text = text.trim();
            if text.contains(char::is_whitespace) {
                return Err(if text.contains('@') { AddressFault::Surplus } else { AddressFault::NoAt });
            }
            checked(text)?
        }
        [Piece::Quoted(local), Piece::Plain(domain)] if domain.starts_with('@') => {
            checked(&format!("{}{}", quoted(local), domain.trim_end()))?
        }
        _ => return Err(AddressFault::NoAt),
    };
    Ok(Address { name: clean_name(&name.join(" ")), email })
}

fn comments(pieces: &[Piece]) -> Option<String> {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Comment(text) => Some(text.as_str()),
        Piece::Plain(text) if text.trim().is_empty() => Some(""),
        _ => None,
    });
    texts.collect::<Option<Vec<_>>>().map(|texts| texts.join(" "))
}

fn clean_name(name: &str) -> String {
    invisible::clean(name).0.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The address in the form that is kept: quoted only where it must be, the domain as it was written.
fn checked(written: &str) -> Result<String, AddressFault> {
    let mut email = written.trim();
    if let Some(address) = email.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        email = email.get(address.len()..).unwrap_or_default();
        if email.contains(['?', '%']) {
            return Err(AddressFault::Link);
        }
    }
    let (local, domain) = split_address(email)?;
    if local.len() + 1 + wire_domain(domain)?.len() > MAX_ADDRESS {
        return Err(AddressFault::TooLong);
    }
    Ok(format!("{local}@{domain}"))
}

/// The local part, quoted where it must be, and the domain as written.
fn split_address(email: &str) -> Result<(String, &str), AddressFault> {
    if email.chars().any(char::is_control) {
        return Err(AddressFault::Control);
    }
    if invisible::clean(email).1 > 0 {
        return Err(AddressFault::Invisible);
    }
    let (local, domain) = if let Some(rest) = email.strip_prefix('"') {
        entries::quoted_local(rest).ok_or(AddressFault::Unbalanced)?
    } else {
        let (local, domain) = email.rsplit_once('@').ok_or(AddressFault::NoAt)?;
        // Dots in odd places were given out by some providers; they are quoted on the wire.
        if local.is_empty() || !local.chars().all(|c| is_atom(c) || c == '.') {
            return Err(if local.contains('@') { AddressFault::Surplus } else { AddressFault::Local });
        }
        (local.to_owned(), domain)
    };
    if local.is_empty() {
        return Err(AddressFault::Local);
    }
    let is_dotted = local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom));
    let local = if is_dotted { local } else { quoted(&local) };
    if local.len() > MAX_LOCAL {
        return Err(AddressFault::LocalTooLong);
    }
    Ok((local, domain))
}

/// Characters of an atom (RFC 5322 section 3.2.3, RFC 6532 section 3.2).
pub(super) fn is_atom(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        !c.is_whitespace()
    }
}

/// A quoted string (RFC 5322 section 3.2.4).
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// The domain in A-labels and lower case, or an address literal.
pub(super) fn wire_domain(domain: &str) -> Result<String, AddressFault> {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let v6 =
            literal.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:")).and_then(|_| literal.get(5..));
        return match v6 {
            Some(v6) => v6.parse::<Ipv6Addr>().map(|v6| format!("[IPv6:{v6}]")),
            None => literal.parse::<Ipv4Addr>().map(|v4| format!("[{v4}]")),
        }
        .map_err(|_| AddressFault::Domain);
    }
    let wire = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::URL, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map_err(|_| AddressFault::Domain)?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if wire.len() > MAX_DOMAIN || !wire.bytes().all(is_host) {
        return Err(AddressFault::Domain);
    }
    Ok(wire.into_owned())
}

#[cfg(test)]
#[path = "address/tests.rs"]
mod tests;
