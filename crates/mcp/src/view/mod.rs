//! How mail is written into answers: rows, bodies, fences, budgets.
//!
//! All text that arrives here came from senders or servers. It goes only into properties marked
//! `x-untrusted`, bodies and snippets between fences.

pub(crate) mod body;
pub(crate) mod coverage;
mod cut;
mod fence;
pub(crate) mod piece;
pub(crate) mod row;
pub(crate) mod size;
mod visible;

pub(crate) use fence::{Nonce, harmless};
pub(crate) use visible::{is_invisible, lines, one_line};

use domain::{Address, Problem, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use time::{UtcOffset, macros::format_description};

/// A point in time as agents read it: `2026-11-21T03:04:05Z`.
pub(crate) fn date(at: Timestamp) -> String {
    at.to_offset(UtcOffset::UTC)
        .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
        .unwrap_or_default()
}

/// One address as `Name <local@domain>`. Angle brackets of the name are replaced, so that a name
/// cannot look like an address of its own; at most `most` characters.
pub(crate) fn address(address: &Address, most: usize) -> String {
    let mut clean = address.clone();
    clean.name = name(address);
    clean.email = clean.email.replace(char::is_control, "");
    let room = most.saturating_sub(clean.email.chars().count() + 3).max(10);
    clean.name = shorten(&clean.name, room).0;
    shorten(&clean.to_string(), most).0
}

/// The name of an address, without angle brackets; empty if it only says the address again.
pub(crate) fn name(address: &Address) -> String {
    if address.name == address.email {
        return String::new();
    }
    address.name.replace('<', "‹").replace('>', "›").replace(char::is_control, " ")
}

/// The first `most` addresses, then `+N more`.
pub(crate) fn addresses(all: &[Address], most: usize, each: usize) -> Vec<String> {
    let mut shown: Vec<String> = all.iter().take(most).map(|one| address(one, each)).collect();
    if all.len() > most {
        shown.push(format!("+{} more", all.len() - most));
    }
    shown
}

/// The text cut to `most` characters with `…` at the end, and whether it was cut.
pub(crate) fn shorten(text: &str, most: usize) -> (String, bool) {
    if text.chars().count() <= most {
        return (text.to_owned(), false);
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    (short, true)
}

/// The name of a file as answers have it.
pub(crate) fn file_name(name: &str) -> String {
    shorten(name, 120).0
}

/// The media type of a file as answers have it.
pub(crate) fn file_type(media_type: &str) -> String {
    shorten(media_type, 80).0
}

/// A problem of a part of an answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ProblemView {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(extend("x-untrusted" = true))]
    hint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-untrusted" = true))]
    server_text: Option<String>,
}

impl ProblemView {
    pub(crate) fn of(problem: Problem, message: String) -> Self {
        Self { code: problem.code.as_str(), message, hint: problem.hint, server_text: problem.server_text }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn dates_are_in_utc_to_the_second() {
        assert_eq!(date(datetime!(2026-11-21 05:04:05.678 +2)), "2026-11-21T03:04:05Z");
    }

    #[test]
    fn a_name_cannot_look_like_an_address() {
        let spoof =
            Address { name: "ceo@bank.example <ceo@bank.example>".into(), email: "x@evil.example".into() };
        assert_eq!(address(&spoof, 200), "ceo@bank.example ‹ceo@bank.example› <x@evil.example>");
    }

    #[test]
    fn a_long_name_gives_way_to_the_address() {
        let long = Address { name: "n".repeat(300), email: "ann@example.org".into() };
        let shown = address(&long, 60);
        assert!(shown.ends_with("… <ann@example.org>") && shown.chars().count() <= 60, "{shown}");
    }

    #[test]
    fn recipients_beyond_the_limit_are_counted() {
        let all: Vec<Address> =
            (0..12).map(|n| Address { name: String::new(), email: format!("u{n}@x.org") }).collect();
        let shown = addresses(&all, 10, 100);
        assert_eq!((shown.len(), shown.last().unwrap().as_str()), (11, "+2 more"));
        assert_eq!(addresses(&all, 12, 100).len(), 12);
    }
}
