//! Pages of every kind of search, on servers that can do more or less, while others change the mailbox.

use std::collections::BTreeSet;

use domain::{FolderArg, Limits};
use engine::{
    Bounds,
    search::{Page, Row, SearchRequest},
};
use testkit::{Mail, Options, OtherClient, maildir::Numbering};

use crate::world::{NOW, World, bounded_engine, empty_world, now, pages, principal};

/// What servers are like, from the richest to the poorest.
const SERVERS: &[&[&str]] = &[
    &[],
    &["ESORT", "CONTEXT=SEARCH"],
    &["SORT", "ESORT", "CONTEXT=SEARCH"],
    &["SORT", "ESORT", "CONTEXT=SEARCH", "ESEARCH", "LIST-STATUS", "LIST-EXTENDED"],
];

/// Every third has an attachment, every second says `needle`.
fn message(number: u32) -> String {
    let head = format!(
        "From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: note {number}\r\nMessage-ID: <{number}@example.org>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    );
    let word = if number.is_multiple_of(2) { "needle" } else { "straw" };
    if number.is_multiple_of(3) {
        format!(
            "{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{word}\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n"
        )
    } else {
        format!("{head}\r\n{word}\r\n")
    }
}

/// INBOX has 1 to 45 as they came; Projects has 101 to 160, filed in another order than received, some in
/// the same second.
fn filled(options: Options) -> Option<World> {
    let world = empty_world(options)?;
    let inbox = (1..=45).map(|n| Mail::new(message(n), NOW - 100_000 + u64::from(n) * 60));
    world.maildir.fill("INBOX", Numbering::default(), inbox).unwrap();
    let projects =
        (101..=160).map(|n| Mail::new(message(n), NOW - 100_000 + u64::from(n * 37 % 61 / 2) * 100));
    world.maildir.fill("Projects", Numbering::default(), projects).unwrap();
    Some(world)
}

fn request(query: &str, folder: Option<&str>, limit: usize) -> SearchRequest {
    SearchRequest {
        query: query.into(),
        folder: folder.map(FolderArg::parse),
        limit,
        ..SearchRequest::default()
    }
}

fn numbers(rows: &[Row]) -> Vec<u32> {
    rows.iter().map(|row| row.subject.rsplit(' ').next().unwrap().parse().unwrap()).collect()
}

fn all_rows(pages: &[Page]) -> Vec<Row> {
    pages.iter().flat_map(|page| page.rows.clone()).collect()
}

fn assert_once(shown: &[u32], expected: &BTreeSet<u32>, what: &str) {
    let set: BTreeSet<u32> = shown.iter().copied().collect();
    assert_eq!(set.len(), shown.len(), "{what}: shown twice: {shown:?}");
    let missing: Vec<_> = expected.difference(&set).collect();
    assert!(missing.is_empty(), "{what}: never shown: {missing:?}");
}

/// Query, folder, and which numbers match.
fn searches() -> Vec<(&'static str, Option<&'static str>, BTreeSet<u32>)> {
    let inbox = || 1..=45_u32;
    let projects = || 101..=160_u32;
    vec![
        ("", None, inbox().collect()),
        ("", Some("Projects"), projects().collect()),
        ("subject:note", Some("@inbox"), inbox().collect()),
        ("subject:note", Some("Projects"), projects().collect()),
        ("subject:note", Some("all"), inbox().chain(projects()).collect()),
        ("has:attachment", Some("Projects"), projects().filter(|n| n % 3 == 0).collect()),
        ("body:needle", None, inbox().chain(projects()).filter(|n| n % 2 == 0).collect()),
        (
            "after:2026-01-01 -has:attachment",
            None,
            inbox().chain(projects()).filter(|n| n % 3 != 0).collect(),
        ),
    ]
}

#[tokio::test]
async fn every_hit_is_on_exactly_one_page_in_order() {
    for without in SERVERS {
        let Some(world) = filled(Options::default().without(without)) else { return };
        let windows = Bounds { window: 7, batch: 4, ..Bounds::default() };
        for bounds in [Bounds::default(), windows] {
            let engine = bounded_engine(bounds);
            for (query, folder, expected) in searches() {
                let what = format!("`{query}` in {folder:?} without {without:?}, window {}", bounds.window);
                let pages = pages(&engine, &world.principal, request(query, folder, 8), |_| {}).await;
                let rows = all_rows(&pages);
                let shown = numbers(&rows);
                assert_once(&shown, &expected, &what);
                assert_eq!(shown.len(), expected.len(), "{what}: too much");
                let first = &pages[0];
                if first.coverage.is_exact {
                    assert_eq!(first.total, expected.len() as u64, "{what}");
                } else {
                    assert!(first.total <= expected.len() as u64, "{what}: {}", first.total);
                }
                let is_sorted = rows.is_sorted_by(|a, b| a.date >= b.date);
                let is_filed = pages.iter().any(|page| page.coverage.order == Some("filed"));
                assert!(is_sorted || is_filed, "{what}: out of order, which is not told");
                if folder == Some("@inbox") {
                    assert!(is_sorted && !is_filed, "{what}");
                }
                assert!(pages.iter().all(|page| page.coverage.failed.is_empty()), "{what}");
                assert!(pages.iter().all(|page| page.coverage.back_to.is_none()), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn tidying_up_what_was_shown_skips_nothing() {
    for without in SERVERS {
        for (query, folder) in [
            ("", "@inbox"),
            ("", "Projects"),
            ("subject:note", "Projects"),
            ("has:attachment", "Projects"),
            ("subject:note", "all"),
        ] {
            let Some(world) = filled(Options::default().without(without)) else { return };
            let what = format!("`{query}` in {folder} without {without:?}");
            let mut other = OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap();
            let mut gone: BTreeSet<String> = BTreeSet::new();
            let mut arrivals = 500;
            let tidy = |shown: &[Row]| {
                for row in shown {
                    if gone.insert(row.id.to_string()) {
                        let folder = row.id.folder.to_string().replace("@inbox", "INBOX");
                        other.delete(&folder, &row.id.uid.to_string()).unwrap();
                    }
                }
                arrivals += 1;
                let new = Mail::new(message(arrivals), NOW);
                world.maildir.deliver("Projects", arrivals, &new).unwrap();
                arrivals += 1;
                let old = Mail::new(message(arrivals), NOW - 99_000);
                world.maildir.deliver("INBOX", arrivals, &old).unwrap();
            };
            let pages = pages(&world.engine, &world.principal, request(query, Some(folder), 8), tidy).await;
            let shown = numbers(&all_rows(&pages));
            let found = searches()
                .into_iter()
                .find(|(of, place, _)| *of == query && place.unwrap_or("@inbox") == folder);
            assert_once(&shown, &found.unwrap().2, &what);
        }
    }
}

#[tokio::test]
async fn a_place_is_found_again_when_only_its_row_or_many_before_it_are_gone() {
    for without in SERVERS {
        for shown_to_go in [1, 14] {
            let Some(world) = filled(Options::default().without(without)) else { return };
            let mut other = OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap();
            let mut is_first = true;
            let between = |shown: &[Row]| {
                if std::mem::take(&mut is_first) {
                    let last =
                        if shown_to_go == 1 { &shown[shown.len() - 1..] } else { &shown[..shown_to_go] };
                    let uids: Vec<String> = last.iter().map(|row| row.id.uid.to_string()).collect();
                    other.delete("Projects", &uids.join(",")).unwrap();
                }
            };
            let pages =
                pages(&world.engine, &world.principal, request("", Some("Projects"), 20), between).await;
            assert_once(
                &numbers(&all_rows(&pages)),
                &(101..=160).collect(),
                &format!("{without:?} {shown_to_go}"),
            );
        }
    }
}

#[tokio::test]
async fn a_message_that_came_just_before_a_search_is_found() {
    for without in SERVERS {
        let options = Options { lmtp: true, ..Options::default() };
        let Some(world) = filled(options.without(without)) else { return };
        let windows = bounded_engine(Bounds { window: 10, ..Bounds::default() });
        let mut other = OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap();
        for folder in ["INBOX", "Projects"] {
            for (engine, query) in [(&world.engine, "subject:note"), (&windows, "body:e OR body:s")] {
                // Again and again in the folder that is open already.
                for number in 600..604 {
                    testkit::deliver(&world.dovecot, "alice", &message(number)).unwrap();
                    if folder != "INBOX" {
                        other.run("SELECT INBOX").unwrap();
                        other.run(&format!("COPY * {folder}")).unwrap();
                    }
                    let page =
                        engine.search(&world.principal, request(query, Some(folder), 100)).await.unwrap();
                    let shown = numbers(&page.rows);
                    let what = format!("`{query}` in {folder} without {without:?}");
                    assert!(shown.contains(&number), "{what}: {number} is not in {shown:?}");
                    assert!(folder != "INBOX" || shown[0] == number, "{what}: {shown:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_older_than_the_grant_allows_hides_nothing_newer() {
    for without in SERVERS {
        let Some(world) = filled(Options::default().without(without)) else { return };
        // Moved here lately, but received before all others.
        for number in [900, 901] {
            let old = Mail::new(message(number), NOW - 200_000);
            world.maildir.deliver("INBOX", number, &old).unwrap();
        }
        // 20 of INBOX are newer than this; midnight is far.
        let since = now() - time::Duration::seconds(100_000 - 26 * 60);
        let limits = Limits { nothing_before: Some(since), ..Limits::default() };
        let limited = principal(&world.dovecot, limits);
        for query in ["", "subject:note", "body:e OR body:s"] {
            let pages = pages(&world.engine, &limited, request(query, Some("@inbox"), 6), |_| {}).await;
            let shown = numbers(&all_rows(&pages));
            assert_eq!(shown.len(), 20, "{query} {shown:?}");
            assert_once(&shown, &(26..=45).collect(), query);
        }
        let page = world.engine.search(&limited, request("subject:901", Some("@inbox"), 5)).await.unwrap();
        assert!(page.rows.is_empty() && page.total == 0, "{page:?}");
    }
}

#[tokio::test]
async fn a_search_that_runs_out_of_its_budget_says_how_far_it_got_and_goes_on() {
    let Some(world) = filled(Options::default()) else { return };
    let bounds = Bounds { window: 5, batch: 5, filter_candidates: 1, ..Bounds::default() };
    let engine = bounded_engine(bounds);
    let pages =
        pages(&engine, &world.principal, request("filename:a.pdf", Some("Projects"), 50), |_| {}).await;
    assert_once(&numbers(&all_rows(&pages)), &(101..=160).filter(|n| n % 3 == 0).collect(), "filename");
    assert!(pages.len() > 3, "{}", pages.len());
    let (last, others) = pages.split_last().unwrap();
    assert!(
        others.iter().all(|page| page.coverage.back_to.is_some() && !page.coverage.is_exact),
        "{others:?}"
    );
    assert_eq!(last.coverage.back_to, None);
    // Even where nothing at all was found on the way.
    let spent = Bounds { filter_time: std::time::Duration::ZERO, ..bounds };
    let page = bounded_engine(spent)
        .search(&world.principal, request("body:nowhere", Some("Projects"), 5))
        .await
        .unwrap();
    assert!(
        page.rows.is_empty() && page.next_cursor.is_some() && page.coverage.back_to.is_some(),
        "{page:?}"
    );
}

#[tokio::test]
async fn copies_of_a_message_in_two_folders_are_one_hit() {
    let Some(world) = filled(Options::default()) else { return };
    let copies = (1..=45).map(|n| Mail::new(message(n), NOW - 100_000 + u64::from(n) * 60));
    world.maildir.fill("Copies", Numbering { uid_validity: 1_800_000_000, first_uid: 50 }, copies).unwrap();
    for limit in [1, 7, 100] {
        let query = request("subject:note in:@inbox OR in:Copies", None, limit);
        let pages = pages(&world.engine, &world.principal, query, |_| {}).await;
        let shown = numbers(&all_rows(&pages));
        assert_once(&shown, &(1..=45).collect(), &format!("by {limit}"));
        assert_eq!(shown.len(), 45);
        assert!(!pages[0].coverage.is_exact || pages[0].total == 45, "{} exactly", pages[0].total);
    }
}

#[tokio::test]
async fn a_folder_that_was_rebuilt_between_pages_is_told() {
    let Some(world) = filled(Options::default()) else { return };
    let mut both = request("subject:note", Some("all"), 8);
    let mut one = request("", Some("Projects"), 8);
    both.cursor = world.engine.search(&world.principal, both.clone()).await.unwrap().next_cursor;
    one.cursor = world.engine.search(&world.principal, one.clone()).await.unwrap().next_cursor;
    let mut other = OtherClient::sign_in(&world.dovecot, "alice", "alice-secret").unwrap();
    other.run("DELETE Projects").unwrap();
    other.run("CREATE Projects").unwrap();
    let engine = bounded_engine(Bounds::default());
    let _ = other.run("STATUS Projects (UIDVALIDITY)").unwrap();
    let failure = engine.search(&world.principal, one).await.unwrap_err();
    assert!(format!("{failure:?}").contains("StaleCursor"), "{failure:?}");
    let page = engine.search(&world.principal, both).await.unwrap();
    assert!(!page.rows.is_empty());
    assert_eq!(page.coverage.failed.len(), 1, "{:?}", page.coverage.failed);
    assert_eq!(page.coverage.failed[0].0, "work/Projects");
}
