//! What happens to mail: open an account, list, search, read.
//!
//! Doors call [`Engine`] with a principal and get plain values or a [`domain::Problem`]. An account is
//! opened by [`Engine::account`] alone, so one that was not granted cannot be expressed.

pub mod accounts;
pub mod folders;
pub mod read;
pub mod search;

pub use accounts::Engine;
