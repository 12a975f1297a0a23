//! What an IMAP server says, as typed values (RFC 9051, section 7, and the extensions in use).
//!
//! Only the types; `wire::parse` makes them. What we do not know is kept as generic values, and a line
//! that cannot be read is a value too: a strange response never ends a connection by itself.

use bytes::Bytes;
use domain::{Envelope, Flag, GmailIds, Part, PartPath, Timestamp};

use super::wire::Value;

/// One complete response.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// The completion of the command with that tag.
    Tagged {
        /// The command's tag.
        tag: String,
        /// How it ended.
        status: Status,
    },
    /// `+ …`: the server waits for us. The text after the plus, as it came.
    Continue(Bytes),
    /// Everything else.
    Untagged(Untagged),
}

/// OK, NO, BAD, BYE or PREAUTH with its code and text.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Which of the five.
    pub kind: StatusKind,
    /// The response code in brackets.
    pub code: Option<Code>,
    /// The server's words for people. Not to be trusted.
    pub text: String,
}

/// The five conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub enum StatusKind {
    Ok,
    No,
    Bad,
    Bye,
    Preauth,
}

/// Response codes (RFC 5530, RFC 4315, RFC 7162 and others). Names are matched in any case.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub enum Code {
    Alert,
    Capability(Vec<String>),
    PermanentFlags(Vec<String>),
    ReadOnly,
    ReadWrite,
    TryCreate,
    UidNext(u32),
    UidValidity(u32),
    UidNotSticky,
    Unseen(u32),
    HighestModSeq(u64),
    NoModSeq,
    /// UIDVALIDITY, source UIDs, destination UIDs, each range in the direction in which it was written; the
    /// sets are empty where the server (Yahoo) sends none.
    CopyUid(u32, Vec<Range>, Vec<Range>),
    AppendUid(u32, Vec<Range>),
    Modified(Vec<Range>),
    AuthenticationFailed,
    AuthorizationFailed,
    Expired,
    Unavailable,
    Limit,
    InUse,
    OverQuota,
    NonExistent,
    AlreadyExists,
    NoPerm,
    Closed,
    TooBig,
    /// The charsets the server knows, if it names them.
    BadCharset(Vec<String>),
    /// Name in upper case, and the rest as it came.
    Other(String, String),
}

impl Code {
    /// MESSAGELIMIT (RFC 9738): the lowest UID that the command came to before the server's limit.
    pub fn limit_reached(&self) -> Option<u32> {
        let Self::Other(name, rest) = self else { return None };
        let is_limit = name == "MESSAGELIMIT";
        rest.split_whitespace().nth(1).filter(|_| is_limit)?.parse().ok()
    }
}

impl std::fmt::Display for Code {
    /// The code's name in upper case, without what follows it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Alert => "ALERT",
            Self::Capability(_) => "CAPABILITY",
            Self::PermanentFlags(_) => "PERMANENTFLAGS",
            Self::ReadOnly => "READ-ONLY",
            Self::ReadWrite => "READ-WRITE",
            Self::TryCreate => "TRYCREATE",
            Self::UidNext(_) => "UIDNEXT",
            Self::UidValidity(_) => "UIDVALIDITY",
            Self::UidNotSticky => "UIDNOTSTICKY",
            Self::Unseen(_) => "UNSEEN",
            Self::HighestModSeq(_) => "HIGHESTMODSEQ",
            Self::NoModSeq => "NOMODSEQ",
            Self::CopyUid(..) => "COPYUID",
            Self::AppendUid(..) => "APPENDUID",
            Self::Modified(_) => "MODIFIED",
            Self::AuthenticationFailed => "AUTHENTICATIONFAILED",
            Self::AuthorizationFailed => "AUTHORIZATIONFAILED",
            Self::Expired => "EXPIRED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Limit => "LIMIT",
            Self::InUse => "INUSE",
            Self::OverQuota => "OVERQUOTA",
            Self::NonExistent => "NONEXISTENT",
            Self::AlreadyExists => "ALREADYEXISTS",
            Self::NoPerm => "NOPERM",
            Self::Closed => "CLOSED",
            Self::TooBig => "TOOBIG",
            Self::BadCharset(_) => "BADCHARSET",
            Self::Other(name, _) => name,
        })
    }
}

/// An inclusive range of sequence numbers or UIDs, lower end first; only in ESEARCH results and COPYUID
/// in the direction that the server sent, since a sorted result may run downwards.
pub type Range = (u32, u32);

