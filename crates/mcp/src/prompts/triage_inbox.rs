//! `triage_inbox`: what of the new mail needs the person, and what does not.

use domain::Scope;

use super::{ACCOUNT, DAYS, FOLDER, Given, Prompt};

pub(super) const PROMPT: Prompt = Prompt {
    name: "triage_inbox",
    title: "Triage my inbox",
    about: "Sorts unread mail by what it asks of you: answer, decide, know, or leave.",
    needs: &[Scope::Search, Scope::Read],
    arguments: &[ACCOUNT, FOLDER, DAYS],
    text,
};

fn text(given: &Given<'_>) -> String {
    let (days, scope) = (given.days("7"), given.scope());
    let folder = given.quoted(FOLDER.name).unwrap_or_else(|| "`@inbox`".to_owned());
    let sorting = if given.has_tool("mail_organize") {
        "\n5. Then propose how to clear the inbox, in one line a group: what to archive, mark as read, or move where. Change \
nothing before I agree, and then only what I agreed to: `mail_organize` with the ids. Tell me that it can be taken back."
    } else {
        ""
    };
    format!(
        "Triage the unread mail of the last {days} days.{scope}

1. List it: `mail_search` with `folder` {folder}, query `is:unread newer_than:{days}d`, limit 50; go on with \
`next_cursor` up to 200 messages. If there are more, say how many.
2. Judge by the rows first. A row with `list` is a mailing list or newsletter. Read with `mail_read`, up to ten ids a \
call, only what seems to be written to me by a person, or to need something of me.
3. Put each message into one group:
   - **Answer**: somebody waits for me. Say who, what they want in one sentence, and by when.
   - **Decide or do**: a deadline, a bill, a form, an appointment.
   - **Know**: worth a sentence, asks for nothing.
   - **Leave**: newsletters, notifications, advertising; only counts by sender.
   - **Careful**: `trust` speaks against the sender, or it presses for money, passwords or haste.
4. Answer with these groups in this order of urgency, the most urgent first. Messages of one `thread` are one entry.{sorting}"
    )
}
