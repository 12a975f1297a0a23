//! Whether a message matches a query, as far as can be told from what is known of it.

use domain::{
    Address, Flag, FolderArg, Summary,
    query::{Expr, Field, State, Term},
};

use super::Candidate;

/// What stands before the name of a label that is Gmail's own: `\Inbox`.
pub(super) const LABEL_MARK: char = '\\';

/// Whether the candidate matches; nothing where that hangs on something the candidate does not tell.
///
/// Texts are compared by the lower case of each character; nothing else is folded.
pub fn matches(expr: &Expr, candidate: &Candidate<'_>) -> Option<bool> {
    match expr {
        Expr::And(parts) => decide(parts, candidate, false),
        Expr::Or(parts) => decide(parts, candidate, true),
        Expr::Not(inner) => matches(inner, candidate).map(|found| !found),
        Expr::Term(term) => term_matches(term, candidate),
    }
}

/// `decisive` is the answer of one part that settles it for all.
fn decide(parts: &[Expr], candidate: &Candidate<'_>, decisive: bool) -> Option<bool> {
    let mut answer = Some(!decisive);
    for part in parts {
        match matches(part, candidate) {
            Some(found) if found == decisive => return Some(decisive),
            Some(_) => {}
            None => answer = None,
        }
    }
    answer
}

fn term_matches(term: &Term, candidate: &Candidate<'_>) -> Option<bool> {
    let summary = candidate.summary;
    let day = || summary.received.to_offset(candidate.zone).date();
    Some(match term {
        Term::Text(field, text) => return text_matches(*field, text, candidate),
        Term::Account(name) => candidate.account == name,
        Term::Folder(FolderArg::All) => true,
        Term::Folder(FolderArg::Role(role)) => candidate.role == Some(*role),
        Term::Folder(FolderArg::Name(name)) => candidate.folder_names.contains(name),
        Term::Label(name) | Term::Keyword(name) => bears(name, candidate),
        Term::MessageId(id) => {
            summary.envelope.message_id.as_deref().is_some_and(|found| fold(found).contains(&fold(id)))
        }
        Term::Answers(id) => summary.answered().any(|found| found == id),
        Term::Thread(id) => summary.server_thread().as_ref() == Some(id),
        Term::HasAttachment => candidate.attachments?.iter().any(|attachment| !attachment.is_inline),
        Term::Is(state) => is(summary, *state),
        Term::After(moment) => day() >= moment.day,
        Term::Before(moment) => day() < moment.day,
        Term::On(period) => period.contains(day()),
        Term::Larger(size) => summary.size > *size,
        Term::Smaller(size) => summary.size < *size,
    })
}

fn is(summary: &Summary, state: State) -> bool {
    match state {
        State::Unread => !summary.has(&Flag::Seen),
        State::Read => summary.has(&Flag::Seen),
        State::Starred => summary.has(&Flag::Flagged),
        State::Answered => summary.has(&Flag::Answered),
        State::Draft => summary.has(&Flag::Draft),
    }
}

/// Keyword or label. In a folder that shows a label, Gmail does not list that label.
fn bears(name: &str, candidate: &Candidate<'_>) -> bool {
    let wanted = fold(name);
    let is_keyword = |flag: &Flag| matches!(flag, Flag::Keyword(keyword) if fold(keyword) == wanted);
    let bare = wanted.strip_prefix(LABEL_MARK).unwrap_or(&wanted);
    let is_label = |label: &str| {
        let label = fold(label);
        label.strip_prefix(LABEL_MARK).unwrap_or(&label) == bare
    };
    candidate.summary.flags.iter().any(is_keyword)
        || candidate.summary.gmail.as_ref().is_some_and(|gmail| {
            gmail.labels.iter().any(|label| is_label(label))
                || candidate.folder_names.iter().any(|folder| is_label(folder.as_str()))
        })
}

fn text_matches(field: Field, text: &str, candidate: &Candidate<'_>) -> Option<bool> {
    let text = fold(text);
    let envelope = &candidate.summary.envelope;
    let holds = |found: &str| fold(found).contains(&text);
    let names = |addresses: &[Address]| {
        addresses
            .iter()
            .any(|address| holds(&address.name) || holds(&address.email) || holds(&address.to_string()))
    };
    Some(match field {
        Field::From => names(&envelope.from),
        Field::To => names(&envelope.to),
        Field::Cc => names(&envelope.cc),
        Field::Bcc => names(&envelope.bcc),
        Field::Subject => holds(&envelope.subject),
        Field::List => candidate.summary.list_id.as_deref().is_some_and(holds),
        Field::Body => holds(candidate.body?),
        Field::FileName => candidate.attachments?.iter().any(|attachment| holds(&attachment.name)),
        Field::Any => {
            let is_in_header = holds(&envelope.subject)
                || [&envelope.from, &envelope.to, &envelope.cc, &envelope.bcc]
                    .into_iter()
                    .any(|list| names(list));
            is_in_header || holds(candidate.body?)
        }
    })
}

/// Each character in lower case by itself, so that the fold of a piece is a piece of the fold.
pub(super) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).collect()
}
