//! Criteria that select at least what a query means.
//!
//! Each condition gets an upper bound: a key that matches whatever the condition matches, and whether it
//! matches nothing else. Negation is pushed down to the conditions first, because the opposite of an
//! upper bound would lose messages.

use std::borrow::Cow;

use domain::query::{Expr, Field, Query, State, Term};
use time::{Date, Duration, UtcOffset};

use super::{Abilities, Argument, Cost, Needs, Plan, filter::LABEL_MARK};

/// The longest string that is sent; of longer ones the beginning. Octets.
const MAX_STRING: usize = 200;
/// The criteria's size in octets, beyond which conditions are left to the residual: servers take lines of
/// 8,192 (RFC 9051, 4).
const MAX_CRITERIA: usize = 7_000;
/// The most strings that one text is split into.
const MAX_PIECES: usize = 8;

/// How to put `query` to a server. `zone` is the user's, for the days of `after:` and its like.
///
/// `account:` and `in:` conditions that stand by themselves ([`Query::accounts`], [`Query::folders`]) must
/// have been used to choose where to search; they are taken as true. Elsewhere they go to the residual.
/// On Gmail, `has:attachment` and `filename:` go by what Gmail takes for an attachment: an image inside
/// the text is none, and only found by its whole name.
pub fn compile(query: &Query, abilities: Abilities, zone: UtcOffset) -> Plan {
    let mut compiler = Compiler { abilities, slack: slack(zone), size: 0, is_costly: false };
    let mut keys = Vec::new();
    let mut residual = Vec::new();
    for part in query.conjuncts() {
        if is_resolved(part) {
            continue;
        }
        let bound = compiler.bound(part, false);
        if !bound.is_exact {
            residual.push(part.clone());
        }
        keys.push(bound.key);
    }
    let mut criteria = Vec::new();
    Key::all(keys).write_top(&mut criteria);
    let is_ascii = criteria.iter().all(|argument| match argument {
        Argument::Text(text) => text.is_ascii(),
        _ => true,
    });
    let residual = if residual.is_empty() { None } else { Some(Expr::all(residual)) };
    let left = Query::from(residual.clone().unwrap_or(Expr::And(Vec::new())));
    let mut needs = Needs::default();
    let mut is_filtered = false;
    for (term, _) in left.terms() {
        needs.body |= matches!(term, Term::Text(Field::Any | Field::Body, _));
        needs.structure |= matches!(term, Term::HasAttachment | Term::Text(Field::FileName, _));
        needs.headers |= matches!(term, Term::Text(Field::List, _));
        is_filtered |= !matches!(term, Term::After(_) | Term::Before(_) | Term::On(_));
    }
    Plan {
        criteria,
        charset: (!is_ascii).then_some("UTF-8"),
        residual,
        residual_needs: needs,
        cost: if is_filtered || compiler.is_costly { Cost::Costly } else { Cost::Cheap },
    }
}

/// By how many days the date of an instant can differ between the user's zone and the server's, which is
/// unknown: from -12 to +14 hours.
fn slack(zone: UtcOffset) -> Duration {
    let hours = f64::from(zone.whole_seconds()) / 3600.0;
    Duration::days(if (-10.0..=12.0).contains(&hours) { 1 } else { 2 })
}

fn is_resolved(part: &Expr) -> bool {
    let is_account = |part: &Expr| matches!(part, Expr::Term(Term::Account(_)));
    let is_folder = |part: &Expr| matches!(part, Expr::Term(Term::Folder(_)));
    match part {
        Expr::Or(parts) => parts.iter().all(is_account) || parts.iter().all(is_folder),
        other => is_account(other) || is_folder(other),
    }
}

/// Search keys as a tree.
#[derive(Debug, Clone)]
enum Key {
    All,
    Plain(Vec<Argument>),
    Not(Box<Key>),
    And(Vec<Key>),
    Or(Vec<Key>),
}

/// A key that matches at least what a condition matches.
struct Bound {
    key: Key,
    /// Whether it matches nothing else.
    is_exact: bool,
}

impl Bound {
    const UNKNOWN: Self = Self { key: Key::All, is_exact: false };
}

