//! A Python environment below `target/` with the MCP client that tests drive, and the calendar libraries they
//! compare with; the system's own is locked.

use std::{fs, process::Command};

use crate::place;

/// Fixed versions: a client that changes under a test proves nothing.
const REQUIREMENTS: &[&str] =
    &["mcp==2.3.0", "icalendar==7.3.0", "recurring-ical-events==3.8.2", "python-dateutil==2.9.0.post0"];

/// Makes the environment if it is missing or differs.
pub(super) fn ensure() -> Result<(), String> {
    // where `testkit::python` looks for it, whatever CARGO_TARGET_DIR says
    let home = place::root().join("target").join("python");
    let stamp = home.join("requirements.txt");
    let wanted = REQUIREMENTS.join("\n");
    let python = home.join("bin").join("python");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) && python.exists() {
        return Ok(());
    }
    println!("making target/python with {}", REQUIREMENTS.join(" "));
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(REQUIREMENTS))?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{program} failed; Python 3.10 or newer with venv and a reachable package index is needed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}
