//! A private, real Courier. Its `imapd` expects somebody else to have asked for the password (Debian's
//! daemon for that has fixed paths): here this is a few lines that greet and take LOGIN, as Courier does.
//! Names begin with `INBOX.`, and `.` separates. Mail comes by APPEND (`other_client`).

use std::{
    fs, io,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
};

use crate::{
    dovecot::User,
    process::Guarded,
    unpacked::{Place, require},
};

/// What it offers, before and after sign-in.
const CAPABILITIES: &str = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES \
    SORT QUOTA IDLE ACL ACL2=UNION";
/// More than any command before sign-in needs.
const LONGEST_LINE: usize = 8_192;

/// A running Courier. Plain text on 127.0.0.1.
#[derive(Debug)]
pub struct Courier {
    // first: the server ends before its directory goes
    _guard: Guarded,
    place: Arc<Place>,
    port: u16,
}

/// For tests: a server with alice (`alice-secret`), or none with a printed line where it is missing.
///
/// # Panics
/// When it is missing and `CI=true`, and when it is there but does not start.
pub fn require_courier() -> Option<Courier> {
    require("courier", || Courier::start(&[User::new("alice", "alice-secret")]))
}

impl Courier {
    /// Starts the watcher of files that `imapd` wants, and listens.
    pub fn start(users: &[User]) -> io::Result<Self> {
        let place = Place::make("courier")?;
        for user in users {
            place.make_directory(&user.name)?;
            for directory in ["", "/cur", "/new", "/tmp"] {
                place.make_directory(&format!("{}/Maildir{directory}", user.name))?;
            }
        }
        // watchers listen on a name, not on a file
        let mut watcher = place.owners_wrapped_command("usr/libexec/gam_server");
        watcher.args(["--notimeout", &place.name()]);
        let guard = Guarded::quiet(place.path(), &watcher)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let place = Arc::new(place);
        let (shared, users) = (Arc::downgrade(&place), users.to_vec());
        thread::Builder::new().name("courier".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(place) = shared.upgrade() else { return };
                let users = users.clone();
                let _ = thread::Builder::new().spawn(move || serve(stream, &users, &place));
            }
        })?;
        Ok(Self { _guard: guard, place, port })
    }

    /// Where it speaks IMAP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory with all that it writes; gone when the server stops.
    pub fn directory(&self) -> &Path {
        self.place.path()
    }
}

/// Greets, takes LOGIN, and hands the connection over to `imapd`.
fn serve(mut stream: TcpStream, users: &[User], place: &Place) -> io::Result<()> {
    stream.set_nodelay(true)?;
    write!(
        stream,
        "* OK [CAPABILITY {CAPABILITIES}] Courier-IMAP ready. Copyright 1998-2022 Double Precision, Inc.  \
         See COPYING for distribution information.\r\n"
    )?;
    loop {
        let line = line(&mut stream)?;
        let words = words(&line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (tag, command) = words.split_first().map_or(("*", &words[..]), |(tag, rest)| (*tag, rest));
        match command {
            [name] if name.eq_ignore_ascii_case("CAPABILITY") => {
                write!(stream, "* CAPABILITY {CAPABILITIES}\r\n{tag} OK CAPABILITY completed\r\n")?;
            }
            [name] if name.eq_ignore_ascii_case("LOGOUT") => {
                return write!(
                    stream,
                    "* BYE Courier-IMAP server shutting down\r\n{tag} OK LOGOUT completed\r\n"
                );
            }
            [name, user, password] if name.eq_ignore_ascii_case("LOGIN") => {
                if users.iter().any(|known| known.name == *user && known.password == *password) {
                    return hand_over(stream, tag, user, place);
                }
                write!(stream, "{tag} NO Login failed.\r\n")?;
            }
            _ => write!(stream, "{tag} NO Error in IMAP command received by server.\r\n")?,
        }
    }
}

/// Runs `imapd` on the connection until the client is gone.
fn hand_over(stream: TcpStream, tag: &str, user: &str, place: &Place) -> io::Result<()> {
    let home: PathBuf = place.path().join(user);
    let output = OwnedFd::from(stream.try_clone()?);
    let mut imapd: Command = place.owners_command("usr/bin/imapd");
    imapd
        .arg("Maildir")
        .current_dir(&home)
        .env("HOME", &home)
        .env("AUTHENTICATED", user)
        .env("AUTHADDR", user)
        .env("IMAPLOGINTAG", tag)
        .env("PROTOCOL", "IMAP")
        .env("TCPREMOTEIP", "127.0.0.1")
        .env("TCPREMOTEPORT", "1")
        .env("IMAP_CAPABILITY", CAPABILITIES.replace(" ACL ACL2=UNION", ""))
        .env("IMAP_KEYWORDS", "1")
        .env("IMAP_ACL", "1")
        .env("IMAP_USELOCKS", "1")
        .env("IMAP_ENHANCEDIDLE", "1")
        .env("IMAP_IDLE_TIMEOUT", "60")
        .env("IMAP_MAILBOX_SANITY_CHECK", "1")
        .env("IMAP_TRASHFOLDERNAME", "Trash")
        .env("GAM_CLIENT_ID", place.name())
        .stdin(Stdio::from(OwnedFd::from(stream)))
        .stdout(Stdio::from(output))
        .stderr(fs::OpenOptions::new().create(true).append(true).open(place.path().join("log"))?);
    let mut child = imapd.spawn()?;
    // our copies of the connection are closed with the command
    drop(imapd);
    child.wait().map(|_| ())
}

/// One line, octet by octet: what comes behind it is for `imapd`.
fn line(stream: &mut TcpStream) -> io::Result<String> {
    let mut line = Vec::new();
    let mut octet = [0];
    while line.len() < LONGEST_LINE {
        stream.read_exact(&mut octet)?;
        match octet {
            [b'\n'] => return Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            [other] => line.push(other),
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// Atoms and quoted strings.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start().chars().peekable();
    while let Some(first) = rest.next() {
        let mut word = String::new();
        if first == '"' {
            while let Some(next) = rest.next() {
                match next {
                    '"' => break,
                    '\\' => word.extend(rest.next()),
                    other => word.push(other),
                }
            }
        } else {
            word.push(first);
            while let Some(next) = rest.next_if(|next| *next != ' ') {
                word.push(next);
            }
        }
        words.push(word);
        while rest.next_if_eq(&' ').is_some() {}
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_atoms_and_quoted_strings() {
        assert_eq!(
            words(r#"a1 LOGIN alice "two \"words\"" """#),
            ["a1", "LOGIN", "alice", "two \"words\"", ""]
        );
        assert!(words("").is_empty());
    }
}
