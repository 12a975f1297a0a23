//! Threads: what belongs to one over the folders of an account, a page of it, and the bodies.
//!
//! Straight from the server: by its own threads where it keeps them, else by Message-IDs (`links`), at last
//! by subject (`unlinked`). What was found is in `gathered`.

mod gathered;
mod links;
mod unlinked;

use std::sync::Arc;

use domain::{MessageRef, Principal, Problem, Summary, Timestamp};
use mail::imap::{
    folder::Folder,
    row::{Found, Row as OneRow},
    write::Placed,
};

use self::gathered::Gathered;
use crate::{
    Account, Engine,
    cursor::{At, Cursor, Place, Sorted, hash},
    leaving::Shown,
    pages::{seconds, text_size},
    read::{Group, Outcome, Resolved, View, follow::may_have_moved, gone, read_groups, stale},
    search::{Coverage, Failure, Row},
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
    /// Whether its row is of before, and the message may have gone since.
    is_recalled: bool,
    /// The id that it was asked for by, if that is one of before it was moved here.
    asked: Option<MessageRef>,
}

impl Seed {
    fn id(&self) -> MessageRef {
        self.account.id(&self.folder, self.validity, self.row.uid)
    }
}

/// What the id of a request names.
enum Beginning {
    Seed(Box<Seed>),
    Several(Vec<Row>),
}

/// Where a page ends, and what its cursor is bound to.
struct Bounded<'a> {
    before: Option<Key>,
    bound: &'a str,
    limit: usize,
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
        let seed = match self.thread_seed(principal, &request.id).await? {
            Beginning::Several(rows) => {
                self.expose(principal, rows.iter().map(Shown::of_row).collect()).await?;
                return Ok(self.choice(request.id, rows));
            }
            Beginning::Seed(seed) => seed,
        };
        let bounded = Bounded { before, bound: &bound, limit: request.limit.clamp(1, MAX_LIMIT) };
        let mut answer = self.thread_page(principal, &seed, &bounded).await;
        if seed.is_recalled && is_outdated(&seed, &answer) {
            seed.account.opened.forget(&seed.folder.wire_name, seed.validity, seed.row.uid);
            if let Ok(Beginning::Seed(seed)) = self.thread_seed(principal, &request.id).await {
                answer = self.thread_page(principal, &seed, &bounded).await;
            }
        }
        let page = answer?;
        self.expose(principal, page.messages.iter().flat_map(Shown::of_outcome).collect()).await?;
        Ok(page)
    }

    /// The message that an id names; where it is now, if it was moved here since.
    async fn thread_seed(&self, principal: &Principal, id: &str) -> Result<Beginning, Problem> {
        let missed = match self.resolve(principal, id).await {
            Ok(Resolved::Several(rows)) => return Ok(Beginning::Several(rows)),
            Ok(Resolved::One { account, folder, uid, validity }) => {
                match seed(*account, folder, Placed { validity, uid }).await {
                    Ok(seed) => return Ok(Beginning::Seed(Box::new(seed))),
                    Err(problem) => problem,
                }
            }
            Err(problem) => problem,
        };
        let Some(moved) = self.moved_since(principal, id, &missed).await? else { return Err(missed) };
        let seed = seed(moved.account, moved.folder, moved.placed).await?;
        Ok(Beginning::Seed(Box::new(Seed { asked: Some(moved.asked), ..seed })))
    }

    async fn thread_page(
        &self,
        principal: &Principal,
        seed: &Seed,
        bounded: &Bounded<'_>,
    ) -> Result<ThreadPage, Problem> {
        let Bounded { before, bound, limit } = *bounded;
        let mut gathered = Gathered::of(seed, principal, &self.0.bounds).await?;
        if let Some(before) = before {
            gathered.members.retain(|member| member.key() < before);
        }
        let page = page(&mut gathered.members, limit, self.0.bounds.page_text);
        let account = &seed.account;
        let next = page.first().filter(|_| !gathered.members.is_empty()).map(|first| {
            let (seconds, folder, uid) = first.key();
            let at = At::Sorted(Sorted { offset: 0, last: uid, seconds, bound: 0 });
            let place = Place { account: hash(account.name.as_str()), folder, validity: first.validity, at };
            let cursor = Cursor { places: vec![place], ..Cursor::default() };
            cursor.seal(&self.0.settings.sealer, principal.grant.as_str(), bound)
        });
        let mut messages = read(account, page).await;
        let id = seed.id();
        for outcome in &mut messages {
            if let Outcome::Message(message) = outcome
                && message.id == id
            {
                message.asked.clone_from(&seed.asked);
            }
        }
        Ok(ThreadPage {
            messages,
            earlier: gathered.members.len(),
            next_cursor: next,
            coverage: gathered.coverage(self.now()),
        })
    }

    fn choice(&self, id: String, rows: Vec<Row>) -> ThreadPage {
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

/// Whether it shows that the message is not any more where its row of before has it.
fn is_outdated(seed: &Seed, answer: &Result<ThreadPage, Problem>) -> bool {
    match answer {
        Ok(page) => {
            let id = seed.id().to_string();
            let is_it = |outcome: &Outcome| matches!(outcome, Outcome::Failed(of, problem) if *of == id && may_have_moved(problem));
            page.messages.iter().any(is_it)
        }
        Err(problem) => may_have_moved(problem),
    }
}

/// The message's row, as it is known from a list or asked for.
async fn seed(account: Account, folder: Folder, placed: Placed) -> Result<Seed, Problem> {
    let (name, Placed { validity, uid }) = (&folder.wire_name, placed);
    let recalled = account.opened.recall(name, validity, uid);
    let is_recalled = recalled.is_some();
    let row = if let Some(row) = recalled {
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
    Ok(Seed { account, folder, validity, row, is_recalled, asked: None })
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
