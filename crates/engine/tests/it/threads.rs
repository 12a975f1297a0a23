//! Threads over folders: who belongs, in which order, how far a page goes, and what stays hidden.

use std::fmt::Write as _;

use domain::{Code, FolderArg, Limits, Principal};
use engine::{
    Bounds,
    read::{Message, Outcome},
    search::{Failure, SearchRequest},
    thread::{ThreadPage, ThreadRequest},
};
use testkit::{Mail, Options, maildir::Numbering};

use crate::world::{NOW, World, bounded_engine, empty_world, new_engine, now, principal};

const MINUTE: u64 = 60;

/// `id` answers the ids of `references`; received `minutes` before now.
struct Letter {
    id: &'static str,
    references: &'static str,
    minutes: u64,
    from: &'static str,
    subject: &'static str,
}

fn letter(id: &'static str, references: &'static str, minutes: u64) -> Letter {
    Letter { id, references, minutes, from: "bob@example.org", subject: "Re: plan" }
}

impl Letter {
    fn mail(&self) -> Mail {
        let parent = self.references.rsplit(' ').next().filter(|parent| !parent.is_empty());
        let mut head = format!(
            "From: {}\r\nTo: alice@example.com\r\nSubject: {}\r\nMessage-ID: <{}>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n",
            self.from, self.subject, self.id
        );
        if let Some(parent) = parent {
            let references: Vec<String> = self.references.split(' ').map(|id| format!("<{id}>")).collect();
            let _ = write!(head, "References: {}\r\nIn-Reply-To: <{parent}>\r\n", references.join(" "));
        }
        Mail::new(
            format!("{head}\r\nThis is {}.\r\n\r\n> quoted\r\n> words\r\n", self.id),
            NOW - self.minutes * MINUTE,
        )
    }
}

fn fill(world: &World, folder: &str, letters: &[Letter]) {
    world.maildir.fill(folder, Numbering::default(), letters.iter().map(Letter::mail)).unwrap();
}

fn request(id: &str, limit: usize) -> ThreadRequest {
    ThreadRequest { id: id.into(), limit, cursor: None }
}

async fn thread(world: &World, id: &str) -> ThreadPage {
    new_engine().thread(&world.principal, request(id, 30)).await.unwrap()
}

fn messages(thread: &ThreadPage) -> Vec<&Message> {
    fn message(outcome: &Outcome) -> &Message {
        match outcome {
            Outcome::Message(message) => message,
            other => panic!("{other:?}"),
        }
    }
    thread.messages.iter().map(message).collect()
}

/// The ids as letters write them, in the order shown.
fn shown(thread: &ThreadPage) -> Vec<String> {
    let id = |message: &&Message| message.message_id.clone().unwrap().trim_matches(['<', '>']).to_owned();
    messages(thread).iter().map(id).collect()
}

fn code(failure: Failure) -> Code {
    match failure {
        Failure::Problem(problem) => problem.code,
        Failure::BadCursor => panic!("a bad cursor"),
    }
}

/// A thread of eight over four folders, with a sibling branch whose last answer names only its parent,
/// a copy, and strangers.
fn filled() -> Option<World> {
    let world = empty_world(Options::default())?;
    fill(
        &world,
        "INBOX",
        &[
            letter("root", "", 100),
            letter("other", "", 95),
            letter("b", "root a", 80),
            letter("branch", "root", 70),
            letter("twig", "branch", 30),
            letter("stranger", "elsewhere", 20),
            letter("rootless", "x.root", 10),
        ],
    );
    fill(&world, "Sent", &[letter("a", "root", 90), letter("c", "root a b", 60)]);
    fill(&world, "Archive", &[letter("b", "root a", 80), letter("leaf", "twig", 15)]);
    fill(&world, "Projects/Mars", &[letter("d", "root a b c", 50)]);
    fill(&world, "Trash", &[letter("binned", "root", 40)]);
    fill(&world, "Junk", &[letter("spam", "root", 35)]);
    Some(world)
}

const ALL: [&str; 8] = ["root", "a", "b", "branch", "c", "d", "twig", "leaf"];

#[tokio::test]
async fn a_thread_is_gathered_over_folders_and_branches_from_any_of_its_messages() {
    let Some(world) = filled() else { return };
    for from in ["<root>", "<c>", "<d>", "<leaf>", "<branch>"] {
        let found = thread(&world, from).await;
        assert_eq!(shown(&found), ALL, "from {from}");
        assert_eq!((found.earlier, &found.next_cursor), (0, &None));
        assert!(found.coverage.is_exact, "{:?}", found.coverage);
        assert_eq!(found.coverage.skipped, ["work/@trash", "work/@junk"]);
        assert!(found.coverage.failed.is_empty() && found.coverage.back_to.is_none());
    }
    let found = thread(&world, "<c>").await;
    let message = messages(&found)[4];
    assert!(message.body.contains("This is c.") && !message.body.contains("words"), "{}", message.body);
}

