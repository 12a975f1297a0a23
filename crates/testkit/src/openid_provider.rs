//! A real OpenID provider over TLS, the npm package `oidc-provider`, where anybody signs in by any name. What it is
//! set up with stands in `browser-tests/openid_provider.mjs`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    certificates::{CertificateKind, Certificates},
    node::{Node, require_node},
    process::Guarded,
};

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A provider of one test; gone with the value.
#[derive(Debug)]
pub struct OpenIdProvider {
    port: u16,
    certificates: Certificates,
    // before the folder, which it uses
    program: Guarded,
    folder: TempDir,
}

/// For tests: a provider, or none with a printed line where Node.js is missing.
///
/// # Panics
/// When Node.js is missing and `CI=true`, or the provider does not start.
#[expect(clippy::expect_used, reason = "a test without the world it asked for fails")]
pub fn require_openid_provider() -> Option<OpenIdProvider> {
    Some(OpenIdProvider::start(&require_node()?).expect("the OpenID provider starts"))
}

impl OpenIdProvider {
    /// Our client id there.
    pub const CLIENT_ID: &str = "postroom";
    /// Our secret there.
    pub const CLIENT_SECRET: &str = "a secret of the test & more";

    fn start(node: &Node) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let certificates = Certificates::make(folder.path(), CertificateKind::Trusted)?;
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../browser-tests");
        let mut command = node.beside(&scripts.join("packages.mjs"));
        command.arg(scripts.join("openid_provider.mjs")).arg(folder.path());
        let program = Guarded::quiet(folder.path(), &command)?;
        let deadline = Instant::now() + PATIENCE;
        let port = loop {
            if let Ok(text) = fs::read_to_string(folder.path().join("port")) {
                break text.parse().map_err(io::Error::other)?;
            }
            if Instant::now() > deadline {
                let said = fs::read_to_string(folder.path().join("stderr")).unwrap_or_default();
                return Err(io::Error::other(said));
            }
            thread::sleep(Duration::from_millis(20));
        };
        Ok(Self { port, certificates, program, folder })
    }

    /// Its issuer.
    pub fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The authority that its certificate is of.
    pub fn ca_file(&self) -> PathBuf {
        self.certificates.ca.clone()
    }

    /// Ends it before its time: from now on nobody answers there.
    pub fn stop(&mut self) {
        self.program.stop();
    }

    /// What it said on stderr.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }
}
