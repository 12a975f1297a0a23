//! The hosted server in the hands of its operator: several of it, one that starts anew, one whose database is away,
//! commands beside it, and a proxy before it.

mod commands;
mod database;
mod proxied;
mod replicas;
mod scopes;
