//! A process that takes a change back and is killed at a random moment; another one takes the rest back. No message
//! is lost, none is there twice, all are as they were before the change, and the answer says of each that it is.
//!
//! The child is this test program again, as in `moving_kills`, on the same servers; how often it is killed is
//! `POSTROOM_TEST_KILLS`, 50 if absent.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use domain::{AccountId, Code};
use engine::{
    organize::Action,
    read::{Outcome, View},
    undo::Undone,
};
use testkit::{Maildir, Options};

use crate::moving_kills::{
    COUNT, LETTERS, MARKED, Moving, TOGETHER, change_all, engine_at, newest, number, principal, random,
};

/// Tells the child where the world is: directory, account and seed.
const CHILD: &str = "POSTROOM_TEST_UNDOING_CHILD";

/// What the child does: it changes letters, says how that is taken back, and takes it back.
#[tokio::test]
async fn a_child_takes_back_until_it_is_killed() {
    let Some(told) = std::env::var_os(CHILD) else { return };
    let told = told.into_string().unwrap();
    let [dir, account, seed] = told.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let seed: u64 = seed.parse().unwrap();
    let (_, engine) = engine_at(Path::new(dir), seed).await;
    let principal = principal(&AccountId::from_text(account));
    let letters = newest(&engine, &principal, "@inbox").await;
    let told: Vec<String> = letters.iter().map(|(id, number)| format!("{id}={number}")).collect();
    let ids = letters.into_iter().map(|(id, _)| id).collect();
    let (action, to) = if is_move(seed) { (Action::Move, Some("@archive")) } else { (Action::Star, None) };
    let changed = change_all(&engine, &principal, ids, action, to).await;
    assert_eq!((changed.done_count, changed.failed_count), (TOGETHER as u64, 0), "{changed:?}");
    println!("\nmade {} {}", changed.undo.as_ref().unwrap(), told.join(" "));
    let undone = engine.undo(&principal, changed.undo.unwrap().as_str(), &|_, _| ()).await.unwrap();
    println!("\nended {} {:?}", undone.undone, undone.failed);
    std::future::pending::<()>().await;
}

/// Rounds take turns over three servers, and on each over moves and marks.
fn is_move(round: u64) -> bool {
    (round / 3).is_multiple_of(2)
}

/// What a killed child had said.
struct Said {
    undo: String,
    /// The ids before the change, and the letters' numbers.
    ids: Vec<(String, u32)>,
    ended: Option<String>,
}

/// Runs a child, kills it while it takes back, and gives what it had said.
fn killed(told: &str) -> Said {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "undoing_kills::a_child_takes_back_until_it_is_killed", "--nocapture"])
        .env(CHILD, told)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (telling, made) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut ended = None;
        for line in lines.map_while(Result::ok) {
            if let Some(made) = line.strip_prefix("made ") {
                let _ = telling.send(made.to_owned());
            } else if let Some(line) = line.strip_prefix("ended ") {
                ended = Some(line.to_owned());
            }
        }
        ended
    });
    let made = made.recv_timeout(Duration::from_secs(30));
    // a moment within taking back, or just behind it
    std::thread::sleep(Duration::from_millis(random(120)));
    child.kill().unwrap();
    child.wait().unwrap();
    let ended = reading.join().unwrap();
    let made = made.unwrap();
    let (undo, ids) = made.split_once(' ').unwrap();
    let pairs = ids.split(' ').map(|pair| pair.rsplit_once('=').unwrap());
    let ids = pairs.map(|(id, number)| (id.to_owned(), number.parse().unwrap())).collect();
    Said { undo: undo.to_owned(), ids, ended }
}

/// Where each letter lies and with which flags, as files say it, once for each time it is there.
fn lying(maildir: &Maildir) -> BTreeMap<u32, Vec<(&'static str, String)>> {
    let mut lying: BTreeMap<u32, Vec<_>> = BTreeMap::new();
    for folder in ["INBOX", "Archive"] {
        let path = maildir.path_of(folder).unwrap();
        let kinds = ["cur", "new"].into_iter().filter_map(|kind| std::fs::read_dir(path.join(kind)).ok());
        for file in kinds.flatten() {
            let path = file.unwrap().path();
            let Ok(text) = std::fs::read(&path) else { continue };
            let text = String::from_utf8_lossy(&text);
            let subject = text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
            let flags = path.to_string_lossy().rsplit_once(":2,").map_or("", |(_, flags)| flags).to_owned();
            lying.entry(number(subject)).or_default().push((folder, flags));
        }
    }
    lying
}

