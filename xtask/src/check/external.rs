//! The checks that other people's tools do: cargo-deny and cargo-machete.

use std::process::Command;

use super::{Findings, command};
use crate::{
    place,
    tools::{self, DENY, MACHETE},
};

/// Bans, licences and sources by deny.toml. Advisories need a database from the network and are not here.
pub(super) fn deny() -> Findings {
    let tool = tools::ensure(&DENY)?;
    command(Command::new(tool).current_dir(place::root()).args([
        "--locked",
        "--log-level",
        "error",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
}

/// Dependencies that no source file names.
pub(super) fn machete() -> Findings {
    let tool = tools::ensure(&MACHETE)?;
    command(Command::new(tool).current_dir(place::root()).args(["crates", "xtask"]))
}
