//! `postroom doctor`: looks at everything that must work, changes nothing, and says what to mend.

use std::{fs, path::Path};

use domain::{AccountSettings, Credentials, Problem};
use engine::Engine;
use serde_json::{Value, json};
use storage::Store;

use crate::{
    config::{Config, Places},
    error::{Error, Result},
    logging,
    terminal::{print, print_json, visible},
    wire,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Warning,
    Broken,
}

/// One check and what it found.
#[derive(Debug)]
struct Finding {
    check: String,
    state: State,
    found: String,
    mend: String,
}

#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        check: impl Into<String>,
        state: State,
        found: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let (check, found, mend) = (check.into(), found.into(), mend.into());
        self.0.push(Finding { check, state, found, mend });
    }

    fn add_error(&mut self, check: impl Into<String>, error: &Error) {
        let causes = error.causes();
        let because = if causes.is_empty() { String::new() } else { format!(" ({})", causes.join(": ")) };
        self.add(check, State::Broken, format!("{error}{because}"), error.hint());
    }

    /// Adds how signing in went; `place` names the server.
    fn add_sign_in(&mut self, check: String, place: &str, outcome: Result<String, Problem>) {
        match outcome {
            Ok(found) => self.add(check, State::Ok, format!("{place}: {found}"), ""),
            Err(problem) => self.add_error(check, &problem.into()),
        }
    }
}

pub(super) async fn run(arguments: &Arguments, places: &Places) -> Result<()> {
    let mut findings = Findings::default();
    match Config::load(places) {
        Err(error) => findings.add_error("configuration", &error),
        Ok(config) => {
            logging::start(&config.operations)?;
            check_all(&config, &mut findings).await;
        }
    }
    let broken = findings.0.iter().filter(|finding| finding.state == State::Broken).count();
    if arguments.json {
        print_json(&findings.0.iter().map(show).collect());
    } else {
        findings.0.iter().for_each(print_finding);
    }
    match broken {
        0 => Ok(()),
        1 => Err(Error::Broken("one thing is broken".to_owned())),
        many => Err(Error::Broken(format!("{many} things are broken"))),
    }
}

async fn check_all(config: &Config, findings: &mut Findings) {
    check_configuration(config, findings);
    let outgoing = wire::outgoing(config, false);
    if let Some(path) = &config.network.tls_ca_file {
        match outgoing.check_own_authorities() {
            Ok(()) => findings.add("authorities", State::Ok, format!("{}", path.display()), ""),
            Err(error) => findings.add_error("authorities", &error.into()),
        }
    }
    check_data_directory(config, findings);
    if let Some(store) = check_store(config, findings).await {
        let engine = wire::engine(&store, outgoing);
        check_users(config, &store, &engine, findings).await;
        engine.close();
        store.close().await;
    }
    match config.environment_account() {
        Ok(None) => {}
        Ok(Some(account)) => {
            let engine = wire::engine_without_store(wire::outgoing(config, true));
            let name = format!("environment's account {}", account.name);
            check_account(&name, &account.settings, &account.credentials, &engine, findings).await;
            engine.close();
        }
        Err(error) => findings.add_error("environment's account", &error),
    }
}

fn check_configuration(config: &Config, findings: &mut Findings) {
    let from = config
        .file
        .as_ref()
        .map_or("no file, environment only".to_owned(), |path| path.display().to_string());
    let url = config.network.public_url(config.network.listen);
    findings.add(
        "configuration",
        State::Ok,
        format!("{from}; listening on {} as {}", config.network.listen, url.as_str()),
        "",
    );
    for warning in &config.warnings {
        findings.add("configuration", State::Warning, warning, "");
    }
}

fn check_data_directory(config: &Config, findings: &mut Findings) {
    let directory = match config.data_directory() {
        Ok(directory) => directory,
        Err(error) => return findings.add_error("data directory", &error),
    };
    let shown = directory.display().to_string();
    if !directory.exists() {
        return findings.add(
            "data directory",
            State::Ok,
            format!("{shown}: made when it is first needed"),
            "",
        );
    }
    match mode_of(&directory) {
        Some(mode) if mode & 0o077 != 0 => findings.add(
            "data directory",
            State::Warning,
            format!("{shown}: others can look into it (mode {mode:04o})"),
            format!("Run `chmod 700 {shown}`."),
        ),
        _ => findings.add("data directory", State::Ok, shown, ""),
    }
}

