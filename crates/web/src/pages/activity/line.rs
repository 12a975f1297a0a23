//! An entry of the trail in words: who did what to how many messages, and how it ended.

use access::{ActivityAgent, ActivityRow, TakenBack};
use domain::{Door, Timestamp};
use time::macros::format_description;

use super::{
    LONGEST_LABEL, name_of,
    named::{by_another, outcome, words},
};
use crate::{
    frame::{day, encode},
    pages::words::{counted, foreign, size},
};

/// Targets that are shown; the export has all.
const TARGETS: usize = 6;

/// An entry as it is shown.
pub(super) struct Entry {
    pub(super) seq: i64,
    /// `14:05`.
    pub(super) time: String,
    /// For `<time datetime>`.
    pub(super) exact: String,
    /// Who did it.
    pub(super) who: String,
    /// The page of the agent, if it has access still.
    pub(super) page: Option<String>,
    /// Whether it happened on these pages, and was not an agent's doing.
    pub(super) is_by_person: bool,
    /// What was done.
    pub(super) what: String,
    /// Its name.
    pub(super) tool: String,
    /// `3 messages`; empty if it names none.
    pub(super) messages: String,
    pub(super) tone: &'static str,
    pub(super) outcome: String,
    /// `1.2 kB`; empty if there was no answer.
    pub(super) size: String,
    pub(super) door: &'static str,
    pub(super) targets: Vec<String>,
    /// How many more there are.
    pub(super) more: usize,
    /// What takes it back, if that can be done now.
    pub(super) undo: Option<String>,
    /// Until when, in words; empty if that does not end by itself.
    pub(super) until: String,
    /// Who took it back and when.
    pub(super) taken_back: Option<Back>,
}

/// That something was taken back.
pub(super) struct Back {
    /// How far, and by whom.
    pub(super) words: String,
    /// `21 November 2026, 14:05 UTC`.
    pub(super) text: String,
    /// For `<time datetime>`.
    pub(super) exact: String,
}

impl Entry {
    /// The entry, with its agent's name from those there are.
    pub(super) fn of(row: &ActivityRow, agents: &[ActivityAgent]) -> Self {
        let recorded = &row.recorded.row;
        // on the command line a person answers, too
        let is_by_person = recorded.door == Door::Page.as_str() || recorded.tool == "approval";
        let agent = agents.iter().find(|agent| agent.grant == recorded.grant);
        let about = agent.map(name_of).unwrap_or_default();
        let targets: Vec<String> = serde_json::from_str(&recorded.targets).unwrap_or_default();
        let other = if is_by_person { by_another(&recorded.tool, &recorded.outcome, &targets) } else { None };
        let who = if let Some((who, _)) = &other {
            who.clone()
        } else if is_by_person {
            "You".to_owned()
        } else if recorded.client.is_empty() {
            Some(about.clone()).filter(|name| !name.is_empty()).unwrap_or_else(|| "An agent".to_owned())
        } else {
            foreign(&recorded.client, LONGEST_LABEL)
        };
        let mut what = other.map_or_else(|| words(&recorded.tool), |(_, words)| words.to_owned());
        if is_by_person && !about.is_empty() {
            what = format!("{what}: {about}");
        }
        let (tone, outcome) = outcome(&recorded.outcome);
        let messages = match messages(&targets) {
            0 => String::new(),
            count => counted(count, "message"),
        };
        let more = targets.len().saturating_sub(TARGETS);
        Self {
            seq: row.recorded.seq,
            time: clock(recorded.at),
            exact: exact(recorded.at),
            who,
            page: agent
                .filter(|agent| agent.is_live)
                .map(|agent| format!("/agents/{}", encode(agent.grant.as_str()))),
            is_by_person,
            what,
            tool: foreign(&recorded.tool, LONGEST_LABEL),
            messages,
            tone,
            outcome,
            size: recorded.octets.map(size).unwrap_or_default(),
            door: door(&recorded.door),
            targets: targets.iter().take(TARGETS).map(|target| foreign(target, 300)).collect(),
            more,
            undo: row.can_be_undone.map(|_| recorded.undo.clone()),
            until: row.can_be_undone.flatten().map(day).unwrap_or_default(),
            taken_back: row.taken_back.as_ref().map(|back| taken_back(back, agents)),
        }
    }
}

/// Who took it back and when.
fn taken_back(back: &TakenBack, agents: &[ActivityAgent]) -> Back {
    let by = match &back.agent {
        None => "you".to_owned(),
        Some(grant) => {
            let agent = agents.iter().find(|agent| agent.grant == *grant);
            agent.map_or_else(|| "the agent".to_owned(), name_of)
        }
    };
    let how = if back.is_partly { "Taken back in part" } else { "Taken back" };
    Back {
        words: format!("{how} by {by}"),
        text: format!("{}, {} UTC", day(back.at), clock(back.at)),
        exact: exact(back.at),
    }
}

fn door(door: &str) -> &'static str {
    match door {
        "oauth" => "signed in on the consent page",
        "personal" => "personal token",
        "stdio" => "program on the server’s own machine",
        "link" => "link to a file",
        "page" => "these pages",
        _ => "another way in",
    }
}

/// How many messages the targets are, with those that are not named. What was moved has its old id before the handle
/// of the change, and its new one behind it: it is one message.
fn messages(targets: &[String]) -> u64 {
    let more: Option<u64> =
        targets.last().and_then(|last| last.strip_prefix('+')?.strip_suffix(" more")?.parse().ok());
    let parts = targets.split(|target| target.starts_with("chg_"));
    let mut counts: Vec<u64> =
        parts.map(|part| part.iter().filter(|target| is_message(target)).count() as u64).collect();
    if let (Some(last), Some(more)) = (counts.last_mut().filter(|count| **count > 0), more) {
        *last += more;
    }
    counts.into_iter().max().unwrap_or(0)
}

/// `work/@inbox:4711@k2x9`, or a Message-ID.
fn is_message(target: &str) -> bool {
    let named = target.rsplit_once('@').and_then(|(rest, _)| rest.rsplit_once(':'));
    let is_ref = named.is_some_and(|(folder, uid)| {
        folder.contains('/') && !uid.is_empty() && uid.bytes().all(|digit| digit.is_ascii_digit())
    });
    is_ref || (target.starts_with('<') && target.ends_with('>'))
}

fn clock(at: Timestamp) -> String {
    at.format(format_description!("[hour]:[minute]")).unwrap_or_default()
}

/// For `<time datetime>`.
pub(super) fn exact(at: Timestamp) -> String {
    at.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_and_other_ids_are_not() {
        let ids = |ids: &[&str]| messages(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert_eq!(ids(&["work/@inbox:1@a", "work/a/b:2@k2x9", "<x@y>"]), 3);
        assert_eq!(ids(&["chg_1", "work", "a:b@c", "work/@inbox:x@a"]), 0);
        assert_eq!(ids(&["work/@inbox:1@a", "+19900 more"]), 19_901);
        assert_eq!(ids(&["+5 more"]), 0);
        assert_eq!(ids(&["work/@inbox:1@a", "work/@inbox:2@a", "chg_1", "work/x:1@b", "work/x:2@b"]), 2);
        assert_eq!(ids(&["chg_1", "work/x:1@b", "+19900 more"]), 19_901);
    }
}
