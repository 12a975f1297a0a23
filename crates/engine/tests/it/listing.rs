//! Folders and the newest rows.

use domain::{Code, FolderArg, Limits, Role};
use engine::search::{Failure, SearchRequest};
use testkit::{Mail, Options, maildir::Numbering};

use crate::world::{NOW, World, credentials, empty_world, principal, principal_with, settings, world};

fn list(folder: Option<&str>, limit: usize) -> SearchRequest {
    SearchRequest { folder: folder.map(FolderArg::parse), limit, ..SearchRequest::default() }
}

fn message(number: u32) -> Vec<u8> {
    format!("From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: note {number}\r\nMessage-ID: <{number}@example.org>\r\n\r\nText {number}\r\n").into_bytes()
}

async fn subjects(world: &World, request: SearchRequest) -> Vec<String> {
    let page = world.engine.search(&world.principal, request).await.unwrap();
    page.rows.into_iter().map(|row| row.subject).collect()
}

#[tokio::test]
async fn folders_are_listed_with_roles_and_counts() {
    let Some(world) = world(Options::default()) else { return };
    let folders = world.engine.folders(&world.principal, None, true).await.unwrap();
    let inbox = &folders[0];
    assert_eq!((inbox.role, inbox.name.as_str()), (Some(Role::Inbox), "INBOX"));
    assert!(inbox.total.unwrap() > 20 && inbox.unread.is_some(), "{inbox:?}");
    assert!(folders.iter().any(|folder| folder.name.as_str() == "Projekte/Küche"), "{folders:?}");
    for role in [Role::Sent, Role::Drafts, Role::Trash, Role::Junk, Role::Archive] {
        assert!(folders.iter().any(|folder| folder.role == Some(role)), "{role}");
    }
}

#[tokio::test]
async fn folders_are_the_same_on_a_server_without_the_extensions() {
    let bare = Options::default().without(&["LIST-STATUS", "LIST-EXTENDED", "SPECIAL-USE", "NAMESPACE"]);
    let Some(world) = world(bare) else { return };
    let folders = world.engine.folders(&world.principal, None, true).await.unwrap();
    assert!(folders[0].total.unwrap() > 20);
    assert!(folders.iter().any(|folder| folder.role == Some(Role::Sent)));
    assert!(folders.iter().any(|folder| folder.is_subscribed));
}

#[tokio::test]
async fn the_newest_rows_come_first_and_pages_cover_everything_once() {
    let Some(world) = world(Options::default()) else { return };
    let mut request = list(None, 7);
    let mut ids = Vec::new();
    let mut dates = Vec::new();
    let total = loop {
        let page = world.engine.search(&world.principal, request.clone()).await.unwrap();
        assert!(page.rows.len() <= 7);
        dates.extend(page.rows.iter().map(|row| row.date));
        ids.extend(page.rows.iter().map(|row| row.id.to_string()));
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => break page.total,
        }
    };
    assert_eq!(ids.len() as u64, total);
    assert!(dates.is_sorted_by(|a, b| a >= b));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len() as u64, total, "a row was shown twice");
}

#[tokio::test]
async fn a_message_delivered_before_the_call_is_in_the_answer() {
    let Some(world) = empty_world(Options { lmtp: true, ..Options::default() }) else { return };
    for number in 1..8 {
        let text = String::from_utf8(message(number)).unwrap();
        testkit::deliver(&world.dovecot, "alice", &text).unwrap();
        assert_eq!(subjects(&world, list(None, 1)).await, [format!("note {number}")]);
    }
    assert_eq!(subjects(&world, list(None, 50)).await.len(), 7);
}

#[tokio::test]
async fn deletions_by_others_between_pages_lose_no_row() {
    let Some(world) = empty_world(Options::default()) else { return };
    let mails = (1..=30).map(|n| Mail::new(message(n), NOW - 100 + u64::from(n)));
    world.maildir.fill("INBOX", Numbering::default(), mails).unwrap();
    let mut request = list(None, 10);
    let first = world.engine.search(&world.principal, request.clone()).await.unwrap();
    let mut other = testkit::OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap();
    other.delete("INBOX", "3:7,25:28").unwrap();
    let mut seen: Vec<String> = first.rows.into_iter().map(|row| row.subject).collect();
    request.cursor = first.next_cursor;
    while request.cursor.is_some() {
        let page = world.engine.search(&world.principal, request.clone()).await.unwrap();
        seen.extend(page.rows.into_iter().map(|row| row.subject));
        request.cursor = page.next_cursor;
    }
    let left = (1..=30).rev().filter(|n| *n > 20 || !(3..=7).contains(n)).map(|n| format!("note {n}"));
    assert_eq!(seen, left.collect::<Vec<_>>());
}

#[tokio::test]
async fn an_empty_mailbox_is_an_empty_page() {
    let Some(world) = empty_world(Options { lmtp: true, ..Options::default() }) else { return };
    for _ in 0..2 {
        let page = world.engine.search(&world.principal, list(None, 20)).await.unwrap();
        assert!(page.rows.is_empty() && page.next_cursor.is_none() && page.total == 0);
    }
    testkit::deliver(&world.dovecot, "alice", &String::from_utf8(message(1)).unwrap()).unwrap();
    assert_eq!(subjects(&world, list(None, 20)).await, ["note 1"]);
}

