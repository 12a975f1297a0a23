//! The same on the real Dovecot, with and without what it can do best, on Cyrus and on Courier (which has
//! no MOVE).

use std::time::Duration;

use bytes::Bytes;
use domain::Flag;
use mail::{
    Error,
    imap::{
        Pool,
        change::{Changed, End, FlagChange, FlagsChanged, How, Messages, Revert, Reverted, Transferred},
        folder::List,
    },
};
use testkit::{Mail, Maildir, Options, Proxy, maildir::Numbering, proxy::Faults};

use crate::writing::servers::{World, courier, cyrus, dovecot, message, pool_at};

fn done<T: std::fmt::Debug>(changed: Changed<T>) -> T {
    match changed {
        Changed::Done(done) => done,
        Changed::Stale => panic!("stale"),
    }
}

/// So many messages, put there by somebody else; their UIDVALIDITY and UIDs.
fn fill(world: &mut World, folder: &[u8], count: u32) -> (u32, Vec<u32>) {
    let name = String::from_utf8_lossy(folder).into_owned();
    for number in 0..count {
        let mail = Mail::new(message(&format!("m{number}"), 1), 1_700_000_000 + u64::from(number));
        world.other.append(&name, &mail).unwrap();
    }
    let opened = world.other.run(&format!("EXAMINE \"{name}\"")).unwrap().join("\n");
    let validity = opened.split_once("[UIDVALIDITY ").unwrap().1;
    let validity = validity.split_once(']').unwrap().0.parse().unwrap();
    (validity, world.uids(folder))
}

/// A pool behind a proxy that counts round trips, with `folder` open for changes and these messages known.
async fn counted(world: &World, folder: &[u8], validity: u32, uids: &[u32]) -> (Pool, Proxy) {
    let proxy =
        Proxy::start(world.port, Faults { delay: Duration::from_millis(15), ..Faults::default() }).unwrap();
    let pool = pool_at(proxy.port());
    if !folder.is_empty() {
        change(&pool, &Messages { mailbox: folder, validity, uids }, &[], &[]).await;
    }
    (pool, proxy)
}

async fn change(pool: &Pool, messages: &Messages<'_>, add: &[Flag], remove: &[Flag]) -> FlagsChanged {
    let change = FlagChange { add, remove, ..FlagChange::default() };
    done(pool.change_flags(messages, &change).await.unwrap())
}

async fn moved(pool: &Pool, messages: &Messages<'_>, to: &[u8], how: How) -> Transferred {
    done(pool.transfer(messages, to, how).await.unwrap())
}

async fn a_hundred_are_marked_in_one_round_trip(mut world: World) {
    let folder = world.create("Marked");
    let (validity, uids) = fill(&mut world, &folder, 100);
    let (pool, proxy) = counted(&world, &folder, validity, &uids).await;
    let before = proxy.flights();
    let messages = Messages { mailbox: &folder, validity, uids: &uids };
    let changed = change(&pool, &messages, &[Flag::Seen], &[]).await;
    assert_eq!(proxy.flights() - before, 1, "{}", world.name);
    assert_eq!(changed.messages.len(), 100, "{}", world.name);
    assert!(changed.messages.iter().all(|(was, _)| was.flags.is_empty()), "{}", world.name);
    assert_eq!(changed.messages[0].0.received.unwrap().unix_timestamp(), 1_700_000_000);
    // A change of nothing tells which they are.
    let told = change(&pool, &messages, &[], &[]).await;
    let (first, _) = &told.messages[0];
    assert_eq!(first.message_id.as_deref(), Some("<m0@example.com>"));
    assert_eq!(first.received.unwrap().unix_timestamp(), 1_700_000_000);
    assert!(first.size.unwrap() > 100 && first.flags.contains(&Flag::Seen));
    let now = world.flags(&folder);
    assert!(now.iter().all(|(_, flags)| *flags == [Flag::Seen]), "{}: {now:?}", world.name);
}

