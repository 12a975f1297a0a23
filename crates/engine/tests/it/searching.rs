//! Queries.

use domain::{Code, FolderArg, Limits, Scope, Scopes};
use engine::search::{Failure, Page, SearchRequest};
use testkit::{Mail, Options, Proxy, maildir::Numbering, proxy::Faults};

use crate::world::{NOW, World, credentials, empty_world, principal_with, settings, world};

async fn search(world: &World, query: &str, limit: usize) -> Page {
    let request = SearchRequest { query: query.into(), limit, ..SearchRequest::default() };
    world
        .engine
        .search(&world.principal, request)
        .await
        .unwrap_or_else(|failure| panic!("{query}: {failure:?}"))
}

#[tokio::test]
async fn the_operators_find_what_they_name() {
    let Some(world) = world(Options::default()) else { return };
    for query in [
        "is:unread",
        "is:read",
        "has:attachment",
        "larger:1",
        "smaller:100M",
        "newer_than:30d",
        "older_than:5d",
        "before:2026-11-21",
        "after:2026-01-01",
        "from:example",
        "to:alice",
        "subject:a",
        "body:the",
        "e",
        "list:rust",
        "-is:read",
        "(is:read OR is:unread)",
        "in:@inbox",
        "filename:pdf",
    ] {
        let page = search(&world, query, 5).await;
        assert!(!page.rows.is_empty() && page.total > 0, "{query} found nothing");
        assert!(page.rows.is_sorted_by(|a, b| a.date >= b.date), "{query} is not newest first");
    }
    assert_eq!(search(&world, "subject:zzzzqqq", 5).await.rows, []);
}

#[tokio::test]
async fn non_ascii_words_are_found() {
    let Some(world) = world(Options::default()) else { return };
    let request = SearchRequest {
        query: "küche".into(),
        folder: Some(FolderArg::All),
        limit: 10,
        ..SearchRequest::default()
    };
    let page = world.engine.search(&world.principal, request).await.unwrap();
    assert!(!page.rows.is_empty());
}

#[tokio::test]
async fn pages_of_a_search_over_all_folders_cover_every_hit_once() {
    let Some(world) = world(Options::default()) else { return };
    let mut request = SearchRequest {
        query: "is:read".into(),
        folder: Some(FolderArg::All),
        limit: 9,
        ..SearchRequest::default()
    };
    let mut ids = Vec::new();
    let mut dates = Vec::new();
    let total = loop {
        let page = world.engine.search(&world.principal, request.clone()).await.unwrap();
        ids.extend(page.rows.iter().map(|row| row.id.to_string()));
        dates.extend(page.rows.iter().map(|row| row.date));
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => break page.total,
        }
    };
    let shown = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), shown, "a row was shown twice");
    assert_eq!(shown as u64, total);
    assert!(dates.is_sorted_by(|a, b| a >= b));
}

#[tokio::test]
async fn the_same_hits_come_from_a_server_without_extensions() {
    let Some(rich) = world(Options::default()) else { return };
    let bare = ["ESEARCH", "SORT", "ESORT", "CONTEXT=SEARCH", "LITERAL+", "LIST-STATUS", "LIST-EXTENDED"];
    let Some(bare) = world(Options::default().without(&bare)) else { return };
    for query in ["is:unread", "subject:re", "has:attachment", "\"the\"", "from:\"é\""] {
        let subjects = |page: Page| {
            let mut all: Vec<String> =
                page.rows.into_iter().map(|row| format!("{} {}", row.date, row.subject)).collect();
            all.sort();
            all
        };
        assert_eq!(
            subjects(search(&rich, query, 100).await),
            subjects(search(&bare, query, 100).await),
            "{query}"
        );
    }
}

#[tokio::test]
async fn trash_and_junk_are_left_out_and_told_unless_they_are_named() {
    let Some(world) = world(Options::default()) else { return };
    let page = search(&world, "is:unread OR is:read", 100).await;
    assert!(
        page.rows
            .iter()
            .all(|row| !row.id.to_string().contains("@trash") && !row.id.to_string().contains("@junk"))
    );
    assert_eq!(page.coverage.skipped, ["work/@trash", "work/@junk"]);
    let page = search(&world, "in:@junk", 100).await;
    assert!(!page.rows.is_empty() && page.rows.iter().all(|row| row.id.to_string().contains("@junk")));
}

#[tokio::test]
async fn an_unknown_operator_is_an_error_that_names_the_known_ones() {
    let Some(world) = world(Options::default()) else { return };
    let request = SearchRequest { query: "form:ann".into(), limit: 5, ..SearchRequest::default() };
    let failure = world.engine.search(&world.principal, request).await.unwrap_err();
    let Failure::Problem(problem) = failure else { panic!("{failure:?}") };
    assert_eq!(problem.code, Code::BadQuery);
    assert!(format!("{problem:?}").contains("from:"), "{problem:?}");
}

#[tokio::test]
async fn without_mail_read_bodies_cannot_be_searched() {
    let Some(world) = world(Options::default()) else { return };
    let mut principal = crate::world::principal(&world.dovecot, Limits::default());
    principal.scopes = [Scope::Search].into_iter().collect::<Scopes>();
    for request in [
        SearchRequest { query: "body:secret".into(), limit: 5, ..SearchRequest::default() },
        SearchRequest { with_snippet: true, limit: 5, ..SearchRequest::default() },
    ] {
        let failure = world.engine.search(&principal, request).await.unwrap_err();
        assert!(matches!(failure, Failure::Problem(problem) if problem.code == Code::ScopeMissing));
    }
}

#[tokio::test]
async fn snippets_are_the_beginning_of_the_visible_text() {
    let Some(world) = world(Options::default()) else { return };
    let request = SearchRequest { limit: 20, with_snippet: true, ..SearchRequest::default() };
    let page = world.engine.search(&world.principal, request).await.unwrap();
    let with = page.rows.iter().filter(|row| row.snippet.is_some()).count();
    assert!(with >= page.rows.len() - 2, "{with} of {}", page.rows.len());
}

#[tokio::test]
async fn a_server_that_looks_at_few_messages_at_a_time_is_asked_in_pieces() {
    let Some(world) = empty_world(Options::default()) else { return };
    let mails = (1..=90).map(|number| {
        let subject = if number % 9 == 0 { "needle" } else { "straw" };
        Mail::new(format!("Subject: {subject} {number}\r\n\r\ntext\r\n"), NOW - 90 + number)
    });
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    let limit = (b"THREAD=REFERENCES".to_vec(), b"MESSAGELIMIT=0020".to_vec());
    let faults = Faults { replace: Some(limit), ..Faults::default() };
    let proxy = Proxy::start(world.dovecot.imap_port(), faults).unwrap();
    let mut settings = settings(&world.dovecot);
    settings.imap.port = proxy.port();
    let principal = principal_with(settings, credentials("alice-secret"), Limits::default());
    let mut request = SearchRequest {
        query: "subject:needle".into(),
        folder: Some(FolderArg::parse("@inbox")),
        limit: 4,
        ..SearchRequest::default()
    };
    let mut found = Vec::new();
    loop {
        let page = world.engine.search(&principal, request.clone()).await.unwrap();
        found.extend(page.rows.into_iter().map(|row| row.subject));
        request.cursor = page.next_cursor;
        if request.cursor.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (1..=10).rev().map(|number| format!("needle {}", number * 9)).collect();
    assert_eq!(found, expected);
}
