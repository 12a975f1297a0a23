//! The one way out: resolving, guarding, connecting and TLS.
//!
//! Every outgoing connection of Postroom is opened by [`Outgoing`]; nothing else may open one. It
//! knows no mail, no users and no SQL. See [`guard`] for which addresses may be reached, [`tls`] for
//! whom to trust.

pub mod connect;
pub mod error;
pub mod guard;
pub mod http;
mod resolve;
pub mod tls;

pub use connect::{Origin, Outgoing, Settings, Stream};
pub use error::{CertificateFault, Error, Step};
pub use guard::{PrivateHosts, is_public};
pub use http::{AnswerFault, FetchBounds, Fetched};
