//! One face for the two databases: statements with `$1`, our own values and rows.
//!
//! The only place that knows which of the two it talks to; what truly differs in SQL is in `dialect/`.
//! It knows no table. On SQLite all writing goes through one connection and reading through a few
//! others (WAL), all of them opened when first needed; what is asked all the time has `looks.rs`.

mod looks;

use std::{io, path::Path, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, Column, Decode, Executor, Row as _, TypeInfo, ValueRef,
    encode::IsNull,
    postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow, PgTypeInfo, types::Oid},
    query::Query,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};

use crate::{
    Error, Result, Row, Value, create_private_folder,
    dialect::{Dialect, POSTGRES, SQLITE},
    migrate, private_file,
};
use looks::Looks;

/// How long a writer waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(5);
/// How long a statement waits for a free connection.
const ACQUIRE: Duration = Duration::from_secs(10);
const READERS: u32 = 3;
const POSTGRES_CONNECTIONS: u32 = 8;

/// The control plane's database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database(Pools);

#[derive(Debug, Clone)]
enum Pools {
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        /// Absent for a database in memory, which its one connection alone sees.
        looks: Option<Arc<Looks>>,
    },
    Postgres(PgPool),
}

impl Database {
    /// Opens `sqlite:PATH` (made with mode 0600 if missing, its folder with 0700) or `postgres://…`,
    /// and brings its tables up to date. A database that a newer program wrote is refused unchanged.
    pub async fn open(url: &str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(':') || path.contains('?') {
                return Err(Error::BadUrl("after `sqlite:` a file's path is expected, without parameters"));
            }
            return Self::open_file(Path::new(path)).await;
        }
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(Error::BadUrl("it begins with `sqlite:` or `postgres://`"));
        }
        let options: PgConnectOptions =
            url.parse().map_err(|_| Error::BadUrl("expected `postgres://USER:PASSWORD@HOST:PORT/NAME`"))?;
        let name = format!("`{}` on {}", options.get_database().unwrap_or("postgres"), options.get_host());
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(ACQUIRE)
            .connect_with(options)
            .await
            .map_err(|source| Error::Open { name, source })?;
        Self(Pools::Postgres(pool)).migrated().await
    }

    /// Opens the SQLite database in a file, as [`Self::open`] does.
    pub async fn open_file(path: &Path) -> Result<Self> {
        create_private(path).map_err(|source| Error::Path { path: path.to_owned(), source })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // What was answered as stored survives a loss of power: that a message is about to leave, above all.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            // A removed account's key leaves the file, not only the table.
            // a message of many megabytes passes through once: pages of it are not worth their memory
            .pragma("cache_size", "-512")
            .pragma("secure_delete", "ON");
        let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE).test_before_acquire(false);
        let writer = pool()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await
            .map_err(|source| Error::Open { name: format!("`{}`", path.display()), source })?;
        let readers = pool().max_connections(READERS).connect_lazy_with(options.pragma("query_only", "ON"));
        let looks = Looks::new(path).map_err(|source| Error::Path { path: path.to_owned(), source })?;
        Self(Pools::Sqlite { writer, readers, looks: Some(Arc::new(looks)) }).migrated().await
    }

    /// A SQLite database in memory, which ends with its last clone: for tests.
    pub async fn open_memory() -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(":memory:").foreign_keys(true);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(|source| Error::Open { name: "memory".to_owned(), source })?;
        Self(Pools::Sqlite { readers: writer.clone(), writer, looks: None }).migrated().await
    }

    async fn migrated(self) -> Result<Self> {
        match migrate::migrate(&self).await {
            Ok(()) => Ok(self),
            Err(error) => {
                self.close().await;
                Err(error)
            }
        }
    }

    pub(crate) fn dialect(&self) -> &'static Dialect {
        match &self.0 {
            Pools::Sqlite { .. } => &SQLITE,
            Pools::Postgres(_) => &POSTGRES,
        }
    }

    /// The rows that a statement answers. A statement that begins with `SELECT` sees what is committed;
    /// any other is taken for a write.
    pub async fn fetch(&self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>> {
        match &self.0 {
            Pools::Sqlite { writer, readers, .. } => {
                fetch_sqlite(if sql.starts_with("SELECT") { readers } else { writer }, sql, values).await
            }
            Pools::Postgres(pool) => fetch_postgres(pool, sql, values).await,
        }
    }

    /// The first row that a statement answers, if any.
    pub async fn fetch_optional(&self, sql: &'static str, values: &[Value]) -> Result<Option<Row>> {
        Ok(self.fetch(sql, values).await?.into_iter().next())
    }

    /// The few rows that a `SELECT` finds by an index, as [`Self::fetch`] answers them: for what every call and
    /// every page asks. On SQLite the thread that asks reads the file itself, so that nothing else belongs here.
    pub async fn look(&self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>> {
        if let Pools::Sqlite { looks: Some(looks), .. } = &self.0
            && let Some(rows) = looks.look(sql, values)?
        {
            return Ok(rows);
        }
        self.fetch(sql, values).await
    }

    /// The first row of a [`Self::look`], if any.
    pub async fn look_optional(&self, sql: &'static str, values: &[Value]) -> Result<Option<Row>> {
        Ok(self.look(sql, values).await?.into_iter().next())
    }

    /// Runs a statement and answers how many rows it changed.
    pub async fn execute(&self, sql: &'static str, values: &[Value]) -> Result<u64> {
        match &self.0 {
            Pools::Sqlite { writer, .. } => execute_sqlite(writer, sql, values).await,
            Pools::Postgres(pool) => execute_postgres(pool, sql, values).await,
        }
    }

    /// Begins a transaction that writes; dropped without [`Transaction::commit`] it is undone.
    pub async fn begin(&self) -> Result<Transaction> {
        let begin = self.dialect().begin;
        Ok(Transaction(match &self.0 {
            Pools::Sqlite { writer, .. } => Begun::Sqlite(writer.begin_with(begin).await?),
            Pools::Postgres(pool) => Begun::Postgres(pool.begin_with(begin).await?),
        }))
    }

    /// Makes sure that what was deleted cannot be read from the file any more, as far as the database
    /// can tell: another process that is reading at this moment delays it to its own next checkpoint.
    pub(crate) async fn scrub(&self) -> Result<()> {
        if let Some(sql) = self.dialect().scrub {
            self.fetch(sql, &[]).await?;
        }
        Ok(())
    }

    /// Closes every connection, after their running statements.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Sqlite { writer, readers, looks } => {
                if let Some(looks) = looks {
                    looks.close();
                }
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Statements that happen together or not at all.
#[derive(Debug)]
pub struct Transaction(Begun);

#[derive(Debug)]
enum Begun {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Transaction {
    /// The rows that a statement answers.
    pub async fn fetch(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>> {
        match &mut self.0 {
            Begun::Sqlite(begun) => fetch_sqlite(&mut **begun, sql, values).await,
            Begun::Postgres(begun) => fetch_postgres(&mut **begun, sql, values).await,
        }
    }

    /// The first row that a statement answers, if any.
    pub async fn fetch_optional(&mut self, sql: &'static str, values: &[Value]) -> Result<Option<Row>> {
        Ok(self.fetch(sql, values).await?.into_iter().next())
    }

    /// Runs a statement and answers how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64> {
        match &mut self.0 {
            Begun::Sqlite(begun) => execute_sqlite(&mut **begun, sql, values).await,
            Begun::Postgres(begun) => execute_postgres(&mut **begun, sql, values).await,
        }
    }

    /// Runs a migration: several statements without values, written by us.
    pub(crate) async fn run_script(&mut self, script: String) -> Result<()> {
        let script = sqlx::raw_sql(AssertSqlSafe(script));
        match &mut self.0 {
            Begun::Sqlite(begun) => (**begun).execute(script).await.map(|_| ())?,
            Begun::Postgres(begun) => (**begun).execute(script).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Makes it all last.
    pub async fn commit(self) -> Result<()> {
        match self.0 {
            Begun::Sqlite(begun) => begun.commit().await?,
            Begun::Postgres(begun) => begun.commit().await?,
        }
        Ok(())
    }
}

/// Makes the database's file and its folder private before SQLite sees them; its log files take over
/// the mode of the database.
fn create_private(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), create_private_folder)?;
    private_file().read(true).append(true).create(true).open(path).map(drop)
}

fn bind_sqlite(sql: &'static str, values: &[Value]) -> Query<'static, sqlx::Sqlite, SqliteArguments> {
    values.iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Null => query.bind(None::<i64>),
        Value::Text(text) => query.bind(text.clone()),
        Value::Int(number) => query.bind(*number),
        Value::Bytes(bytes) => query.bind(bytes.clone()),
    })
}

async fn fetch_sqlite<'e, E>(executor: E, sql: &'static str, values: &[Value]) -> Result<Vec<Row>>
where
    E: Executor<'e, Database = sqlx::Sqlite>,
{
    let rows: Vec<SqliteRow> = bind_sqlite(sql, values).fetch_all(executor).await?;
    let columns = names(rows.first().map(SqliteRow::columns));
    rows.iter().map(|row| read_row::<sqlx::Sqlite, _>(row, &columns)).collect()
}

async fn execute_sqlite<'e, E>(executor: E, sql: &'static str, values: &[Value]) -> Result<u64>
where
    E: Executor<'e, Database = sqlx::Sqlite>,
{
    Ok(bind_sqlite(sql, values).execute(executor).await?.rows_affected())
}

