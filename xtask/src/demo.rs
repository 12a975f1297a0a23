//! `cargo xtask demo`: a private Dovecot with sample mail, Postroom on it as a person would set it up, and
//! lines to connect an agent. What it sends ends here. Uses nothing of Postroom but its command line.

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use serde_json::json;
use testkit::{Dovecot, Maildir, Options, SmtpSink, dovecot, process::Guarded, sample};

use crate::{Failure, place};

const USUAL_PORT: u16 = 8143;
const USER: &str = "alice";
const USER_PASSWORD: &str = "a-demo-password";
const MAIL_PASSWORD: &str = "alice-secret";

/// Runs the demo until Ctrl-C or until stdin is closed.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let is_release = arguments.iter().any(|argument| argument == "--release");
    if let Some(unknown) = arguments.iter().find(|argument| *argument != "--release") {
        return Err(Failure::Usage(format!("demo does not know `{unknown}`")));
    }
    if !dovecot::is_installed() {
        return Err(Failure::Failed(format!(
            "the demo needs Dovecot: run `cargo xtask test` once as root, or as root: \
             apt-get install --no-install-recommends {}",
            dovecot::PACKAGES.join(" ")
        )));
    }
    let program = build(is_release)?;
    let home = place::target_directory()?.join("demo");
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::create_dir_all(&home)?;

    let dovecot = Dovecot::start(Options::default().with_submission())?;
    let count = sample::fill(&Maildir::of(&dovecot, USER)?, now())?;
    println!("Dovecot with {count} sample messages is ready.");

    let can_send = dovecot.submission_port().is_some();
    let demo = Demo { program, home, ca: dovecot.ca_file().to_owned(), port: free_port()?, can_send };
    let bearer = demo.set_up(&dovecot)?;
    let notes = guard_directory_in(&demo.home)?;
    let mut serve = Guarded::shown(&notes, demo.command().arg("serve"))?;
    demo.wait_until_ready()?;
    demo.print_lines(&bearer);
    wait_for_the_end()?;
    println!("stopping");
    serve.stop();
    for sent in dovecot.sink().map(SmtpSink::received).unwrap_or_default() {
        println!("would have left for {}", sent.to.join(", "));
    }
    dovecot.stop();
    Ok(())
}

struct Demo {
    program: PathBuf,
    home: PathBuf,
    ca: PathBuf,
    port: u16,
    can_send: bool,
}

