//! Finding and listing messages.

use domain::{Address, Flag, FolderArg, MessageRef, Principal, Problem, Timestamp};

use crate::Engine;

/// What to find.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// The query as the agent wrote it; empty lists.
    pub query: String,
    /// The account's name; all of the principal's if absent.
    pub account: Option<String>,
    /// Where; INBOX for an empty query, else everything but Trash and Junk, if absent.
    pub folder: Option<FolderArg>,
    /// Rows a page, 1 to 100.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// Whether to add the beginning of the text to each row.
    pub with_snippet: bool,
}

/// One message of a list. Text is cleaned and codes are masked as the grant says; it stays untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The id.
    pub id: MessageRef,
    /// The first From address.
    pub from: Option<Address>,
    /// To; empty where it is only the account's own address.
    pub to: Vec<Address>,
    /// The subject.
    pub subject: String,
    /// When the server received it.
    pub date: Timestamp,
    /// The Date header, where it differs from `date` by more than a day.
    pub sent: Option<Timestamp>,
    /// Flags and keywords.
    pub flags: Vec<Flag>,
    /// Octets.
    pub size: u64,
    /// How many attachments.
    pub attachments: usize,
    /// List-Id.
    pub list: Option<String>,
    /// The same for all messages of a thread; at most 10 characters.
    pub thread: Option<String>,
    /// Gmail's labels.
    pub labels: Vec<String>,
    /// The beginning of the visible text, at most 200 characters.
    pub snippet: Option<String>,
}

/// How much of what was asked an answer covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// `server` (or, later, `mirror`).
    pub source: &'static str,
    /// The last moment we heard from the server.
    pub as_of: Timestamp,
    /// Whether `total` is exact, else it is a lower bound.
    pub is_exact: bool,
    /// How far back a search that we filter ourselves got.
    pub back_to: Option<Timestamp>,
    /// `filed` where the server cannot sort by the time received.
    pub order: Option<&'static str>,
    /// Folders that were left out, with their account: `work/@junk`.
    pub skipped: Vec<String>,
    /// Accounts or folders that failed, and how.
    pub failed: Vec<(String, Problem)>,
}

/// One page of rows, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Hits over all pages, as far as known.
    pub total: u64,
    /// Where the next page begins; absent on the last one.
    pub next_cursor: Option<String>,
    /// What the answer covers.
    pub coverage: Coverage,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The cursor is none of ours for this grant and query: JSON-RPC -32602.
    BadCursor,
    /// Anything a caller can act on.
    Problem(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Engine {
    /// One page of what the request asks for.
    pub async fn search(&self, _principal: &Principal, _request: SearchRequest) -> Result<Page, Failure> {
        Err(Failure::BadCursor)
    }
}