struct Compiler {
    abilities: Abilities,
    slack: Duration,
    size: usize,
    is_costly: bool,
}

impl Compiler {
    fn bound(&mut self, expr: &Expr, is_negated: bool) -> Bound {
        match (expr, is_negated) {
            (Expr::And(parts), false) | (Expr::Or(parts), true) => {
                let bounds: Vec<Bound> = parts.iter().map(|part| self.bound(part, is_negated)).collect();
                let is_exact = bounds.iter().all(|bound| bound.is_exact);
                Bound { key: Key::all(bounds.into_iter().map(|bound| bound.key).collect()), is_exact }
            }
            (Expr::Or(parts), false) | (Expr::And(parts), true) => {
                let bounds: Vec<Bound> = parts.iter().map(|part| self.bound(part, is_negated)).collect();
                let is_exact = !bounds.is_empty() && bounds.iter().all(|bound| bound.is_exact);
                Bound { key: Key::any(bounds.into_iter().map(|bound| bound.key).collect()), is_exact }
            }
            (Expr::Not(inner), _) => self.bound(inner, !is_negated),
            (Expr::Term(term), _) => self.term_within_size(term, is_negated),
        }
    }

    fn term_within_size(&mut self, term: &Term, is_negated: bool) -> Bound {
        let bound = self.term(term, is_negated);
        let mut written = Vec::new();
        bound.key.write(&mut written);
        let size: usize = written.iter().map(octets).sum();
        if self.size + size > MAX_CRITERIA {
            return Bound::UNKNOWN;
        }
        self.size += size;
        self.is_costly |= written.iter().any(|argument| {
            matches!(argument, Argument::Atom(name)
                if matches!(name.as_ref(), "BODY" | "List-Id" | "References" | "In-Reply-To"))
        });
        bound
    }

    fn term(&self, term: &Term, is_negated: bool) -> Bound {
        if let Some(key) = self.days(term, is_negated) {
            return Bound { key, is_exact: false };
        }
        let bound = self.positive(term);
        match (is_negated, bound.is_exact) {
            (false, _) => bound,
            (true, true) => Bound { key: Key::Not(Box::new(bound.key)), is_exact: true },
            (true, false) => Bound::UNKNOWN,
        }
    }

    /// Dates, widened so that the server's time zone does not matter, in either polarity.
    fn days(&self, term: &Term, is_negated: bool) -> Option<Key> {
        let since = |day: Date| Key::date("SINCE", day.saturating_sub(self.slack));
        let before = |day: Date| Key::date("BEFORE", day.saturating_add(self.slack));
        Some(match (term, is_negated) {
            (Term::After(moment), false) | (Term::Before(moment), true) => since(moment.day),
            (Term::Before(moment), false) | (Term::After(moment), true) => before(moment.day),
            (Term::On(period), false) => Key::And(vec![since(period.first), before(period.next())]),
            (Term::On(period), true) => {
                let (end, start) =
                    (period.first.saturating_add(self.slack), period.next().saturating_sub(self.slack));
                if end < start { Key::Or(vec![before(period.first), since(period.next())]) } else { Key::All }
            }
            _ => return None,
        })
    }

