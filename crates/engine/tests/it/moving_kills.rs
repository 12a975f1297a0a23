//! A process that moves messages and is killed at random moments: no message is lost, none is there twice once
//! somebody looked after it, and every id that was ever told leads to its message. Only of a move that was cut off
//! between the server's doing it and its being noted it cannot be known where the messages went: their old ids
//! say that they are gone from there, and never lead to another one.
//!
//! The child is this test program again. How often it is killed is `POSTROOM_TEST_KILLS`, 50 if absent; the
//! kills are dealt out over servers that move in one command, in several, and without UIDPLUS.

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::RandomState},
    hash::{BuildHasher as _, Hasher as _},
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use domain::{
    AccountId, AccountSource, Clock, Code, FolderArg, GrantedAccount, HomeAccount, Principal, Random,
    Timestamp,
};
use engine::{
    Engine,
    organize::{Action, Meant, OrganizeRequest, Organized},
    outbox::Standing,
    read::{Outcome, View},
    search::SearchRequest,
};
use storage::Store;
use testkit::{Mail, Maildir, Options, Proxy, maildir::Numbering, proxy::Faults, require_dovecot};

use crate::{
    sending::outbox_world::{Seeded, bounds, engine_over, open_store, principal_of, work_until},
    world::{NOW, credentials, settings_at},
};

/// Tells the child where the world is: directory, account and seed.
const CHILD: &str = "POSTROOM_TEST_MOVING_CHILD";
pub(crate) const COUNT: &str = "POSTROOM_TEST_KILLS";

/// Letters that are moved.
pub(crate) const LETTERS: u32 = 100;

/// One more, which another client has marked as deleted, and which nobody moves.
pub(crate) const MARKED: u32 = LETTERS + 1;

/// Letters of one move.
pub(crate) const TOGETHER: usize = 20;

struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "a killed process has the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now_utc()
    }
}

pub(crate) async fn engine_at(dir: &Path, seed: u64) -> (Store, Engine) {
    let random: Arc<dyn Random> = Arc::new(Seeded(seed, AtomicU64::new(0)));
    let store = open_store(dir, Arc::new(RealClock), random.clone()).await;
    let processes = Some(dir.join("processes"));
    let engine = engine_over(&store, Arc::new(RealClock), random, &bounds(), processes);
    (store, engine)
}

pub(crate) fn principal(account: &AccountId) -> Principal {
    principal_of(GrantedAccount {
        name: "work".parse().unwrap(),
        is_default: true,
        source: AccountSource::Stored(account.clone()),
    })
}

/// The newest letters in a folder: their ids and numbers.
pub(crate) async fn newest(engine: &Engine, principal: &Principal, folder: &str) -> Vec<(String, u32)> {
    let request = SearchRequest {
        query: "-subject:Marked".into(),
        account: None,
        folder: Some(FolderArg::parse(folder)),
        limit: TOGETHER,
        cursor: None,
        with_snippet: false,
    };
    // The other folder is made by the first move.
    let Ok(page) = engine.search(principal, request).await else { return Vec::new() };
    page.rows.iter().map(|row| (row.id.to_string(), number(&row.subject))).collect()
}

pub(crate) fn number(subject: &str) -> u32 {
    subject.rsplit(' ').next().unwrap().parse().unwrap()
}

async fn move_all(engine: &Engine, principal: &Principal, ids: Vec<String>, to: &str) -> Organized {
    change_all(engine, principal, ids, Action::Move, Some(to)).await
}

pub(crate) async fn change_all(
    engine: &Engine,
    principal: &Principal,
    ids: Vec<String>,
    action: Action,
    to: Option<&str>,
) -> Organized {
    let request = OrganizeRequest {
        meant: Meant { ids, ..Meant::default() },
        action,
        to_folder: to.map(FolderArg::parse),
        keywords: Vec::new(),
        confirm: None,
    };
    engine.organize(principal, request, &|_, _| ()).await.unwrap()
}

/// What the child does: it moves letters to and fro until it is killed, and says what it is about to move.
#[tokio::test]
async fn a_child_moves_until_it_is_killed() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let [dir, account, seed] = told.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let seed: u64 = seed.parse().unwrap();
    let (_, engine) = engine_at(Path::new(dir), seed).await;
    let principal = principal(&AccountId::from_text(account));
    for turn in 0_u64..40 {
        let (mut from, mut to) = ("@inbox", "@archive");
        // Whoever is killed after the first move would empty the first folder, and the next one find nothing to move.
        if !(seed / 3 + turn).is_multiple_of(2) {
            (from, to) = (to, from);
        }
        let mut letters = newest(&engine, &principal, from).await;
        if letters.is_empty() {
            (from, to) = (to, from);
            letters = newest(&engine, &principal, from).await;
        }
        let told: Vec<String> = letters.iter().map(|(id, number)| format!("{id}={number}")).collect();
        println!("\nbegun {}", told.join(" "));
        let ids = letters.into_iter().map(|(id, _)| id).collect();
        let organized = move_all(&engine, &principal, ids, to).await;
        println!("\nended {} {}", organized.done_count, organized.failed_count);
        for failed in &organized.failed {
            println!("\nfailed {} {}", failed.id, failed.problem);
        }
    }
}