#[tokio::test]
async fn servers_without_extensions_give_the_same_thread() {
    for without in
        [&["SORT", "ESORT", "CONTEXT=SEARCH"][..], &["SORT", "ESEARCH", "LIST-STATUS", "LIST-EXTENDED"]]
    {
        let Some(world) = empty_world(Options::default().without(without)) else { return };
        fill(&world, "INBOX", &[letter("root", "", 100), letter("b", "root a", 80)]);
        fill(&world, "Sent", &[letter("a", "root", 90)]);
        assert_eq!(shown(&thread(&world, "<b>").await), ["root", "a", "b"], "{without:?}");
    }
}

#[tokio::test]
async fn of_copies_the_one_that_was_asked_for_is_shown_and_after_a_listing_nothing_changes() {
    let Some(world) = filled() else { return };
    for folder in ["@inbox", "@archive"] {
        let list = SearchRequest {
            folder: Some(FolderArg::parse(folder)),
            query: "id:<b>".into(),
            limit: 5,
            ..SearchRequest::default()
        };
        let page = world.engine.search(&world.principal, list).await.unwrap();
        let id = page.rows[0].id.to_string();
        let found = world.engine.thread(&world.principal, request(&id, 30)).await.unwrap();
        assert_eq!(shown(&found), ALL, "{id}");
        assert_eq!(messages(&found)[2].id.to_string(), id);
    }
}

#[tokio::test]
async fn trash_and_junk_are_looked_into_only_from_inside() {
    let Some(world) = filled() else { return };
    let found = thread(&world, "<binned>").await;
    assert_eq!(shown(&found), ["root", "a", "b", "branch", "c", "d", "binned", "twig", "leaf"]);
    assert_eq!(found.coverage.skipped, ["work/@junk"]);
}

#[tokio::test]
async fn several_messages_of_one_message_id_are_a_choice() {
    let Some(world) = empty_world(Options::default()) else { return };
    let twin =
        Letter { from: "eve@example.org", subject: "Re: something longer", ..letter("twin", "root", 5) };
    fill(&world, "INBOX", &[letter("root", "", 9), letter("twin", "root", 8), twin]);
    let found = thread(&world, "<twin>").await;
    assert!(matches!(&found.messages[..], [Outcome::Several(id, rows)] if id == "<twin>" && rows.len() == 2));
    // From elsewhere both are shown: neither hides the other.
    assert_eq!(shown(&thread(&world, "<root>").await), ["root", "twin", "twin"]);
}

#[tokio::test]
async fn a_forged_message_neither_joins_threads_nor_hides_a_real_one() {
    let Some(world) = empty_world(Options::default()) else { return };
    let forged = Letter { from: "eve@example.net", ..letter("a2", "a1 b1", 5) };
    fill(&world, "INBOX", &[letter("a1", "", 90), letter("b1", "", 80), letter("b2", "b1", 70), forged]);
    fill(&world, "Sent", &[letter("a2", "a1", 60)]);
    let found = thread(&world, "<a1>").await;
    assert_eq!(shown(&found), ["a1", "a2", "a2"]);
    let from: Vec<&str> = messages(&found).iter().map(|message| message.from[0].email.as_str()).collect();
    assert_eq!(from, ["bob@example.org", "bob@example.org", "eve@example.net"]);
    assert_eq!(shown(&thread(&world, "<b2>").await), ["b1", "b2", "a2"]);
}

#[tokio::test]
async fn messages_that_answer_each_other_in_a_circle_are_shown_once() {
    let Some(world) = empty_world(Options::default()) else { return };
    fill(&world, "INBOX", &[letter("x", "z", 9), letter("y", "x", 8), letter("z", "y", 7)]);
    let found = thread(&world, "<y>").await;
    assert_eq!(shown(&found), ["x", "y", "z"]);
    assert!(found.coverage.is_exact);
}

fn limited(world: &World, limits: Limits) -> Principal {
    principal(&world.dovecot, limits)
}

