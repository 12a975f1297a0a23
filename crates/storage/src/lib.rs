//! The control plane's SQL on SQLite and Postgres, and the sealing of secrets.
//!
//! [`Database`] runs statements, [`Sealer`] seals bytes, [`Store`] puts them together: users, accounts,
//! grants, tokens, audit rows and sessions as functions. Who may call them is decided in `access`.
//! Instants are stored as milliseconds since 1970, switches as 0 and 1, lists and settings as JSON.

mod accounts;
mod audit;
mod database;
mod dialect;
mod error;
mod grants;
mod master_key;
mod migrate;
mod seal;
mod sessions;
mod standing;
mod store;
mod tokens;
mod users;
mod value;

pub use accounts::Account;
pub use audit::{AuditRow, Chain, NewAuditRow};
pub use database::{Database, Transaction};
pub use error::Error;
pub use grants::NewGrant;
pub use master_key::MasterKey;
pub use seal::Sealer;
pub use sessions::Session;
pub use standing::{HeldAccount, Standing};
pub use store::Store;
pub use tokens::{Bearer, NewToken};
pub use users::User;
pub use value::{Row, Value};

/// What every function here answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