impl Demo {
    /// Postroom with the demo's settings.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.home).envs(self.settings());
        command
    }

    fn settings(&self) -> [(&'static str, String); 4] {
        [
            ("POSTROOM_DATA_DIR", self.home.join("data").display().to_string()),
            ("POSTROOM_LISTEN", format!("127.0.0.1:{}", self.port)),
            ("POSTROOM_TLS_CA_FILE", self.ca.display().to_string()),
            ("POSTROOM_ALLOW_PRIVATE_HOSTS", "true".into()),
        ]
    }

    /// What the agent may do.
    fn scopes(&self) -> String {
        let more = if self.can_send { " mail:send" } else { "" };
        format!("mail:folders mail:search mail:read mail:draft{more}")
    }

    /// Makes the user, the account and a token; returns the bearer.
    fn set_up(&self, dovecot: &Dovecot) -> Result<String, Failure> {
        self.tell(&["user", "add", USER, "--password-stdin"], USER_PASSWORD)?;
        let imaps = dovecot.imaps_port().to_string();
        let mut account = vec!["account", "add", sample::OWNER.address, "--user", USER, "--name", "demo"];
        account.extend(["--imap-host", dovecot.host(), "--imap-port", &imaps, "--imap-tls", "tls"]);
        account.extend(["--imap-user", USER]);
        let submission = dovecot.submission_port().map(|port| port.to_string());
        if let Some(port) = &submission {
            account.extend(["--smtp-host", dovecot.host(), "--smtp-port", port, "--smtp-tls", "starttls"]);
            account.extend(["--smtp-user", USER]);
        }
        account.push("--password-stdin");
        self.tell(&account, MAIL_PASSWORD)?;
        let scopes = self.scopes();
        let said = self.tell(&["token", "new", "--user", USER, "--name", "demo", "--scopes", &scopes], "")?;
        let bearer = said.split_whitespace().last().unwrap_or_default().to_owned();
        if bearer.starts_with("prp_") {
            Ok(bearer)
        } else {
            Err(Failure::Failed(format!("`postroom token new` printed no bearer as its last word: {said}")))
        }
    }

    /// Runs one command of Postroom with `secret` on its stdin; returns its stdout.
    fn tell(&self, arguments: &[&str], secret: &str) -> Result<String, Failure> {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = child.stdin.take()
            && let Err(error) = writeln!(input, "{secret}")
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return Err(error.into());
        }
        let output = child.wait_with_output()?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let words = arguments.get(..2).unwrap_or(arguments).join(" ");
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Failure::Failed(format!("`postroom {words}` failed ({}): {said}", output.status)))
    }

    fn wait_until_ready(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if is_healthy(self.port).unwrap_or(false) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(Failure::Failed("`postroom serve` did not answer /health within 20 seconds".into()))
    }

    fn print_lines(&self, bearer: &str) {
        let port = self.port;
        let environment = self.settings().into_iter().filter(|(name, _)| *name != "POSTROOM_LISTEN");
        let environment = environment.chain([("POSTROOM_SCOPES", self.scopes())]);
        let stdio = json!({ "mcpServers": { "postroom": {
            "command": self.program.display().to_string(),
            "args": ["stdio", "--user", USER],
            "env": environment.map(|(name, value)| (name.to_owned(), value.into()))
                .collect::<serde_json::Map<_, _>>(),
        }}});
        println!(
            "\nPostroom is ready at http://localhost:{port}/mcp (user {USER}, password {USER_PASSWORD}).\n\n\
             Claude Code, over HTTP:\n\n  \
             claude mcp add --transport http postroom http://localhost:{port}/mcp --header \"Authorization: Bearer {bearer}\"\n\n\
             Any client with a JSON configuration, over stdio:\n\n{stdio:#}\n\n\
             Then ask: \"What is new in my mail?\"\n"
        );
        if self.can_send {
            println!(
                "Or: \"Write to bob@example.org that I will come.\" Nothing really leaves: what is sent ends in this demo.\n\
                 A message to somebody you never wrote to waits for your word at http://localhost:{port}/approvals.\n\
                 Over stdio your client asks you, if it can; otherwise, in another terminal:\n\n  \
                 export POSTROOM_DATA_DIR={}\n  {1} approval list\n  {1} approval show apr_…\n  \
                 {1} approval approve apr_…\n",
                self.home.join("data").display(),
                self.program.display()
            );
        } else {
            println!("It drafts only: to try sending, install dovecot-submissiond.\n");
        }
        if io::stdin().is_terminal() {
            println!("Ctrl-C stops everything.\n");
        } else {
            println!("Closing stdin stops everything.\n");
        }
        let _ = io::stdout().flush();
    }
}

/// Builds the binary as `cargo run` would and tells where it lies.
fn build(is_release: bool) -> Result<PathBuf, Failure> {
    println!("building postroom");
    let mut cargo = place::cargo();
    cargo.args(["build", "--locked", "--package", "postroom"]);
    if is_release {
        cargo.arg("--release");
    }
    let status = cargo.status()?;
    if !status.success() {
        return Err(Failure::Failed("postroom does not build".into()));
    }
    Ok(place::target_directory()?.join(if is_release { "release" } else { "debug" }).join("postroom"))
}

/// The usual port, or a free one if somebody has it.
fn free_port() -> io::Result<u16> {
    match TcpListener::bind(("127.0.0.1", USUAL_PORT)) {
        Ok(_) => Ok(USUAL_PORT),
        Err(_) => Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port()),
    }
}

fn is_healthy(port: u16) -> io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET /health HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")?;
    let mut first = [0; 12];
    stream.read_exact(&mut first)?;
    Ok(first.ends_with(b" 200"))
}

/// Where the guard of `serve` keeps its notes; it removes the directory at the end.
fn guard_directory_in(home: &Path) -> io::Result<PathBuf> {
    let directory = home.join("serve");
    fs::create_dir(&directory)?;
    Ok(directory)
}

/// Reads stdin to its end. Ctrl-C ends us at once; the guards see our pipes close and end the servers.
fn wait_for_the_end() -> io::Result<()> {
    let mut buffer = [0; 256];
    while io::stdin().read(&mut buffer)? > 0 {}
    Ok(())
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
