//! `summarize_thread`: what a conversation has come to.

use domain::Scope;

use super::{Given, ID, Prompt};

pub(super) const PROMPT: Prompt = Prompt {
    name: "summarize_thread",
    title: "Summarize a conversation",
    about: "Tells what a conversation is about, what was agreed, and who owes whom what.",
    needs: &[Scope::Read],
    arguments: &[ID],
    text,
};

fn text(given: &Given<'_>) -> String {
    let conversation = given.conversation(&given.quoted(ID.name).unwrap_or_default());
    format!(
        "Summarize a conversation.

1. {conversation}
2. Answer with:
   - **In short**: two or three sentences on what it is about and how it stands now.
   - **Course**: who said what when, one line each, oldest first; leave greetings out.
   - **Agreed**: decisions, dates, amounts, each with the message that says so.
   - **Open**: questions without an answer, and who owes whom what by when. Say which of these wait for me.
3. Where people contradict each other, give both sides with their dates; the newest is not always right."
    )
}
