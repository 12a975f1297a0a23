//! What a child may do to its parent: nothing. Children that misbehave are played by a shell.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use bytes::Bytes;
use documents::{Error, Kind, Limits, Reader};

use crate::files::{lines, pages, patient};

/// A reader whose children run this script.
fn shell(script: &str, limits: Limits) -> Reader {
    Reader::new("/bin/sh".into(), vec!["-c".into(), script.into()], limits)
}

async fn outcome(script: &str, wall: Duration) -> Error {
    let limits = Limits { wall, ..Limits::default() };
    // more than a pipe holds
    let document = Bytes::from(vec![b'x'; 1 << 20]);
    shell(script, limits).text(Kind::Pdf, document).await.unwrap_err()
}

const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_child_that_ends_by_a_signal_has_crashed() {
    assert_eq!(outcome("kill -ABRT $$", LONG).await, Error::Crashed);
    assert_eq!(outcome("cat > /dev/null; kill -SEGV $$", LONG).await, Error::Crashed);
    assert_eq!(outcome("kill -XCPU $$", LONG).await, Error::TooSlow);
}

#[tokio::test]
async fn a_child_that_does_not_end_is_ended() {
    assert_eq!(outcome("while :; do :; done", SHORT).await, Error::TooSlow);
    // neither reads nor writes
    assert_eq!(outcome("exec sleep 600", SHORT).await, Error::TooSlow);
    // says all it has to say, and stays
    assert_eq!(outcome("exec >&-; exec sleep 600", SHORT).await, Error::TooSlow);
}

#[tokio::test]
async fn a_child_that_never_stops_talking_is_not_heard_out() {
    let before = peak();
    assert_eq!(outcome("exec cat /dev/zero", LONG).await, Error::Crashed);
    // a pipe carries gigabytes within the minute that it had; other tests may run in this process too
    assert!(peak() - before < 512 << 10, "from {before} to {} KiB", peak());
}

/// The most memory that this process has had, in KiB; 0 where that cannot be told.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn a_child_that_answers_nonsense_is_no_reader() {
    for script in
        ["exit 0", "exit 3", "echo hello", "echo '{\"Ok\":7}'", "cat", "echo '{\"Err\":\"Locked\"}'; exit 1"]
    {
        assert_eq!(outcome(script, LONG).await, Error::Unavailable, "{script}");
    }
    // well formed, but no text, and a picture where text was asked for
    for script in [
        r#"echo '{"Ok":{"Text":{"is_cut":false,"notes":[]}}}'; printf '\377'"#,
        r#"echo '{"Ok":{"Picture":{"encoding":"Png","width":1,"height":1}}}'"#,
    ] {
        assert_eq!(outcome(script, LONG).await, Error::Crashed, "{script}");
    }
    let missing = Reader::new("/nowhere/to/be/found".into(), Vec::new(), Limits::default());
    assert_eq!(missing.text(Kind::Pdf, Bytes::new()).await, Err(Error::Unavailable));
}

#[tokio::test]
async fn a_child_gets_no_environment() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("env > {0}/environment; pwd > {0}/folder; exit 1", folder.path().display());
    assert_eq!(outcome(&script, LONG).await, Error::Unavailable);
    let environment = fs::read_to_string(folder.path().join("environment")).unwrap();
    let names: Vec<&str> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    // the shell makes some of its own; whoever runs tests has HOME, and cargo sets its name
    assert!(names.contains(&"MIMALLOC_ARENA_RESERVE"), "{names:?}");
    assert!(!names.iter().any(|name| ["HOME", "CARGO", "CARGO_MANIFEST_DIR"].contains(name)), "{names:?}");
    assert_eq!(fs::read_to_string(folder.path().join("folder")).unwrap().trim(), "/");
}

#[tokio::test]
async fn no_more_children_live_at_once_than_may() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "cd {}; mkdir busy || echo two > overlap; sleep 0.05; rmdir busy; kill -ABRT $$",
        folder.path().display()
    );
    let reader = shell(&script, Limits { children: 1, wall: LONG, ..Limits::default() });
    let ask = || async { reader.text(Kind::Pdf, Bytes::new()).await };
    let outcomes = tokio::join!(ask(), ask(), ask(), ask());
    assert_eq!(
        outcomes,
        (Err(Error::Crashed), Err(Error::Crashed), Err(Error::Crashed), Err(Error::Crashed))
    );
    assert!(!folder.path().join("overlap").exists());
}

#[tokio::test]
async fn waiting_for_a_turn_is_bounded_and_takes_nothing_of_the_time_to_read() {
    let limits = Limits { children: 1, waiting: SHORT, wall: LONG, ..Limits::default() };
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("begun");
    let reader = shell(&format!("touch {}; exec sleep 600", begun.display()), limits);
    let first = tokio::spawn({
        let reader = reader.clone();
        async move { reader.text(Kind::Pdf, Bytes::new()).await }
    });
    eventually(|| begun.exists().then_some(())).await;
    assert_eq!(reader.text(Kind::Pdf, Bytes::new()).await, Err(Error::Busy));
    first.abort();
    // Two of them take longer than the time that each has.
    let limits = Limits { children: 1, waiting: LONG, wall: Duration::from_secs(2), ..Limits::default() };
    let reader = shell("sleep 1.2; kill -ABRT $$", limits);
    let ask = || async { reader.text(Kind::Pdf, Bytes::new()).await };
    assert_eq!(tokio::join!(ask(), ask()), (Err(Error::Crashed), Err(Error::Crashed)));
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_ends_its_child() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("pid");
    let reader = shell(&format!("echo $$ > {}; exec sleep 600", place.display()), patient());
    let call = tokio::spawn(async move { reader.text(Kind::Pdf, Bytes::new()).await });
    let pid = eventually(|| fs::read_to_string(&place).ok().filter(|pid| pid.ends_with('\n'))).await;
    let process = Path::new("/proc").join(pid.trim());
    assert!(process.exists() || !Path::new("/proc").exists());
    call.abort();
    eventually(|| (!process.exists()).then_some(())).await;
}

/// Waits for something that other processes do.
async fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3000 {
        if let Some(seen) = look() {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to pass within half a minute");
}

#[test]
#[cfg(target_os = "linux")]
fn the_child_bounds_itself_before_it_reads_the_document() {
    let limits = Limits::default();
    let question = serde_json::json!({"task": {"Text": "Pdf"}, "limits": limits});
    let mut child = Command::new(env!("CARGO_BIN_EXE_read-document"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // nothing of the document yet
    writeln!(stdin, "{question}").unwrap();
    let of_child = format!("/proc/{}/limits", child.id());
    let row = |name: &str| {
        let table = fs::read_to_string(&of_child).unwrap();
        let row = table.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        let words: Vec<String> = row.split_whitespace().take(2).map(str::to_owned).collect();
        words.join(" ")
    };
    let memory = limits.memory.to_string();
    for _ in 0..3000 {
        if row("Max address space") == format!("{memory} {memory}") {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(row("Max address space"), format!("{memory} {memory}"));
    assert_eq!(row("Max cpu time"), "10 11");
    for (name, most) in
        [("Max file size", 0), ("Max open files", 3), ("Max processes", 0), ("Max core file size", 0)]
    {
        assert_eq!(row(name), format!("{most} {most}"), "{name}");
    }
    stdin.write_all(&pages(&[&lines(&["x"])])).unwrap();
    drop(stdin);
    let mut answer = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\n--- page 1 ---\nx"), "{answer}");
    assert!(child.wait().unwrap().success());
}
