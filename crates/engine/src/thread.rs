//! Threads: what belongs to one over the folders of an account, a page of it, and the bodies.
//!
//! Straight from the server: by its own threads where it keeps them, else by Message-IDs (`links`), at last
//! by subject (`unlinked`). What was found is in `gathered`.

mod gathered;
mod links;
mod unlinked;

use std::sync::Arc;

use domain::{Principal, Problem, Summary, Timestamp};
use mail::imap::{
    folder::Folder,
    row::{Found, Row as OneRow},
};

use self::gathered::Gathered;
use crate::{
    Account, Engine,
    cursor::{At, Cursor, Place, Sorted, hash},
    leaving::Shown,
    pages::{seconds, text_size},
    read::{Group, Outcome, Resolved, View, gone, read_groups, stale},
    search::{Coverage, Failure},
};

/// Messages a page at the most.
pub const MAX_LIMIT: usize = 200;

/// Which thread, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadRequest {
    /// One of its messages: an id, or a Message-ID in angle brackets.
    pub id: String,
    /// Messages a page, 1 to 200.
    pub limit: usize,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

/// One page of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadPage {
    /// The newest messages before the cursor, oldest first. Where several messages have the Message-ID, only
    /// the choice.
    pub messages: Vec<Outcome>,
    /// How many older ones are not shown.
    pub earlier: usize,
    /// Where these begin; absent if there are none.
    pub next_cursor: Option<String>,
    /// What the answer covers.
    pub coverage: Coverage,
}

/// The message that was asked for.
struct Seed {
    account: Account,
    folder: Folder,
    validity: u32,
    row: Arc<Summary>,
}

/// One message of a thread.
#[derive(Clone)]
struct Member {
    folder: Folder,
    validity: u32,
    row: Arc<Summary>,
}

/// When a message was received, and what tells it from others of the same second.
type Key = (u32, u32, u32);

impl Member {
    fn key(&self) -> Key {
        (seconds(&self.row), hash(&self.folder.key().to_string()), self.row.uid)
    }
}

impl Engine {
    /// One page of the thread that a message belongs to, bodies with quotes folded. Never sets
    /// `\Seen`.
    pub async fn thread(&self, principal: &Principal, request: ThreadRequest) -> Result<ThreadPage, Failure> {
        // No search is bound to anything that begins like this: no account has such a name.
        let bound = format!("THREAD\n{}", request.id.trim());
        let before = match &request.cursor {
            None => None,
            Some(text) => {
                let opened = Cursor::open(text, &self.0.settings.sealer, principal.grant.as_str(), &bound);
                Some(opened.as_ref().and_then(key_of).ok_or(Failure::BadCursor)?)
            }
        };
        let seed = match self.resolve(principal, &request.id).await? {
            Resolved::Several(rows) => {
                self.expose(principal, rows.iter().map(Shown::of_row).collect()).await?;
                return Ok(self.choice(request.id, rows));
            }
            Resolved::One { account, folder, uid, validity } => seed(*account, folder, validity, uid).await?,
        };
        let mut gathered = Gathered::of(&seed, principal, &self.0.bounds).await?;
        if let Some(before) = before {
            gathered.members.retain(|member| member.key() < before);
        }
        let limit = request.limit.clamp(1, MAX_LIMIT);
        let page = page(&mut gathered.members, limit, self.0.bounds.page_text);
        let account = &seed.account;
        let next = page.first().filter(|_| !gathered.members.is_empty()).map(|first| {
            let (seconds, folder, uid) = first.key();
            let at = At::Sorted(Sorted { offset: 0, last: uid, seconds, bound: 0 });
            let place = Place { account: hash(account.name.as_str()), folder, validity: first.validity, at };
            let cursor = Cursor { places: vec![place], ..Cursor::default() };
            cursor.seal(&self.0.settings.sealer, principal.grant.as_str(), &bound)
        });
        let messages = read(account, page).await;
        self.expose(principal, messages.iter().flat_map(Shown::of_outcome).collect()).await?;
        Ok(ThreadPage {
            messages,
            earlier: gathered.members.len(),
            next_cursor: next,
            coverage: gathered.coverage(self.now()),
        })
    }

    fn choice(&self, id: String, rows: Vec<crate::search::Row>) -> ThreadPage {
        let coverage = Coverage::of_server(self.now());
        let messages = vec![Outcome::Several(id, rows)];
        ThreadPage { messages, earlier: 0, next_cursor: None, coverage }
    }
}

/// The place that a cursor of ours means.
fn key_of(cursor: &Cursor) -> Option<Key> {
    match cursor.places.as_slice() {
        [Place { folder, at: At::Sorted(place), .. }] => Some((place.seconds, *folder, place.last)),
        _ => None,
    }
}

/// The message's row, as it is known from a list or asked for.
async fn seed(account: Account, folder: Folder, validity: u32, uid: u32) -> Result<Seed, Problem> {
    let name = &folder.wire_name;
    let row = if let Some(row) = account.opened.recall(name, validity, uid) {
        row
    } else {
        let question = OneRow { mailbox: name, validity, uid };
        match account.opened.ask(Some(name), &question).await.map_err(|error| account.problem(&error))? {
            Found::Row(row) => Arc::new(*row),
            Found::Gone => return Err(gone()),
            Found::Stale => return Err(stale()),
        }
    };
    if is_too_old(&account, &row) {
        return Err(gone());
    }
    account.opened.remember(name, validity, &row);
    Ok(Seed { account, folder, validity, row })
}

fn is_too_old(account: &Account, row: &Summary) -> bool {
    account.nothing_before.is_some_and(|before: Timestamp| row.received < before)
}

/// Takes the newest off the end: `limit` of them, or as many as have `most` octets of text together.
fn page(members: &mut Vec<Member>, limit: usize, most: u64) -> Vec<Member> {
    let mut text = 0;
    let fitting = members.iter().rev().take(limit).take_while(|member| {
        let is_first = text == 0;
        text += text_size(&member.row).max(1);
        is_first || text <= most
    });
    let count = fitting.count();
    members.split_off(members.len().saturating_sub(count))
}

/// The bodies, in the order of the members.
async fn read(account: &Account, members: Vec<Member>) -> Vec<Outcome> {
    let mut ids = Vec::with_capacity(members.len());
    let mut groups: Vec<Group> = Vec::new();
    for (position, member) in members.into_iter().enumerate() {
        let Member { folder, validity, row } = member;
        account.opened.remember(&folder.wire_name, validity, &row);
        ids.push(account.id(&folder, validity, row.uid).to_string());
        let same = |group: &&mut Group| group.folder.wire_name == folder.wire_name;
        match groups.iter_mut().find(same) {
            Some(group) => group.wanted.push((position, row.uid)),
            None => groups.push(Group {
                account: account.clone(),
                folder,
                validity,
                wanted: vec![(position, row.uid)],
            }),
        }
    }
    read_groups(&groups, &ids, View::Text).await.into_values().collect()
}
