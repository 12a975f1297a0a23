//! From a query to a SEARCH command's criteria, and the filtering of what a server cannot decide.
//!
//! [`compile`] never loses a message: the criteria select at least what the query means, and
//! [`Plan::residual`] says what is still to be checked of each candidate with [`matches`]. Servers are
//! believed where they claim to search text. Some of them (Gmail, Exchange) find words and their
//! beginnings, not substrings; that is left so, since the other way is to read the whole mailbox.
//! Encoding of strings, windows and paging are not done here.

mod compile;
mod filter;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use domain::{AccountName, FolderName, Role, Summary, query::Expr, reading::Attachment};
use time::{Date, UtcOffset};

pub use self::{compile::compile, filter::matches};

/// What the search of a server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Non-ASCII strings can be sent, with CHARSET UTF-8 or after ENABLE UTF8=ACCEPT. False for Microsoft,
    /// and after BADCHARSET: then compile again.
    pub utf8: bool,
    /// Criteria that hold strings find something. False for iCloud.
    pub text_search: bool,
    /// X-GM-EXT-1: X-GM-LABELS and X-GM-RAW.
    pub gmail: bool,
}

impl Default for Abilities {
    /// What RFC 9051 promises.
    fn default() -> Self {
        Self { utf8: true, text_search: true, gmail: false }
    }
}

/// One argument of a SEARCH command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A search key, header name or keyword; always an atom.
    Atom(Cow<'static, str>),
    /// A string of any Unicode text but control characters, to be sent quoted or as a literal.
    Text(String),
    /// A Gmail label, decoded; sent like a mailbox name (modified UTF-7 unless UTF8=ACCEPT is on).
    Label(String),
    /// A number.
    Number(u64),
    /// A date: `21-Nov-2026`.
    Date(Date),
    /// `(`
    Open,
    /// `)`
    Close,
}

/// How a query is put to one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The search keys in order, all of which must match; `ALL` where the server cannot narrow anything.
    pub criteria: Vec<Argument>,
    /// The CHARSET argument that the criteria need; never with UTF8=ACCEPT.
    pub charset: Option<&'static str>,
    /// What a candidate must match as well.
    pub residual: Option<Expr>,
    /// What must be known of a candidate for the residual.
    pub residual_needs: Needs,
    /// How hard the search is.
    pub cost: Cost,
}

/// What must be known of a candidate beyond flags, date, size and envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The text of its body, if nothing else of it decides: see [`matches`].
    pub body: bool,
    /// Its attachments, from BODYSTRUCTURE.
    pub structure: bool,
    /// List-Id.
    pub headers: bool,
}

/// Whether a search may take seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Answered from the server's index; candidates hardly ever fail the residual.
    Cheap,
    /// Bodies or rare headers are read by the server, or many candidates fail here: newest first, in windows.
    Costly,
}

/// A message as far as it is known, and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Everything but bodies.
    pub summary: &'a Summary,
    /// The text of its body, if read.
    pub body: Option<&'a str>,
    /// Its attachments as shown to agents, if its structure is known.
    pub attachments: Option<&'a [Attachment]>,
    /// Its account.
    pub account: &'a AccountName,
    /// Every name under which agents know its folder.
    pub folder_names: &'a [FolderName],
    /// Its folder's role.
    pub role: Option<Role>,
    /// Where the user's days begin.
    pub zone: UtcOffset,
}
