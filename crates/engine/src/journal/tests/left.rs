//! Steps that were begun and whose end nobody wrote down.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use mail::imap::change::{OneTransferred, Was};
use testkit::{Dovecot, Mail, Maildir, Options, OtherClient, maildir::Numbering, require_dovecot};

use super::{
    super::{settle::Settled, *},
    world::{DAY, Kind, MINUTE, World, account, flagged, meant, moved},
};
use crate::outbox::{Authority, Standing};

/// UIDVALIDITY of the folders that are filled.
const VALIDITY: u32 = 1_700_000_000;

/// Knows of no grant.
struct Nobody;

impl Authority for Nobody {
    fn standing<'a>(&'a self, _: &'a domain::GrantId, _: &'a str) -> BoxFuture<'a, Standing> {
        Box::pin(std::future::ready(Standing::Ended))
    }
}

/// A process with one account of its own.
struct Own(Arc<Principal>);

impl Authority for Own {
    fn standing<'a>(&'a self, _: &'a domain::GrantId, _: &'a str) -> BoxFuture<'a, Standing> {
        Box::pin(std::future::ready(Standing::Elsewhere))
    }

    fn own(&self) -> Option<Arc<Principal>> {
        Some(Arc::clone(&self.0))
    }
}

fn letter(number: u32) -> Mail {
    let text = format!(
        "From: bob@example.org\r\nSubject: Letter {number}\r\nMessage-ID: <l{number}@example.org>\r\n\r\nHello {number}.\r\n"
    );
    Mail::new(text, 1_700_000_000 + u64::from(number))
}

/// Six letters in INBOX, of which 2 and 3 are in Trash, too, as if copied and not yet taken away; 5 was taken
/// away by somebody.
fn half_moved() -> Option<(Dovecot, OtherClient)> {
    let dovecot = require_dovecot(Options::default())?;
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    let numbering = Numbering { uid_validity: VALIDITY, first_uid: 1 };
    maildir.fill("INBOX", numbering, (1..=6).map(letter)).unwrap();
    let mut client = OtherClient::sign_in(&dovecot, "alice", "alice-secret").unwrap();
    client.run("SELECT INBOX").unwrap();
    client.run("UID COPY 2:3 Trash").unwrap();
    client.run("UID STORE 5 +FLAGS.SILENT (\\Deleted)").unwrap();
    client.run("UID EXPUNGE 5").unwrap();
    Some((dovecot, client))
}

fn to_trash(uids: &[u32]) -> Step {
    Step::Transfer {
        from: Place { wire: Bytes::from_static(b"INBOX"), key: "@inbox".into(), validity: VALIDITY },
        to: (Bytes::from_static(b"Trash"), "@trash".into()),
        is_copy: false,
        uids: uids.to_vec(),
        messages: Vec::new(),
    }
}

/// A process that begins these steps in one change, and ends nothing.
async fn die_over(world: &World, engine: Engine, kind: Kind, steps: &[Step]) {
    let principal = world.principal(kind);
    let account = account(&engine, &principal).await;
    let mut change = engine.change(&principal);
    for step in steps {
        change.begin(&account, &meant(step)).await.unwrap();
    }
}

fn uids(client: &mut OtherClient, folder: &str) -> Vec<u32> {
    client.run(&format!("EXAMINE {folder}")).unwrap();
    let lines = client.run("UID SEARCH ALL").unwrap();
    let found = lines.iter().find_map(|line| line.strip_prefix("* SEARCH"));
    found.unwrap_or("").split_whitespace().map(|uid| uid.parse().unwrap()).collect()
}

const BEGUN: &str = "SELECT count(*) AS rows FROM change_steps WHERE is_done = 0";

