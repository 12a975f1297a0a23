//! `weekly_digest`: what a week of mail was about.

use domain::Scope;

use super::{ACCOUNT, DAYS, FOLDER, Given, Prompt};

pub(super) const PROMPT: Prompt = Prompt {
    name: "weekly_digest",
    title: "Digest of the week",
    about: "Sums up the mail of the last days by subject: what happened, what is due, what can wait.",
    needs: &[Scope::Search, Scope::Read],
    arguments: &[ACCOUNT, FOLDER, DAYS],
    text,
};

fn text(given: &Given<'_>) -> String {
    let (days, scope) = (given.days("7"), given.scope());
    format!(
        "Write a digest of the mail of the last {days} days.{scope}

1. List it: `mail_search` with query `newer_than:{days}d`, limit 100, further pages with `next_cursor` up to 500 \
messages. Search `@sent` as well, if no other folder is meant, so that you see what I answered already.
2. Group the rows by conversation (`thread`) and by what they are about. Read with `mail_read` the newest message of \
each conversation that people took part in, up to ten ids a call and at most 40; of newsletters and notifications the \
subjects are enough.
3. Answer on one page:
   - **The week in three sentences.**
   - **By topic**: what happened and how it stands, the most important first, each with its ids.
   - **Due**: dates and deadlines, with the day.
   - **Waiting**: who waits for me, for whom I wait.
   - **Newsletters and notifications**: one line for each sender that had something worth knowing; the others as a count."
    )
}
