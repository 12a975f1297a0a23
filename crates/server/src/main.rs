//! Postroom: a person's mail for AI agents, under that person's rules. The binary.
//!
//! Starts at [`cli`], reads settings in [`config`], and builds everything in [`wire`], the only place
//! that does. What the program does with mail is in the rooms below this one.

mod about;
mod authority;
mod background;
mod body_deadline;
mod cli;
mod config;
mod connections;
mod envelope;
mod error;
mod gate;
mod host;
mod logging;
mod metrics;
mod operations;
mod serving;
mod signals;
mod terminal;
mod unread;
mod unstalled;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
