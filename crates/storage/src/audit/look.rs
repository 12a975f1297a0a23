//! Finding audit rows of a user, newest first, by what they say. However many there are, one call looks through a
//! bounded number: where an index leads to nothing but rows that are wanted, as many as are answered; else through
//! so many, and the answer says how far that was.

use domain::{GrantId, Timestamp};

use super::{AuditRow, columns, read};
use crate::{Result, Store, Value};

/// Rows that one call looks through at most where no index leads to the wanted ones alone.
const LOOKED: i64 = 20_000;
/// The same where their text is searched, which takes longer.
const SEARCHED: i64 = 10_000;
/// Rows are numbered as they are written and dated as they happened, by several programs: so much apart at most.
const APART: time::Duration = time::Duration::minutes(10);

/// The words for what worked.
macro_rules! well {
    () => {
        "'ok', 'approved', 'given', 'changed', 'paused', 'resumed', 'planned', 'sent', 'waiting', 'scheduled', 'sending'"
    };
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// It worked, or the person said so.
    Well,
    /// Anything else.
    Otherwise,
}

impl Went {
    /// How something went that ended with that word.
    pub(crate) fn of(outcome: &str) -> Self {
        let is_well = well!().split('\'').skip(1).step_by(2).any(|word| word == outcome);
        if is_well { Self::Well } else { Self::Otherwise }
    }
}

/// Which rows are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Under that grant.
    pub grant: Option<GrantId>,
    /// What the person did themselves on our pages.
    pub is_by_person: bool,
    /// Of that tool.
    pub tool: Option<String>,
    /// That ended so.
    pub went: Option<Went>,
    /// Not before that instant.
    pub since: Option<Timestamp>,
    /// Before that instant.
    pub until: Option<Timestamp>,
    /// With that text in targets, tool, outcome, agent or handle; ASCII letters in either case.
    pub text: Option<String>,
}

impl AuditFilter {
    /// Whether rows have to be looked at one by one.
    fn is_looked_for(&self) -> bool {
        self.is_by_person
            || self.went.is_some()
            || self.text.is_some()
            || self.since.is_some()
            || self.until.is_some()
            || (self.grant.is_some() && self.tool.is_some())
    }
}

/// Rows that were found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditPage {
    /// Newest first.
    pub rows: Vec<AuditRow>,
    /// Further ones may be before the row of this number; absent if there are none.
    pub next: Option<i64>,
    /// When the last row happened that was looked at, if there are more behind it and fewer than wanted were found.
    pub looked_back_to: Option<Timestamp>,
}

/// One statement for each index that leads to rows; `$4` is what it is asked for.
macro_rules! along {
    ($index:literal) => {
        concat!(" FROM audit WHERE user_name = $1 AND seq < $2 AND seq >= $3 ", $index)
    };
}

macro_rules! plain {
    ($index:literal) => {
        concat!("SELECT ", columns!(), along!($index), " ORDER BY seq DESC LIMIT $5")
    };
}

// `at + 0`, since an index of times would lead through more rows than those between the numbers.
macro_rules! looked {
    ($index:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            along!($index),
            " AND ($6 = '' OR tool = $6) AND ($7 = '' OR door = $7) \
             AND ($8 = 0 OR ($8 = 1 AND outcome IN (",
            well!(),
            ")) OR ($8 = 2 AND outcome NOT IN (",
            well!(),
            "))) AND at + 0 >= $9 AND at + 0 < $10 \
             AND ($11 = '' OR lower(targets || ' ' || tool || ' ' || outcome || ' ' || client || ' ' || undo) \
                LIKE $11 ESCAPE '!') \
             ORDER BY seq DESC LIMIT $5"
        )
    };
}

macro_rules! end {
    ($index:literal) => {
        concat!("SELECT seq, at", along!($index), " ORDER BY seq DESC LIMIT 1 OFFSET $5")
    };
}

/// Which index leads to rows, and what it is asked for.
#[derive(Clone, Copy)]
enum Along {
    All,
    Grant,
    Tool,
}

impl Along {
    fn plain(self) -> &'static str {
        match self {
            Self::All => plain!("AND $4 = ''"),
            Self::Grant => plain!("AND grant_id = $4"),
            Self::Tool => plain!("AND tool = $4"),
        }
    }

    fn looked(self) -> &'static str {
        match self {
            Self::All => looked!("AND $4 = ''"),
            Self::Grant => looked!("AND grant_id = $4"),
            Self::Tool => looked!("AND tool = $4"),
        }
    }

    /// The last of so many rows.
    fn end(self) -> &'static str {
        match self {
            Self::All => end!("AND $4 = ''"),
            Self::Grant => end!("AND grant_id = $4"),
            Self::Tool => end!("AND tool = $4"),
        }
    }
}

