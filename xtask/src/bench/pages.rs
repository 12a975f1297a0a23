//! The pages: how long each takes to its last octet, what a first view weighs, and whether a flood of sign-ins
//! slows agents down.

use std::{
    collections::BTreeSet,
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use testkit::{
    McpHttp,
    mcp_http::{self, Response},
};

use super::{MANY, World, hosted::Hosted, new_directory, report::Row, samples::Samples};
use crate::Failure;

const ENOUGH: Duration = Duration::from_millis(5);
const WEIGHT: usize = 60_000;
/// Pages of a person with one account and some tokens.
const PAGES: &[&str] = &[
    "/",
    "/accounts",
    "/accounts/new",
    "/accounts/mail",
    "/agents",
    "/activity",
    "/connect",
    "/settings",
    "/admin",
];

/// As many calls as a grant may make at once.
const BURST: usize = 60;
/// Half of them call in quiet.
const TOKENS: usize = 40;
/// What a flood takes to be in full flow, and to ebb away.
const BETWEEN: Duration = Duration::from_millis(500);
const FLOODERS: usize = 8;
/// How long a guesser waits for an answer.
const IMPATIENCE: Duration = Duration::from_millis(2);

/// Looks at every page, then at agents while somebody guesses passwords.
pub(super) fn measure(world: &World) -> Result<Vec<Row>, Failure> {
    let place = new_directory(world, "pages")?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let hosted = Hosted { world, place: &place, port };
    hosted.set_up(MANY, &[], &["--scopes", "mail:folders"])?;
    let tokens: Vec<String> = (0..TOKENS)
        .map(|number| hosted.token(&format!("agent {number}"), &["--scopes", "mail:folders"]))
        .collect::<Result<_, _>>()?;
    let _running = hosted.start()?;
    let browser = Browser::sign_in(port)?;
    let (mut rows, mut heaviest) = (Vec::new(), (0, ""));
    for page in PAGES {
        let mut took = Vec::new();
        for _ in 0..world.rounds.max(30) {
            let started = Instant::now();
            browser.open(page)?;
            took.push(started.elapsed());
        }
        let samples = Samples::new(took)?;
        let is_met = samples.median() <= ENOUGH;
        rows.push(Row::alone(&format!("page `{page}`"), &samples).target("≤ 5 ms", is_met));
        heaviest = heaviest.max((browser.weight(page)?, page));
    }
    rows.push(Row::count(
        &format!("octets of a first view, the heaviest (`{}`)", heaviest.1),
        heaviest.0,
        WEIGHT,
    ));
    rows.push(flood(port, &tokens)?);
    Ok(rows)
}

/// The 99th of a hundred calls of `mail_folders` in quiet, and while passwords are guessed. By turns, so that what
/// else the machine does falls on both.
fn flood(port: u16, tokens: &[String]) -> Result<Row, Failure> {
    let (is_on, is_over, tries) = (AtomicBool::new(false), AtomicBool::new(false), AtomicUsize::new(0));
    let (quiet, flooded) = thread::scope(|scope| {
        for _ in 0..FLOODERS {
            scope.spawn(|| {
                give_way();
                while !is_over.load(Ordering::Relaxed) {
                    if !is_on.load(Ordering::Relaxed) {
                        thread::sleep(Duration::from_millis(1));
                    } else if Browser::guess(port).is_ok() {
                        tries.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let by_turns = || {
            let (mut quiet, mut flooded) = (Vec::new(), Vec::new());
            for (number, token) in tokens.iter().enumerate() {
                let is_flooded = number % 2 == 1;
                is_on.store(is_flooded, Ordering::Relaxed);
                thread::sleep(BETWEEN);
                calls(port, token, if is_flooded { &mut flooded } else { &mut quiet })?;
            }
            Ok::<_, Failure>((late(quiet)?, late(flooded)?))
        };
        let both = by_turns();
        is_over.store(true, Ordering::Relaxed);
        both
    })?;
    let ratio = flooded.as_secs_f64() / quiet.as_secs_f64();
    println!("{} sign-ins were tried meanwhile", tries.load(Ordering::Relaxed));
    let what = format!(
        "p99 of `mail_folders` while passwords are guessed, against {:.2} ms in quiet",
        quiet.as_secs_f64() * 1e3
    );
    Ok(Row::alone(&what, &Samples::new(vec![flooded])?)
        .target(&format!("≤ 2 × (is {ratio:.2} ×)"), ratio <= 2.0))
}

/// Lets all others go first: who guesses passwords does so on another machine, so that the work of guessing is not
/// to be taken for what it costs the server.
fn give_way() {
    let thread = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    if let Some(id) = thread.file_name() {
        // without it the flood weighs more than it should, which the number then shows
        let _ = Command::new("renice").args(["-n", "19", "-p"]).arg(id).stdout(Stdio::null()).status();
    }
}

/// How long each call of one agent takes.
fn calls(port: u16, token: &str, took: &mut Vec<Duration>) -> Result<(), Failure> {
    let mut client = McpHttp::connect(port, token)?;
    for call in 0..BURST - 2 {
        let started = Instant::now();
        client.call("mail_folders", &json!({ "counts": false }))?;
        // the first one signs in to the mail server
        if call > 0 {
            took.push(started.elapsed());
        }
    }
    Ok(())
}

/// The 99th of a hundred.
fn late(mut took: Vec<Duration>) -> Result<Duration, Failure> {
    took.sort_unstable();
    let at = took.len() * 99 / 100;
    took.get(at).copied().ok_or_else(|| Failure::Failed("nothing was called".into()))
}

/// A browser in which alice is signed in.
pub(super) struct Browser {
    port: u16,
    cookies: String,
}

impl Browser {
    pub(super) fn sign_in(port: u16) -> Result<Self, Failure> {
        let answer = Self::try_password(port, "a password of the bench")?;
        if answer.status != 303 {
            return Err(Failure::Failed(format!("signing in: {}\n{}", answer.status, answer.body)));
        }
        Ok(Self { port, cookies: cookies(&answer) })
    }

    fn try_password(port: u16, password: &str) -> io::Result<Response> {
        let (cookies, body) = Self::filled_in(port, password)?;
        let own = format!("http://localhost:{port}");
        let headers =
            [("Cookie", &*cookies), ("Origin", &own), ("Content-Type", "application/x-www-form-urlencoded")];
        mcp_http::request(port, "POST", "/login", &headers, &body)
    }

    /// Tries a wrong password as guessers do who have no time: whoever is not told at once that it was right goes.
    fn guess(port: u16) -> io::Result<()> {
        let (cookies, body) = Self::filled_in(port, "a wrong password")?;
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(IMPATIENCE))?;
        let post = format!(
            "POST /login HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n\
             Cookie: {cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(post.as_bytes())?;
        match stream.read(&mut [0; 512]) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// The form to sign in, filled in: cookies and body.
    fn filled_in(port: u16, password: &str) -> io::Result<(String, String)> {
        let form = mcp_http::request(port, "GET", "/login", &[], "")?;
        let mut body = format!("name=alice&password={}", percent(password));
        for (name, value) in hidden(&form.body) {
            body += &["&", name, "=", &percent(value)].concat();
        }
        Ok((cookies(&form), body))
    }

    /// The hidden fields of the forms on a page, as they are posted.
    pub(super) fn form(&self, page: &str) -> Result<String, Failure> {
        let headers = [("Cookie", &*self.cookies)];
        let answer = mcp_http::request(self.port, "GET", page, &headers, "")?;
        let fields: BTreeSet<String> =
            hidden(&answer.body).map(|(name, value)| format!("{name}={}", percent(value))).collect();
        Ok(fields.into_iter().collect::<Vec<_>>().join("&"))
    }

    /// Posts a form.
    pub(super) fn post(&self, path: &str, form: &str) -> Result<Response, Failure> {
        let own = format!("http://localhost:{}", self.port);
        let headers = [
            ("Cookie", &*self.cookies),
            ("Origin", &own),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        Ok(mcp_http::request(self.port, "POST", path, &headers, form)?)
    }

    pub(super) fn open(&self, page: &str) -> Result<Response, Failure> {
        let headers = [("Cookie", &*self.cookies), ("Accept-Encoding", "gzip")];
        let answer = mcp_http::request(self.port, "GET", page, &headers, "")?;
        if answer.status == 200 {
            Ok(answer)
        } else {
            Err(Failure::Failed(format!("{page}: {}", answer.status)))
        }
    }

    /// What a page and all that it names weighs, headers aside.
    pub(super) fn weight(&self, page: &str) -> Result<usize, Failure> {
        let answer = self.open(page)?;
        let named: BTreeSet<&str> =
            answer.body.split('"').filter(|text| text.starts_with("/static/")).collect();
        named.iter().try_fold(answer.octets.len(), |sum, path| Ok(sum + self.open(path)?.octets.len()))
    }
}

/// Names and values of a form's hidden inputs.
fn hidden(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("<input").filter(|input| input.contains("type=\"hidden\"")).filter_map(|input| {
        let value_of = |name: &str| input.split_once(name)?.1.split('"').next();
        Some((value_of(" name=\"")?, value_of(" value=\"").unwrap_or_default()))
    })
}

/// The cookies that an answer sets, as a browser sends them back.
fn cookies(answer: &Response) -> String {
    let pairs = answer.cookies.iter().filter_map(|cookie| cookie.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
