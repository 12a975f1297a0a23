//! What became of the draft since it was frozen: the person may have changed it, or the agent.

use std::time::Duration;

use domain::{Address, Code, Principal, Problem, reading::Attachment};
use storage::Outgoing;
use tokio::time::timeout;

use super::{Letter, Line, difference};
use crate::Engine;

/// How long the draft is looked for: the page waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(4);

/// How the draft stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftNow {
    /// It is as it was frozen.
    Same,
    /// It was saved again, and nothing that is compared differs: of files, what they are called and how large they are.
    SavedAgain,
    /// It is there no more.
    Gone,
    /// It says something else now. What leaves is the message, not the draft.
    Changed(Vec<Change>),
    /// It could not be looked at.
    Unseen,
}

/// Something of a draft that is other than in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is: `To`, `Subject`, `Text`, `Files` and the like.
    pub what: &'static str,
    /// The lines of the message that are gone from the draft, and those that are new in it.
    pub lines: Vec<Line>,
}

impl Engine {
    /// How the draft stands that the message was made of; nothing if it was made of none.
    pub async fn draft_now(
        &self,
        person: &Principal,
        message: &Outgoing,
        letter: &Letter,
    ) -> Option<DraftNow> {
        let draft = message.frozen.draft.as_ref()?;
        let looking = async {
            let held = match self.find_draft(person, draft, Some(message.account_name.as_str())).await {
                Ok(held) => held,
                Err(problem) if problem.code == Code::NotFound => return Ok(DraftNow::Gone),
                Err(problem) => return Err(problem),
            };
            if message.frozen.draft_version.as_deref() == Some(&*held.version()) {
                return Ok(DraftNow::Same);
            }
            let words = self.words_of(&held).await?;
            let changes = words.changes(letter);
            Ok(if changes.is_empty() { DraftNow::SavedAgain } else { DraftNow::Changed(changes) })
        };
        let looked: Result<DraftNow, Problem> =
            timeout(PATIENCE, looking).await.unwrap_or(Ok(DraftNow::Unseen));
        Some(looked.unwrap_or(DraftNow::Unseen))
    }
}

/// What a draft says, as far as it is compared.
pub(crate) struct Words {
    pub(crate) to: Vec<Address>,
    pub(crate) cc: Vec<Address>,
    pub(crate) bcc: Vec<Address>,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) files: Vec<Attachment>,
}

/// Files, one a line. Those that `others` has too have the size that is known there: sizes are made from encoded
/// ones, which programs part into lines of other lengths.
fn named(files: &[Attachment], others: &[Attachment]) -> String {
    let is_same = |one: &Attachment, other: &Attachment| {
        let apart = one.size.abs_diff(other.size);
        (&one.name, &one.media_type) == (&other.name, &other.media_type) && apart <= other.size / 32 + 2
    };
    let size = |one: &Attachment| {
        let same = others.iter().filter(|other| is_same(one, other));
        same.min_by_key(|other| other.size.abs_diff(one.size)).unwrap_or(one).size
    };
    let lines = files.iter().map(|one| format!("{} ({}, {} bytes)", one.name, one.media_type, size(one)));
    lines.collect::<Vec<_>>().join("\n")
}

impl Words {
    fn changes(&self, letter: &Letter) -> Vec<Change> {
        let of_field = |field: &str| {
            let those = letter.recipients.iter().filter(|it| it.field == Some(field));
            those.map(|it| it.address.as_str()).collect::<Vec<_>>().join("\n")
        };
        let addresses =
            |list: &[Address]| list.iter().map(|it| it.email.as_str()).collect::<Vec<_>>().join("\n");
        let compared = [
            ("To", of_field("to"), addresses(&self.to)),
            ("Cc", of_field("cc"), addresses(&self.cc)),
            ("Bcc", of_field("bcc"), addresses(&self.bcc)),
            ("Subject", letter.subject.clone(), self.subject.clone()),
            ("Files", named(&letter.files, &[]), named(&self.files, &letter.files)),
            ("Text", letter.text.trim_end().to_owned(), self.text.trim_end().to_owned()),
        ];
        let changes = compared
            .into_iter()
            .map(|(what, then, now)| Change { what, lines: difference::lines(&then, &now) });
        changes.filter(|change| !change.lines.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, size: u64) -> Attachment {
        Attachment {
            index: 1,
            path: domain::PartPath::default(),
            name: name.to_owned(),
            media_type: "application/pdf".to_owned(),
            size,
            is_inline: false,
        }
    }

    #[test]
    fn a_file_that_is_only_parted_otherwise_is_the_same_and_another_of_its_name_is_not() {
        let sent = [file("a.pdf", 100_000), file("b.pdf", 10)];
        let then = named(&sent, &[]);
        assert_eq!(named(&[file("a.pdf", 100_300), file("b.pdf", 11)], &sent), then);
        let pages = [file("scan.pdf", 100_000), file("scan.pdf", 101_000)];
        assert_eq!(named(&pages, &pages), named(&pages, &[]), "each of two of one name is itself");
        for other in
            [[file("a.pdf", 110_000), file("b.pdf", 10)], [file("a.pdf", 100_000), file("c.pdf", 10)]]
        {
            assert_ne!(named(&other, &sent), then);
        }
        assert_eq!(then, "a.pdf (application/pdf, 100000 bytes)\nb.pdf (application/pdf, 10 bytes)");
    }
}