#[tokio::test]
async fn folders_that_the_grant_does_not_show_are_neither_shown_nor_counted() {
    let Some(world) = filled() else { return };
    let limits = Limits { folders: vec!["@inbox".into(), "Projects/Mars".into()], ..Limits::default() };
    let few = limited(&world, limits);
    let found = new_engine().thread(&few, request("<d>", 30)).await.unwrap();
    assert_eq!(shown(&found), ["root", "b", "branch", "d", "twig"]);
    assert_eq!((found.earlier, found.coverage.skipped.len()), (0, 0));
    let failure = new_engine().thread(&few, request("<c>", 30)).await.unwrap_err();
    assert_eq!(code(failure), Code::NotFound);
}

#[tokio::test]
async fn what_is_older_than_the_grant_allows_is_neither_shown_nor_counted() {
    let Some(world) = filled() else { return };
    let since = now() - time::Duration::minutes(65);
    let young = limited(&world, Limits { nothing_before: Some(since), ..Limits::default() });
    let found = new_engine().thread(&young, request("<d>", 1)).await.unwrap();
    assert_eq!(shown(&found), ["d"]);
    // `c`; the others of before are not counted, nor is followed what only they would lead to.
    assert_eq!(found.earlier, 1);
    let found = new_engine().thread(&young, request("<leaf>", 5)).await.unwrap();
    assert_eq!(shown(&found), ["twig", "leaf"]);
    let old = world.engine.search(
        &world.principal,
        SearchRequest { query: "id:<b>".into(), limit: 1, ..SearchRequest::default() },
    );
    let id = old.await.unwrap().rows[0].id.to_string();
    for engine in [new_engine(), world.engine.clone()] {
        assert_eq!(code(engine.thread(&young, request(&id, 5)).await.unwrap_err()), Code::NotFound);
    }
}

#[tokio::test]
async fn a_cursor_goes_on_to_earlier_ones_and_belongs_to_its_grant_and_message() {
    let Some(world) = filled() else { return };
    let engine = &world.engine;
    let mut all: Vec<String> = Vec::new();
    let mut next = request("<c>", 3);
    for (page, earlier) in [5, 2, 0].into_iter().enumerate() {
        let found = engine.thread(&world.principal, next.clone()).await.unwrap();
        assert_eq!(found.earlier, earlier, "page {page}");
        assert_eq!(found.next_cursor.is_some(), earlier > 0);
        all.splice(0..0, shown(&found));
        next.cursor = found.next_cursor.or(next.cursor);
    }
    assert_eq!(all, ALL);
    let cursor = next.cursor.unwrap();
    let mut stranger = world.principal.clone();
    stranger.grant = domain::GrantId::from_text("gra_other");
    let with = |id: &str, cursor: &str| ThreadRequest { cursor: Some(cursor.into()), ..request(id, 3) };
    let search = SearchRequest { query: "subject:plan".into(), limit: 1, ..SearchRequest::default() };
    let searched = engine.search(&world.principal, search).await.unwrap().next_cursor.unwrap();
    for (principal, request) in [
        (&stranger, with("<c>", &cursor)),
        (&world.principal, with("<d>", &cursor)),
        (&world.principal, with("<c>", "nonsense")),
        (&world.principal, with("<c>", &searched)),
    ] {
        assert_eq!(engine.thread(principal, request).await, Err(Failure::BadCursor));
    }
}

