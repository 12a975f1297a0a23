//! Where things are kept, and the key that seals them.

use std::{fmt, path::PathBuf};

use domain::Secret;

use super::setting::{Value, section};
use crate::error::Result;

section! {
    /// Where things are kept, and the key that seals them.
    "Data" Keeping {
        /// The directory of the database and the generated key; the platform's place for data if not set.
        data_dir: Option<PathBuf> = Plain (example "/var/lib/postroom");
        /// `sqlite:PATH` or `postgres://…`; SQLite in the data directory if not set. With a password in it,
        /// it belongs into the environment. Over a network, end it in `?sslmode=verify-full`, and in
        /// `&sslrootcert=FILE` if its authority is not a public one.
        database_url: Option<DatabaseUrl> = MayHoldSecret (example "postgres:///postroom?host=/run/postgresql");
        /// The key that seals stored passwords: 32 bytes as base64 or 64 hex digits. Made once and kept in
        /// the data directory if not set. Without it what is stored cannot be opened: back it up.
        master_key: Option<Secret> = Secret (example "");
    }
}

/// A database's URL. `Debug` shows nothing of it: there may be a password in it.
#[derive(Clone)]
pub(crate) struct DatabaseUrl(Secret);

impl DatabaseUrl {
    /// The URL itself.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(hidden)")
    }
}

impl Value for DatabaseUrl {
    fn parse(text: &Secret) -> Result<Self, String> {
        let is_known =
            ["sqlite:", "postgres://", "postgresql://"].iter().any(|known| text.expose().starts_with(known));
        if is_known {
            Ok(Self(text.clone()))
        } else {
            Err("expected `sqlite:PATH` or `postgres://USER@HOST/NAME`".to_owned())
        }
    }
}
