//! The operators: their names, what their values may be, and which one somebody probably meant.

use time::Date;

use super::{Age, Expr, Field, Moment, Period, State, Term};
use crate::{AccountName, FolderArg};

macro_rules! operators {
    ($($variant:ident $name:literal $example:literal;)*) => {
        /// What can stand before a colon.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Operator { $($variant),* }

        impl Operator {
            /// Every operator, in the order of the documentation.
            pub(super) const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name without the colon.
            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// One right use.
            pub(super) fn example(self) -> &'static str {
                match self { $(Self::$variant => $example),* }
            }
        }
    };
}

operators! {
    From "from" "from:ann@example.org";
    To "to" "to:ann@example.org";
    Cc "cc" "cc:ann@example.org";
    Bcc "bcc" "bcc:ann@example.org";
    Subject "subject" "subject:\"two words\"";
    Body "body" "body:invoice";
    FileName "filename" "filename:report.pdf";
    List "list" "list:users.example.org";
    Account "account" "account:work";
    In "in" "in:@sent";
    Label "label" "label:travel";
    Has "has" "has:attachment";
    Is "is" "is:unread";
    After "after" "after:2026-11-21";
    Before "before" "before:2026-11-21";
    On "on" "on:2026-11-21";
    NewerThan "newer_than" "newer_than:7d";
    OlderThan "older_than" "older_than:3m";
    Larger "larger" "larger:2M";
    Smaller "smaller" "smaller:500k";
    Keyword "keyword" "keyword:$Forwarded";
    Id "id" "id:<abc@example.org>";
}

const STATES: &[(&str, State)] = &[
    ("unread", State::Unread),
    ("read", State::Read),
    ("starred", State::Starred),
    ("answered", State::Answered),
    ("draft", State::Draft),
];

/// Names from elsewhere, and ours for the same.
const FOREIGN: &[(&str, Operator)] = &[
    ("sender", Operator::From),
    ("recipient", Operator::To),
    ("title", Operator::Subject),
    ("text", Operator::Body),
    ("content", Operator::Body),
    ("attachment", Operator::FileName),
    ("file", Operator::FileName),
    ("list-id", Operator::List),
    ("folder", Operator::In),
    ("mailbox", Operator::In),
    ("tag", Operator::Label),
    ("category", Operator::Label),
    ("flag", Operator::Is),
    ("since", Operator::After),
    ("until", Operator::Before),
    ("newer", Operator::After),
    ("older", Operator::Before),
    ("date", Operator::On),
    ("size", Operator::Larger),
    ("larger_than", Operator::Larger),
    ("smaller_than", Operator::Smaller),
    ("rfc822msgid", Operator::Id),
    ("message-id", Operator::Id),
    ("msgid", Operator::Id),
];

impl Operator {
    /// The operator of that name, in any case.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operator| operator.name().eq_ignore_ascii_case(name))
    }

    /// The one that somebody who wrote `name` most likely meant.
    pub(super) fn nearest(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if let Some((_, operator)) = FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
            return Some(*operator);
        }
        let scored =
            Self::ALL.iter().map(|operator| (crate::nearest::distance(&name, operator.name()), *operator));
        let (distance, operator) = scored.min_by_key(|(distance, _)| *distance)?;
        let allowed = if name.len() <= 3 { 1 } else { 2 };
        (distance <= allowed).then_some(operator)
    }

    /// Every operator with its colon.
    pub(super) fn list() -> String {
        let names: Vec<String> = Self::ALL.iter().map(|operator| format!("{}:", operator.name())).collect();
        names.join(" ")
    }

    /// The condition of this operator with that value, which is not blank; else what would be right.
    pub(super) fn term(self, value: &str, today: Date) -> Result<Expr, String> {
        let text = |field| Ok(Term::Text(field, value.to_owned()));
        let period =
            || Period::read(value).ok_or_else(|| self.wants("a date like 2026-11-21, 2026-11 or 2026"));
        let day = || period().map(|period| Moment { day: period.first, age: None });
        let age = || {
            let age =
                Age::read(value).ok_or_else(|| self.wants("a number of days, weeks, months or years"))?;
            let day =
                age.before(today).ok_or_else(|| self.wants("an age within this century or the last"))?;
            Ok::<_, String>(Moment { day, age: Some(age) })
        };
        let size = || read_size(value).ok_or_else(|| self.wants("octets, with k, M or G for more"));
        let term = match self {
            Self::From => text(Field::From),
            Self::To => text(Field::To),
            Self::Cc => text(Field::Cc),
            Self::Bcc => text(Field::Bcc),
            Self::Subject => text(Field::Subject),
            Self::Body => text(Field::Body),
            Self::FileName => text(Field::FileName),
            Self::List => {
                let id = value.trim().trim_start_matches('<').trim_end_matches('>');
                let is_id = !id.trim().is_empty();
                if is_id { Ok(Term::Text(Field::List, id.to_owned())) } else { Err(self.wants("a List-Id")) }
            }
            Self::Account => {
                let name = value.trim().to_ascii_lowercase().parse::<AccountName>();
                name.map(Term::Account).map_err(|_| self.wants("the name of an account"))
            }
            Self::In => Ok(Term::Folder(FolderArg::parse(value))),
            Self::Label => Ok(Term::Label(value.to_owned())),
            Self::Keyword => Ok(Term::Keyword(value.to_owned())),
            Self::Id => {
                let inner = value.trim();
                let inner = inner.strip_prefix('<').unwrap_or(inner);
                let inner = inner.strip_suffix('>').unwrap_or(inner);
                let is_id = !inner.is_empty() && !inner.contains(char::is_whitespace);
                if is_id {
                    Ok(Term::MessageId(format!("<{inner}>")))
                } else {
                    Err(self.wants("a Message-ID"))
                }
            }
            Self::Has
                if ["attachment", "attachments"].iter().any(|name| value.eq_ignore_ascii_case(name)) =>
            {
                Ok(Term::HasAttachment)
            }
            Self::Has => Err(self.wants("nothing but `attachment`")),
            Self::Is => {
                let state = STATES.iter().find(|(name, _)| value.eq_ignore_ascii_case(name));
                let names: Vec<&str> = STATES.iter().map(|(name, _)| *name).collect();
                let wanted = || self.wants(&format!("one of {}", names.join(", ")));
                state.map(|(_, state)| Term::Is(*state)).ok_or_else(wanted)
            }
            Self::After => day().map(Term::After),
            Self::Before => day().map(Term::Before),
            Self::On => period().map(Term::On),
            Self::NewerThan => age().map(Term::After),
            Self::OlderThan => age().map(Term::Before),
            Self::Larger => size().map(Term::Larger),
            Self::Smaller => size().map(Term::Smaller),
        };
        term.map(Expr::Term)
    }

    fn wants(self, what: &str) -> String {
        format!("`{}:` takes {what}", self.name())
    }
}

/// The name of a state as `is:` takes it.
pub(super) fn state_name(state: State) -> &'static str {
    STATES.iter().find(|(_, known)| *known == state).map_or("", |(name, _)| name)
}

/// Octets: `500`, `500k`, `2M`, `1G` with powers of 1024 and an optional `b`.
fn read_size(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match text.get(number.len()..)? {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return None,
    };
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    if is_number { number.parse::<u64>().ok()?.checked_mul(factor) } else { None }
}
