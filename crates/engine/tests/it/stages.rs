//! Each fault at each stage of each tool, on a connection that was sound until then: nothing hangs, nothing
//! panics, a call that can be repeated is, and the next call is not poisoned.

use std::time::Duration;

use domain::{Code, FolderArg, Limits, Principal, Problem};
use engine::{
    Bounds, Engine,
    attachment::Form,
    outgoing::{Composition, DraftRequest, Drafted, Follows},
    people::PeopleRequest,
    read::{Outcome, View},
    search::{Failure, SearchRequest},
    thread::ThreadRequest,
};
use futures_util::{
    TryStreamExt as _,
    future::{BoxFuture, FutureExt as _},
};
use testkit::{Mail, Maildir, Options, Proxy, maildir::Numbering, proxy::Faults, require_dovecot};

use crate::{
    faults::is_trouble,
    world::{NOW, bounded_engine, credentials, principal_with, settings},
};

/// What a tool asks, as text to be compared, or why there is none.
type Asked<'a> = BoxFuture<'a, Result<String, Problem>>;
type Tool = for<'a> fn(&'a Engine, &'a Principal) -> Asked<'a>;

/// How long the server may take here; a stall costs as much.
const PATIENCE: Duration = Duration::from_secs(1);

/// Far beyond every deadline: who takes longer hangs.
const HANGS: Duration = Duration::from_secs(15);

fn plain(failure: Failure) -> Problem {
    match failure {
        Failure::Problem(problem) => problem,
        Failure::BadCursor => panic!("no cursor was given"),
    }
}

async fn search(engine: &Engine, principal: &Principal, request: SearchRequest) -> Result<String, Problem> {
    let page = engine.search(principal, SearchRequest { limit: 10, ..request }).await.map_err(plain)?;
    match page.coverage.failed.first() {
        Some((_, problem)) => Err(problem.clone()),
        None => Ok(format!("{:?} of {}", page.rows, page.total)),
    }
}

async fn read(engine: &Engine, principal: &Principal, id: String, view: View) -> Result<String, Problem> {
    match engine.read(principal, &[id], view).await?.remove(0) {
        Outcome::Failed(_, problem) => Err(problem),
        outcome => Ok(format!("{outcome:?}")),
    }
}

fn folders<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    async { Ok(format!("{:?}", engine.folders(principal, None, true).await?)) }.boxed()
}

fn listing<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    search(engine, principal, SearchRequest::default()).boxed()
}

fn snippets<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    search(engine, principal, SearchRequest { with_snippet: true, ..SearchRequest::default() }).boxed()
}

fn search_everywhere<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    search(engine, principal, SearchRequest { query: "words".into(), ..SearchRequest::default() }).boxed()
}

fn search_filtered_here<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    let folder = Some(FolderArg::parse("Projects"));
    let request = SearchRequest { query: "has:attachment".into(), folder, ..SearchRequest::default() };
    search(engine, principal, request).boxed()
}

fn read_text<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    read(engine, principal, "work/@inbox:7@h".into(), View::Text).boxed()
}

fn read_raw<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    read(engine, principal, "work/Projects:7@h".into(), View::Raw).boxed()
}

fn read_headers<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    read(engine, principal, "work/@inbox:7@h".into(), View::Headers).boxed()
}

fn read_by_message_id<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    read(engine, principal, "<Projects-7@example.org>".into(), View::Text).boxed()
}

fn thread<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    async {
        let request = ThreadRequest { id: "work/@inbox:2@h".into(), limit: 10, cursor: None };
        let page = engine.thread(principal, request).await.map_err(plain)?;
        if let Some((_, problem)) = page.coverage.failed.first() {
            return Err(problem.clone());
        }
        let failed = page.messages.iter().find_map(|outcome| match outcome {
            Outcome::Failed(_, problem) => Some(problem.clone()),
            _ => None,
        });
        failed.map_or_else(|| Ok(format!("{:?}, {} earlier", page.messages, page.earlier)), Err)
    }
    .boxed()
}

fn people<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    async {
        let request = PeopleRequest { query: "example".into(), account: None };
        let found = engine.people(principal, request).await?;
        match found.coverage.failed.first() {
            Some((_, problem)) => Err(problem.clone()),
            None => Ok(format!("{:?}", found.people)),
        }
    }
    .boxed()
}

fn attachment_text<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    async {
        let file = engine.attachment(principal, "work/@inbox:7@h", 1, Form::Text).await?;
        Ok(format!("{file:?}"))
    }
    .boxed()
}

fn download<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    async {
        let download = engine.download(principal, "work/@inbox:7@h", 1).await?;
        let pieces: Vec<_> = download.body(0).try_collect().await?;
        Ok(String::from_utf8_lossy(&pieces.concat()).into_owned())
    }
    .boxed()
}

