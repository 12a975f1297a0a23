//! What holds for the SQLite file alone.

use storage::{Database, Error};

use crate::world::{World, name, password, settings};

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
