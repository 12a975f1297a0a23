//! A process that sends and is killed at random moments: nothing is lost silently, nothing leaves twice.
//!
//! The child is this test program again. How often it is killed is `POSTROOM_TEST_KILLS`, 50 if absent.

use std::{
    collections::{BTreeMap, hash_map::RandomState},
    hash::{BuildHasher as _, Hasher as _},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use domain::{AccountId, AccountSource, Clock, Code, GrantedAccount, Principal, Random, Timestamp};
use engine::{Engine, bounds::SendingBounds, outbox::Standing, outgoing::SendStatus};
use testkit::{
    Maildir, Options, SmtpSink, require_dovecot,
    smtp_sink::{SinkOptions, Transaction},
};

use super::outbox_world::{
    Seeded, bounds, engine_over, open_store, principal_of, smtp_at, state_of, to_bob, work_until,
};

/// Tells the child where the world is: directory, account, seed, and how its keys begin.
const CHILD: &str = "POSTROOM_TEST_SENDING_CHILD";
const COUNT: &str = "POSTROOM_TEST_KILLS";

struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "a killed process has the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now_utc()
    }
}

/// Many sends are no limit's business here.
fn unbounded() -> SendingBounds {
    SendingBounds {
        sends_an_hour: u32::MAX,
        recipients_a_day: u64::MAX,
        new_recipients_a_day: u64::MAX,
        octets_a_day: u64::MAX,
        // A copy that was being made is taken up soon.
        copy_attempt: Duration::from_secs(2),
        ..bounds()
    }
}

pub(super) async fn engine_at(dir: &Path, seed: u64) -> (storage::Store, Engine) {
    let random: Arc<dyn Random> = Arc::new(Seeded(seed, AtomicU64::new(0)));
    let store = open_store(dir, Arc::new(RealClock), random.clone()).await;
    let processes = Some(dir.join("processes"));
    let engine = engine_over(&store, Arc::new(RealClock), random, &unbounded(), processes);
    (store, engine)
}

pub(super) fn principal(account: &AccountId) -> Principal {
    principal_of(GrantedAccount {
        name: "work".parse().unwrap(),
        is_default: true,
        source: AccountSource::Stored(account.clone()),
    })
}

/// What the child does: it sends, one message after the other, until it is killed.
#[tokio::test]
async fn a_child_sends_until_it_is_killed() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let [dir, account, seed, prefix] = told.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let (_, engine) = engine_at(Path::new(dir), seed.parse().unwrap()).await;
    let principal = principal(&AccountId::from_text(account));
    for number in 0..20 {
        let key = format!("{prefix}-{number}");
        println!("\nbegun {key}");
        let outcome = engine.send(&principal, to_bob(Some(&key))).await.unwrap();
        println!("\nended {key} {}", outcome.status.as_str());
    }
}

pub(super) fn random(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}

/// Runs a child, kills it, and gives what it said: keys begun, and how they ended.
fn killed(told: &str) -> BTreeMap<String, Option<String>> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sending::kills::a_child_sends_until_it_is_killed", "--nocapture"])
        .env(CHILD, told)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (first, begun) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut said = BTreeMap::new();
        for line in lines.map_while(Result::ok) {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["begun", key] => {
                    said.insert((*key).to_owned(), None);
                    let _ = first.send(());
                }
                ["ended", key, status] => {
                    said.insert((*key).to_owned(), Some((*status).to_owned()));
                }
                _ => {}
            }
        }
        said
    });
    begun.recv_timeout(Duration::from_secs(30)).unwrap();
    // A moment within the first few messages.
    std::thread::sleep(Duration::from_millis(random(700)));
    child.kill().unwrap();
    child.wait().unwrap();
    reading.join().unwrap()
}

