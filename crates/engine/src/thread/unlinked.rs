//! Replies of programs that write neither References nor In-Reply-To: found by their subject, and only if
//! it is a reply's, somebody takes part in both, and they came within a month of each other.

use std::collections::HashSet;

use domain::{
    Summary,
    query::{Expr, Field, Moment, Term},
};
use mail::mime::subject::{Bare, bare};
use time::{Duration, UtcOffset};

use crate::{people::fold, row::single_line};

const NEAR: Duration = Duration::days(30);

/// What is looked for, for a message that names no other.
pub(super) struct Unlinked<'a> {
    seed: &'a Summary,
    bare: Bare<'a>,
    people: HashSet<String>,
}

impl<'a> Unlinked<'a> {
    /// Nothing where the message says what it answers, is no reply by its subject, or only the account's
    /// `own` address takes part.
    pub(super) fn of(seed: &'a Summary, own: &str) -> Option<Self> {
        let bare = bare(&seed.envelope.subject);
        let people = people(seed, own);
        let is_loose = bare.is_reply && !bare.text.is_empty() && seed.answered().next().is_none();
        (is_loose && !people.is_empty()).then_some(Self { seed, bare, people })
    }

    /// The condition that a server is asked for; [`Self::is_near`] says the rest.
    pub(super) fn condition(&self) -> Expr {
        let day = |at: time::OffsetDateTime| Moment { day: at.to_offset(UtcOffset::UTC).date(), age: None };
        let received = self.seed.received;
        Expr::And(vec![
            Expr::Term(Term::Text(Field::Subject, single_line(self.bare.text))),
            Expr::Term(Term::After(day(received.saturating_sub(NEAR)))),
            Expr::Term(Term::Before(day(received.saturating_add(NEAR + Duration::DAY)))),
        ])
    }

    /// Whether the message is taken to be of the same thread.
    pub(super) fn is_near(&self, row: &Summary, own: &str) -> bool {
        let other = bare(&row.envelope.subject);
        let is_turn = other.is_reply || row.received <= self.seed.received;
        is_turn
            && other.is_same(&self.bare)
            && row.answered().next().is_none()
            && (row.received - self.seed.received).abs() <= NEAR
            && !people(row, own).is_disjoint(&self.people)
    }
}

/// Who takes part, the account's own address excepted: it takes part in everything.
fn people(row: &Summary, own: &str) -> HashSet<String> {
    let envelope = &row.envelope;
    let all = [&envelope.from, &envelope.reply_to, &envelope.to, &envelope.cc];
    let (addresses, own) = (all.into_iter().flatten().map(|address| fold(&address.email)), fold(own));
    addresses.filter(|address| !address.is_empty() && *address != own).collect()
}
