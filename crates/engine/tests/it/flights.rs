//! Round trips, counted by a proxy: the whole cost of a call to a real provider.

use domain::{FolderArg, Limits, Principal};
use engine::{
    Engine,
    attachment::Form,
    people::PeopleRequest,
    read::{Outcome, View},
    search::{Page, SearchRequest},
};
use testkit::{
    Dovecot, Mail, Maildir, Options, Proxy, deliver, maildir::Numbering, proxy::Faults, require_dovecot,
};

use crate::world::{NOW, credentials, new_engine, principal_with, settings};

struct Counted {
    dovecot: Dovecot,
    proxy: Proxy,
    engine: Engine,
    principal: Principal,
}

/// 70 messages in INBOX and 20 in each of five other folders, behind a proxy that counts.
fn counted() -> Option<Counted> {
    let dovecot = require_dovecot(Options { lmtp: true, ..Options::default() })?;
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    for (folder, count) in [("INBOX", 70), ("A", 20), ("B", 20), ("C", 20), ("D", 20), ("E", 20)] {
        let mails = (1..=count).map(|n| Mail::new(shaped(folder, n), NOW + n));
        maildir.fill(folder, Numbering { uid_validity: 17, first_uid: 1 }, mails).unwrap();
    }
    let proxy = Proxy::start(dovecot.imap_port(), Faults::default()).unwrap();
    let mut through = settings(&dovecot);
    through.imap.port = proxy.port();
    let principal = principal_with(through, credentials("alice-secret"), Limits::default());
    Some(Counted { dovecot, proxy, engine: new_engine(), principal })
}

/// The shapes that mail has, by number: text, alternative, mixed with a file, mixed around an alternative,
/// and one that no guess covers.
fn shaped(folder: &str, number: u64) -> String {
    let head = format!("From: b@example.org\r\nSubject: {folder} {number}\r\nMIME-Version: 1.0\r\n");
    let plain = "Content-Type: text/plain\r\n\r\nsome plain words\r\n";
    let html = "Content-Type: text/html\r\n\r\n<p>some other words\r\n";
    let file = "Content-Type: application/pdf; name=f.pdf\r\n\r\n%PDF\r\n";
    let multi = |kind: &str, boundary: &str, parts: &[&str]| {
        let parts: Vec<String> = parts.iter().map(|part| format!("--{boundary}\r\n{part}")).collect();
        format!(
            "Content-Type: multipart/{kind}; boundary={boundary}\r\n\r\n{}--{boundary}--\r\n",
            parts.concat()
        )
    };
    let alternative = multi("alternative", "a", &[plain, html]);
    let body = match number {
        2 => alternative,
        3 => multi("mixed", "m", &[plain, file]),
        4 => multi("mixed", "m", &[&alternative, file]),
        5 => multi("mixed", "m", &[&multi("related", "r", &[&alternative, file]), file]),
        _ => plain.to_owned(),
    };
    head + &body
}

impl Counted {
    /// What `call` answers, and the round trips it took.
    async fn flights<T>(&self, call: impl Future<Output = T>) -> (T, usize) {
        let before = self.proxy.flights();
        let answer = call.await;
        (answer, self.proxy.flights() - before)
    }

    async fn search(&self, query: &str, folder: Option<&str>, limit: usize) -> (Page, usize) {
        let folder = folder.map(FolderArg::parse);
        let request = SearchRequest { query: query.into(), folder, limit, ..SearchRequest::default() };
        let (page, flights) = self.flights(self.engine.search(&self.principal, request)).await;
        (page.unwrap(), flights)
    }

    async fn read(&self, id: &str) -> (String, usize) {
        let ids = [id.to_owned()];
        let (outcomes, flights) = self.flights(self.engine.read(&self.principal, &ids, View::Text)).await;
        let Outcome::Message(message) = outcomes.unwrap().remove(0) else { panic!("{id}") };
        (message.body, flights)
    }
}