/// Database and key; opened only if they are there already.
async fn check_store(config: &Config, findings: &mut Findings) -> Option<Store> {
    let database = match wire::database_path(config) {
        Ok(database) => database,
        Err(error) => {
            findings.add_error("database", &error);
            return None;
        }
    };
    if let Some(path) = &database
        && !path.exists()
    {
        findings.add("database", State::Ok, format!("{}: made when it is first needed", path.display()), "");
        return None;
    }
    match wire::open_store(config).await {
        Ok(store) => {
            let place = database.map_or("as configured".to_owned(), |path| path.display().to_string());
            findings.add("database", State::Ok, place, "");
            findings.add("key", State::Ok, "it opens what is stored", "");
            Some(store)
        }
        Err(error) => {
            use storage::Error::{KeyExposed, KeyFile, KeyMalformed, WrongKey};
            let is_key = matches!(&error, Error::KeyMissing(_))
                || matches!(
                    &error,
                    Error::Storage(KeyExposed { .. } | KeyFile { .. } | KeyMalformed | WrongKey)
                );
            findings.add_error(if is_key { "key" } else { "database" }, &error);
            None
        }
    }
}

async fn check_users(config: &Config, store: &Store, engine: &Engine, findings: &mut Findings) {
    let access = wire::access(config, store);
    let users = match access.user_list().await {
        Ok(users) => users,
        Err(error) => return findings.add_error("users", &error.into()),
    };
    if users.is_empty() {
        let mend =
            "Open the link that `postroom serve` prints at its start, or run `postroom user add NAME`.";
        findings.add("users", State::Warning, "there is no user yet", mend);
    }
    for user in users.iter().filter(|user| !user.is_disabled) {
        let accounts = match access.account_list(&user.name).await {
            Ok(accounts) => accounts,
            Err(error) => {
                findings.add_error(format!("accounts of {}", user.name), &error.into());
                continue;
            }
        };
        for account in accounts {
            let name = format!("account {} of {}", account.name, user.name);
            match store.open_account(&account.id).await {
                Ok(Some((settings, credentials))) => {
                    check_account(&name, &settings, &credentials, engine, findings).await;
                }
                Ok(None) => {}
                Err(error) => findings.add_error(name, &error.into()),
            }
        }
    }
}

async fn check_account(
    name: &str,
    settings: &AccountSettings,
    credentials: &Credentials,
    engine: &Engine,
    findings: &mut Findings,
) {
    let imap =
        engine.test(settings, credentials).await.map(|folders| format!("signed in, {folders} folders"));
    let place = |endpoint: &domain::Endpoint| {
        format!("{}:{} ({})", visible(&endpoint.host), endpoint.port, endpoint.tls.as_str())
    };
    findings.add_sign_in(format!("{name}, IMAP"), &place(&settings.imap), imap);
    if let Some(smtp) = &settings.smtp {
        let outcome = engine.test_submission(settings, credentials).await.map(|()| "signed in".to_owned());
        findings.add_sign_in(format!("{name}, SMTP"), &place(smtp), outcome);
    }
}

#[cfg(unix)]
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).ok().map(|found| found.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode_of(_: &Path) -> Option<u32> {
    None
}

fn print_finding(finding: &Finding) {
    let Finding { check, state, found, mend } = finding;
    print(format_args!("{:<8} {check}: {found}", word(*state)));
    if !mend.is_empty() {
        print(format_args!("{:<8} -> {mend}", ""));
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Warning => "warning",
        State::Broken => "BROKEN",
    }
}

fn show(finding: &Finding) -> Value {
    json!({
        "check": finding.check,
        "state": word(finding.state).to_ascii_lowercase(),
        "found": finding.found,
        "mend": finding.mend,
    })
}
