//! Which messages a change is about: ids taken apart, followed where they were moved, and put together by
//! folder. What a query finds is in `find`.

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use bytes::Bytes;
use domain::{AccountName, Code, FolderArg, MessageRef, Principal, Problem, Summary, Timestamp};
use mail::imap::{
    change::{End, OneTransferred, Was},
    folder::{Folder, Folders},
    write::Placed,
};

use super::{
    MOST,
    look::{Dates, Of},
    tally::Tally,
};
use crate::{
    Account, Engine,
    journal::Place,
    read::{gone, stale},
};

/// Rows that show what a plan is about.
pub(super) const SAMPLE: usize = 5;

/// Messages of one folder that are changed together.
#[derive(Clone)]
pub(super) struct Lot {
    pub(super) account: Account,
    pub(super) folder: Folder,
    pub(super) validity: u32,
    /// Ascending, each once.
    pub(super) uids: Vec<u32>,
    /// The ids that somebody gave, where these are not what they would be called now.
    pub(super) given: HashMap<u32, String>,
    /// Those whose ids are of before they were moved here.
    pub(super) followed: HashSet<u32>,
    /// A few of the newest.
    pub(super) newest: Vec<u32>,
}

impl Lot {
    /// The id of a message as it was given.
    pub(super) fn id(&self, uid: u32) -> String {
        let id = || self.account.id(&self.folder, self.validity, uid).to_string();
        self.given.get(&uid).cloned().unwrap_or_else(id)
    }

    /// The id of a message now, where the one that was given is of before it was moved.
    pub(super) fn id_now(&self, uid: u32) -> Option<MessageRef> {
        self.followed.contains(&uid).then(|| self.account.id(&self.folder, self.validity, uid))
    }

    pub(super) fn place(&self) -> Place {
        Place {
            wire: self.folder.wire_name.clone(),
            key: self.folder.key().to_string(),
            validity: self.validity,
        }
    }

    /// What is remembered of these messages, each of them if of any: if nobody lives to see where they go, it is
    /// how they are found there.
    pub(super) fn known(&self, uids: &[u32]) -> Vec<OneTransferred> {
        let recall = |uid: u32| self.account.opened.recall(&self.folder.wire_name, self.validity, uid);
        let rows: Vec<_> = uids.iter().map(|uid| recall(*uid)).collect();
        if rows.iter().all(Option::is_none) {
            return Vec::new();
        }
        let was = |uid: u32, row: Option<Arc<Summary>>| Was {
            uid,
            message_id: row.as_ref().and_then(|row| row.envelope.message_id.clone()),
            received: row.as_ref().map(|row| row.received),
            size: row.as_ref().map(|row| row.size),
            flags: row.as_ref().map(|row| row.flags.clone()).unwrap_or_default(),
            labels: row.and_then(|row| row.gmail.as_ref().map(|ids| ids.labels.clone())).unwrap_or_default(),
        };
        let one = |(uid, row)| OneTransferred { was: was(uid, row), to: None, end: End::Unknown };
        uids.iter().copied().zip(rows).map(one).collect()
    }

    pub(super) fn of(&self) -> Of<'_> {
        Of { mailbox: &self.folder.wire_name, validity: self.validity, uids: &self.uids }
    }

    /// Keeps those that are dated, and notes the newest.
    pub(super) fn keep(&mut self, dates: &BTreeMap<u32, Timestamp>) {
        self.uids.retain(|uid| dates.contains_key(uid));
        let mut dated: Vec<(Timestamp, u32)> =
            self.uids.iter().filter_map(|uid| Some((*dates.get(uid)?, *uid))).collect();
        dated.sort_unstable_by(|a, b| b.cmp(a));
        self.newest = dated.into_iter().take(SAMPLE).map(|(_, uid)| uid).collect();
    }
}

/// The messages that are meant.
#[derive(Default)]
pub(crate) struct Chosen {
    pub(super) lots: Vec<Lot>,
    /// Those about which it is certain already that nothing can be done.
    pub(super) failed: Tally,
    /// What to know before.
    pub(super) notes: Vec<String>,
    /// Whether it is known that they are there and that the grant shows them.
    pub(super) is_checked: bool,
}

impl Chosen {
    pub(super) fn count(&self) -> usize {
        self.lots.iter().map(|lot| lot.uids.len()).sum()
    }

    /// The lots by account, in their order.
    pub(super) fn by_account(lots: Vec<Lot>) -> Vec<Vec<Lot>> {
        let mut accounts: Vec<Vec<Lot>> = Vec::new();
        for lot in lots {
            let is_same =
                |of: &&mut Vec<Lot>| of.first().is_some_and(|first| first.account.name == lot.account.name);
            match accounts.iter_mut().find(is_same) {
                Some(of) => of.push(lot),
                None => accounts.push(vec![lot]),
            }
        }
        accounts
    }
}

