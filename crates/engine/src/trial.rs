//! Trying the servers of an account: how far one gets with each, and what to do where it ends.
//!
//! Nothing is stored, nothing is sent. A stored password is tried only where it went before.

use std::{future::Future, time::Duration};

use domain::{
    AccountId, AccountSettings, AccountSource, Code, Credentials, Endpoint, Problem, TlsMode,
    account::{Credential, PasswordNeeded, Service, Typed},
};
use futures_util::future;
use mail::{
    imap::{self, Pool, folder::List},
    smtp::Patience,
};
use net::Origin;
use tokio::time::{sleep, timeout};

use crate::Engine;

mod stage;

pub use stage::{Outcome, Stage};

/// How long the try of one server may take.
const TRYING: Duration = Duration::from_secs(15);

/// How long a server that should greet may be silent before it is tried whether it waits for TLS.
const GREETING: Duration = Duration::from_secs(3);

/// How far one got with the servers of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// With the one where mail is read.
    pub imap: ServerTrial,
    /// With the one where it is submitted, if there is one.
    pub smtp: Option<ServerTrial>,
}

/// How far one got with one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTrial {
    /// Which of the two.
    pub service: Service,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is to be protected.
    pub tls: TlsMode,
    /// How many folders there are, where one got that far and there are any.
    pub folders: Option<usize>,
    /// Where it ended, if it ended before its time.
    pub failure: Option<Failure>,
}

/// Where and why a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was being done.
    pub stage: Stage,
    /// What happened, and what to do next.
    pub problem: Problem,
    /// The TLS mode that this port speaks, where another was given.
    pub speaks: Option<TlsMode>,
}

/// Why nothing was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untried {
    /// A stored password would have gone elsewhere than it was typed for.
    PasswordNeeded(PasswordNeeded),
    /// The account is not there, or cannot be opened.
    Problem(Problem),
}

impl Trial {
    /// Whether all servers there are took the sign-in.
    pub fn is_ok(&self) -> bool {
        self.servers().all(ServerTrial::is_ok)
    }

    /// The servers there are.
    pub fn servers(&self) -> impl Iterator<Item = &ServerTrial> {
        std::iter::once(&self.imap).chain(&self.smtp)
    }
}

impl ServerTrial {
    /// Whether one got to the end.
    pub fn is_ok(&self) -> bool {
        self.failure.is_none()
    }

    /// What is done with this server, in order, and what became of it.
    pub fn stages(&self) -> Vec<(Stage, Outcome)> {
        let failed = self.failure.as_ref().map(|failure| failure.stage);
        Stage::of(self.service, self.tls).map(|stage| (stage, stage.outcome(failed))).collect()
    }
}

impl Engine {
    /// Tries the servers of an account that is not stored.
    pub async fn try_servers(&self, settings: &AccountSettings, credentials: &Credentials) -> Trial {
        let imap = async {
            let folders = self.tried(&settings.imap, self.list_folders(settings, credentials)).await;
            server_trial(Service::Imap, &settings.imap, folders.map(Some))
        };
        let smtp = async {
            let at = settings.smtp.as_ref()?;
            let credential = credentials.smtp.as_ref().unwrap_or(&credentials.imap);
            let signed_in = self.tried(at, self.sign_in_and_leave(at, credential)).await;
            Some(server_trial(Service::Smtp, at, signed_in.map(|()| None)))
        };
        let (imap, smtp) = future::join(imap, smtp).await;
        Trial { imap, smtp }
    }

    /// Tries the servers of a stored account, and remembers how it is doing.
    pub async fn try_account(&self, id: &AccountId) -> Result<Trial, Problem> {
        let source = AccountSource::Stored(id.clone());
        let (settings, credentials) = self.settings_of(&source).await?;
        let trial = self.try_servers(&settings, &credentials).await;
        self.note(&source, &settings, credentials, &trial);
        Ok(trial)
    }

    /// Tries the servers of a stored account as they would be with these settings and what was typed.
    pub async fn try_changed(
        &self,
        id: &AccountId,
        settings: &AccountSettings,
        typed: &Typed,
    ) -> Result<Trial, Untried> {
        let stored = self.settings_of(&AccountSource::Stored(id.clone())).await;
        let (old, credentials) = stored.map_err(Untried::Problem)?;
        let credentials = typed.onto(&old, &credentials, settings).map_err(Untried::PasswordNeeded)?;
        Ok(self.try_servers(settings, &credentials).await)
    }

