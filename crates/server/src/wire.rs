//! The only place that builds things: clock, randomness, the way out, store, access, engine, doors.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use access::{Access, Ceiling};
use axum::middleware::from_fn_with_state;
use domain::{Clock, Principal, Random, Timestamp};
use engine::Engine;
use mcp::Mail;
use net::{Outgoing, PrivateHosts};
use storage::{Database, MasterKey, Sealer, Store, create_private_folder};

use crate::{
    about::About,
    body_deadline,
    config::{Config, EnvironmentAccount, PublicUrl, Seconds, Signup},
    error::{Error, Result},
    gate::Gate,
    host,
    metrics::Metrics,
};

/// The name of the generated key's file in the data directory.
const KEY_FILE: &str = "master.key";
/// Where the processes that send see of each other that they live, in the data directory.
const PROCESSES: &str = "processes";
/// The name of the database's file in the data directory.
const DATABASE_FILE: &str = "postroom.db";

/// The time of day of this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where time comes in")]
    fn now(&self) -> Timestamp {
        Timestamp::now_utc()
    }
}

/// The randomness of the operating system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place where randomness comes in")]
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // without randomness every key and token would be guessable: nothing may go on
            std::process::abort();
        }
    }
}

/// Where the key is kept when it is neither given nor in a file that was named.
pub(crate) fn key_path(config: &Config) -> Result<PathBuf> {
    Ok(config.data_directory()?.join(KEY_FILE))
}

/// The file of the database, if it is SQLite in the data directory.
pub(crate) fn database_path(config: &Config) -> Result<Option<PathBuf>> {
    match config.keeping.database_url {
        Some(_) => Ok(None),
        None => Ok(Some(config.data_directory()?.join(DATABASE_FILE))),
    }
}

/// Opens database and key, making both in a new data directory.
pub(crate) async fn open_store(config: &Config) -> Result<Store> {
    let key = open_key(config)?;
    let database = match (&config.keeping.database_url, database_path(config)?) {
        (None, Some(path)) => {
            make_private_directory(&config.data_directory()?)?;
            Database::open_file(&path).await?
        }
        (Some(url), _) => Database::open(url.expose()).await?,
        (None, None) => return Err(Error::setting("there is no database", "Set POSTROOM_DATABASE_URL.")),
    };
    match Store::open(database.clone(), key, Arc::new(SystemClock), Arc::new(SystemRandom)).await {
        Ok(store) => Ok(store),
        Err(error) => {
            database.close().await;
            Err(error.into())
        }
    }
}

/// The master key: given, from a file that was named, or the data directory's, generated once.
fn open_key(config: &Config) -> Result<MasterKey> {
    if let Some(path) = config.master_key_file() {
        return Ok(MasterKey::load(&path)?);
    }
    if let Some(text) = &config.keeping.master_key {
        return Ok(MasterKey::from_text(text)?);
    }
    let path = key_path(config)?;
    if !path.exists() && database_path(config)?.is_some_and(|database| is_begun(&database)) {
        // a new key would be refused by the database, and hide that the old one is gone
        return Err(Error::KeyMissing(path));
    }
    make_private_directory(&config.data_directory()?)?;
    Ok(MasterKey::load_or_create(&path, &SystemRandom)?)
}

fn is_begun(database: &Path) -> bool {
    fs::metadata(database).is_ok_and(|file| file.len() > 0)
}

