//! An entry of the trail in words: who did what to how many messages, and how it ended.

use access::{ActivityAgent, ActivityRow, TakenBack};
use domain::{Door, Timestamp};
use time::macros::format_description;

use super::{LONGEST_LABEL, name_of};
use crate::{
    frame::{day, encode},
    pages::words::{counted, foreign},
};

/// Targets that are shown; the export has all.
const TARGETS: usize = 6;

/// What the tools of agents do.
const TOOLS: &[(&str, &str)] = &[
    ("mail_accounts", "looked at the list of mailboxes"),
    ("mail_folders", "listed folders"),
    ("mail_search", "searched mail"),
    ("mail_read", "read mail"),
    ("mail_thread", "read a conversation"),
    ("mail_attachment", "opened an attachment"),
    ("mail_changes", "looked for new mail"),
    ("mail_people", "looked up people"),
    ("mail_draft", "wrote a draft"),
    ("mail_send", "sent mail"),
    ("mail_organize", "sorted mail"),
    ("mail_delete", "deleted mail for good"),
    ("mail_folder", "changed folders"),
    ("mail_undo", "took something back"),
    ("mail_invite", "read an invitation"),
    ("mail_invite_reply", "answered an invitation"),
    ("files", "downloaded a file"),
    ("upload", "handed over a file"),
];

/// What people do here, and what happens by itself.
const ACTS: &[(&str, &str)] = &[
    ("sign_in", "signed in"),
    ("sign_out", "signed out"),
    ("sessions_end", "signed out other browsers"),
    ("prove", "proved who you are"),
    ("password_change", "changed your password"),
    ("approval", "answered a message that waited"),
    ("consent", "answered an agent that asked to come in"),
    ("agent_change", "changed what an agent may do"),
    ("agent_pause", "paused an agent, or let it go on"),
    ("agent_revoke", "ended an agent’s access"),
    ("undo", "took something back"),
    ("activity_delete", "deleted entries of this page"),
    ("user_disable", "disabled a person"),
    ("user_enable", "let a person in again"),
    ("sign_up", "joined this server"),
    ("invitation", "invited a person"),
    ("invitation_withdraw", "withdrew an invitation"),
    ("reset", "made a link for a new password"),
    ("token_reuse", "a spent token of an agent was used again"),
];

/// Words for how something ended: in which colour, and what people read.
const OUTCOMES: &[(&str, &str, &str)] = &[
    ("ok", "ok", "worked"),
    ("approved", "ok", "approved"),
    ("given", "ok", "let in"),
    ("changed", "ok", "changed"),
    ("resumed", "ok", "goes on"),
    ("paused", "neutral", "paused"),
    ("denied", "neutral", "denied"),
    ("refused", "neutral", "refused"),
    ("asked", "warn", "asked you"),
    ("partly", "warn", "in part"),
    ("cancelled", "neutral", "cancelled"),
    ("revoked", "warn", "access ended meanwhile"),
    ("failed", "bad", "failed"),
    ("wrong", "warn", "wrong"),
    ("bad_cursor", "bad", "wrong page"),
    ("bad_state", "bad", "wrong answer"),
    ("invalid_input", "bad", "not understood"),
    ("bad_query", "bad", "not understood"),
    ("not_found", "bad", "not found"),
    ("folder_not_found", "bad", "folder not found"),
    ("stale_id", "bad", "moved or gone"),
    ("scope_missing", "bad", "not allowed"),
    ("outside_grant", "bad", "not allowed"),
    ("recipient_not_allowed", "bad", "recipient not allowed"),
    ("rate_limited", "bad", "too many calls"),
    ("account_auth_failed", "bad", "mailbox sign-in failed"),
    ("account_unreachable", "bad", "mailbox unreachable"),
    ("timeout", "bad", "took too long"),
    ("internal", "bad", "fault of ours"),
];

/// The tools and acts that can be chosen, with their words.
pub(super) fn choices() -> Vec<(&'static str, &'static str)> {
    TOOLS.iter().chain(ACTS).copied().collect()
}

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
    /// Whether the person did it here.
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
    /// Who took it back and when, in words.
    pub(super) taken_back: Option<String>,
}

impl Entry {
    /// The entry, with its agent's name from those there are.
    pub(super) fn of(row: &ActivityRow, agents: &[ActivityAgent]) -> Self {
        let recorded = &row.recorded.row;
        // on the command line a person answers, too
        let is_by_person = recorded.door == Door::Page.as_str() || recorded.tool == "approval";
        let agent = agents.iter().find(|agent| agent.grant == recorded.grant);
        let about = agent.map(name_of).unwrap_or_default();
        let who = if is_by_person {
            "You".to_owned()
        } else if recorded.client.is_empty() {
            Some(about.clone()).filter(|name| !name.is_empty()).unwrap_or_else(|| "An agent".to_owned())
        } else {
            foreign(&recorded.client, LONGEST_LABEL)
        };
        let mut what = words(&recorded.tool);
        if is_by_person && !about.is_empty() {
            what = format!("{what}: {about}");
        }
        let (tone, outcome) = outcome(&recorded.outcome);
        let targets: Vec<String> = serde_json::from_str(&recorded.targets).unwrap_or_default();
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
fn taken_back(back: &TakenBack, agents: &[ActivityAgent]) -> String {
    let by = match &back.agent {
        None => "you".to_owned(),
        Some(grant) => {
            let agent = agents.iter().find(|agent| agent.grant == *grant);
            agent.map_or_else(|| "the agent".to_owned(), name_of)
        }
    };
    let how = if back.is_partly { "Taken back in part" } else { "Taken back" };
    format!("{how} by {by}, {} {} UTC", day(back.at), clock(back.at))
}

/// What a tool does, in words; one that is not known by its name.
fn words(tool: &str) -> String {
    let known = TOOLS.iter().chain(ACTS).find(|(name, _)| *name == tool);
    known.map_or_else(|| foreign(&tool.replace('_', " "), LONGEST_LABEL), |(_, words)| (*words).to_owned())
}

fn outcome(word: &str) -> (&'static str, String) {
    let known = OUTCOMES.iter().find(|(name, ..)| *name == word);
    known.map_or_else(
        || ("bad", foreign(&word.replace('_', " "), LONGEST_LABEL)),
        |(_, tone, words)| (*tone, (*words).to_owned()),
    )
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

/// `740 bytes`, `1.2 kB`, `3.4 MB`.
fn size(octets: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = octets.saturating_mul(10) / unit;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match octets {
        0..1_000 => counted(octets, "byte"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

fn clock(at: Timestamp) -> String {
    at.format(format_description!("[hour]:[minute]")).unwrap_or_default()
}

fn exact(at: Timestamp) -> String {
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

    #[test]
    fn sizes_and_ends_are_told_as_people_read_them() {
        assert_eq!(
            [size(1), size(999), size(1_250), size(3_449_000)],
            ["1 byte", "999 bytes", "1.2 kB", "3.4 MB"]
        );
        assert_eq!(outcome("rate_limited"), ("bad", "too many calls".to_owned()));
        assert_eq!(outcome("tls_failed"), ("bad", "tls failed".to_owned()));
        assert_eq!(words("mail_read"), "read mail");
        assert_eq!(words("passkey_add"), "passkey add");
    }
}
