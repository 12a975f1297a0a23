//! Submission servers (RFC 6409): connecting, securing, signing in, and handing over one message.
//!
//! [`sign_in`] gives a connection, [`submit`] uses it. Whether and when something is sent, and what is
//! done after a failure, is decided elsewhere; here it is only told exactly what happened.

mod capability;
mod connect;
mod dialogue;
mod outcome;
mod reply;
mod stuffing;
mod submit;

pub use capability::Capabilities;
pub use connect::{Patience, SignedIn, sign_in};
pub use outcome::{NotSubmitted, RecipientReply, Submitted};
pub use reply::{Connection, Reply};
pub use submit::{Envelope, submit};