    fn positive(&self, term: &Term) -> Bound {
        let exact = |key| Bound { key, is_exact: true };
        let gmail_attachment = || Key::plain("X-GM-RAW", Argument::Text("has:attachment".to_owned()));
        match term {
            Term::Text(Field::Any, text) => {
                let fields = [Field::Subject, Field::From, Field::To, Field::Cc, Field::Bcc, Field::Body];
                let bounds: Vec<Bound> = fields.iter().map(|field| self.text(*field, text)).collect();
                let is_exact = bounds.iter().all(|bound| bound.is_exact);
                Bound { key: Key::any(bounds.into_iter().map(|bound| bound.key).collect()), is_exact }
            }
            Term::Text(Field::FileName, text) if self.abilities.gmail => {
                let is_word = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'))
                    && text.len() < 80;
                let by_name = || Key::plain("X-GM-RAW", Argument::Text(format!("filename:{text}")));
                let key =
                    if is_word { Key::any(vec![gmail_attachment(), by_name()]) } else { gmail_attachment() };
                Bound { key, is_exact: false }
            }
            Term::Text(field, text) => self.text(*field, text),
            Term::MessageId(id) => self.strings(&["HEADER", "Message-ID"], id, char::is_control),
            Term::Answers(id) => {
                let named = |field| self.strings(&["HEADER", field], id, char::is_control);
                let (references, reply) = (named("References"), named("In-Reply-To"));
                let is_exact = references.is_exact && reply.is_exact;
                Bound { key: Key::any(vec![references.key, reply.key]), is_exact }
            }
            Term::Thread(id) if self.abilities.gmail => id
                .parse()
                .map_or(Bound::UNKNOWN, |number| exact(Key::plain("X-GM-THRID", Argument::Number(number)))),
            Term::Thread(id) if is_atom(id) => {
                exact(Key::plain("THREADID", Argument::Atom(Cow::Owned(id.clone()))))
            }
            Term::HasAttachment if self.abilities.gmail => exact(gmail_attachment()),
            Term::Label(name) | Term::Keyword(name) => self.mark(name),
            Term::Is(state) => exact(Key::Plain(vec![atom(match state {
                State::Unread => "UNSEEN",
                State::Read => "SEEN",
                State::Starred => "FLAGGED",
                State::Answered => "ANSWERED",
                State::Draft => "DRAFT",
            })])),
            // numbers beyond 32 bits are RFC 9051's, which not every server speaks
            Term::Larger(size) => {
                let number = (*size).min(u32::MAX.into());
                Bound { key: Key::plain("LARGER", Argument::Number(number)), is_exact: number == *size }
            }
            Term::Smaller(size) if *size <= u32::MAX.into() => {
                exact(Key::plain("SMALLER", Argument::Number(*size)))
            }
            Term::Smaller(_)
            | Term::Thread(_)
            | Term::HasAttachment
            | Term::Account(_)
            | Term::Folder(_)
            | Term::After(_)
            | Term::Before(_)
            | Term::On(_) => Bound::UNKNOWN,
        }
    }

    fn text(&self, field: Field, text: &str) -> Bound {
        // in the header itself an address stands in brackets and a name perhaps in quotes
        let is_syntax = |c: char| c.is_control() || matches!(c, '<' | '>' | '"' | '\\' | '(' | ')' | ',');
        match field {
            Field::From => self.strings(&["FROM"], text, is_syntax),
            Field::To => self.strings(&["TO"], text, is_syntax),
            Field::Cc => self.strings(&["CC"], text, is_syntax),
            Field::Bcc => self.strings(&["BCC"], text, is_syntax),
            Field::Subject => self.strings(&["SUBJECT"], text, char::is_control),
            Field::Body => self.strings(&["BODY"], text, char::is_control),
            Field::List => self.strings(&["HEADER", "List-Id"], text, is_syntax),
            Field::Any | Field::FileName => Bound::UNKNOWN,
        }
    }

