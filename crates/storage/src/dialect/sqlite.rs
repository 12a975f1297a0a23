//! SQLite: migrations are written for it.

use super::Dialect;

pub(crate) const SQLITE: Dialect = Dialect {
    has_schema: "SELECT count(*) AS found FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'",
    // A deferred transaction that reads first and writes later fails when another process wrote between.
    begin: "BEGIN IMMEDIATE",
    lock_schema: None,
    // With secure_delete the page is overwritten, but its old copy stays in the log until a checkpoint.
    scrub: Some("PRAGMA wal_checkpoint(TRUNCATE)"),
    size: "SELECT page_count * page_size AS octets FROM pragma_page_count(), pragma_page_size()",
    words: &[],
};
