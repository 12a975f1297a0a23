//! From text to a query, and what to say where the text is none.
//!
//! Recursion is bounded by `MAX_DEPTH` groups, the work by `MAX_CHARS` and `MAX_TERMS`.

use time::Date;

use super::{Expr, Field, MAX_CHARS, MAX_DEPTH, MAX_TERMS, Term, operator::Operator};
use crate::{Code, Problem};

/// Words before a colon that are text: prefixes of replies, and schemes that have no `//`.
const TEXT_BEFORE_COLON: &[&str] =
    &["re", "fw", "fwd", "aw", "wg", "sv", "vs", "antw", "tr", "rif", "res", "mailto", "tel", "urn"];

/// Nothing for a blank text.
pub(super) fn parse(text: &str, today: Date) -> Result<Option<Expr>, Problem> {
    let mut chars = Vec::new();
    for c in text.chars() {
        if chars.len() == MAX_CHARS {
            let message = format!("The query is longer than {MAX_CHARS} characters.");
            return Err(Problem::new(Code::BadQuery, message).hint("Search for less at a time."));
        }
        if c.is_control() && !c.is_whitespace() {
            return Err(wrong(chars.len(), "a control character", "Leave it out."));
        }
        chars.push(if c.is_control() { ' ' } else { c });
    }
    let mut parser = Parser { chars, at: 0, terms: 0, depth: 0, today };
    parser.skip_space();
    if parser.peek().is_none() {
        return Ok(None);
    }
    let expr = parser.sequence(None)?;
    if parser.peek().is_some() {
        return Err(wrong(parser.at, "`)` without its `(`", "To search for a parenthesis, write \")\"."));
    }
    if expr.depth() > MAX_DEPTH {
        return Err(too_deep(parser.at));
    }
    Ok(Some(expr))
}

fn wrong(at: usize, what: impl std::fmt::Display, hint: impl Into<String>) -> Problem {
    Problem::new(Code::BadQuery, format!("The query cannot be read at character {}: {what}.", at + 1))
        .hint(hint)
}

