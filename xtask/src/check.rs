//! `cargo xtask check`: one file per invariant. Every check runs even if an earlier one failed; each
//! prints one line, and what to mend below it.

use std::{process::Command, time::Instant};

use crate::{Failure, place, sources};

mod absence;
mod dependency_list;
mod doors;
mod external;
mod generated;
mod headers;
mod length;
mod links;
mod lint_tables;
mod names;
mod parsers;
mod rooms;
mod stubs;

/// What a check found: one line for each thing to mend.
type Findings = Result<Vec<String>, String>;

/// Runs all checks.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let fast = match arguments {
        [] => false,
        [only] if only == "--fast" => true,
        _ => return Err(Failure::Usage(format!("check does not know `{}`", arguments.join(" ")))),
    };
    let files = sources::all()?;
    let metadata = place::metadata()?;
    let mut report = Report::default();

    report.note("format", "run `cargo fmt --all`", || {
        command(place::cargo().args(["fmt", "--all", "--check"]))
    });
    report.note("room graph", "see the table of rooms in ARCHITECTURE.md", || rooms::check(&metadata));
    report.note("doors see no storage", "go through access or engine", || Ok(doors::check(&metadata)));
    report.note("parsers", "go through the room `documents`, and through `mail::mime`", || {
        Ok(parsers::check(&metadata, &files))
    });
    report.note("what is absent", "see the invariants in ARCHITECTURE.md", || Ok(absence::check(&files)));
    report.note("module headers", "begin with `//!`: what it is and is not, at most 8 lines", || {
        Ok(headers::check(&files))
    });
    report.note("file length", "split by concern; tests over 100 lines go to `foo/tests.rs`", || {
        Ok(length::check(&files))
    });
    report.note("names", "name it by the thing it is", || Ok(names::check(&files)));
    report.note("no stubs", "finish it or leave it out", || Ok(stubs::check(&files)));
    report.note("lint tables", "add `[lints] workspace = true`", || lint_tables::check(&metadata));
    report.note("dependency list", "one list, each entry used and with a word on why", || {
        dependency_list::check(&metadata)
    });
    report.note("links between pages", "mend the link", links::check);
    report.note("generated pages", "run `cargo xtask docs`", || Ok(generated::check()));
    if !fast {
        report.note("clippy", "mend the warnings above", || {
            let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
            shown(place::cargo().args(arguments))
        });
        report.note("bans, licences, sources", "see deny.toml", external::deny);
        report.note("unused dependencies", "remove them from the crate's Cargo.toml", external::machete);
    }
    report.close()
}

#[derive(Default)]
struct Report {
    passed: usize,
    failed: Vec<&'static str>,
}

impl Report {
    fn note(&mut self, name: &'static str, advice: &str, check: impl FnOnce() -> Findings) {
        let started = Instant::now();
        let findings = check().unwrap_or_else(|error| vec![error]);
        let seconds = started.elapsed().as_secs_f32();
        if findings.is_empty() {
            println!("ok      {name} ({seconds:.1} s)");
            self.passed += 1;
        } else {
            println!("FAILED  {name}: {advice}");
            for finding in findings {
                println!("        {}", finding.replace('\n', "\n        "));
            }
            self.failed.push(name);
        }
    }

    fn close(self) -> Result<(), Failure> {
        if self.failed.is_empty() {
            println!("{} checks passed", self.passed);
            Ok(())
        } else {
            Err(Failure::Failed(format!(
                "{} of {} checks failed: {}",
                self.failed.len(),
                self.passed + self.failed.len(),
                self.failed.join(", ")
            )))
        }
    }
}

/// Runs a command quietly; a failure is a finding that carries the end of what it said.
fn command(command: &mut Command) -> Findings {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(Vec::new());
    }
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    let shown = lines.len().saturating_sub(60);
    Ok(vec![lines.get(shown..).unwrap_or_default().join("\n")])
}

/// Runs a command whose output the reader sees as it comes.
fn shown(command: &mut Command) -> Findings {
    let status = command.status().map_err(|error| error.to_string())?;
    Ok(if status.success() { Vec::new() } else { vec![format!("ended with {status}")] })
}
