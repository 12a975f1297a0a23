//! A database of an earlier version, with rows in it, becomes one of now: nothing is lost, and what is new is filled
//! in. Its tables are made by the steps as they were released, from text, without the program's own migration.

use domain::{ClientId, GrantId};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use sqlx::{Executor as _, sqlite::SqliteConnectOptions};
use storage::{CallCount, NewClientRow, NewConsent, TokenKind};
use time::Duration;

use crate::world::{World, grant, token};

/// The steps before people signed in with browsers.
const BEFORE_PEOPLE: [&str; 5] = [
    include_str!("../../src/migrations/0001_control_plane.sql"),
    include_str!("../../src/migrations/0002_sending.sql"),
    include_str!("../../src/migrations/0003_follow_up.sql"),
    include_str!("../../src/migrations/0004_draft_versions.sql"),
    include_str!("../../src/migrations/0005_changes.sql"),
];

/// Ann with two tokens, one of them revoked, a session, calls that were written down, and two messages of which one
/// left; and bob.
const ROWS: &str = "
INSERT INTO users (id, name, is_admin, password_hash, is_disabled, created)
  VALUES ('usr_a', 'ann', 1, 'hash', 0, 1000), ('usr_b', 'bob', 0, 'hash', 1, 2000);
INSERT INTO grants (id, user_id, label, scopes, accounts, limits, created, expires, revoked)
  VALUES ('gra_1', 'usr_a', 'agent', 'mail:search mail:read', NULL, '{}', 3000, NULL, NULL),
    ('gra_2', 'usr_a', 'old', 'mail:read', NULL, '{}', 3000, NULL, 4000);
INSERT INTO tokens (id, grant_id, hash, created, last_used, expires, revoked)
  VALUES ('tok_1', 'gra_1', X'0101010101010101010101010101010101010101010101010101010101010101', 3000, 5000, NULL, NULL),
    ('tok_2', 'gra_2', X'0202020202020202020202020202020202020202020202020202020202020202', 3000, NULL, NULL, 4000);
INSERT INTO mcp_sessions (id, grant_id, created, last_used) VALUES ('s', 'gra_1', 5000, 5000);
INSERT INTO audit (user_name, seq, grant_id, door, tool, targets, outcome, at, prev_hash, hash)
  VALUES ('ann', 1, 'gra_1', 'personal', 'mail_read', '[]', 'ok', 7200001, X'00', X'01'),
    ('ann', 2, 'gra_1', 'personal', 'mail_read', '[]', 'not_found', 7200002, X'01', X'02'),
    ('ann', 3, 'gra_1', 'personal', 'approval', '[]', 'approved', 7200003, X'02', X'03');
INSERT INTO outbox (id, grant_id, user_name, account, account_name, frozen, state, due, begun, created, updated)
  VALUES ('out_1', 'gra_1', 'ann', 'acc_1', 'home', X'00', 'sent', 7200000, 7200001, 7200000, 7200002),
    ('out_2', 'gra_1', 'ann', 'acc_1', 'home', X'00', 'failed', 7200000, 7200001, 7200000, 7200002);
";

/// Makes the tables of then, and the rows.
async fn make_before_people(url: &str) {
    const VERSIONS: &str = "CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY) STRICT;
        INSERT INTO schema_version (version) VALUES (1), (2), (3), (4), (5);";
    let script = [VERSIONS, &BEFORE_PEOPLE.join("\n"), ROWS].join("\n");
    if let Some(path) = url.strip_prefix("sqlite:") {
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        connection.execute(sqlx::raw_sql(AssertSqlSafe(script))).await.unwrap();
        return connection.close().await.unwrap();
    }
    let script = script.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
    let script = script
        .replace(") STRICT", ")")
        .replace("INTEGER", "BIGINT")
        .replace("BLOB", "BYTEA")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
        .replace("X'", "'\\x");
    let mut connection = url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(script))).await.unwrap();
    connection.close().await.unwrap();
}

pub(crate) async fn a_database_of_before_people_signed_in_keeps_its_rows_and_learns_the_rest(world: &World) {
    make_before_people(&world.url).await;
    let store = world.store().await;
    let users = store.list_users().await.unwrap();
    let known: Vec<_> =
        users.iter().map(|user| (user.name.as_str(), user.is_admin, user.is_disabled)).collect();
    assert_eq!(known, [("ann", true, false), ("bob", false, true)]);

    // tokens are personal ones, and the grant knows when its own was used
    let found = store.find_bearer(&[1; 32]).await.unwrap().unwrap();
    assert!(found.kind == TokenKind::Personal && found.scopes.is_none() && found.resource.is_none());
    assert_eq!(found.standing.user_name, "ann");
    assert!(!found.standing.is_paused && !found.standing.is_revoked);
    assert!(store.find_bearer(&[2; 32]).await.unwrap().unwrap().is_token_revoked);
    let ann = store.find_user("ann").await.unwrap().unwrap().id;
    let held = store.list_grants(&ann).await.unwrap();
    let used = held
        .iter()
        .map(|one| (one.grant.label.as_str(), one.last_used.map(domain::Timestamp::unix_timestamp)));
    assert_eq!(used.collect::<Vec<_>>(), [("agent", Some(5))]);

    // calls of then are counted, answers of the person are none
    let counted =
        store.count_calls(&GrantId::from_text("gra_1"), domain::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(counted, [CallCount { tool: "mail_read".to_owned(), ok: 1, other: 1 }]);

    // and so is what left
    let hours = store.calls_over_time(&ann, domain::Timestamp::UNIX_EPOCH).await.unwrap();
    let told: Vec<_> = hours.iter().map(|one| (one.hour, one.calls, one.sent)).collect();
    assert_eq!(told, [(2, 2, 1)]);

    // and what came later works beside it
    let client = store
        .add_client(&NewClientRow {
            name: "Agent".to_owned(),
            uri: String::new(),
            redirect_uris: vec!["https://a.example/back".to_owned()],
            redirect_host: "a.example".to_owned(),
            auth_method: "none",
            secret_hash: None,
        })
        .await
        .unwrap();
    let asked = NewConsent {
        client: ClientId::from_text(client.id.as_str()),
        redirect_uri: "https://a.example/back".to_owned(),
        state: None,
        code_challenge: "c".to_owned(),
        scopes: None,
        resource: "r".to_owned(),
        expires: domain::Clock::now(&*world.clock) + Duration::MINUTE,
    };
    store.add_consent(&ann, &asked, 20).await.unwrap();
    store.add_grant(&ann, &grant("another"), &token(3)).await.unwrap();
    drop(store);
    world.store().await;
}
