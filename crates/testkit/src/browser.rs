//! A real browser, driven by the scripts of `browser-tests/`, which answer in JSON what they saw.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{left_out::left_out, node::Node, require_node};

/// Where systems put a Chromium.
const PROGRAMS: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// A Chromium and what drives it.
#[derive(Debug, Clone)]
pub struct Browser {
    node: Node,
    program: &'static str,
}

/// For tests: the browser, or none with a printed line where it or its driver is missing.
///
/// # Panics
/// When one of them is missing and `CI=true`.
pub fn require_browser() -> Option<Browser> {
    let node = require_node()?;
    let Some(program) = PROGRAMS.into_iter().find(|program| Path::new(program).exists()) else {
        left_out("chromium is missing: run `cargo xtask test` once");
        return None;
    };
    Some(Browser { node, program })
}

impl Browser {
    /// A script of `browser-tests/`, by its name without the ending.
    pub fn script(&self, name: &str) -> Command {
        let mut command = self.node.beside(&scripts().join("packages.mjs"));
        command.arg(scripts().join(name).with_extension("mjs"));
        command.env("CHROMIUM", self.program).stdin(Stdio::null());
        command
    }

    /// Hands `wanted` to a script and gives what it answers; if it fails, the error is what it said of it.
    pub fn run(&self, name: &str, wanted: &Value) -> io::Result<Value> {
        let mut command = self.script(name);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(wanted.to_string().as_bytes())?;
        }
        let output = child.wait_with_output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(io::Error::other(format!("{name}: {errors}")));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| io::Error::other(format!("{name}: {error}: {errors}")))
    }

    /// The command line of a script, for a program that starts programs by their name.
    pub fn shell_line(&self, name: &str) -> String {
        let command = self.script(name);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let quoted: Vec<String> =
            words.map(|word| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"))).collect();
        format!("CHROMIUM='{}' {}", self.program, quoted.join(" "))
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../browser-tests")
}
