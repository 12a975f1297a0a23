//! The end of a person here: everything of theirs goes, nothing of others.

use std::collections::BTreeMap;

use domain::{AccountId, ChangeId, GrantId, HomeAccount, PlanId, UserId};
use storage::{
    ChangeState, NewAuditRow, NewMoved, NewStep, NewWebSession, RemovalBegun, Removed, Remover, Store,
    UploadLimits, Value,
};
use time::Duration;

use crate::{
    outbox::{add, message, now, octets, waiting},
    world::{World, grant, name, password, settings, token},
};

/// What of a person is looked for in every table.
const MARKER: &str = "Marker-of-ann";

/// Her name, as nothing else is called.
const NAME: &str = "annegret";

/// What of the other person is looked for.
const OTHER: &str = "Belongs-to-bob";

/// Ann with something in every table that can hold anything of hers, and bob with as much.
async fn people(store: &Store, world: &World) -> (UserId, UserId, GrantId) {
    let root = store.add_user("root", true, "hash").await.unwrap().id;
    let mut made = Vec::new();
    for (number, user) in [(1, NAME), (2, "bob")] {
        let id = store.add_user(user, false, "hash").await.unwrap().id;
        let marker = if user == NAME { MARKER } else { OTHER };
        let address = format!("{marker}-{user}@x.org");
        let account =
            store.add_account(&id, &name("work"), &settings(&address), &password(marker)).await.unwrap().id;
        let home = HomeAccount::Stored(account);
        let label = format!("{marker} agent");
        let given = store.add_grant(&id, &grant(&label), &token(number)).await.unwrap().id;
        fill(store, world, number, user, marker, &home, &given).await;
        raw(store, number, user, &id, &given, marker).await;
        made.push((id, given));
    }
    let (ann, given) = made.swap_remove(0);
    (root, ann, given)
}

async fn fill(
    store: &Store,
    world: &World,
    number: u8,
    user: &str,
    marker: &str,
    home: &HomeAccount,
    grant: &GrantId,
) {
    let mut sent = waiting(number, grant, home, world);
    (sent.user, sent.client) = (user.to_owned(), marker.to_owned());
    add(store, &sent).await;
    store.known_add(home, &[format!("{marker}@y.org")]).await.unwrap();
    store.exposure_note(grant, home, true, now(world) + Duration::hours(1)).await.unwrap();
    store.filing_learn(home, true).await.unwrap();
    let limits = UploadLimits { size: 400_000, count: 3, total: 900_000 };
    store.upload_add(grant, marker, "text/plain", &limits, octets(200_000, 4_000).1).await.unwrap();
    store.add_session(&format!("{marker} session"), grant, 8).await.unwrap();
    let change = ChangeId::from_random([number; 16]);
    let step = NewStep { account: home.clone(), account_name: name("work"), body: marker.into() };
    store.change_begin(&change, grant, user, "one", now(world) + Duration::days(7), &step).await.unwrap();
    let moved = NewMoved { from: marker.into(), to: marker.into() };
    store.change_step_done(&change, 0, &step, &[moved], now(world) + Duration::days(30)).await.unwrap();
    store.change_end(&change).await.unwrap();
    let plan = PlanId::from_random([number; 16]);
    store.plan_add(&plan, grant, marker.as_bytes(), now(world) + Duration::minutes(10)).await.unwrap();
    let row = NewAuditRow {
        user: user.to_owned(),
        grant: grant.clone(),
        client: marker.to_owned(),
        door: "personal".to_owned(),
        tool: "mail_read".to_owned(),
        targets: format!("[\"{marker}\"]"),
        outcome: "ok".to_owned(),
        octets: Some(5),
        undo: String::new(),
        at: now(world),
    };
    store.append_audit(&vec![row; 3]).await.unwrap();
}

