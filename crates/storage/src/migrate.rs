//! Brings the tables of a database up to date: additive steps, numbered, each in the program.

use crate::{Database, Error, Result};

/// Every step in order; the first has number 1. A step that was released is never changed.
const STEPS: &[&str] = &[
    include_str!("migrations/0001_control_plane.sql"),
    include_str!("migrations/0002_sending.sql"),
    include_str!("migrations/0003_follow_up.sql"),
    include_str!("migrations/0004_draft_versions.sql"),
    include_str!("migrations/0005_changes.sql"),
    include_str!("migrations/0006_people.sql"),
    include_str!("migrations/0007_sign_in.sql"),
    include_str!("migrations/0008_activity.sql"),
    include_str!("migrations/0009_telling.sql"),
    include_str!("migrations/0010_wishes.sql"),
    include_str!("migrations/0011_outbox.sql"),
    include_str!("migrations/0012_sent.sql"),
];

/// Runs the steps that the database lacks, all of them or none.
pub(crate) async fn migrate(database: &Database) -> Result<()> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let dialect = database.dialect();
    let has_schema = database.fetch_optional(dialect.has_schema, &[]).await?;
    if has_schema.is_some_and(|row| row.int("found").is_ok_and(|found| found > 0)) {
        // The usual case takes no lock, so that a start does not wait for another process.
        let row = database.fetch_optional(CURRENT, &[]).await?;
        if is_up_to_date(row.as_ref(), known)? {
            return Ok(());
        }
    }
    let mut transaction = database.begin().await?;
    if let Some(lock) = dialect.lock_schema {
        transaction.fetch(lock, &[]).await?;
    }
    transaction.run_script(dialect.translate(VERSIONS)).await?;
    let row = transaction.fetch_optional(CURRENT, &[]).await?;
    if is_up_to_date(row.as_ref(), known)? {
        return Ok(());
    }
    let done = row.map_or(Ok(0), |row| row.int("version"))?;
    for (number, step) in (1..).zip(STEPS) {
        if number > done {
            transaction.run_script(dialect.translate(step)).await?;
            transaction.execute("INSERT INTO schema_version (version) VALUES ($1)", &[number.into()]).await?;
        }
    }
    transaction.commit().await
}

const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY) STRICT;";
const CURRENT: &str = "SELECT COALESCE(max(version), 0) AS version FROM schema_version";

fn is_up_to_date(row: Option<&crate::Row>, known: i64) -> Result<bool> {
    let found = row.map_or(Ok(0), |row| row.int("version"))?;
    if found > known { Err(Error::TooNew { found, known }) } else { Ok(found == known) }
}
