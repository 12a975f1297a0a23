//! Whom the person knows: those they wrote to, then those who wrote to them, as the newest envelopes tell.
//!
//! No address book and no memory: asked of the server each time, two flights an account, so many envelopes
//! and no more; what was not looked at is told. Flights and counting are in `people/`.

mod circle;
mod correspondence;

use std::collections::HashSet;

use domain::{
    AccountName, Address, Code, Principal, Problem, Query, Role, Timestamp,
    query::{Expr, Field, Term},
};
use futures_util::{FutureExt as _, future::join_all};
use mail::imap::folder::{Folder, Folders};

use self::{
    circle::Circle,
    correspondence::{Correspondence, Direction, Looked, Place},
};
use crate::{
    Account, Engine,
    leaving::Shown,
    opened::Fresh,
    pages::full_name,
    search::{
        Coverage, ask_in_any_charset,
        plan::{by_default, reach, with_role},
    },
};

/// People an answer names at the most.
const MOST: usize = 20;

/// Words of a query, and characters of it, at the most.
const WORDS: usize = 8;
const CHARACTERS: usize = 200;

/// Whom to find.
#[derive(Debug, Clone, Default)]
pub struct PeopleRequest {
    /// Words of a name or an address, all of which must stand in it; empty for whoever was last in touch.
    pub query: String,
    /// The account's name; all of the principal's if absent.
    pub account: Option<String>,
}

/// Somebody the person exchanged mail with. Name and address are cleaned; they stay untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The address with the newest name that stood before it.
    pub address: Address,
    /// When the newest message to or from them was received.
    pub last: Timestamp,
    /// Messages to and from them, of those that were looked at.
    pub count: u32,
}

/// People, those the person wrote to first, then by count, then by date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// At most 20.
    pub people: Vec<Person>,
    /// How much the counts cover: `is_exact` if all there is was looked at.
    pub coverage: Coverage,
}

/// What one account is asked.
struct Plan {
    account: Account,
    places: Vec<Place>,
}

impl Engine {
    /// Whom the person knows of that name or address.
    pub async fn people(&self, principal: &Principal, request: PeopleRequest) -> Result<People, Problem> {
        let words = words(&request.query)?;
        let opened = match &request.account {
            Some(name) => vec![Ok(self.account(principal, Some(name)).await?)],
            None => self.all_accounts(principal).await?,
        };
        // No account of the person's is somebody they know, not even one that is not asked.
        let own: HashSet<String> =
            self.accounts(principal).await?.iter().map(|account| fold(&account.address)).collect();
        let asking: Vec<_> = opened
            .into_iter()
            .map(|opened| look(opened, &words, principal, self.0.bounds.filter_candidates).boxed())
            .collect();
        let mut circle = Circle::new(&words, own);
        let (mut failed, mut cuts, mut has_answer) = (Vec::new(), Vec::new(), false);
        let mut asked = Vec::new();
        for (index, answer) in join_all(asking).await.into_iter().enumerate() {
            let (account, folders) = match answer {
                Ok(answer) => answer,
                Err((name, problem)) => {
                    failed.push((name.to_string(), problem));
                    continue;
                }
            };
            asked.push(account.name.clone());
            for (folder, looked) in folders {
                match looked {
                    Ok(looked) => {
                        has_answer = true;
                        if looked.is_cut_within(account.nothing_before) {
                            cuts.push(looked.last());
                        }
                        circle.meet(&looked, index, account.nothing_before);
                    }
                    Err(error) => {
                        failed.push((full_name(&account, &folder.key()), account.problem(&error)));
                    }
                }
            }
        }
        if !has_answer && !failed.is_empty() {
            // Nothing at all could be looked into: an empty list would say that they know nobody.
            return Err(failed.remove(0).1);
        }
        let coverage = Coverage {
            is_exact: failed.is_empty() && cuts.is_empty(),
            back_to: cuts.into_iter().flatten().max(),
            failed,
            ..Coverage::of_server(self.now())
        };
        let people = circle.nearest(MOST);
        // A name is a text that somebody wrote, too.
        let senders: Vec<Address> = people.iter().map(|person| person.address.clone()).collect();
        if !senders.is_empty() {
            let shown = asked.into_iter().map(|account| Shown { account, senders: senders.clone() });
            self.expose(principal, shown.collect()).await?;
        }
        Ok(People { people, coverage })
    }
}

