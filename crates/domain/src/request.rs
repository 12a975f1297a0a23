//! What the server tells its doors about one HTTP request. How it finds that out is in `server`.

use std::net::IpAddr;

/// The id by which the log has the request; safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// The address that the request came from, proxies that are trusted aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);