#[tokio::test]
async fn what_a_dead_process_left_half_moved_is_moved_and_found_under_its_old_ids() {
    let Some((dovecot, mut client)) = half_moved() else { return };
    let world = World::over(&dovecot).await;
    die_over(&world, world.process(Kind::Stored), Kind::Stored, &[to_trash(&[2, 3, 4, 5]), flagged(1)]).await;
    assert_eq!(world.rows(BEGUN).await, 2);

    let (engine, principal) = (world.process(Kind::Stored), world.principal(Kind::Stored));
    let account = account(&engine, &principal).await;
    let settled = engine.settle_changes(&account).await;
    assert_eq!(settled, Settled { steps: 2, left: 0, moved: 2, here: 1, undecided: 1 });
    assert_eq!(uids(&mut client, "INBOX"), [1, 4, 6], "what was not copied stays");
    assert_eq!(uids(&mut client, "Trash").len(), 2);
    let places = [2, 3, 4]
        .map(|uid| (Bytes::from_static(b"INBOX"), mail::imap::write::Placed { validity: VALIDITY, uid }));
    let found = engine.moved_to(&account, &places).await.unwrap();
    let trash = uids(&mut client, "Trash");
    for (found, uid) in found[..2].iter().zip(trash) {
        let found = found.as_ref().unwrap();
        assert_eq!((&found.wire[..], found.placed.unwrap().uid), (b"Trash".as_slice(), uid));
    }
    assert_eq!(found[2], None);
    assert_eq!(world.rows(BEGUN).await, 0);
    assert_eq!(engine.settle_changes(&account).await, Settled::default(), "once");
}

#[tokio::test]
async fn what_the_server_moved_before_anybody_noted_it_is_found_by_what_was_remembered() {
    let Some((dovecot, mut client)) = half_moved() else { return };
    let world = World::over(&dovecot).await;
    let mut step = to_trash(&[4, 6]);
    let Step::Transfer { messages, .. } = &mut step else { unreachable!() };
    *messages = [4, 6].map(|uid| remembered(uid, &mut client)).to_vec();
    // Of another one nothing was remembered.
    messages[1].was = Was { message_id: None, received: None, size: None, ..messages[1].was.clone() };
    let (dead, principal) = (world.process(Kind::Stored), world.principal(Kind::Stored));
    let change_of = account(&dead, &principal).await;
    dead.change(&principal).begin(&change_of, &step).await.unwrap();
    client.run("SELECT INBOX").unwrap();
    client.run("UID MOVE 4,6 Trash").unwrap();
    drop(dead);

    let engine = world.process(Kind::Stored);
    let account = account(&engine, &principal).await;
    let settled = engine.settle_changes(&account).await;
    assert_eq!(settled, Settled { steps: 1, moved: 1, undecided: 1, ..Settled::default() });
    let places = [4, 6]
        .map(|uid| (Bytes::from_static(b"INBOX"), mail::imap::write::Placed { validity: VALIDITY, uid }));
    let found = engine.moved_to(&account, &places).await.unwrap();
    let trash = uids(&mut client, "Trash");
    assert_eq!(found[0].as_ref().unwrap().placed.unwrap().uid, trash[2]);
    assert_eq!(found[1], None);
}

/// What a list had shown of a letter.
fn remembered(uid: u32, client: &mut OtherClient) -> OneTransferred {
    let told = client.run(&format!("UID FETCH {uid} (RFC822.SIZE)")).unwrap().join(" ");
    let size = told.split("RFC822.SIZE ").nth(1).unwrap().split([' ', ')']).next().unwrap().parse().unwrap();
    let received = domain::Timestamp::from_unix_timestamp(1_700_000_000 + i64::from(uid)).unwrap();
    let was = Was {
        uid,
        message_id: Some(format!("<l{uid}@example.org>")),
        received: Some(received),
        size: Some(size),
        flags: Vec::new(),
        labels: Vec::new(),
    };
    OneTransferred { was, to: None, end: End::Unknown }
}