/// All letters where they were at the beginning, and as they were.
fn as_before() -> BTreeMap<u32, Vec<(&'static str, String)>> {
    let flags = |number| if number == MARKED { "T" } else { "" };
    (1..=LETTERS).chain([MARKED]).map(|number| (number, vec![("INBOX", flags(number).to_owned())])).collect()
}

#[derive(Default)]
struct Tally {
    /// Children that were killed before they had taken back what they did.
    cut: usize,
    /// Cuts of which another process took back the rest.
    rest: usize,
    /// Cuts that had taken everything back, and had not told it.
    untold: usize,
    /// Messages that the second answer said to be as they were.
    undone: u64,
    /// Ids of before the change that led to their letters, and those that were said to be gone.
    followed: usize,
    gone: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cut, rest, untold, undone, followed, gone } = self;
        write!(f, "{cut} in the middle, {rest} taken back by another process ({undone} messages), ")?;
        write!(f, "{untold} whole and untold, {followed} old ids followed, {gone} said to be gone")
    }
}

async fn kill(moving: &Moving, round: u64, tally: &mut Tally) {
    let told = [moving.dir.path().to_str().unwrap(), moving.account.as_str(), &round.to_string()].join("\n");
    let said = tokio::task::spawn_blocking(move || killed(&told)).await.unwrap();
    let what = if is_move(round) { "moves" } else { "marks" };
    // Somebody else, at once or later: both must do.
    if round.is_multiple_of(2) {
        moving.finish().await;
    }
    let again = moving.engine.undo(&moving.principal, &said.undo, &|_, _| ()).await;
    match (&said.ended, again) {
        (Some(ended), Err(problem)) => {
            assert_eq!(problem.code, Code::Conflict, "round {round}, {what}: {problem:?}");
            assert_eq!(ended, &format!("{TOGETHER} []"), "round {round}, {what}");
        }
        (None, Err(problem)) if problem.message.contains("taken back already") => {
            tally.cut += 1;
            tally.untold += 1;
        }
        (None, Ok(Undone { undone, failed, failed_count })) => {
            assert_eq!((failed, failed_count), (vec![], 0), "round {round}, {what}");
            assert_eq!(undone, TOGETHER as u64, "round {round}, {what}");
            tally.cut += 1;
            tally.rest += 1;
            tally.undone += undone;
        }
        (ended, again) => panic!("round {round}, {what}: {ended:?}, then {again:?}"),
    }
    let third = moving.engine.undo(&moving.principal, &said.undo, &|_, _| ()).await.unwrap_err();
    assert!(third.message.contains("taken back already"), "round {round}, {what}: {third:?}");
    moving.finish().await;

    let mut now = lying(&moving.maildir);
    // A server that opens a folder moves its new files, and one may be missed while they are counted.
    let soon = tokio::time::Instant::now() + Duration::from_secs(5);
    while now != as_before() && tokio::time::Instant::now() < soon {
        tokio::time::sleep(Duration::from_millis(50)).await;
        now = lying(&moving.maildir);
    }
    assert_eq!(now, as_before(), "round {round}, {what}: each letter lies in INBOX, once, as it was");

    for ids in said.ids.chunks(10) {
        let (old, numbers): (Vec<String>, Vec<u32>) = ids.iter().cloned().unzip();
        let outcomes = moving.engine.read(&moving.principal, &old, View::Text).await.unwrap();
        for ((outcome, id), wanted) in outcomes.into_iter().zip(&old).zip(numbers) {
            match outcome {
                Outcome::Message(message) => {
                    assert_eq!(number(&message.subject), wanted, "round {round}: {id}");
                    tally.followed += 1;
                }
                Outcome::Failed(_, problem) if said.ended.is_none() && problem.code == Code::NotFound => {
                    tally.gone += 1;
                }
                other => panic!("round {round}: letter {wanted} is not found as {id}: {other:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_taking_back_the_rest_is_taken_back_by_another_and_nothing_is_lost() {
    let rounds = std::env::var_os(COUNT).and_then(|count| count.to_str()?.parse().ok()).unwrap_or(50);
    let mut servers = Vec::new();
    for left_out in [&[][..], &["MOVE"], &["MOVE", "UIDPLUS"]] {
        let Some(moving) = Moving::new(Options::default().without(left_out)).await else { return };
        servers.push(moving);
    }
    let mut tally = Tally::default();
    for round in 0_u64..rounds {
        let server = usize::try_from(round).unwrap() % servers.len();
        kill(&servers[server], round, &mut tally).await;
        let done = round + 1;
        if done % 25 == 0 || done == rounds {
            // read by `cargo xtask soak`
            println!("\n{done} kills: {tally}, 0 lost, 0 there twice");
        }
    }
    assert!(tally.cut > 0 && tally.rest > 0, "nothing was cut in the middle: {tally}");
}