/// Nothing, of a type that Postgres infers: a `NULL` sent as text is refused by a column of numbers.
struct Untyped;

impl sqlx::Type<sqlx::Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl sqlx::Encode<'_, sqlx::Postgres> for Untyped {
    fn encode_by_ref(
        &self,
        _: &mut sqlx::postgres::PgArgumentBuffer,
    ) -> Result<IsNull, sqlx::error::BoxDynError> {
        Ok(IsNull::Yes)
    }
}

fn bind_postgres(sql: &'static str, values: &[Value]) -> Query<'static, sqlx::Postgres, PgArguments> {
    values.iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Null => query.bind(Untyped),
        Value::Text(text) => query.bind(text.clone()),
        Value::Int(number) => query.bind(*number),
        Value::Bytes(bytes) => query.bind(bytes.clone()),
    })
}

async fn fetch_postgres<'e, E>(executor: E, sql: &'static str, values: &[Value]) -> Result<Vec<Row>>
where
    E: Executor<'e, Database = sqlx::Postgres>,
{
    let rows: Vec<PgRow> = bind_postgres(sql, values).fetch_all(executor).await?;
    let columns = names(rows.first().map(PgRow::columns));
    rows.iter().map(|row| read_row::<sqlx::Postgres, _>(row, &columns)).collect()
}

