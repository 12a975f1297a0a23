//! A certificate authority of one test and the server certificates it signs, made with `openssl`,
//! which Debian's dovecot-core depends on. Not for anything but tests: keys lie in the open.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::process::run;

/// What is right or wrong with the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CertificateKind {
    /// Signed by the test's authority for `localhost`, `127.0.0.1` and `127.0.0.2`.
    #[default]
    Trusted,
    /// Signed by nobody but itself.
    SelfSigned,
    /// Signed by the test's authority, valid only in January 2020.
    Expired,
    /// Signed by the test's authority for `elsewhere.example`.
    WrongName,
}

/// Where the files of one authority and its server lie.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// PEM of the authority, for `POSTROOM_TLS_CA_FILE`.
    pub ca: PathBuf,
    /// PEM of the server's certificate.
    pub certificate: PathBuf,
    /// PEM of the server's private key.
    pub key: PathBuf,
}

const NEW_KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const HERE: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:127.0.0.2";
const ELSEWHERE: &str = "subjectAltName=DNS:elsewhere.example";
const SERVER_USE: &str = "extendedKeyUsage=serverAuth";

impl Certificates {
    /// Makes an authority and a server certificate in `directory`.
    pub fn make(directory: &Path, kind: CertificateKind) -> io::Result<Self> {
        let files = Self {
            ca: directory.join("ca.pem"),
            certificate: directory.join("server.pem"),
            key: directory.join("server.key"),
        };
        let ca_key = directory.join("ca.key");
        run(openssl(directory, "req")
            .args(NEW_KEY)
            .args(["-x509", "-days", "30", "-subj", "/CN=Postroom test authority"])
            .args(["-addext", "keyUsage=critical,keyCertSign,cRLSign"])
            .arg("-keyout")
            .arg(&ca_key)
            .arg("-out")
            .arg(&files.ca))?;

        let name = if kind == CertificateKind::WrongName { "elsewhere.example" } else { "localhost" };
        let alt = if kind == CertificateKind::WrongName { ELSEWHERE } else { HERE };
        let subject = format!("/CN={name}");
        if kind == CertificateKind::SelfSigned {
            run(openssl(directory, "req")
                .args(NEW_KEY)
                .args(["-x509", "-days", "30", "-subj", &subject, "-addext", alt, "-addext", SERVER_USE])
                .args(["-addext", "basicConstraints=critical,CA:FALSE"])
                .arg("-keyout")
                .arg(&files.key)
                .arg("-out")
                .arg(&files.certificate))?;
            return Ok(files);
        }

        let request = directory.join("server.csr");
        run(openssl(directory, "req")
            .args(NEW_KEY)
            .args(["-new", "-subj", &subject])
            .arg("-keyout")
            .arg(&files.key)
            .arg("-out")
            .arg(&request))?;
        let extensions = directory.join("server.ext");
        fs::write(&extensions, format!("{alt}\n{SERVER_USE}\nbasicConstraints=critical,CA:FALSE\n"))?;
        if kind == CertificateKind::Expired {
            // `x509 -days` cannot set a beginning in the past, `ca` can
            fs::write(directory.join("index.txt"), "")?;
            let settings = directory.join("ca.cnf");
            fs::write(&settings, CA_SETTINGS)?;
            run(openssl(directory, "ca")
                .args(["-batch", "-notext"])
                .args(["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"])
                .arg("-config")
                .arg(&settings)
                .arg("-cert")
                .arg(&files.ca)
                .arg("-keyfile")
                .arg(&ca_key)
                .arg("-extfile")
                .arg(&extensions)
                .arg("-in")
                .arg(&request)
                .arg("-out")
                .arg(&files.certificate))?;
        } else {
            run(openssl(directory, "x509")
                .args(["-req", "-days", "30", "-set_serial", "7"])
                .arg("-CA")
                .arg(&files.ca)
                .arg("-CAkey")
                .arg(&ca_key)
                .arg("-extfile")
                .arg(&extensions)
                .arg("-in")
                .arg(&request)
                .arg("-out")
                .arg(&files.certificate))?;
        }
        Ok(files)
    }
}

const CA_SETTINGS: &str = "[ca]\ndefault_ca=test\n[test]\ndatabase=index.txt\nnew_certs_dir=.\n\
    rand_serial=yes\ndefault_md=sha256\npolicy=names\n[names]\ncommonName=supplied\n";

fn openssl(directory: &Path, command: &str) -> Command {
    let mut openssl = Command::new("openssl");
    openssl.arg(command).current_dir(directory);
    openssl
}
