//! `cargo xtask`: the project's own commands. One file per command; no product code lives here.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line program prints")]
#![expect(clippy::disallowed_methods, reason = "the clock and the ports of its own machine are read here")]

use std::process::ExitCode;

mod bench;
mod check;
mod demo;
mod docs;
mod fuzz;
mod place;
mod soak;
mod sources;
mod test;
mod tools;

const USAGE: &str = "usage: cargo xtask COMMAND

  check [--fast]   everything CI checks besides tests; --fast leaves out clippy and external tools
  test [ARGS…]     installs the servers that tests need, then runs all tests; ARGS go to the test runner
  demo [--release] a Dovecot with sample mail and Postroom on it, with lines to connect an agent;
                   it may send, but nothing leaves the machine
  docs             writes the generated pages below docs/
  fuzz [TARGET] [--seconds N]
                   feeds what strangers send (replies, mime, invites) and what goes out (outgoing) to libFuzzer,
                   60 seconds each if not given
  soak [--kills N] [--only sends|resends|moves|undoes]
                   kills processes that send, that move mail and that undo, 1,000 times each if not given, and
                   checks that nothing is lost silently and nothing is done twice; about half an hour
  bench [--messages N] [--rounds N] [--date YYYY-MM-DD] [--only SECTION]
                   measures the release build against plain IMAP on 100,000 messages, 30 rounds each;
                   the table goes to bench/RESULTS.md, the date is today's (UTC) if not given";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_deref() {
        Some("check") => check::run(&rest),
        Some("test") => test::run(&rest),
        Some("demo") => demo::run(&rest),
        Some("docs") => docs::run(),
        Some("fuzz") => fuzz::run(&rest),
        Some("soak") => soak::run(&rest),
        Some("bench") => bench::run(&rest),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprintln!("xtask: {message}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Why a command did not do what it should.
#[derive(Debug)]
enum Failure {
    /// The arguments make no sense.
    Usage(String),
    /// What went wrong and what to do, for the reader of the terminal.
    Failed(String),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}