pub(crate) fn random(below: u64) -> u64 {
    RandomState::new().build_hasher().finish() % below
}

/// What a killed child had said.
#[derive(Default)]
struct Said {
    /// Each id that it was about to move, and the letter's number.
    ids: BTreeMap<String, u32>,
    /// The letters of a move that did not come to its end.
    cut_off: BTreeSet<u32>,
    begun: usize,
    ended: usize,
    /// Letters that it told of as not moved.
    failed: Vec<String>,
}

/// Runs a child, kills it, and gives what it had said.
fn killed(told: &str) -> Said {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "moving_kills::a_child_moves_until_it_is_killed", "--nocapture"])
        .env(CHILD, told)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (first, begun) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut said = Said::default();
        for line in lines.map_while(Result::ok) {
            if let Some(ids) = line.strip_prefix("begun ") {
                said.begun += 1;
                let pairs = ids.split(' ').filter_map(|pair| pair.rsplit_once('='));
                let pairs = pairs.map(|(id, number)| (id.to_owned(), number.parse().unwrap()));
                let pairs: Vec<(String, u32)> = pairs.collect();
                said.cut_off = pairs.iter().map(|(_, number)| *number).collect();
                said.ids.extend(pairs);
                let _ = first.send(());
            } else if line.starts_with("ended ") {
                said.ended += 1;
                said.cut_off.clear();
            } else if let Some(failed) = line.strip_prefix("failed ") {
                said.failed.push(failed.to_owned());
            }
        }
        said
    });
    let is_begun = begun.recv_timeout(Duration::from_secs(30));
    // a moment within the first few moves
    std::thread::sleep(Duration::from_millis(random(400)));
    child.kill().unwrap();
    child.wait().unwrap();
    let said = reading.join().unwrap();
    assert!(is_begun.is_ok() && !said.ids.is_empty(), "the child moves nothing");
    said
}

/// How often each letter lies in a folder, as files say it; with `true` only where it is marked as deleted.
fn lying(maildir: &Maildir, only_marked: bool) -> BTreeMap<u32, usize> {
    let mut lying = BTreeMap::new();
    for folder in ["INBOX", "Archive"] {
        let path = maildir.path_of(folder).unwrap();
        for file in
            ["cur", "new"].into_iter().filter_map(|kind| std::fs::read_dir(path.join(kind)).ok()).flatten()
        {
            let path = file.unwrap().path();
            let flags = path.to_string_lossy().rsplit_once(":2,").map_or("", |(_, flags)| flags).to_owned();
            if only_marked && !flags.contains('T') {
                continue;
            }
            let Ok(text) = std::fs::read(&path) else { continue };
            let text = String::from_utf8_lossy(&text);
            let subject = text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
            *lying.entry(number(subject)).or_insert(0) += 1;
        }
    }
    lying
}

pub(crate) fn letter(number: u32) -> Mail {
    let (what, flags) = if number == MARKED { ("Marked", "T") } else { ("Letter", "") };
    let raw = format!(
        "From: bob@example.org\r\nTo: alice@example.com\r\nSubject: {what} {number}\r\n\
         Message-ID: <letter-{number}@example.org>\r\n\r\nText {number}.\r\n"
    );
    Mail::new(raw, NOW - 1_000 + u64::from(number)).flags(flags)
}

#[derive(Default)]
struct Tally {
    /// Moves that were begun, and that came to their end before the kill.
    begun: usize,
    ended: usize,
    /// Kills that left letters at both places, until somebody looked after them.
    between: usize,
    /// Ids that led to their letters, and those of letters that went nobody knows where.
    followed: usize,
    gone: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { begun, ended, between, followed, gone } = self;
        write!(
            f,
            "{begun} moves begun, {ended} ended, {between} cut between two places and finished later, "
        )?;
        write!(f, "{followed} old ids followed, {gone} said to be gone")
    }
}

/// One server, and what happened on it.
pub(crate) struct Moving {
    pub(crate) maildir: Maildir,
    pub(crate) dir: tempfile::TempDir,
    store: Store,
    pub(crate) engine: Engine,
    pub(crate) account: AccountId,
    pub(crate) principal: Principal,
    // the last to go
    _proxy: Proxy,
    _dovecot: testkit::Dovecot,
}

