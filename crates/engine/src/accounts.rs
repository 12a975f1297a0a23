//! The engine, and opening an account: the only way to one.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{
    AccountId, AccountName, AccountSettings, AccountSource, Clock, Code, Credentials, FolderArg, HomeAccount,
    Limits, Principal, Problem, Random, Scope, Timestamp, account::Credential,
};
use mail::{
    imap::{
        Pool,
        folder::{Folder, Folders, List},
        pool,
    },
    smtp::Patience,
};
use net::{Origin, Outgoing};
use storage::{Sealer, Store};
use tokio::time::Instant;

use crate::{
    Bounds,
    apart::Apart,
    attachment::FileRoom,
    fields::Fields,
    journal::Journal,
    leaving::{Exposures, Known},
    opened::{Fresh, Opened, no_such_folder},
    outbox::UnderWay,
    submission::Submission,
};

/// How many accounts are kept open at once; the one unused longest makes room.
const OPEN_ACCOUNTS: usize = 1_000;

/// What the engine is built from.
pub struct Settings {
    /// The control plane; absent where nothing is stored (`stdio` with the environment's account).
    pub store: Option<Store>,
    /// Seals cursors.
    pub sealer: Sealer,
    /// The way out.
    pub outgoing: Outgoing,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Randomness for sign-in.
    pub random: Arc<dyn Random>,
    /// Reads documents and pictures, apart from this process.
    pub documents: documents::Reader,
    /// How long a message waits before it leaves, so that it can be taken back.
    pub send_delay: Duration,
    /// Where the processes that send over the same database see of each other that they live.
    pub processes: Option<PathBuf>,
    /// The public URL under which people have our pages, without a slash at its end; absent where they have
    /// none.
    pub pages: Option<String>,
}

/// All that happens to mail. Cheap to clone.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) bounds: Bounds,
    /// Room for the files that are held at once.
    pub(crate) file_room: FileRoom,
    /// Where what takes long is read.
    pub(crate) apart: Apart,
    /// What grants have read lately.
    pub(crate) exposures: Exposures,
    /// Whom the person wrote to, as servers said lately.
    pub(crate) known: Known,
    /// What is being sent.
    pub(crate) under_way: UnderWay,
    /// What is being changed.
    pub(crate) journal: Journal,
    open: Mutex<HashMap<[u8; 32], Kept>>,
}

/// An account that is kept open.
struct Kept {
    /// Which one of the database it is, if it is one.
    stored: Option<AccountId>,
    opened: Arc<Opened>,
}

/// How an account is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStatus {
    /// Its name.
    pub name: AccountName,
    /// The address mail is sent from.
    pub address: String,
    /// The person's name; empty if unknown.
    pub display_name: String,
    /// Whether tools use it when none is named.
    pub is_default: bool,
    /// `ok`, or the code of the last problem; `unknown` before the first connection.
    pub state: String,
    /// What to do about the state; empty if nothing.
    pub hint: String,
    /// Addresses that the grant may write from at this account; none if it may neither draft nor send.
    pub identities: Vec<String>,
    /// Folders the grant is limited to; empty if it is not.
    pub folders: Vec<String>,
    /// How the person likes to write, in their own words; empty if they did not say.
    pub writing_style: String,
}

/// An account that a principal may use, opened for one call.
#[derive(Clone)]
pub struct Account {
    pub(crate) name: AccountName,
    pub(crate) address: String,
    /// The person's name as recipients see it; empty if unknown.
    pub(crate) display_name: String,
    /// What stands below what is written; plain text or HTML.
    pub(crate) signature: String,
    /// Which account what is kept belongs to.
    pub(crate) home: HomeAccount,
    /// Where it submits mail; nothing is sent without.
    pub(crate) submission: Option<Arc<Submission>>,
    pub(crate) opened: Arc<Opened>,
    pub(crate) allowed_folders: Vec<FolderArg>,
    pub(crate) granted_folders: Vec<FolderArg>,
    pub(crate) nothing_before: Option<Timestamp>,
    pub(crate) shows_codes: bool,
}

impl Engine {
    /// An engine that has no account open yet.
    pub fn new(settings: Settings) -> Self {
        Self::bounded(settings, Bounds::default())
    }

    /// The same with other bounds than the contract's.
    pub fn bounded(settings: Settings, bounds: Bounds) -> Self {
        Self(Arc::new(Inner {
            settings,
            bounds,
            file_room: FileRoom::default(),
            apart: Apart::default(),
            exposures: Exposures::default(),
            known: Known::default(),
            under_way: UnderWay::default(),
            journal: Journal::default(),
            open: Mutex::default(),
        }))
    }

