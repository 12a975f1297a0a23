//! A network and a server that fail, at every stage of a call: a clear problem in time, and the next call
//! works.

use std::time::{Duration, Instant};

use domain::{Code, Limits, Principal, Problem};
use engine::{
    Bounds, Engine,
    read::{Outcome, View},
    search::{Failure, SearchRequest},
    thread::ThreadRequest,
};
use testkit::{Dovecot, Mail, Maildir, Options, Proxy, maildir::Numbering, proxy::Faults, require_dovecot};

use crate::world::{NOW, bounded_engine, credentials, new_engine, principal_with, settings};

pub(crate) struct Faulty {
    dovecot: Dovecot,
    pub(crate) proxy: Proxy,
    pub(crate) principal: Principal,
}

/// 60 messages in INBOX, 30 in Projects, behind a proxy.
pub(crate) fn faulty(faults: Faults) -> Option<Faulty> {
    let dovecot = require_dovecot(Options::default())?;
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    for (folder, count) in [("INBOX", 60), ("Projects", 30)] {
        let mails = (1..=count).map(|n| {
            let text = "some words to carry\r\n".repeat(50);
            Mail::new(
                format!(
                    "From: b@example.org\r\nSubject: {folder} {n}\r\nMessage-ID: <{folder}.{n}@x>\r\nReferences: <INBOX.60@x>\r\n\r\n{folder} {n}\r\n{text}"
                ),
                NOW + n,
            )
        });
        maildir.fill(folder, Numbering::default(), mails).unwrap();
    }
    let proxy = Proxy::start(dovecot.imap_port(), faults).unwrap();
    let mut through = settings(&dovecot);
    through.imap.port = proxy.port();
    let principal = principal_with(through, credentials("alice-secret"), Limits::default());
    Some(Faulty { dovecot, proxy, principal })
}

fn impatient() -> Engine {
    bounded_engine(Bounds { answer: Duration::from_millis(1_500), ..Bounds::default() })
}

fn request(query: &str) -> SearchRequest {
    SearchRequest { query: query.into(), limit: 20, ..SearchRequest::default() }
}

/// Everything an agent can ask: list, search, read, a thread. The first problem, if any.
pub(crate) async fn everything(engine: &Engine, principal: &Principal) -> Result<(), Problem> {
    let plain = |failure: Failure| match failure {
        Failure::Problem(problem) => problem,
        Failure::BadCursor => panic!("a bad cursor"),
    };
    let folders = engine.folders(principal, None, true).await?;
    assert!(folders.len() >= 2 && folders[0].total == Some(60), "{folders:?}");
    let page = engine.search(principal, request("")).await.map_err(plain)?;
    assert_eq!((page.rows.len(), page.total), (20, 60));
    let ids: Vec<String> = page.rows.iter().take(3).map(|row| row.id.to_string()).collect();
    let found = engine.search(principal, request("subject:Projects words")).await.map_err(plain)?;
    if let Some((_, problem)) = found.coverage.failed.first() {
        return Err(problem.clone());
    }
    assert_eq!(found.rows.len(), 20);
    for (outcome, row) in engine.read(principal, &ids, View::Text).await?.into_iter().zip(&page.rows) {
        match outcome {
            Outcome::Message(message) => assert!(message.body.contains(&row.subject), "{}", message.body),
            Outcome::Failed(_, problem) => return Err(problem),
            Outcome::Several(id, _) => panic!("{id} is an id of ours"),
        }
    }
    let thread = ThreadRequest { id: ids.first().cloned().unwrap_or_default(), limit: 40, cursor: None };
    let thread = engine.thread(principal, thread).await.map_err(plain)?;
    if let Some((_, problem)) = thread.coverage.failed.first() {
        return Err(problem.clone());
    }
    assert_eq!((thread.messages.len(), thread.earlier), (40, 50));
    for outcome in thread.messages {
        if let Outcome::Failed(_, problem) = outcome {
            return Err(problem);
        }
    }
    Ok(())
}

/// A problem that tells of the network or the server, and of no secret.
pub(crate) fn is_trouble(problem: &Problem) -> bool {
    matches!(
        problem.code,
        Code::AccountUnreachable | Code::Timeout | Code::ServerRefused | Code::NotSupported | Code::TooLarge
    ) && !problem.message.is_empty()
        && !format!("{problem:?}").contains("alice-secret")
}

/// Where the faults strike: greeting, sign-in, listing, rows, search, texts; in lines and in literals.
const STAGES: &[usize] =
    &[0, 1, 30, 150, 300, 500, 700, 900, 1_200, 1_700, 2_500, 4_000, 7_000, 12_000, 20_000];

