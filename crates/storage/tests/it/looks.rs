//! Looks: what every call and every page asks, where no answer may be older than the question.

use std::sync::Arc;

use storage::{Error, Standing, Store};

use crate::{
    web_sessions::open,
    world::{World, grant, token},
};

const NAMES: &str = "SELECT name FROM users WHERE name >= $1 ORDER BY name";

pub(crate) async fn what_another_process_changes_holds_at_the_very_next_look(world: &World) {
    let (store, elsewhere) = (world.store().await, world.store().await);
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let id = store.add_grant(&ann.id, &grant("agent"), &token(1)).await.unwrap().id;
    let look = async || {
        let stands = |found: &Standing| (found.is_paused, found.is_user_disabled, found.is_revoked);
        let by_bearer = store.find_bearer(&[1; 32]).await.unwrap().unwrap();
        let by_id = store.find_standing(&id).await.unwrap().unwrap();
        assert_eq!(stands(&by_id), stands(&by_bearer.standing));
        stands(&by_id)
    };
    for _ in 0..3 {
        assert_eq!(look().await, (false, false, false));
        assert!(elsewhere.pause_grant(&ann.id, &id, true).await.unwrap());
        assert_eq!(look().await, (true, false, false));
        assert!(elsewhere.pause_grant(&ann.id, &id, false).await.unwrap());
        assert!(elsewhere.disable_user(&ann.id, true).await.unwrap());
        assert_eq!(look().await, (false, true, false));
        assert!(elsewhere.disable_user(&ann.id, false).await.unwrap());
    }
    assert!(elsewhere.revoke_grant_of(&ann.id, &id).await.unwrap());
    assert_eq!(look().await, (false, false, true));

    let session = open(&elsewhere, &ann, 1, world).await;
    assert!(store.web_session_find(&[1; 32]).await.unwrap().is_some());
    assert!(elsewhere.web_session_end(&ann.id, &session).await.unwrap());
    assert!(store.web_session_find(&[1; 32]).await.unwrap().is_none());
}

pub(crate) async fn a_look_answers_as_any_statement_does(world: &World) {
    let store = world.store().await;
    // more than a look answers by itself
    for number in 0..100 {
        store.add_user(&format!("n{number:03}"), false, "hash").await.unwrap();
    }
    for from in ["n", "n040", "n090", "o"] {
        let names = async |is_look: bool| -> Vec<String> {
            let database = store.database();
            let rows = if is_look {
                database.look(NAMES, &[from.into()]).await
            } else {
                database.fetch(NAMES, &[from.into()]).await
            };
            rows.unwrap().iter().map(|row| row.text("name").unwrap().to_owned()).collect()
        };
        assert_eq!(names(true).await, names(false).await, "{from}");
    }
    const KINDS: &str = "SELECT u.password_hash, u.created, i.hash AS absent FROM users u \
        LEFT JOIN invitations i ON i.user_id = u.id WHERE u.name = $1";
    let row = store.database().look_optional(KINDS, &["n001".into()]).await.unwrap().unwrap();
    assert_eq!(row.text("password_hash").unwrap(), "hash");
    assert_eq!(row.instant("created").unwrap(), domain::Clock::now(&*world.clock));
    assert!(row.is_null("absent").unwrap());
    assert!(store.database().look("SELECT nothing FROM nowhere", &[]).await.is_err());
    assert!(store.database().look_optional(NAMES, &["z".into()]).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn of_many_looks_at_once_each_gets_its_answer() {
    let world = World::on_sqlite();
    let store = world.store().await;
    for number in 0..20 {
        store.add_user(&format!("n{number:02}"), false, "hash").await.unwrap();
    }
    let store = Arc::new(store);
    let looks = (0..20).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let name = format!("n{number:02}");
            for _ in 0..20 {
                let row = store.database().look_optional(NAMES, &[name.as_str().into()]).await.unwrap();
                assert_eq!(row.unwrap().text("name").unwrap(), name);
            }
        })
    });
    for look in looks.collect::<Vec<_>>() {
        look.await.unwrap();
    }
}

pub(crate) async fn a_closed_database_is_looked_into_no_more(world: &World) {
    let store = world.store().await;
    assert!(store.find_bearer(&[1; 32]).await.unwrap().is_none());
    store.close().await;
    assert!(store.find_bearer(&[1; 32]).await.is_err());
}

#[tokio::test]
async fn a_look_into_a_file_that_is_gone_or_another_is_an_error() {
    let world = World::on_sqlite();
    let store = world.store().await;
    assert!(store.find_bearer(&[1; 32]).await.unwrap().is_none());
    let file = world.dir.path().join("made/postroom.db");
    let away = world.dir.path().join("made/away.db");
    std::fs::rename(&file, &away).unwrap();
    let error = store.find_bearer(&[1; 32]).await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    std::fs::copy(&away, &file).unwrap();
    assert!(store.find_bearer(&[1; 32]).await.is_err(), "it is another one");
    std::fs::rename(&away, &file).unwrap();
    assert!(store.find_bearer(&[1; 32]).await.unwrap().is_none(), "it is back");
}

#[tokio::test]
async fn a_look_writes_nothing() {
    let world = World::on_sqlite();
    let store: Store = world.store().await;
    store.add_user("ann", false, "hash").await.unwrap();
    let error = store.database().look("DELETE FROM users RETURNING id", &[]).await.unwrap_err();
    assert!(matches!(error, Error::Look(_)), "{error}");
    assert!(store.find_user("ann").await.unwrap().is_some());
}
