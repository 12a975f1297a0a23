//! A private PostgreSQL: an instance in a temporary folder, on a free loopback port, run as an unprivileged user,
//! gone with the value. It knows no room, and nothing of what is stored in it.

use std::{
    fs, io,
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{left_out::left_out, ports::free_port, process::Guarded};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server with one empty database.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    server: Guarded,
    dir: PathBuf,
}

/// For tests: a server, or none with a printed line where PostgreSQL is missing.
///
/// # Panics
/// When PostgreSQL is missing and `CI=true`, and when it is there but does not start.
#[expect(clippy::panic, reason = "a test that needs a server fails in CI instead of passing unseen")]
pub fn require_postgres() -> Option<Postgres> {
    let Some(programs) = find_programs() else {
        left_out("PostgreSQL is missing: run `cargo xtask test`, or `apt-get install postgresql`");
        return None;
    };
    match Postgres::start(&programs) {
        Ok(postgres) => Some(postgres),
        Err(error) => panic!("PostgreSQL does not start: {error}"),
    }
}

impl Postgres {
    fn start(programs: &Path) -> io::Result<Self> {
        let dir = TempDir::new()?;
        let data = dir.path().join("data");
        fs::create_dir(&data)?;
        // PostgreSQL refuses to run as root; then it runs as `nobody`, who must reach its folder
        let user = if data.metadata()?.uid() == 0 { Some(unprivileged_user()?) } else { None };
        if let Some((uid, gid)) = user {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))?;
            chown(&data, Some(uid), Some(gid))?;
        }
        let command = |program: &str| {
            let program = programs.join(program);
            let Some((uid, gid)) = user else { return Command::new(program) };
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}"));
            command.arg("--clear-groups").arg(program);
            command
        };
        let made = command("initdb")
            .args(["--auth=trust", "--username=postroom", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .current_dir(&data)
            .output()?;
        if !made.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        let port = free_port()?;
        let mut postgres = command("postgres");
        postgres.arg("-D").arg(&data).arg("-p").arg(port.to_string()).current_dir(&data);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "shared_buffers=16MB",
            "max_connections=100",
        ] {
            postgres.args(["-c", setting]);
        }
        // removed by the guard, also if the test is killed
        let dir = dir.keep();
        let server = Guarded::quiet(&dir, &postgres)?;
        let started = Self { port, server, dir };
        let deadline = Instant::now() + PATIENCE;
        while !started.answers(programs) {
            if Instant::now() > deadline {
                let said = fs::read_to_string(started.dir.join("stderr")).unwrap_or_default();
                return Err(io::Error::other(said));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(started)
    }

    fn answers(&self, programs: &Path) -> bool {
        let mut ask = Command::new(programs.join("pg_isready"));
        ask.args(["-q", "-h", "127.0.0.1", "-U", "postroom", "-p", &self.port.to_string()]);
        ask.status().is_ok_and(|status| status.success())
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of its database, as somebody reaches it at that port of 127.0.0.1.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://postroom:unused@127.0.0.1:{port}/postgres?sslmode=disable")
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // asked first, since what it shares with its children outlives a server that is killed
        if let Ok(pid) = fs::read_to_string(self.dir.join("guarded.pid")) {
            let _ = Command::new("kill").args(["-INT", pid.trim()]).status();
            let deadline = Instant::now() + Duration::from_secs(5);
            while TcpListener::bind(("127.0.0.1", self.port)).is_err() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.server.stop();
    }
}

/// The folder of `initdb`, `postgres` and `pg_isready`: Debian keeps them out of PATH, by version.
fn find_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let has = |folder: &Path, name: &str| folder.join(name).is_file();
    folders
        .into_iter()
        .find(|folder| ["initdb", "postgres", "pg_isready"].iter().all(|name| has(folder, name)))
}

/// User and group id of `nobody`.
fn unprivileged_user() -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let nobody = users.lines().find(|line| line.starts_with("nobody:")).unwrap_or_default();
    let mut ids = nobody.split(':').skip(2).map_while(|field| field.parse().ok());
    ids.next().zip(ids.next()).ok_or_else(|| io::Error::other("there is no user `nobody`"))
}
