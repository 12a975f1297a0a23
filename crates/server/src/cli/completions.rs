//! `postroom completions`: what a shell needs to complete our command line.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::Cli;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "postroom", &mut script);
    crate::terminal::print(String::from_utf8_lossy(&script).trim_end());
}