impl Store {
    /// The user's rows that are wanted, newest first, from before the row of number `before`; at most `limit`.
    pub async fn audit_look(
        &self,
        user: &str,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage> {
        let low = self.audit_low(user, filter).await?;
        let high = self.audit_high(user, filter).await?.min(before.unwrap_or(i64::MAX));
        let (along, key) = match (&filter.grant, &filter.tool) {
            (Some(grant), _) => (Along::Grant, grant.as_str()),
            (None, Some(tool)) => (Along::Tool, tool.as_str()),
            (None, None) => (Along::All, ""),
        };
        let reach = |low: i64, last: i64| -> Vec<Value> {
            vec![user.into(), high.into(), low.into(), key.into(), last.into()]
        };
        let more = i64::from(limit) + 1;
        let (found, end) = if filter.is_looked_for() {
            let most = if filter.text.is_some() { SEARCHED } else { LOOKED };
            // those of one agent or tool lie apart: each is a page of its own to read
            let most = if filter.grant.is_some() || filter.tool.is_some() { most / 2 } else { most };
            let end = self.database.fetch_optional(along.end(), &reach(low, most - 1)).await?;
            let low = end.as_ref().map_or(Ok(low), |row| row.int("seq"))?;
            let mut values = reach(low, more);
            values.extend(conditions(filter));
            (self.database.fetch(along.looked(), &values).await?, end)
        } else {
            (self.database.fetch(along.plain(), &reach(low, more)).await?, None)
        };
        let mut rows = found.iter().map(read).collect::<Result<Vec<_>>>()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if rows.len() > limit {
            rows.truncate(limit);
            let next = rows.last().map(|row| row.seq);
            return Ok(AuditPage { rows, next, looked_back_to: None });
        }
        let next = end.as_ref().map(|row| row.int("seq")).transpose()?;
        let looked_back_to = end.as_ref().map(|row| row.instant("at")).transpose()?;
        Ok(AuditPage { rows, next, looked_back_to })
    }

    /// No row before this number is wanted.
    async fn audit_low(&self, user: &str, filter: &AuditFilter) -> Result<i64> {
        const FIRST: &str = "SELECT seq FROM audit WHERE user_name = $1 AND at >= $2 ORDER BY at LIMIT 1";
        let Some(since) = filter.since.map(|since| since.checked_sub(APART).unwrap_or(since)) else {
            return Ok(0);
        };
        let row = self.database.fetch_optional(FIRST, &[user.into(), since.into()]).await?;
        row.map_or(Ok(i64::MAX), |row| row.int("seq"))
    }

    /// No row from this number on is wanted.
    async fn audit_high(&self, user: &str, filter: &AuditFilter) -> Result<i64> {
        const LAST: &str = "SELECT seq FROM audit WHERE user_name = $1 AND at < $2 ORDER BY at DESC LIMIT 1";
        let Some(until) = filter.until.map(|until| until.checked_add(APART).unwrap_or(until)) else {
            return Ok(i64::MAX);
        };
        let row = self.database.fetch_optional(LAST, &[user.into(), until.into()]).await?;
        row.map_or(Ok(0), |row| Ok(row.int("seq")? + 1))
    }
}

/// What each row is asked.
fn conditions(filter: &AuditFilter) -> [Value; 6] {
    let went: i64 = match filter.went {
        None => 0,
        Some(Went::Well) => 1,
        Some(Went::Otherwise) => 2,
    };
    [
        filter.tool.as_deref().unwrap_or_default().into(),
        if filter.is_by_person { domain::Door::Page.as_str().into() } else { "".into() },
        went.into(),
        filter.since.map_or_else(|| i64::MIN.into(), Value::from),
        filter.until.map_or_else(|| i64::MAX.into(), Value::from),
        filter.text.as_deref().map(pattern).unwrap_or_default().into(),
    ]
}

/// What `LIKE` finds the text by, with `!` before what it would take for more than a character.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_its_person_or_for_its_time_went_well_and_what_was_done_in_part_did_not() {
        for word in ["ok", "sent", "waiting", "sending", "resumed"] {
            assert_eq!(Went::of(word), Went::Well, "{word}");
        }
        for word in ["partly", "denied", "unknown", "", ", ", "not_found"] {
            assert_eq!(Went::of(word), Went::Otherwise, "{word}");
        }
    }

    #[test]
    fn what_is_searched_for_is_text_and_no_pattern() {
        assert_eq!(pattern("A_b%!"), "%a!_b!%!!%");
    }
}
