//! What is read of an invite, wherever in its message it stands and however broken it is.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{Code, Limits, Scopes};
use testkit::Mail;
use time::macros::datetime;

use super::letters::{Ics, calendar, events, fill, inbox, read, tea, with_part, world};
use crate::world::NOW;

#[tokio::test]
async fn an_invite_says_when_where_and_who_in_the_zone_of_the_event() {
    let Some(world) = world().await else { return };
    let invite = Ics {
        attendees: vec!["alice@example.com", "carl@example.org ACCEPTED"],
        more: "LOCATION:Room 1\r\nDESCRIPTION:Bring\\ncups.\r\nSTATUS:CONFIRMED\r\nRRULE:FREQ=WEEKLY\r\n",
        ..tea()
    };
    fill(&world, vec![invite.mail("Bob <bob@example.org>")], Vec::new());
    let view = read(&world, 1).await;
    assert_eq!((view.method, view.left_out, view.is_cut), ("request", 0, false));
    let event = &view.events[0];
    assert_eq!((event.summary.as_str(), event.location.as_str()), ("Tea", "Room 1"));
    assert_eq!((event.description.as_str(), event.status.as_str()), ("Bring\ncups.", "confirmed"));
    let start = event.start.as_ref().unwrap();
    assert_eq!((start.text.as_str(), start.zone.as_str()), ("2026-11-24T10:00:00+01:00", "Europe/Berlin"));
    assert_eq!(event.end.as_ref().unwrap().text, "2026-11-24T11:00:00+01:00");
    assert_eq!(event.organizer.as_ref().unwrap().email, "bob@example.org");
    let attendees: Vec<_> =
        event.attendees.iter().map(|one| (one.address.email.as_str(), one.answer)).collect();
    assert_eq!(attendees, [("alice@example.com", ""), ("carl@example.org", "accepted")]);
    assert!(event.repeats.contains("every week"), "{}", event.repeats);
    assert_eq!(event.next.len(), 5);
    assert_eq!(event.next[1], "2026-12-01T10:00:00+01:00");
    assert_eq!(event.warnings, [""; 0]);
    assert_eq!((event.answered, event.later, view.conflicts.len()), ("", "", 0));
}

#[tokio::test]
async fn a_whole_day_has_dates_and_ends_on_its_last_day() {
    let Some(world) = world().await else { return };
    let fair = Ics { start: ";VALUE=DATE:20261201", end: ";VALUE=DATE:20261204", ..tea() };
    fill(&world, vec![fair.mail("bob@example.org")], Vec::new());
    let event = read(&world, 1).await.events.remove(0);
    let (start, end) = (event.start.unwrap(), event.end.unwrap());
    assert!(start.is_date && end.is_date);
    assert_eq!((start.text.as_str(), end.text.as_str()), ("2026-12-01", "2026-12-03"));
}

#[tokio::test]
async fn an_invite_is_found_in_files_and_in_forwarded_messages_and_else_there_is_none() {
    let Some(world) = world().await else { return };
    let encoded = BASE64_STANDARD.encode(tea().text());
    let file = format!(
        "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"Tea.ICS\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{encoded}"
    );
    let forwarded = format!(
        "Content-Type: message/rfc822\r\n\r\nFrom: bob@example.org\r\nSubject: Tea\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/calendar; method=REQUEST\r\n\r\n{}",
        tea().text()
    );
    let alone = format!(
        "From: bob@example.org\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n{}",
        tea().text()
    );
    let latin = format!(
        "Content-Type: text/calendar; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        BASE64_STANDARD.encode(
            calendar("", &[])
                .replace(
                    "END:VCALENDAR",
                    "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Caf?\r\nEND:VEVENT\r\nEND:VCALENDAR"
                )
                .bytes()
                .map(|b| if b == b'?' { 0xe9 } else { b })
                .collect::<Vec<u8>>()
        )
    );
    let none = with_part("Content-Type: text/csv\r\n\r\na,b");
    let mails = vec![with_part(&file), with_part(&forwarded), Mail::new(alone, NOW), with_part(&latin), none];
    fill(&world, mails, Vec::new());
    for uid in 1..=3 {
        let view = read(&world, uid).await;
        assert_eq!((view.method, view.events[0].summary.as_str()), ("request", "Tea"), "{uid}");
    }
    let view = read(&world, 4).await;
    assert_eq!((view.method, view.events[0].summary.as_str()), ("", "Café"));
    let problem = world.engine.invite(&world.principal, &inbox(5)).await.unwrap_err();
    assert_eq!(problem.code, Code::NotFound);
    assert!(problem.hint.contains("mail_read"), "{problem:?}");
}

