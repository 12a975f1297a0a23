//! What the person wants to see: the query of the page, its bounds, and what storage is asked for.

use access::{ActivityFilter, Went};
use domain::{GrantId, Timestamp};
use time::{Date, Duration, macros::format_description};

use crate::frame::{encode, query_value};

/// Characters of a value that are looked at.
const LONGEST: usize = 200;

/// What the picture spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Span {
    /// 24 hours, by the hour.
    #[default]
    Day,
    /// 30 days, by the day.
    Month,
}

impl Span {
    /// From when on.
    pub(super) fn since(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day => now - Duration::hours(23),
            Self::Month => (now - Duration::days(29)).replace_time(time::Time::MIDNIGHT),
        }
    }
}

/// What is asked for, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// The id of an agent's grant, `you`, or nothing.
    pub(super) agent: String,
    /// The name of a tool.
    pub(super) tool: String,
    /// `worked`, `failed`, or nothing.
    pub(super) outcome: String,
    /// The first day, `2026-11-21`.
    pub(super) from: String,
    /// The last day.
    pub(super) to: String,
    /// Text.
    pub(super) text: String,
    /// Before the entry of that number.
    pub(super) before: Option<i64>,
    /// What the picture spans.
    pub(super) span: Span,
}

impl Filter {
    /// Reads a query; what makes no sense is as if it were not there.
    pub(super) fn read(query: &str) -> Self {
        let value = |name: &str| {
            let value = query_value(query, name).unwrap_or_default();
            value.trim().chars().take(LONGEST).collect::<String>()
        };
        let date = |name: &str| Some(value(name)).filter(|day| parse(day).is_some()).unwrap_or_default();
        Self {
            agent: value("agent"),
            tool: value("tool"),
            outcome: Some(value("outcome")).filter(|it| is_outcome(it)).unwrap_or_default(),
            from: date("from"),
            to: date("to"),
            text: value("text"),
            before: value("before").parse().ok().filter(|before| *before > 0),
            span: if value("span") == "month" { Span::Month } else { Span::Day },
        }
    }

    /// Whether not everything is wanted.
    pub(super) fn is_narrow(&self) -> bool {
        let typed = [&self.agent, &self.tool, &self.outcome, &self.from, &self.to, &self.text];
        typed.iter().any(|typed| !typed.is_empty())
    }

    /// What is wanted. Days begin at midnight UTC.
    pub(super) fn wanted(&self) -> ActivityFilter {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let midnight = |day: Date| day.midnight().assume_utc();
        ActivityFilter {
            grant: some(&self.agent).filter(|agent| agent != "you").map(GrantId::from_text),
            is_by_person: self.agent == "you",
            tool: some(&self.tool),
            went: match self.outcome.as_str() {
                "worked" => Some(Went::Well),
                "failed" => Some(Went::Otherwise),
                _ => None,
            },
            since: parse(&self.from).map(midnight),
            until: parse(&self.to).and_then(Date::next_day).map(midnight),
            text: some(&self.text),
        }
    }

    /// The page with the same wishes, from before an entry.
    pub(super) fn path(&self, before: Option<i64>) -> String {
        let before = before.map(|before| before.to_string()).unwrap_or_default();
        let query = self.query(&before);
        if query.is_empty() { "/activity".to_owned() } else { format!("/activity?{query}") }
    }

    /// The same page as it is.
    pub(super) fn here(&self) -> String {
        self.path(self.before)
    }

    /// What is wanted, taken along in that form.
    pub(super) fn export(&self, format: &str) -> String {
        let query = self.query("");
        let and = if query.is_empty() { "" } else { "&" };
        format!("/activity/export?format={format}{and}{query}")
    }

    fn query(&self, before: &str) -> String {
        let pairs = [
            ("agent", self.agent.as_str()),
            ("tool", &self.tool),
            ("outcome", &self.outcome),
            ("from", &self.from),
            ("to", &self.to),
            ("text", &self.text),
            ("before", before),
        ];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        given.map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
    }
}

fn is_outcome(text: &str) -> bool {
    matches!(text, "worked" | "failed")
}

/// A day as browsers send it.
pub(super) fn parse(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_query_is_read_and_written_as_the_same() {
        let query = "agent=gra_1&tool=mail_read&outcome=failed&from=2026-11-01&to=2026-11-21&text=a%26b";
        let filter = Filter::read(query);
        assert_eq!(filter.path(None), format!("/activity?{query}"));
        assert_eq!(filter.path(Some(7)), format!("/activity?{query}&before=7"));
        assert_eq!(filter.export("csv"), format!("/activity/export?format=csv&{query}"));
        let wanted = filter.wanted();
        assert_eq!(wanted.since, Some(datetime!(2026-11-01 0:00 UTC)));
        assert_eq!(wanted.until, Some(datetime!(2026-11-22 0:00 UTC)), "the last day is wanted, too");
        assert_eq!((wanted.text.as_deref(), wanted.went), (Some("a&b"), Some(Went::Otherwise)));
    }

    #[test]
    fn what_makes_no_sense_is_as_if_it_were_not_there() {
        for query in [
            "",
            "from=yesterday&to=2026-13-01&before=-1&outcome=x&span=y",
            "a&=&%ff",
            "before=99999999999999999999",
        ] {
            let filter = Filter::read(query);
            assert_eq!(filter, Filter::default(), "{query}");
            assert!(!filter.is_narrow());
        }
        assert_eq!(Filter::read(&format!("text={}", "x".repeat(100_000))).text.len(), LONGEST);
    }
}