    /// The principal's accounts, in the order of their names.
    pub async fn accounts(&self, principal: &Principal) -> Result<Vec<AccountStatus>, Problem> {
        let mut out = Vec::with_capacity(principal.accounts.len());
        for granted in &principal.accounts {
            let mut status = AccountStatus {
                name: granted.name.clone(),
                address: String::new(),
                display_name: String::new(),
                is_default: granted.is_default,
                state: String::new(),
                hint: String::new(),
                identities: Vec::new(),
                folders: principal.limits.folders.clone(),
                writing_style: String::new(),
            };
            match self.settings_of(&granted.source).await {
                Ok((mut settings, credentials)) => {
                    status.writing_style = std::mem::take(&mut settings.writing_style);
                    let account = self.assemble(
                        &principal.limits,
                        granted.name.clone(),
                        &granted.source,
                        settings,
                        credentials,
                    );
                    (status.state, status.hint) = account.opened.state();
                    let may_send = principal.may(Scope::Send) && account.submission.is_some();
                    if (may_send || principal.may(Scope::Draft)) && account.identity(None).is_ok() {
                        status.identities = account.identities();
                    }
                    (status.address, status.display_name) = (account.address, account.display_name);
                }
                // One account that cannot be opened hides none of the others.
                Err(problem) => {
                    (status.state, status.hint) = (problem.code.as_str().to_owned(), problem.message);
                }
            }
            out.push(status);
        }
        Ok(out)
    }

    /// Opens an account of the principal: the named one, else the default, else the only one. An account
    /// that was not granted answers as one that does not exist.
    pub async fn account(&self, principal: &Principal, name: Option<&str>) -> Result<Account, Problem> {
        let granted = match name {
            Some(name) => principal.accounts.iter().find(|granted| granted.name.as_str() == name),
            None => match principal.accounts.as_slice() {
                [only] => Some(only),
                several => several.iter().find(|granted| granted.is_default),
            },
        };
        let names = || principal.accounts.iter().map(|granted| granted.name.as_str()).collect::<Vec<_>>();
        let Some(granted) = granted else {
            return Err(match name {
                _ if principal.accounts.is_empty() => {
                    Problem::new(Code::NotFound, "There is no mail account for this grant.")
                        .hint("The person adds one with `postroom account add`.")
                }
                Some(name) => {
                    Problem::new(Code::NotFound, format!("There is no account `{}`.", shorten(name)))
                        .hint(format!("The accounts are: {}.", names().join(", ")))
                }
                None => Problem::new(
                    Code::InvalidInput,
                    "Several accounts could be meant and none is the default.",
                )
                .hint(format!("Name one of: {}.", names().join(", "))),
            });
        };
        let (settings, credentials) = self.settings_of(&granted.source).await?;
        let account =
            self.assemble(&principal.limits, granted.name.clone(), &granted.source, settings, credentials);
        if principal.may(Scope::Modify) {
            account.opened.pool.expect_changes();
        }
        Ok(account)
    }

    /// Opens a stored account when nobody calls, for what is owed in it whatever became of the grants.
    pub(crate) async fn stored_account(
        &self,
        id: &AccountId,
        name: &AccountName,
    ) -> Result<Account, Problem> {
        let source = AccountSource::Stored(id.clone());
        let (settings, credentials) = self.settings_of(&source).await?;
        Ok(self.assemble(&Limits::default(), name.clone(), &source, settings, credentials))
    }

    /// Opens all accounts of the principal; of one that cannot be opened, its name and why. An error if
    /// there is none.
    pub(crate) async fn all_accounts(
        &self,
        principal: &Principal,
    ) -> Result<Vec<Result<Account, (AccountName, Problem)>>, Problem> {
        let mut out = Vec::with_capacity(principal.accounts.len());
        for granted in &principal.accounts {
            let opened = self.account(principal, Some(granted.name.as_str())).await;
            out.push(opened.map_err(|problem| (granted.name.clone(), problem)));
        }
        if out.is_empty() {
            self.account(principal, None).await?;
        }
        Ok(out)
    }

    /// Signs in to the account's IMAP server and lists its folders, as a test of its settings.
    pub async fn test(
        &self,
        settings: &AccountSettings,
        credentials: &Credentials,
    ) -> Result<usize, Problem> {
        let pool = self.pool(settings, credentials.imap.clone());
        let folders = self.newly_opened(pool).ask(None, &List { counts: false }).await;
        folders.map(|folders| folders.all.len()).map_err(|error| error.problem(&settings.address))
    }

