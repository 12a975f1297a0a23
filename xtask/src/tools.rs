//! Cargo tools at fixed versions, built once into `target/tools` and used from there.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::place;

/// A cargo tool at the version that we know to build with our toolchain.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Bans, licences, sources.
pub(crate) const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
/// Unused dependencies.
pub(crate) const MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2" };
/// Runs fuzz targets.
pub(crate) const FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

/// The tool's program, built first if it is not there in the right version.
pub(crate) fn ensure(tool: &Tool) -> Result<PathBuf, String> {
    let home = place::target_directory()?.join("tools");
    let cached = home.join("bin").join(tool.name);
    for program in [cached.clone(), PathBuf::from(tool.name)] {
        if is_version(&program, tool.version) {
            return Ok(program);
        }
    }
    println!("        building {} {} into target/tools (once)", tool.name, tool.version);
    // without optimisation: the tool runs for a second, its build would take ten minutes
    let output = place::cargo()
        .args([
            "install",
            "--locked",
            "--debug",
            "--quiet",
            "--force",
            tool.name,
            "--version",
            tool.version,
            "--root",
        ])
        .arg(&home)
        .output()
        .map_err(|error| format!("cargo install {}: {error}", tool.name))?;
    if output.status.success() && is_version(&cached, tool.version) {
        return Ok(cached);
    }
    Err(format!("cargo install {} failed: {}", tool.name, String::from_utf8_lossy(&output.stderr).trim()))
}

fn is_version(program: &Path, version: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| {
        output.status.success()
            && String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == version)
    })
}
