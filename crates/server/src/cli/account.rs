//! `postroom account`: mail accounts of users. Both servers are signed in to before anything is stored.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use access::{Access, Account};
use clap::Subcommand;
use domain::{
    AccountName, AccountSettings, Credentials, Endpoint, Problem, Secret, TlsMode,
    account::{Credential, is_address},
};
use engine::{
    Engine,
    suggest::{Found, Suggestion},
};
use serde_json::{Value, json};
use storage::Store;

use super::instant;
use crate::{
    config::{Config, complete},
    error::{Error, Result},
    terminal::{print, print_json, print_table, read_password, say, visible},
    wire,
};

/// Longest signature.
const SIGNATURE_CHARACTERS: usize = AccountSettings::MAX_SIGNATURE;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add an account, after signing in to its servers
    Add(Box<Add>),
    /// List a user's accounts
    List {
        /// Whose
        #[arg(long, value_name = "NAME")]
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Sign in to the servers of one account, or of all
    Test {
        /// The account; all of the user's if not given
        name: Option<AccountName>,
        /// Whose
        #[arg(long, value_name = "NAME")]
        user: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove an account and destroy its stored secrets
    Remove {
        /// The account
        name: AccountName,
        /// Whose
        #[arg(long, value_name = "NAME")]
        user: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// The address that mail is sent from
    #[arg(value_name = "EMAIL", value_parser = read_address)]
    address: String,
    /// Whose account it is
    #[arg(long, value_name = "NAME")]
    user: String,
    /// The account's short name for agents; made from the address if not given
    #[arg(long, value_name = "SHORT")]
    name: Option<AccountName>,
    /// The person's name as recipients see it
    #[arg(long, value_name = "NAME", default_value = "")]
    display_name: String,
    /// IMAP server; both servers are found by the address if this is not given
    #[arg(long, value_name = "HOST")]
    imap_host: Option<String>,
    /// Its port [default: 993]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    imap_port: Option<u16>,
    /// Its protection: tls, starttls or none; by the port if not given
    #[arg(long, value_name = "MODE")]
    imap_tls: Option<TlsMode>,
    /// Whom to sign in as; the address if not given
    #[arg(long, value_name = "NAME")]
    imap_user: Option<String>,
    /// Submission server; without it the account only receives, unless both servers are found
    #[arg(long, value_name = "HOST")]
    smtp_host: Option<String>,
    /// Its port [default: 465]
    #[arg(long, value_name = "PORT", requires = "smtp_host", value_parser = clap::value_parser!(u16).range(1..))]
    smtp_port: Option<u16>,
    /// Its protection: tls, starttls or none; by the port if not given
    #[arg(long, value_name = "MODE", requires = "smtp_host")]
    smtp_tls: Option<TlsMode>,
    /// Whom to sign in as; the IMAP user if not given
    #[arg(long, value_name = "NAME", requires = "smtp_host")]
    smtp_user: Option<String>,
    /// SMTP has a password of its own: asked for too, or the second line of stdin
    #[arg(long, requires = "smtp_host")]
    smtp_password: bool,
    /// Put what this file holds, plain text or HTML, below what agents write
    #[arg(long, value_name = "PATH")]
    signature_file: Option<PathBuf>,
    /// Take the password from stdin
    #[arg(long)]
    password_stdin: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn read_address(text: &str) -> Result<String, &'static str> {
    if is_address(text) {
        Ok(text.to_owned())
    } else {
        Err("expected a bare address such as `alice@example.org`")
    }
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<()> {
    let store = wire::open_store(config).await?;
    let access = wire::access(config, &store);
    let done = match command {
        Command::Add(arguments) => add(arguments, config, &store, &access).await,
        Command::List { user, json } => list(user, *json, &access).await,
        Command::Test { name, user, json } => test(name.as_ref(), user, *json, config, &store, &access).await,
        Command::Remove { name, user } => {
            access.account_remove(user, name).await?;
            print(format_args!("removed account {name} of {user}; its stored secrets are destroyed"));
            Ok(())
        }
    };
    access.flush().await;
    store.close().await;
    done
}

async fn add(arguments: &Add, config: &Config, store: &Store, access: &Access) -> Result<()> {
    let name = arguments.name.clone().unwrap_or_else(|| AccountName::from_address(&arguments.address));
    // before a password is asked for
    if access.account_list(&arguments.user).await?.iter().any(|account| account.name == name) {
        return Err(access::Error::AccountTaken(name.to_string()).into());
    }
    let engine = wire::engine(store, wire::outgoing(config, false));
    let settings = settings_of(arguments, &engine).await?;
    let credentials = credentials_of(arguments, &settings)?;
    let folders = sign_in(&engine, &settings, &credentials).await;
    engine.close();
    let folders = folders?;
    let account = access.account_add(&arguments.user, &name, &settings, &credentials).await?;
    if arguments.json {
        let mut shown = show(&account);
        if let Value::Object(shown) = &mut shown {
            shown.insert("folders".to_owned(), folders.into());
        }
        print_json(&shown);
    } else {
        print(format_args!("added account {name} ({}) for {}", visible(&settings.address), arguments.user));
    }
    Ok(())
}

async fn settings_of(arguments: &Add, engine: &Engine) -> Result<AccountSettings> {
    let username = arguments.imap_user.clone().unwrap_or_else(|| arguments.address.clone());
    let (imap, found_smtp) = if let Some(host) = &arguments.imap_host {
        let (port, tls) = complete(arguments.imap_port, arguments.imap_tls, 993, 143);
        (Endpoint { host: host.clone(), port, tls, username: username.clone() }, None)
    } else {
        let Suggestion { imap, smtp, .. } = find_servers(&arguments.address, engine).await?;
        let (port, tls) = match (arguments.imap_port, arguments.imap_tls) {
            (None, None) => (imap.port, imap.tls),
            (port, tls) => complete(port, tls, 993, 143),
        };
        let imap = Endpoint { port, tls, username: username.clone(), ..imap };
        (imap, Some(Endpoint { username: username.clone(), ..smtp }))
    };
    let given_smtp = arguments.smtp_host.as_ref().map(|host| {
        let (port, tls) = complete(arguments.smtp_port, arguments.smtp_tls, 465, 587);
        let username = arguments.smtp_user.clone().unwrap_or(username);
        Endpoint { host: host.clone(), port, tls, username }
    });
    let smtp = given_smtp.or(found_smtp);
    let signature = arguments.signature_file.as_deref().map(read_signature).transpose()?;
    Ok(AccountSettings {
        address: arguments.address.clone(),
        display_name: arguments.display_name.trim().to_owned(),
        imap,
        smtp,
        allowed_folders: Vec::new(),
        signature: signature.unwrap_or_default(),
        writing_style: String::new(),
    })
}

/// The servers of an address, and what its owner has to know of the provider.
async fn find_servers(address: &str, engine: &Engine) -> Result<Suggestion> {
    say("looking for the mail servers …");
    let found = engine.suggest(address).await.filter(|found| found.found != Found::Guess);
    let Some(found) = found else {
        return Err(Error::usage(
            "the mail servers of this address could not be found",
            "Add `--imap-host HOST` and, to send mail later, `--smtp-host HOST`; ports and TLS follow convention \
             (993 and 465, tls) unless given with `--imap-port`, `--imap-tls`, `--smtp-port`, `--smtp-tls`.",
        ));
    };
    say(format_args!("  found {} and {}", place(&found.imap), place(&found.smtp)));
    if let Some(provider) = found.provider {
        say(format_args!("  {}: {} See {}", provider.name, provider.hint, provider.help));
    }
    Ok(found)
}

/// A signature without blank lines at its end.
fn read_signature(path: &Path) -> Result<String> {
    let failed = |source| Error::Path { what: "the file of a signature", path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    // four octets a character at most
    file.take(4 * SIGNATURE_CHARACTERS as u64 + 4).read_to_string(&mut text).map_err(failed)?;
    let text = text.trim_end();
    if text.chars().count() > SIGNATURE_CHARACTERS {
        return Err(Error::usage(
            format!(
                "a signature has at most {SIGNATURE_CHARACTERS} characters, and `{}` has more",
                path.display()
            ),
            "Shorten it; pictures cannot be part of it.",
        ));
    }
    Ok(text.to_owned())
}

fn credentials_of(arguments: &Add, settings: &AccountSettings) -> Result<Credentials> {
    for endpoint in [Some(&settings.imap), settings.smtp.as_ref()].into_iter().flatten() {
        if endpoint.tls == TlsMode::None {
            say(format_args!(
                "warning: the password goes to {} unprotected (TLS mode none)",
                visible(&endpoint.host)
            ));
        }
    }
    let prompt = |what: &str| format!("{what} password of {}: ", visible(&settings.address));
    let given = read_password(arguments.password_stdin, &prompt("Mail"))?;
    let (imap, smtp) = match (arguments.smtp_password, arguments.password_stdin) {
        (false, _) => (given, None),
        (true, false) => (given, Some(read_password(false, &prompt("SMTP"))?)),
        (true, true) => {
            let (imap, smtp) = given.expose().split_once('\n').ok_or_else(|| {
                Error::usage(
                    "`--smtp-password` with `--password-stdin` needs two lines on stdin",
                    "The first is the IMAP password, the second the SMTP password.",
                )
            })?;
            (Secret::new(imap.strip_suffix('\r').unwrap_or(imap)), Some(Secret::new(smtp)))
        }
    };
    Ok(Credentials { imap: Credential::Password(imap), smtp: smtp.map(Credential::Password) })
}

async fn list(user: &str, json: bool, access: &Access) -> Result<()> {
    let accounts = access.account_list(user).await?;
    if json {
        print_json(&accounts.iter().map(show).collect());
    } else if accounts.is_empty() {
        say(format_args!("{user} has no account; `postroom account add EMAIL --user {user}` adds one"));
    } else {
        let heading = ["NAME", "ADDRESS", "IMAP", "SMTP", "DEFAULT"].map(str::to_owned).to_vec();
        let row = |account: &Account| {
            let Account { name, settings, is_default, .. } = account;
            vec![
                name.to_string(),
                visible(&settings.address),
                place(&settings.imap),
                settings.smtp.as_ref().map_or("-".to_owned(), place),
                if *is_default { "yes" } else { "" }.to_owned(),
            ]
        };
        print_table(&std::iter::once(heading).chain(accounts.iter().map(row)).collect::<Vec<_>>());
    }
    Ok(())
}

async fn test(
    name: Option<&AccountName>,
    user: &str,
    json: bool,
    config: &Config,
    store: &Store,
    access: &Access,
) -> Result<()> {
    let accounts = match name {
        Some(name) => vec![access.account(user, name).await?],
        None => access.account_list(user).await?,
    };
    let engine = wire::engine(store, wire::outgoing(config, false));
    let mut results = Vec::new();
    let mut broken = Vec::new();
    for account in &accounts {
        let Some((settings, credentials)) = store.open_account(&account.id).await? else { continue };
        if accounts.len() > 1 && !json {
            say(format_args!("{}:", account.name));
        }
        match sign_in(&engine, &settings, &credentials).await {
            Ok(folders) => results.push(json!({ "name": account.name, "ok": true, "folders": folders })),
            Err(problem) => {
                if accounts.len() > 1 && !json {
                    crate::terminal::say_error(&problem.clone().into());
                }
                results.push(json!({
                    "name": account.name,
                    "ok": false,
                    "code": problem.code.as_str(),
                    "message": problem.message,
                    "hint": problem.hint,
                }));
                broken.push((account.name.clone(), problem));
            }
        }
    }
    engine.close();
    if json {
        print_json(&results.into());
    } else if broken.is_empty() {
        let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
        print(format_args!(
            "ok: {}",
            if names.is_empty() { "no accounts".to_owned() } else { names.join(", ") }
        ));
    }
    match broken.pop() {
        None => Ok(()),
        Some((_, problem)) if accounts.len() == 1 => Err(problem.into()),
        Some(_) => Err(Error::Broken("not every account could be signed in to".to_owned())),
    }
}

/// Signs in to both servers, telling the person how far it got. Answers how many folders there are.
pub(super) async fn sign_in(
    engine: &Engine,
    settings: &AccountSettings,
    credentials: &Credentials,
) -> Result<usize, Problem> {
    say(format_args!("signing in to IMAP at {} …", place(&settings.imap)));
    let folders = engine.test(settings, credentials).await?;
    say(format_args!("  ok, {folders} folders"));
    if let Some(smtp) = &settings.smtp {
        say(format_args!("signing in to SMTP at {} …", place(smtp)));
        engine.test_submission(settings, credentials).await?;
        say("  ok");
    }
    Ok(folders)
}

fn place(endpoint: &Endpoint) -> String {
    format!("{}:{} ({})", visible(&endpoint.host), endpoint.port, endpoint.tls.as_str())
}

fn show(account: &Account) -> Value {
    let Account { name, settings, is_default, created, .. } = account;
    let server = |endpoint: &Endpoint| {
        json!({
            "host": endpoint.host,
            "port": endpoint.port,
            "tls": endpoint.tls.as_str(),
            "user": endpoint.username,
        })
    };
    json!({
        "name": name,
        "address": settings.address,
        "display_name": settings.display_name,
        "signature": settings.signature,
        "default": is_default,
        "imap": server(&settings.imap),
        "smtp": settings.smtp.as_ref().map(server),
        "created": instant(*created),
    })
}