fn make_private_directory(path: &Path) -> Result<()> {
    match create_private_folder(path) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::Path { what: "the data directory", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// The way out. `allows_private` is what holds where the operator says nothing about private hosts.
pub(crate) fn outgoing(config: &Config, allows_private: bool) -> Outgoing {
    let by_default = if allows_private { PrivateHosts::Allow } else { PrivateHosts::Deny };
    Outgoing::new(net::Settings {
        private_hosts: config.network.allow_private_hosts.clone().unwrap_or(by_default),
        ca_file: config.network.tls_ca_file.clone(),
        ..net::Settings::default()
    })
}

/// Users, accounts, tokens over a store.
pub(crate) fn access(config: &Config, store: &Store) -> Access {
    Access::new(store.clone(), &access_settings(config))
}

/// The same for the hosted server, which people sign in to and whose tokens agents hold.
pub(crate) fn hosted_access(
    config: &Config,
    store: &Store,
    public_url: &PublicUrl,
    outgoing: &Outgoing,
) -> Access {
    let settings = access::Settings {
        issuer: public_url.as_str().to_owned(),
        outgoing: Some(outgoing.clone()),
        ..access_settings(config)
    };
    Access::new(store.clone(), &settings)
}

fn access_settings(config: &Config) -> access::Settings {
    let lifetime = |seconds: Seconds| time::Duration::seconds(seconds.0.into());
    access::Settings {
        has_oauth: config.signing_in.doors.has_oauth(),
        access_ttl: lifetime(config.signing_in.access_ttl),
        refresh_ttl: lifetime(config.signing_in.refresh_ttl),
        signup: match config.signing_in.signup {
            Signup::Invite => access::Signup::Invite,
            Signup::Open => access::Signup::Open,
            Signup::Off => access::Signup::Off,
        },
        login_provider: config.signing_in.login_provider(),
        ..access::Settings::default()
    }
}

/// The pages for people, and the authorization server where agents get in by it.
pub(crate) fn page_router(
    config: &Config,
    public_url: &PublicUrl,
    access: &Access,
    engine: Engine,
    about: About,
) -> Result<axum::Router> {
    let allowed = Arc::new(mcp_settings(config, public_url)?.allowed_hosts);
    let settings = web::Settings {
        public_url: public_url.as_str().to_owned(),
        approval: config.agents.approval,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        process: Arc::new(about),
    };
    let mut routes = web::router(access.clone(), engine, settings);
    if config.signing_in.doors.has_oauth() {
        let settings = oauth::Settings { issuer: public_url.as_str().to_owned() };
        routes = routes.merge(oauth::router(access.clone(), settings));
    }
    let routes = routes.layer(from_fn_with_state(body_deadline::PATIENCE, body_deadline::set));
    Ok(routes.layer(from_fn_with_state(allowed, host::check)))
}

/// An engine over a store.
pub(crate) fn engine(store: &Store, outgoing: Outgoing) -> Engine {
    Engine::new(over(store, outgoing))
}

/// The same for a process that mail leaves from. `pages` is the public URL, where people can sign in.
pub(crate) fn sending_engine(
    config: &Config,
    store: &Store,
    outgoing: Outgoing,
    pages: Option<&PublicUrl>,
) -> Engine {
    let pages = pages.map(|url| url.as_str().to_owned());
    let processes = config.data_directory().ok().map(|directory| directory.join(PROCESSES));
    let send_delay = Duration::from_secs(config.agents.send_delay.0.into());
    Engine::new(engine::Settings { send_delay, processes, pages, ..over(store, outgoing) })
}

fn over(store: &Store, outgoing: Outgoing) -> engine::Settings {
    engine::Settings {
        store: Some(store.clone()),
        sealer: store.sealer().clone(),
        outgoing,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        documents: documents(),
        send_delay: Duration::ZERO,
        processes: None,
        pages: None,
    }
}

/// An engine that keeps nothing: its cursors live as long as the process.
pub(crate) fn engine_without_store(outgoing: Outgoing) -> Engine {
    let random = Arc::new(SystemRandom);
    Engine::new(engine::Settings {
        store: None,
        sealer: Sealer::new(MasterKey::generate(&SystemRandom), random.clone()),
        outgoing,
        clock: Arc::new(SystemClock),
        random,
        documents: documents(),
        send_delay: Duration::ZERO,
        processes: None,
        pages: None,
    })
}

/// Documents are read by children that are this program too. Where the system does not say which program
/// this is, each reading says that it cannot be done.
fn documents() -> documents::Reader {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("postroom"));
    documents::Reader::new(program, vec!["read-document".into()], documents::Limits::default())
}

/// The MCP door over HTTP, and what ends its sessions.
pub(crate) fn mcp_router(
    config: &Config,
    public_url: &PublicUrl,
    engine: Engine,
    gate: Gate,
) -> Result<(axum::Router, mcp::Closer)> {
    let settings = mcp_settings(config, public_url)?;
    Ok(mcp::router(mail(engine), Arc::new(gate), Arc::new(SystemRandom), settings))
}

/// The MCP door over stdin and stdout; returns when the client closes them.
pub(crate) async fn serve_stdio(
    config: &Config,
    engine: Engine,
    access: Access,
    who: mcp::Who,
) -> Result<()> {
    let gate = Gate::new(access, Arc::new(Metrics::default()));
    let mut settings = mcp_settings(config, &config.network.public_url(config.network.listen))?;
    settings.files_directory = files_directory(config)?;
    mcp::serve_stdio(mail(engine), Arc::new(gate), Arc::new(SystemRandom), who, &settings).await?;
    Ok(())
}

/// Access and principal of an account that is stored nowhere.
pub(crate) fn carried(config: &Config, account: EnvironmentAccount) -> (Access, Principal) {
    let access =
        Access::without_store(Arc::new(SystemClock), Arc::new(SystemRandom), &access::Settings::default());
    let EnvironmentAccount { name, settings, credentials } = account;
    (access, access::carried_principal(name, settings, credentials, ceiling(config)))
}

/// What the operator allows where no consent page says it.
pub(crate) fn ceiling(config: &Config) -> Ceiling {
    Ceiling { scopes: config.agents.scopes, approval: config.agents.approval }
}

fn mail(engine: Engine) -> Arc<dyn Mail> {
    Arc::new(engine)
}

/// Where a local process writes attachments, if that was said.
fn files_directory(config: &Config) -> Result<Option<Arc<mcp::Directory>>> {
    let Some(path) = &config.agents.files_dir else { return Ok(None) };
    let opened = mcp::Directory::open(path).map_err(|error| {
        Error::setting(
            format!("`POSTROOM_FILES_DIR` is `{}`: {error}", path.display()),
            "Name a directory that exists; attachments are written to it.",
        )
    });
    opened.map(|directory| Some(Arc::new(directory)))
}

fn mcp_settings(config: &Config, public_url: &PublicUrl) -> Result<mcp::Settings> {
    let mut settings = mcp::Settings::new(public_url.as_str())
        .map_err(|error| Error::setting(format!("`POSTROOM_PUBLIC_URL`: {error}"), ""))?;
    settings.has_authorization_server = config.signing_in.doors.has_oauth();
    if let Some(hosts) = &config.network.allowed_hosts {
        settings.allowed_hosts.clone_from(&hosts.0);
    }
    if let Some(origins) = &config.network.allowed_origins {
        settings.allowed_origins.clone_from(&origins.0);
    }
    Ok(settings)
}