async fn a_hundred_are_moved_in_few_round_trips(mut world: World) {
    let (folder, target) = (world.create("From"), world.create("To"));
    let (validity, uids) = fill(&mut world, &folder, 110);
    let (pool, proxy) = counted(&world, &folder, validity, &uids).await;
    let (has_move, has_uid_plus) = {
        let session = pool.lease(None).await.unwrap();
        (session.capabilities().has_move(), session.capabilities().has_uid_plus())
    };
    let messages = Messages { mailbox: &folder, validity, uids: &uids[..100] };
    let before = proxy.flights();
    let outcome = moved(&pool, &messages, &target, How::Move).await;
    let flights = proxy.flights() - before;
    let expected = if has_move {
        1
    } else if has_uid_plus {
        2
    } else {
        3
    };
    assert_eq!(flights, expected, "{}", world.name);
    assert!(outcome.trouble.is_none(), "{}: {:?}", world.name, outcome.trouble);
    assert_eq!(outcome.messages.len(), 100);
    assert!(outcome.messages.iter().all(|message| message.end == End::Done), "{}", world.name);
    assert_eq!(world.uids(&folder), uids[100..], "{}", world.name);
    let there = world.uids(&target);
    assert_eq!(there.len(), 100, "{}", world.name);
    if has_uid_plus {
        let told: Vec<u32> = outcome.messages.iter().map(|message| message.to.unwrap().uid).collect();
        assert_eq!(told, there, "{}", world.name);
    }
    // From a connection that has nothing open: one more.
    pool.close();
    let (pool, proxy) = counted(&world, b"", 0, &[]).await;
    drop(pool.lease(None).await.unwrap());
    let before = proxy.flights();
    moved(&pool, &Messages { uids: &uids[100..], ..messages }, &target, How::Move).await;
    assert_eq!(proxy.flights() - before, expected + 1, "{}", world.name);
    assert_eq!(world.uids(&folder), Vec::<u32>::new());
}

/// The Message-IDs in a folder, without what is the same of all.
fn ids(world: &mut World, folder: &[u8]) -> Vec<String> {
    let name = String::from_utf8_lossy(folder).into_owned();
    let opened = world.other.run(&format!("EXAMINE \"{name}\"")).unwrap();
    if opened.iter().any(|line| line == "* 0 EXISTS") {
        world.other.run("CLOSE").unwrap();
        return Vec::new();
    }
    let lines = world.other.run("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])").unwrap();
    let id = |line: &String| Some(line.split_once('<')?.1.split_once("@example.com>")?.0.to_owned());
    let mut ids: Vec<String> = lines.iter().filter_map(id).collect();
    ids.sort();
    // Courier takes nothing more while it is open for reading.
    world.other.run("CLOSE").unwrap();
    ids
}

async fn has_condstore(pool: &Pool) -> bool {
    pool.lease(None).await.unwrap().capabilities().has("CONDSTORE")
}

fn ends(outcome: &Transferred) -> Vec<(u32, End)> {
    outcome.messages.iter().map(|message| (message.was.uid, message.end)).collect()
}

