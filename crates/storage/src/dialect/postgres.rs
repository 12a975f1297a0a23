//! Postgres: its types, text ordered by bytes as in SQLite, no strict tables (all of them are).

use super::Dialect;

pub(crate) const POSTGRES: Dialect = Dialect {
    has_schema: "SELECT count(*) AS found FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'schema_version'",
    begin: "BEGIN",
    lock_schema: Some("SELECT pg_advisory_xact_lock(8143)::text AS locked"),
    scrub: None,
    size: "SELECT pg_database_size(current_database()) AS octets",
    words: &[("TEXT", "TEXT COLLATE \"C\""), ("INTEGER", "BIGINT"), ("BLOB", "BYTEA"), ("STRICT", "")],
};
