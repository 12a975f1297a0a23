//! The query language of agents: what a query means, and the questions asked about one.
//!
//! `from:ann (invoice OR receipt) -is:read newer_than:7d`. Neighbours must all match; `OR` binds tighter
//! than neighbourhood, as in Gmail (`a b OR c` is `a (b OR c)`); an explicit `AND` binds tightest.
//! Reading is in `parse`, writing in `show`, names and values in `operator`. How a query is put to a
//! server is not known here; see `mail::imap::search`.

mod day;
mod operator;
mod parse;
mod show;
#[cfg(test)]
mod tests;

use time::Date;

pub use self::day::{Age, AgeUnit, Moment, Period, Span};
use crate::{AccountName, FolderArg, Problem};

/// The longest query in characters.
pub const MAX_CHARS: usize = 2_000;
/// The most terms in a query.
pub const MAX_TERMS: usize = 64;
/// The deepest nesting of groups in a query.
pub const MAX_DEPTH: usize = 16;

/// A parsed query. Its `Display` is canonical: equal queries are written alike, and reading that gives
/// the same query again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    expr: Option<Expr>,
}

/// What a message must be to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// All of them. From a parsed query: at least two, none of them an `And`.
    And(Vec<Expr>),
    /// At least one of them. From a parsed query: at least two, none of them an `Or`.
    Or(Vec<Expr>),
    /// Not this. From a parsed query: not another `Not`.
    Not(Box<Expr>),
    /// One condition.
    Term(Term),
}

/// One condition on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// The text is a substring, without regard to case. Never empty, no control characters.
    Text(Field, String),
    /// `account:` it is in this account.
    Account(AccountName),
    /// `in:` it is in this folder.
    Folder(FolderArg),
    /// `label:` it bears Gmail's label of that name (any case); elsewhere the keyword.
    Label(String),
    /// `keyword:` it bears the keyword (any case).
    Keyword(String),
    /// `id:` its Message-ID, in angle brackets.
    MessageId(String),
    /// It names that Message-ID in References or In-Reply-To. Only asked by us: no agent can write it.
    Answers(String),
    /// Its server put it into the thread of that id ([`crate::Summary::server_thread`]). Only asked by us.
    Thread(String),
    /// `has:attachment`
    HasAttachment,
    /// `is:`
    Is(State),
    /// `after:` or `newer_than:` received on that day or later.
    After(Moment),
    /// `before:` or `older_than:` received before that day.
    Before(Moment),
    /// `on:` received on that day, in that month or in that year.
    On(Period),
    /// `larger:` more octets than this.
    Larger(u64),
    /// `smaller:` fewer octets than this.
    Smaller(u64),
}

/// Where a text is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// A bare word: subject, addresses (From, To, Cc, Bcc) and body.
    Any,
    /// Names and addresses of From.
    From,
    /// Names and addresses of To.
    To,
    /// Names and addresses of Cc.
    Cc,
    /// Names and addresses of Bcc.
    Bcc,
    /// The subject.
    Subject,
    /// The text of the body.
    Body,
    /// The names of attached files.
    FileName,
    /// List-Id.
    List,
}

/// What `is:` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Without `\Seen`.
    Unread,
    /// With `\Seen`.
    Read,
    /// With `\Flagged`.
    Starred,
    /// With `\Answered`.
    Answered,
    /// With `\Draft`.
    Draft,
}

impl Query {
    /// Reads a query. `today` is the user's; `newer_than:` and `older_than:` count back from it.
    ///
    /// # Errors
    /// `bad_query`, with the position (characters from 1) and what to write instead.
    pub fn parse(text: &str, today: Date) -> Result<Self, Problem> {
        parse::parse(text, today).map(|expr| Self { expr })
    }

    /// Whether it asks for nothing in particular, that is, lists everything.
    pub fn is_empty(&self) -> bool {
        self.expr.is_none()
    }

    /// What a message must be; nothing for the empty query.
    pub fn expr(&self) -> Option<&Expr> {
        self.expr.as_ref()
    }

    /// What holds for every match by itself: the parts of the outermost `And`.
    pub fn conjuncts(&self) -> &[Expr] {
        match &self.expr {
            None => &[],
            Some(Expr::And(parts)) => parts,
            Some(other) => std::slice::from_ref(other),
        }
    }

    /// The accounts the query is limited to: a match is in at least one account of each inner list.
    /// No list: not limited. `account:` below `-`, or beside other terms below `OR`, does not count.
    pub fn accounts(&self) -> Vec<Vec<&AccountName>> {
        self.alternatives(|term| match term {
            Term::Account(name) => Some(name),
            _ => None,
        })
    }

    /// The folders the query is limited to: a match is in at least one folder of each inner list.
    /// No list: not limited. `in:` below `-`, or beside other terms below `OR`, does not count.
    pub fn folders(&self) -> Vec<Vec<&FolderArg>> {
        self.alternatives(|term| match term {
            Term::Folder(folder) => Some(folder),
            _ => None,
        })
    }

