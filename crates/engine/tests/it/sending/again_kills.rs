//! A process in which a person sends again what may have left, killed at random moments: what is not known stays
//! unknown, and of one click nothing leaves twice.
//!
//! The child is this test program again. How often it is killed at least is `POSTROOM_TEST_KILLS`, once if absent.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use domain::{AccountId, Door, OutboxId};
use engine::{
    outbox::{OutgoingState, Pile, Standing},
    outgoing::SendStatus,
};
use testkit::{
    Dovecot, Options, SmtpSink, require_dovecot,
    smtp_sink::{Act, Fault, SinkOptions, Stage},
};

use super::{
    kills::{engine_at, principal, random},
    outbox_world::{smtp_at, to_bob, work_until},
};

/// Tells the child where the world is: directory, account, seed.
const CHILD: &str = "POSTROOM_TEST_AGAIN_CHILD";

/// How many processes are killed at least.
const COUNT: &str = "POSTROOM_TEST_KILLS";

/// Messages that may have left, in each mailbox.
const MESSAGES: usize = 24;

fn person(account: &AccountId) -> domain::Principal {
    domain::Principal { door: Door::Page, ..principal(account) }
}

/// What the child does: it sends again, one after the other, what was tried once, until it is killed.
#[tokio::test]
async fn a_child_sends_again_until_it_is_killed() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let [dir, account, seed] = told.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let (_, engine) = engine_at(Path::new(dir), seed.parse().unwrap()).await;
    let person = person(&AccountId::from_text(account));
    let unknown = engine.own_outbox(&person, Pile::Wanting, None, MESSAGES).await.unwrap();
    for own in unknown.messages.iter().filter(|own| own.message.attempts == 1) {
        println!("\nbegun");
        let _ = engine.send_own_again(&person, &own.message.id, 1).await.unwrap();
    }
}

/// Runs a child and kills it at a moment within its first few messages.
fn killed(told: &str) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sending::again_kills::a_child_sends_again_until_it_is_killed", "--nocapture"])
        .env(CHILD, told)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _ = lines.find(|line| line.as_ref().is_ok_and(|line| line == "begun"));
    std::thread::sleep(Duration::from_millis(random(500)));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_sending_again_what_is_unknown_stays_so_and_of_one_click_nothing_leaves_twice() {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let wanted = std::env::var_os(COUNT).and_then(|count| count.to_str()?.parse().ok()).unwrap_or(1);
    let mut all = Ended::default();
    while all.kills < wanted {
        let Ended { kills, sent, unknown } = send_all_again(&dovecot, all.kills).await;
        all = Ended { kills: all.kills + kills, sent: all.sent + sent, unknown: all.unknown + unknown };
        let Ended { kills, sent, unknown } = all;
        println!("\n{kills} kills: {sent} sent again, {unknown} unknown as before, 0 left twice for a click");
    }
    assert!(all.sent > 0 && all.unknown > 0);
}

/// What came of it.
#[derive(Default)]
struct Ended {
    kills: u64,
    sent: u64,
    unknown: u64,
}

/// Has processes send all that is unknown in a new world, each killed at a random moment, until each was tried.
async fn send_all_again(dovecot: &Dovecot, seeds: u64) -> Ended {
    // Slow enough that every stage of a submission is hit.
    let options = SinkOptions { pause: Duration::from_millis(15), ..SinkOptions::default() };
    let cut = Fault::new(Stage::End, Act::Close).times(MESSAGES);
    let sink = SmtpSink::with(options.person("alice", "alice-secret").fault(cut)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut settings = crate::world::settings(dovecot);
    settings.smtp = Some(smtp_at(sink.port()));
    let (store, engine) = engine_at(dir.path(), u64::MAX).await;
    let user = store.add_user("alice", false, "x").await.unwrap();
    let credentials = crate::world::credentials("alice-secret");
    let account =
        store.add_account(&user.id, &"work".parse().unwrap(), &settings, &credentials).await.unwrap();
    let agent = principal(&account.id);
    for number in 0..MESSAGES {
        let outcome = engine.send(&agent, to_bob(Some(&format!("k{number}")))).await.unwrap();
        assert_eq!(outcome.status, SendStatus::Unknown);
    }
    let person = person(&account.id);
    let wanting =
        || async { engine.own_outbox(&person, Pile::Wanting, None, MESSAGES).await.unwrap().messages };
    let ids: Vec<OutboxId> = wanting().await.into_iter().map(|own| own.message.id).collect();
    assert_eq!(ids.len(), MESSAGES);
    let mut kills = 0;
    while wanting().await.iter().any(|own| own.message.attempts == 1) {
        kills += 1;
        let seed = seeds + kills;
        let told = [dir.path().to_str().unwrap(), account.id.as_str(), &seed.to_string()].join("\n");
        tokio::task::spawn_blocking(move || killed(&told)).await.unwrap();
        // Somebody else takes up what is left, and sends what it finds due.
        let holds = Standing::Holds(std::sync::Arc::new(agent.clone()));
        work_until(&engine, holds, &mut async || {
            let leaving = engine.own_outbox(&person, Pile::Leaving, None, MESSAGES).await.unwrap();
            leaving.messages.is_empty()
        })
        .await;
    }
    let transactions = sink.wait_closed(Duration::from_secs(10)).unwrap();
    let (mut sent, mut unknown) = (0, 0);
    for id in &ids {
        let message = engine.own_outgoing(&person, id).await.unwrap().message;
        let of_this = transactions
            .iter()
            .filter(|one| String::from_utf8_lossy(&one.data).contains(&message.frozen.message_id));
        let ended = of_this.filter(|one| one.is_ended).count();
        assert_eq!(message.attempts, 2, "one click");
        match message.state {
            OutgoingState::Sent => {
                assert_eq!(ended, 2, "the first time, and this");
                sent += 1;
            }
            OutgoingState::Unknown => {
                assert!(ended <= 2, "{ended} for one click");
                unknown += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    Ended { kills, sent, unknown }
}
