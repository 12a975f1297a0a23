//! Statements, transactions, migrations, several processes on one database.

use storage::{Database, Error, Value};

use crate::world::World;

const PUT: &str = "INSERT INTO meta (key, value) VALUES ($1, $2)";
const COUNT: &str = "SELECT count(*) AS found FROM meta WHERE key LIKE 'k%' AND key <> 'key_check'";

async fn count(database: &Database) -> i64 {
    database.fetch_optional(COUNT, &[]).await.unwrap().unwrap().int("found").unwrap()
}

pub(crate) async fn a_change_is_seen_at_once_through_another_handle(world: &World) {
    let (serve, command) = (world.store().await, world.store().await);
    assert_eq!(serve.find_user("ann").await.unwrap(), None);
    for number in 0..20 {
        let name = format!("user{number}");
        let added = command.add_user(&name, false, "hash").await.unwrap();
        assert_eq!(serve.find_user(&name).await.unwrap(), Some(added));
    }
}

pub(crate) async fn a_dropped_transaction_leaves_nothing(world: &World) {
    let database = Database::open(&world.url).await.unwrap();
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(PUT, &["k1".into(), Value::Bytes(vec![1])]).await.unwrap();
    drop(transaction);
    assert_eq!(count(&database).await, 0);
    let mut transaction = database.begin().await.unwrap();
    transaction.execute(PUT, &["k1".into(), Value::Bytes(vec![1])]).await.unwrap();
    let again = transaction.execute(PUT, &["k1".into(), Value::Bytes(vec![1])]).await;
    assert!(matches!(again, Err(Error::Taken)));
    drop(transaction);
    assert_eq!(count(&database).await, 0);
}

pub(crate) async fn a_newer_schema_is_refused_and_left_alone(world: &World) {
    const NEWEST: &str = "SELECT max(version) AS version FROM schema_version";
    let database = Database::open(&world.url).await.unwrap();
    let own = database.fetch_optional(NEWEST, &[]).await.unwrap().unwrap().int("version").unwrap();
    let newer = [Value::from(own + 1)];
    database.execute("INSERT INTO schema_version (version) VALUES ($1)", &newer).await.unwrap();
    let error = Database::open(&world.url).await.unwrap_err();
    assert!(matches!(error, Error::TooNew { found, known } if found == own + 1 && known == own), "{error}");
    let after = database.fetch_optional(NEWEST, &[]).await.unwrap().unwrap().int("version").unwrap();
    assert_eq!(after, own + 1);
}

pub(crate) async fn nothing_fits_every_column(world: &World) {
    const ADD: &str = "INSERT INTO tokens (id, grant_id, hash, created, last_used, expires) \
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING last_used, expires";
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap();
    let grant =
        store.add_grant(&ann.id, &crate::world::grant("a"), &crate::world::token(1)).await.unwrap().id;
    // The same statement with and without values, in both orders: its plan is kept between them.
    for (number, expires) in [(2, None), (3, Some(7_i64)), (4, None)] {
        let values = [
            Value::from(format!("tok{number}")),
            grant.as_str().into(),
            Value::Bytes(vec![number; 32]),
            Value::Int(1),
            Value::Null,
            Value::from(expires),
        ];
        let row = store.database().fetch_optional(ADD, &values).await.unwrap().unwrap();
        assert!(row.is_null("last_used").unwrap());
        assert_eq!(row.is_null("expires").unwrap(), expires.is_none());
        assert!(matches!(row.int("last_used"), Err(Error::Unreadable("last_used"))));
        assert!(matches!(row.text("missing"), Err(Error::Unreadable("missing"))));
    }
}

pub(crate) async fn programs_that_start_at_once_migrate_once(world: &World) {
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let url = world.url.clone();
            tokio::spawn(async move { Database::open(&url).await.map(drop) })
        })
        .collect();
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
}

pub(crate) async fn the_wrong_master_key_is_refused_and_changes_nothing(world: &World) {
    const READ: &str = "SELECT value FROM meta WHERE key = 'key_check'";
    let right = world.store().await;
    let before = right.database().fetch(READ, &[]).await.unwrap()[0].bytes("value").unwrap().to_vec();
    let error = world.store_with(&"22".repeat(32)).await.unwrap_err();
    assert!(matches!(error, Error::WrongKey), "{error}");
    let after = right.database().fetch(READ, &[]).await.unwrap();
    assert_eq!((after.len(), after[0].bytes("value").unwrap()), (1, before.as_slice()));
    world.store().await;
}

pub(crate) async fn writers_in_two_processes_wait_for_each_other(world: &World) {
    let (one, two) = (Database::open(&world.url).await.unwrap(), Database::open(&world.url).await.unwrap());
    let write = async |database: &Database, letter: &str| {
        for number in 0..25 {
            let mut transaction = database.begin().await.unwrap();
            // Reads before it writes: what an upgraded transaction would fail at.
            transaction.fetch(COUNT, &[]).await.unwrap();
            let key = format!("k{letter}{number}");
            transaction.execute(PUT, &[key.into(), Value::Bytes(vec![0])]).await.unwrap();
            transaction.commit().await.unwrap();
        }
    };
    tokio::join!(write(&one, "a"), write(&two, "b"));
    assert_eq!(count(&one).await, 50);
}
