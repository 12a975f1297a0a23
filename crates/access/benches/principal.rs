//! How long it takes to say who holds a bearer: what every call begins with. The database is a file, with a
//! thousand users who have three accounts and let one agent in each; the bearers asked for change all the time.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot begin ends")]

// The room's name, as every other crate says it.
extern crate access as access;

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use access::{Access, Settings};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Clock, Random, Timestamp};
use sha2::{Digest, Sha256};
use storage::{Database, MasterKey, Store, Transaction, Value};
use tokio::runtime::Runtime;

const USERS: u64 = 1_000;

fn main() {
    divan::main();
}

/// A personal token.
#[divan::bench]
fn personal(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, "prp_");
}

/// A token of an OAuth client.
#[divan::bench]
fn oauth(bencher: divan::Bencher<'_, '_>) {
    measure(bencher, "prm_");
}

fn measure(bencher: divan::Bencher<'_, '_>, prefix: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let access = runtime.block_on(world(dir.path()));
    let bearers: Vec<String> = (0..USERS).map(|number| bearer(prefix, number)).collect();
    for bearer in &bearers {
        assert_eq!(ask(&runtime, &access, bearer), 3, "every bearer lets in");
    }
    let next = Cell::new(0);
    bencher.bench_local(|| {
        next.set((next.get() + 7) % bearers.len());
        ask(&runtime, &access, &bearers[next.get()])
    });
}

fn ask(runtime: &Runtime, access: &Access, bearer: &str) -> usize {
    runtime.block_on(access.principal(bearer)).unwrap().accounts.len()
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_timestamp(1_790_000_000).unwrap()
    }
}

struct Counted(AtomicU64);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let digest = Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

fn bearer(prefix: &str, number: u64) -> String {
    format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(number.to_be_bytes())))
}

async fn world(dir: &std::path::Path) -> Access {
    let random = Arc::new(Counted(AtomicU64::new(0)));
    let database = Database::open_file(&dir.join("postroom.db")).await.unwrap();
    let key = MasterKey::generate(&*random);
    let store = Store::open(database, key, Arc::new(Still), random).await.unwrap();
    let mut transaction = store.database().begin().await.unwrap();
    for number in 0..USERS {
        fill(&mut transaction, number).await;
    }
    transaction.commit().await.unwrap();
    Access::new(store, &Settings::default())
}

/// One user with all that is theirs, as the room's own functions leave it.
async fn fill(transaction: &mut Transaction, number: u64) {
    const USER: &str = "INSERT INTO users (id, name, is_admin, password_hash, is_disabled, created) \
        VALUES ($1, $2, 0, '', 0, 0)";
    const ACCOUNT: &str = "INSERT INTO accounts \
        (id, user_id, name, settings, wrapped_key, imap_secret, is_default, created) \
        VALUES ($1, $2, $3, '{}', $4, $4, $5, 0)";
    const CLIENT: &str = "INSERT INTO clients \
        (id, kind, name, redirect_uris, redirect_host, auth_method, created, last_used) \
        VALUES ('cli_1', 'registered', 'Agent', '[]', '', 'none', 0, 0) ON CONFLICT (id) DO NOTHING";
    const GRANT: &str = "INSERT INTO grants (id, user_id, label, scopes, accounts, limits, created, client_id) \
        VALUES ($1, $2, 'Agent', 'mail:folders mail:search mail:read mail:draft', $3, $4, 0, 'cli_1')";
    const FAMILY: &str = "INSERT INTO families (id, grant_id, created) VALUES ($1, $2, 0)";
    const PERSONAL: &str = "INSERT INTO tokens (id, grant_id, hash, created, last_used) \
        VALUES ($1, $2, $3, 0, 1790000000000)";
    const BEARER: &str = "INSERT INTO tokens \
        (id, grant_id, hash, created, last_used, expires, kind, family_id, scopes, resource) \
        VALUES ($1, $2, $3, 0, 1790000000000, 1790003600000, 'access', $4, 'mail:folders mail:read', \
            'http://localhost:8143/mcp')";
    let id = |kind: &str| Value::from(format!("{kind}_{number:032x}"));
    let hash = |prefix: &str| Value::from(Sha256::digest(bearer(prefix, number).as_bytes()).to_vec());
    let user = id("usr");
    transaction.execute(USER, &[user.clone(), format!("user-{number}").into()]).await.unwrap();
    for (account, name) in ["work", "home", "club"].into_iter().enumerate() {
        let id = format!("acc_{:032x}", number * 3 + account as u64);
        let sealed = vec![0; 60];
        let values = [id.into(), user.clone(), name.into(), sealed.into(), (account == 0).into()];
        transaction.execute(ACCOUNT, &values).await.unwrap();
    }
    transaction.execute(CLIENT, &[]).await.unwrap();
    let limits = serde_json::to_string(&domain::Limits {
        folders: vec!["@inbox".to_owned(), "@sent".to_owned()],
        calls_per_hour: Some(600),
        ..domain::Limits::default()
    });
    let values = [id("gra"), user, r#"["work","home","club"]"#.into(), limits.unwrap().into()];
    transaction.execute(GRANT, &values).await.unwrap();
    transaction.execute(FAMILY, &[id("fam"), id("gra")]).await.unwrap();
    transaction.execute(PERSONAL, &[id("tok"), id("gra"), hash("prp_")]).await.unwrap();
    let token = Value::from(format!("tok_{:032x}", USERS + number));
    transaction.execute(BEARER, &[token, id("gra"), hash("prm_"), id("fam")]).await.unwrap();
}
