//! A Node.js environment below `target/` with the MCP clients that tests drive, from a lock file: versions and
//! their checksums are fixed, and no script of a package runs. Tests find it through `testkit::node`.

use std::{fs, process::Command};

use crate::place;

const MANIFEST: &str = include_str!("node/package.json");
const LOCK: &str = include_str!("node/package-lock.json");

/// Makes the environment if it is missing or differs.
pub(super) fn ensure() -> Result<(), String> {
    // where `testkit::node` looks for it, whatever CARGO_TARGET_DIR says
    let home = place::root().join("target").join("node");
    let stamp = home.join("installed.json");
    let node = home.join("node_modules").join(".bin").join("node");
    if fs::read_to_string(&stamp).is_ok_and(|there| there == LOCK) && node.exists() {
        return Ok(());
    }
    println!("making target/node");
    let tell = |error| format!("{}: {error}", home.display());
    fs::create_dir_all(&home).map_err(tell)?;
    fs::write(home.join("package.json"), MANIFEST).map_err(tell)?;
    fs::write(home.join("package-lock.json"), LOCK).map_err(tell)?;
    // Node.js itself is one of the packages, since what systems bring along is too old for the clients
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&home)
        .output()
        .map_err(|error| format!("npm: {error}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("npm failed; a reachable package registry is needed: {}", errors.trim()));
    }
    if !node.exists() {
        return Err("no Node.js package fits this machine: Linux on x86-64 or AArch64 is needed".into());
    }
    fs::write(&stamp, LOCK).map_err(tell)
}