#[derive(Default)]
struct Tally {
    sent: usize,
    unknown: usize,
    /// Of these, killed between the note and the end.
    cut: usize,
    never_begun: usize,
    taken_up: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sent, unknown, cut, never_begun, taken_up } = self;
        write!(f, "{sent} sent ({taken_up} taken up later), {unknown} unknown ({cut} did not leave), ")?;
        write!(f, "{never_begun} never begun")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_is_lost_and_nothing_leaves_twice() {
    let rounds = std::env::var_os(COUNT).and_then(|count| count.to_str()?.parse().ok()).unwrap_or(50);
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    // Slow enough that every stage of a submission is hit.
    let options = SinkOptions { pause: Duration::from_millis(15), ..SinkOptions::default() };
    let sink = SmtpSink::with(options.person("alice", "alice-secret")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut settings = crate::world::settings(&dovecot);
    settings.smtp = Some(smtp_at(sink.port()));
    let (store, engine) = engine_at(dir.path(), u64::MAX).await;
    let user = store.add_user("alice", false, "x").await.unwrap();
    let credentials = crate::world::credentials("alice-secret");
    let account =
        store.add_account(&user.id, &"work".parse().unwrap(), &settings, &credentials).await.unwrap();
    store.filing_learn(&domain::HomeAccount::Stored(account.id.clone()), false).await.unwrap();
    let principal = principal(&account.id);
    let mut tally = Tally::default();
    for round in 0_u64..rounds {
        let told =
            [dir.path().to_str().unwrap(), account.id.as_str(), &round.to_string(), &format!("r{round}")]
                .join("\n");
        let said = tokio::task::spawn_blocking(move || killed(&told)).await.unwrap();
        // Somebody else, later.
        let holds = Standing::Holds(Arc::new(principal.clone()));
        work_until(&engine, holds, &mut async || {
            for key in said.keys() {
                let state = engine.send(&principal, state_of(key)).await;
                let is_over = state.is_ok_and(|outcome| match outcome.status {
                    SendStatus::Sent => outcome.copy.is_some_and(|copy| copy.state == "stored"),
                    status => status == SendStatus::Unknown,
                });
                let key = format!("key:{key}");
                if !is_over && store.outbox_find_key(&principal.grant, &key).await.unwrap().is_some() {
                    return false;
                }
            }
            true
        })
        .await;
        let transactions = sink.wait_closed(Duration::from_secs(10)).unwrap();
        for (key, ended) in &said {
            check(&engine, &principal, key, ended.as_deref(), &transactions, &mut tally).await;
        }
        let done = round + 1;
        if done % 25 == 0 || done == rounds {
            // read by `cargo xtask soak`
            println!("\n{done} kills: {tally}, 0 lost, 0 left twice");
        }
    }
    let filed = |folder: &str| {
        let path = maildir.path_of(folder).unwrap();
        let count = |kind: &str| std::fs::read_dir(path.join(kind)).map_or(0, Iterator::count);
        count("cur") + count("new")
    };
    assert_eq!(filed("Sent"), tally.sent, "one copy of each");
    assert!(tally.sent > 0);
}

async fn check(
    engine: &Engine,
    principal: &Principal,
    key: &str,
    told: Option<&str>,
    transactions: &[Transaction],
    tally: &mut Tally,
) {
    let outcome = match engine.send(principal, state_of(key)).await {
        Ok(outcome) => outcome,
        Err(problem) => {
            assert_eq!(problem.code, Code::NotFound, "{key}: {problem:?}");
            assert_eq!(told, None, "{key} was told and is lost");
            tally.never_begun += 1;
            return;
        }
    };
    let of_this: Vec<&Transaction> = transactions
        .iter()
        .filter(|one| String::from_utf8_lossy(&one.data).contains(&outcome.message_id))
        .collect();
    let ended = of_this.iter().filter(|one| one.is_ended).count();
    match outcome.status {
        SendStatus::Sent => {
            assert_eq!(ended, 1, "{key} is said to be sent");
            tally.sent += 1;
            tally.taken_up += usize::from(told.is_none());
        }
        SendStatus::Unknown => {
            assert_ne!(told, Some("sent"), "{key}");
            assert!(ended <= 1, "{key} left twice");
            // Everything but the end had been handed over; the last line end belongs to the end.
            let whole = of_this.iter().filter(|one| one.data.trim_ascii_end().ends_with(b"--")).count();
            assert_eq!(whole, 1, "{key} was not at its end");
            tally.cut += usize::from(ended == 0);
            tally.unknown += 1;
        }
        other => panic!("{key}: {other:?}"),
    }
}