impl Engine {
    /// The messages that the ids name.
    pub(crate) async fn choose(&self, principal: &Principal, ids: &[String]) -> Result<Chosen, Problem> {
        if ids.len() > MOST {
            return Err(Problem::new(Code::TooMany, format!("One call takes {MOST} ids at the most.")));
        }
        let mut chosen = Chosen::default();
        let mut accounts: BTreeMap<AccountName, Vec<(String, MessageRef)>> = BTreeMap::new();
        for id in ids {
            match id.trim().parse::<MessageRef>() {
                Ok(named) => accounts.entry(named.account.clone()).or_default().push((id.clone(), named)),
                Err(error) => {
                    let problem =
                        Problem::new(Code::InvalidInput, format!("This is no message id: {error}."))
                            .hint("Take ids from mail_search; a Message-ID does not do here.");
                    chosen.failed.fail(id.clone(), problem);
                }
            }
        }
        for (name, named) in accounts {
            match self.account(principal, Some(name.as_str())).await {
                Ok(account) => self.choose_of(&account, named, &mut chosen).await,
                Err(problem) => {
                    for (id, _) in named {
                        chosen.failed.fail(id, problem.clone());
                    }
                }
            }
        }
        Ok(chosen)
    }

    async fn choose_of(&self, account: &Account, named: Vec<(String, MessageRef)>, chosen: &mut Chosen) {
        let (ids, named): (Vec<String>, Vec<MessageRef>) = named.into_iter().unzip();
        let followed = match self.follow_ids(account, &named).await {
            Ok(followed) => followed,
            // Without it nobody can say which message an id means.
            Err(problem) => {
                for id in ids {
                    chosen.failed.fail(id, problem.clone());
                }
                return;
            }
        };
        let mut folders: HashMap<FolderArg, Result<Folder, Problem>> = HashMap::new();
        let mut lots: BTreeMap<(Bytes, u32), Lot> = BTreeMap::new();
        for ((id, named), followed) in ids.into_iter().zip(named).zip(followed) {
            let is_followed = followed.is_some();
            let (folder, Placed { validity, uid }) = if let Some(place) = followed {
                place
            } else {
                if !folders.contains_key(&named.folder) {
                    folders.insert(named.folder.clone(), account.folder(&named.folder).await);
                }
                match folders.get(&named.folder) {
                    Some(Ok(folder)) => (folder.clone(), Placed { validity: named.validity, uid: named.uid }),
                    Some(Err(problem)) => {
                        chosen.failed.fail(id, problem.clone());
                        continue;
                    }
                    None => continue,
                }
            };
            let lot = lots.entry((folder.wire_name.clone(), validity)).or_insert_with(|| Lot {
                account: account.clone(),
                folder,
                validity,
                uids: Vec::new(),
                given: HashMap::new(),
                followed: HashSet::new(),
                newest: Vec::new(),
            });
            if is_followed {
                lot.followed.insert(uid);
            }
            if let Entry::Vacant(vacant) = lot.given.entry(uid) {
                vacant.insert(id);
                lot.uids.push(uid);
            }
        }
        chosen.lots.extend(lots.into_values().map(|mut lot| {
            lot.uids.sort_unstable();
            lot
        }));
    }

    /// Without those that are not there, or that the grant does not show because of their age. That takes
    /// a look at the server, which is spared where nothing calls for it.
    pub(crate) async fn young_enough(
        &self,
        principal: &Principal,
        mut chosen: Chosen,
        is_planned: bool,
    ) -> Chosen {
        if chosen.is_checked || !(is_planned || principal.limits.nothing_before.is_some()) {
            return chosen;
        }
        for mut lots in Chosen::by_account(std::mem::take(&mut chosen.lots)) {
            keep_seen(&mut lots, &mut chosen.failed).await;
            chosen.lots.extend(lots.into_iter().filter(|lot| !lot.uids.is_empty()));
        }
        chosen
    }
}

/// Keeps, of lots of one account, what is there and shown.
pub(super) async fn keep_seen(lots: &mut [Lot], failed: &mut Tally) {
    let Some(account) = lots.first().map(|lot| lot.account.clone()) else { return };
    let seen = {
        let of: Vec<Of<'_>> = lots.iter().map(Lot::of).collect();
        let first = of.first().map(|of| of.mailbox.clone());
        account.opened.ask(first.as_deref(), &Dates(&of)).await
    };
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => {
            let problem = account.problem(&error);
            for lot in lots {
                failed.fail_lot(lot, &problem);
                lot.uids.clear();
            }
            return;
        }
    };
    for (lot, seen) in lots.iter_mut().zip(seen) {
        let mut dates = match seen {
            Ok(Some(dates)) => dates,
            Ok(None) => {
                failed.fail_lot(lot, &stale());
                lot.uids.clear();
                continue;
            }
            Err(error) => {
                failed.fail_lot(lot, &account.problem(&error));
                lot.uids.clear();
                continue;
            }
        };
        if let Some(before) = account.nothing_before {
            dates.retain(|_, received| *received >= before);
        }
        let absent: Vec<u32> = lot.uids.iter().copied().filter(|uid| !dates.contains_key(uid)).collect();
        failed.fail_these(lot, &absent, &gone());
        lot.keep(&dates);
    }
}

impl Account {
    /// The folder of that name on the wire, if it is there and shown.
    pub(super) fn shown<'a>(&self, folders: &'a Folders, wire: &[u8]) -> Option<&'a Folder> {
        let is_it = |folder: &&Folder| folder.wire_name == wire && folder.is_selectable;
        folders.all.iter().find(is_it).filter(|folder| self.shows(folder, folders))
    }
}