/// Rows of tables that are written elsewhere, as they are there.
async fn raw(store: &Store, number: u8, user: &str, id: &UserId, grant: &GrantId, marker: &str) {
    const STATEMENTS: &[&str] = &[
        "INSERT INTO clients (id, kind, name, redirect_uris, redirect_host, auth_method, created, last_used) \
            VALUES ($3, 'registered', $4, '[]', 'x', 'none', 1, 1)",
        "UPDATE grants SET client_id = $3 WHERE id = $2 AND $1 <> $4",
        "INSERT INTO families (id, grant_id, created) VALUES ($3, $2, 1)",
        "INSERT INTO codes (hash, family_id, client_id, redirect_uri, code_challenge, scopes, resource, created, \
            expires) VALUES ($5, $3, $3, $4, $4, 'mail:read', $4, 1, 9999999999999)",
        "INSERT INTO consents (id, user_id, client_id, redirect_uri, state, code_challenge, resource, created, \
            expires) VALUES ($3, $1, $3, $4, $4, $4, $4, 1, 9999999999999)",
        "INSERT INTO passkeys (id, user_id, credential_id, name, credential, created) \
            VALUES ($3, $1, $5, $4, $5, 1)",
        "INSERT INTO one_time_codes (user_id, secret, created, confirmed) VALUES ($1, $5, 1, 1)",
        "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $5)",
        "INSERT INTO identities (issuer, subject, user_id, shown, created) VALUES ('https://i', $3, $1, $4, 1)",
        "INSERT INTO ceremonies (hash, kind, user_id, body, created, expires) \
            VALUES ($5, 'x', $1, $5, 1, 9999999999999)",
        "INSERT INTO telling (user_name, until) VALUES ($6, 1)",
        "INSERT INTO invitations (id, hash, purpose, note, made_by, created, expires, used) \
            VALUES ($3, $5, 'invite', $4, $6, 1, 9999999999999, 2)",
    ];
    let all: [Value; 6] = [
        id.as_str().into(),
        grant.as_str().into(),
        format!("{marker}-{number}").into(),
        marker.into(),
        format!("{marker} octets").into_bytes().into(),
        user.into(),
    ];
    for statement in STATEMENTS {
        // Both databases want exactly the values that a statement names, numbered from one.
        let used: Vec<usize> = (1..=6).filter(|number| statement.contains(&format!("${number}"))).collect();
        let mut sql = (*statement).to_owned();
        for (at, number) in used.iter().enumerate() {
            sql = sql.replace(&format!("${number}"), &format!("${}", at + 1));
        }
        let values: Vec<Value> = used.iter().map(|number| all[number - 1].clone()).collect();
        store.database().execute(String::leak(sql), &values).await.unwrap();
    }
    let session = NewWebSession {
        hash: [number; 32],
        way: "password",
        browser: marker.to_owned(),
        address: marker.to_owned(),
        proven: store.clock().now(),
        expires: store.clock().now() + Duration::days(1),
    };
    store.web_session_open(id, "hash", &session, 8).await.unwrap().unwrap();
}

/// All tables, each with its rows as text: binary columns in hexadecimal digits.
async fn dump(store: &Store, world: &World) -> BTreeMap<String, Vec<String>> {
    let is_sqlite = world.url.starts_with("sqlite:");
    let tables = if is_sqlite {
        "SELECT name AS name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    } else {
        "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()"
    };
    let mut found = BTreeMap::new();
    for table in store.database().fetch(tables, &[]).await.unwrap() {
        let table = table.text("name").unwrap().to_owned();
        let columns = if is_sqlite {
            format!("SELECT name AS name, type AS kind FROM pragma_table_info('{table}')")
        } else {
            format!(
                "SELECT column_name::text AS name, data_type::text AS kind FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND table_name = '{table}'"
            )
        };
        let columns: Vec<(String, String)> = store
            .database()
            .fetch(String::leak(columns), &[])
            .await
            .unwrap()
            .iter()
            .map(|row| (row.text("name").unwrap().to_owned(), row.text("kind").unwrap().to_owned()))
            .collect();
        let shown = columns.iter().map(|(name, kind)| match (kind.as_str(), is_sqlite) {
            ("BLOB", _) => format!("COALESCE(hex({name}), '')"),
            ("bytea", _) => format!("COALESCE(encode({name}, 'hex'), '')"),
            (_, true) => format!("COALESCE(CAST({name} AS TEXT), '')"),
            (_, false) => format!("COALESCE({name}::text, '')"),
        });
        let sql = format!("SELECT {} AS shown FROM {table}", shown.collect::<Vec<_>>().join(" || ' | ' || "));
        let rows = store.database().fetch(String::leak(sql), &[]).await.unwrap();
        found.insert(table, rows.iter().map(|row| row.text("shown").unwrap().to_lowercase()).collect());
    }
    found
}

