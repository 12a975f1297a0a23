//! The control plane's SQL on SQLite and Postgres, and the sealing of secrets.