#[tokio::test]
async fn a_cut_connection_at_any_stage_is_a_clear_problem_and_the_next_call_works() {
    let Some(world) = faulty(Faults::default()) else { return };
    let mut failures = 0;
    for stage in STAGES {
        let engine = impatient();
        world.proxy.set(Faults { cut_after: Some(*stage), ..Faults::default() });
        let begun = Instant::now();
        if let Err(problem) = everything(&engine, &world.principal).await {
            assert!(is_trouble(&problem), "cut after {stage}: {problem:?}");
            failures += 1;
        }
        assert!(begun.elapsed() < Duration::from_secs(8), "cut after {stage}: {:?}", begun.elapsed());
        world.proxy.set(Faults::default());
        assert_eq!(everything(&engine, &world.principal).await, Ok(()), "after a cut after {stage}");
    }
    assert!(failures >= 6, "{failures} of {} cuts were noticed", STAGES.len());
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up_in_time_and_the_next_call_works() {
    let Some(world) = faulty(Faults::default()) else { return };
    let mut failures = 0;
    for stage in STAGES {
        let engine = bounded_engine(Bounds { answer: Duration::from_millis(500), ..Bounds::default() });
        world.proxy.set(Faults { stall_after: Some(*stage), ..Faults::default() });
        let begun = Instant::now();
        if let Err(problem) = everything(&engine, &world.principal).await {
            assert_eq!(problem.code, Code::Timeout, "silent after {stage}: {problem:?}");
            failures += 1;
        }
        assert!(begun.elapsed() < Duration::from_secs(4), "silent after {stage}: {:?}", begun.elapsed());
        world.proxy.set(Faults::default());
        assert_eq!(everything(&engine, &world.principal).await, Ok(()), "after silence after {stage}");
    }
    assert!(failures >= 6, "{failures}");
}

#[tokio::test]
async fn a_slow_network_changes_nothing_but_the_time() {
    let trickle = Faults { trickle: Some(97), ..Faults::default() };
    let Some(world) = faulty(trickle) else { return };
    assert_eq!(everything(&new_engine(), &world.principal).await, Ok(()));
    world.proxy.set(Faults { delay: Duration::from_millis(40), ..Faults::default() });
    let engine = new_engine();
    assert_eq!(everything(&engine, &world.principal).await, Ok(()));
    // Warm, a listing is one round trip (two delays) of an open folder.
    let begun = Instant::now();
    engine.search(&world.principal, request("")).await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn garbage_from_the_server_is_survived() {
    let Some(world) = faulty(Faults::default()) else { return };
    let swaps: &[(&[u8], &[u8])] = &[
        (b"* OK", b"\x00\xff)("),
        (b"* LIST", b"* LUST"),
        (b"* STATUS", b"* STATIC"),
        (b"EXISTS", b"EXISTZ"),
        (b"FETCH (", b"FETCH )"),
        (b"ENVELOPE", b"ENVEL(PE"),
        (b"BODYSTRUCTURE", b"BODYSTRUCTUR)"),
        (b"UIDVALIDITY 17", b"UIDVALIDITY -7"),
        (b"UID ", b"UID)"),
        (b"* ESEARCH", b"* EXPUNGES"),
        (b"ESEARCH (TAG", b"ESEARCH (TOG"),
        (b"{", b"}"),
        (b"\"", b"\x80"),
        (b"OK", b"NO"),
        (b"OK", b"BAD"),
        (b"\r\n", b"\r\r"),
        (b"RFC822.SIZE", b"RFC822.SIZ)"),
        (b"INTERNALDATE \"", b"INTERNALDATE (\""),
        (b"BODY[HEADER]", b"BODY[HEADEX]"),
        (b"} ", b"9}"),
        (b"Nov-2026", b"Nov-9999"),
    ];
    for (old, new) in swaps {
        let engine = bounded_engine(Bounds { answer: Duration::from_millis(700), ..Bounds::default() });
        let what = format!("{} for {}", new.escape_ascii(), old.escape_ascii());
        world.proxy.set(Faults { replace: Some((old.to_vec(), new.to_vec())), ..Faults::default() });
        let begun = Instant::now();
        // Whatever it answers, it answers.
        let _ = engine.folders(&world.principal, None, true).await;
        for query in ["", "subject:Projects words"] {
            if let Ok(page) = engine.search(&world.principal, request(query)).await {
                let ids: Vec<String> = page.rows.iter().take(3).map(|row| row.id.to_string()).collect();
                if !ids.is_empty() {
                    for view in [View::Text, View::Raw] {
                        let _ = engine.read(&world.principal, &ids, view).await;
                    }
                }
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(9), "{what}: {:?}", begun.elapsed());
        world.proxy.set(Faults::default());
        engine.close();
        let next = everything(&new_engine(), &world.principal).await;
        assert_eq!(next, Ok(()), "after {what}");
    }
}

#[tokio::test]
async fn a_waiting_connection_that_the_server_closed_is_replaced_unseen() {
    let Some(world) = faulty(Faults::default()) else { return };
    let engine = impatient();
    assert_eq!(everything(&engine, &world.principal).await, Ok(()));
    for _ in 0..3 {
        let before = world.proxy.connections();
        kick(&world.dovecot);
        // At once: the end of the connection may not have been noticed yet.
        assert_eq!(everything(&engine, &world.principal).await, Ok(()));
        assert!(world.proxy.connections() <= before + 2);
        kick(&world.dovecot);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(everything(&engine, &world.principal).await, Ok(()));
    }
}

/// Ends all sessions of this server, as an administrator does.
fn kick(dovecot: &Dovecot) {
    let status = std::process::Command::new("doveadm")
        .arg("-c")
        .arg(dovecot.directory().join("dovecot.conf"))
        .args(["kick", "alice"])
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success(), "{}", dovecot.log());
}

#[tokio::test]
async fn calls_side_by_side_stay_apart_on_two_connections() {
    let Some(world) = faulty(Faults::default()) else { return };
    let engine = new_engine();
    let page = engine.search(&world.principal, request("")).await.unwrap();
    let calls = (0..40_usize).map(|number| {
        let (engine, principal, rows) = (engine.clone(), world.principal.clone(), page.rows.clone());
        tokio::spawn(async move {
            match number % 4 {
                0 | 1 => {
                    let row = &rows[number % rows.len()];
                    let ids = [row.id.to_string()];
                    let view = if number % 4 == 0 { View::Text } else { View::Raw };
                    let Outcome::Message(message) =
                        engine.read(&principal, &ids, view).await.unwrap().remove(0)
                    else {
                        panic!("{ids:?} was not read")
                    };
                    assert_eq!(message.id, row.id);
                    assert!(
                        message.body.contains(&format!("\n{}", row.subject))
                            || message.body.starts_with(&row.subject),
                        "{}",
                        message.body
                    );
                }
                2 => {
                    let query = format!("subject:\"Projects {number}\" OR subject:\"INBOX {number}\"");
                    let page = engine.search(&principal, request(&query)).await.unwrap();
                    assert!(
                        page.rows.iter().all(|row| row.subject.contains(&number.to_string())),
                        "{page:?}"
                    );
                    assert!(!page.rows.is_empty() || number > 60);
                }
                _ => {
                    let page = engine.search(&principal, request("in:Projects")).await.unwrap();
                    assert_eq!(page.rows.len(), 20);
                    assert!(page.rows.iter().all(|row| row.subject.starts_with("Projects")), "{page:?}");
                }
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert!(world.proxy.connections() <= 2, "{} connections", world.proxy.connections());
}

#[tokio::test]
async fn a_call_that_is_given_up_by_its_caller_leaves_the_next_one_sound() {
    let Some(world) = faulty(Faults { delay: Duration::from_millis(15), ..Faults::default() }) else {
        return;
    };
    let engine = new_engine();
    assert_eq!(everything(&engine, &world.principal).await, Ok(()));
    for patience in (0..120).step_by(7) {
        let given_up = everything(&engine, &world.principal);
        let _ = tokio::time::timeout(Duration::from_millis(patience), given_up).await;
        assert_eq!(everything(&engine, &world.principal).await, Ok(()), "given up after {patience} ms");
    }
    assert!(world.proxy.connections() <= 2, "{} connections", world.proxy.connections());
}

#[tokio::test]
async fn a_broken_page_can_be_asked_for_again() {
    let Some(world) = faulty(Faults::default()) else { return };
    let engine = impatient();
    let mut asked = request("words");
    let mut shown = Vec::new();
    loop {
        world.proxy.set(Faults { cut_after: Some(700), ..Faults::default() });
        if !shown.is_empty() {
            kick(&world.dovecot);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let failure = engine.search(&world.principal, asked.clone()).await.unwrap_err();
        assert!(matches!(&failure, Failure::Problem(problem) if is_trouble(problem)), "{failure:?}");
        world.proxy.set(Faults::default());
        let page = engine.search(&world.principal, asked.clone()).await.unwrap();
        shown.extend(page.rows.iter().map(|row| row.id.to_string()));
        asked.cursor = page.next_cursor;
        if asked.cursor.is_none() {
            break;
        }
    }
    shown.sort();
    shown.dedup();
    assert_eq!(shown.len(), 90);
}

#[tokio::test]
async fn a_literal_of_four_gigabytes_is_a_clear_problem_and_the_next_call_works() {
    let Some(world) = faulty(Faults::default()) else { return };
    let engine = impatient();
    assert_eq!(everything(&engine, &world.principal).await, Ok(()));
    let id = engine.search(&world.principal, request("")).await.unwrap().rows[0].id.to_string();
    for (announced, view) in
        [("BODY[1] {", View::Text), ("BODY[HEADER] {", View::Headers), ("BODY[]<0> {", View::Raw)]
    {
        let huge = format!("{announced}4294967").into_bytes();
        world.proxy.strike(Faults { replace: Some((announced.into(), huge)), ..Faults::default() });
        match engine.read(&world.principal, std::slice::from_ref(&id), view).await.unwrap().remove(0) {
            Outcome::Failed(_, problem) => {
                assert!(matches!(problem.code, Code::TooLarge | Code::Timeout), "{problem:?}");
            }
            other => panic!("{other:?}"),
        }
        world.proxy.strike(Faults::default());
        assert_eq!(everything(&engine, &world.principal).await, Ok(()), "after {announced}");
    }
}