/// Rows in which one of the words stands, as text or as octets.
fn naming(dump: &BTreeMap<String, Vec<String>>, words: &[&str]) -> Vec<String> {
    let words: Vec<String> = words
        .iter()
        .flat_map(|word| {
            let hex: Vec<_> = word.bytes().map(|byte| format!("{byte:02x}")).collect();
            [word.to_lowercase(), hex.concat()]
        })
        .collect();
    dump.iter()
        .flat_map(|(table, rows)| rows.iter().map(move |row| format!("{table}: {row}")))
        .filter(|row| words.iter().any(|word| row.contains(word.as_str())))
        .collect()
}

async fn remove(store: &Store, user: &UserId) -> Removed {
    assert_eq!(store.removal_begin(user, Remover::Own).await.unwrap(), RemovalBegun::Yes);
    let removal = store.removals().await.unwrap().remove(0);
    store.removal_go_on(&removal, &[]).await.unwrap()
}

pub(crate) async fn of_a_person_who_was_removed_nothing_is_left_and_of_others_everything(world: &World) {
    let store = world.store().await;
    let (_, ann, given) = people(&store, world).await;
    let accounts: Vec<AccountId> =
        store.list_accounts(&ann).await.unwrap().into_iter().map(|account| account.id).collect();
    let before = dump(&store, world).await;
    let empty: Vec<&String> =
        before.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table).collect();
    assert!(empty.is_empty(), "the test tries every table: {empty:?}");
    let words = [MARKER, ann.as_str(), given.as_str(), accounts[0].as_str(), NAME];
    assert!(naming(&before, &words).len() > 25, "what is looked for is there before");

    assert_eq!(remove(&store, &ann).await, Removed::All(accounts.clone()));
    let after = dump(&store, world).await;
    assert_eq!(naming(&after, &words), [] as [String; 0]);
    for (table, rows) in &before {
        let others = rows.iter().filter(|row| naming_is_of_bob(row)).count();
        let left = after[table].iter().filter(|row| naming_is_of_bob(row)).count();
        assert_eq!(left, others, "{table}");
        assert!(["schema_version", "meta"].contains(&table.as_str()) || !after[table].is_empty(), "{table}");
    }
    assert!(store.find_user("bob").await.unwrap().is_some());
    assert!(store.removals().await.unwrap().is_empty());
}

fn naming_is_of_bob(row: &str) -> bool {
    row.contains("bob")
}

