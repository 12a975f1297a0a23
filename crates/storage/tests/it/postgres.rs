//! The suite on a private PostgreSQL: an instance in a temporary folder, on a free loopback port, run
//! as an unprivileged user, stopped by its pid. Without the binaries it is left out, except in CI.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use storage::{Database, Error};
use tempfile::TempDir;

use crate::world::World;

#[tokio::test]
async fn the_whole_suite_holds_on_postgres() {
    let Some(server) = Server::start().await else {
        assert!(std::env::var_os("CI").is_none(), "PostgreSQL is not installed, and CI must try it");
        println!("left out: no PostgreSQL found (Debian: apt install postgresql)");
        return;
    };
    let mut number = 0;
    Box::pin(crate::run_all(async || {
        number += 1;
        server.create_database(&format!("t{number}"));
        World::at(server.url(&format!("t{number}")), tempfile::tempdir().unwrap())
    }))
    .await;

    let error = Database::open(&server.url("missing")).await.unwrap_err();
    assert!(matches!(&error, Error::Open { name, .. } if name.contains("missing")), "{error}");
    assert!(!error.to_string().contains("postroom:"), "no user or password in it: {error}");
}

#[tokio::test]
async fn a_connection_is_encrypted_if_the_url_says_so_and_to_the_named_authority_s_server_alone() {
    let Some(server) = Server::start().await else {
        assert!(std::env::var_os("CI").is_none(), "PostgreSQL is not installed, and CI must try it");
        println!("left out: no PostgreSQL found (Debian: apt install postgresql)");
        return;
    };
    let plain = server.url("postgres");
    let url = |mode: &str| plain.replace("sslmode=disable", mode);
    let authority = format!("sslrootcert={}", server.dir.path().join("server.crt").display());
    for (mode, encrypted) in [
        ("sslmode=disable".to_owned(), 0),
        ("sslmode=prefer".to_owned(), 1),
        ("sslmode=require".to_owned(), 1),
        (format!("sslmode=verify-ca&{authority}"), 1),
        (format!("sslmode=verify-full&{authority}"), 1),
    ] {
        const ASK: &str = "SELECT CASE WHEN ssl THEN 1 ELSE 0 END::bigint AS encrypted \
            FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let database = Database::open(&url(&mode)).await.unwrap();
        let rows = database.fetch(ASK, &[]).await.unwrap();
        assert_eq!(rows[0].int("encrypted").unwrap(), encrypted, "{mode}");
        database.close().await;
    }
    // a certificate that no known authority signed, and one for another name
    let elsewhere = url(&format!("sslmode=verify-full&{authority}")).replace("127.0.0.1", "localhost");
    for refused in [url("sslmode=verify-full"), url("sslmode=verify-ca"), elsewhere] {
        let error = Database::open(&refused).await.unwrap_err();
        assert!(
            matches!(&error, Error::Open { source, .. } if format!("{source:?}").contains("InvalidCertificate")),
            "{refused}: {error:?}"
        );
    }
}

struct Server {
    process: Child,
    port: u16,
    programs: PathBuf,
    dir: TempDir,
}

impl Server {
    async fn start() -> Option<Self> {
        let programs = find_programs()?;
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        // PostgreSQL refuses to run as root; then it runs as `nobody`, who must reach its folder.
        let user = (data.metadata().unwrap().uid() == 0).then(unprivileged_user);
        if let Some((uid, gid)) = user {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
            chown(&data, Some(uid), Some(gid)).unwrap();
        }
        let command = |program: &str| {
            let program = programs.join(program);
            let mut command = match user {
                None => Command::new(program),
                Some((uid, gid)) => {
                    let mut command = Command::new("setpriv");
                    command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}"));
                    command.arg("--clear-groups").arg(program);
                    command
                }
            };
            command.current_dir(&data).stdin(Stdio::null());
            command
        };
        let made = command("initdb")
            .args(["--auth=trust", "--username=postroom", "--no-sync", "--encoding=UTF8", "--locale=C"])
            .arg("-D")
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        fs::write(dir.path().join("server.crt"), made.cert.pem()).unwrap();
        for (name, pem) in [("server.crt", made.cert.pem()), ("server.key", made.signing_key.serialize_pem())]
        {
            let path = data.join(name);
            fs::write(&path, pem).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            if let Some((uid, gid)) = user {
                chown(&path, Some(uid), Some(gid)).unwrap();
            }
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let process = command("postgres")
            .arg("-D")
            .arg(&data)
            .args([
                "-p",
                &port.to_string(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
            ])
            .args(["-c", "ssl=on"])
            .args(["-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=200"])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { process, port, programs: programs.clone(), dir };
        for _ in 0..200 {
            if std::net::TcpListener::bind(("127.0.0.1", port)).is_err()
                && let Ok(database) = Database::open(&server.url("postgres")).await
            {
                database.close().await;
                return Some(server);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PostgreSQL did not start: {}", fs::read_to_string(server.dir.path().join("log")).unwrap());
    }

    fn create_database(&self, name: &str) {
        let made = Command::new(self.programs.join("createdb"))
            .args(["-h", "127.0.0.1", "-U", "postroom", "-p", &self.port.to_string(), name])
            .output()
            .unwrap();
        assert!(made.status.success(), "createdb: {}", String::from_utf8_lossy(&made.stderr));
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postroom:unused@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT: end connections and stop.
        let _ = Command::new("kill").arg("-INT").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// The folder of `initdb`, `postgres` and `createdb`: Debian keeps them out of PATH, by version.
fn find_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let has = |folder: &Path, name: &str| folder.join(name).is_file();
    folders.into_iter().find(|folder| ["initdb", "postgres", "createdb"].iter().all(|name| has(folder, name)))
}

/// User and group id of `nobody`.
fn unprivileged_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let nobody = users.lines().find(|line| line.starts_with("nobody:")).unwrap();
    let mut fields = nobody.split(':').skip(2).map(|field| field.parse().unwrap());
    (fields.next().unwrap(), fields.next().unwrap())
}
