//! Stands up the world of a test: a real Dovecot, Cyrus or Courier with people and mail, an SMTP sink,
//! a browser, an MCP client.
//!
//! Development only. Blocking and without other rooms, so that every room's tests, the bench and
//! `cargo xtask demo` can use it. Everything lives in a temporary directory and on loopback.

pub mod authenticator;
pub mod bearer_proxy;
pub mod browser;
pub mod certificates;
pub mod conformance;
pub mod courier;
pub mod cyrus;
pub mod dovecot;
pub mod introspection;
pub mod maildir;
pub mod mcp_http;
pub mod mcp_stdio;
pub mod node;
pub mod openid_provider;
pub mod other_client;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod python;
pub mod sample;
pub mod smtp_sink;
pub mod submission;
pub mod tls;

mod dovecot_config;
mod left_out;
mod ports;
mod unpacked;

pub use authenticator::Authenticator;
pub use bearer_proxy::BearerProxy;
pub use browser::{Browser, require_browser};
pub use certificates::CertificateKind;
pub use courier::{Courier, require_courier};
pub use cyrus::{Cyrus, require_cyrus};
pub use dovecot::{Dovecot, Options, User, require_dovecot};
pub use maildir::{Mail, Maildir};
pub use mcp_http::McpHttp;
pub use mcp_stdio::McpStdio;
pub use node::{Node, require_node};
pub use openid_provider::{OpenIdProvider, require_openid_provider};
pub use other_client::{OtherClient, deliver};
pub use postgres::{Postgres, require_postgres};
pub use proxy::Proxy;
pub use python::require_python;
pub use smtp_sink::{SinkOptions, SmtpSink};
pub use submission::{Submission, require_submission};