type Answer = (Account, Vec<(Folder, Result<Looked, mail::Error>)>);

/// Asks one account.
async fn look(
    opened: Result<Account, (AccountName, Problem)>,
    words: &[String],
    principal: &Principal,
    envelopes: usize,
) -> Result<Answer, (AccountName, Problem)> {
    let account = opened?;
    let name = account.name.clone();
    let looking = async {
        let Plan { account, places } = plan(account, words, principal).await?;
        let question = |ascii_only| Correspondence { places: &places, envelopes, ascii_only };
        let looked = ask_in_any_charset(&account, None, question).await?;
        account.opened.note(Ok(()));
        let folders = places.into_iter().map(|place| place.folder).zip(looked).collect();
        Ok((account, folders))
    };
    looking.await.map_err(|problem| (name, problem))
}

/// Sent for whom the person wrote to; for who wrote to them, all other folders but Drafts, Trash and Junk,
/// or, where nobody in particular is looked for, those that mail arrives and is kept in.
async fn plan(account: Account, words: &[String], principal: &Principal) -> Result<Plan, Problem> {
    let folders = account.opened.folders(Fresh::Recent).await.map_err(|error| account.problem(&error))?;
    let is_shown = |folder: &&Folder| folder.is_selectable && account.shows(folder, &folders);
    let places = places(&folders, folders.all.iter().filter(is_shown).collect(), words.is_empty());
    let place = |(folder, direction): (Folder, Direction)| {
        let query = query(words, direction.fields());
        Place { folder, direction, query: reach(&query, &principal.limits) }
    };
    Ok(Plan { places: places.into_iter().map(place).collect(), account })
}

fn places(folders: &Folders, shown: Vec<&Folder>, is_anybody: bool) -> Vec<(Folder, Direction)> {
    let sent = with_role(&shown, Role::Sent);
    let is_mail = |folder: &&Folder| !matches!(folder.role, Some(Role::Sent | Role::Drafts));
    let mut received: Vec<&Folder> = by_default(folders, shown).into_iter().filter(is_mail).collect();
    if is_anybody {
        let is_first = |folder: &Folder| matches!(folder.role, Some(Role::Inbox | Role::Archive | Role::All));
        if received.iter().any(|folder| is_first(folder)) {
            received.retain(|folder| is_first(folder));
        }
    }
    let sent = sent.into_iter().map(|folder| (folder.clone(), Direction::To));
    sent.chain(received.into_iter().map(|folder| (folder.clone(), Direction::From))).collect()
}

/// Messages that hold each word in one of the fields.
fn query(words: &[String], fields: &[Field]) -> Query {
    let holds = |word: &String| {
        let field = |field: &Field| Expr::Term(Term::Text(*field, word.clone()));
        Expr::any(fields.iter().map(field).collect())
    };
    words.iter().fold(Query::default(), |query, word| query.and(holds(word)))
}

/// What a name or an address consists of, without the marks that stand around it: `Ann Lee
/// <ann@example.org>` is three words.
fn words(query: &str) -> Result<Vec<String>, Problem> {
    let is_mark = |c: char| c.is_whitespace() || c.is_control() || "<>\"',;()".contains(c);
    let words: Vec<String> =
        query.split(is_mark).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if words.len() > WORDS || query.chars().count() > CHARACTERS {
        return Err(Problem::new(
            Code::InvalidInput,
            format!("A name or an address has at most {WORDS} words and {CHARACTERS} characters."),
        )
        .hint("Ask for a name or an address alone; `mail_search` takes longer queries."));
    }
    Ok(words)
}

/// What addresses and names are compared by. Servers that tell `Ann@` from `ann@` are not met any more.
pub(crate) fn fold(text: &str) -> String {
    text.trim().chars().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
