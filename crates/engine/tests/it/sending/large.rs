//! A large file of a message that is sent: it passes in windows, into the outbox, to the server and into
//! the Sent folder, and is never whole in memory.
//!
//! Whoever measures is a process of its own (this test program again), since the sink keeps what it gets.

use std::{fs, path::Path, process::Command, sync::Arc, sync::atomic::AtomicU64};

use domain::{AccountId, AccountSource, Clock, GrantedAccount, Random};
use engine::outgoing::{Composition, FileSource, SendStatus};
use testkit::{maildir::Numbering, smtp_sink::SinkOptions};

use super::{
    copies::files_itself,
    outbox_world::{
        MovedClock, OutboxWorld, bounds, engine_over, letter, open_store, principal_of, request, to_bob,
    },
};
use crate::{
    attachments::{attached, id, lines, message, noise},
    drafted_files::most_memory,
};

const CHILD: &str = "POSTROOM_TEST_LARGE_CHILD";

#[tokio::test]
async fn a_child_sends_a_large_file_and_measures() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let (dir, account) = told.split_once('\n').unwrap();
    let clock: Arc<dyn Clock> = Arc::new(MovedClock::at(crate::world::NOW));
    let random: Arc<dyn Random> = Arc::new(super::outbox_world::Seeded(7, AtomicU64::new(0)));
    let store = open_store(Path::new(dir), clock.clone(), random.clone()).await;
    let patient = engine::bounds::SendingBounds {
        copy_patience: std::time::Duration::from_secs(60),
        patience: std::time::Duration::from_secs(60),
        ..bounds()
    };
    let engine = engine_over(&store, clock, random, &patient, None);
    let principal = principal_of(GrantedAccount {
        name: "work".parse().unwrap(),
        is_default: true,
        source: AccountSource::Stored(AccountId::from_text(account)),
    });
    engine.send(&principal, to_bob(Some("small"))).await.unwrap();
    let from = FileSource::FromMessage { message: id(1), index: Some(1) };
    let large = Composition { attachments: Some(vec![from]), ..letter(&["bob@example.org"], "Large") };
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = most_memory();
    let outcome = engine.send(&principal, request(large, Some("large"))).await.unwrap();
    let grown = most_memory().saturating_sub(before);
    assert_eq!((outcome.status, outcome.copy.unwrap().state), (SendStatus::Sent, "stored"));
    assert!(grown < 8_000_000, "{grown} octets more than before");
    println!("\ngrown {grown}");
}

#[tokio::test]
async fn a_large_file_of_a_message_is_sent_and_filed_in_windows() {
    let Some(world) = OutboxWorld::new(SinkOptions::default()).await else { return };
    files_itself(&world, false).await;
    let file = noise(18_000_000);
    let mail = message("big", "A mail.", &[attached("application/octet-stream", "big.bin", &file)]);
    world.maildir.fill("INBOX", Numbering::default(), [mail]).unwrap();
    let AccountSource::Stored(account) = &world.principal.accounts[0].source else { panic!("not stored") };
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sending::large::a_child_sends_a_large_file_and_measures", "--nocapture"])
        .env(CHILD, format!("{}\n{account}", world.dir.path().display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("\ngrown "),
        "{said}\n{}",
        String::from_utf8_lossy(&child.stderr)
    );
    let encoded = lines(&file);
    let received = world.sink.received();
    assert!(received.iter().any(|one| one.message.contains(encoded.trim_end())), "it arrived whole");
    let encoded = encoded.replace('\r', "");
    assert!(world.filed("Sent").iter().any(|copy| copy.replace('\r', "").contains(encoded.trim_end())));
}