    /// A key that finds `text`, or pieces of it, if it cannot be sent as it is.
    fn strings(&self, names: &[&'static str], text: &str, is_separator: impl Fn(char) -> bool) -> Bound {
        if !self.abilities.text_search {
            return Bound::UNKNOWN;
        }
        let pieces = self.pieces(text, is_separator);
        let is_exact = matches!(pieces.as_slice(), [only] if only == text);
        let keys = pieces.into_iter().map(|piece| {
            let names = names.iter().copied().map(atom);
            Key::Plain(names.chain([Argument::Text(piece)]).collect())
        });
        Bound { key: Key::all(keys.collect()), is_exact }
    }

    /// Strings that every text with `text` in it contains.
    fn pieces(&self, text: &str, is_separator: impl Fn(char) -> bool) -> Vec<String> {
        let mut pieces = Vec::new();
        for part in text.split(is_separator).map(str::trim).filter(|part| !part.is_empty()) {
            let is_regular =
                part.split(' ').all(|word| !word.is_empty() && !word.contains(char::is_whitespace));
            let is_sendable = self.abilities.utf8 || part.is_ascii();
            if is_regular && is_sendable {
                pieces.push(part);
            } else {
                let words = part.split_whitespace();
                pieces.extend(words.filter(|word| self.abilities.utf8 || word.is_ascii()));
            }
        }
        pieces.truncate(MAX_PIECES);
        pieces
            .into_iter()
            .map(|piece| piece[..piece.floor_char_boundary(MAX_STRING)].trim_end().to_owned())
            .collect()
    }

    /// A keyword, or a label of Gmail: there, keywords are labels.
    fn mark(&self, name: &str) -> Bound {
        let mut keys = Vec::new();
        let bare = name.strip_prefix(LABEL_MARK).unwrap_or(name);
        if self.abilities.gmail && !name.contains(char::is_control) && name.len() <= MAX_STRING {
            keys.push(Key::plain("X-GM-LABELS", Argument::Label(bare.to_owned())));
            let system = ["Inbox", "Sent", "Draft", "Starred", "Important", "Muted", "Trash", "Junk"];
            if let Some(system) = system.iter().find(|system| system.eq_ignore_ascii_case(bare)) {
                keys.push(Key::plain("X-GM-LABELS", Argument::Label(format!("{LABEL_MARK}{system}"))));
            }
        }
        if is_atom(name) {
            keys.push(Key::plain("KEYWORD", Argument::Atom(Cow::Owned(name.to_owned()))));
        }
        if keys.is_empty() { Bound::UNKNOWN } else { Bound { key: Key::any(keys), is_exact: true } }
    }
}

/// Whether a keyword can be sent: an atom of RFC 9051, 9, of ordinary length.
fn is_atom(name: &str) -> bool {
    let is_special = |b: u8| matches!(b, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']');
    (1..=MAX_STRING).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic() && !is_special(b))
}

fn atom(name: &'static str) -> Argument {
    Argument::Atom(Cow::Borrowed(name))
}

/// About how long the argument is on the wire.
fn octets(argument: &Argument) -> usize {
    1 + match argument {
        Argument::Atom(name) => name.len(),
        Argument::Text(text) | Argument::Label(text) => text.len() + 8,
        Argument::Number(_) | Argument::Date(_) => 11,
        Argument::Open | Argument::Close => 1,
    }
}

impl Key {
    fn plain(name: &'static str, value: Argument) -> Self {
        Self::Plain(vec![atom(name), value])
    }

    fn date(name: &'static str, day: Date) -> Self {
        Self::plain(name, Argument::Date(day))
    }

    fn all(keys: Vec<Self>) -> Self {
        let mut flat = Vec::new();
        for key in keys {
            match key {
                Self::All => {}
                Self::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::All,
            1 => flat.remove(0),
            _ => Self::And(flat),
        }
    }

    fn any(keys: Vec<Self>) -> Self {
        let mut flat = Vec::new();
        for key in keys {
            match key {
                Self::All => return Self::All,
                Self::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.len() {
            0 => Self::All,
            1 => flat.remove(0),
            _ => Self::Or(flat),
        }
    }

    /// As one search key, in parentheses if it is several.
    fn write(&self, out: &mut Vec<Argument>) {
        match self {
            Self::All => out.push(atom("ALL")),
            Self::Plain(arguments) => out.extend_from_slice(arguments),
            Self::Not(key) => {
                out.push(atom("NOT"));
                key.write(out);
            }
            Self::And(keys) => {
                out.push(Argument::Open);
                for key in keys {
                    key.write(out);
                }
                out.push(Argument::Close);
            }
            Self::Or(keys) => Self::write_or(keys, out),
        }
    }

    /// OR takes two keys; halves keep the nesting shallow, which servers bound.
    fn write_or(keys: &[Self], out: &mut Vec<Argument>) {
        if let [only] = keys {
            return only.write(out);
        }
        let (left, right) = keys.split_at(keys.len() / 2);
        out.push(atom("OR"));
        Self::write_or(left, out);
        Self::write_or(right, out);
    }

    /// As the arguments of SEARCH.
    fn write_top(&self, out: &mut Vec<Argument>) {
        match self {
            Self::And(keys) => {
                for key in keys {
                    key.write(out);
                }
            }
            other => other.write(out),
        }
    }
}
