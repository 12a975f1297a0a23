//! The door for machines that ask for mail: MCP over HTTP and stdio.
//!
//! Start at [`router`] (HTTP) and [`serve_stdio`]; one tool is one file in `tools/`,
//! one prompt one in `prompts/`, resources are in `resources`. Who may call is
//! asked of a [`Gate`], mail of [`Mail`]: this room knows neither tokens nor mail servers.

mod arguments;
mod asking;
mod authenticate;
mod authorize;
mod completion;
mod deadline;
mod error;
mod files;
mod gate;
mod instructions;
mod mail;
mod metadata;
mod origin;
mod percent;
mod progress;
mod prompts;
mod resources;
mod revocation;
mod schema;
mod server;
mod sessions;
mod settings;
mod stdio;
mod tool;
mod tools;
mod transport;
mod view;

pub use files::{Directory, InvalidDirectory};
pub use gate::{Boxed, CallRecord, Gate, Link, LinkRefusal, LinkedPart, Refusal};
pub use mail::Mail;
pub use origin::host_is_allowed;
pub use sessions::Closer;
pub use settings::{InvalidSettings, Settings};
pub use stdio::{Error as StdioError, Who, serve_stdio, serve_stream};
pub use tools::adverts;
pub use transport::router;

#[cfg(test)]
mod tests;
