//! A Node.js environment below `target/` with the MCP clients that tests drive and what drives and judges the
//! browser, from a lock file: versions and their checksums are fixed, and no script of a package runs. Tests find
//! it through `testkit::node`.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use crate::place;

const MANIFEST: &str = include_str!("node/package.json");
const LOCK: &str = include_str!("node/package-lock.json");

/// Processors that a package of Node.js itself exists for.
const PROCESSORS: [&str; 2] = ["x64", "arm64"];

/// Makes the environment if it is missing or differs.
pub(super) fn ensure() -> Result<(), String> {
    // where `testkit::node` looks for it, whatever CARGO_TARGET_DIR says
    let home = place::root().join("target").join("node");
    let stamp = home.join("installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == LOCK) {
        return Ok(());
    }
    println!("making target/node");
    let tell = |error| format!("{}: {error}", home.display());
    if home.exists() {
        fs::remove_dir_all(&home).map_err(tell)?;
    }
    fs::create_dir_all(&home).map_err(tell)?;
    fs::write(home.join("package.json"), MANIFEST).map_err(tell)?;
    fs::write(home.join("package-lock.json"), LOCK).map_err(tell)?;
    install(&home)?;
    // Node.js is one of the packages, since what systems bring along is too old for the clients; npm decides by
    // itself which of them fits, and its older versions link no program of that name
    let program = |processor| format!("node_modules/node-linux-{processor}/bin/node");
    let Some(program) = PROCESSORS.map(program).into_iter().find(|program| home.join(program).exists())
    else {
        return Err("no Node.js package fits this machine: Linux on x86-64 or AArch64 is needed".into());
    };
    symlink(program, home.join("node")).map_err(tell)?;
    fs::write(&stamp, LOCK).map_err(tell)
}

fn install(home: &Path) -> Result<(), String> {
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(home)
        .output()
        .map_err(|error| format!("npm: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("npm failed; a reachable package registry is needed: {}", errors.trim()))
}
