//! Looks into the SQLite file on the thread that asks: for few rows that an index finds, where the way to
//! another thread and back costs more than the answer.
//!
//! Nothing is written here, nothing waits for anybody, and no transaction outlives its statement. What is not
//! answered at once is left to the connections of `database.rs`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use crate::{Error, Result, Row, Value};

/// Connections; each costs its cache of pages and what SQLite knows of the tables.
const CONNECTIONS: usize = 4;
/// Statements that are kept prepared for each.
const STATEMENTS: usize = 16;
/// An answer of more is no look.
const ROWS: usize = 64;

/// The connections for looks into one file. They are opened when first needed.
#[derive(Debug)]
pub(super) struct Looks {
    path: PathBuf,
    /// Which file it was when the database was opened.
    file: FileId,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    idle: Vec<Look>,
    opened: usize,
    is_closed: bool,
}

/// One connection.
#[derive(Debug)]
struct Look {
    connection: Connection,
    /// The names of each statement's columns.
    columns: Vec<(&'static str, Arc<[String]>)>,
}

impl Looks {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: FileId::of(path)?, kept: Mutex::default() })
    }

    /// The rows that a statement answers; nothing if that is not to be had at once: while all connections are
    /// in use, another process has the whole database for itself, or there are more rows than a look answers.
    /// An error if the file is not there any more: what was open before would go on to answer from it, whatever
    /// others write.
    pub(super) fn look(&self, sql: &'static str, values: &[Value]) -> Result<Option<Vec<Row>>> {
        if FileId::of(&self.path).map_err(sqlx::Error::Io)? != self.file {
            let moved = io::Error::new(io::ErrorKind::NotFound, "another file lies in the database's place");
            return Err(sqlx::Error::Io(moved).into());
        }
        let Some(mut look) = self.take() else { return Ok(None) };
        let answer = look.rows(sql, values);
        let mut kept = self.kept();
        match answer {
            Ok(rows) => {
                if !kept.is_closed {
                    kept.idle.push(look);
                }
                Ok(rows)
            }
            // Whatever it was, the next look begins anew.
            Err(error) => {
                kept.opened = kept.opened.saturating_sub(1);
                if is_occupied(&error) { Ok(None) } else { Err(Error::Look(error)) }
            }
        }
    }

    /// Ends all connections but those in use, which end after their statement. Nothing is looked at any more.
    pub(super) fn close(&self) {
        let mut kept = self.kept();
        kept.is_closed = true;
        kept.idle.clear();
    }

    /// A connection that is free or new; nothing if there are too many already, or none can be opened just now:
    /// those of the usual way may be open, or tell why not.
    fn take(&self) -> Option<Look> {
        {
            let mut kept = self.kept();
            if kept.is_closed {
                return None;
            }
            if let Some(look) = kept.idle.pop() {
                return Some(look);
            }
            if kept.opened == CONNECTIONS {
                return None;
            }
            kept.opened += 1;
        }
        let opened = Look::open(&self.path).ok();
        if opened.is_none() {
            let mut kept = self.kept();
            kept.opened = kept.opened.saturating_sub(1);
        }
        opened
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Look {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        // Not for reading alone: whoever reads a log that a dead process left repairs its index.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "query_only", "ON")?;
        connection.pragma_update(None, "cache_size", -512)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(Self { connection, columns: Vec::new() })
    }

    /// The rows of an answer; nothing if there are too many.
    fn rows(&mut self, sql: &'static str, values: &[Value]) -> rusqlite::Result<Option<Vec<Row>>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let known = self.columns.iter().find(|(known, _)| std::ptr::eq(*known, sql));
        let columns = if let Some((_, columns)) = known {
            columns.clone()
        } else {
            let columns: Arc<[String]> = statement.column_names().into_iter().map(str::to_owned).collect();
            self.columns.push((sql, columns.clone()));
            columns
        };
        for (position, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(position + 1, value)?;
        }
        let mut answer = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            if answer.len() == ROWS {
                return Ok(None);
            }
            let mut read = Vec::with_capacity(columns.len());
            for position in 0..columns.len() {
                read.push(owned(row.get_ref(position)?, position)?);
            }
            answer.push(Row::new(columns.clone(), read));
        }
        Ok(Some(answer))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn owned(value: ValueRef<'_>, position: usize) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(_) => Value::Text(value.as_str()?.to_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => {
            let kind = rusqlite::types::Type::Real;
            return Err(rusqlite::Error::InvalidColumnType(position, String::new(), kind));
        }
    })
}

/// Whether another process has the database for itself just now.
fn is_occupied(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Which file lies at a path.
#[derive(Debug, PartialEq, Eq)]
struct FileId(#[cfg(unix)] (u64, u64));

impl FileId {
    fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        #[cfg(unix)]
        return Ok(Self({
            use std::os::unix::fs::MetadataExt;
            (found.dev(), found.ino())
        }));
        #[cfg(not(unix))]
        Ok(Self())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_has_for_itself_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("postroom.db");
        let owner = Connection::open(&path).unwrap();
        let statements = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; \
            CREATE TABLE t (x INTEGER) STRICT; INSERT INTO t (x) VALUES (7);";
        owner.execute_batch(statements).unwrap();
        let looks = Looks::new(&path).unwrap();
        // more often than there are connections: none of them is lost
        for _ in 0..3 * CONNECTIONS {
            assert!(looks.look("SELECT x FROM t", &[]).unwrap().is_none());
        }
        drop(owner);
        let rows = looks.look("SELECT x FROM t", &[]).unwrap().unwrap();
        assert_eq!(rows[0].int("x").unwrap(), 7);
        assert_eq!(looks.kept().opened, 1);
        looks.close();
        assert!(looks.look("SELECT x FROM t", &[]).unwrap().is_none());
    }
}
