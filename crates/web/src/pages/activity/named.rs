//! What entries of the trail are called in words: what was done, by whom if it was not the person, how it ended. A
//! test holds them against everything that is recorded.

use super::LONGEST_LABEL;
use crate::pages::words::foreign;

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
    ("mail_send", "asked to send mail"),
    ("mail_organize", "sorted mail"),
    ("mail_delete", "deleted mail for good"),
    ("mail_folder", "changed folders"),
    ("mail_undo", "took something back"),
    ("mail_invite", "read an invitation"),
    ("mail_invite_reply", "asked to answer an invitation"),
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
    ("user_remove", "deleted a person"),
    ("admin_make", "made a person an administrator"),
    ("admin_unmake", "took a person’s role of administrator away"),
    ("sign_up", "joined this server"),
    ("invitation_accept", "joined this server by an invitation"),
    ("reset_accept", "set another password by a link"),
    ("invitation", "invited a person"),
    ("invitation_withdraw", "withdrew an invitation"),
    ("reset", "made a link for a new password"),
    ("token_reuse", "used a spent token again, and was signed out"),
    ("passkey_add", "added a passkey"),
    ("passkey_rename", "renamed a passkey"),
    ("passkey_remove", "removed a passkey"),
    ("passkey_copied", "tried a passkey of yours that may be a copy"),
    ("codes_on", "set up one-time codes"),
    ("codes_off", "ended one-time codes"),
    ("recovery_new", "made other recovery codes"),
    ("provider", "asked your other provider who you are"),
    ("identity_add", "added another provider to sign in with"),
    ("identity_remove", "removed another provider to sign in with"),
    ("export", "downloaded your data"),
    ("wishes_set", "changed how long things are kept"),
    ("outbox_cancel", "took a message back before it left"),
    ("outbox_now", "had a message sent at once"),
    ("outbox_look", "had a message looked for in Sent"),
    ("outbox_settle", "said what became of a message"),
    ("outbox_again", "had a message sent again"),
    ("outbox_copy", "had a copy of a message put into Sent"),
    ("outbox_forget", "removed a message from the outbox"),
];

/// What somebody else did about the person, who is named by a target `by:NAME`.
const BY_OTHERS: &[(&str, &str)] = &[
    ("user_disable", "shut you out"),
    ("user_enable", "let you in again"),
    ("admin_make", "made you an administrator"),
    ("admin_unmake", "took your role of administrator away"),
    ("reset", "made a link that sets your password"),
    ("codes_off", "ended your one-time codes"),
];

/// What came to nothing may have been tried by anybody.
const TRIED: &[(&str, &str)] = &[
    ("sign_in", "tried to sign in"),
    ("prove", "tried to prove to be you"),
    ("password_change", "tried to change your password"),
    ("passkey_copied", "tried a passkey of yours that may be a copy"),
];

/// Words for how something ended: in which colour, and what people read.
const OUTCOMES: &[(&str, &str, &str)] = &[
    ("ok", "ok", "worked"),
    ("sent", "ok", "sent"),
    ("waiting", "warn", "needed your yes"),
    ("scheduled", "neutral", "for later"),
    ("sending", "neutral", "was on its way"),
    ("expired", "warn", "not answered in time"),
    ("planned", "neutral", "only planned"),
    ("taken_back", "neutral", "taken back"),
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
    ("stale_cursor", "bad", "moved or gone"),
    ("too_many", "bad", "too many"),
    ("too_large", "bad", "too large"),
    ("tls_failed", "bad", "connection not secure"),
    ("server_refused", "bad", "mail server refused"),
    ("not_supported", "bad", "cannot be done"),
    ("conflict", "bad", "changed meanwhile"),
    ("late", "warn", "too late"),
    ("too_late", "warn", "too late"),
    ("decided_before", "warn", "answered before"),
    ("wrong_code", "warn", "wrong code"),
    ("used_code", "warn", "code used before"),
    ("code_of_another_time", "warn", "clock is wrong"),
    ("code_reused", "bad", "code used twice"),
    ("refresh_reused", "bad", "token used twice"),
    ("no_provider", "bad", "no such provider"),
    ("not_begun", "warn", "begun elsewhere"),
    ("declined", "neutral", "declined"),
    ("unreachable", "bad", "provider unreachable"),
    ("untrusted", "bad", "answer not trusted"),
    ("no_time", "warn", "provider does not say when"),
    ("not_fresh", "warn", "signed in too long ago"),
    ("not_yours", "bad", "not your account"),
    ("unknown", "warn", "unknown"),
    ("taken", "warn", "somebody else’s"),
    ("disabled", "bad", "shut out"),
    ("unavailable", "bad", "not checked"),
];

