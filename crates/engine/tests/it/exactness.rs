//! What an answer does not cover it says: rows that cannot be read, more than is looked at, servers that
//! look at few messages at a time.

use domain::FolderArg;
use engine::{Bounds, people::PeopleRequest, search::SearchRequest, thread::ThreadRequest};

use crate::{
    scripted::{Held, Model, Scripted},
    world::{bounded_engine, new_engine},
};

const FOLDERS: &[(&str, &str)] = &[("", "INBOX"), ("\\Archive", "Archive")];

/// Five messages of one thread in each of two folders.
fn held() -> Vec<Held> {
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let place = |number: u32| if number < 5 { ("INBOX", number + 1) } else { ("Archive", number - 4) };
    (0..)
        .zip(ids)
        .map(|(number, id)| {
            let (folder, uid) = place(number);
            let answers: &[&str] = if number == 0 { &[] } else { &["a"] };
            Held { folder, uid, id, answers, thread: "T1", message: number }
        })
        .collect()
}

fn everywhere() -> SearchRequest {
    SearchRequest { folder: Some(FolderArg::All), limit: 50, ..SearchRequest::default() }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_makes_no_answer_exact() {
    for (garbled, is_exact) in [("", true), ("FETCH", false)] {
        let model = Model { folders: FOLDERS, held: held(), garbled, ..Model::default() };
        let server = Scripted::start(model);
        let engine = new_engine();
        let page = engine.search(&server.principal, everywhere()).await.unwrap();
        assert_eq!((page.rows.len(), page.coverage.is_exact), (if is_exact { 10 } else { 8 }, is_exact));
        let people = new_engine().people(&server.principal, PeopleRequest::default()).await.unwrap();
        assert_eq!(people.coverage.is_exact, is_exact, "{people:?}");
    }
}

#[tokio::test]
async fn a_servers_own_thread_is_exact_only_if_all_of_it_was_looked_at() {
    for (filter_candidates, is_exact) in [(2_000, true), (4, false)] {
        let capabilities = "X-GM-EXT-1";
        let server =
            Scripted::start(Model { capabilities, folders: FOLDERS, held: held(), ..Model::default() });
        let engine = bounded_engine(Bounds { filter_candidates, ..Bounds::default() });
        let request = ThreadRequest { id: "work/@inbox:5@7".into(), limit: 50, cursor: None };
        let found = engine.thread(&server.principal, request).await.unwrap();
        assert_eq!(found.coverage.is_exact, is_exact, "{} of 10", found.messages.len());
    }
}

#[tokio::test]
async fn a_server_that_looks_at_few_messages_is_never_asked_for_more() {
    let capabilities = "MESSAGELIMIT=2";
    let server = Scripted::start(Model { capabilities, folders: FOLDERS, held: held(), ..Model::default() });
    let page = new_engine().search(&server.principal, everywhere()).await.unwrap();
    assert_eq!(page.rows.len(), 10);
    new_engine().people(&server.principal, PeopleRequest::default()).await.unwrap();
    let flights = server.flights();
    let sets: Vec<&str> = flights
        .iter()
        .flatten()
        .filter_map(|command| command.strip_prefix("UID FETCH "))
        .filter_map(|rest| rest.split(' ').next())
        .collect();
    assert!(!sets.is_empty());
    for set in sets {
        let count = |range: &str| {
            let (low, high) = range.split_once(':').unwrap_or((range, range));
            high.parse::<u32>().unwrap() - low.parse::<u32>().unwrap() + 1
        };
        assert!(set.split(',').map(count).sum::<u32>() <= 2, "{set}");
    }
}