#[tokio::test]
async fn another_folder_is_listed_by_the_time_received() {
    let Some(world) = empty_world(Options::default()) else { return };
    let mails = [(1, 500), (2, 900), (3, 100)].map(|(n, back)| Mail::new(message(n), NOW - back));
    world.maildir.fill("Projects", Numbering::default(), mails).unwrap();
    assert_eq!(subjects(&world, list(Some("Projects"), 20)).await, ["note 3", "note 1", "note 2"]);
    let mut first = list(Some("Projects"), 2);
    let page = world.engine.search(&world.principal, first.clone()).await.unwrap();
    first.cursor = page.next_cursor;
    assert_eq!(page.total, 3);
    assert_eq!(subjects(&world, first).await, ["note 2"]);
}

#[tokio::test]
async fn without_sort_the_answer_says_that_rows_are_as_filed() {
    let Some(world) =
        empty_world(Options::default().without(&["SORT", "ESORT", "ESEARCH", "CONTEXT=SEARCH"]))
    else {
        return;
    };
    let mails = [(1, 500), (2, 900)].map(|(n, back)| Mail::new(message(n), NOW - back));
    world.maildir.fill("Projects", Numbering::default(), mails).unwrap();
    let page = world.engine.search(&world.principal, list(Some("Projects"), 20)).await.unwrap();
    assert_eq!(page.coverage.order, Some("filed"));
    assert_eq!(page.rows.len(), 2);
}

#[tokio::test]
async fn an_unknown_folder_is_answered_with_the_nearest_names() {
    let Some(world) = world(Options::default()) else { return };
    let failure = world.engine.search(&world.principal, list(Some("Recipts"), 5)).await.unwrap_err();
    let Failure::Problem(problem) = failure else { panic!("{failure:?}") };
    assert_eq!(problem.code, Code::FolderNotFound);
    assert!(problem.hint.contains("Receipts"), "{}", problem.hint);
}

#[tokio::test]
async fn a_cursor_of_another_query_or_grant_is_refused() {
    let Some(world) = world(Options::default()) else { return };
    let page = world.engine.search(&world.principal, list(None, 2)).await.unwrap();
    let cursor = page.next_cursor;
    let other = SearchRequest { query: "is:unread".into(), cursor: cursor.clone(), ..list(None, 2) };
    assert_eq!(world.engine.search(&world.principal, other).await, Err(Failure::BadCursor));
    let mut stranger = world.principal.clone();
    stranger.grant = domain::GrantId::from_text("gra_other");
    let same = SearchRequest { cursor, ..list(None, 2) };
    assert_eq!(world.engine.search(&stranger, same).await, Err(Failure::BadCursor));
    let garbage = SearchRequest { cursor: Some("AAAA".into()), ..list(None, 2) };
    assert_eq!(world.engine.search(&world.principal, garbage).await, Err(Failure::BadCursor));
}

#[tokio::test]
async fn a_grant_sees_only_its_folders_and_nothing_too_old() {
    let Some(world) = world(Options::default()) else { return };
    let limits = Limits { folders: vec!["@inbox".into()], ..Limits::default() };
    let limited = principal(&world.dovecot, limits);
    let folders = world.engine.folders(&limited, None, true).await.unwrap();
    assert_eq!(folders.len(), 1);
    let failure = world.engine.search(&limited, list(Some("@sent"), 5)).await.unwrap_err();
    assert!(matches!(failure, Failure::Problem(problem) if problem.code == Code::FolderNotFound));

    let since = crate::world::now() - time::Duration::days(10);
    let recent = principal(&world.dovecot, Limits { nothing_before: Some(since), ..Limits::default() });
    let page = world.engine.search(&recent, list(None, 100)).await.unwrap();
    assert!(!page.rows.is_empty() && page.rows.iter().all(|row| row.date >= since));
}

#[tokio::test]
async fn wrong_password_and_unreachable_host_are_clear_and_the_next_call_works() {
    let Some(world) = world(Options::default()) else { return };
    let wrong = principal_with(settings(&world.dovecot), credentials("nope"), Limits::default());
    let failure = world.engine.search(&wrong, list(None, 5)).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Problem(problem) if problem.code == Code::AccountAuthFailed),
        "{failure:?}"
    );
    assert!(!format!("{failure:?}").contains("nope"));
    let mut nowhere = settings(&world.dovecot);
    nowhere.imap.port = 1;
    let unreachable = principal_with(nowhere, credentials("alice-secret"), Limits::default());
    let failure = world.engine.search(&unreachable, list(None, 5)).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Problem(problem) if problem.code == Code::AccountUnreachable),
        "{failure:?}"
    );
    assert!(world.engine.search(&world.principal, list(None, 5)).await.is_ok());
    assert_eq!(world.engine.accounts(&wrong).await.unwrap()[0].state, "account_auth_failed");
}