fn refusal(outcome: Result<Changed<Transferred>, Error>) -> String {
    match outcome {
        Err(Error::Refused { code, .. }) => code.unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

async fn what_others_marked_survives_moves(mut world: World) {
    let (folder, target) = (world.create("Mixed"), world.create("Sorted"));
    let (validity, uids) = fill(&mut world, &folder, 6);
    let pool = world.pool();
    change(&pool, &Messages { mailbox: &folder, validity, uids: &uids }, &[Flag::Flagged], &[]).await;
    let name = String::from_utf8_lossy(&folder).into_owned();
    world.other.run(&format!("SELECT \"{name}\"")).unwrap();
    world.other.run(&format!("UID STORE {},{} +FLAGS (\\Deleted)", uids[1], uids[2])).unwrap();
    // One of those that are moved is marked as well.
    let wanted = [uids[0], uids[2], uids[5], 4_000];
    let messages = Messages { mailbox: &folder, validity, uids: &wanted };
    let outcome = moved(&pool, &messages, &target, How::Move).await;
    let expected = [(uids[0], End::Done), (uids[2], End::Done), (uids[5], End::Done)];
    assert_eq!(ends(&outcome), expected, "{}: {:?}", world.name, outcome.trouble);
    let left = vec![
        (uids[1], vec![Flag::Flagged, Flag::Deleted]),
        (uids[3], vec![Flag::Flagged]),
        (uids[4], vec![Flag::Flagged]),
    ];
    assert_eq!(world.flags(&folder), left, "{}", world.name);
    assert_eq!(ids(&mut world, &target), ["m0", "m2", "m5"], "{}", world.name);
    let (there, flags) = &world.flags(&target)[0];
    assert_eq!(*flags, [Flag::Flagged], "{}", world.name);
    // And back again.
    let back = outcome.messages.iter().filter_map(|message| message.to).collect::<Vec<_>>();
    if let Some(first) = back.first() {
        assert_eq!(first.uid, *there, "{}", world.name);
        let there: Vec<u32> = back.iter().map(|placed| placed.uid).collect();
        let messages = Messages { mailbox: &target, validity: first.validity, uids: &there };
        moved(&pool, &messages, &folder, How::Move).await;
        assert_eq!(ids(&mut world, &folder), ["m0", "m1", "m2", "m3", "m4", "m5"], "{}", world.name);
    }
}

async fn copies_leave_everything_where_it_is(mut world: World) {
    let (folder, target) = (world.create("Kept"), world.create("Copies"));
    let (validity, uids) = fill(&mut world, &folder, 3);
    let pool = world.pool();
    let messages = Messages { mailbox: &folder, validity, uids: &uids[..2] };
    for _ in 0..2 {
        let outcome = moved(&pool, &messages, &target, How::Copy).await;
        assert_eq!(ends(&outcome), [(uids[0], End::Done), (uids[1], End::Done)], "{}", world.name);
    }
    assert_eq!(ids(&mut world, &folder), ["m0", "m1", "m2"], "{}", world.name);
    assert_eq!(ids(&mut world, &target), ["m0", "m0", "m1", "m1"], "{}", world.name);
}

async fn what_cannot_be_done_is_an_error_and_changes_nothing(mut world: World) {
    let folder = world.create("Still");
    let (validity, uids) = fill(&mut world, &folder, 2);
    let pool = world.pool();
    let messages = Messages { mailbox: &folder, validity, uids: &uids };
    let same = pool.transfer(&messages, &folder, How::Move).await;
    assert!(matches!(same, Err(Error::NotSupported(_))), "{}", world.name);
    let other_time = Messages { validity: validity + 1, ..messages };
    let missing = world.wire_name("Missing");
    for how in [How::Move, How::Copy] {
        assert_eq!(refusal(pool.transfer(&messages, &missing, how).await), "TRYCREATE", "{}", world.name);
        let stale = pool.transfer(&other_time, b"INBOX", how).await.unwrap();
        assert!(matches!(stale, Changed::Stale), "{}", world.name);
        let none = Messages { uids: &[4_000, 4_001], ..messages };
        assert_eq!(ends(&moved(&pool, &none, b"INBOX", how).await), [], "{}", world.name);
        assert_eq!(ends(&moved(&pool, &Messages { uids: &[], ..messages }, b"INBOX", how).await), []);
    }
    let flagging = FlagChange { add: &[Flag::Flagged], ..FlagChange::default() };
    assert_eq!(pool.change_flags(&other_time, &flagging).await.unwrap(), Changed::Stale);
    assert_eq!(pool.revert_flags(&folder, validity + 1, &[]).await.unwrap(), Changed::Stale);
    let labelling = FlagChange { add_labels: &["Work".to_owned()], ..FlagChange::default() };
    assert!(matches!(pool.change_flags(&messages, &labelling).await, Err(Error::NotSupported(_))));
    assert_eq!(world.flags(&folder), [(uids[0], vec![]), (uids[1], vec![])], "{}", world.name);
    assert_eq!(ids(&mut world, b"INBOX"), Vec::<String>::new(), "{}", world.name);
}

async fn only_what_nobody_changed_since_is_reversed(mut world: World) {
    let folder = world.create("Undone");
    let (validity, uids) = fill(&mut world, &folder, 6);
    let pool = world.pool();
    let messages = Messages { mailbox: &folder, validity, uids: &uids };
    change(&pool, &messages, &[Flag::Seen], &[]).await;
    let keyword = Flag::Keyword("$Later".into());
    let add = [Flag::Flagged, keyword.clone()];
    let changed = change(&pool, &messages, &add, &[Flag::Seen]).await;
    let keeps_modseq = changed.messages[0].1.is_some();
    assert_eq!(keeps_modseq, has_condstore(&pool).await, "{}", world.name);
    assert!(
        changed
            .messages
            .iter()
            .all(|(was, modseq)| { was.flags == [Flag::Seen] && modseq.is_some() == keeps_modseq })
    );
    let name = String::from_utf8_lossy(&folder).into_owned();
    world.other.run(&format!("SELECT \"{name}\"")).unwrap();
    world.other.run(&format!("UID STORE {} +FLAGS (\\Seen)", uids[1])).unwrap();
    world.other.run(&format!("UID STORE {} +FLAGS (\\Answered)", uids[2])).unwrap();
    world.other.run(&format!("UID STORE {} +FLAGS (\\Deleted)", uids[3])).unwrap();
    world.other.run("EXPUNGE").unwrap();
    let revert = |(was, modseq): &(mail::imap::change::Was, Option<u64>)| Revert {
        uid: was.uid,
        add: vec![Flag::Seen],
        remove: add.to_vec(),
        add_labels: Vec::new(),
        remove_labels: Vec::new(),
        modseq: *modseq,
    };
    let mut reverts: Vec<Revert> = changed.messages.iter().map(revert).collect();
    // Of one it is not known.
    reverts[4].modseq = None;
    let outcome = done(pool.revert_flags(&folder, validity, &reverts).await.unwrap());
    let answered = if keeps_modseq { Reverted::ChangedSince } else { Reverted::Done };
    let expected =
        [Reverted::Done, Reverted::ChangedSince, answered, Reverted::Gone, Reverted::Done, Reverted::Done];
    assert_eq!(outcome, uids.iter().copied().zip(expected).collect::<Vec<_>>(), "{}", world.name);
    let left = vec![Flag::Flagged, keyword];
    let seen = vec![Flag::Seen];
    let mut with_seen = [seen.clone(), left.clone()].concat();
    with_seen.sort();
    let mut answered = [vec![Flag::Answered], if keeps_modseq { left } else { seen.clone() }].concat();
    answered.sort();
    let expected = [seen.clone(), with_seen, answered, seen.clone(), seen];
    let now: Vec<Vec<Flag>> = world.flags(&folder).into_iter().map(|(_, flags)| flags).collect();
    assert_eq!(now, expected, "{}", world.name);
    // Twice is no more than once.
    let again = done(pool.revert_flags(&folder, validity, &reverts[..1]).await.unwrap());
    assert_eq!(again, [(uids[0], Reverted::Done)], "{}", world.name);
}

async fn a_cut_at_any_moment_loses_nothing_and_is_told(mut world: World) {
    for (number, (asked, answered)) in [
        (Some(5), None),
        (Some(90), None),
        (Some(130), None),
        (Some(190), None),
        (Some(260), None),
        (None, Some(10)),
        (None, Some(1_000)),
        (None, Some(8_000)),
        (None, Some(8_900)),
    ]
    .into_iter()
    .enumerate()
    {
        let (folder, target) = (world.create(&format!("Cut{number}")), world.create(&format!("Far{number}")));
        let (validity, uids) = fill(&mut world, &folder, 40);
        let name = String::from_utf8_lossy(&folder).into_owned();
        world.other.run(&format!("SELECT \"{name}\"")).unwrap();
        world.other.run(&format!("UID STORE {} +FLAGS (\\Deleted)", uids[39])).unwrap();
        let (pool, proxy) = counted(&world, &folder, validity, &uids).await;
        proxy.strike(Faults { cut_after_asked: asked, cut_after: answered, ..Faults::default() });
        let messages = Messages { mailbox: &folder, validity, uids: &uids[..39] };
        let outcome = pool.transfer(&messages, &target, How::Move).await;
        let about = format!("{} cut {asked:?} {answered:?}: {outcome:?}", world.name);
        let (here, there) = (ids(&mut world, &folder), ids(&mut world, &target));
        // The mark of somebody else is kept, and what it is on.
        assert!(world.flags(&folder).contains(&(uids[39], vec![Flag::Deleted])), "{about}");
        for number in 0..39 {
            let id = format!("m{number}");
            let is_at = (here.contains(&id), there.contains(&id));
            assert!(is_at.0 || is_at.1, "lost {id}, {about}");
            assert_eq!(there.iter().filter(|there| **there == id).count(), usize::from(is_at.1), "{about}");
        }
        match outcome {
            Err(_) => assert_eq!((here.len(), there.len()), (40, 0)),
            Ok(changed) => {
                for message in done(changed).messages {
                    let uid = message.was.uid;
                    let number = uids.iter().position(|one| *one == uid).unwrap();
                    let id = format!("m{number}");
                    let is_at = (here.contains(&id), there.contains(&id));
                    match message.end {
                        End::Done => assert_eq!(is_at, (false, true), "{id} {about}"),
                        End::Here => assert_eq!(is_at, (true, false), "{id} {about}"),
                        End::Both => assert_eq!(is_at, (true, true), "{id} {about}"),
                        End::Unknown => {}
                    }
                }
            }
        }
    }
}

async fn a_move_that_nobody_saw_the_end_of_is_finished(mut world: World) {
    let (folder, target) = (world.create("Half"), world.create("Whole"));
    let (validity, uids) = fill(&mut world, &folder, 6);
    let pool = world.pool();
    let messages = Messages { mailbox: &folder, validity, uids: &uids };
    let known = change(&pool, &messages, &[], &[]).await.messages;
    let known: Vec<_> = known.into_iter().map(|(was, _)| was).collect();
    // As a process leaves it that died in between: 0 and 1 copied, 2 moved, 3 untouched, 4 gone; 5 is
    // there under its Message-ID, but is another one.
    let (name, far) = (String::from_utf8_lossy(&folder), String::from_utf8_lossy(&target));
    world.other.run(&format!("SELECT \"{name}\"")).unwrap();
    world.other.run(&format!("UID COPY {}:{} \"{far}\"", uids[0], uids[2])).unwrap();
    world.other.run(&format!("UID STORE {},{} +FLAGS (\\Deleted)", uids[2], uids[4])).unwrap();
    world.other.run("EXPUNGE").unwrap();
    world.other.run(&format!("UID STORE {} +FLAGS (\\Deleted)", uids[3])).unwrap();
    world.other.append(&far, &Mail::new(message("m5", 2), 1_700_000_005)).unwrap();
    let outcome = done(pool.finish_transfer(&messages, &target, &known).await.unwrap());
    let expected = [End::Done, End::Done, End::Done, End::Here, End::Unknown, End::Here];
    let expected: Vec<_> = uids.iter().copied().zip(expected).collect();
    assert_eq!(ends(&outcome), expected, "{}: {:?}", world.name, outcome.trouble);
    assert_eq!(ids(&mut world, &folder), ["m3", "m5"], "{}", world.name);
    assert_eq!(ids(&mut world, &target), ["m0", "m1", "m2", "m5"], "{}", world.name);
    assert_eq!(world.flags(&folder)[0], (uids[3], vec![Flag::Deleted]), "{}", world.name);
    let places: Vec<_> = outcome.messages.iter().filter_map(|message| message.to).collect();
    assert_eq!(places.iter().map(|placed| placed.uid).collect::<Vec<_>>(), world.uids(&target)[..3]);
    let stale = Messages { validity: validity + 1, ..messages };
    assert!(matches!(pool.finish_transfer(&stale, &target, &known).await.unwrap(), Changed::Stale));
}

async fn what_others_took_away_meanwhile_is_not_said_to_be_done(mut world: World) {
    let (folder, target) = (world.create("Shared"), world.create("Rest"));
    let (validity, uids) = fill(&mut world, &folder, 7);
    let pool = world.pool();
    let name = String::from_utf8_lossy(&folder).into_owned();
    let messages = Messages { mailbox: &folder, validity, uids: &uids };
    // It is open here, and nobody tells this connection.
    change(&pool, &messages, &[], &[]).await;
    world.other.delete(&name, &format!("{},{}", uids[0], uids[3])).unwrap();
    let changed = change(&pool, &messages, &[Flag::Flagged], &[]).await;
    let there: Vec<u32> = changed.messages.iter().map(|(was, _)| was.uid).collect();
    assert_eq!(there, [uids[1], uids[2], uids[4], uids[5], uids[6]], "{}", world.name);
    for (gone, kept, how) in [(1, 2, How::Move), (4, 5, How::Copy)] {
        world.other.delete(&name, &uids[gone].to_string()).unwrap();
        let both = [uids[gone], uids[kept]];
        let outcome = moved(&pool, &Messages { uids: &both, ..messages }, &target, how).await;
        for message in &outcome.messages {
            let expected = if message.was.uid == uids[kept] { End::Done } else { End::Unknown };
            assert_eq!(message.end, expected, "{}: {outcome:?}", world.name);
        }
        assert!(outcome.messages.iter().any(|message| message.end == End::Done), "{}", world.name);
    }
    assert_eq!(ids(&mut world, &target), ["m2", "m5"], "{}", world.name);
    assert_eq!(ids(&mut world, &folder), ["m5", "m6"], "{}", world.name);
}

async fn folders(pool: &Pool) -> Vec<Bytes> {
    let all = pool.ask(None, &List { counts: false }).await.unwrap().all;
    all.into_iter().map(|folder| folder.wire_name).collect()
}

async fn names_of_any_kind_are_targets(mut world: World) {
    let folder = world.create("Plain");
    let names: &[&str] = match world.name {
        "cyrus" => &["Gr&APw-ner Bereich", "a b"],
        // It knows no characters beyond the first plane in these names.
        "courier" => &["Gr&APw-ner Bereich", "50% \\\"off\\\" *"],
        _ => &["Gr&APw-ner Bereich", "50% \\\"off\\\" *", "&2D3eDA-"],
    };
    for (number, name) in names.iter().enumerate() {
        let (validity, _) = fill(&mut world, &folder, 1);
        let uids = world.uids(&folder);
        let pool = world.pool();
        let known = folders(&pool).await;
        world.create(name);
        // As the server writes it: under UTF8=ACCEPT (Courier) not as the other client does.
        let target = folders(&pool).await.into_iter().find(|name| !known.contains(name)).unwrap();
        let messages = Messages { mailbox: &folder, validity, uids: &uids };
        let outcome = match pool.transfer(&messages, &target, How::Move).await {
            Ok(changed) => done(changed),
            Err(error) => panic!("{} {name}: {error:?}", world.name),
        };
        assert_eq!(ends(&outcome), [(uids[0], End::Done)], "{} {number}", world.name);
        assert_eq!(ids(&mut world, &folder), Vec::<String>::new(), "{} {number}", world.name);
    }
}

macro_rules! on_all {
    ($($name:ident)+) => {$(
        mod $name {
            use super::{Options, courier, cyrus, dovecot};

            #[tokio::test]
            async fn on_dovecot() {
                if let Some(world) = dovecot(Options::default()) { super::$name(world).await }
            }

            #[tokio::test]
            async fn on_dovecot_without_move() {
                let options = Options::default().without(&["MOVE", "CONDSTORE", "QRESYNC"]);
                if let Some(world) = dovecot(options) { super::$name(world).await }
            }

            #[tokio::test]
            async fn on_dovecot_without_move_and_uidplus() {
                let options = Options::default().without(&["MOVE", "UIDPLUS"]);
                if let Some(world) = dovecot(options) { super::$name(world).await }
            }

            #[tokio::test]
            async fn on_cyrus() {
                if let Some(world) = cyrus() { super::$name(world).await }
            }

            #[tokio::test]
            async fn on_courier() {
                if let Some(world) = courier() { super::$name(world).await }
            }
        }
    )+};
}

on_all! {
    a_hundred_are_marked_in_one_round_trip
    a_hundred_are_moved_in_few_round_trips
    what_others_marked_survives_moves
    copies_leave_everything_where_it_is
    what_cannot_be_done_is_an_error_and_changes_nothing
    only_what_nobody_changed_since_is_reversed
    a_cut_at_any_moment_loses_nothing_and_is_told
    a_move_that_nobody_saw_the_end_of_is_finished
    names_of_any_kind_are_targets
    what_others_took_away_meanwhile_is_not_said_to_be_done
}

#[tokio::test]
async fn a_full_mailbox_refuses_copies_and_nothing_happened() {
    let extra_settings = "plugin {\n  quota_rule = *:storage=10K\n}\n".to_owned();
    let Some(mut world) = dovecot(Options { extra_settings, ..Options::default() }) else { return };
    let (folder, target) = (world.create("Filled"), world.create("Fuller"));
    let (validity, uids) = fill(&mut world, &folder, 20);
    let pool = world.pool();
    let messages = Messages { mailbox: &folder, validity, uids: &uids };
    assert_eq!(refusal(pool.transfer(&messages, &target, How::Copy).await), "OVERQUOTA");
    assert_eq!(ids(&mut world, &target), Vec::<String>::new());
    // Moving takes no more room.
    let outcome = moved(&pool, &messages, &target, How::Move).await;
    assert!(outcome.messages.iter().all(|message| message.end == End::Done), "{outcome:?}");
}

/// Messages on the disk of a Dovecot, in folders of their own.
fn filled(world: &World, folders: &[&str], count: u32) -> u32 {
    let server = world.server.downcast_ref::<testkit::Dovecot>().unwrap();
    let maildir = Maildir::of(server, "alice").unwrap();
    for folder in folders {
        let mails = (0..count).map(|number| {
            Mail::new(message(&format!("{folder}{number}"), 40), 1_700_000_000 + u64::from(number))
        });
        maildir.fill(folder, Numbering::default(), mails).unwrap();
    }
    Numbering::default().uid_validity
}

#[tokio::test]
async fn of_thousands_each_is_told_where_it_went() {
    let Some(mut world) = dovecot(Options::default()) else { return };
    let validity = filled(&world, &["Whole"], 3_000);
    let target = world.create("Target");
    let pool = world.pool();
    let uids: Vec<u32> = (1..=3_000).collect();
    let messages = Messages { mailbox: b"Whole", validity, uids: &uids };
    let outcome = moved(&pool, &messages, &target, How::Move).await;
    assert_eq!(outcome.messages.len(), uids.len());
    assert!(outcome.messages.iter().all(|one| one.end == End::Done && one.to.is_some()));
}