pub(crate) async fn who_is_being_removed_is_shut_out_at_once_and_cannot_be_let_in_again(world: &World) {
    let store = world.store().await;
    let (root, ann, _) = people(&store, world).await;
    assert!(store.stays(&ann).await.unwrap());
    let begun = store.removal_begin(&ann, Remover::Administrator(&root)).await.unwrap();
    assert_eq!(begun, RemovalBegun::Yes);
    assert!(!store.stays(&ann).await.unwrap());
    assert!(store.web_session_list(&ann).await.unwrap().is_empty());
    assert!(store.find_bearer(&[1; 32]).await.unwrap().unwrap().standing.is_user_disabled);
    let waiting = store.approvals_waiting(Some(NAME)).await.unwrap();
    assert!(waiting.is_empty(), "what had not begun to leave is taken back");
    assert!(!store.disable_user_by(&root, &ann, false).await.unwrap());
    assert!(!store.disable_user(&ann, false).await.unwrap());
    assert!(store.find_user(NAME).await.unwrap().unwrap().is_disabled);
    assert!(!store.set_admin_by(&root, &ann, true).await.unwrap());
    assert_eq!(store.removal_begin(&ann, Remover::Own).await.unwrap(), RemovalBegun::Already);
}

pub(crate) async fn a_message_that_is_being_handed_over_is_waited_for(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", false, "hash").await.unwrap().id;
    let account =
        store.add_account(&ann, &name("work"), &settings("a@x.org"), &password("pw")).await.unwrap().id;
    let given = store.add_grant(&ann, &grant("claude"), &token(1)).await.unwrap().id;
    let leaving = message(1, &given, &HomeAccount::Stored(account.clone()), 100);
    add(&store, &leaving).await;
    let until = now(world) + Duration::minutes(2);
    store.outbox_claim(&leaving.id, "one", until).await.unwrap().unwrap();
    assert_eq!(remove(&store, &ann).await, Removed::Waits);
    assert!(store.outbox_find(&leaving.id).await.unwrap().is_some(), "how it ends can be noted");
    world.clock.forward(121);
    let removal = world.store().await.removals().await.unwrap().remove(0);
    assert_eq!(store.removal_go_on(&removal, &[]).await.unwrap(), Removed::All(vec![account]));
    assert_eq!(store.removal_go_on(&removal, &[]).await.unwrap(), Removed::No, "it is over once");
    assert!(!store.has_users().await.unwrap(), "who is alone may go");
}

pub(crate) async fn a_row_that_comes_late_falls_to_nobody_of_that_name(world: &World) {
    let store = world.store().await;
    // who administrates stays
    store.add_user("root", true, "hash").await.unwrap();
    let zenobia = store.add_user("zenobia", false, "hash").await.unwrap();
    store.add_user("bob", false, "hash").await.unwrap();
    let rows = ["zenobia", "bob", "(environment)"].map(|user| crate::audit::row(world, user, "mail_read"));
    store.append_audit(&rows).await.unwrap();
    assert_eq!(remove(&store, &zenobia.id).await, Removed::All(Vec::new()));
    store.append_audit(&rows).await.unwrap();
    assert_eq!(naming(&dump(&store, world).await, &["zenobia"]), [] as [String; 0]);
    store.add_user("zenobia", false, "hash").await.unwrap();
    for (user, expected) in [("zenobia", 0), ("bob", 2), ("(environment)", 2)] {
        assert_eq!(store.list_audit(user, 10).await.unwrap().len(), expected, "{user}");
        assert_eq!(store.check_audit(user).await.unwrap(), storage::Chain::Whole(expected as u64), "{user}");
    }
    store.append_audit(&rows[..1]).await.unwrap();
    assert_eq!(store.check_audit("zenobia").await.unwrap(), storage::Chain::Whole(1));
}

pub(crate) async fn nobody_is_removed_who_did_not_begin_it(world: &World) {
    let store = world.store().await;
    let (_, ann, _) = people(&store, world).await;
    let made_up = storage::Removal { user: ann.clone(), name: NAME.to_owned(), since: now(world) };
    assert_eq!(store.removal_go_on(&made_up, &[]).await.unwrap(), Removed::No);
    store.removal_begin(&ann, Remover::Own).await.unwrap();
    let of_another = storage::Removal { name: "bob".to_owned(), ..made_up };
    assert_eq!(store.removal_go_on(&of_another, &[]).await.unwrap(), Removed::No);
    assert!(store.find_user("bob").await.unwrap().is_some());
}

