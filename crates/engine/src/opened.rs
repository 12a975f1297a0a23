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
    Pool, Question,
    folder::{Folders, List},
};
use tokio::time::{Instant, timeout};

use crate::{apart::Apart, invite::Agenda};

/// How long a folder list counts as recent.
const FOLDERS_FRESH: Duration = Duration::from_mins(1);

/// How many rows a generation of remembered structures holds; two generations are kept.
const REMEMBERED: usize = 1_000;

/// The state of one account.
pub(crate) struct Opened {
    pub(crate) pool: Pool,
    /// Where long texts are read.
    pub(crate) apart: Apart,
    /// How long an answer may take.
    patience: Duration,
    folders: Mutex<Option<(Instant, Arc<Folders>)>>,
    remembered: Mutex<Remembered>,
    last_problem: Mutex<Option<Result<(), Problem>>>,
    ascii_only: AtomicBool,
    pub(crate) used: Mutex<Instant>,
    /// The calendars in its mail.
    pub(crate) agenda: Agenda,
}

/// How new a folder list must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// As it is known: for a folder that is named; whoever misses one asks again.
    Known,
    /// Not older than a minute: for all folders, of which a new one must not be missed for long.
    Recent,
    /// As it is now, with or without counts.
    Now {
        /// Whether to count.
        counts: bool,
    },
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
    pub(crate) fn new(pool: Pool, patience: Duration, apart: Apart) -> Self {
        Self {
            pool,
            apart,
            patience,
            folders: Mutex::default(),
            remembered: Mutex::default(),
            last_problem: Mutex::default(),
            ascii_only: AtomicBool::new(false),
            used: Mutex::new(Instant::now()),
            agenda: Agenda::default(),
        }
    }

    /// How long an answer may take.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Asks the server. A server that does not answer in time loses its connections, so that the next
    /// call does not wait behind the same silence.
    pub(crate) async fn ask<Q: Question>(
        &self,
        mailbox: Option<&[u8]>,
        question: &Q,
    ) -> Result<Q::Answer, mail::Error> {
        timeout(self.patience, self.pool.ask(mailbox, question)).await.unwrap_or_else(|_| {
            self.pool.close();
            Err(mail::Error::Timeout("answer"))
        })
    }

    /// The folders. Asking again costs a round trip, and counts may cost the server a look into each.
    pub(crate) async fn folders(&self, fresh: Fresh) -> Result<Arc<Folders>, mail::Error> {
        let cached = lock(&self.folders).clone();
        let known = match (&cached, fresh) {
            (Some(_), Fresh::Known) => true,
            (Some((at, _)), Fresh::Recent) => at.elapsed() < FOLDERS_FRESH,
            _ => false,
        };
        if let (Some((_, folders)), true) = (&cached, known) {
            return Ok(Arc::clone(folders));
        }
        let counts = match fresh {
            Fresh::Now { counts } => counts,
            // UIDNEXT, where windows begin, is had with the counts, and an old one serves as well.
            Fresh::Known | Fresh::Recent => cached.is_none(),
        };
        let mut folders = self.ask(None, &List { counts }).await?;
        if let (Some((_, old)), false) = (&cached, counts) {
            for folder in &mut folders.all {
                let known = old.all.iter().find(|known| known.wire_name == folder.wire_name);
                folder.uid_next = known.and_then(|known| known.uid_next);
            }
        }
        let folders = Arc::new(folders);
        *lock(&self.folders) = Some((Instant::now(), Arc::clone(&folders)));
        Ok(folders)
    }

    /// The folder list proved wrong.
    pub(crate) fn forget_folders(&self) {
        *lock(&self.folders) = None;
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

    /// Forgets what was remembered of a mailbox in which something was changed. On Gmail the same messages
    /// are in others too, and cost no more than being asked for again.
    pub(crate) fn forget_rows(&self, mailbox: &Bytes) {
        let is_gmail = lock(&self.folders).as_ref().is_some_and(|(_, folders)| folders.is_gmail);
        let mut remembered = lock(&self.remembered);
        let Remembered { young, old } = &mut *remembered;
        for rows in [young, old] {
            rows.retain(|(of, ..), _| !is_gmail && of != mailbox);
        }
    }

    /// Forgets a message that is not where it was.
    pub(crate) fn forget(&self, mailbox: &Bytes, validity: u32, uid: u32) {
        let mut remembered = lock(&self.remembered);
        let key = (mailbox.clone(), validity, uid);
        remembered.young.remove(&key);
        remembered.old.remove(&key);
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
    let wanted: String = wanted.to_string().chars().filter(|c| !c.is_control()).take(100).collect();
    Problem::new(Code::FolderNotFound, format!("Account `{account}` has no folder `{wanted}`.")).hint(hint)
}
