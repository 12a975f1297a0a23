//! The same on the real Dovecot, with and without what it can do best, on Cyrus and on Courier (which has
//! no MOVE).

use std::time::Duration;

use domain::Flag;
use mail::{
    Error,
    imap::{
        Pool,
        change::{Changed, End, FlagChange, FlagsChanged, How, Messages, Revert, Reverted, Transferred},
    },
};
use testkit::{Mail, Options, Proxy, proxy::Faults};

use crate::writing::servers::{World, append, courier, cyrus, dovecot, message, pool_at};

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

/// A pool behind a proxy that counts round trips, with `folder` open for changes.
async fn counted(world: &World, folder: &[u8], validity: u32) -> (Pool, Proxy) {
    let proxy =
        Proxy::start(world.port, Faults { delay: Duration::from_millis(15), ..Faults::default() }).unwrap();
    let pool = pool_at(proxy.port());
    if !folder.is_empty() {
        pool.store_flags(folder, validity, &[u32::MAX], &[Flag::Seen], &[]).await.unwrap();
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
    let (pool, proxy) = counted(&world, &folder, validity).await;
    let before = proxy.flights();
    let messages = Messages { mailbox: &folder, validity, uids: &uids };
    let changed = change(&pool, &messages, &[Flag::Seen], &[]).await;
    // What nobody told this connection of yet is asked for first: here it is open for long.
    assert_eq!(proxy.flights() - before, 1, "{}", world.name);
    assert_eq!(changed.messages.len(), 100, "{}", world.name);
    assert!(changed.messages.iter().all(|(was, _)| was.flags.is_empty()), "{}", world.name);
    let (first, _) = &changed.messages[0];
    assert_eq!(first.message_id.as_deref(), Some("<m0@example.com>"));
    assert_eq!(first.received.unwrap().unix_timestamp(), 1_700_000_000);
    assert!(first.size.unwrap() > 100);
    let now = world.flags(&folder);
    assert!(now.iter().all(|(_, flags)| *flags == [Flag::Seen]), "{}: {now:?}", world.name);
}

async fn a_hundred_are_moved_in_few_round_trips(mut world: World) {
    let (folder, target) = (world.create("From"), world.create("To"));
    let (validity, uids) = fill(&mut world, &folder, 110);
    let (pool, proxy) = counted(&world, &folder, validity).await;
    let (has_move, has_uid_plus) = {
        let session = pool.lease(None).await.unwrap();
        (session.capabilities().has_move(), session.capabilities().has_uid_plus())
    };
    let messages = Messages { mailbox: &folder, validity, uids: &uids[..100] };
    let before = proxy.flights();
    let outcome = moved(&pool, &messages, &target, How::Move).await;
    let flights = proxy.flights() - before;
    let expected = if has_move { 1 } else if has_uid_plus { 2 } else { 3 };
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
    let (pool, proxy) = counted(&world, b"", 0).await;
    drop(pool.lease(None).await.unwrap());
    let before = proxy.flights();
    moved(&pool, &Messages { uids: &uids[100..], ..messages }, &target, How::Move).await;
    assert_eq!(proxy.flights() - before, expected + 1, "{}", world.name);
    assert_eq!(world.uids(&folder), Vec::<u32>::new());
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
}
