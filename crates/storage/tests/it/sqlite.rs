//! What holds for the SQLite file alone.

use std::{io, path::Path};

use bytes::Bytes;
use domain::HomeAccount;
use storage::{Database, Error, OutgoingState, Pieces};

use crate::{
    outbox::{RECIPIENT, SENTENCE, SUBJECT, add, ann, find, message, now, waiting},
    world::{World, name, password, settings},
};

#[cfg(unix)]
#[tokio::test]
async fn database_log_files_and_folder_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::on_sqlite();
    let store = world.store().await;
    store.add_user("ann", false, "hash").await.unwrap();
    let folder = world.dir.path().join("made");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut files = 0;
    for file in folder.read_dir().unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        files += 1;
    }
    assert!(files >= 2, "the database and its log");
}

#[tokio::test]
async fn secrets_are_in_no_file_in_the_clear_and_their_key_leaves_with_the_account() {
    let world = World::on_sqlite();
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let credentials = password("correct horse battery");
    store.add_account(&ann.id, &name("a"), &settings("a@x.org"), &credentials).await.unwrap();
    let row = store.database().fetch("SELECT wrapped_key FROM accounts", &[]).await.unwrap();
    let wrapped = row[0].bytes("wrapped_key").unwrap().to_vec();
    let holds = |needle: &[u8]| {
        world.dir.path().join("made").read_dir().unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle)
        })
    };
    assert!(holds(&wrapped), "this test can find bytes in the files");
    assert!(!holds(b"correct horse"));
    store.remove_account(&ann.id, &name("a")).await.unwrap();
    assert!(!holds(&wrapped), "the sealed key is still in a file");
}

#[tokio::test]
async fn urls_that_name_no_database_are_refused() {
    for url in
        ["", "postroom.db", "mysql://x/y", "sqlite:", "sqlite://", "sqlite::memory:", "sqlite:a?mode=rw"]
    {
        assert!(matches!(Database::open(url).await, Err(Error::BadUrl(_))), "{url}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("letter.txt");
    let letter = "Dear Ann, this is not a database. ".repeat(40);
    std::fs::write(&path, &letter).unwrap();
    let error = Database::open_file(&path).await.unwrap_err();
    assert!(matches!(error, Error::Open { .. } | Error::Query(_)), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[tokio::test]
async fn an_odd_path_is_a_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ä b#c%20").join("post room.db");
    Database::open_file(&path).await.unwrap();
    assert!(path.is_file());
}

#[tokio::test]
async fn no_content_address_or_key_of_mail_on_its_way_out_is_in_the_clear() {
    let world = World::on_sqlite();
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    for (number, home) in [(1, HomeAccount::Stored(account)), (2, HomeAccount::Carried([1; 32]))] {
        let new = waiting(number, &grant, &home, &world);
        add(&store, &new).await;
        store.known_add(&home, &[RECIPIENT.to_owned()]).await.unwrap();
        let limits = storage::UploadLimits { size: 1000, count: 10, total: 10_000 };
        let file = crate::outbox::octets(500, 100).1;
        store.upload_add(&grant, "treasure map.pdf", "application/pdf", &limits, file).await.unwrap();
    }
    let folder = world.dir.path().join("made");
    let holds = |needle: &[u8]| {
        folder.read_dir().unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
        })
    };
    assert!(holds(b"claude"), "this test can find bytes in the files");
    for needle in [
        RECIPIENT.as_bytes(),
        b"elsewhere.example",
        SUBJECT.as_bytes(),
        SENTENCE,
        b"about the treasure",
        b"treasure map",
        b"is new",
        b"<m1@x.org>",
        &[9; 32],
    ] {
        assert!(!holds(needle), "{}", String::from_utf8_lossy(needle));
    }
}

/// Octets that, half-way, keep what a process that dies now would leave on disk.
struct Dying<'a> {
    left: u32,
    from: &'a Path,
    to: &'a Path,
}

impl Pieces for Dying<'_> {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.left = self.left.saturating_sub(1);
        if self.left == 2 {
            keep(self.from, self.to);
        }
        Ok((self.left > 0).then(|| Bytes::from(vec![7; 256 * 1024])))
    }
}

/// The files as they are now; the shared memory of the log is made anew, as after a loss of power.
fn keep(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in from.read_dir().unwrap() {
        let path = file.unwrap().path();
        if !path.to_string_lossy().ends_with("-shm") {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// Opens the files that were kept of `world`.
async fn as_left(world: &World, dir: &Path) -> storage::Store {
    let url = format!("sqlite:{}", dir.join("postroom.db").display());
    let mut left = World::at(url, tempfile::tempdir().unwrap());
    left.clock = world.clock.clone();
    left.store().await
}

#[tokio::test]
async fn a_process_that_dies_before_the_commit_leaves_nothing_and_after_it_everything() {
    let world = World::on_sqlite();
    let store = world.store().await;
    let (grant, account) = ann(&store).await;
    let [from, before, after] = ["made", "before", "after"].map(|folder| world.dir.path().join(folder));
    // more than fits into SQLite's cache, so that pages of the transaction are in the log
    let new = message(1, &grant, &HomeAccount::Stored(account), 23 * 256 * 1024);
    let source = Dying { left: 24, from: &from, to: &before };
    store.outbox_add(&new, source).await.unwrap();
    let left = as_left(&world, &before).await;
    assert_eq!(left.outbox_find(&new.id).await.unwrap(), None);
    assert!(store.outbox_claim(&new.id, "one", now(&world)).await.unwrap().is_some());
    assert!(store.outbox_commit_point(&new.id, "one").await.unwrap());
    keep(&from, &after);
    let left = as_left(&world, &after).await;
    assert_eq!(find(&left, &new.id).await.state, OutgoingState::Committing);
    let orphan = left.outbox_orphans("two").await.unwrap().remove(0);
    assert!(left.outbox_recover(&orphan).await.unwrap());
    assert_eq!(find(&left, &new.id).await.state, OutgoingState::Unknown);
}

#[tokio::test]
async fn what_was_committed_is_on_the_disk() {
    let store = World::on_sqlite().store().await;
    let row = store.database().fetch("PRAGMA synchronous", &[]).await.unwrap().remove(0);
    assert_eq!(row.int("synchronous").unwrap(), 2, "FULL: the log is synced at each commit");
}
