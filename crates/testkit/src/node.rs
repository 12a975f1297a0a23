//! The Node.js environment that `cargo xtask test` makes below `target/`, with MCP clients in it.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::left_out::left_out;

/// A Node.js of its own and the packages beside it.
#[derive(Debug, Clone)]
pub struct Node {
    home: PathBuf,
}

/// For tests: the environment, or none with a printed line where it is missing.
///
/// # Panics
/// When it is missing and `CI=true`.
pub fn require_node() -> Option<Node> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let node = Node { home: root.join("target").join("node") };
    // written last, so that half an installation does not count
    if node.home.join("installed.json").exists() {
        return Some(node);
    }
    left_out("the Node.js environment is missing: run `cargo xtask test` once");
    None
}

impl Node {
    /// A program of an installed package.
    pub fn program(&self, name: &str) -> Command {
        let mut command = self.bare();
        command.arg(self.modules().join(".bin").join(name)).stdin(Stdio::null());
        command
    }

    /// A module of ours that imports installed packages. It is read from stdin, since imports are resolved
    /// from where a module lies, and ours lie elsewhere.
    pub fn script(&self, path: &Path) -> io::Result<Command> {
        let mut command = self.bare();
        command.current_dir(&self.home).args(["--input-type=module", "-"]).stdin(File::open(path)?);
        Ok(command)
    }

    /// Runs `first` before the module whose path is given next, so that it finds installed packages from where it
    /// lies.
    pub(crate) fn beside(&self, first: &Path) -> Command {
        let mut command = self.bare();
        command.arg("--import").arg(first);
        command
    }

    /// A file of an installed package.
    pub fn file(&self, package: &str, path: &str) -> PathBuf {
        self.modules().join(package).join(path)
    }

    fn modules(&self) -> PathBuf {
        self.home.join("node_modules")
    }

    fn bare(&self) -> Command {
        let mut command = Command::new(self.home.join("node"));
        // experimental features warn on stderr, which tests read
        command.arg("--no-warnings");
        command
    }
}
