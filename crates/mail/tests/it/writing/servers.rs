//! The same on the real Dovecot, Cyrus and Courier.

use std::time::Duration;

use domain::{Endpoint, Flag, Role, Timestamp, TlsMode};
use mail::{
    Error,
    imap::{
        Pool,
        make_role::MakeRole,
        marked::WithHeader,
        part::Found,
        stored::{TextWindow, WholeHeader},
        write::{Appending, NotAppended, Placed, Removed, Stored},
    },
};
use net::{Outgoing, PrivateHosts};
use testkit::{
    Courier, Cyrus, Dovecot, Mail, Options, OtherClient, Proxy, proxy::Faults, require_courier,
    require_cyrus, require_dovecot,
};

use super::Pieces;
use crate::script::pool_settings;

/// A running server, whatever it is, and somebody else at the same mailbox.
pub(crate) struct World {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    prefix: &'static str,
    pub(crate) other: OtherClient,
    pub(crate) server: Box<dyn std::any::Any>,
}

fn world<S: 'static>(name: &'static str, server: S, port: u16, prefix: &'static str) -> World {
    let other = OtherClient::sign_in_at(port, "alice", "alice-secret").unwrap();
    World { name, port, prefix, other, server: Box::new(server) }
}

pub(crate) fn dovecot(options: Options) -> Option<World> {
    require_dovecot(options).map(|server: Dovecot| {
        let port = server.imap_port();
        world("dovecot", server, port, "")
    })
}

pub(crate) fn cyrus() -> Option<World> {
    require_cyrus().map(|server: Cyrus| {
        let port = server.port();
        world("cyrus", server, port, "")
    })
}

pub(crate) fn courier() -> Option<World> {
    require_courier().map(|server: Courier| {
        let port = server.port();
        world("courier", server, port, "INBOX.")
    })
}

pub(crate) fn pool_at(port: u16) -> Pool {
    let endpoint = Endpoint { host: "localhost".into(), port, tls: TlsMode::None, username: "alice".into() };
    let outgoing =
        Outgoing::new(net::Settings { private_hosts: PrivateHosts::Allow, ..net::Settings::default() });
    Pool::new(pool_settings(endpoint, "alice-secret", outgoing, Duration::from_mins(5)))
}

impl World {
    pub(crate) fn pool(&self) -> Pool {
        pool_at(self.port)
    }

    pub(crate) fn wire_name(&self, folder: &str) -> Vec<u8> {
        format!("{}{folder}", self.prefix).into_bytes()
    }

    pub(crate) fn create(&mut self, folder: &str) -> Vec<u8> {
        let name = self.wire_name(folder);
        self.other.run(&format!("CREATE \"{}\"", String::from_utf8_lossy(&name))).unwrap();
        name
    }

    /// The UIDs in a folder and their flags, as the server tells somebody else.
    pub(crate) fn flags(&mut self, folder: &[u8]) -> Vec<(u32, Vec<Flag>)> {
        let name = String::from_utf8_lossy(folder).into_owned();
        self.other.run(&format!("EXAMINE \"{name}\"")).unwrap();
        let lines = self.other.run("UID FETCH 1:* (UID FLAGS)").unwrap();
        let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse();
        let mut all: Vec<_> = lines
            .iter()
            .filter(|line| line.contains(" FETCH ("))
            .map(|line| {
                let uid = number(line.split_once("UID ").unwrap().1).unwrap();
                let flags = line.split_once("FLAGS (").unwrap().1.split_once(')').unwrap().0;
                let flags = flags.split_whitespace().map(Flag::parse);
                let mut flags: Vec<_> = flags.filter(|flag| flag.as_str() != "\\Recent").collect();
                flags.sort();
                (uid, flags)
            })
            .collect();
        all.sort();
        all
    }

    pub(crate) fn uids(&mut self, folder: &[u8]) -> Vec<u32> {
        self.flags(folder).into_iter().map(|(uid, _)| uid).collect()
    }
}

