//! A made-up IMAP server for what Dovecot does not have: Gmail's threads and THREADID; and for counting
//! flights, that is, how often the client waited for answers.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use domain::{Limits, Principal};

use crate::world::{credentials, principal_with, settings_at};

/// One message of the server.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) folder: &'static str,
    pub(crate) uid: u32,
    /// Message-ID, without brackets.
    pub(crate) id: &'static str,
    /// What it answers, oldest first.
    pub(crate) answers: &'static [&'static str],
    /// The server's thread, and on Gmail the message's own id.
    pub(crate) thread: &'static str,
    pub(crate) message: u32,
}

/// What the server offers and holds.
#[derive(Default)]
pub(crate) struct Model {
    /// Its words of welcome.
    pub(crate) greeting: &'static str,
    /// How many messages it claims each folder has, where that is more than there are.
    pub(crate) claims: u32,
    /// A word, commands with which it refuses; none if empty.
    pub(crate) refuses: &'static str,
    pub(crate) capabilities: &'static str,
    pub(crate) folders: &'static [(&'static str, &'static str)],
    pub(crate) held: Vec<Held>,
    /// What it tells of each message with UID 3, where that is not what it should; nothing if empty.
    pub(crate) garbled: &'static str,
}

pub(crate) struct Scripted {
    pub(crate) principal: Principal,
    flights: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Scripted {
    pub(crate) fn start(model: Model) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let flights = Arc::new(Mutex::new(Vec::new()));
        let (model, shared) = (Arc::new(model), Arc::clone(&flights));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (model, flights) = (Arc::clone(&model), Arc::clone(&shared));
                std::thread::spawn(move || model.serve(stream, &flights));
            }
        });
        let settings = settings_at("127.0.0.1", port);
        Self { principal: principal_with(settings, credentials("secret"), Limits::default()), flights }
    }

    /// The commands since the last time, those that came together in one flight.
    pub(crate) fn flights(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut *self.flights.lock().unwrap())
    }
}

impl Model {
    fn serve(&self, mut stream: TcpStream, flights: &Mutex<Vec<Vec<String>>>) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let welcome = format!("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] {} ready\r\n", self.greeting);
        stream.write_all(welcome.as_bytes()).ok()?;
        let (mut input, mut open) = (Vec::new(), String::new());
        loop {
            let mut buffer = vec![0; 65_536];
            let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
            input.extend_from_slice(&buffer[..count]);
            let Some(end) = input.iter().rposition(|byte| *byte == b'\n') else { continue };
            let lines = String::from_utf8(input.drain(..=end).collect()).unwrap();
            let commands: Vec<(&str, &str)> = lines.lines().filter_map(|line| line.split_once(' ')).collect();
            let said = commands.iter().map(|(_, command)| (*command).to_owned()).collect();
            flights.lock().unwrap().push(said);
            let mut out = String::new();
            for (tag, command) in commands {
                if let Some(name) = command.strip_prefix("EXAMINE ").or(command.strip_prefix("SELECT ")) {
                    name.trim_matches('"').clone_into(&mut open);
                }
                if !self.refuses.is_empty() && command.contains(self.refuses) {
                    let _ = write!(out, "{tag} BAD what is that?\r\n");
                    continue;
                }
                out.push_str(&self.answer(&open, command));
                let code = if command.starts_with("AUTHENTICATE") {
                    format!("[CAPABILITY IMAP4rev1 SASL-IR {}] ", self.capabilities)
                } else {
                    String::new()
                };
                let _ = write!(out, "{tag} OK {code}done\r\n");
            }
            stream.write_all(out.as_bytes()).ok()?;
        }
    }

    fn answer(&self, open: &str, command: &str) -> String {
        let here: Vec<(usize, &Held)> =
            (1..).zip(self.held.iter().filter(|held| held.folder == open)).collect();
        let mut out = String::new();
        if command.starts_with("LIST") {
            for (attributes, name) in self.folders {
                let _ = write!(out, "* LIST ({attributes}) \"/\" \"{name}\"\r\n");
                if command.contains("STATUS") {
                    let (count, next) = (self.claims, self.claims + 1);
                    let _ = write!(out, "* STATUS \"{name}\" (MESSAGES {count} UIDNEXT {next})\r\n");
                }
            }
        } else if command.starts_with("EXAMINE") || command.starts_with("SELECT") {
            let _ =
                write!(out, "* {} EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 100] x\r\n", here.len());
        } else if command.starts_with("UID SEARCH") {
            out.push_str("* SEARCH");
            for (_, held) in here.iter().filter(|(_, held)| held.is_found(command)) {
                let _ = write!(out, " {}", held.uid);
            }
            out.push_str("\r\n");
        } else if let Some((set, _)) =
            command.strip_prefix("UID FETCH ").and_then(|rest| rest.split_once(' '))
        {
            let wanted = |uid: u32| {
                set.split(',').any(|range| {
                    let (low, high) = range.split_once(':').unwrap_or((range, range));
                    (low.parse().unwrap()..=high.parse().unwrap()).contains(&uid)
                })
            };
            for (number, held) in here.iter().filter(|(_, held)| wanted(held.uid)) {
                if held.uid == 3 && !self.garbled.is_empty() {
                    let _ = write!(out, "* {number} {}\r\n", self.garbled);
                    continue;
                }
                out.push_str(&held.fetched(*number, command));
            }
        } else if command.starts_with("FETCH") {
            for (number, held) in &here {
                out.push_str(&held.fetched(*number, command));
            }
        }
        out
    }
}

impl Held {
    fn is_found(&self, command: &str) -> bool {
        command.ends_with(" ALL")
            || command.ends_with(&format!("X-GM-THRID {}", self.thread))
            || command.ends_with(&format!("THREADID {}", self.thread))
            || command.contains(&format!("HEADER Message-ID \"<{}>\"", self.id))
            || self.answers.iter().any(|id| command.contains(&format!("HEADER References \"<{id}>\"")))
    }

    fn fetched(&self, number: usize, command: &str) -> String {
        let Self { uid, id, thread, message, .. } = self;
        let references: Vec<String> = self.answers.iter().map(|id| format!("<{id}>")).collect();
        let references = references.join(" ");
        let subject = if self.answers.is_empty() { "plan" } else { "Re: plan" };
        let mut out = format!("* {number} FETCH (UID {uid} FLAGS ()");
        if command.contains("ENVELOPE") {
            let _ = write!(
                out,
                " INTERNALDATE \"01-Nov-2026 10:{:02}:00 +0000\" RFC822.SIZE 100 ENVELOPE (NIL \"{subject}\" \
                 ((NIL NIL \"ann\" \"x.org\")) NIL NIL NIL NIL NIL NIL \"<{id}>\") \
                 BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 20 1)",
                message % 60
            );
        }
        if command.contains("HEADER.FIELDS") {
            let _ = write!(out, " BODY[HEADER.FIELDS (REFERENCES)] \"References: {references}\"");
        }
        if command.contains("X-GM-THRID") {
            let _ = write!(out, " X-GM-MSGID {message} X-GM-THRID {thread} X-GM-LABELS ()");
        } else if command.contains("THREADID") {
            let _ = write!(out, " THREADID ({thread})");
        }
        if command.contains("BODY.PEEK[HEADER]") {
            let _ = write!(out, " BODY[HEADER] \"References: {references}\"");
        }
        if command.contains("BODY.PEEK[1]") {
            let _ = write!(out, " BODY[1] \"{:<20}\"", format!("This is {id}."));
        }
        out.push_str(")\r\n");
        out
    }
}