#[tokio::test]
async fn a_long_thread_is_shown_page_by_page() {
    let Some(world) = empty_world(Options::default()) else { return };
    let mails = |odd: bool| {
        (0..250_u64).filter(move |n| (n % 2 == 1) == odd).map(|n| {
            let references = match n {
                0 => String::new(),
                n => format!("References: <0@x.example> <{}@x.example>\r\n", n - 1),
            };
            let head = format!(
                "From: bob@example.org\r\nSubject: Re: long\r\nMessage-ID: <{n}@x.example>\r\n{references}"
            );
            Mail::new(format!("{head}\r\nThis is {n}.\r\n"), NOW - 100_000 + n * MINUTE)
        })
    };
    world.maildir.fill("INBOX", Numbering::default(), mails(false)).unwrap();
    world.maildir.fill("Sent", Numbering::default(), mails(true)).unwrap();
    let mut next = request("<120@x.example>", 200);
    let newest = world.engine.thread(&world.principal, next.clone()).await.unwrap();
    next.cursor.clone_from(&newest.next_cursor);
    let oldest = world.engine.thread(&world.principal, next).await.unwrap();
    assert_eq!((newest.messages.len(), newest.earlier), (200, 50));
    assert_eq!((oldest.messages.len(), oldest.earlier, &oldest.next_cursor), (50, 0, &None));
    let ids: Vec<String> = shown(&oldest).into_iter().chain(shown(&newest)).collect();
    assert_eq!(ids, (0..250).map(|n| format!("{n}@x.example")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_reads_no_more_text_than_a_call_may() {
    let Some(world) = filled() else { return };
    // Each has some 35 octets of text; one is shown in any case.
    for (page_text, expected) in [(1, 1), (80, 2), (10_000, 8)] {
        let engine = bounded_engine(Bounds { page_text, ..Bounds::default() });
        let mut next = request("<c>", 30);
        let newest = engine.thread(&world.principal, next.clone()).await.unwrap();
        assert_eq!(shown(&newest), ALL[8 - expected..]);
        assert_eq!(newest.earlier, 8 - expected);
        next.cursor.clone_from(&newest.next_cursor);
        if expected < 8 {
            let before = engine.thread(&world.principal, next).await.unwrap();
            assert_eq!(shown(&before).last().unwrap(), ALL[7 - expected]);
        }
    }
}

#[tokio::test]
async fn replies_without_references_are_found_by_subject_and_people_only() {
    let Some(world) = empty_world(Options::default()) else { return };
    let with = |id, subject, from, minutes| Letter { from, subject, ..letter(id, "", minutes) };
    let month = 31 * 24 * 60;
    fill(
        &world,
        "INBOX",
        &[
            with("long ago", "Offer", "bob@example.org", month + 60),
            with("start", "Offer", "bob@example.org", 90),
            with("reply", "AW: Offer", "bob@example.org", 80),
            with("elsewho", "Re: Offer", "eve@example.net", 70),
            with("offer 2", "Re: Offer 2", "bob@example.org", 60),
            with("anew", "Offer", "bob@example.org", 50),
        ],
    );
    let bob_too = "From: alice@example.com\r\nTo: Bob <BOB@example.org>\r\nSubject: Re: AW: offer\r\nMessage-ID: <sent>\r\n\r\nok\r\n";
    world.maildir.fill("Sent", Numbering::default(), [Mail::new(bob_too, NOW - 40 * MINUTE)]).unwrap();
    assert_eq!(shown(&thread(&world, "<reply>").await), ["start", "reply", "sent"]);
    // A subject that is no reply's joins nothing.
    assert_eq!(shown(&thread(&world, "<anew>").await), ["anew"]);
}

#[tokio::test]
async fn a_search_out_of_its_budget_says_how_far_back_it_got() {
    let Some(world) = empty_world(Options::default()) else { return };
    let root = letter("root", "", 5_000).mail();
    let filler = (0..60_u64).map(|n| {
        Mail::new(
            format!("From: x@example.org\r\nSubject: {n}\r\nMessage-ID: <f{n}>\r\n\r\n.\r\n"),
            NOW - 90_000 + n * MINUTE,
        )
    });
    let last = letter("last", "root", 1).mail();
    world
        .maildir
        .fill("INBOX", Numbering::default(), [root].into_iter().chain(filler).chain([last]))
        .unwrap();
    let bounds = Bounds { window: 10, filter_time: std::time::Duration::ZERO, ..Bounds::default() };
    let found = bounded_engine(bounds).thread(&world.principal, request("<last>", 30)).await;
    let found = found.unwrap();
    assert_eq!(shown(&found), ["last"]);
    assert!(!found.coverage.is_exact && found.coverage.back_to.is_some(), "{:?}", found.coverage);
    let windows = Bounds { window: 10, ..Bounds::default() };
    let found = bounded_engine(windows).thread(&world.principal, request("<last>", 30)).await.unwrap();
    assert_eq!(shown(&found), ["root", "last"]);
    assert!(found.coverage.is_exact, "{:?}", found.coverage);
}

#[tokio::test]
async fn ids_that_name_nothing_say_why() {
    let Some(world) = filled() else { return };
    let list = SearchRequest { limit: 1, ..SearchRequest::default() };
    let id = world.engine.search(&world.principal, list).await.unwrap().rows[0].id.to_string();
    let (place, validity) = id.rsplit_once('@').unwrap();
    for (id, expected) in [
        ("nonsense".to_owned(), Code::InvalidInput),
        (format!("{place}@1"), Code::StaleId),
        (format!("work/@inbox:999@{validity}"), Code::NotFound),
        (id.replace("@inbox", "Nowhere"), Code::FolderNotFound),
        ("<nowhere@example.org>".to_owned(), Code::NotFound),
    ] {
        let failure = world.engine.thread(&world.principal, request(&id, 5)).await.unwrap_err();
        assert_eq!(code(failure), expected, "{id}");
    }
}
