//! Our IMAP engine: wire format, typed responses, connection, session, pool (RFC 3501, RFC 9051).

pub mod response;
pub mod search;
pub mod wire;