/// A draft that is made and then replaced. Its handle and version are new each time.
fn draft<'a>(engine: &'a Engine, principal: &'a Principal) -> Asked<'a> {
    async {
        let composition = Composition {
            follows: Some(Follows::Reply("work/@inbox:7@h".into())),
            body: Some("some words to carry".into()),
            ..Composition::default()
        };
        let made = engine.draft(principal, DraftRequest { replaces: None, composition }).await?;
        let composition = Composition { subject: Some("Again".into()), ..Composition::default() };
        let request = DraftRequest { replaces: Some(made.draft.clone()), composition };
        let replaced = engine.draft(principal, request).await.map_err(|problem| match problem.code {
            // Words that a server slips into a draft look like somebody's edit.
            Code::Conflict => Problem { code: Code::ServerRefused, ..problem },
            _ => problem,
        })?;
        assert_eq!(made.draft, replaced.draft);
        let Drafted { to, cc, subject, preview, .. } = replaced;
        Ok(format!("{to:?} {cc:?} {subject} {preview}"))
    }
    .boxed()
}

/// Strikes a warm connection at every stage of the tool's answer, in every way.
async fn strike(tool: Tool) {
    let Some(dovecot) = require_dovecot(Options::default()) else { return };
    let maildir = Maildir::of(&dovecot, "alice").unwrap();
    for (folder, count) in [("INBOX", 30), ("Projects", 20)] {
        let mails = (1..=count).map(|n| Mail::new(mail(folder, n), NOW + n));
        maildir.fill(folder, Numbering { uid_validity: 17, first_uid: 1 }, mails).unwrap();
    }
    let proxy = Proxy::start(dovecot.imap_port(), Faults::default()).unwrap();
    let mut through = settings(&dovecot);
    through.imap.port = proxy.port();
    let principal = principal_with(through, credentials("alice-secret"), Limits::default());
    let engine = bounded_engine(Bounds { answer: PATIENCE, ..Bounds::default() });
    let ask = async |what: &str| {
        let asked = tokio::time::timeout(HANGS, tool(&engine, &principal)).await;
        asked.unwrap_or_else(|_| panic!("{what}: no answer within {HANGS:?}"))
    };

    let first = ask("a sound network").await.unwrap();
    let before = proxy.said();
    let sound = ask("a warm connection").await.unwrap();
    let octets = proxy.said() - before;
    assert_eq!(first, sound);
    assert!(octets > 20, "the server said {octets} octets");

    for stage in [0, 1, octets / 4, octets / 2, octets * 3 / 4, octets - 1] {
        let none = Faults::default;
        let cut = || Faults { cut_after: Some(stage), ..none() };
        let kinds: [(&str, Faults); 5] = [
            ("cut", cut()),
            ("silence", Faults { stall_after: Some(stage), ..none() }),
            ("garbage", Faults { slip_in: Some((stage, b"\x00\xff)( \"{7}\r\n* BYE".to_vec())), ..none() }),
            ("farewell", Faults { slip_in: Some((stage, b"\r\n* BYE going down\r\n".to_vec())), ..none() }),
            ("cut in a literal", Faults { cut_in_literal: Some(stage), ..none() }),
        ];
        for (kind, faults) in kinds {
            let what = format!("{kind} after {stage} of {octets} octets");
            proxy.strike(faults);
            let outcome = ask(&what).await;
            match (kind, outcome) {
                // The connection had been waiting, so the question goes out again on a new one.
                ("cut" | "cut in a literal", outcome) => assert_eq!(outcome.as_ref(), Ok(&sound), "{what}"),
                (_, Err(problem)) => assert!(is_trouble(&problem), "{what}: {problem:?}"),
                ("silence", Ok(answer)) => assert_eq!(answer, sound, "{what}"),
                // A server that slips words into texts cannot be caught at it.
                (_, Ok(_)) => {}
            }
            proxy.strike(none());
            assert_eq!(ask(&what).await.as_ref(), Ok(&sound), "the call after {what}");
        }
        // A network that cuts again and again.
        proxy.set(cut());
        proxy.strike(cut());
        if let Err(problem) = ask("cut for good").await {
            assert!(is_trouble(&problem), "cut for good after {stage}: {problem:?}");
        }
        proxy.set(none());
        proxy.strike(none());
        assert_eq!(ask("mended").await.as_ref(), Ok(&sound), "after being cut for good after {stage}");
    }
    assert!(proxy.most_open() <= 2, "{} connections at a time", proxy.most_open());
}

/// A message with a text and a file; the first four of all folders are one thread.
fn mail(folder: &str, number: u64) -> String {
    let text = "some words to carry\r\n".repeat(40);
    let references = if number < 5 { "References: <INBOX-1@example.org>\r\n" } else { "" };
    format!(
        "From: b@example.org\r\n{references}Message-ID: <{folder}-{number}@example.org>\r\nSubject: {folder} {number}\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n{text}\r\n--x\r\n\
         Content-Type: text/csv; name=numbers.csv\r\n\r\n1,2,3\r\n{text}--x--\r\n"
    )
}

macro_rules! struck_at_each_stage {
    ($($tool:ident)*) => { $(
        mod $tool {
            #[tokio::test]
            async fn survives_each_fault_at_each_stage() {
                super::strike(super::$tool).await;
            }
        }
    )* };
}

struck_at_each_stage! {
    folders listing snippets search_everywhere search_filtered_here
    read_text read_raw read_headers read_by_message_id
    thread people attachment_text download draft
}
