//! The binary as people and agents use it: its commands, its HTTP, its stdio, on a real mail server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod accounts;
mod approvals;
mod asking;
mod attachments;
mod attacks;
mod browser;
mod configuration;
mod conformance;
mod connecting;
mod documents_child;
mod files;
mod folders;
mod foreign;
mod help;
mod injections;
mod inspector;
mod invites;
mod keys;
mod mixed;
mod node_client;
mod operation;
mod pages;
mod people;
mod python_client;
mod reading;
mod resources;
mod routes;
mod secrecy;
mod sending;
mod serving;
mod sorting;
mod stopping;
mod world;
