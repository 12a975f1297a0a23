//! What other mail says of an event: updates, cancellations, answers, and what else is then.

use domain::Limits;
use testkit::Mail;
use time::macros::datetime;

use super::letters::{Ics, fill, inbox, read, tea, world};
use crate::world::NOW;

const BOB: &str = "Bob <bob@example.org>";

/// What alice answered, as it stands in Sent.
#[expect(clippy::needless_pass_by_value, reason = "each is made where it is answered")]
fn answer(to: Ics, partstat: &'static str) -> Mail {
    let attendees = vec![partstat];
    Ics { method: "REPLY", attendees, ..to }.mail("Alice <alice@example.com>")
}

/// Another meeting at that time.
fn standup() -> Ics {
    Ics { uid: "standup@example.org", summary: "Standup", organizer: "carl@example.org", ..tea() }
}

#[tokio::test]
async fn an_update_and_a_cancellation_of_the_organizer_are_told_with_their_id() {
    let Some(world) = world().await else { return };
    let moved = Ics { sequence: 1, start: ":20261125T100000Z", end: ":20261125T110000Z", ..tea() };
    let cake = Ics { uid: "cake@example.org", ..tea() };
    let off = Ics { method: "CANCEL", uid: "cake@example.org", more: "STATUS:CANCELLED\r\n", ..tea() };
    fill(&world, vec![tea().mail(BOB), cake.mail(BOB), moved.mail(BOB), off.mail(BOB)], Vec::new());
    let event = read(&world, 1).await.events.remove(0);
    assert_eq!((event.later, event.later_id.unwrap().to_string()), ("updated", inbox(3)));
    let event = read(&world, 2).await.events.remove(0);
    assert_eq!((event.later, event.later_id.unwrap().to_string()), ("cancelled", inbox(4)));
    let newest = read(&world, 3).await.events.remove(0);
    assert_eq!((newest.later, newest.later_id), ("", None));
    let cancelled = read(&world, 4).await;
    assert_eq!((cancelled.method, cancelled.events[0].later), ("cancel", ""));
}

#[tokio::test]
async fn nobody_but_the_organizer_updates_or_cancels() {
    let Some(world) = world().await else { return };
    let forged = Ics { sequence: 5, ..tea() };
    let off = Ics { method: "CANCEL", sequence: 6, ..tea() };
    let own = Ics { organizer: "eve@evil.example", sequence: 7, ..tea() };
    let mails = [
        tea().mail(BOB),
        forged.mail("Bob <eve@evil.example>"),
        off.mail("eve@evil.example"),
        own.mail("eve@evil.example"),
    ];
    fill(&world, mails.into(), Vec::new());
    let event = read(&world, 1).await.events.remove(0);
    assert_eq!((event.later, event.later_id), ("", None));
    // It arrives later, and is told then.
    world.maildir.deliver("INBOX", 90, &Ics { method: "CANCEL", sequence: 1, ..tea() }.mail(BOB)).unwrap();
    assert_eq!(read(&world, 1).await.events[0].later, "cancelled");
}

#[tokio::test]
async fn what_the_person_answered_is_told_from_sent_alone() {
    let Some(world) = world().await else { return };
    let forged = answer(Ics { uid: "cake@example.org", ..tea() }, "alice@example.com ACCEPTED");
    let cake = Ics { uid: "cake@example.org", ..tea() };
    let sent = vec![answer(tea(), "alice@example.com TENTATIVE"), answer(cake, "carl@example.org DECLINED")];
    let cake = Ics { uid: "cake@example.org", ..tea() };
    fill(&world, vec![tea().mail(BOB), cake.mail(BOB), forged], sent);
    assert_eq!(read(&world, 1).await.events[0].answered, "tentative");
    assert_eq!(read(&world, 2).await.events[0].answered, "");
    // An update asks anew.
    world.maildir.deliver("INBOX", 90, &Ics { sequence: 1, ..tea() }.mail(BOB)).unwrap();
    let updated = read(&world, 1).await.events.remove(0).later_id.unwrap().to_string();
    let view = world.engine.invite(&world.principal, &updated).await.unwrap();
    assert_eq!(view.events[0].answered, "");
}

