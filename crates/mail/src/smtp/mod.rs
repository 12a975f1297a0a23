//! Submission servers (RFC 6409): connecting, securing, signing in.
//!
//! Sending is not here yet: so far this proves that an account's submission server can be reached, is
//! who it says, and takes the credential. See [`sign_in`].

mod capability;
mod connect;
mod reply;

pub use capability::Capabilities;
pub use connect::{Patience, SignedIn, sign_in, sign_in_within};
pub use reply::{Connection, Reply};
