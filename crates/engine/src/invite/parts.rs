//! Which parts of a message are calendars, and how their octets come: those of many messages in one flight.

use std::collections::HashMap;

use bytes::Bytes;
use domain::{Part, PartPath};
use mail::{
    Error,
    calendar::{self, CalendarError, Invite},
    imap::{
        Question, Session,
        command::fetch::{self, Item},
    },
    mime::decode::{decode_charset, decode_transfer},
};

use crate::{pages::fly, read::files::charset};

/// Calendars of one message that are tried, the likeliest first.
const MAX_TRIED: usize = 3;

/// Parts of a structure that are looked at.
const MAX_PARTS: usize = 2_000;

/// The calendars of a message: those that ask for something before files that only tell, the message's own
/// before those of messages inside it.
pub(super) fn calendars(structure: &Part) -> Vec<&Part> {
    let mut found = Vec::new();
    let mut open = vec![(structure, false)];
    let mut looked_at = 0;
    while let Some((part, is_nested)) = open.pop() {
        looked_at += 1;
        if looked_at > MAX_PARTS {
            break;
        }
        let is_message = part.kind == "message";
        open.extend(part.children.iter().rev().map(|child| (child, is_nested || is_message)));
        if part.children.is_empty() && is_calendar(part) {
            found.push((is_nested, part));
        }
    }
    found.sort_by_key(|(is_nested, part)| (*is_nested, rank(part)));
    found.truncate(MAX_TRIED);
    found.into_iter().map(|(_, part)| part).collect()
}

fn is_calendar(part: &Part) -> bool {
    let is_named = || {
        let ending =
            part.file_name().and_then(|name| name.trim_end().rsplit_once('.')).map(|(_, ending)| ending);
        ending.is_some_and(|ending| ["ics", "ical"].iter().any(|known| ending.eq_ignore_ascii_case(known)))
    };
    match part.kind.as_str() {
        "text" => part.subtype == "calendar" || is_named(),
        "application" => part.subtype == "ics" || is_named(),
        _ => false,
    }
}

fn rank(part: &Part) -> u8 {
    let method = part.parameters.get("method").map(|method| method.trim().to_ascii_lowercase());
    match method.as_deref() {
        Some("request" | "cancel") => 0,
        Some(_) => 1,
        None if part.is("text", "calendar") => 2,
        None => 3,
    }
}

/// A calendar from its part's octets as they were fetched.
pub(super) fn read(part: &Part, octets: &[u8]) -> Result<Invite, CalendarError> {
    let decoded = decode_transfer(&part.encoding, octets);
    if decoded.len() > calendar::MAX_OCTETS {
        return Err(CalendarError::TooLarge);
    }
    match charset(part) {
        Some(charset) if !charset.trim().eq_ignore_ascii_case("utf-8") => {
            calendar::parse(decode_charset(Some(charset), &decoded).as_bytes())
        }
        _ => calendar::parse(&decoded),
    }
}

/// Parts of messages of one folder.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) mailbox: Bytes,
    pub(super) validity: u32,
    pub(super) parts: Vec<(u32, PartPath)>,
}

/// The octets of parts over several folders, each as it stands in its message; `limit` of each at the most.
pub(super) struct Octets<'a> {
    pub(super) wanted: &'a [Wanted],
    pub(super) limit: u64,
}

/// What came of one folder: nothing if it has another UIDVALIDITY now.
pub(super) type Came = Result<Option<HashMap<(u32, PartPath), Bytes>>, Error>;

impl Question for Octets<'_> {
    type Answer = Vec<Came>;

    async fn ask(&self, session: &mut Session) -> Result<Self::Answer, Error> {
        let mut flights = Vec::with_capacity(self.wanted.len());
        for wanted in self.wanted {
            // Messages of one program have their calendar at one place.
            let mut groups: HashMap<&PartPath, Vec<u32>> = HashMap::new();
            for (uid, path) in &wanted.parts {
                groups.entry(path).or_default().push(*uid);
            }
            let part = |path: &PartPath| Item::Part(path.clone(), Some(self.limit));
            let requests =
                groups.into_iter().map(|(path, uids)| fetch::items_of(&uids, &[Item::STATE, part(path)]));
            flights.push((wanted.mailbox.clone(), requests.collect()));
        }
        let mut answers = Vec::with_capacity(flights.len());
        for (wanted, opened) in self.wanted.iter().zip(fly(session, flights).await) {
            let answer = opened.and_then(|(selected, replies)| {
                if selected.validity != wanted.validity {
                    return Ok(None);
                }
                let mut found = HashMap::new();
                for reply in replies {
                    for fetched in fetch::read(reply?) {
                        let Some(uid) = fetched.uid else { continue };
                        for (_, path) in wanted.parts.iter().filter(|(of, _)| *of == uid) {
                            let data = fetch::part(&fetched, path).and_then(|section| section.data.clone());
                            found.extend(data.map(|data| ((uid, path.clone()), data)));
                        }
                    }
                }
                Ok(Some(found))
            });
            match answer {
                Err(error) if error.ends_connection() => return Err(error),
                answer => answers.push(answer),
            }
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(path: &[u32], media_type: &str, method: Option<&str>, name: Option<&str>) -> Part {
        let (kind, subtype) = media_type.split_once('/').unwrap();
        let mut part = Part {
            path: PartPath(path.to_vec()),
            kind: kind.into(),
            subtype: subtype.into(),
            ..Part::default()
        };
        part.parameters.extend(method.map(|method| ("method".to_owned(), method.to_owned())));
        part.disposition_parameters.extend(name.map(|name| ("filename".to_owned(), name.to_owned())));
        part
    }

    fn paths(structure: &Part) -> Vec<String> {
        calendars(structure).iter().map(|part| part.path.to_string()).collect()
    }

    #[test]
    fn what_asks_for_an_answer_comes_before_files_and_before_what_was_forwarded() {
        let nested = Part {
            children: vec![part(&[1, 1], "text/calendar", Some("REQUEST"), None)],
            ..part(&[1], "message/rfc822", None, None)
        };
        let mixed = Part {
            children: vec![
                nested,
                part(&[2], "application/octet-stream", None, Some("Invite.ICS")),
                part(&[3], "text/plain", None, None),
                part(&[4], "text/calendar", None, None),
                part(&[5], "text/calendar", Some("request"), None),
            ],
            ..part(&[], "multipart/mixed", None, None)
        };
        assert_eq!(paths(&mixed), ["5", "4", "2"]);
        let forwarded = Part { children: mixed.children[..1].to_vec(), ..mixed };
        assert_eq!(paths(&forwarded), ["1.1"]);
    }

    #[test]
    fn files_of_other_kinds_are_no_calendars() {
        for (media_type, name) in [("text/plain", "a.txt"), ("image/png", "a.ics"), ("text/csv", "ics")] {
            assert_eq!(paths(&part(&[1], media_type, None, Some(name))), [""; 0]);
        }
        assert_eq!(paths(&part(&[1], "application/ics", None, None)), ["1"]);
    }
}
