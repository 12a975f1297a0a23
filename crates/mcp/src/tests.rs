//! Tests of the whole door: its laws, and what clients see over HTTP and stdio.

mod changes;
mod completion;
mod conformance;
mod downloads;
mod files;
mod http;
mod http_calls;
mod invites;
mod laws;
mod managing;
mod outgoing;
mod prompts;
mod questions;
mod resources;
mod script;
mod sending;
mod sorting;
mod stdio;
mod uploads;
pub(crate) mod world;