#[tokio::test]
async fn newest_fifty_take_one_round_trip_and_two_when_mail_arrived_or_the_folder_is_not_open() {
    let Some(world) = counted() else { return };
    world.search("", None, 50).await;
    let (page, flights) = world.search("", None, 50).await;
    assert_eq!((page.rows.len(), flights), (50, 1));
    deliver(&world.dovecot, "alice", "Subject: just now\r\n\r\nhello\r\n").unwrap();
    let (page, flights) = world.search("", None, 50).await;
    assert_eq!(page.rows[0].subject, "just now");
    assert!(flights <= 2, "{flights} when mail arrived");
    let (page, flights) = world.search("", Some("A"), 50).await;
    assert_eq!(page.rows.len(), 20);
    assert!(flights <= 2, "{flights} when not open");
}

#[tokio::test]
async fn reading_after_a_search_takes_one_round_trip_whatever_the_shape() {
    let Some(world) = counted() else { return };
    for query in ["subject:INBOX", ""] {
        let (page, _) = world.search(query, Some("@inbox"), 100).await;
        for row in page.rows.iter().filter(|row| row.id.uid <= 6) {
            let (body, flights) = world.read(&row.id.to_string()).await;
            assert!(body.contains("words"), "{body}");
            assert_eq!(flights, 1, "{}", row.subject);
        }
    }
}

#[tokio::test]
async fn a_cold_read_takes_one_round_trip_for_common_shapes_and_two_for_others() {
    for (number, at_most) in [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2)] {
        let Some(world) = counted() else { return };
        // The folder is open, the message was never seen.
        world.search("", None, 1).await;
        let (body, flights) = world.read(&format!("work/@inbox:{number}@h")).await;
        assert!(body.contains("words"), "{body}");
        assert!(flights <= at_most, "{flights} for shape {number}");
    }
}

#[tokio::test]
async fn folders_with_counts_take_one_round_trip() {
    let Some(world) = counted() else { return };
    world.search("", None, 1).await;
    let (folders, flights) = world.flights(world.engine.folders(&world.principal, None, true)).await;
    assert_eq!((folders.unwrap().len() >= 6, flights), (true, 1));
}

#[tokio::test]
async fn a_search_takes_two_round_trips_over_one_folder_or_all() {
    let Some(world) = counted() else { return };
    world.search("", None, 1).await;
    world.engine.folders(&world.principal, None, true).await.unwrap();
    for (folder, total) in [(Some("@inbox"), 70), (Some("B"), 20), (None, 170)] {
        let (page, flights) = world.search("words", folder, 20).await;
        assert_eq!(page.total, total, "{folder:?}");
        assert!(flights <= 2, "{flights} over {folder:?}");
    }
}

#[tokio::test]
async fn people_take_two_round_trips_and_a_file_two() {
    let Some(world) = counted() else { return };
    world.search("", None, 1).await;
    world.engine.folders(&world.principal, None, true).await.unwrap();
    let request = PeopleRequest { query: "example".into(), account: None };
    let (people, flights) = world.flights(world.engine.people(&world.principal, request)).await;
    assert_eq!((people.unwrap().people.len(), flights), (1, 2));
    world.read("work/@inbox:3@h").await;
    let file = world.engine.attachment(&world.principal, "work/@inbox:3@h", 1, Form::Octets);
    let (file, flights) = world.flights(file).await;
    assert_eq!(file.unwrap().name, "f.pdf");
    assert!(flights <= 2, "{flights} for a file");
}

#[tokio::test]
async fn an_invite_takes_three_round_trips_once_the_mail_around_it_is_known() {
    let Some(world) = counted() else { return };
    let raw = "From: bob@example.org\r\nSubject: Tea\r\nMIME-Version: 1.0\r\n\
        Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\n\
        BEGIN:VEVENT\r\nUID:1\r\nORGANIZER:mailto:bob@example.org\r\nDTSTART:20261201T100000Z\r\nSUMMARY:Tea\r\n\
        END:VEVENT\r\nEND:VCALENDAR\r\n";
    let maildir = Maildir::of(&world.dovecot, "alice").unwrap();
    maildir.deliver("INBOX", 71, &Mail::new(raw, NOW + 100)).unwrap();
    world.engine.folders(&world.principal, None, true).await.unwrap();
    world.search("", Some("@inbox"), 1).await;
    // The message, its calendar; which mail there is, what is new of it, the calendars in that.
    for expected in [5, 3, 3] {
        let invite = world.engine.invite(&world.principal, "work/@inbox:71@h");
        let (invite, flights) = world.flights(invite).await;
        assert_eq!((invite.unwrap().events[0].summary.as_str(), flights), ("Tea", expected));
    }
}
