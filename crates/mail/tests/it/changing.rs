//! Changing messages that are there: flags, labels, and where they are. Scripted servers where no real one
//! behaves so, and the real ones.

mod flags;
mod losing;
mod moving;
mod servers;

/// The answer to a SELECT.
fn selected(tag: &str, rest: &str) -> String {
    format!(
        "S: * 9 EXISTS\nS: * OK [UIDVALIDITY 7] valid\nS: * OK [UIDNEXT 1000] next\n{rest}S: {{{tag}}} OK [READ-WRITE] opened\n"
    )
}

fn select(mailbox: &str) -> String {
    format!("C: {{x}} SELECT {mailbox}\n") + &selected("x", "")
}

/// How the message with that UID is, as it is asked before a change.
fn row(uid: u32, flags: &str, more: &str) -> String {
    format!(
        "S: * {uid} FETCH (UID {uid} FLAGS ({flags}) INTERNALDATE \"01-Nov-2026 10:00:00 +0000\" RFC822.SIZE 100 \
         BODY[HEADER.FIELDS (MESSAGE-ID)] \"Message-ID: <{uid}@x.org>\"{more})\n"
    )
}