/// The tools and acts that can be chosen, with their words.
pub(super) fn choices() -> Vec<(&'static str, &'static str)> {
    TOOLS.iter().chain(ACTS).copied().collect()
}

/// Who it was and what they did, if it was not, or need not have been, the person whose trail it is.
pub(super) fn by_another(tool: &str, outcome: &str, targets: &[String]) -> Option<(String, &'static str)> {
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(name, _)| *name == tool).map(|(_, words)| *words)
    };
    if let Some(words) = find(BY_OTHERS)
        && let Some(name) = targets.last().and_then(|target| target.strip_prefix("by:"))
    {
        let who = if name.is_empty() { "The operator".to_owned() } else { foreign(name, LONGEST_LABEL) };
        return Some((who, words));
    }
    if outcome == "ok" {
        return None;
    }
    find(TRIED).map(|words| ("Somebody".to_owned(), words))
}

/// What a tool does, in words; one that is not known by its name.
pub(super) fn words(tool: &str) -> String {
    let known = TOOLS.iter().chain(ACTS).find(|(name, _)| *name == tool);
    known.map_or_else(|| foreign(&tool.replace('_', " "), LONGEST_LABEL), |(_, words)| (*words).to_owned())
}

/// How it ended: in which colour, and in words.
pub(super) fn outcome(word: &str) -> (&'static str, String) {
    let known = OUTCOMES.iter().find(|(name, ..)| *name == word);
    known.map_or_else(
        || ("bad", foreign(&word.replace('_', " "), LONGEST_LABEL)),
        |(_, tone, words)| (*tone, (*words).to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_as_people_read_them() {
        assert_eq!(outcome("rate_limited"), ("bad", "too many calls".to_owned()));
        assert_eq!(outcome("of_tomorrow"), ("bad", "of tomorrow".to_owned()));
        assert_eq!(words("mail_read"), "read mail");
        assert_eq!(words("of_tomorrow"), "of tomorrow");
    }

    #[test]
    fn what_others_did_or_tried_is_not_told_as_the_persons_own() {
        let told = |tool, outcome, targets: &[&str]| {
            let targets: Vec<String> = targets.iter().map(|target| (*target).to_owned()).collect();
            by_another(tool, outcome, &targets).map(|(who, words)| format!("{who} {words}"))
        };
        let tell = |words: &str| Some(words.to_owned());
        assert_eq!(told("user_disable", "ok", &["by:ann"]), tell("ann shut you out"));
        assert_eq!(told("user_disable", "ok", &["bob"]), None);
        assert_eq!(
            told("reset", "ok", &["inv_1", "by:"]),
            tell("The operator made a link that sets your password")
        );
        assert_eq!(told("sign_in", "wrong", &["Firefox", "::1"]), tell("Somebody tried to sign in"));
        assert_eq!(told("sign_in", "ok", &["by:ann"]), None);
        assert_eq!(told("approval", "approved", &["apr_1", "by:page"]), None);
    }

    /// The words in quotes of every place in the sources that records something, up to where it is awaited.
    fn recorded(folder: &std::path::Path, words: &mut Vec<String>) {
        const MARKS: &[&str] = &[
            ".record_page(",
            ".record_under(",
            ".record_for_both(",
            ".record_made(",
            ".record_refusal(",
            ".let_in(\"",
            "let what = if",
            "Act::begin(",
            "const TOOL: &str",
            "const DELETE: &str",
        ];
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                recorded(&path, words);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
            for mark in MARKS {
                for (at, _) in source.match_indices(mark) {
                    let call = source[at..].split_inclusive([';']).next().unwrap();
                    let call = call.split(".await").next().unwrap();
                    let quoted = call.split('"').skip(1).step_by(2);
                    let is_word = |word: &&str| {
                        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                    };
                    words.extend(quoted.filter(is_word).map(str::to_owned));
                }
            }
        }
    }

    #[test]
    fn everything_that_is_recorded_and_every_code_of_a_problem_has_words() {
        let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        for folder in ["../access/src", "src/pages/outbox"] {
            recorded(&sources.join(folder), &mut found);
        }
        assert!(found.len() > 40, "{found:?}");
        let has = |table: &[(&str, &str)], word: &str| table.iter().any(|(name, _)| *name == word);
        let has_outcome = |word: &str| OUTCOMES.iter().any(|(name, ..)| *name == word);
        found.retain(|word| !has(ACTS, word) && !has(TOOLS, word) && !has_outcome(word));
        assert!(found.is_empty(), "no words for {found:?}");
        for code in domain::Code::ALL {
            assert!(has_outcome(code.as_str()), "no words for {code}");
        }
        for (tool, _) in BY_OTHERS.iter().chain(TRIED) {
            assert!(has(ACTS, tool), "{tool}");
        }
    }
}
