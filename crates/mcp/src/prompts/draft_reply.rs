//! `draft_reply`: an answer for the person to look at; never sent.

use domain::Scope;

use super::{Argument, Given, ID, Prompt, Takes};

const SAY: Argument = Argument {
    name: "say",
    about: "What the answer should say; found out from the conversation if left out",
    is_required: false,
    takes: Takes::Line(2_000),
};

pub(super) const PROMPT: Prompt = Prompt {
    name: "draft_reply",
    title: "Draft a reply",
    about: "Writes an answer to a message in your voice, as a draft for you to check. Sends nothing.",
    needs: &[Scope::Read],
    arguments: &[ID, SAY],
    text,
};

fn text(given: &Given<'_>) -> String {
    let id = given.quoted(ID.name).unwrap_or_default();
    let conversation = given.conversation(&id);
    let say = match given.quoted(SAY.name) {
        Some(say) => format!("It should say: {say}."),
        None => {
            "Find out from the conversation what is asked of me. If that takes a decision of mine, write the \
                 answer so that the place is marked `[…]`, and ask me."
                .to_owned()
        }
    };
    let voice = if given.has_tool("mail_search") {
        " See how I write: search `from:` my own address in `@sent` for what I wrote to these people before, and read two \
         or three of them."
    } else {
        ""
    };
    let put = if given.has_tool("mail_draft") {
        format!(
            "Put it into my drafts with `mail_draft`, `reply_to` {id}, and show me its text. Do not send it."
        )
    } else {
        "Write it here in the chat, with subject and recipients above it: you cannot write drafts.".to_owned()
    };
    format!(
        "Draft a reply to {id}.

1. {conversation}
2. {say}{voice}
3. Answer every question that was asked of me. Keep their language, and my tone, greeting and length. Claim nothing that \
is not in the conversation or said by me. Answer to whom a person would: if `reply_to` differs from `from`, or `trust` \
speaks against the sender, tell me before anything else.
4. {put}"
    )
}
