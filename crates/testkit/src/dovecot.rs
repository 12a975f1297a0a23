//! A private, real Dovecot: starts in about a second on free loopback ports, stops with the value.
//! Its settings are in `dovecot_config`; seeding it with mail is `maildir`.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    certificates::{CertificateKind, Certificates},
    dovecot_config::{Place, main_file, oauth2_file, users_file},
    introspection,
    left_out::left_out,
    ports::{free_ports, greeting},
    process::{Guarded, run},
    smtp_sink::{SinkOptions, SmtpSink},
};

/// The Debian packages that a full Dovecot comes from.
pub const PACKAGES: &[&str] = &["dovecot-imapd", "dovecot-lmtpd", "dovecot-submissiond"];

/// Everything that Dovecot 2.3 announces after sign-in, without COMPRESS and QUOTA.
pub const CAPABILITIES: &str = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY \
    THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN \
    NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN \
    CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ \
    NOTIFY SPECIAL-USE";

/// A person with a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name to sign in with; `name@anything` works too.
    pub name: String,
    /// The password.
    pub password: String,
}

impl User {
    /// A person with a mailbox.
    pub fn new(name: &str, password: &str) -> Self {
        Self { name: name.into(), password: password.into() }
    }
}

/// What kind of Dovecot a test wants. The default has alice (`alice-secret`) and bob (`bob-secret`).
#[derive(Debug, Clone)]
pub struct Options {
    /// Who has a mailbox.
    pub users: Vec<User>,
    /// SASL mechanisms in lower case; XOAUTH2 and OAUTHBEARER are added by `oauth_tokens`.
    pub auth_mechanisms: Vec<String>,
    /// Whether plain text is refused on the STARTTLS ports even from the same host.
    pub tls_required: bool,
    /// What is right or wrong with the certificate.
    pub certificate: CertificateKind,
    /// The whole list of announced IMAP capabilities, see [`Options::without`]; none: all there are.
    pub capability: Option<String>,
    /// Whether Sent, Drafts, Trash, Junk and Archive exist and carry their special use.
    pub special_use: bool,
    /// What the names of all folders but INBOX begin with on the wire: empty, or like `INBOX/`.
    pub namespace_prefix: String,
    /// The hierarchy separator: `/` or `.`.
    pub separator: char,
    /// Whether submission ports are wanted (left out where dovecot-submissiond is missing).
    pub submission: bool,
    /// How the server behaves that submission hands mail on to.
    pub sink: SinkOptions,
    /// Whether an LMTP port is wanted (left out where dovecot-lmtpd is missing).
    pub lmtp: bool,
    /// Bearer tokens and whose they are; any entry turns XOAUTH2 and OAUTHBEARER on.
    pub oauth_tokens: Vec<(String, String)>,
    /// Lines appended to the configuration.
    pub extra_settings: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            users: vec![User::new("alice", "alice-secret"), User::new("bob", "bob-secret")],
            auth_mechanisms: vec!["plain".into(), "login".into(), "scram-sha-256".into()],
            tls_required: false,
            certificate: CertificateKind::Trusted,
            capability: None,
            special_use: true,
            namespace_prefix: String::new(),
            separator: '/',
            submission: false,
            sink: SinkOptions::default(),
            lmtp: false,
            oauth_tokens: Vec::new(),
            extra_settings: String::new(),
        }
    }
}

impl Options {
    /// Announces everything but `names` (Dovecot still understands what it does not announce).
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        let left = CAPABILITIES.split(' ').filter(|name| !names.contains(name));
        self.capability = Some(left.collect::<Vec<_>>().join(" "));
        self
    }

    /// With the submission ports.
    #[must_use]
    pub fn with_submission(mut self) -> Self {
        self.submission = true;
        self
    }
}

/// A running Dovecot.
#[derive(Debug)]
pub struct Dovecot {
    // first: the server ends before its directory goes
    guard: Guarded,
    directory: TempDir,
    certificates: Certificates,
    owner: (u32, u32),
    imap_port: u16,
    imaps_port: u16,
    submission_port: Option<u16>,
    submissions_port: Option<u16>,
    lmtp_port: Option<u16>,
    sink: Option<SmtpSink>,
    users: Vec<User>,
}

