//! Servers whose packages Debian would not install beside Dovecot: fetched and unpacked below
//! `target/servers`, once, also by an ordinary user. `testkit::unpacked` runs them from there.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::place;

/// A server, and the packages it is unpacked from besides the libraries that this machine lacks.
struct Server {
    name: &'static str,
    packages: &'static [&'static str],
}

const SERVERS: &[Server] = &[
    Server { name: "cyrus", packages: &["cyrus-imapd", "cyrus-common", "sasl2-bin"] },
    Server { name: "courier", packages: &["courier-imap", "courier-base", "courier-authlib", "gamin"] },
];

/// Fetches and unpacks what is missing.
pub(super) fn ensure() -> Result<(), String> {
    // where `testkit` looks for it, whatever CARGO_TARGET_DIR says
    let home = place::root().join("target").join("servers");
    let missing: Vec<&Server> = SERVERS.iter().filter(|server| !server.is_complete(&home)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let apt = Apt::prepare(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    apt.run(&["update"])?;
    for server in missing {
        println!("unpacking {} into target/servers (once)", server.packages.join(" "));
        server.unpack(&apt, &home)?;
    }
    Ok(())
}

impl Server {
    fn stamp(&self) -> String {
        self.packages.join("\n")
    }

    fn is_complete(&self, home: &Path) -> bool {
        fs::read_to_string(home.join(self.name).join("complete")).is_ok_and(|there| there == self.stamp())
    }

    fn unpack(&self, apt: &Apt, home: &Path) -> Result<(), String> {
        let to = home.join(self.name);
        let place = |error: io::Error| format!("{}: {error}", to.display());
        let files = to.join("packages");
        if to.exists() {
            fs::remove_dir_all(&to).map_err(place)?;
        }
        fs::create_dir_all(&files).map_err(place)?;
        let mut wanted: Vec<String> = self.packages.iter().map(|name| (*name).to_owned()).collect();
        wanted.extend(apt.lacking_libraries(self.packages)?);
        apt.download(&wanted, &files)?;
        for file in fs::read_dir(&files).map_err(place)? {
            let file = file.map_err(place)?.path();
            run(Command::new("dpkg-deb").arg("-x").arg(file).arg(&to))?;
        }
        fs::remove_dir_all(&files).map_err(place)?;
        fs::write(to.join("complete"), self.stamp()).map_err(place)
    }
}

/// apt-get with lists and a cache of its own: it needs no rights, and leaves the system's alone.
struct Apt {
    lists: PathBuf,
    cache: PathBuf,
}

impl Apt {
    fn prepare(home: &Path) -> io::Result<Self> {
        let apt = Self { lists: home.join("apt/lists"), cache: home.join("apt/cache") };
        fs::create_dir_all(apt.lists.join("partial"))?;
        fs::create_dir_all(apt.cache.join("archives/partial"))?;
        Ok(apt)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        command
            .arg("-qq")
            .arg("-o")
            .arg(format!("Dir::State::Lists={}", self.lists.display()))
            .arg("-o")
            .arg(format!("Dir::Cache={}", self.cache.display()))
            // else root's downloads are made by a user who may not write here
            .args(["-o", "APT::Sandbox::User="]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<(), String> {
        run(self.command().args(arguments)).map(|_| ())
    }

    /// What apt would have to install for the packages, as far as it is libraries that are not there.
    fn lacking_libraries(&self, packages: &[&str]) -> Result<Vec<String>, String> {
        let plan = run(self
            .command()
            .args(["install", "--simulate", "--no-install-recommends", "-o", "Debug::NoLocking=1"])
            .args(packages))?;
        Ok(libraries_of(&plan))
    }

    fn download(&self, packages: &[String], to: &Path) -> Result<(), String> {
        run(self.command().arg("download").args(packages).current_dir(to)).map(|_| ())
    }
}

/// The names in lines like `Inst libidn12 (1.41-1 …)`; `Inst libx [1.0] (…)` is there in another version.
fn libraries_of(plan: &str) -> Vec<String> {
    let named = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_once(' '));
    named
        .filter(|(name, rest)| name.starts_with("lib") && rest.starts_with('('))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().display().to_string();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!(
        "{program} failed; Debian 12 and its package archive are needed to fetch Cyrus and Courier: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_are_not_there_are_taken_and_nothing_else() {
        let plan = "Remv dovecot-imapd [1]\nInst libgnutls30 [3.7.9] (3.7.10 Debian:12 [amd64])\n\
            Inst libidn12 (1.41-1 Debian:12 [amd64])\nInst exim4-base (4.96 Debian:12)\nConf libidn12 (1.41-1)";
        assert_eq!(libraries_of(plan), ["libidn12"]);
    }
}
