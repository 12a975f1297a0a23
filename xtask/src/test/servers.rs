//! The servers that tests start, and the browser: installed from Debian packages when we may, else named exactly.
//! The system's own Dovecot is neither started nor touched.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

mod unpacked;

/// A Debian package and a way to see whether it is there.
struct Package {
    name: &'static str,
    is_there: fn() -> bool,
}

const PACKAGES: &[Package] = &[
    Package { name: "dovecot-imapd", is_there: || Path::new("/usr/lib/dovecot/imap-login").exists() },
    Package { name: "dovecot-lmtpd", is_there: || Path::new("/usr/lib/dovecot/lmtp").exists() },
    Package {
        name: "dovecot-submissiond",
        is_there: || Path::new("/usr/lib/dovecot/submission-login").exists(),
    },
    Package {
        name: "postgresql",
        is_there: || Path::new("/usr/lib/postgresql").is_dir() || succeeds("postgres", &["--version"]),
    },
    Package { name: "openssl", is_there: || succeeds("openssl", &["version"]) },
    Package { name: "python3", is_there: || succeeds("python3", &["--version"]) },
    Package { name: "python3-venv", is_there: || succeeds("python3", &["-c", "import ensurepip, venv"]) },
    Package { name: "npm", is_there: || succeeds("npm", &["--version"]) },
    // with one font, or pages would show boxes for letters
    Package { name: "chromium", is_there: || Path::new("/usr/bin/chromium").exists() },
    Package {
        name: "fonts-dejavu-core",
        is_there: || Path::new("/usr/share/fonts/truetype/dejavu").exists(),
    },
];

/// Installs what is missing, or says what to install; unpacks what cannot be installed beside it.
pub(super) fn ensure() -> Result<(), String> {
    ensure_installed()?;
    unpacked::ensure()
}

fn ensure_installed() -> Result<(), String> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !is_root() || !succeeds("apt-get", &["--version"]) {
        return Err(format!(
            "the tests need servers that are not installed: {list}\n\
             as root, run: apt-get update && apt-get install --no-install-recommends {list}"
        ));
    }
    println!("installing {list}");
    let policy = NoServices::declare().map_err(|error| format!("policy-rc.d: {error}"))?;
    apt(&["update"])?;
    let arguments = [&["install", "--yes", "--no-install-recommends"], missing.as_slice()].concat();
    apt(&arguments)?;
    drop(policy);
    let still = self::missing();
    if still.is_empty() { Ok(()) } else { Err(format!("installed, but still missing: {}", still.join(" "))) }
}

fn missing() -> Vec<&'static str> {
    PACKAGES.iter().filter(|package| !(package.is_there)()).map(|package| package.name).collect()
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let status = Command::new("apt-get")
        .arg("-qq")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .map_err(|error| format!("apt-get: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("apt-get {} failed: {status}", arguments.join(" "))) }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// While it lives, packages do not start their services (Debian policy-rc.d: 101 forbids). An existing
/// policy of the machine is left alone.
struct NoServices(Option<PathBuf>);

impl NoServices {
    fn declare() -> io::Result<Self> {
        let path = PathBuf::from("/usr/sbin/policy-rc.d");
        if path.exists() {
            return Ok(Self(None));
        }
        fs::write(&path, "#!/bin/sh\nexit 101\n")?;
        let policy = Self(Some(path.clone()));
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        Ok(policy)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