#[tokio::test]
async fn a_server_that_starts_finishes_what_was_left_in_every_account_it_can_open() {
    for kind in [Kind::Stored, Kind::Local] {
        let Some((dovecot, mut client)) = half_moved() else { return };
        let world = World::over(&dovecot).await;
        die_over(&world, world.process(kind), kind, &[to_trash(&[2, 3])]).await;
        let engine = world.process(kind);
        if kind == Kind::Local {
            engine.settle_all(&Nobody).await;
            assert_eq!(world.rows(BEGUN).await, 1, "its password is not known here");
            engine.settle_all(&Own(Arc::new(world.principal(kind)))).await;
        } else {
            engine.settle_all(&Nobody).await;
        }
        assert_eq!(world.rows(BEGUN).await, 0);
        assert_eq!(uids(&mut client, "INBOX"), [1, 4, 6]);
    }
}

#[tokio::test]
async fn what_runs_beside_requests_finishes_what_was_left_and_forgets_what_is_old() {
    let Some((dovecot, mut client)) = half_moved() else { return };
    let world = World::over(&dovecot).await;
    super::make(&world.process(Kind::Stored), &world.principal(Kind::Stored), &[flagged(1)]).await.unwrap();
    world.forward(7 * DAY);
    let dead = world.process(Kind::Stored);
    die_over(&world, dead, Kind::Stored, &[to_trash(&[2, 3])]).await;
    let engine = world.process(Kind::Stored);
    let running = tokio::spawn(async move { engine.run_outbox(Arc::new(Nobody)).await });
    let soon = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while world.rows("SELECT count(*) AS rows FROM change_steps").await != 1 || world.rows(BEGUN).await != 0 {
        assert!(tokio::time::Instant::now() < soon, "it is not finished");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    running.abort();
    assert_eq!(uids(&mut client, "INBOX"), [1, 4, 6]);
}

#[tokio::test]
async fn a_folder_that_is_gone_is_not_waited_for() {
    let Some((dovecot, mut client)) = half_moved() else { return };
    let world = World::over(&dovecot).await;
    let mut step = to_trash(&[2, 3]);
    let Step::Transfer { from, .. } = &mut step else { unreachable!() };
    from.wire = Bytes::from_static(b"Gone");
    die_over(&world, world.process(Kind::Stored), Kind::Stored, &[step]).await;
    let engine = world.process(Kind::Stored);
    let account = account(&engine, &world.principal(Kind::Stored)).await;
    let settled = engine.settle_changes(&account).await;
    assert_eq!(settled, Settled { steps: 1, undecided: 2, ..Settled::default() });
    assert_eq!(uids(&mut client, "INBOX"), [1, 2, 3, 4, 6]);
}

#[tokio::test]
async fn the_first_change_of_an_account_finishes_what_was_left_before() {
    let Some((dovecot, mut client)) = half_moved() else { return };
    let world = World::over(&dovecot).await;
    die_over(&world, world.process(Kind::Stored), Kind::Stored, &[to_trash(&[2, 3])]).await;
    let engine = world.process(Kind::Stored);
    super::make(&engine, &world.principal(Kind::Stored), &[flagged(1)]).await.unwrap();
    assert_eq!(world.rows(BEGUN).await, 0);
    assert_eq!(uids(&mut client, "INBOX"), [1, 4, 6]);
}

#[tokio::test]
async fn what_a_living_process_does_is_left_alone() {
    let Some((dovecot, mut client)) = half_moved() else { return };
    let world = World::over(&dovecot).await;
    let principal = world.principal(Kind::Stored);
    let living = world.process(Kind::Stored);
    let account = account(&living, &principal).await;
    let mut change = living.change(&principal);
    let number = change.begin(&account, &to_trash(&[2, 3])).await.unwrap();
    world.forward(DAY);
    for engine in [&living, &world.process(Kind::Stored)] {
        assert_eq!(engine.settle_changes(&account).await, Settled { left: 1, ..Settled::default() });
    }
    assert_eq!(uids(&mut client, "INBOX"), [1, 2, 3, 4, 6]);
    change.end(&account, number, &moved("INBOX", "Trash", 2, 1)).await.unwrap();
    assert!(change.finish().await.unwrap().is_some());
}

#[tokio::test]
async fn where_nobody_knows_who_lives_five_minutes_tell() {
    let Some((dovecot, mut client)) = half_moved() else { return };
    let world = World::over(&dovecot).await;
    // A call that went away is the same: what it asked for may still be under way.
    for (is_same, uid) in [(true, 2), (false, 3)] {
        let engine = world.far_process();
        die_over(&world, engine.clone(), Kind::Stored, &[to_trash(&[uid])]).await;
        let engine = if is_same { engine } else { world.far_process() };
        let account = account(&engine, &world.principal(Kind::Stored)).await;
        world.forward(5 * MINUTE - 1);
        assert_eq!(engine.settle_changes(&account).await, Settled { left: 1, ..Settled::default() });
        assert!(uids(&mut client, "INBOX").contains(&uid));
        world.forward(1);
        let settled = engine.settle_changes(&account).await;
        assert_eq!(settled, Settled { steps: 1, moved: 1, ..Settled::default() });
        assert!(!uids(&mut client, "INBOX").contains(&uid));
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_asked_later_but_not_for_ever() {
    let world = World::without_server().await;
    die_over(&world, world.process(Kind::Stored), Kind::Stored, &[to_trash(&[2])]).await;
    let engine = world.process(Kind::Stored);
    let account = account(&engine, &world.principal(Kind::Stored)).await;
    for _ in 0..2 {
        world.forward(5 * MINUTE);
        assert_eq!(engine.settle_changes(&account).await, Settled { left: 1, ..Settled::default() });
    }
    world.forward(DAY);
    let settled = engine.settle_changes(&account).await;
    assert_eq!(settled, Settled { steps: 1, undecided: 1, ..Settled::default() });
    assert_eq!(world.rows(BEGUN).await, 0);
}

#[tokio::test]
async fn a_dead_process_is_known_as_dead_until_nothing_of_its_changes_is_left() {
    let world = World::without_server().await;
    die_over(&world, world.process(Kind::Stored), Kind::Stored, &[to_trash(&[2])]).await;
    let engine = world.process(Kind::Stored);
    engine.sweep(&world.store).await.unwrap();
    assert_eq!(engine.owner().dead().len(), 1);
    let account = account(&engine, &world.principal(Kind::Stored)).await;
    world.forward(DAY);
    assert_eq!(engine.settle_changes(&account).await.steps, 1);
    engine.sweep(&world.store).await.unwrap();
    assert!(engine.owner().dead().is_empty());
}

#[tokio::test]
async fn a_folder_that_was_made_anew_is_not_touched() {
    let Some((dovecot, mut client)) = half_moved() else { return };
    let world = World::over(&dovecot).await;
    let mut step = to_trash(&[2, 3]);
    let Step::Transfer { from, .. } = &mut step else { unreachable!() };
    from.validity = 5;
    die_over(&world, world.process(Kind::Stored), Kind::Stored, &[step]).await;
    let engine = world.process(Kind::Stored);
    let account = account(&engine, &world.principal(Kind::Stored)).await;
    let settled = engine.settle_changes(&account).await;
    assert_eq!(settled, Settled { steps: 1, undecided: 2, ..Settled::default() });
    assert_eq!(uids(&mut client, "INBOX"), [1, 2, 3, 4, 6]);
}

#[tokio::test]
async fn of_processes_that_look_at_once_one_finishes() {
    let Some((dovecot, mut client)) = half_moved() else { return };
    let world = World::over(&dovecot).await;
    die_over(&world, world.process(Kind::Stored), Kind::Stored, &[to_trash(&[2, 3])]).await;
    let principal = world.principal(Kind::Stored);
    let engines = [world.process(Kind::Stored), world.process(Kind::Stored)];
    let same = engines[0].clone();
    let (first, second) = (account(&engines[0], &principal).await, account(&engines[1], &principal).await);
    let (one, two, three) = tokio::join!(
        engines[0].settle_changes(&first),
        engines[1].settle_changes(&second),
        same.settle_changes(&first),
    );
    assert_eq!(one.steps + two.steps + three.steps, 1);
    assert_eq!(uids(&mut client, "INBOX"), [1, 4, 6]);
    assert_eq!(uids(&mut client, "Trash").len(), 2);
}
