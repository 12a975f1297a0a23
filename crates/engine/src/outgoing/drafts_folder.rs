//! The folder of drafts: versions of a draft in it, found by their mark, put there and taken away.
//!
//! What is replaced is taken away only after the new version is known to be there. After a crash between,
//! the newest counts, and whoever touches the draft next takes the others away.

use domain::{Code, DraftId, Flag, Principal, Problem, Role};
use mail::imap::{
    folder::Folder,
    make_role::MakeRole,
    marked::{Marked, WithHeader},
    write::{Appending, NotAppended, Placed},
};

use super::{
    mark::{FIELD, Mark},
    moving::Moving,
    spool::{Spool, no_room},
};
use crate::{Account, Engine, opened::Fresh};

/// Versions of a draft that are looked at; more than one is left over only by a crash.
const VERSIONS: usize = 20;

/// How often a version is handed over where a connection breaks.
const ATTEMPTS: usize = 2;

/// One stored version of a draft.
pub(super) struct Version {
    pub(super) marked: Marked,
    pub(super) mark: Mark,
}

impl Version {
    pub(super) fn placed(&self) -> Placed {
        Placed { validity: self.marked.validity, uid: self.marked.uid }
    }
}

/// A draft that was found.
pub(crate) struct Held {
    pub(crate) account: Account,
    pub(super) folder: Folder,
    newest: Version,
    /// What a crash left over.
    older: Vec<Version>,
}

impl Held {
    /// The name that agents expect the newest version by.
    pub(crate) fn version(&self) -> String {
        self.newest.expect()
    }

