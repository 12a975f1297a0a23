//! The command line: one file a command. Results go to stdout, everything else to stderr.
//!
//! Exit status: 0 done, 1 failed, 2 wrong usage.

mod account;
mod approval;
mod completions;
mod doctor;
mod read_document;
mod serve;
mod stdio;
mod token;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::Timestamp;
use time::format_description::well_known::Rfc3339;

use crate::{
    config::{Config, Places},
    error::{Error, Result},
    logging, terminal,
};

/// A person's mail for AI agents, under that person's rules
#[derive(Debug, Parser)]
#[command(name = "postroom", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    places: Places,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve MCP over HTTP to agents of one or many people
    Serve,
    /// Serve MCP over stdin and stdout to one local person
    Stdio(stdio::Arguments),
    /// Add, invite, list, disable, enable, delete users, or change a password
    #[command(subcommand)]
    User(user::Command),
    /// Add, list, test, or remove mail accounts of users
    #[command(subcommand)]
    Account(account::Command),
    /// Make, list, or revoke tokens for agents
    #[command(subcommand)]
    Token(token::Command),
    /// List, show, approve, or deny messages that wait for their person
    #[command(subcommand)]
    Approval(approval::Command),
    /// Check configuration, key, database and accounts, and say what to mend
    Doctor(doctor::Arguments),
    /// Print the commented example of postroom.toml
    #[command(hide = true)]
    ConfigExample,
    /// Read one document from stdin, as a child of the server
    #[command(hide = true)]
    ReadDocument,
    /// Print completions for a shell
    Completions(completions::Arguments),
}

/// Runs the command and answers the exit status.
pub(crate) fn run(cli: Cli) -> ExitCode {
    if matches!(cli.command, Command::ReadDocument) {
        // before settings and logs: it has no business with either
        return read_document::run();
    }
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::say_error(&error);
            ExitCode::from(error.status())
        }
    }
}

fn execute(cli: Cli) -> Result<()> {
    let command = match cli.command {
        Command::Completions(arguments) => {
            completions::run(&arguments);
            return Ok(());
        }
        Command::ConfigExample => {
            terminal::print(crate::config::example().trim_end());
            return Ok(());
        }
        // a configuration that cannot be read is a finding there, not the end
        Command::Doctor(arguments) => return block_on(doctor::run(&arguments, &cli.places)),
        command => command,
    };
    let config = Config::load(&cli.places)?;
    logging::start(&config.operations)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    match command {
        Command::Serve => serve::run(&config),
        Command::Stdio(arguments) => block_on(stdio::run(&arguments, &config)),
        Command::User(command) => block_on(user::run(&command, &config)),
        Command::Account(command) => block_on(account::run(&command, &config)),
        Command::Token(command) => block_on(token::run(&command, &config)),
        Command::Approval(command) => block_on(approval::run(&command, &config)),
        Command::Doctor(_) | Command::Completions(_) | Command::ConfigExample | Command::ReadDocument => {
            Ok(())
        }
    }
}

/// Runs a short command, or one that serves a single client, on this thread.
fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Io { what: "the program cannot be started", source })?;
    let done = runtime.block_on(work);
    // a read of stdin that nobody waits for any more must not hold up the end
    runtime.shutdown_background();
    done
}

/// An instant as it is printed: ISO 8601 in UTC, whole seconds.
fn instant(at: Timestamp) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
