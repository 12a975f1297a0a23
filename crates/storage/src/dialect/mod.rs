//! What truly differs between the two databases, as values; everything else is one SQL text.

mod postgres;
mod sqlite;

pub(crate) use postgres::POSTGRES;
pub(crate) use sqlite::SQLITE;

/// The differences.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Counts the tables named `schema_version`: 0 or 1.
    pub(crate) has_schema: &'static str,
    /// Begins a transaction that writes.
    pub(crate) begin: &'static str,
    /// Run first in the transaction that migrates, so that two programs do not migrate at once.
    pub(crate) lock_schema: Option<&'static str>,
    /// Run after a key was deleted, so that the file does not keep it.
    pub(crate) scrub: Option<&'static str>,
    /// How many octets the database has.
    pub(crate) size: &'static str,
    /// Words of a migration (written for SQLite) and what they are here.
    pub(crate) words: &'static [(&'static str, &'static str)],
}

impl Dialect {
    /// A migration's text as this database understands it.
    pub(crate) fn translate(&self, migration: &str) -> String {
        let mut translated = String::with_capacity(migration.len());
        for line in migration.lines().filter(|line| !line.trim_start().starts_with("--")) {
            for piece in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let end = piece.get(word.len()..).unwrap_or_default();
                let known = self.words.iter().find(|(here, _)| *here == word);
                translated.push_str(known.map_or(word, |(_, there)| there));
                translated.push_str(end);
            }
            translated.push('\n');
        }
        translated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_for_postgres_has_its_types_and_no_strict_tables() {
        let text = "-- TEXT\nCREATE TABLE t (\n  a TEXT NOT NULL,\n  b INTEGER, text_c BLOB\n) STRICT;";
        let there = POSTGRES.translate(text);
        assert_eq!(
            there,
            "CREATE TABLE t (\n  a TEXT COLLATE \"C\" NOT NULL,\n  b BIGINT, text_c BYTEA\n) ;\n"
        );
        assert_eq!(SQLITE.translate("a TEXT;"), "a TEXT;\n");
    }
}
