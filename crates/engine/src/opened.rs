//! What is kept of an account between calls: its connections, its folder list, rows that were listed.
//!
//! In memory only, and only as long as the process runs; every account has its own, keyed by where its
//! settings come from and by its credentials, so another password never meets an open connection.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{Code, FolderArg, Problem, Summary};
use mail::imap::{
    Pool,
    folder::{Folder, Folders, List},
};
use tokio::time::Instant;

/// How long a folder list is believed without asking again.
const FOLDERS_FRESH: Duration = Duration::from_mins(1);

/// How many rows a generation of remembered structures holds; two generations are kept.
const REMEMBERED: usize = 1_000;

/// The state of one account.
pub(crate) struct Opened {
    pub(crate) pool: Pool,
    folders: Mutex<Option<(Instant, Arc<Folders>)>>,
    remembered: Mutex<Remembered>,
    last_problem: Mutex<Option<Result<(), Problem>>>,
    ascii_only: AtomicBool,
    pub(crate) used: Mutex<Instant>,
}

type Key = (Bytes, u32, u32);

#[derive(Default)]
struct Remembered {
    young: HashMap<Key, Arc<Summary>>,
    old: HashMap<Key, Arc<Summary>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Opened {
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            pool,
            folders: Mutex::default(),
            remembered: Mutex::default(),
            last_problem: Mutex::default(),
            ascii_only: AtomicBool::new(false),
            used: Mutex::new(Instant::now()),
        }
    }

    /// The folders, not older than a minute unless `fresh` is asked for.
    pub(crate) async fn folders(&self, fresh: bool) -> Result<Arc<Folders>, mail::Error> {
        let cached = lock(&self.folders).clone();
        if let Some((at, folders)) = cached
            && !fresh
            && at.elapsed() < FOLDERS_FRESH
        {
            return Ok(folders);
        }
        let folders = Arc::new(self.pool.ask(None, &List { counts: true }).await?);
        *lock(&self.folders) = Some((Instant::now(), Arc::clone(&folders)));
        Ok(folders)
    }

    /// The folder an agent means; asked anew before it is said not to exist.
    pub(crate) async fn folder(
        &self,
        wanted: &FolderArg,
    ) -> Result<Result<Folder, Vec<String>>, mail::Error> {
        for fresh in [false, true] {
            if let Some(folder) =
                self.folders(fresh).await?.find(wanted).filter(|folder| folder.is_selectable)
            {
                return Ok(Ok(folder.clone()));
            }
        }
        Ok(Err(self.folders(false).await?.nearest(&wanted.to_string(), 3)))
    }

    /// Remembers a row, so that reading it need not ask for its structure.
    pub(crate) fn remember(&self, mailbox: &Bytes, validity: u32, summary: &Arc<Summary>) {
        let mut remembered = lock(&self.remembered);
        if remembered.young.len() >= REMEMBERED {
            remembered.old = std::mem::take(&mut remembered.young);
        }
        remembered.young.insert((mailbox.clone(), validity, summary.uid), Arc::clone(summary));
    }

    /// What was remembered of a message.
    pub(crate) fn recall(&self, mailbox: &Bytes, validity: u32, uid: u32) -> Option<Arc<Summary>> {
        let remembered = lock(&self.remembered);
        let key = (mailbox.clone(), validity, uid);
        remembered.young.get(&key).or_else(|| remembered.old.get(&key)).cloned()
    }

    /// Whether the server answered that it cannot search UTF-8.
    pub(crate) fn is_ascii_only(&self) -> bool {
        self.ascii_only.load(Ordering::Relaxed)
    }

    /// Notes that it cannot.
    pub(crate) fn set_ascii_only(&self) {
        self.ascii_only.store(true, Ordering::Relaxed);
    }

    /// Notes how the last contact with the server went.
    pub(crate) fn note(&self, outcome: Result<(), Problem>) {
        *lock(&self.last_problem) = Some(outcome);
    }

    /// `ok`, the code of the last problem, or `unknown`; and what to do about it.
    pub(crate) fn state(&self) -> (String, String) {
        match &*lock(&self.last_problem) {
            None => ("unknown".to_owned(), String::new()),
            Some(Ok(())) => ("ok".to_owned(), String::new()),
            Some(Err(problem)) => (problem.code.as_str().to_owned(), problem.hint.clone()),
        }
    }
}

/// The error for a folder that is not there.
pub(crate) fn no_such_folder(wanted: &FolderArg, account: &str, nearest: &[String]) -> Problem {
    let hint = if nearest.is_empty() {
        "List the folders with mail_folders.".to_owned()
    } else {
        format!("Nearest: {}.", nearest.join(", "))
    };
    Problem::new(Code::FolderNotFound, format!("Account `{account}` has no folder `{wanted}`.")).hint(hint)
}