#[tokio::test]
async fn what_was_accepted_or_is_organized_at_that_time_is_a_conflict_and_nothing_else_is() {
    let Some(world) = world().await else { return };
    let with = |uid, summary| Ics { uid, summary, ..standup() };
    let carl = "Carl <carl@example.org>";
    let accepted =
        Ics { attendees: vec!["alice@example.com ACCEPTED"], ..with("1@x", "Told to have accepted") };
    let own =
        Ics { organizer: "alice@example.com", attendees: vec!["bob@example.org"], ..with("2@x", "Own") };
    let weekly = Ics {
        start: ";TZID=Europe/Berlin:20261103T103000",
        end: ";TZID=Europe/Berlin:20261103T104500",
        more: "RRULE:FREQ=WEEKLY\r\n",
        ..with("3@x", "Weekly")
    };
    let free = Ics { more: "TRANSP:TRANSPARENT\r\n", ..with("4@x", "Free") };
    let declined = with("5@x", "Declined");
    let unanswered = with("6@x", "Unanswered");
    let next = Ics { start: ":20261124T100000Z", end: ":20261124T110000Z", ..with("7@x", "Right after") };
    let off = with("8@x", "Cancelled");
    let forged =
        Ics { attendees: vec!["alice@example.com ACCEPTED"], ..with("9@x", "Somebody else's words") };
    let inbox = vec![
        tea().mail(BOB),
        accepted.mail(carl),
        weekly.mail(carl),
        free.mail(carl),
        declined.mail(carl),
        unanswered.mail(carl),
        next.mail(carl),
        off.mail(carl),
        Ics { method: "CANCEL", ..with("8@x", "Cancelled") }.mail(carl),
        forged.mail("eve@evil.example"),
    ];
    let yes = "alice@example.com ACCEPTED";
    let sent = vec![
        own.mail("alice@example.com"),
        answer(with("3@x", "Weekly"), yes),
        answer(with("4@x", "Free"), yes),
        answer(with("5@x", "Declined"), "alice@example.com DECLINED"),
        answer(
            Ics { start: ":20261124T100000Z", end: ":20261124T110000Z", ..with("7@x", "Right after") },
            yes,
        ),
        answer(with("8@x", "Cancelled"), yes),
        answer(with("10@x", "Only the answer is left"), "alice@example.com TENTATIVE"),
    ];
    fill(&world, inbox, sent);
    let view = read(&world, 1).await;
    let found: Vec<&str> = view.conflicts.iter().map(|conflict| conflict.summary.as_str()).collect();
    assert_eq!(found.len(), 4, "{found:?}");
    for summary in ["Told to have accepted", "Own", "Weekly", "Only the answer is left"] {
        assert!(found.contains(&summary), "{summary}: {found:?}");
    }
    let weekly = view.conflicts.iter().find(|conflict| conflict.summary == "Weekly").unwrap();
    assert_eq!((weekly.start, weekly.end), (datetime!(2026-11-24 9:30 UTC), datetime!(2026-11-24 9:45 UTC)));
    assert_eq!(weekly.id.to_string(), super::letters::inbox(3));
    assert!(view.back_to < datetime!(2026-06-01 0:00 UTC) && !view.is_cut);
}

#[tokio::test]
async fn an_occurrence_that_was_moved_away_is_no_conflict_any_more() {
    let Some(world) = world().await else { return };
    let series = Ics {
        start: ":20261117T093000Z",
        end: ":20261117T100000Z",
        more: "RRULE:FREQ=WEEKLY\r\n",
        ..standup()
    };
    let moved = Ics {
        sequence: 1,
        start: ":20261125T093000Z",
        end: ":20261125T100000Z",
        more: "RECURRENCE-ID:20261124T093000Z\r\n",
        ..standup()
    };
    let carl = "carl@example.org";
    let sent = vec![answer(standup(), "alice@example.com ACCEPTED")];
    fill(&world, vec![tea().mail(BOB), series.mail(carl)], sent);
    assert_eq!(read(&world, 1).await.conflicts.len(), 1);
    world.maildir.deliver("INBOX", 90, &moved.mail(carl)).unwrap();
    assert_eq!(read(&world, 1).await.conflicts, []);
}

#[tokio::test]
async fn who_takes_the_uid_of_another_event_changes_nothing_of_it() {
    let Some(world) = world().await else { return };
    let eve = "eve@evil.example";
    let moved = Ics {
        organizer: eve,
        sequence: 9,
        start: ":20270101T100000Z",
        end: ":20270101T110000Z",
        ..standup()
    };
    let off = Ics { method: "CANCEL", organizer: eve, sequence: 9, ..standup() };
    let sent = vec![answer(standup(), "alice@example.com ACCEPTED")];
    let inbox = vec![tea().mail(BOB), standup().mail("carl@example.org"), moved.mail(eve), off.mail(eve)];
    fill(&world, inbox, sent);
    let conflicts = read(&world, 1).await.conflicts;
    assert_eq!((conflicts.len(), conflicts[0].summary.as_str()), (1, "Standup"));
    assert_eq!(read(&world, 2).await.events[0].answered, "accept");
    assert_eq!(read(&world, 3).await.events[0].answered, "");
}

#[tokio::test]
async fn mail_that_the_grant_does_not_see_tells_it_nothing() {
    let Some(mut world) = world().await else { return };
    let old = Ics { attendees: vec!["alice@example.com ACCEPTED"], ..standup() }.mail("carl@example.org");
    let old = Mail::new(old.raw, NOW - 20 * 86_400);
    let sent = vec![answer(tea(), "alice@example.com ACCEPTED")];
    fill(&world, vec![tea().mail(BOB), old], sent);
    let all = read(&world, 1).await;
    assert_eq!((all.conflicts.len(), all.events[0].answered), (1, "accept"));
    world.principal.limits =
        Limits { nothing_before: Some(datetime!(2026-11-10 0:00 UTC)), ..world.principal.limits.clone() };
    let young = read(&world, 1).await;
    assert_eq!((young.conflicts.len(), young.events[0].answered), (0, "accept"));
    assert_eq!(young.back_to, datetime!(2026-11-10 0:00 UTC));
    world.principal.limits = Limits { folders: vec!["@inbox".into()], ..Limits::default() };
    let inbox = read(&world, 1).await;
    assert_eq!((inbox.conflicts.len(), inbox.events[0].answered), (1, ""));
}
