//! The same requirements on every real server that tests can start: Dovecot, Cyrus and Courier. What is
//! particular to one of them is a field of [`Server`], never a branch in a requirement.

use std::any::Any;

use domain::{AccountSettings, Endpoint, FolderArg, Limits, Principal, TlsMode};
use engine::{
    Engine,
    read::{Message, Outcome, View},
    search::{Page, Row, SearchRequest},
};
use testkit::{
    Mail, Options, OtherClient, maildir::encode_name, require_courier, require_cyrus, require_dovecot,
};

use crate::world::{NOW, credentials, new_engine, principal_with};

mod conversing;
mod drafting;
mod finding;
mod folders;
mod managing;
mod organizing;
mod reading;
mod reading_only;
mod undoing;

/// Runs each requirement on each server.
macro_rules! on_every_server {
    ($($requirement:ident),* $(,)?) => {
        on_every_server!(@on on_dovecot dovecot: $($requirement)*);
        on_every_server!(@on on_cyrus cyrus: $($requirement)*);
        on_every_server!(@on on_courier courier: $($requirement)*);
    };
    (@on $name:ident $server:ident: $($requirement:ident)*) => {
        mod $name {
            $(
                #[tokio::test]
                async fn $requirement() {
                    let Some(server) = crate::servers::$server() else { return };
                    super::$requirement(crate::servers::World::of(server)).await;
                }
            )*
        }
    };
}
use on_every_server;

/// A running server and how it differs from the others.
struct Server {
    port: u16,
    /// What the names of all folders but INBOX begin with on the wire.
    prefix: &'static str,
    separator: char,
    /// What it refuses in names, as a part of them.
    refused: &'static [&'static str],
    /// What we cannot make on it, as a part of the name as agents write it.
    cannot_make: &'static [&'static str],
    /// Whether BODY finds what is written in other charsets than ASCII and UTF-8.
    searches_bodies_in_any_charset: bool,
    /// Whether the folders with special uses are there without being made.
    has_special_folders: bool,
    /// The server itself, which ends with this value.
    _running: Box<dyn Any>,
}

fn dovecot() -> Option<Server> {
    let dovecot = require_dovecot(Options::default())?;
    Some(Server {
        port: dovecot.imap_port(),
        prefix: "",
        separator: '/',
        // Maildir++ separates folders with dots on the disk
        refused: &["."],
        cannot_make: &[".", "%2F"],
        searches_bodies_in_any_charset: true,
        has_special_folders: true,
        _running: Box::new(dovecot),
    })
}

fn cyrus() -> Option<Server> {
    let cyrus = require_cyrus()?;
    Some(Server {
        port: cyrus.port(),
        prefix: "",
        separator: '/',
        refused: &["\"", "\\", "{"],
        cannot_make: &["\"", "\\", "{", "%2F"],
        searches_bodies_in_any_charset: false,
        has_special_folders: true,
        _running: Box::new(cyrus),
    })
}

fn courier() -> Option<Server> {
    let courier = require_courier()?;
    Some(Server {
        port: courier.port(),
        prefix: "INBOX.",
        separator: '.',
        // beyond U+FFFF only in UTF-8, which the other client does not speak
        refused: &[".", "\u{1f680}"],
        cannot_make: &[".", "%2F"],
        searches_bodies_in_any_charset: true,
        has_special_folders: false,
        _running: Box::new(courier),
    })
}

impl Server {
    /// Whether the other client can write the name, in modified UTF-7.
    fn other_writes(&self, name: &str) -> bool {
        !self.refused.iter().any(|part| name.contains(part))
            && !name.contains('\u{200d}')
            && !name.contains("a/b")
    }
}

/// A server, somebody else at its mailbox, and an engine with a principal who may use it.
struct World {
    server: Server,
    other: OtherClient,
    engine: Engine,
    principal: Principal,
}

impl World {
    fn of(server: Server) -> Self {
        let other = OtherClient::sign_in_at(server.port, "alice", "alice-secret").unwrap();
        let settings = AccountSettings {
            address: "alice@example.com".into(),
            display_name: "Alice".into(),
            imap: Endpoint {
                host: "localhost".into(),
                port: server.port,
                tls: TlsMode::None,
                username: "alice".into(),
            },
            smtp: None,
            allowed_folders: Vec::new(),
            signature: String::new(),
            writing_style: String::new(),
        };
        let principal = principal_with(settings, credentials("alice-secret"), Limits::default());
        Self { server, other, engine: new_engine(), principal }
    }

    /// The name on the wire of a folder that tests name with `/`.
    fn wire_name(&self, folder: &str) -> String {
        if folder == "INBOX" {
            return folder.to_owned();
        }
        let separated = encode_name(folder).replace('/', &self.server.separator.to_string());
        let name = format!("{}{separated}", self.server.prefix);
        name.replace('\\', "\\\\").replace('"', "\\\"")
    }

    /// The name that agents see.
    fn shown_name(&self, folder: &str) -> String {
        format!("{}{folder}", self.server.prefix.replace('.', "/"))
    }

    fn create(&mut self, folder: &str) {
        let name = self.wire_name(folder);
        self.other.run(&format!("CREATE \"{name}\"")).unwrap();
    }

    /// Files a message as somebody else does; what INBOX gets so is like a delivery.
    fn file(&mut self, folder: &str, mail: &Mail) {
        let name = self.wire_name(folder);
        self.other.append(&name, mail).unwrap();
    }

    async fn search(&self, request: SearchRequest) -> Page {
        let query = request.query.clone();
        self.engine
            .search(&self.principal, request)
            .await
            .unwrap_or_else(|failure| panic!("`{query}`: {failure:?}"))
    }

    /// The newest rows of a folder.
    async fn rows(&self, folder: &str, limit: usize) -> Vec<Row> {
        let folder = Some(FolderArg::parse(folder));
        self.search(SearchRequest { folder, limit, ..SearchRequest::default() }).await.rows
    }

    async fn outcome(&self, id: &str) -> Outcome {
        self.engine.read(&self.principal, &[id.to_owned()], View::Text).await.unwrap().remove(0)
    }

    async fn read(&self, id: &str) -> Message {
        match self.outcome(id).await {
            Outcome::Message(message) => *message,
            other => panic!("{id}: {other:?}"),
        }
    }

    /// The same server and person, but nothing is remembered.
    fn with_new_engine(self) -> Self {
        Self { engine: new_engine(), ..self }
    }
}

/// Before this all messages of these tests were received: a year and more ago, since a server may take a
/// time that lies ahead of its own clock for now.
const THEN: u64 = NOW - 400 * 86_400;

/// A message with this subject and rest of header and body.
fn mail(subject: &str, rest: &str) -> Mail {
    let head = format!(
        "From: Bob <bob@example.org>\r\nTo: alice@example.com\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    );
    Mail::new(format!("{head}{rest}"), THEN - 3_600)
}

fn subjects(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.subject.as_str()).collect()
}
