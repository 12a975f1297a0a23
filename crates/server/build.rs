//! Has the linker pack the program's relative relocations (DT_RELR): as plain ones they are 2.5 MB that the loader
//! reads at every start and that stay in memory. Only where the C library that the program will meet is known to
//! read them: one that does not would run it unrelocated.

use std::{env, process::Command};

/// The first GNU C library whose loader reads them.
const READS_THEM: (u32, u32) = (2, 36);

#[expect(clippy::disallowed_methods, reason = "what cargo tells a build script is no setting")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // other profiles link more often than they run
    let is_meant = is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && env::var("HOST").ok() == env::var("TARGET").ok();
    if is_meant && library().is_some_and(|version| version >= READS_THEM) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's GNU C library.
fn library() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