    /// Remembers how an account that was just stored did when it was tried.
    pub async fn remember_trial(&self, id: &AccountId, trial: &Trial) {
        let source = AccountSource::Stored(id.clone());
        if let Ok((settings, credentials)) = self.settings_of(&source).await {
            self.note(&source, &settings, credentials, trial);
        }
    }

    fn note(
        &self,
        source: &AccountSource,
        settings: &AccountSettings,
        credentials: Credentials,
        trial: &Trial,
    ) {
        let outcome = match &trial.imap.failure {
            None => Ok(()),
            Some(failure) => Err(failure.problem.clone()),
        };
        self.opened(source, settings, credentials).note(outcome);
    }

    async fn list_folders(
        &self,
        settings: &AccountSettings,
        credentials: &Credentials,
    ) -> Result<usize, mail::Error> {
        let tuning = imap::Tuning { sign_in: TRYING, command: TRYING, ..imap::Tuning::default() };
        let pool = Pool::tuned(self.pool_settings(settings, credentials.imap.clone()), tuning);
        let folders = pool.ask(None, &List { counts: false }).await;
        pool.close();
        folders.map(|folders| folders.all.len())
    }

    async fn sign_in_and_leave(&self, at: &Endpoint, credential: &Credential) -> Result<(), mail::Error> {
        let patience = Patience { reply: TRYING, ..Patience::default() };
        let signed_in = self.sign_in_at(at, credential, patience).await?;
        // Its answer to that matters no more, and need not be waited for long.
        let _ = timeout(GREETING, signed_in.quit()).await;
        Ok(())
    }

    /// Lets an attempt run its time. Where it waits for a greeting that does not come, or fails without a
    /// word of the server, the port may be waiting for TLS: that is found out beside it.
    async fn tried<T>(
        &self,
        at: &Endpoint,
        attempt: impl Future<Output = Result<T, mail::Error>>,
    ) -> Result<T, Failure> {
        let attempt = timeout(TRYING, attempt);
        let answer = if at.tls == TlsMode::Tls {
            attempt.await
        } else {
            let waits_for_tls = async {
                sleep(GREETING).await;
                if !self.speaks_tls(at).await {
                    future::pending::<()>().await;
                }
            };
            match future::select(Box::pin(attempt), Box::pin(waits_for_tls)).await {
                future::Either::Left((answer, _)) => answer,
                future::Either::Right(((), _)) => return Err(stage::waits_for_tls(at)),
            }
        };
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => mail::Error::Timeout("sign-in"),
        };
        let is_wordless = matches!(
            error,
            mail::Error::Closed | mail::Error::Broken(_) | mail::Error::Protocol(_) | mail::Error::Timeout(_)
        );
        if at.tls != TlsMode::Tls && is_wordless && self.speaks_tls(at).await {
            return Err(stage::waits_for_tls(at));
        }
        Err(stage::failure(&error))
    }

    /// Whether the port takes a TLS handshake as the first thing, be its certificate what it may.
    async fn speaks_tls(&self, at: &Endpoint) -> bool {
        let shaken = self.0.settings.outgoing.connect_tls(&at.host, at.port, Origin::User);
        matches!(timeout(GREETING, shaken).await, Ok(Ok(_) | Err(net::Error::Certificate { .. })))
    }
}

fn server_trial(service: Service, at: &Endpoint, outcome: Result<Option<usize>, Failure>) -> ServerTrial {
    let (folders, failure) = match outcome {
        Ok(folders) => (folders, None),
        Err(failure) => (None, Some(failure)),
    };
    ServerTrial { service, host: at.host.clone(), port: at.port, tls: at.tls, folders, failure }
}

impl From<Untried> for Problem {
    fn from(untried: Untried) -> Self {
        match untried {
            Untried::Problem(problem) => problem,
            Untried::PasswordNeeded(needed) => {
                let PasswordNeeded(service) = needed;
                let told = format!("The {} password has to be typed again.", service.as_str());
                Self::new(Code::InvalidInput, told)
                    .hint("A stored password is shown only to the server and login that it was typed for.")
            }
        }
    }
}
