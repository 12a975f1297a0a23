//! What access promises, tried over a store in a temporary folder.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

// The room's name, as every other crate says it.
extern crate access as access;

mod accounts;
mod agents;
mod approvals;
mod audit;
mod client_documents;
mod clients;
mod consent;
mod dance;
mod exchange;
mod https;
mod invitations;
mod jobs;
mod links;
mod local;
mod one_time_codes;
mod passkeys;
mod provider;
mod refresh;
mod sessions;
mod signing_in;
mod slow_documents;
mod telling;
mod tokens;
mod users;
mod web_sessions;
mod world;