pub(crate) fn message(subject: &str, lines: usize) -> String {
    let head = format!(
        "From: Alice <alice@example.com>\r\nTo: Bob <bob@example.org>\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@example.com>\r\nX-Postroom-Draft: drf_{subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    );
    head + &"Grüße aus dem Süden, und noch mehr davon in dieser Zeile.\r\n".repeat(lines)
}

fn appending<'a>(mailbox: &'a [u8], flags: &'a [Flag], text: &str) -> Appending<'a> {
    Appending { mailbox, flags, size: text.len() as u64, ..Appending::default() }
}

pub(crate) async fn append(pool: &Pool, mailbox: &[u8], text: &str) -> Placed {
    let what = appending(mailbox, &[], text);
    pool.append(&what, &mut Pieces::of(text)).await.unwrap().unwrap()
}

/// Header, flags, time of receipt and the rest, as stored.
async fn whole(pool: &Pool, mailbox: &[u8], at: Placed) -> (String, Vec<Flag>, Option<Timestamp>) {
    let Placed { validity, uid } = at;
    let head = pool.ask(Some(mailbox), &WholeHeader { mailbox, validity, uid }).await.unwrap();
    let Found::Here(head) = head else { panic!("{head:?}") };
    let mut octets = head.header.to_vec();
    let mut from = 0;
    loop {
        let window = TextWindow { mailbox, validity, uid, from, octets: 1 << 20 };
        let Found::Here(data) = pool.ask(Some(mailbox), &window).await.unwrap() else { panic!("gone") };
        from += data.len() as u64;
        octets.extend_from_slice(&data);
        if data.len() < 1 << 20 {
            break;
        }
    }
    (String::from_utf8(octets).unwrap(), head.flags, head.received)
}

async fn what_is_appended_is_kept_as_it_was(mut world: World) {
    let pool = world.pool();
    let folder = world.create("Things");
    let text = message("kept", 3);
    let received = Timestamp::from_unix_timestamp(1_700_000_000).unwrap();
    let flags = [Flag::Seen, Flag::Draft];
    let what = Appending { received: Some(received), ..appending(&folder, &flags, &text) };
    for pieces in [usize::MAX, 7] {
        let placed = pool.append(&what, &mut Pieces::cut(text.as_bytes(), pieces)).await.unwrap().unwrap();
        let (stored, mut flags, at) = whole(&pool, &folder, placed).await;
        flags.retain(|flag| flag.as_str() != "\\Recent");
        flags.sort();
        assert_eq!((stored, flags), (text.clone(), vec![Flag::Seen, Flag::Draft]), "{}", world.name);
        assert_eq!(at.unwrap().unix_timestamp(), 1_700_000_000, "{}", world.name);
    }
    let gone = WholeHeader { mailbox: &folder, validity: 1, uid: 1 };
    assert_eq!(pool.ask(None, &gone).await.unwrap(), Found::Stale);
}

async fn a_large_message_takes_the_memory_of_a_few_pieces(world: World) {
    let pool = world.pool();
    let text = message("large", 25 << 20 >> 6);
    assert!(text.len() > 23_000_000);
    let proxy =
        Proxy::start(world.port, Faults { delay: Duration::from_millis(5), ..Faults::default() }).unwrap();
    let pool_through = pool_at(proxy.port());
    let mut source = Pieces::cut(text.as_bytes(), 50_000);
    let placed = pool_through.append(&appending(b"INBOX", &[], &text), &mut source).await.unwrap().unwrap();
    assert_eq!(source.gauge.read(), text.len() as u64);
    assert!(source.gauge.most_alive() <= 300_000, "{}: {:?}", world.name, source.gauge);
    assert!(whole(&pool, b"INBOX", placed).await.0 == text, "{}: it was changed", world.name);
}

async fn what_others_marked_stays_when_messages_are_removed(mut world: World) {
    let pool = world.pool();
    let folder = world.create("Drafty");
    let mut placed = Vec::new();
    for number in 0..5 {
        placed.push(append(&pool, &folder, &message(&format!("n{number}"), 1)).await);
    }
    let uids: Vec<u32> = placed.iter().map(|placed| placed.uid).collect();
    let validity = placed[0].validity;
    let name = String::from_utf8_lossy(&folder).into_owned();
    world.other.run(&format!("SELECT \"{name}\"")).unwrap();
    world.other.run(&format!("UID STORE {},{} +FLAGS (\\Deleted)", uids[1], uids[2])).unwrap();
    let removed = pool.remove(&folder, validity, &[uids[0], uids[2]]).await.unwrap();
    assert_eq!(removed, Removed::Gone, "{}", world.name);
    let expected = vec![(uids[1], vec![Flag::Deleted]), (uids[3], vec![]), (uids[4], vec![])];
    assert_eq!(world.flags(&folder), expected, "{}", world.name);
    // Again, and with another validity: nothing more.
    assert_eq!(pool.remove(&folder, validity, &[uids[0]]).await.unwrap(), Removed::Gone);
    assert_eq!(pool.remove(&folder, validity + 1, &uids).await.unwrap(), Removed::Stale);
    assert_eq!(world.flags(&folder), expected, "{}", world.name);
}

async fn flags_are_set_and_taken_away(mut world: World) {
    let pool = world.pool();
    let folder = world.create("Flags");
    let placed = append(&pool, &folder, &message("flags", 1)).await;
    let Placed { validity, uid } = placed;
    let forwarded = Flag::Keyword("$Forwarded".into());
    let done = Stored::Done { left_out: Vec::new() };
    // It is open for reading first: that must not be taken for open for changes.
    whole(&pool, &folder, placed).await;
    let add = [Flag::Answered, forwarded.clone()];
    assert_eq!(pool.store_flags(&folder, validity, &[uid], &add, &[]).await.unwrap(), done);
    assert_eq!(world.flags(&folder), [(uid, vec![Flag::Answered, forwarded])], "{}", world.name);
    let stored = pool.store_flags(&folder, validity, &[uid, 4_000], &[Flag::Seen], &add).await.unwrap();
    assert_eq!(stored, done);
    assert_eq!(world.flags(&folder), [(uid, vec![Flag::Seen])], "{}", world.name);
    let stale = pool.store_flags(&folder, validity + 1, &[uid], &[Flag::Deleted], &[]).await.unwrap();
    assert_eq!(stale, Stored::Stale);
}

async fn a_missing_folder_is_a_refusal_and_the_connection_stays(world: World) {
    let proxy = Proxy::start(world.port, Faults::default()).unwrap();
    let pool = pool_at(proxy.port());
    for lines in [1, 20_000] {
        let text = message("lost", lines);
        let missing = world.wire_name("Missing");
        let mut source = Pieces::cut(text.as_bytes(), 10_000);
        let refused = pool.append(&appending(&missing, &[], &text), &mut source).await;
        match refused {
            Err(NotAppended::Refused(Error::Refused { code: Some(code), .. })) => {
                assert_eq!(code, "TRYCREATE", "{}", world.name);
            }
            other => panic!("{}: {other:?}", world.name),
        }
        if lines > 1 {
            assert_eq!(source.gauge.read(), 0, "{}: asked before it was read", world.name);
        }
    }
    append(&pool, b"INBOX", &message("found", 1)).await;
    assert_eq!(proxy.connections(), 1, "{}", world.name);
}

async fn a_cut_never_leaves_half_a_message(mut world: World) {
    for (size, cut) in [(1, 250), (1, 420), (1, 5_000), (20_000, 1_100_000), (450_000, 300_000)] {
        let folder = world.create(&format!("Cut{size}at{cut}"));
        let text = message("cut", size);
        let faults = Faults { cut_after_asked: Some(cut), ..Faults::default() };
        let proxy = Proxy::start(world.port, faults).unwrap();
        let pool = pool_at(proxy.port());
        let outcome =
            pool.append(&appending(&folder, &[], &text), &mut Pieces::cut(text.as_bytes(), 30_000)).await;
        let is_told = matches!(outcome, Err(NotAppended::Before(_) | NotAppended::During(_)))
            || outcome.is_ok() && cut > text.len();
        assert!(is_told, "{}: {outcome:?}", world.name);
        if text.len() > 20_000_000 {
            // More than the system keeps on the way: we know that it did not arrive.
            assert!(matches!(outcome, Err(NotAppended::Before(_))), "{}: {outcome:?}", world.name);
        }
        for uid in world.uids(&folder) {
            let pool = world.pool();
            let found = WithHeader { mailbox: &folder, field: "Subject", value: "cut", limit: 9 };
            let found = pool.ask(None, &found).await.unwrap();
            let marked = found.iter().find(|marked| marked.uid == uid).unwrap();
            let stored = whole(&pool, &folder, Placed { validity: marked.validity, uid }).await.0;
            assert!(stored == text, "{}: half a message was stored", world.name);
            assert!(
                !matches!(outcome, Err(NotAppended::Before(_))),
                "{}: stored, but not so told",
                world.name
            );
        }
    }
}

async fn folders_of_roles_are_found_or_made(mut world: World) {
    let pool = world.pool();
    for role in [Role::Drafts, Role::Sent] {
        let name = if role == Role::Sent { "Sent" } else { "Drafts" };
        if world.name == "cyrus" {
            // It makes them at the first sign-in, and lets nobody delete them while they have their use.
            world.other.run(&format!("SETMETADATA {name} (/private/specialuse NIL)")).unwrap();
            world.other.run(&format!("DELETE {name}")).unwrap();
        }
        let made = pool.ask(None, &MakeRole { role }).await.unwrap();
        assert_eq!(
            (made.role, made.is_selectable, made.is_subscribed),
            (Some(role), true, true),
            "{}",
            world.name
        );
        assert_eq!(made.wire_name, world.wire_name(name), "{}", world.name);
        // It is there from now on.
        assert_eq!(pool.ask(None, &MakeRole { role }).await.unwrap(), made);
        append(&pool, &made.wire_name, &message("filed", 1)).await;
    }
    let refused = pool.ask(None, &MakeRole { role: Role::Flagged }).await;
    assert!(matches!(refused, Err(Error::NotSupported(_))));
}

async fn drafts_are_found_by_their_handle(mut world: World) {
    let pool = world.pool();
    let folder = world.create("Handles");
    let none = WithHeader { mailbox: &folder, field: "X-Postroom-Draft", value: "drf_", limit: 10 };
    assert_eq!(pool.ask(Some(&folder), &none).await.unwrap(), []);
    // Put there by somebody else, while it is open here.
    let name = String::from_utf8_lossy(&folder).into_owned();
    for subject in ["one", "two", "three"] {
        world.other.append(&name, &Mail::new(message(subject, 1), 1_700_000_000)).unwrap();
    }
    let all = pool.ask(Some(&folder), &none).await.unwrap();
    let values: Vec<_> = all.iter().map(|marked| marked.value.as_str()).collect();
    assert_eq!(values, ["drf_three", "drf_two", "drf_one"], "{}", world.name);
    let one = WithHeader { value: "DRF_two", ..none };
    let found = pool.ask(Some(&folder), &one).await.unwrap();
    assert_eq!(found.iter().map(|m| m.summary.envelope.subject.as_str()).collect::<Vec<_>>(), ["two"]);
    let by_id = WithHeader { mailbox: &folder, field: "Message-ID", value: "<one@example.com>", limit: 1 };
    assert_eq!(pool.ask(Some(&folder), &by_id).await.unwrap().len(), 1, "{}", world.name);
    let limited = WithHeader {
        limit: 2,
        ..WithHeader { mailbox: &folder, field: "X-Postroom-Draft", value: "drf_", limit: 0 }
    };
    assert_eq!(pool.ask(Some(&folder), &limited).await.unwrap().len(), 2);
}

async fn a_draft_is_replaced(mut world: World) {
    let pool = world.pool();
    let folder = world.create("Replaced");
    let old = append(&pool, &folder, &message("old", 1)).await;
    let text = message("new", 2);
    let what = appending(&folder, &[Flag::Draft], &text);
    let new = pool.replace(&what, &old, &mut Pieces::of(&text)).await.unwrap().unwrap();
    assert_eq!(world.flags(&folder), [(new.uid, vec![Flag::Draft])], "{}", world.name);
    // The old one is gone already, or of another time.
    for old in [old, Placed { validity: old.validity + 1, uid: new.uid }] {
        pool.replace(&what, &old, &mut Pieces::of(&text)).await.unwrap().unwrap();
    }
    assert_eq!(world.uids(&folder).len(), 3, "{}", world.name);
}

async fn utf8_in_the_header_is_kept(mut world: World) {
    let pool = world.pool();
    let folder = world.create("Eight");
    let text = message("Grüße", 1).replace("Message-ID: <Grüße", "Message-ID: <1");
    for is_utf8 in [true, false] {
        let what = Appending { is_utf8, ..appending(&folder, &[], &text) };
        match pool.append(&what, &mut Pieces::of(&text)).await {
            Ok(placed) => {
                let stored = whole(&pool, &folder, placed.unwrap()).await.0;
                // Cyrus makes it seven bits; nothing can be done about that.
                let expected = if world.name == "cyrus" {
                    text.replacen("Grüße", &format!("Gr{}e", "X".repeat(4)), 2)
                } else {
                    text.clone()
                };
                assert_eq!(stored, expected, "{}", world.name);
            }
            Err(error) => panic!("{}: {is_utf8} {error:?}", world.name),
        }
    }
}

macro_rules! on_all {
    ($($name:ident)+) => {$(
        mod $name {
            #[tokio::test]
            async fn on_dovecot() {
                if let Some(world) = super::dovecot(super::Options::default()) { super::$name(world).await }
            }

            #[tokio::test]
            async fn on_cyrus() {
                if let Some(world) = super::cyrus() { super::$name(world).await }
            }

            #[tokio::test]
            async fn on_courier() {
                if let Some(world) = super::courier() { super::$name(world).await }
            }
        }
    )+};
}

on_all! {
    what_is_appended_is_kept_as_it_was
    a_large_message_takes_the_memory_of_a_few_pieces
    what_others_marked_stays_when_messages_are_removed
    flags_are_set_and_taken_away
    a_missing_folder_is_a_refusal_and_the_connection_stays
    a_cut_never_leaves_half_a_message
    folders_of_roles_are_found_or_made
    drafts_are_found_by_their_handle
    a_draft_is_replaced
    utf8_in_the_header_is_kept
}

#[tokio::test]
async fn without_uidplus_the_marks_of_others_are_put_back() {
    let Some(world) = dovecot(Options::default().without(&["UIDPLUS"])) else { return };
    what_others_marked_stays_when_messages_are_removed(world).await;
}

#[tokio::test]
async fn without_literal_plus_everything_is_asked_first() {
    let Some(world) = dovecot(Options::default().without(&["LITERAL+"])) else { return };
    what_is_appended_is_kept_as_it_was(world).await;
}

#[tokio::test]
async fn folders_of_roles_are_made_below_a_prefix() {
    let options = Options {
        special_use: false,
        namespace_prefix: "INBOX.".into(),
        separator: '.',
        ..Options::default()
    };
    let Some(world) = dovecot(options) else { return };
    folders_of_roles_are_found_or_made(World { prefix: "INBOX.", ..world }).await;
}

#[tokio::test]
async fn a_full_mailbox_is_a_refusal_before_the_message_is_read() {
    let extra_settings = "plugin {\n  quota_rule = *:storage=200K\n}\n".to_owned();
    let Some(world) = dovecot(Options { extra_settings, ..Options::default() }) else { return };
    let pool = world.pool();
    let text = message("full", 20_000);
    let mut source = Pieces::of(&text);
    let refused = pool.append(&appending(b"INBOX", &[], &text), &mut source).await;
    let Err(NotAppended::Refused(Error::Refused { code: Some(code), .. })) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(code, "OVERQUOTA");
    append(&pool, b"INBOX", &message("fits", 1)).await;
}