impl Moving {
    pub(crate) async fn new(options: Options) -> Option<Self> {
        let dovecot = require_dovecot(options)?;
        let maildir = Maildir::of(&dovecot, "alice").unwrap();
        maildir.fill("INBOX", Numbering::default(), (1..=MARKED).map(letter)).unwrap();
        // slow enough that every stage of a move is hit
        let faults = Faults { delay: Duration::from_millis(4), ..Faults::default() };
        let proxy = Proxy::start(dovecot.imap_port(), faults).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (store, engine) = engine_at(dir.path(), u64::MAX).await;
        let user = store.add_user("alice", false, "x").await.unwrap();
        let settings = settings_at("127.0.0.1", proxy.port());
        let credentials = credentials("alice-secret");
        let account = store.add_account(&user.id, &"work".parse().unwrap(), &settings, &credentials).await;
        let account = account.unwrap().id;
        let principal = principal(&account);
        Some(Self { maildir, dir, store, engine, account, principal, _proxy: proxy, _dovecot: dovecot })
    }

    /// Sees to what a dead process left unfinished.
    pub(crate) async fn finish(&self) {
        let home = HomeAccount::Stored(self.account.clone());
        let holds = Standing::Holds(Arc::new(self.principal.clone()));
        work_until(&self.engine, holds, &mut async || {
            self.store.changes_begun(&home).await.unwrap().is_empty()
        })
        .await;
    }

    async fn kill(&self, round: u64, tally: &mut Tally) {
        let told = [self.dir.path().to_str().unwrap(), self.account.as_str(), &round.to_string()].join("\n");
        let said = tokio::task::spawn_blocking(move || killed(&told)).await.unwrap();
        assert_eq!(said.failed, Vec::<String>::new(), "nobody else is at this mailbox");
        tally.begun += said.begun;
        tally.ended += said.ended;
        tally.between += usize::from(lying(&self.maildir, false).values().any(|count| *count > 1));

        // somebody else, later
        self.finish().await;

        let once: BTreeMap<u32, usize> = (1..=MARKED).map(|number| (number, 1)).collect();
        // A server that opens a folder moves its new files, and one may be missed while they are counted.
        let soon = tokio::time::Instant::now() + Duration::from_secs(5);
        let mut lying_now = lying(&self.maildir, false);
        while lying_now != once && tokio::time::Instant::now() < soon {
            tokio::time::sleep(Duration::from_millis(50)).await;
            lying_now = lying(&self.maildir, false);
        }
        assert_eq!(lying_now, once, "round {round}: each letter lies in one folder, once");
        let marked = lying(&self.maildir, true);
        assert!(marked.keys().all(|number| *number == MARKED), "round {round}: {marked:?} are marked");

        let ids: Vec<(String, u32)> = said.ids.into_iter().collect();
        for ids in ids.chunks(10) {
            let (old, numbers): (Vec<String>, Vec<u32>) = ids.iter().cloned().unzip();
            let outcomes = self.engine.read(&self.principal, &old, View::Text).await.unwrap();
            for ((outcome, id), wanted) in outcomes.into_iter().zip(&old).zip(numbers) {
                match outcome {
                    Outcome::Message(message) => {
                        assert_eq!(number(&message.subject), wanted, "{id}");
                        tally.followed += 1;
                    }
                    Outcome::Failed(_, problem)
                        if said.cut_off.contains(&wanted) && problem.code == Code::NotFound =>
                    {
                        tally.gone += 1;
                    }
                    other => panic!("round {round}: letter {wanted} is not found as {id}: {other:?}"),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_moving_no_message_is_lost_and_no_id_leads_to_another() {
    let rounds = std::env::var_os(COUNT).and_then(|count| count.to_str()?.parse().ok()).unwrap_or(50);
    let mut servers = Vec::new();
    for left_out in [&[][..], &["MOVE"], &["MOVE", "UIDPLUS"]] {
        let Some(moving) = Moving::new(Options::default().without(left_out)).await else { return };
        servers.push(moving);
    }
    let mut tally = Tally::default();
    for round in 0_u64..rounds {
        let server = usize::try_from(round).unwrap() % servers.len();
        servers[server].kill(round, &mut tally).await;
        let done = round + 1;
        if done % 25 == 0 || done == rounds {
            // read by `cargo xtask soak`
            println!("\n{done} kills: {tally}, 0 lost, 0 there twice");
        }
    }
    assert!(tally.begun > tally.ended, "no move was cut off");
}
