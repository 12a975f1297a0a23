//! What can go wrong in storage, in its own words.

use std::path::PathBuf;

use domain::{Code, Problem};

/// Why a stored thing could not be read, written, sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL of the database names no database that is known here.
    #[error("the database URL is not usable: {0}")]
    BadUrl(&'static str),
    /// The folder or file of the database could not be made.
    #[error("`{}` cannot be created or opened", path.display())]
    Path {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be reached or is no database.
    #[error("the database {name} cannot be opened")]
    Open {
        /// Where it is, without user and password.
        name: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// A newer program has written the database.
    #[error(
        "the database has schema version {found}, but this program knows only up to {known}; use a newer one"
    )]
    TooNew {
        /// What the database says.
        found: i64,
        /// The newest that this program writes.
        known: i64,
    },
    /// A row with the same unique value is there already.
    #[error("that name is taken")]
    Taken,
    /// A statement failed.
    #[error("the database could not run a statement")]
    Query(#[source] sqlx::Error),
    /// A look into the database's file failed.
    #[error("the database could not be looked into")]
    Look(#[source] rusqlite::Error),
    /// A stored value is not what this program writes.
    #[error("the stored {0} cannot be read")]
    Unreadable(&'static str),
    /// The master key's text is neither base64 nor hex of 32 bytes.
    #[error("the master key must be 32 bytes, as base64 or as 64 hex digits")]
    KeyMalformed,
    /// The master key's file could not be read or written.
    #[error("the master key's file `{}` cannot be read or written", path.display())]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others than its owner may read the master key's file.
    #[error("the master key's file `{}` can be read by others (mode {mode:04o}); run `chmod 600` on it", path.display())]
    KeyExposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What is stored was sealed with another master key.
    #[error("the master key is not the one that this database was sealed with; nothing was changed")]
    WrongKey,
    /// Sealed bytes were altered, cut, or moved from elsewhere.
    #[error("sealed bytes cannot be opened: they were altered or belong elsewhere")]
    Seal,
    /// The account that it belongs to was removed, or its content is not kept any more.
    #[error("what is asked for is not kept any more")]
    Gone,
    /// What was to be stored could not be read to its end; nothing of it was kept.
    #[error("what was to be stored could not be read to its end")]
    Source(#[source] std::io::Error),
    /// A stored password would go elsewhere than it was typed for.
    #[error(transparent)]
    PasswordNeeded(#[from] domain::account::PasswordNeeded),
    /// It was changed while it was being changed here.
    #[error("it was changed meanwhile")]
    Changed,
    /// Larger or more than is kept for one grant.
    #[error("more than is kept for one grant")]
    Full,
}

impl Error {
    /// Whether the same may go well in a moment: the database is away, or too busy.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Open { source, .. } | Self::Query(source) => is_passing(source),
            _ => false,
        }
    }

    /// What to do next; empty if there is nothing to say.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::BadUrl(_) => "Write `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME`.",
            Self::Path { .. } => "Check that the folder exists and belongs to the user that runs this.",
            Self::Open { .. } => {
                "Check that it is there, that it answers, and that it is Postroom's database."
            }
            Self::TooNew { .. } => "Run the version that wrote it, or a newer one.",
            Self::KeyMalformed => {
                "`openssl rand -base64 32` makes one; or remove the setting to have one made."
            }
            Self::KeyFile { .. } => "Check that the file is there and belongs to the user that runs this.",
            Self::WrongKey => {
                "Give the key that was used before; without it the stored secrets cannot be opened by anybody."
            }
            Self::Seal | Self::Unreadable(_) => {
                "Somebody or something changed the database; restore it from a backup."
            }
            Self::Query(_) | Self::Look(_) => "`postroom doctor` checks the database and the key.",
            Self::Full => "Use what was handed over before, or wait a day.",
            Self::PasswordNeeded(_) => "Type the password once more.",
            Self::Changed => "Look at it as it is now, then try again.",
            Self::Taken | Self::KeyExposed { .. } | Self::Gone | Self::Source(_) => "",
        }
    }
}

fn is_passing(source: &sqlx::Error) -> bool {
    match source {
        sqlx::Error::Io(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // Postgres: connections (08), resources (53), starting or stopping (57P); SQLite: busy, locked
        sqlx::Error::Database(cause) => cause.code().is_some_and(|code| {
            ["08", "53", "57P"].iter().any(|class| code.len() == 5 && code.starts_with(class))
                || ["5", "6", "261", "262", "517"].contains(&code.as_ref())
        }),
        _ => false,
    }
}

impl From<Error> for Problem {
    /// Callers learn that it is our fault and nothing of how the database is made.
    fn from(error: Error) -> Self {
        match error {
            Error::Taken => Self::new(Code::Conflict, "That name is taken."),
            Error::Changed => Self::new(Code::Conflict, "It was changed meanwhile.").hint(error.hint()),
            Error::Gone => Self::new(Code::NotFound, "It is not kept any more."),
            Error::Full => {
                Self::new(Code::TooMany, "More files were handed over than are kept for one grant.")
                    .hint(error.hint())
            }
            _ => Self::new(Code::Internal, "What is stored could not be read or written."),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Self {
        match &source {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => Self::Taken,
            _ => Self::Query(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_well_in_a_moment_is_told_apart_from_what_will_not() {
        let cut = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        for source in [sqlx::Error::Io(cut), sqlx::Error::PoolTimedOut, sqlx::Error::PoolClosed] {
            assert!(Error::from(source).is_passing());
        }
        for error in [Error::from(sqlx::Error::RowNotFound), Error::Taken, Error::WrongKey, Error::Seal] {
            assert!(!error.is_passing(), "{error}");
        }
    }
}
