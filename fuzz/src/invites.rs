//! Whatever lies in text/calendar: nothing panics, no rule runs on, what is found is in order, and the answer to
//! it is one event on lines that end where they should. A module of the fuzz target and of the tests of `mail`.

use domain::Address;
use mail::calendar::{Answer, MAX_EVENTS, Method, Reply, parse, reply};

/// Half a century and the end of all time.
const AFTER: [i64; 3] = [0, 1_790_000_000, 253_402_300_799];

/// Panics if anything is wrong with what becomes of these octets.
pub(crate) fn check(octets: &[u8]) {
    let Ok(invite) = parse(octets) else { return };
    assert!(!invite.events.is_empty() && invite.events.len() <= MAX_EVENTS);
    for event in invite.events.iter().take(4) {
        assert!(event.attendees.len() <= 500);
        for after in AFTER {
            let Ok(after) = domain::Timestamp::from_unix_timestamp(after) else { continue };
            let found = invite.occurrences(event, after, 10);
            assert!(found.len() <= 10 && found.iter().all(|one| one.end.at > after), "one that has ended");
            assert!(found.is_sorted_by_key(|one| one.start.at), "not in order");
        }
        let attendee = event.attendees.first().map(|attendee| attendee.address.clone());
        let attendee = attendee.unwrap_or_else(|| Address { name: String::new(), email: "a@b".to_owned() });
        let now = domain::Timestamp::UNIX_EPOCH;
        let comment = &event.description;
        let Ok(text) = reply(&Reply { event, attendee: &attendee, answer: Answer::Accept, comment, now })
        else {
            continue;
        };
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "a line that is too long");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a line end of its own");
        let again = parse(text.as_bytes());
        assert!(again.is_ok(), "an answer that cannot be read");
        let Ok(again) = again else { continue };
        assert_eq!((again.method, again.events.len()), (Some(Method::Reply), 1));
        let answer = &again.events[0];
        assert_eq!(
            (&answer.uid, answer.sequence, &answer.summary, &answer.organizer),
            (&event.uid, event.sequence, &event.summary, &event.organizer)
        );
        assert_eq!(answer.attendees.len(), 1, "one answers");
    }
}