/// Untagged data.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub enum Untagged {
    /// `* OK …` and so on: greeting, information, BYE.
    Status(Status),
    /// Names in upper case.
    Capability(Vec<String>),
    Enabled(Vec<String>),
    List(ListEntry),
    Lsub(ListEntry),
    MailboxStatus(MailboxStatus),
    Flags(Vec<Flag>),
    Exists(u32),
    Recent(u32),
    Expunge(u32),
    Fetch(Box<Fetch>),
    Search {
        numbers: Vec<u32>,
        modseq: Option<u64>,
    },
    Sort {
        numbers: Vec<u32>,
        modseq: Option<u64>,
    },
    ESearch(ESearch),
    Thread(Vec<Value>),
    Vanished {
        earlier: bool,
        uids: Vec<Range>,
    },
    Namespace(Namespaces),
    Id(Vec<(String, Option<String>)>),
    /// A response we have no type for: its name in upper case, then its values.
    Other {
        number: Option<u32>,
        name: String,
        values: Vec<Value>,
    },
    /// A line that is no IMAP response; what was wrong with it, without its content.
    Unreadable(&'static str),
}

/// One line of LIST or LSUB.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListEntry {
    /// Attributes in lower case, with their backslash: `\haschildren`, `\sent`.
    pub attributes: Vec<String>,
    /// The hierarchy delimiter; absent for a flat name.
    pub delimiter: Option<char>,
    /// The name as it came (modified UTF-7 or UTF-8), undecoded.
    pub name: Vec<u8>,
    /// Extended items (RFC 5258): names in upper case, `CHILDINFO`, `OLDNAME`.
    pub extended: Vec<(String, Value)>,
}

/// One STATUS response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub struct MailboxStatus {
    /// The name as it came, undecoded.
    pub name: Vec<u8>,
    pub messages: Option<u32>,
    pub recent: Option<u32>,
    pub uid_next: Option<u32>,
    pub uid_validity: Option<u32>,
    pub unseen: Option<u32>,
    pub highest_modseq: Option<u64>,
    pub size: Option<u64>,
    pub deleted: Option<u32>,
    /// MAILBOXID (RFC 8474).
    pub mailbox_id: Option<String>,
    /// APPENDLIMIT in octets (RFC 7889); absent also for NIL, which is no limit.
    pub append_limit: Option<u64>,
    /// Items we have no type for, or whose value is strange; names in upper case.
    pub other: Vec<(String, Value)>,
}

/// One FETCH response. Absent items were not in it.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub struct Fetch {
    pub sequence: u32,
    pub uid: Option<u32>,
    pub flags: Option<Vec<Flag>>,
    pub internal_date: Option<Timestamp>,
    pub size: Option<u64>,
    // Boxed: of many messages at a time these two are seldom asked.
    pub envelope: Option<Box<Envelope>>,
    pub structure: Option<Box<Part>>,
    pub modseq: Option<u64>,
    /// BODY[…], BINARY[…], RFC822 and its kin.
    pub sections: Vec<Section>,
    pub preview: Option<String>,
    pub gmail: Option<GmailIds>,
    pub email_id: Option<String>,
    pub thread_id: Option<String>,
    /// Items we have no type for, or whose value is strange; names in upper case.
    pub other: Vec<(String, Value)>,
}

/// One section of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The part; empty for the message itself.
    pub path: PartPath,
    /// Which of it.
    pub text: SectionText,
    /// The first octet of a partial fetch, if the response is one.
    pub origin: Option<u64>,
    /// Whether it was BINARY (transfer encoding already removed).
    pub is_binary: bool,
    /// The octets; absent for NIL, and for a literal that was handed out in chunks.
    pub data: Option<Bytes>,
}

/// What of a part a section holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub enum SectionText {
    /// The content of the part, or the whole message.
    Whole,
    Header,
    /// Field names in upper case.
    HeaderFields(Vec<String>),
    HeaderFieldsNot(Vec<String>),
    Text,
    Mime,
}

/// One ESEARCH response (RFC 4731, RFC 5267, RFC 9394).
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub struct ESearch {
    /// The tag of the command that asked.
    pub tag: Option<String>,
    pub is_uid: bool,
    pub min: Option<u32>,
    pub max: Option<u32>,
    pub count: Option<u32>,
    /// ALL: for a SORT in the order that was asked for.
    pub all: Option<Vec<Range>>,
    /// PARTIAL: the results; empty for NIL.
    pub partial: Option<Vec<Range>>,
    pub modseq: Option<u64>,
    /// MULTISEARCH: the mailbox as it came.
    pub mailbox: Option<Vec<u8>>,
    pub uid_validity: Option<u32>,
}

/// The three lists of NAMESPACE: prefix as it came, and delimiter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub struct Namespaces {
    pub personal: Vec<(Vec<u8>, Option<char>)>,
    pub other_users: Vec<(Vec<u8>, Option<char>)>,
    pub shared: Vec<(Vec<u8>, Option<char>)>,
}