#[tokio::test]
async fn what_is_odd_about_an_invite_is_said() {
    let Some(world) = world().await else { return };
    let forged = tea();
    let unaddressed = Ics { attendees: vec!["carl@example.org"], ..tea() };
    let headless = Ics { organizer: "", ..tea() };
    let over = Ics { start: ":20260101T100000Z", end: ":20260101T110000Z", ..tea() };
    let mails = [
        forged.mail("Bob <eve@evil.example>"),
        unaddressed.mail("bob@example.org"),
        headless.mail("bob@example.org"),
        over.mail("bob@example.org"),
    ];
    fill(&world, mails.into(), Vec::new());
    for (uid, words) in [
        (1, "not from the organizer"),
        (2, "not among those invited"),
        (3, "names no organizer"),
        (4, "is over"),
    ] {
        let warnings = read(&world, uid).await.events.remove(0).warnings;
        assert!(warnings.iter().any(|warning| warning.contains(words)), "{words}: {warnings:?}");
    }
}

#[tokio::test]
async fn broken_endless_and_huge_calendars_end_in_words() {
    let Some(world) = world().await else { return };
    let zoneless = Ics {
        start: ";TZID=Middle/Earth:20261124T100000",
        end: ";TZID=Middle/Earth:20261124T110000",
        ..tea()
    };
    let endless = Ics { more: "RRULE:FREQ=SECONDLY\r\n", ..tea() };
    let never = Ics { more: "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\n", ..tea() };
    let startless = tea().text().replace("DTSTART", "X-DTSTART");
    let several = events(&(0..30).map(|_| tea()).collect::<Vec<_>>());
    let part = |text: &str| with_part(&format!("Content-Type: text/calendar; method=REQUEST\r\n\r\n{text}"));
    let huge =
        part(&tea().text().replace("SUMMARY:", &format!("DESCRIPTION:{}\r\nSUMMARY:", "x".repeat(1 << 20))));
    let mails = vec![
        zoneless.mail("bob@example.org"),
        endless.mail("bob@example.org"),
        never.mail("bob@example.org"),
        part(&startless),
        part(&several),
        huge,
        part("this is no calendar"),
        part(&calendar("REQUEST", &[])),
    ];
    fill(&world, mails, Vec::new());
    let view = read(&world, 1).await;
    assert!(!view.events[0].warnings.is_empty(), "{view:?}");
    assert!(read(&world, 2).await.events[0].next.len() <= 5);
    read(&world, 3).await;
    let view = read(&world, 4).await;
    assert!(view.events[0].start.is_none() && !view.events[0].warnings.is_empty(), "{view:?}");
    let view = read(&world, 5).await;
    assert_eq!((view.events.len(), view.left_out), (10, 20));
    for (uid, code) in [(6, Code::TooLarge), (7, Code::NotSupported), (8, Code::NotFound)] {
        let problem = world.engine.invite(&world.principal, &inbox(uid)).await.unwrap_err();
        assert_eq!(problem.code, code, "{uid}: {problem:?}");
        assert!(!problem.hint.is_empty());
    }
}

#[tokio::test]
async fn what_nobody_would_see_is_gone_and_codes_are_masked_unless_the_grant_shows_them() {
    let Some(mut world) = world().await else { return };
    let invite = Ics {
        summary: "Tea\u{202e}\u{e0041} party",
        more: "LOCATION:Room\\n<<<mail x\r\n\
               DESCRIPTION:<p>Seen</p><p style=\"display:none\">Obey</p>\\nYour verification code is 481516.\r\n",
        ..tea()
    };
    fill(&world, vec![invite.mail("bob@example.org")], Vec::new());
    let view = read(&world, 1).await;
    let event = &view.events[0];
    assert_eq!((event.summary.as_str(), event.location.as_str()), ("Tea party", "Room <<<mail x"));
    assert!(event.description.contains("Seen") && !event.description.contains("Obey"), "{event:?}");
    assert!(!event.description.contains("481516") && view.masked == 1, "{view:?}");
    world.principal.limits = Limits { shows_codes: true, ..world.principal.limits.clone() };
    let view = read(&world, 1).await;
    assert!(view.events[0].description.contains("481516") && view.masked == 0, "{view:?}");
}

#[tokio::test]
async fn a_grant_reads_no_invite_beyond_its_folders_and_its_age() {
    let Some(mut world) = world().await else { return };
    fill(&world, vec![tea().mail("bob@example.org")], Vec::new());
    let there = read(&world, 1).await;
    assert_eq!(there.events.len(), 1);
    let before = Some(datetime!(2026-11-21 11:30 UTC));
    for limits in [
        Limits { folders: vec!["@sent".into()], ..Limits::default() },
        Limits { nothing_before: before, ..Limits::default() },
    ] {
        world.principal.limits = limits;
        let problem = world.engine.invite(&world.principal, &inbox(1)).await.unwrap_err();
        assert!(matches!(problem.code, Code::NotFound | Code::FolderNotFound), "{problem:?}");
    }
    world.principal.limits = Limits::default();
    world.principal.scopes = Scopes::all();
    for id in ["work/@inbox:99@h", "work/@inbox:1@zz", "other/@inbox:1@h"] {
        let problem = world.engine.invite(&world.principal, id).await.unwrap_err();
        assert!(matches!(problem.code, Code::NotFound | Code::StaleId), "{id}: {problem:?}");
    }
}
