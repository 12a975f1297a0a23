//! `follow_ups`: who has not answered the person, and whom the person has not answered.

use domain::Scope;

use super::{ACCOUNT, Argument, DAYS, Given, Prompt, Takes};

const KEYWORD: Argument = Argument {
    name: "keyword",
    about: "Only conversations with a message that bears this keyword, such as `$FollowUp`",
    is_required: false,
    takes: Takes::Line(100),
};

pub(super) const PROMPT: Prompt = Prompt {
    name: "follow_ups",
    title: "Find what is waiting",
    about: "Finds who has not answered you, and whom you have not answered.",
    needs: &[Scope::Search, Scope::Read],
    arguments: &[ACCOUNT, DAYS, KEYWORD],
    text,
};

fn text(given: &Given<'_>) -> String {
    let (days, scope) = (given.days("14"), given.scope());
    let keyword = given.quoted(KEYWORD.name).map_or_else(String::new, |keyword| {
        format!(" Keep only conversations with a message that bears the keyword {keyword} (`keyword:` in a query).")
    });
    format!(
        "Find the conversations of the last {days} days in which somebody waits for an answer.{scope}{keyword}

1. What I sent: `mail_search` with `folder` `@sent`, query `newer_than:{days}d`, limit 100, further pages up to 300 \
messages. Take the newest of each `thread`.
2. What I got: the same with `folder` `@inbox`, query `newer_than:{days}d -is:answered`. Leave out rows with `list`, and \
senders that no person reads.
3. A conversation **waits for others** if its newest message is mine, is older than two days, and asks something. It \
**waits for me** if its newest message is somebody else's and asks me something. To see which is newest, search for the \
subject in all folders. Read the last message with `mail_read`, up to ten ids a call, before you say that it asks.
4. Answer with two lists, the longest wait first: who, since when (days), what is open in one sentence, the id. For those \
that wait for others, propose one line to remind them with; write and send nothing."
    )
}
