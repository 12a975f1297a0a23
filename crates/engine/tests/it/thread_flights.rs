//! What a thread costs: how often the server is waited for, and servers that keep threads themselves.

use domain::FolderArg;
use engine::{
    Bounds, Engine,
    read::Outcome,
    search::SearchRequest,
    thread::{ThreadPage, ThreadRequest},
};

use crate::{
    scripted::{Held, Model, Scripted},
    world::{bounded_engine, new_engine},
};

fn held(
    folder: &'static str,
    uid: u32,
    id: &'static str,
    answers: &'static [&'static str],
    message: u32,
) -> Held {
    Held { folder, uid, id, answers, thread: "T1", message }
}

const FOLDERS: &[(&str, &str)] =
    &[("", "INBOX"), ("\\Sent", "Sent"), ("\\Archive", "Archive"), ("\\Trash", "Trash"), ("", "Projects")];

fn exchange() -> Vec<Held> {
    vec![
        held("INBOX", 1, "a", &[], 1),
        held("Sent", 5, "b", &["a"], 2),
        held("INBOX", 2, "c", &["a", "b"], 3),
        held("Archive", 9, "c", &["a", "b"], 3),
        Held { thread: "T2", ..held("INBOX", 3, "lone", &[], 4) },
        held("Trash", 1, "binned", &["a"], 5),
    ]
}

/// Lists the inbox, as agents do before they read, and reads the thread of the message `id`; with
/// the flights that took.
async fn read(server: &Scripted, engine: &Engine, id: &str) -> (ThreadPage, Vec<Vec<String>>) {
    let list =
        SearchRequest { folder: Some(FolderArg::parse("@inbox")), limit: 20, ..SearchRequest::default() };
    engine.search(&server.principal, list).await.unwrap();
    server.flights();
    let request = ThreadRequest { id: id.into(), limit: 30, cursor: None };
    let found = engine.thread(&server.principal, request).await.unwrap();
    (found, server.flights())
}

fn bodies(found: &ThreadPage) -> Vec<(String, String)> {
    let body = |outcome: &Outcome| match outcome {
        Outcome::Message(message) => (message.id.to_string(), message.body.trim().to_owned()),
        other => panic!("{other:?}"),
    };
    found.messages.iter().map(body).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, body)| ((*id).to_owned(), (*body).to_owned())).collect()
}

#[tokio::test]
async fn by_message_ids_it_is_three_flights_or_four_however_many_folders_there_are() {
    let model = Model {
        capabilities: "LITERAL+ SPECIAL-USE LIST-EXTENDED",
        folders: FOLDERS,
        held: exchange(),
        ..Model::default()
    };
    let server = Scripted::start(model);
    let engine = new_engine();
    let expected = [
        ("work/@inbox:1@7", "This is a."),
        ("work/@sent:5@7", "This is b."),
        ("work/@inbox:2@7", "This is c."),
    ];
    let searches = |flights: &[Vec<String>]| -> Vec<usize> {
        let is_search = |said: &&String| said.starts_with("UID SEARCH");
        flights.iter().map(|flight| flight.iter().filter(is_search).count()).collect()
    };
    // The newest names all others: all folders are searched, new rows fetched, bodies read.
    let (found, flights) = read(&server, &engine, "work/@inbox:2@7").await;
    assert_eq!(bodies(&found), pairs(&expected));
    assert!(found.coverage.is_exact);
    assert_eq!(searches(&flights), [4, 0, 0], "{flights:#?}");
    // From the beginning, it is asked once more who answers those that were found.
    let engine = new_engine();
    let (found, flights) = read(&server, &engine, "work/@inbox:1@7").await;
    assert_eq!(bodies(&found), pairs(&expected));
    assert_eq!(searches(&flights), [4, 0, 4, 0], "{flights:#?}");
    // A second look needs no rows, and what stands alone is known to with one search.
    let (_, flights) = read(&server, &engine, "work/@inbox:2@7").await;
    assert_eq!(searches(&flights), [4, 0], "{flights:#?}");
    let (found, flights) = read(&server, &engine, "work/@inbox:3@7").await;
    assert_eq!(bodies(&found), pairs(&[("work/@inbox:3@7", "This is lone.")]));
    assert_eq!(searches(&flights), [4, 0], "{flights:#?}");
}

#[tokio::test]
async fn gmail_is_asked_for_its_thread_in_all_mail_alone() {
    let folders: &[(&str, &str)] =
        &[("", "INBOX"), ("\\All", "All Mail"), ("\\Sent", "Sent"), ("\\Trash", "Trash"), ("", "Travel")];
    let mut mails = Vec::new();
    for (number, id) in (1..).zip(["a", "b", "c"]) {
        mails.push(Held { thread: "1278455344230334865", ..held("All Mail", number + 10, id, &[], number) });
    }
    mails.push(Held { folder: "INBOX", uid: 2, ..mails[2].clone() });
    mails.push(Held { thread: "7", ..held("All Mail", 30, "other", &["a"], 9) });
    mails.push(Held { folder: "Trash", uid: 4, id: "binned", message: 8, ..mails[0].clone() });
    let capabilities = "LITERAL+ X-GM-EXT-1 SPECIAL-USE LIST-EXTENDED";
    let server = Scripted::start(Model { capabilities, folders, held: mails, ..Model::default() });
    let (found, flights) = read(&server, &new_engine(), "work/@inbox:2@7").await;
    let expected = [
        ("work/@all:11@7", "This is a."),
        ("work/@all:12@7", "This is b."),
        ("work/@inbox:2@7", "This is c."),
    ];
    assert_eq!(bodies(&found), pairs(&expected));
    assert!(found.coverage.is_exact);
    assert_eq!(found.coverage.skipped, ["work/@trash"]);
    assert_eq!(flights.len(), 3, "{flights:#?}");
    assert_eq!(flights[0], ["SELECT \"All Mail\"", "UID SEARCH X-GM-THRID 1278455344230334865"]);
    // Even without a listing before, it is one flight for the row more.
    let engine = new_engine();
    engine.folders(&server.principal, None, false).await.unwrap();
    server.flights();
    let request = ThreadRequest { id: "work/@trash:4@7".into(), limit: 30, cursor: None };
    let found = engine.thread(&server.principal, request).await.unwrap();
    assert_eq!(bodies(&found).len(), 4);
    assert_eq!(server.flights().len(), 4);
}