pub(crate) async fn the_last_administrator_stays_while_there_are_others(world: &World) {
    let store = world.store().await;
    let ann = store.add_user("ann", true, "hash").await.unwrap().id;
    let bob = store.add_user("bob", true, "hash").await.unwrap().id;
    let cec = store.add_user("cec", false, "hash").await.unwrap().id;
    assert_eq!(store.removal_begin(&cec, Remover::Administrator(&cec)).await.unwrap(), RemovalBegun::No);
    assert_eq!(store.removal_begin(&ann, Remover::Administrator(&ann)).await.unwrap(), RemovalBegun::No);
    let other = world.store().await;
    let (one, two) =
        tokio::join!(store.removal_begin(&ann, Remover::Own), other.removal_begin(&bob, Remover::Own));
    let mut both = [one.unwrap(), two.unwrap()];
    both.sort_by_key(|begun| *begun != RemovalBegun::Yes);
    assert_eq!(both, [RemovalBegun::Yes, RemovalBegun::LastAdministrator]);
    let left = if store.stays(&ann).await.unwrap() { &ann } else { &bob };
    assert!(!store.set_admin_by(left, left, false).await.unwrap(), "nor give up the role");
    assert_eq!(store.removal_begin(&cec, Remover::Administrator(left)).await.unwrap(), RemovalBegun::Yes);
    assert_eq!(store.removal_begin(left, Remover::Own).await.unwrap(), RemovalBegun::Yes, "now alone");
}

pub(crate) async fn two_administrators_who_unmake_each_other_at_once_leave_one(world: &World) {
    let store = world.store().await;
    let other = world.store().await;
    let ann = store.add_user("ann", true, "hash").await.unwrap().id;
    let bob = store.add_user("bob", true, "hash").await.unwrap().id;
    let (one, two) =
        tokio::join!(store.set_admin_by(&ann, &bob, false), other.set_admin_by(&bob, &ann, false));
    assert_eq!([one, two].into_iter().filter(|done| *done.as_ref().unwrap()).count(), 1);
    assert_eq!(store.list_users().await.unwrap().iter().filter(|user| user.is_admin).count(), 1);
}

pub(crate) async fn people_are_told_in_numbers(world: &World) {
    let store = world.store().await;
    let (_, ann, _) = people(&store, world).await;
    let told = store.people().await.unwrap().into_iter().find(|person| person.user.id == ann).unwrap();
    assert_eq!((told.accounts, told.agents, told.passkeys, told.identities), (1, 1, 1, 1));
    assert!(told.has_password && told.has_codes && told.removal.is_none());
    assert_eq!(told.last_seen, Some(now(world)));
}

pub(crate) async fn how_much_is_kept_is_told_in_all_and_of_each_person(world: &World) {
    let store = world.store().await;
    people(&store, world).await;
    assert!(store.database_octets().await.unwrap() > 10_000);
    let sums = store.kept_sums().await.unwrap();
    let rows: Vec<u64> = sums.iter().map(|sum| sum.rows).collect();
    assert_eq!(rows, [6, 2, 2, 2, 2], "{sums:?}");
    assert!(sums.iter().all(|sum| sum.octets > 0) && sums[2].octets >= 400_000, "{sums:?}");
    let of = store.kept_of_people().await.unwrap();
    let told: Vec<(&str, u64)> = of.iter().map(|of| (of.name.as_str(), of.activity)).collect();
    assert_eq!(told, [(NAME, 3), ("bob", 3), ("root", 0)]);
    assert!(of[0].octets >= 200_000 && of[2].octets == 0, "{of:?}");
    assert_eq!(store.outbox_counts().await.unwrap(), [(storage::OutgoingState::Waiting, 2)]);
}

