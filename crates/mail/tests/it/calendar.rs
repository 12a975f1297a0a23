//! Invites as Google, Exchange, Apple, Zimbra and Teams send them, and what is broken about some, into values.

use mail::calendar::{CalendarError, Event, Invite, Method, Occurrence, Partstat, parse};
use time::{
    OffsetDateTime,
    macros::{datetime, utc_datetime},
};

/// The invites that lie in the testdata.
pub(crate) const SAMPLES: [(&str, &str); 7] = [
    ("google", include_str!("../../testdata/invites/google.ics")),
    ("exchange", include_str!("../../testdata/invites/exchange.ics")),
    ("exchange-occurrence", include_str!("../../testdata/invites/exchange-occurrence.ics")),
    ("apple", include_str!("../../testdata/invites/apple.ics")),
    ("zimbra", include_str!("../../testdata/invites/zimbra.ics")),
    ("teams", include_str!("../../testdata/invites/teams.ics")),
    ("series", include_str!("../../testdata/invites/series.ics")),
];

pub(crate) fn sample(name: &str) -> Invite {
    let text = SAMPLES.iter().find(|(found, _)| *found == name).unwrap().1;
    assert!(text.contains("\r\n"), "the samples are as they travel");
    parse(text.as_bytes()).unwrap()
}

/// An event in a calendar, of these lines.
pub(crate) fn event_of(lines: &str) -> Event {
    invite_of(lines).events.remove(0)
}