    pub(super) fn newest(&self) -> &Version {
        &self.newest
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Version> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

impl Engine {
    /// Finds a draft: in the account that is named, else in the default one, else in the others.
    pub(crate) async fn find_draft(
        &self,
        principal: &Principal,
        draft: &DraftId,
        account: Option<&str>,
    ) -> Result<Held, Problem> {
        if draft.to_bytes().is_none() {
            return Err(no_such_draft());
        }
        if let Some(name) = account {
            let account = self.account(principal, Some(name)).await?;
            return account.held(draft).await?.ok_or_else(no_such_draft);
        }
        let mut names: Vec<_> = principal.accounts.iter().collect();
        names.sort_by_key(|granted| !granted.is_default);
        let mut trouble = None;
        for granted in names {
            let held = match self.account(principal, Some(granted.name.as_str())).await {
                Ok(account) => account.held(draft).await,
                Err(problem) => Err(problem),
            };
            match held {
                Ok(Some(held)) => return Ok(held),
                Ok(None) => {}
                // It may be there.
                Err(problem) => trouble = trouble.or(Some(problem)),
            }
        }
        Err(trouble.unwrap_or_else(no_such_draft))
    }
}

impl Account {
    /// The draft, if it is here.
    pub(super) async fn held(&self, draft: &DraftId) -> Result<Option<Held>, Problem> {
        let Some(folder) = self.drafts().await? else { return Ok(None) };
        let mut versions = self.versions(&folder, draft).await?.into_iter();
        let Some(newest) = versions.next() else { return Ok(None) };
        if self.nothing_before.is_some_and(|before| newest.marked.summary.received < before) {
            return Ok(None);
        }
        let older = versions.collect();
        Ok(Some(Held { account: self.clone(), folder, newest, older }))
    }

    /// The folder of drafts, if there is one. A grant that is limited to other folders neither reads nor
    /// writes drafts: it could not see what it wrote.
    async fn drafts(&self) -> Result<Option<Folder>, Problem> {
        for fresh in [Fresh::Known, Fresh::Now { counts: false }] {
            let folders = self.opened.folders(fresh).await.map_err(|error| self.problem(&error))?;
            let is_it = |folder: &&Folder| folder.role == Some(Role::Drafts) && folder.is_selectable;
            if let Some(folder) = folders.all.iter().find(is_it) {
                return if self.shows(folder, &folders) {
                    Ok(Some(folder.clone()))
                } else {
                    Err(self.outside())
                };
            }
        }
        Ok(None)
    }

    /// The folder of drafts, made if there is none.
    pub(super) async fn drafts_made(&self) -> Result<Folder, Problem> {
        if let Some(folder) = self.drafts().await? {
            return Ok(folder);
        }
        if !(self.allowed_folders.is_empty() && self.granted_folders.is_empty()) {
            return Err(self.outside());
        }
        self.make_drafts().await
    }

    async fn make_drafts(&self) -> Result<Folder, Problem> {
        self.opened.forget_folders();
        let made = self.opened.ask(None, &MakeRole { role: Role::Drafts }).await;
        made.map_err(|error| {
            self.problem(&error).hint("Drafts need a folder; the person makes one named `Drafts`.")
        })
    }

    fn outside(&self) -> Problem {
        let told = format!("The folders of this grant in account `{}` do not include Drafts.", self.name);
        Problem::new(Code::OutsideGrant, told).hint("Ask the person to add `@drafts` to the grant's folders.")
    }

    /// All versions, newest first.
    async fn versions(&self, folder: &Folder, draft: &DraftId) -> Result<Vec<Version>, Problem> {
        let mailbox = &folder.wire_name[..];
        let question = WithHeader { mailbox, field: FIELD, value: draft.as_str(), limit: VERSIONS };
        let found = self.opened.ask(Some(mailbox), &question).await.map_err(|error| self.problem(&error))?;
        self.opened.note(Ok(()));
        let version = |marked: Marked| {
            let mark = Mark::parse(&marked.value).filter(|mark| mark.draft == *draft)?;
            // What is marked as deleted is gone for its person.
            (!marked.summary.has(&Flag::Deleted)).then_some(Version { marked, mark })
        };
        Ok(found.into_iter().filter_map(version).collect())
    }

    /// Stores a version in the place of others, and says where it is.
    pub(super) async fn store_draft(
        &self,
        folder: Folder,
        spool: &Spool,
        mark: &Mark,
        held: Option<&Held>,
    ) -> Result<Placed, Problem> {
        let mut folder = folder;
        let mut attempt = 0;
        let placed = loop {
            attempt += 1;
            let is_last = attempt >= ATTEMPTS;
            let newest = held.map(|held| held.newest.placed());
            let error = match self.put(&folder, spool, newest).await {
                Ok(Some(placed)) => break placed,
                Ok(None) => match self.placed(&folder, mark).await? {
                    Some(placed) => break placed,
                    None => mail::Error::Protocol("a draft that was stored is not there"),
                },
                Err(NotAppended::Before(error)) if is_last || !error.ends_connection() => {
                    return Err(self.problem(&error));
                }
                Err(NotAppended::Before(_)) => continue,
                Err(NotAppended::During(error)) => match self.placed(&folder, mark).await? {
                    Some(placed) => break placed,
                    None if is_last => error,
                    None => continue,
                },
                Err(NotAppended::Refused(error)) => {
                    let problem = self.problem(&error);
                    if is_last || problem.code != Code::FolderNotFound {
                        return Err(problem);
                    }
                    // Somebody removed the folder since its name was learned.
                    folder = self.make_drafts().await?;
                    continue;
                }
                Err(NotAppended::Source(error)) => return Err(no_room(&error)),
            };
            let problem = self.problem(&error);
            return Err(
                problem.hint("The draft may have been stored: look into Drafts before writing it again.")
            );
        };
        self.opened.note(Ok(()));
        if let Some(held) = held
            && let Err(problem) = self.take_away(held, Some(placed)).await
        {
            // The newest counts.
            tracing::warn!(account = %self.name, code = %problem.code, "older versions of a draft stay");
        }
        Ok(placed)
    }

    /// Takes all versions away but that one.
    async fn take_away(&self, held: &Held, but: Option<Placed>) -> Result<(), Problem> {
        let is_old = |version: &&Version| Some(version.placed()) != but;
        self.take(held, held.all().filter(is_old)).await
    }

    /// Takes the version of that name away, and those before it. Where it is gone nothing is: whatever is
    /// there now came later, and may hold words that nobody sent.
    pub(super) async fn take_away_until(&self, held: &Held, version: &str) -> Result<(), Problem> {
        self.take(held, held.all().skip_while(|found| found.expect() != version)).await
    }

    async fn take<'a>(
        &self,
        held: &Held,
        versions: impl Iterator<Item = &'a Version>,
    ) -> Result<(), Problem> {
        let validity = held.newest.marked.validity;
        let of_now = versions.filter(|version| version.marked.validity == validity);
        let uids: Vec<u32> = of_now.map(|version| version.marked.uid).collect();
        if uids.is_empty() {
            return Ok(());
        }
        let removing = self.opened.pool.remove(&held.folder.wire_name, validity, &uids);
        let removed = Moving::default().within(self.opened.patience(), removing).await;
        let removed = removed.unwrap_or_else(|| {
            self.opened.pool.close();
            Err(mail::Error::Timeout("answer"))
        });
        removed.map(|_| ()).map_err(|error| self.problem(&error))
    }

    async fn put(
        &self,
        folder: &Folder,
        spool: &Spool,
        old: Option<Placed>,
    ) -> Result<Option<Placed>, NotAppended> {
        let what = Appending {
            mailbox: &folder.wire_name,
            flags: &[Flag::Draft, Flag::Seen],
            received: None,
            size: spool.size(),
            is_utf8: spool.needs_utf8(),
        };
        let moving = Moving::default();
        let mut octets = moving.watch(spool.read());
        let pool = &self.opened.pool;
        let putting = async {
            match old {
                Some(old) => pool.replace(&what, &old, &mut octets).await,
                None => pool.append(&what, &mut octets).await,
            }
        };
        // A slow line may take long as long as it takes something.
        moving.within(self.opened.patience(), putting).await.unwrap_or_else(|| {
            pool.close();
            Err(NotAppended::During(mail::Error::Timeout("answer")))
        })
    }

    /// Where that version is, looked for anew.
    async fn placed(&self, folder: &Folder, mark: &Mark) -> Result<Option<Placed>, Problem> {
        let versions = self.versions(folder, &mark.draft).await?;
        let found = versions.iter().find(|version| version.mark.version == mark.version);
        Ok(found.map(Version::placed))
    }
}

fn no_such_draft() -> Problem {
    Problem::new(Code::NotFound, "There is no such draft: it was sent, or somebody deleted it.")
        .hint("Write a new one with mail_draft.")
}
