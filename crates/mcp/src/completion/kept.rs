//! What was seen in a mailbox for a completion, kept while somebody types. Short, few, and never for a grant
//! that has changed meanwhile.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{AccountName, GrantId, Limits, Principal};
use rmcp::model::JsonObject;
use tokio::time::Instant;

/// How long values are kept.
const KEPT: Duration = Duration::from_mins(1);

/// Lists that are kept for all grants.
const MOST: usize = 64;

/// Values of one list that are kept.
const MOST_VALUES: usize = 5_000;

/// What was looked for, and all of a grant that decides what is seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    tool: &'static str,
    arguments: JsonObject,
    grant: GrantId,
    accounts: Vec<AccountName>,
    limits: Limits,
}

impl Question {
    pub(super) fn new(tool: &'static str, arguments: &JsonObject, principal: &Principal) -> Self {
        Self {
            tool,
            arguments: arguments.clone(),
            grant: principal.grant.clone(),
            accounts: principal.accounts.iter().map(|granted| granted.name.clone()).collect(),
            limits: principal.limits.clone(),
        }
    }
}

struct Kept {
    question: Question,
    values: Vec<String>,
    until: Instant,
}

/// The lists of the last minute, oldest first. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Looks(Arc<Mutex<VecDeque<Kept>>>);

impl Looks {
    pub(super) fn recall(&self, question: &Question, now: Instant) -> Option<Vec<String>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.until > now);
        kept.iter().find(|one| one.question == *question).map(|one| one.values.clone())
    }

    pub(super) fn keep(&self, question: Question, values: Vec<String>, now: Instant) {
        if values.len() > MOST_VALUES {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.question != question);
        kept.push_back(Kept { question, values, until: now + KEPT });
        while kept.len() > MOST {
            kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Scopes;

    use super::*;
    use crate::tests::world::principal;

    fn question(grant: &str) -> Question {
        Question::new("mail_folders", &JsonObject::new(), &principal(grant, Scopes::all()))
    }

    #[test]
    fn a_list_is_kept_for_a_minute_and_for_its_grant_as_it_was() {
        let (looks, now) = (Looks::default(), Instant::now());
        looks.keep(question("all"), vec!["INBOX".to_owned()], now);
        assert_eq!(looks.recall(&question("all"), now), Some(vec!["INBOX".to_owned()]));
        assert_eq!(looks.recall(&question("other"), now), None);
        let limits = Limits { folders: vec!["@sent".into()], ..Limits::default() };
        assert_eq!(looks.recall(&Question { limits, ..question("all") }, now), None);
        assert_eq!(looks.recall(&Question { accounts: Vec::new(), ..question("all") }, now), None);
        assert_eq!(looks.recall(&question("all"), now + KEPT), None);
    }

    #[test]
    fn few_lists_are_kept_and_the_oldest_go_first() {
        let (looks, now) = (Looks::default(), Instant::now());
        for number in 0..=MOST {
            looks.keep(question(&format!("g{number}")), Vec::new(), now);
        }
        assert_eq!(looks.0.lock().unwrap().len(), MOST);
        assert_eq!(looks.recall(&question("g0"), now), None);
        assert!(looks.recall(&question("g1"), now).is_some());
    }
}