pub(crate) fn invite_of(lines: &str) -> Invite {
    let text = format!(
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nORGANIZER:mailto:o@example.org\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    parse(text.as_bytes()).unwrap()
}

fn starts(found: &[Occurrence]) -> Vec<&str> {
    found.iter().map(|one| one.start.local.as_str()).collect()
}

const LONG_AGO: OffsetDateTime = datetime!(1990-01-01 0:00 UTC);

#[test]
fn google_asks_for_a_series() {
    let invite = sample("google");
    assert_eq!(invite.method, Some(Method::Request));
    let [event] = &invite.events[..] else { panic!("one event") };
    assert_eq!(event.uid, "4v1n8m2q0r7s5t6u3w9x@google.com");
    assert_eq!(event.summary, "Wöchentliche Abstimmung");
    assert_eq!(event.location, "Besprechungsraum 3, 2. Stock");
    assert_eq!(
        event.description,
        "Kurz: was ist fertig, was fehlt?\n\nJoin with Google Meet: https://meet.google.com/abc-defg-hij"
    );
    assert_eq!(event.url, "https://meet.google.com/abc-defg-hij");
    assert_eq!((event.repeats.as_str(), event.is_endless), ("every week on Monday, 10 times", false));
    let start = event.start.as_ref().unwrap();
    assert_eq!(start.at, datetime!(2026-11-23 13:00 UTC));
    assert_eq!(start.local, "2026-11-23T14:00:00+01:00");
    assert_eq!(start.zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(event.end.as_ref().unwrap().at, datetime!(2026-11-23 13:30 UTC));
    assert_eq!(event.organizer.as_ref().unwrap().to_string(), "Petra Vogel <petra.vogel@example.org>");
    let [petra, jonas] = &event.attendees[..] else { panic!("two attendees") };
    assert_eq!((petra.partstat, petra.rsvp), (Partstat::Accepted, true));
    // an address instead of a name is none
    assert_eq!(
        (jonas.address.to_string().as_str(), jonas.partstat),
        ("jonas@example.com", Partstat::NeedsAction)
    );
    assert!(event.is_busy);
    assert_eq!(event.warnings, [""; 0]);
    // the series crosses the change of the clocks: the time on the clock stays
    let all = invite.occurrences(event, LONG_AGO, 100);
    assert_eq!(all.len(), 10);
    assert_eq!(all[9].start.at, datetime!(2027-01-25 13:00 UTC));
    let later = invite.occurrences(event, datetime!(2026-12-07 13:30 UTC), 2);
    assert_eq!(starts(&later), ["2026-12-14T14:00:00+01:00", "2026-12-21T14:00:00+01:00"]);
}

#[test]
fn exchange_names_zones_as_windows_does() {
    let event = sample("exchange").events.remove(0);
    let start = event.start.as_ref().unwrap();
    assert_eq!((start.zone.as_deref(), start.at), (Some("Europe/Berlin"), datetime!(2027-03-25 8:30 UTC)));
    assert_eq!(event.summary, "Lieferanten; Jahresgespräch");
    assert_eq!(event.sequence, 3);
    assert_eq!(event.stamp, Some(datetime!(2026-11-18 10:03:44 UTC)));
    let organizer = event.organizer.as_ref().unwrap();
    assert_eq!(
        (organizer.name.as_str(), organizer.email.as_str()),
        ("Brandt, Nora (Einkauf)", "nora.brandt@example.org")
    );
    let roles: Vec<_> =
        event.attendees.iter().map(|one| (one.address.name.as_str(), one.role.as_str())).collect();
    let expected = [
        ("Meier, Jonas", "REQ-PARTICIPANT"),
        ("Lager", "OPT-PARTICIPANT"),
        ("R 2.14 Beamer", "NON-PARTICIPANT"),
    ];
    assert_eq!(roles, expected);
    assert!(
        event.uid.starts_with(
            "040000008200E00074C5B7101A82E0080000000010B2C3D4E5F6DA010000000000000000100000009A8B"
        )
    );
    assert_eq!(event.warnings, [""; 0]);
}

#[test]
fn a_zone_that_only_the_invite_knows_follows_its_description() {
    let invite = sample("exchange-occurrence");
    let event = &invite.events[0];
    let start = event.start.as_ref().unwrap();
    // after the first Sunday of November
    assert_eq!(start.at, datetime!(2026-11-03 15:00 UTC));
    assert_eq!(start.local, "2026-11-03T10:00:00-05:00");
    assert_eq!((start.zone.as_deref(), start.unknown_zone.as_deref()), (None, Some("Customized Time Zone")));
    assert!(!start.is_floating);
    assert_eq!(event.recurrence_id.as_ref().unwrap().at, datetime!(2026-11-02 14:00 UTC));
    assert_eq!(starts(&invite.occurrences(event, LONG_AGO, 9)), ["2026-11-03T10:00:00-05:00"]);
}

#[test]
fn apple_invites_for_days_and_hides_addresses_in_parameters() {
    let event = sample("apple").events.remove(0);
    let (start, end) = (event.start.as_ref().unwrap(), event.end.as_ref().unwrap());
    assert!(start.is_date && end.is_date && !start.is_floating);
    assert_eq!((start.local.as_str(), end.local.as_str()), ("2026-12-28", "2026-12-30"));
    assert_eq!(start.at, datetime!(2026-12-28 0:00 UTC));
    assert_eq!(event.summary, "Hütte 🏔️");
    assert_eq!(event.url, "https://huette.example/buchung?id=7;x=1,2");
    assert!(!event.is_busy);
    assert_eq!(event.organizer.as_ref().unwrap().to_string(), "Clara Weiß <clara@example.net>");
    assert_eq!(event.attendees.len(), 2);
    assert_eq!(event.attendees[0].role, "CHAIR");
}

#[test]
fn zimbra_cancels() {
    let invite = sample("zimbra");
    assert_eq!(invite.method, Some(Method::Cancel));
    let event = &invite.events[0];
    assert_eq!(event.status, "CANCELLED");
    assert_eq!(event.start.as_ref().unwrap().at, datetime!(2026-12-01 20:00 UTC));
}

#[test]
fn teams_repeats_monthly_and_leaves_one_out() {
    let invite = sample("teams");
    let event = &invite.events[0];
    assert!(event.url.starts_with("https://teams.microsoft.com/l/meetup-join/19%3ameeting"), "{}", event.url);
    assert_eq!(event.repeats, "every month on the second Wednesday, until 2027-06-30 04:30 UTC");
    let found = invite.occurrences(event, LONG_AGO, 100);
    let days: Vec<&str> = starts(&found).iter().map(|start| &start[..10]).collect();
    assert_eq!(days, ["2026-12-09", "2027-02-10", "2027-03-10", "2027-04-14", "2027-05-12", "2027-06-09"]);
    assert_eq!(found[0].start.zone.as_deref(), Some("Asia/Calcutta"));
}

#[test]
fn exceptions_additions_moves_and_cancellations_are_counted_in() {
    let invite = sample("series");
    let series = &invite.events[0];
    let found = invite.occurrences(series, LONG_AGO, 100);
    let expected = [
        "2026-10-19T09:00:00+02:00",
        // the 22nd is excepted, the 24th added
        "2026-10-24T11:00:00+02:00",
        // the 26th is moved, after the clocks were changed
        "2026-10-27T15:00:00+01:00",
        "2026-10-29T09:00:00+01:00",
        // the 2nd of November is cancelled
        "2026-11-05T09:00:00+01:00",
        "2026-11-09T09:00:00+01:00",
        "2026-11-12T09:00:00+01:00",
    ];
    assert_eq!(starts(&found), expected);
    assert_eq!(found[2].end.at - found[2].start.at, time::Duration::hours(1));
    assert_eq!(found[3].end.at - found[3].start.at, time::Duration::minutes(45));
    assert_eq!(invite.occurrences(series, LONG_AGO, 3).len(), 3);
    assert_eq!(series.repeats, "every week on Monday and Thursday, 8 times, and further dates");
}

#[test]
fn what_runs_is_still_to_come_and_what_has_ended_is_not() {
    let invite = invite_of("DTSTART:20260101T100000Z\nDTEND:20260101T110000Z");
    let next = |after| invite.occurrences(&invite.events[0], after, 5).len();
    assert_eq!(next(datetime!(2026-01-01 10:59:59 UTC)), 1);
    assert_eq!(next(datetime!(2026-01-01 11:00 UTC)), 0);
}

#[test]
fn names_of_zones_in_all_their_spellings() {
    let start = |zone: &str| {
        event_of(&format!("DTSTART;TZID={zone}:20260701T120000"))
            .start
            .map(|start| (start.zone, start.at))
            .unwrap()
    };
    let berlin = (Some("Europe/Berlin".to_owned()), datetime!(2026-07-01 10:00 UTC));
    for zone in [
        "Europe/Berlin",
        "/citadel.org/20070227_1/Europe/Berlin",
        "/freeassociation.sourceforge.net/Europe/Berlin",
        "/softwarestudio.org/Olson_20011030_5/Europe/Berlin",
        "W. Europe Standard Time",
        "\"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna\"",
        "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
        "europe/berlin",
        " Europe/Berlin ",
    ] {
        assert_eq!(start(zone), berlin, "{zone}");
    }
    assert_eq!(start("\"tzone://Microsoft/Utc\"").1, datetime!(2026-07-01 12:00 UTC));
    assert_eq!(start("\"(UTC+05:45) Nowhere\"").1, datetime!(2026-07-01 6:15 UTC));
    assert_eq!(start("America/Argentina/Buenos_Aires").1, datetime!(2026-07-01 15:00 UTC));
}

#[test]
fn a_zone_that_nobody_knows_is_the_clock_on_the_wall() {
    let event = event_of(
        "DTSTART;TZID=Middle-earth/Shire:20260701T120000\nDTEND;TZID=Middle-earth/Shire:20260701T130000",
    );
    let start = event.start.unwrap();
    assert!(start.is_floating);
    assert_eq!((start.zone, start.unknown_zone.as_deref()), (None, Some("Middle-earth/Shire")));
    assert_eq!(start.local, "2026-07-01T12:00:00");
    assert_eq!(start.at, utc_datetime!(2026-07-01 12:00));
    assert_eq!(event.warnings.len(), 1, "{:?}", event.warnings);
    assert!(event.warnings[0].contains("Middle-earth/Shire"));
}

#[test]
fn hours_that_clocks_skip_or_show_twice() {
    let at = |local: &str| event_of(&format!("DTSTART;TZID=Europe/Berlin:{local}")).start.unwrap().at;
    // 02:30 does not exist on that day: the offset before the gap
    assert_eq!(at("20260329T023000"), datetime!(2026-03-29 1:30 UTC));
    // 02:30 exists twice: the first
    assert_eq!(at("20261025T023000"), datetime!(2026-10-25 0:30 UTC));
    let own = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nTZID:Ours\n\
        BEGIN:STANDARD\nDTSTART:20001029T030000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\n\
        BEGIN:DAYLIGHT\nDTSTART:20000326T020000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT\n\
        END:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=Ours:LOCAL\nEND:VEVENT\nEND:VCALENDAR\n";
    let at = |local: &str| {
        parse(own.replace("LOCAL", local).as_bytes()).unwrap().events.remove(0).start.unwrap().at
    };
    assert_eq!(at("20260329T015959"), datetime!(2026-03-29 0:59:59 UTC));
    assert_eq!(at("20260329T023000"), datetime!(2026-03-29 1:30 UTC));
    assert_eq!(at("20260329T030000"), datetime!(2026-03-29 1:00 UTC));
    assert_eq!(at("20261025T023000"), datetime!(2026-10-25 0:30 UTC));
    assert_eq!(at("20261025T030000"), datetime!(2026-10-25 2:00 UTC));
}

#[test]
fn a_known_name_wins_over_a_description_that_differs_and_the_person_is_told() {
    let invite = |zone: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nTZID:{zone}\nBEGIN:STANDARD\nDTSTART:20000101T000000\n\
             TZOFFSETFROM:+0400\nTZOFFSETTO:+0400\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:1\n\
             DTSTART;TZID={zone}:20260701T120000\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        parse(text.as_bytes()).unwrap().events.remove(0)
    };
    let named = invite("Europe/Moscow");
    assert_eq!(named.start.unwrap().at, datetime!(2026-07-01 9:00 UTC));
    assert_eq!(named.warnings.len(), 1);
    // an abbreviation is what the invite says it is
    let short = invite("EST");
    assert_eq!(short.start.unwrap().at, datetime!(2026-07-01 8:00 UTC));
    assert_eq!(short.warnings, [""; 0]);
}

#[test]
fn broken_files_say_what_is_wrong() {
    assert_eq!(parse(b"").unwrap_err(), CalendarError::Unreadable);
    assert_eq!(parse(b"\x89PNG\r\n\x1a\n\0\0\0").unwrap_err(), CalendarError::Unreadable);
    assert_eq!(parse(b"BEGIN:VCARD\nFN:A\nEND:VCARD\n").unwrap_err(), CalendarError::Unreadable);
    assert_eq!(parse(b"BEGIN:VCALENDAR\nEND:VCALENDAR\n").unwrap_err(), CalendarError::NoEvent);
    assert_eq!(parse(&vec![b'\n'; (1 << 20) + 1]).unwrap_err(), CalendarError::TooLarge);
}

#[test]
fn broken_events_keep_what_is_whole_of_them() {
    let warnings = |lines: &str| event_of(lines).warnings.join("|");
    assert!(warnings("SUMMARY:x").contains("begins is missing"));
    assert!(warnings("DTSTART:20260230T100000Z").contains("begins cannot be read"));
    let backwards = event_of("DTSTART:20260202T100000Z\nDTEND:20260202T090000Z");
    assert!(backwards.end.is_none() && backwards.warnings[0].contains("ends before"));
    assert!(warnings("DTSTART:20260202\nDURATION:P1X").contains("how long"));
    assert!(warnings("DTSTART:20260202\nRRULE:FREQ=DAILY;INTERVAL=0").contains("interval"));
    assert!(warnings("DTSTART:20260202\nRRULE:FREQ=OFTEN").contains("how often"));
    assert!(warnings("DTSTART:20260202\nRECURRENCE-ID:soon").contains("which occurrence"));
    assert!(warnings("DTSTART:20260202\nATTENDEE:urn:uuid:1\nATTENDEE:mailto:").contains("not listed: 2"));
}

#[test]
fn lines_in_all_their_shapes() {
    let event = |text: &[u8]| parse(text).unwrap().events.remove(0);
    // a byte order mark, lines that end with CR alone, a fold within a character, no calendar around it
    let text = b"\xef\xbb\xbfBEGIN:VEVENT\rUID:1\rSUMMARY:Gr\xc3\r \xbc\xc3\x9fe\rEND:VEVENT\r";
    assert_eq!(event(text).summary, "Grüße");
    assert_eq!(event(b"BEGIN:VEVENT\nSUMMARY:Gr\xfc\xdfe\nLOCATION:Caf\xc3\xa9\n").summary, "Grüße");
    assert_eq!(event(b"BEGIN:VEVENT\nSUMMARY:Gr\xfc\xdfe\nLOCATION:Caf\xc3\xa9\n").location, "Café");
    let utf16: Vec<u8> = "\u{feff}BEGIN:VEVENT\r\nSUMMARY:Grüße\r\nEND:VEVENT\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(event(&utf16).summary, "Grüße");
    let old = b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nSUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Gr=C3=BC=\r\n=C3=9Fe\r\nDTSTART:20260202T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(event(old).summary, "Grüße");
    assert!(event(old).start.is_some());
    assert_eq!(event_of("SUMMARY:a\\, b\\; c\\\\n\\nd\\Ne C:\\temp").summary, "a, b; c\\n\nd\ne C:\\temp");
    let people = event_of(
        "ATTENDEE;CN=\"A; B:C\";X=\"a\",\"b\":MailTo:a@example.org\nATTENDEE;CN=Cara^n^'x^' Y:b@example.org\nATTENDEE;CN=Colon: here:mailto:c@example.org",
    );
    let shown: Vec<String> = people.attendees.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(shown[0], "A; B:C <a@example.org>");
    assert_eq!(shown[1], "Cara \"x\" Y <b@example.org>");
    assert!(shown[2].ends_with("<c@example.org>"), "{}", shown[2]);
}

#[test]
fn a_missing_end_nested_events_and_several_calendars() {
    let two = b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nSUMMARY:alarm\nBEGIN:VEVENT\nUID:2\nEND:VEVENT\n";
    let invite = parse(two).unwrap();
    let ids: Vec<&str> = invite.events.iter().map(|event| event.uid.as_str()).collect();
    assert_eq!(ids, ["1", "2"]);
    assert_eq!(invite.events[0].summary, "");
    let several = b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\nBEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:VEVENT\nUID:2\nEND:VEVENT\nEND:VCALENDAR\n";
    let invite = parse(several).unwrap();
    assert_eq!((invite.method, invite.events.len()), (Some(Method::Request), 1));
    assert!(invite.events[0].warnings.iter().any(|warning| warning.contains("1 further event")));
}

#[test]
fn large_numbers_of_everything_are_bounded() {
    let many =
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\n".to_owned() + &"BEGIN:VEVENT\nUID:1\nEND:VEVENT\n".repeat(150);
    let invite = parse(many.as_bytes()).unwrap();
    assert_eq!((invite.events.len(), invite.left_out), (100, 50));
    let people: Vec<String> =
        (0..600).map(|number| format!("ATTENDEE:mailto:{number}@example.org")).collect();
    let event = event_of(&people.join("\n"));
    assert_eq!(event.attendees.len(), 500);
    assert!(event.warnings.iter().any(|warning| warning.contains("100 more attendees")));
    for unit in
        ["BEGIN:VEVENT\n", "BEGIN:A\n", "END:A\n", "BEGIN:VTIMEZONE\nTZID:x\n", "A;", "A=\n ", "^", "X;Y=\""]
    {
        let deep = "BEGIN:VCALENDAR\n".to_owned() + &unit.repeat(1_040_000 / unit.len());
        let begun = std::time::Instant::now();
        let _ = parse(deep.as_bytes());
        assert!(begun.elapsed().as_secs() < 5, "{unit:?} took {:?}", begun.elapsed());
    }
}