    /// Signs in to the account's submission server, as a test of its settings. Sends nothing.
    pub async fn test_submission(
        &self,
        settings: &AccountSettings,
        credentials: &Credentials,
    ) -> Result<(), Problem> {
        let Some(smtp) = &settings.smtp else { return Ok(()) };
        let credential = credentials.smtp.as_ref().unwrap_or(&credentials.imap);
        let signed_in = self.sign_in_at(smtp, credential, Patience::default()).await;
        match signed_in {
            Ok(signed_in) => {
                signed_in.quit().await;
                Ok(())
            }
            Err(error) => Err(error.problem(&settings.address)),
        }
    }

    /// Closes all connections.
    pub fn close(&self) {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.drain().for_each(|(_, kept)| kept.opened.pool.close());
    }

    /// Closes the connections of a stored account that was removed or changed; what goes on with the old
    /// settings ends with the call that it belongs to.
    pub fn let_go(&self, id: &AccountId) {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, kept| {
            let is_it = kept.stored.as_ref() == Some(id);
            if is_it {
                kept.opened.pool.close();
            }
            !is_it
        });
    }

    /// How a stored account was doing when it was last in touch with its IMAP server: `ok`, the code of the
    /// problem, or `unknown`; and what to do about it. Asks nobody.
    pub fn last_state(&self, id: &AccountId) -> (String, String) {
        let open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = open.values().filter(|kept| kept.stored.as_ref() == Some(id));
        let used = |kept: &&Kept| *kept.opened.used.lock().unwrap_or_else(PoisonError::into_inner);
        of_it
            .max_by_key(used)
            .map_or_else(|| ("unknown".to_owned(), String::new()), |kept| kept.opened.state())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.settings.clock.now()
    }

    pub(crate) async fn settings_of(
        &self,
        source: &AccountSource,
    ) -> Result<(AccountSettings, Credentials), Problem> {
        match source {
            AccountSource::Carried(carried) => Ok((**carried).clone()),
            AccountSource::Stored(id) => {
                let gone = || Problem::new(Code::NotFound, "The account was removed meanwhile.");
                let store = self.0.settings.store.as_ref().ok_or_else(gone)?;
                let stored = store.open_account(id).await.map_err(|error| {
                    tracing::error!(%error, "an account cannot be opened");
                    Problem::new(Code::Internal, "The account's settings cannot be read.")
                })?;
                stored.ok_or_else(gone)
            }
        }
    }

    fn pool(&self, settings: &AccountSettings, credential: Credential) -> Pool {
        Pool::new(self.pool_settings(settings, credential))
    }

    pub(crate) fn pool_settings(&self, settings: &AccountSettings, credential: Credential) -> pool::Settings {
        pool::Settings {
            outgoing: self.0.settings.outgoing.clone(),
            endpoint: settings.imap.clone(),
            credential,
            origin: Origin::User,
            random: Arc::clone(&self.0.settings.random),
            connections: 2,
            idle: Duration::from_mins(5),
        }
    }

    fn newly_opened(&self, pool: Pool) -> Opened {
        Opened::new(pool, self.0.bounds.answer, self.0.apart.clone())
    }

    pub(crate) fn opened(
        &self,
        source: &AccountSource,
        settings: &AccountSettings,
        credentials: Credentials,
    ) -> Arc<Opened> {
        let key = fingerprint(source, settings, &credentials);
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Kept { opened, .. }) = open.get(&key) {
            *opened.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            return Arc::clone(opened);
        }
        if open.len() >= OPEN_ACCOUNTS {
            let used = |kept: &Kept| *kept.opened.used.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(oldest) = open.iter().min_by_key(|(_, kept)| used(kept)).map(|(key, _)| *key) {
                open.remove(&oldest);
            }
        }
        let opened = Arc::new(self.newly_opened(self.pool(settings, credentials.imap)));
        let stored = match source {
            AccountSource::Stored(id) => Some(id.clone()),
            AccountSource::Carried(_) => None,
        };
        open.insert(key, Kept { stored, opened: Arc::clone(&opened) });
        opened
    }

    fn assemble(
        &self,
        limits: &Limits,
        name: AccountName,
        source: &AccountSource,
        settings: AccountSettings,
        credentials: Credentials,
    ) -> Account {
        let parse = |folders: &[String]| folders.iter().map(|folder| FolderArg::parse(folder)).collect();
        let Limits { folders, nothing_before, shows_codes, .. } = limits;
        let submission = settings.smtp.clone().map(|endpoint| {
            let credential = credentials.smtp.clone().unwrap_or_else(|| credentials.imap.clone());
            Arc::new(Submission { endpoint, credential })
        });
        Account {
            name,
            home: match source {
                AccountSource::Stored(id) => HomeAccount::Stored(id.clone()),
                AccountSource::Carried(_) => home_of_carried(&settings),
            },
            submission,
            display_name: settings.display_name.clone(),
            signature: settings.signature.clone(),
            opened: self.opened(source, &settings, credentials),
            allowed_folders: parse(&settings.allowed_folders),
            granted_folders: parse(folders),
            address: settings.address,
            nothing_before: *nothing_before,
            shows_codes: *shows_codes,
        }
    }
}

