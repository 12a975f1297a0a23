//! SEARCH and SORT: which messages of the open mailbox match, newest first, as few of them as will do.
//!
//! Servers differ in how much of a result can be had without all of it; [`Shape`] is chosen by what
//! they offer (RFC 9394, RFC 5267, RFC 4731, RFC 3501).

use std::borrow::Cow;

use super::super::{
    request::{Reply, Request, Wants},
    response::{Code, Range, Untagged},
    search::Argument,
    session::Session,
    wire::Command,
};
use crate::Error;

/// In which order "newest first" is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By UID: the order in which messages came into the folder.
    Filed,
    /// By INTERNALDATE, which takes SORT.
    Received,
}

/// How much of a result is asked for, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// SEARCH RETURN (COUNT PARTIAL -1:-n): the newest by UID (RFC 9394).
    Tail(u32),
    /// SEARCH RETURN (COUNT ALL) (RFC 4731).
    Set,
    /// Plain SEARCH.
    List,
    /// SORT RETURN (COUNT PARTIAL from:to) (RFC 5267); positions counted from 1.
    SortedPage(u32, u32),
    /// Plain SORT (RFC 5256).
    Sorted,
}

impl Shape {
    /// The leanest shape that `session` offers for positions `from` to `to` of `order`.
    pub fn choose(session: &Session, order: Order, from: u32, to: u32) -> Self {
        let capabilities = session.capabilities();
        match order {
            Order::Received if capabilities.has_sorted_pages() => Self::SortedPage(from, to),
            Order::Received if capabilities.has("SORT") => Self::Sorted,
            _ if capabilities.has_partial() && from == 1 => Self::Tail(to),
            _ if capabilities.has_esearch() => Self::Set,
            _ => Self::List,
        }
    }
}

/// The command that asks for `criteria` in `shape`, its criteria sent as UTF-8 if `utf8`, limited to the
/// UIDs from the lower to the upper end of `window`.
pub fn request(
    session: &Session,
    criteria: &[Argument],
    utf8: bool,
    shape: Shape,
    window: Option<(u32, u32)>,
) -> Request {
    let is_sort = matches!(shape, Shape::SortedPage(..) | Shape::Sorted);
    let mut command = Command::new(if is_sort { "UID SORT" } else { "UID SEARCH" });
    command = match shape {
        Shape::Tail(count) => {
            command.syntax("RETURN").open().syntax("COUNT PARTIAL").atom(format!("-1:-{count}")).close()
        }
        Shape::Set => command.syntax("RETURN (COUNT ALL)"),
        Shape::SortedPage(from, to) => {
            command.syntax("RETURN").open().syntax("COUNT PARTIAL").atom(format!("{from}:{to}")).close()
        }
        Shape::List | Shape::Sorted => command,
    };
    if is_sort {
        // under UTF8=ACCEPT no other charset is left, not even its subset (Courier refuses it)
        let charset =
            if utf8 || session.is_utf8() { "(REVERSE ARRIVAL) UTF-8" } else { "(REVERSE ARRIVAL) US-ASCII" };
        command = command.syntax(charset);
    } else if utf8 && !session.is_utf8() {
        command = command.syntax("CHARSET UTF-8");
    }
    if let Some((low, high)) = window {
        let high = if high == u32::MAX { "*".to_owned() } else { high.to_string() };
        command = command.syntax("UID").atom(format!("{low}:{high}"));
    } else if criteria.is_empty() {
        command = command.syntax("ALL");
    }
    command = criteria.iter().fold(command, write);
    Request::new(command, Wants::Search)
}

fn write(command: Command, argument: &Argument) -> Command {
    match argument {
        Argument::Atom(Cow::Borrowed(word)) => command.syntax(word),
        Argument::Atom(Cow::Owned(word)) => command.atom(word.clone()),
        Argument::Text(text) => command.text(text),
        Argument::Label(label) => command.mailbox(label.clone()),
        Argument::Number(number) => command.number(*number),
        Argument::Date(day) => command.date(*day),
        Argument::Open => command.open(),
        Argument::Close => command.close(),
    }
}

/// The UIDs a search found, newest first, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// UIDs in the order that was asked for; all of them, or the page.
    pub uids: Vec<u32>,
    /// How many messages match.
    pub total: u32,
    /// The lowest UID that the server looked at, where its limit of messages kept it from looking at all;
    /// then `total` counts only what matches from there up.
    pub reached: Option<u32>,
}

/// Reads the answer to [`request`] of the same `shape`. No answer at all is an error, never an empty
/// result.
pub fn read(reply: &Reply, shape: Shape) -> Result<Found, Error> {
    let mut seen = false;
    let reached = |code: &Option<Code>| code.as_ref().and_then(Code::limit_reached);
    let mut found = Found { reached: reached(&reply.status.code), ..Found::default() };
    for data in &reply.data {
        match data {
            Untagged::Search { numbers, .. } | Untagged::Sort { numbers, .. } => {
                seen = true;
                found.uids.extend_from_slice(numbers);
                found.total = u32::try_from(found.uids.len()).unwrap_or(u32::MAX);
            }
            // said by itself, before the completion
            Untagged::Status(status) => found.reached = found.reached.max(reached(&status.code)),
            Untagged::ESearch(answer) => {
                seen = true;
                let ranges = answer.partial.as_deref().or(answer.all.as_deref()).unwrap_or_default();
                found.uids = expand(ranges);
                let counted = u32::try_from(found.uids.len()).unwrap_or(u32::MAX);
                found.total = answer.count.unwrap_or(counted);
            }
            _ => {}
        }
    }
    if !seen {
        // RFC 3501 servers may leave out an empty SEARCH line; with RETURN an answer is owed.
        return match shape {
            Shape::List | Shape::Sorted => Ok(found),
            _ => Err(Error::Protocol("a search without an answer")),
        };
    }
    if matches!(shape, Shape::Tail(_) | Shape::Set | Shape::List) {
        found.uids.sort_unstable_by(|a, b| b.cmp(a));
        found.uids.dedup();
    }
    Ok(found)
}

/// The numbers of ranges in the order and direction that the server sent them; at most a million.
fn expand(ranges: &[Range]) -> Vec<u32> {
    let mut out = Vec::new();
    for (from, to) in ranges {
        if out.len() > 1_000_000 {
            break;
        }
        if from <= to { out.extend(*from..=*to) } else { out.extend((*to..=*from).rev()) }
    }
    out.truncate(1_000_000);
    out
}