    /// Every folder that an `in:` names without being negated, wherever it stands. Whoever leaves Trash
    /// and Junk out by default must not leave these out.
    pub fn named_folders(&self) -> Vec<&FolderArg> {
        let mut found = Vec::new();
        for (term, is_negated) in self.terms() {
            if let Term::Folder(folder) = term
                && !is_negated
            {
                found.push(folder);
            }
        }
        found
    }

    /// Whether any term looks into bodies: bare words, phrases and `body:`.
    pub fn needs_body(&self) -> bool {
        self.terms().iter().any(|(term, _)| matches!(term, Term::Text(Field::Any | Field::Body, _)))
    }

    /// Whether there is a `body:` term, which is refused without `mail:read`.
    pub fn has_body_terms(&self) -> bool {
        self.terms().iter().any(|(term, _)| matches!(term, Term::Text(Field::Body, _)))
    }

    /// The same query whose bare words look at subject and addresses only, for grants without
    /// `mail:read`. `body:` terms stay; see [`Query::has_body_terms`].
    #[must_use]
    pub fn without_body(&self) -> Self {
        Self { expr: self.expr.as_ref().map(headers_only) }
    }

    /// The same query with one more condition.
    #[must_use]
    pub fn and(self, condition: Expr) -> Self {
        let expr = match self.expr {
            None => condition,
            Some(expr) => Expr::all(vec![expr, condition]),
        };
        Self { expr: Some(expr) }
    }

    /// The texts that matches contain somewhere in subject, addresses or body: what to show of them.
    pub fn text_terms(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for (term, is_negated) in self.terms() {
            match term {
                Term::Text(Field::FileName | Field::List, _) => {}
                Term::Text(_, text) if !is_negated => found.push(text.as_str()),
                _ => {}
            }
        }
        found
    }

    /// Every term from left to right, and whether it is negated.
    pub fn terms(&self) -> Vec<(&Term, bool)> {
        let mut found = Vec::new();
        if let Some(expr) = &self.expr {
            expr.collect(false, &mut found);
        }
        found
    }

    fn alternatives<'a, T>(&'a self, pick: impl Fn(&'a Term) -> Option<T>) -> Vec<Vec<T>> {
        let alternative = |expr: &'a Expr| match expr {
            Expr::Term(term) => pick(term),
            _ => None,
        };
        self.conjuncts()
            .iter()
            .filter_map(|part| match part {
                Expr::Or(parts) => parts.iter().map(alternative).collect(),
                other => alternative(other).map(|found| vec![found]),
            })
            .collect()
    }
}

impl From<Expr> for Query {
    fn from(expr: Expr) -> Self {
        Self { expr: Some(expr) }
    }
}

impl Expr {
    /// All of `parts`, flattened; the part itself if it is the only one.
    #[must_use]
    pub fn all(parts: Vec<Self>) -> Self {
        let nested = parts.into_iter().map(|part| match part {
            Self::And(inner) => inner,
            other => vec![other],
        });
        let mut parts: Vec<Self> = nested.flatten().collect();
        if parts.len() == 1 { parts.remove(0) } else { Self::And(parts) }
    }

    /// One of `parts`, flattened; the part itself if it is the only one.
    #[must_use]
    pub fn any(parts: Vec<Self>) -> Self {
        let nested = parts.into_iter().map(|part| match part {
            Self::Or(inner) => inner,
            other => vec![other],
        });
        let mut parts: Vec<Self> = nested.flatten().collect();
        if parts.len() == 1 { parts.remove(0) } else { Self::Or(parts) }
    }

    /// The opposite; of a `Not` what stands in it.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// How many levels of `And` and `Or` stand in each other; a term has none.
    fn depth(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(inner) => inner.depth(),
            Self::Term(_) => 0,
        }
    }

    fn collect<'a>(&'a self, is_negated: bool, found: &mut Vec<(&'a Term, bool)>) {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.collect(is_negated, found);
                }
            }
            Self::Not(inner) => inner.collect(!is_negated, found),
            Self::Term(term) => found.push((term, is_negated)),
        }
    }
}

/// With bare words spelled out as alternatives.
fn headers_only(expr: &Expr) -> Expr {
    match expr {
        Expr::And(parts) => Expr::all(parts.iter().map(headers_only).collect()),
        Expr::Or(parts) => Expr::any(parts.iter().map(headers_only).collect()),
        Expr::Not(inner) => Expr::Not(Box::new(headers_only(inner))),
        Expr::Term(Term::Text(Field::Any, text)) => {
            let fields = [Field::Subject, Field::From, Field::To, Field::Cc, Field::Bcc];
            Expr::Or(fields.iter().map(|field| Expr::Term(Term::Text(*field, text.clone()))).collect())
        }
        term @ Expr::Term(_) => term.clone(),
    }
}