#[tokio::test]
async fn a_server_that_keeps_threads_is_asked_for_its_own_in_three_flights() {
    let capabilities = "LITERAL+ OBJECTID SPECIAL-USE LIST-EXTENDED";
    let mut mails = exchange();
    // What the server joins need not name each other.
    mails.push(held("Projects", 8, "d", &[], 6));
    let server = Scripted::start(Model { capabilities, folders: FOLDERS, held: mails, ..Model::default() });
    let (found, flights) = read(&server, &new_engine(), "work/@inbox:1@7").await;
    let ids: Vec<String> = bodies(&found).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["work/@inbox:1@7", "work/@sent:5@7", "work/@inbox:2@7", "work/Projects:8@7"]);
    assert_eq!(flights.len(), 3, "{flights:#?}");
    assert!(flights[0].contains(&"UID SEARCH THREADID T1".to_owned()), "{flights:#?}");
}

#[tokio::test]
async fn a_server_that_keeps_threads_but_cannot_search_them_is_asked_by_message_ids() {
    let capabilities = "LITERAL+ OBJECTID SPECIAL-USE LIST-EXTENDED";
    let model = Model { capabilities, folders: FOLDERS, held: exchange(), ..Model::default() };
    let server = Scripted::start(Model { refuses: "SEARCH THREADID", ..model });
    let (found, _) = read(&server, &new_engine(), "work/@inbox:1@7").await;
    let ids: Vec<String> = bodies(&found).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["work/@inbox:1@7", "work/@sent:5@7", "work/@inbox:2@7"]);
    assert!(found.coverage.is_exact && found.coverage.failed.is_empty(), "{:?}", found.coverage);
}

#[tokio::test]
async fn rows_of_a_servers_thread_share_a_name() {
    let capabilities = "LITERAL+ OBJECTID SPECIAL-USE LIST-EXTENDED";
    let server =
        Scripted::start(Model { capabilities, folders: FOLDERS, held: exchange(), ..Model::default() });
    let list =
        SearchRequest { folder: Some(FolderArg::parse("@inbox")), limit: 20, ..SearchRequest::default() };
    let page = new_engine().search(&server.principal, list).await.unwrap();
    let threads: Vec<&str> = page.rows.iter().map(|row| row.thread.as_deref().unwrap()).collect();
    assert!(threads[1] == threads[2] && threads[0] != threads[1], "{threads:?}");
    assert!(threads.iter().all(|name| name.len() <= 10));
}

#[tokio::test]
async fn a_server_that_finds_no_text_is_looked_through_here() {
    let server = Scripted::start(Model {
        greeting: "iSCREAM",
        capabilities: "LITERAL+ SPECIAL-USE LIST-EXTENDED",
        folders: FOLDERS,
        held: exchange(),
        ..Model::default()
    });
    let (found, flights) = read(&server, &new_engine(), "work/@inbox:2@7").await;
    let ids: Vec<String> = bodies(&found).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["work/@inbox:1@7", "work/@sent:5@7", "work/@inbox:2@7"]);
    assert!(found.coverage.is_exact);
    assert!(!flights.concat().iter().any(|said| said.contains("HEADER \"") || said.contains("HEADER R")));
}

#[tokio::test]
async fn a_large_folder_is_searched_in_few_windows_while_the_server_is_quick() {
    let server = Scripted::start(Model {
        capabilities: "LITERAL+ SPECIAL-USE LIST-EXTENDED LIST-STATUS",
        folders: &[("", "INBOX")],
        claims: 100_000,
        held: vec![held("INBOX", 1, "a", &[], 1), held("INBOX", 99_999, "b", &["a"], 2)],
        ..Model::default()
    });
    let patient = Bounds { filter_time: std::time::Duration::from_hours(1), ..Bounds::default() };
    let (found, flights) = read(&server, &bounded_engine(patient), "work/@inbox:99999@7").await;
    let ids: Vec<String> = bodies(&found).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["work/@inbox:1@7", "work/@inbox:99999@7"]);
    let window = |said: &String| {
        let rest = said.strip_prefix("UID SEARCH UID ")?;
        rest.split(' ').next().map(str::to_owned)
    };
    let windows: Vec<String> = flights.concat().iter().filter_map(window).collect();
    assert_eq!(windows, ["95002:*", "75002:95001", "1:75001"], "{flights:#?}");
}
