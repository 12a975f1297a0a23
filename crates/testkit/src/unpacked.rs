//! Servers whose Debian packages conflict with Dovecot's: `cargo xtask test` unpacks them below
//! `target/servers`, and they run from there with the libraries that came along. Nothing is installed.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{left_out::left_out, process::run};

/// Where the library directories of Debian lie.
const LIBRARIES: &[&str] = &[
    "usr/lib",
    "usr/lib/x86_64-linux-gnu",
    "lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "lib/aarch64-linux-gnu",
];

/// Whom a server runs as: us, or `nobody` where we are root, which these servers refuse to be. It has to
/// have an entry in the list of users, because they ask for its name.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) name: String,
    uid: u32,
    gid: u32,
    is_other: bool,
}

impl Owner {
    fn of_servers(we_are_root: bool) -> io::Result<Self> {
        let ask = |what: &str| {
            let mut id = Command::new("id");
            id.arg(what);
            if we_are_root {
                id.arg("nobody");
            }
            run(&mut id).map(|answer| answer.trim().to_owned())
        };
        let number = |text: String| text.parse().map_err(io::Error::other);
        Ok(Self {
            name: ask("-un")?,
            uid: number(ask("-u")?)?,
            gid: number(ask("-g")?)?,
            is_other: we_are_root,
        })
    }
}

/// The programs of one server, and a directory for what it writes.
#[derive(Debug)]
pub(crate) struct Place {
    programs: PathBuf,
    directory: TempDir,
    pub(crate) owner: Owner,
}

impl Place {
    /// A new directory for the server called `name` below `target/servers`.
    pub(crate) fn make(name: &str) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix(&format!("postroom-{name}-")).tempdir()?;
        // the server, who is somebody else when root runs the test, must get in
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        let owner = Owner::of_servers(fs::metadata(directory.path())?.uid() == 0)?;
        let mut programs = root(name)?;
        if owner.is_other && !is_open_to_all(&programs) {
            // the clone lies where only root gets in
            let copy = directory.path().join("programs");
            run(Command::new("cp").arg("-a").arg(&programs).arg(&copy))?;
            programs = copy;
        }
        Ok(Self { programs, directory, owner })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What tells this server from those of other tests, in lower case as Cyrus takes realms.
    pub(crate) fn name(&self) -> String {
        self.path().file_name().unwrap_or_default().to_string_lossy().to_lowercase()
    }

    /// A program by its path in the packages.
    pub(crate) fn program(&self, path: &str) -> PathBuf {
        self.programs.join(path)
    }

    /// A command that finds its libraries; it runs as who we are.
    pub(crate) fn command(&self, path: &str) -> Command {
        let mut command = Command::new(self.program(path));
        command.env("LD_LIBRARY_PATH", self.path_of_libraries()).current_dir(self.path());
        command
    }

    /// The same, run as the owner.
    pub(crate) fn owners_command(&self, path: &str) -> Command {
        let mut command = self.command(path);
        if self.owner.is_other {
            command.uid(self.owner.uid).gid(self.owner.gid);
        }
        command
    }

    /// The same for who cannot choose the user of a command: `setpriv` does.
    pub(crate) fn owners_wrapped_command(&self, path: &str) -> Command {
        if !self.owner.is_other {
            return self.command(path);
        }
        let (uid, gid) = (self.owner.uid.to_string(), self.owner.gid.to_string());
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &uid, "--regid", &gid, "--clear-groups"]).arg(self.program(path));
        command.env("LD_LIBRARY_PATH", self.path_of_libraries()).current_dir(self.path());
        command
    }

    /// Makes a directory that the owner may write.
    pub(crate) fn make_directory(&self, path: &str) -> io::Result<PathBuf> {
        let path = self.path().join(path);
        fs::create_dir(&path)?;
        self.give(&path)?;
        Ok(path)
    }

    /// Hands a file to the owner.
    pub(crate) fn give(&self, path: &Path) -> io::Result<()> {
        if self.owner.is_other { chown(path, Some(self.owner.uid), Some(self.owner.gid)) } else { Ok(()) }
    }

    fn path_of_libraries(&self) -> OsString {
        let all: Vec<PathBuf> = LIBRARIES.iter().map(|path| self.programs.join(path)).collect();
        // none of these holds a colon, else the directory of the clone would
        std::env::join_paths(all).unwrap_or_default()
    }
}

/// For tests: what `start` gives, or none with a printed line where the server was not unpacked.
///
/// # Panics
/// When it is missing and `CI=true`, and when it is there but does not start.
#[expect(clippy::panic, reason = "a server that does not start fails its test")]
pub(crate) fn require<S>(name: &str, start: impl FnOnce() -> io::Result<S>) -> Option<S> {
    if root(name).is_err() {
        left_out(&format!("{name} is missing: run `cargo xtask test` once"));
        return None;
    }
    match start() {
        Ok(server) => Some(server),
        Err(error) => panic!("{name} does not start: {error}"),
    }
}

/// Where the packages of a server were unpacked, once that is complete.
fn root(name: &str) -> io::Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let root = workspace.unwrap_or(Path::new("/")).join("target").join("servers").join(name);
    if root.join("complete").exists() {
        Ok(root)
    } else {
        Err(io::Error::new(io::ErrorKind::NotFound, format!("{name} was not unpacked")))
    }
}

fn is_open_to_all(path: &Path) -> bool {
    path.ancestors().all(|place| fs::metadata(place).is_ok_and(|found| found.mode() & 0o005 == 0o005))
}