/// Whose the things are that are kept of the principal's account of that name.
pub(crate) fn home(principal: &Principal, name: &AccountName) -> Result<HomeAccount, Problem> {
    let granted = principal.accounts.iter().find(|granted| granted.name == *name);
    match granted.map(|granted| &granted.source) {
        Some(AccountSource::Stored(id)) => Ok(HomeAccount::Stored(id.clone())),
        Some(AccountSource::Carried(carried)) => Ok(home_of_carried(&carried.0)),
        None => Err(Problem::new(Code::NotFound, format!("There is no account `{name}`."))),
    }
}

/// A carried account is known by its servers and login names, whatever its password.
fn home_of_carried(settings: &AccountSettings) -> HomeAccount {
    let mut fields = Fields::default();
    fields.add(&settings.address);
    for endpoint in [Some(&settings.imap), settings.smtp.as_ref()].into_iter().flatten() {
        fields.add(&endpoint.host);
        fields.add(endpoint.port.to_string());
        fields.add(&endpoint.username);
    }
    HomeAccount::Carried(fields.hash())
}

/// Account and credentials together: who has another password gets another pool.
fn fingerprint(source: &AccountSource, settings: &AccountSettings, credentials: &Credentials) -> [u8; 32] {
    let mut fields = Fields::default();
    match source {
        AccountSource::Stored(id) => fields.add(id.as_str()),
        AccountSource::Carried(_) => fields.add("carried"),
    }
    fields.add(&settings.imap.host);
    fields.add(settings.imap.port.to_string());
    fields.add(settings.imap.tls.as_str());
    fields.add(&settings.imap.username);
    match &credentials.imap {
        Credential::Password(secret) => fields.add(secret.expose()),
        Credential::AccessToken(secret) => {
            fields.add("token");
            fields.add(secret.expose());
        }
    }
    fields.hash()
}

fn shorten(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

impl Account {
    /// Whether the grant and the account's own settings let agents see the folder.
    pub(crate) fn shows(&self, folder: &Folder, folders: &Folders) -> bool {
        let listed = |allowed: &[FolderArg]| {
            let is_it = |arg: &FolderArg| {
                *arg == FolderArg::All
                    || folders.find(arg).is_some_and(|found| found.wire_name == folder.wire_name)
            };
            allowed.is_empty() || allowed.iter().any(is_it)
        };
        listed(&self.allowed_folders) && listed(&self.granted_folders)
    }

    /// The folder an agent names, asked anew before it is said not to exist. One that it may not see
    /// answers as absent in every way: same words, same names nearest to it, same round trips.
    pub(crate) async fn folder(&self, wanted: &FolderArg) -> Result<Folder, Problem> {
        for fresh in [Fresh::Known, Fresh::Now { counts: false }] {
            let folders = self.opened.folders(fresh).await.map_err(|error| self.problem(&error))?;
            let found = folders.find(wanted).filter(|folder| folder.is_selectable);
            if let Some(folder) = found.filter(|folder| self.shows(folder, &folders)) {
                return Ok(folder.clone());
            }
        }
        let folders = self.opened.folders(Fresh::Known).await.map_err(|error| self.problem(&error))?;
        Err(self.absent(wanted, &folders))
    }

    /// The error for a folder that is not there, or that the grant may not see.
    pub(crate) fn absent(&self, wanted: &FolderArg, folders: &Folders) -> Problem {
        let visible = Folders {
            all: folders.all.iter().filter(|folder| self.shows(folder, folders)).cloned().collect(),
            ..folders.clone()
        };
        no_such_folder(wanted, self.name.as_str(), &visible.nearest(&wanted.to_string(), 3))
    }

    /// What a caller is told of an error, which is also remembered as the account's state.
    pub(crate) fn problem(&self, error: &mail::Error) -> Problem {
        let problem = error.problem(self.name.as_str());
        tracing::debug!(account = %self.name, code = %problem.code, "mail server trouble");
        if matches!(
            problem.code,
            Code::AccountAuthFailed | Code::AccountUnreachable | Code::TlsFailed | Code::Timeout
        ) {
            self.opened.note(Err(problem.clone()));
        }
        if problem.code == Code::FolderNotFound {
            self.opened.forget_folders();
        }
        problem
    }
}