async fn execute_postgres<'e, E>(executor: E, sql: &'static str, values: &[Value]) -> Result<u64>
where
    E: Executor<'e, Database = sqlx::Postgres>,
{
    Ok(bind_postgres(sql, values).execute(executor).await?.rows_affected())
}

fn names<C: Column>(columns: Option<&[C]>) -> Arc<[String]> {
    columns.unwrap_or_default().iter().map(|column| column.name().to_owned()).collect()
}

fn read_row<'r, D, R>(row: &'r R, columns: &Arc<[String]>) -> Result<Row>
where
    D: sqlx::Database<Row = R>,
    R: sqlx::Row<Database = D>,
    usize: sqlx::ColumnIndex<R>,
    String: Decode<'r, D>,
    i64: Decode<'r, D>,
    Vec<u8>: Decode<'r, D>,
{
    let mut values = Vec::with_capacity(columns.len());
    for position in 0..columns.len() {
        let value = row.try_get_raw(position)?;
        let kind = value.type_info().name().to_owned();
        let decoded = match kind.as_str() {
            _ if value.is_null() => Ok(Value::Null),
            "TEXT" | "VARCHAR" | "NAME" => String::decode(value).map(Value::Text),
            "INTEGER" | "INT8" => i64::decode(value).map(Value::Int),
            "BLOB" | "BYTEA" => Vec::<u8>::decode(value).map(Value::Bytes),
            other => Err(format!("column type {other} is not used here").into()),
        };
        values.push(decoded.map_err(|source| Error::Query(sqlx::Error::Decode(source)))?);
    }
    Ok(Row::new(columns.clone(), values))
}
