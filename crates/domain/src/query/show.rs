//! A query as text again, in one canonical form.

use std::fmt;

use super::{Expr, Field, Moment, Period, Query, Span, Term, operator::state_name};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expr {
            None => Ok(()),
            Some(Expr::And(parts)) => join(parts, " ", f),
            Some(Expr::Or(parts)) => join(parts, " OR ", f),
            Some(other) => other.fmt(f),
        }
    }
}

impl fmt::Display for Expr {
    /// With parentheses around `And` and `Or`, so that it can stand anywhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                f.write_str("(")?;
                join(parts, if matches!(self, Self::And(_)) { " " } else { " OR " }, f)?;
                f.write_str(")")
            }
            Self::Not(inner) => write!(f, "-{inner}"),
            Self::Term(term) => term.fmt(f),
        }
    }
}

fn join(parts: &[Expr], between: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            f.write_str(between)?;
        }
        fmt::Display::fmt(part, f)?;
    }
    Ok(())
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(field, text) => {
                f.write_str(match field {
                    Field::Any => "",
                    Field::From => "from:",
                    Field::To => "to:",
                    Field::Cc => "cc:",
                    Field::Bcc => "bcc:",
                    Field::Subject => "subject:",
                    Field::Body => "body:",
                    Field::FileName => "filename:",
                    Field::List => "list:",
                })?;
                quote(text, f)
            }
            Self::Account(name) => write!(f, "account:{name}"),
            Self::Folder(folder) => {
                f.write_str("in:")?;
                quote(&folder.to_string(), f)
            }
            Self::Label(name) => {
                f.write_str("label:")?;
                quote(name, f)
            }
            Self::Keyword(name) => {
                f.write_str("keyword:")?;
                quote(name, f)
            }
            Self::MessageId(id) => {
                f.write_str("id:")?;
                quote(id, f)
            }
            Self::Answers(id) => {
                f.write_str("answers:")?;
                quote(id, f)
            }
            Self::Thread(id) => {
                f.write_str("thread:")?;
                quote(id, f)
            }
            Self::HasAttachment => f.write_str("has:attachment"),
            Self::Is(state) => write!(f, "is:{}", state_name(*state)),
            Self::After(moment) => show_moment("after", "newer_than", *moment, f),
            Self::Before(moment) => show_moment("before", "older_than", *moment, f),
            Self::On(period) => write!(f, "on:{period}"),
            Self::Larger(size) => write!(f, "larger:{size}"),
            Self::Smaller(size) => write!(f, "smaller:{size}"),
        }
    }
}

fn show_moment(day: &str, age: &str, moment: Moment, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match moment.age {
        Some(count) => write!(f, "{age}:{count}"),
        None => write!(f, "{day}:{}", Period { first: moment.day, span: Span::Day }),
    }
}

/// The text bare where that reads back the same wherever it stands, else in quotes.
fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let is_plain =
        |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '/' | '+' | '$' | '%' | '-');
    if !text.is_empty()
        && text.chars().all(is_plain)
        && !text.starts_with('-')
        && !matches!(text, "OR" | "AND" | "NOT")
    {
        return f.write_str(text);
    }
    f.write_str("\"")?;
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        fmt::Write::write_char(f, c)?;
    }
    f.write_str("\"")
}