pub(crate) async fn everybody_keeps_outbox_and_changes_as_long_as_they_wish(world: &World) {
    let store = world.store().await;
    let mut kept = Vec::new();
    for (number, user, outbox_days, undo_days) in [(1, "ann", 7, 1), (2, "bob", 90, 7), (3, "cec", 30, 7)] {
        let id = store.add_user(user, false, "hash").await.unwrap().id;
        let account =
            store.add_account(&id, &name("work"), &settings("a@x.org"), &password("pw")).await.unwrap().id;
        let given = store.add_grant(&id, &grant("claude"), &token(number)).await.unwrap().id;
        let home = HomeAccount::Stored(account);
        let mut sent = message(number, &given, &home, 100);
        user.clone_into(&mut sent.user);
        add(&store, &sent).await;
        store.outbox_cancel_one(&sent.id).await.unwrap();
        let change = ChangeId::from_random([number; 16]);
        let step = NewStep { account: home, account_name: name("work"), body: vec![1] };
        let end = now(world) + Duration::days(7);
        store.change_begin(&change, &given, user, "one", end, &step).await.unwrap();
        store.change_step_done(&change, 0, &step, &[], end).await.unwrap();
        store.change_end(&change).await.unwrap();
        if user != "cec" {
            let wishes = storage::Wishes { outbox_days, undo_days, ..storage::Wishes::default() };
            assert!(store.wishes_set(&id, &wishes).await.unwrap());
            assert_eq!(store.wishes(&id).await.unwrap(), wishes);
        }
        kept.push((sent.id, given, change));
    }
    let there = async |days: i64| {
        world.clock.forward(days * 86_400);
        store.outbox_sweep(now(world)).await.unwrap();
        store.changes_sweep(now(world)).await.unwrap();
        let mut there = Vec::new();
        for (message, given, change) in &kept {
            there.push((
                store.outbox_find(message).await.unwrap().is_some(),
                store.change_find(given, change).await.unwrap().is_some_and(|c| c.state == ChangeState::Done),
            ));
        }
        there
    };
    assert_eq!(there(1).await, [(true, false), (true, true), (true, true)]);
    assert_eq!(there(6).await, [(false, false), (true, false), (true, false)]);
    assert_eq!(there(23).await, [(false, false), (true, false), (false, false)]);
    assert_eq!(there(60).await, [(false, false), (false, false), (false, false)]);
}

pub(crate) async fn what_is_exported_is_the_person_s_own_and_holds_no_secret(world: &World) {
    let store = world.store().await;
    let (_, ann, _) = people(&store, world).await;
    let lists = store.export_lists(&ann).await.unwrap();
    let (activity, next) = store.export_activity(NAME, &storage::ExportPlace::default()).await.unwrap();
    assert_eq!((activity.len(), next), (3, None));
    let (outbox, _) = store.export_outbox(NAME, &storage::ExportPlace::default()).await.unwrap();
    assert_eq!(outbox[0]["subject"], crate::outbox::SUBJECT);
    let reason = &outbox.iter().find(|row| !row["approval"].is_null()).unwrap()["approval"]["reasons"][0];
    let address = crate::outbox::RECIPIENT;
    assert_eq!((reason["kind"].as_str(), reason["address"].as_str()), (Some("new-recipient"), Some(address)));
    assert!(
        reason["text"].as_str().is_some_and(|text| text.starts_with(&format!("{address}: "))),
        "{reason}"
    );
    for (list, rows) in &lists {
        assert!(!rows.is_empty(), "{list}");
    }
    let whole = format!("{lists:?}{activity:?}{outbox:?}").to_lowercase();
    assert!(whole.contains(&MARKER.to_lowercase()) && !whole.contains("bob"), "hers, and hers alone");
    for secret in ["hash", "octets\\\"", "wrapped", "secret", "credential", "challenge"] {
        assert!(!whole.contains(&format!("\"{secret}")), "{secret}");
    }
    assert!(!whole.contains(&format!("{} octets", MARKER.to_lowercase())), "no column of octets comes out");
}
