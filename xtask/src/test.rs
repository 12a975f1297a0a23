//! `cargo xtask test`: brings what tests need onto the machine, then runs all of them. Nothing is skipped
//! here: `CI=true` makes a missing server a failure.

use crate::{Failure, place};

mod node;
mod python;
mod servers;

/// Runs all tests; `arguments` go to the runner.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    servers::ensure()?;
    python::ensure()?;
    node::ensure()?;
    let mut cargo = place::cargo();
    if has_nextest() {
        cargo.args(["nextest", "run"]);
    } else {
        cargo.arg("test");
    }
    // cargo lets --workspace win over --package
    let names_package = |word: &String| word.starts_with("-p") || word.starts_with("--package");
    if !arguments.iter().any(names_package) {
        cargo.arg("--workspace");
    }
    let status = cargo.arg("--locked").args(arguments).env("CI", "true").status()?;
    if status.success() { Ok(()) } else { Err(Failure::Failed(format!("tests failed ({status})"))) }
}

fn has_nextest() -> bool {
    place::cargo().args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success())
}