/// Whether Dovecot's IMAP server is installed on this machine.
pub fn is_installed() -> bool {
    find("dovecot").is_some() && has_service("imap-login")
}

/// For tests: what is wanted, or none with a printed line where Dovecot is missing.
///
/// # Panics
/// When Dovecot is missing and `CI=true`, and when it is there but does not start.
#[expect(clippy::panic, reason = "a test that needs a server fails in CI instead of passing unseen")]
pub fn require_dovecot(options: Options) -> Option<Dovecot> {
    if is_installed() {
        return match Dovecot::start(options) {
            Ok(dovecot) => Some(dovecot),
            Err(error) => panic!("Dovecot does not start: {error}"),
        };
    }
    let install = format!(
        "Dovecot is missing: run `cargo xtask test`, or `apt-get install --no-install-recommends {}`",
        PACKAGES.join(" ")
    );
    left_out(&install);
    None
}

impl Dovecot {
    /// Starts a server and waits until it greets. Works as root (mail belongs to uid 5000) and as an
    /// ordinary user (mail belongs to them).
    #[expect(clippy::needless_pass_by_value, reason = "callers write the options in place")]
    pub fn start(options: Options) -> io::Result<Self> {
        let mut last = io::Error::other("never tried");
        for _ in 0..3 {
            // a free port may be taken by somebody else before Dovecot binds it
            match Self::try_start(&options) {
                Ok(dovecot) => return Ok(dovecot),
                Err(error) if error.to_string().contains("in use") => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    fn try_start(options: &Options) -> io::Result<Self> {
        let program = find("dovecot")
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "dovecot is not installed"))?;
        let version = run(Command::new(&program).arg("--version"))?;
        if !version.starts_with("2.3.") {
            let version = version.split(' ').next().unwrap_or_default();
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("Dovecot 2.3 is needed (as in Debian 12), {version} is installed"),
            ));
        }
        let directory = tempfile::Builder::new().prefix("postroom-dovecot-").tempdir()?;
        let path = directory.path();
        // the mail's owner, who is somebody else when root runs the test, must get in
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        let me = fs::metadata(path)?;
        let (owner, ordinary) = if me.uid() == 0 {
            ((5000, 5000), None)
        } else {
            let user = run(Command::new("id").arg("-un"))?.trim().to_owned();
            let group = run(Command::new("id").arg("-gn"))?.trim().to_owned();
            ((me.uid(), me.gid()), Some((user, group)))
        };
        let certificates = Certificates::make(path, options.certificate)?;
        let has_submission = options.submission && has_service("submission-login");
        let sink = if has_submission { Some(SmtpSink::with(options.sink.clone())?) } else { None };
        let introspection_port = if options.oauth_tokens.is_empty() {
            None
        } else {
            Some(introspection::start(options.oauth_tokens.iter().cloned().collect())?)
        };
        let [imap_port, imaps_port, third, fourth, fifth] = free_ports()?;
        let place = Place {
            directory: path,
            certificates: &certificates,
            uid: owner.0,
            gid: owner.1,
            ordinary,
            imap_port,
            imaps_port,
            submission_port: has_submission.then_some(third),
            submissions_port: has_submission.then_some(fifth),
            lmtp_port: (options.lmtp && has_service("lmtp")).then_some(fourth),
            relay_port: sink.as_ref().map(SmtpSink::port),
            introspection_port,
        };
        let (submission_port, lmtp_port) = (place.submission_port, place.lmtp_port);
        let submissions_port = place.submissions_port;
        let settings = path.join("dovecot.conf");
        fs::write(&settings, main_file(options, &place))?;
        fs::write(path.join("users"), users_file(options))?;
        if let Some(port) = introspection_port {
            fs::write(path.join("oauth2.conf"), oauth2_file(port))?;
        }
        for folder in ["run", "state", "home"] {
            fs::create_dir(path.join(folder))?;
        }
        for user in &options.users {
            let home = path.join("home").join(&user.name);
            fs::create_dir(&home)?;
            chown(&home, Some(owner.0), Some(owner.1))?;
        }
        let mut command = Command::new(program);
        command.arg("-F").arg("-c").arg(&settings);
        let guard = Guarded::quiet(path, &command)?;
        let dovecot = Self {
            guard,
            certificates,
            owner,
            imap_port,
            imaps_port,
            submission_port,
            submissions_port,
            lmtp_port,
            sink,
            users: options.users.clone(),
            directory,
        };
        dovecot.wait_until_ready()?;
        Ok(dovecot)
    }

    /// Waits for the greetings of all plain ports.
    fn wait_until_ready(&self) -> io::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut ports = vec![self.imap_port];
        ports.extend(self.submission_port);
        ports.extend(self.lmtp_port);
        for port in ports {
            loop {
                if greeting(port).is_some() {
                    break;
                }
                let log = self.log();
                if Instant::now() > deadline || log.contains("Fatal: ") {
                    return Err(io::Error::other(format!("Dovecot is not ready on port {port}: {log}")));
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(())
    }

    /// Where to connect: a name that the trusted certificate carries.
    pub fn host(&self) -> &'static str {
        "localhost"
    }

    /// Plain text with STARTTLS, on 127.0.0.1 and 127.0.0.2 (where it wants TLS before a password).
    pub fn imap_port(&self) -> u16 {
        self.imap_port
    }

    /// TLS from the first byte.
    pub fn imaps_port(&self) -> u16 {
        self.imaps_port
    }

    /// Submission with STARTTLS, if it was wanted and is installed.
    pub fn submission_port(&self) -> Option<u16> {
        self.submission_port
    }

    /// Submission with TLS from the first byte, if it was wanted and is installed.
    pub fn submissions_port(&self) -> Option<u16> {
        self.submissions_port
    }

    /// LMTP without TLS, if it was wanted and is installed.
    pub fn lmtp_port(&self) -> Option<u16> {
        self.lmtp_port
    }

    /// PEM of the authority that signed the certificate.
    pub fn ca_file(&self) -> &Path {
        &self.certificates.ca
    }

    /// PEM of the server's certificate.
    pub fn certificate_file(&self) -> &Path {
        &self.certificates.certificate
    }

    /// What submission handed on, if submission was wanted and is installed.
    pub fn sink(&self) -> Option<&SmtpSink> {
        self.sink.as_ref()
    }

    /// The people with mailboxes.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The home directory of `user`; the mail is in `Maildir` there.
    pub fn user_home(&self, user: &str) -> PathBuf {
        self.directory.path().join("home").join(user)
    }

    /// Uid and gid that own the mail.
    pub fn mail_owner(&self) -> (u32, u32) {
        self.owner
    }

    /// The directory with log and configuration; gone when the server stops.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Everything logged so far, with what was printed before the log was open.
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.directory.path().join(name)).unwrap_or_default();
        read("stderr") + &read("dovecot.log")
    }

    /// The process id of the master, once it runs.
    pub fn pid(&self) -> Option<u32> {
        fs::read_to_string(self.directory.path().join("guarded.pid")).ok()?.trim().parse().ok()
    }

    /// Stops the server and waits for it. Dropping does the same.
    pub fn stop(mut self) {
        self.guard.stop();
    }
}

fn has_service(name: &str) -> bool {
    ["/usr/lib/dovecot", "/usr/libexec/dovecot", "/usr/local/libexec/dovecot"]
        .iter()
        .any(|directory| Path::new(directory).join(name).exists())
}

/// Looks in the usual places; sbin is not on the path of ordinary users.
fn find(program: &str) -> Option<PathBuf> {
    let mut places = vec![PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")];
    if let Some(path) = std::env::var_os("PATH") {
        places.extend(std::env::split_paths(&path));
    }
    places.into_iter().map(|place| place.join(program)).find(|file| file.exists())
}