fn too_deep(at: usize) -> Problem {
    wrong(at, format!("more than {MAX_DEPTH} groups in each other"), "Write it with fewer parentheses.")
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    terms: usize,
    depth: usize,
    today: Date,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Neighbours up to the end or to a `)`. `operator` is the one before the group we are in.
    fn sequence(&mut self, operator: Option<Operator>) -> Result<Expr, Problem> {
        let mut parts = vec![self.alternatives(operator)?];
        loop {
            self.skip_space();
            if matches!(self.peek(), None | Some(')')) {
                return Ok(Expr::all(parts));
            }
            parts.push(self.alternatives(operator)?);
        }
    }

    fn alternatives(&mut self, operator: Option<Operator>) -> Result<Expr, Problem> {
        let mut parts = vec![self.conjunction(operator)?];
        while self.take_keyword("OR") {
            parts.push(self.conjunction(operator)?);
        }
        Ok(Expr::any(parts))
    }

    fn conjunction(&mut self, operator: Option<Operator>) -> Result<Expr, Problem> {
        let mut parts = vec![self.negation(operator)?];
        while self.take_keyword("AND") {
            parts.push(self.negation(operator)?);
        }
        Ok(Expr::all(parts))
    }

    fn negation(&mut self, operator: Option<Operator>) -> Result<Expr, Problem> {
        let mut is_negated = false;
        while self.take_dash() || self.take_keyword("NOT") {
            is_negated = !is_negated;
        }
        let expr = self.primary(operator)?;
        Ok(if is_negated { expr.negated() } else { expr })
    }

    /// Takes a `-` that stands before something; a run of dashes by itself is text.
    fn take_dash(&mut self) -> bool {
        self.skip_space();
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let after = rest.iter().find(|c| **c != '-');
        let is_sign = rest.first() == Some(&'-') && after.is_some_and(|c| !c.is_whitespace() && *c != ')');
        self.at += usize::from(is_sign);
        is_sign
    }

    fn is_keyword(&self, word: &str) -> bool {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let starts = word.chars().enumerate().all(|(place, c)| rest.get(place) == Some(&c));
        let ends = |c: &char| c.is_whitespace() || matches!(c, '(' | ')' | '"');
        starts && rest.get(word.len()).is_none_or(ends)
    }

    fn take_keyword(&mut self, word: &str) -> bool {
        self.skip_space();
        let is_there = self.is_keyword(word);
        self.at += if is_there { word.len() } else { 0 };
        is_there
    }

    fn primary(&mut self, operator: Option<Operator>) -> Result<Expr, Problem> {
        self.skip_space();
        let start = self.at;
        if let Some(keyword) = ["OR", "AND"].into_iter().find(|keyword| self.is_keyword(keyword)) {
            let hint = format!("Write `a {keyword} b`, or \"{keyword}\" in quotes for the word.");
            return Err(wrong(start, format!("`{keyword}` without a term on each side"), hint));
        }
        match self.peek() {
            None => {
                Err(wrong(start, "a term is missing at the end", "Write `a OR b`, `-a`, `NOT a`, `(a b)`."))
            }
            Some(')') => Err(wrong(start, "a term is missing before `)`", "Write `(a OR b)`.")),
            Some('(') => self.group(operator),
            Some('"') => {
                let text = self.phrase()?;
                self.term(operator, &text, start)
            }
            Some(_) => match (self.operator()?, operator) {
                (Some(inner), Some(outer)) => Err(wrong(
                    start,
                    format!("`{}:` inside the group of `{}:`", inner.name(), outer.name()),
                    format!(
                        "Write `{0}:(a OR b)` with plain values, or `({0}:a OR {1}:b)`.",
                        outer.name(),
                        inner.name()
                    ),
                )),
                (Some(inner), None) => self.value(inner, start),
                (None, _) => {
                    let text = self.word()?;
                    self.term(operator, &text, start)
                }
            },
        }
    }

    fn group(&mut self, operator: Option<Operator>) -> Result<Expr, Problem> {
        let start = self.at;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep(start));
        }
        self.at += 1;
        let expr = self.sequence(operator)?;
        if self.peek() != Some(')') {
            return Err(wrong(start, "`(` without its `)`", "To search for a parenthesis, write \"(\"."));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(expr)
    }

    /// Takes `name:` if the word begins with an operator.
    fn operator(&mut self) -> Result<Option<Operator>, Problem> {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let is_name = |c: &&char| c.is_ascii_alphabetic() || matches!(c, '_' | '-') || c.is_ascii_digit();
        let name: String = rest.iter().take_while(is_name).collect();
        if name.is_empty() || rest.get(name.len()) != Some(&':') {
            return Ok(None);
        }
        if let Some(operator) = Operator::of(&name) {
            self.at += name.len() + 1;
            return Ok(Some(operator));
        }
        let after = rest.get(name.len() + 1);
        let is_text = name.starts_with(|c: char| c.is_ascii_digit())
            || name.len() == 1
            || matches!(after, Some('/' | ':' | '\\'))
            || TEXT_BEFORE_COLON.iter().any(|word| name.eq_ignore_ascii_case(word));
        if is_text {
            return Ok(None);
        }
        let name: String = name.chars().take(40).collect();
        let meant = Operator::nearest(&name).map(|near| format!("Did you mean `{}:`? ", near.name()));
        let hint = format!(
            "{}Known operators: {}. To search for the text itself, put it in quotes: \"{name}:\".",
            meant.unwrap_or_default(),
            Operator::list(),
        );
        Err(wrong(self.at, format!("unknown operator `{name}:`"), hint))
    }

    fn value(&mut self, operator: Operator, start: usize) -> Result<Expr, Problem> {
        let text = match self.peek() {
            None | Some(')') => String::new(),
            Some(c) if c.is_whitespace() => String::new(),
            Some('(') => return self.group(Some(operator)),
            Some('"') => self.phrase()?,
            Some(_) => self.word()?,
        };
        self.term(Some(operator), &text, start)
    }

    fn term(&mut self, operator: Option<Operator>, text: &str, start: usize) -> Result<Expr, Problem> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(wrong(start, format!("more than {MAX_TERMS} terms"), "Search for less at a time."));
        }
        let is_blank = text.trim().is_empty();
        match operator {
            None if is_blank => Err(wrong(start, "nothing between the quotes", "Write \"two words\".")),
            None => Ok(Expr::Term(Term::Text(Field::Any, text.to_owned()))),
            Some(operator) => {
                let hint = format!("Write for example `{}`.", operator.example());
                if is_blank {
                    return Err(wrong(start, format!("`{}:` without a value", operator.name()), hint));
                }
                operator.term(text, self.today).map_err(|what| wrong(start, what, hint))
            }
        }
    }

    /// What stands between quotes; `\"` and `\\` are a quote and a backslash.
    fn phrase(&mut self) -> Result<String, Problem> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match (c, self.peek()) {
                ('"', _) => return Ok(text),
                ('\\', Some(escaped @ ('"' | '\\'))) => {
                    self.at += 1;
                    text.push(escaped);
                }
                _ => text.push(c),
            }
        }
        Err(wrong(start, "a quote that is not closed", "Write \"two words\"; inside quotes a quote is \\\"."))
    }

    /// Up to white space or a `)` that closes nothing in the word itself. `<…>` at its start is taken whole.
    fn word(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let mut opened = 0_usize;
        if self.peek() == Some('<') {
            let rest = self.chars.get(start..).unwrap_or_default();
            let stop = rest.iter().position(|c| *c == '>' || c.is_whitespace());
            if let Some(length) = stop.filter(|length| rest.get(*length) == Some(&'>')) {
                self.at += length + 1;
            }
        }
        while let Some(c) = self.peek() {
            match c {
                ')' if opened == 0 => break,
                ')' => opened -= 1,
                '(' => opened += 1,
                '"' => {
                    let hint = "Put the whole value in quotes; inside quotes a quote is \\\".";
                    return Err(wrong(self.at, "a quote in the middle of a word", hint));
                }
                c if c.is_whitespace() => break,
                _ => {}
            }
            self.at += 1;
        }
        Ok(self.chars.get(start..self.at).unwrap_or_default().iter().collect())
    }
}
