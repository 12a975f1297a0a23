//! From a host name to a signed-in session: TCP, TLS or required STARTTLS, greeting, SASL, and what is
//! switched on once (ENABLE, ID, COMPRESS, NAMESPACE).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Endpoint, TlsMode, account::Credential};
use net::{Origin, Outgoing};
use zeroize::Zeroizing;

use super::{
    capability::Capabilities,
    compress::Deflated,
    connection::Connection,
    dialogue::Dialogue,
    quirk::{Quirks, ServerId},
    request::{COMMAND_TIMEOUT, Reply, Request, Wants},
    response::{Code, Namespaces, Response, Status, StatusKind, Untagged},
    session::Session,
    transport::Transport,
    wire::{Command, Dialect},
};
use crate::{
    Error,
    sasl::{self, Exchange, Mechanism},
};

/// How long greeting, TLS and sign-in may take together.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(20);

/// After this time without use the server has to answer before a message is read and sent.
const BELIEVED: Duration = Duration::from_secs(5);

/// How long a server is given to carry out what it read before the connection was lost.
const SETTLING: Duration = Duration::from_secs(1);

/// What a test may want otherwise than the product has it.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// How long greeting, TLS and sign-in may take together.
    pub sign_in: Duration,
    /// The longest that any command may take.
    pub command: Duration,
    /// How long a call waits for a connection that others use.
    pub free_connection: Duration,
    /// How long a connection may have waited and still be taken to be alive when a message is to be sent.
    pub believed: Duration,
    /// How long a server is given to carry out what it read before the connection was lost.
    pub settling: Duration,
    /// Whether COMPRESS is used on loopback too, where it only costs.
    pub compress_loopback: bool,
}

impl Default for Tuning {
    /// 20 s to sign in, 60 s a command, 60 s for a free connection (contract 11).
    fn default() -> Self {
        Self {
            sign_in: SIGN_IN_TIMEOUT,
            command: COMMAND_TIMEOUT,
            free_connection: COMMAND_TIMEOUT,
            believed: BELIEVED,
            settling: SETTLING,
            compress_loopback: false,
        }
    }
}

/// Where to sign in, as whom.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// The server and the login name.
    pub endpoint: &'a Endpoint,
    /// The proof.
    pub credential: &'a Credential,
    /// Who named the host.
    pub origin: Origin,
    /// Fresh randomness, for SCRAM.
    pub nonce: [u8; 24],
}

/// Opens and signs in a session; every wait inside has a deadline.
pub async fn connect(outgoing: &Outgoing, login: Login<'_>, tuning: &Tuning) -> Result<Session, Error> {
    let Endpoint { host, port, tls, .. } = login.endpoint;
    let stream = outgoing.connect(host, *port, login.origin).await?;
    let signed_in = async {
        let is_loopback = stream.is_loopback();
        let stream = if *tls == TlsMode::Tls { stream.start_tls(outgoing, host).await? } else { stream };
        let mut dialogue = Dialogue::new(Transport::Direct(stream));
        let mut known = greet(&mut dialogue).await?;
        if *tls == TlsMode::StartTls {
            dialogue = start_tls(dialogue, known.preauth, outgoing, login.endpoint).await?;
            known.capabilities = Capabilities::default();
        }
        let is_protected = *tls != TlsMode::None;
        if !is_protected && !is_loopback {
            tracing::warn!(host, "signing in without TLS, as the account says");
        }
        if known.capabilities.is_empty() {
            known.capabilities = ask_capabilities(&mut dialogue).await?;
        }
        if !known.preauth {
            let is_private = is_protected || is_loopback || *tls == TlsMode::None;
            known.capabilities = sign_in(&mut dialogue, &known.capabilities, login, is_private).await?;
        }
        let said = Said { capabilities: known.capabilities, host, greeting: &known.words };
        let compresses = tuning.compress_loopback || !is_loopback;
        set_up(dialogue, said, compresses, tuning.command).await
    };
    match tokio::time::timeout(tuning.sign_in, signed_in).await {
        Ok(session) => session,
        Err(_) => Err(Error::Timeout("sign-in")),
    }
}

struct Greeting {
    capabilities: Capabilities,
    words: String,
    preauth: bool,
}

async fn greet(dialogue: &mut Dialogue) -> Result<Greeting, Error> {
    let Response::Untagged(Untagged::Status(status)) = dialogue.response().await? else {
        return Err(Error::Protocol("this is no IMAP greeting"));
    };
    let preauth = match status.kind {
        StatusKind::Ok => false,
        StatusKind::Preauth => true,
        _ => return Err(Error::Bye(status.text)),
    };
    Ok(Greeting { capabilities: capabilities_of(&status).unwrap_or_default(), words: status.text, preauth })
}

fn capabilities_of(status: &Status) -> Option<Capabilities> {
    match &status.code {
        Some(Code::Capability(names)) => Some(Capabilities::new(names)),
        _ => None,
    }
}

async fn ask_capabilities(dialogue: &mut Dialogue) -> Result<Capabilities, Error> {
    let reply = dialogue.run_one(simple("CAPABILITY")).await?;
    capabilities_in(&reply).ok_or(Error::Protocol("no capabilities"))
}

fn capabilities_in(reply: &Reply) -> Option<Capabilities> {
    let named = reply.data.iter().rev().find_map(|data| match data {
        Untagged::Capability(names) => Some(Capabilities::new(names)),
        _ => None,
    });
    capabilities_of(&reply.status).or(named)
}

/// Required STARTTLS. What the server said before it is forgotten, and bytes that came along with its
/// OK end the attempt: somebody in between may have put them there (CVE-2021-33515 and its kin).
async fn start_tls(
    mut dialogue: Dialogue,
    preauth: bool,
    outgoing: &Outgoing,
    endpoint: &Endpoint,
) -> Result<Dialogue, Error> {
    let (host, port) = (endpoint.host.clone(), endpoint.port);
    if preauth {
        return Err(Error::StartTlsMissing { host, port });
    }
    match dialogue.run_one(simple("STARTTLS")).await {
        Err(Error::Refused { .. }) => return Err(Error::StartTlsMissing { host, port }),
        answer => answer?,
    };
    if dialogue.has_unread() {
        return Err(Error::StartTlsInjected { host, port });
    }
    match dialogue.transport {
        Transport::Direct(stream) => {
            Ok(Dialogue::new(Transport::Direct(stream.start_tls(outgoing, &host).await?)))
        }
        Transport::Deflated(_) => Err(Error::Protocol("STARTTLS after COMPRESS")),
    }
}

/// SASL where offered, else LOGIN. Gives the capabilities after sign-in.
async fn sign_in(
    dialogue: &mut Dialogue,
    offered: &Capabilities,
    login: Login<'_>,
    is_private: bool,
) -> Result<Capabilities, Error> {
    let Login { endpoint, credential, .. } = login;
    dialogue.speak(offered.literals());
    let told = if let Some(mechanism) = sasl::choose(&offered.sasl(), credential, is_private) {
        authenticate(dialogue, offered, mechanism, login).await?
    } else {
        let Credential::Password(password) = credential else {
            return Err(Error::NoSignInWay { host: endpoint.host.clone(), offered: offered.sasl() });
        };
        if offered.has("LOGINDISABLED") || !is_private {
            return Err(Error::NoSignInWay { host: endpoint.host.clone(), offered: offered.sasl() });
        }
        let command = Command::new("LOGIN").string(&endpoint.username).string(password.expose());
        let request = Request { timeout: SIGN_IN_TIMEOUT, ..Request::new(command, Wants::Session) };
        let reply = dialogue.run_one(request).await.map_err(|error| refused_sign_in(error, endpoint))?;
        capabilities_in(&reply)
    };
    match told {
        Some(capabilities) => Ok(capabilities),
        None => ask_capabilities(dialogue).await,
    }
}

async fn authenticate(
    dialogue: &mut Dialogue,
    offered: &Capabilities,
    mechanism: Mechanism,
    login: Login<'_>,
) -> Result<Option<Capabilities>, Error> {
    let Login { endpoint, credential, nonce, .. } = login;
    let mut exchange =
        Exchange::start(mechanism, &endpoint.username, credential, &endpoint.host, endpoint.port, nonce)?;
    let takes_first = offered.has("SASL-IR") || offered.is_rev2();
    let first = if takes_first { exchange.initial() } else { None };
    let first = first.map(|first| match encode(&first) {
        empty if empty.is_empty() => Zeroizing::new("=".to_owned()),
        encoded => encoded,
    });
    let mut line = Zeroizing::new(Vec::with_capacity(64 + first.as_ref().map_or(0, |first| first.len())));
    line.extend_from_slice(b"AUTHENTICATE ");
    line.extend_from_slice(mechanism.as_str().as_bytes());
    if let Some(first) = &first {
        line.push(b' ');
        line.extend_from_slice(first.as_bytes());
    }
    let tag = dialogue.begin(&line).await?;
    let mut told = None;
    loop {
        match dialogue.response().await? {
            Response::Continue(text) => {
                let challenge = STANDARD.decode(text.trim_ascii()).unwrap_or_default();
                let answer = exchange.respond(&challenge).await;
                let line = match &answer {
                    Ok(answer) => encode(answer),
                    Err(_) => Zeroizing::new("*".to_owned()),
                };
                dialogue.write_line(line.as_bytes()).await?;
                drop(answer?);
            }
            Response::Tagged { tag: of, status } if of == tag => {
                if status.kind != StatusKind::Ok {
                    let Err(refused) = Reply::check("AUTHENTICATE", status, Vec::new()) else {
                        return Err(Error::Protocol("neither accepted nor refused"));
                    };
                    return Err(refused_sign_in(refused, endpoint));
                }
                exchange.finish()?;
                return Ok(capabilities_of(&status).or(told));
            }
            Response::Untagged(Untagged::Status(Status { kind: StatusKind::Bye, text, .. })) => {
                return Err(Error::Bye(text));
            }
            Response::Untagged(Untagged::Capability(names)) => told = Some(Capabilities::new(names)),
            _ => {}
        }
    }
}

/// In base64; wiped when dropped.
fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(bytes))
}

/// A NO to sign-in is a wrong password, unless its code says that the server is only busy (RFC 5530).
fn refused_sign_in(error: Error, endpoint: &Endpoint) -> Error {
    match error {
        error if error.is_busy() => error,
        Error::Refused { text, .. } => Error::SignInRefused { host: endpoint.host.clone(), text },
        error => error,
    }
}

/// What is known of the server when sign-in is done.
struct Said<'a> {
    capabilities: Capabilities,
    host: &'a str,
    greeting: &'a str,
}

/// One flight for all that a new session wants to know or switch on, and one more for COMPRESS.
async fn set_up(
    mut dialogue: Dialogue,
    said: Said<'_>,
    compresses: bool,
    longest: Duration,
) -> Result<Session, Error> {
    let Said { capabilities, host, greeting } = said;
    let mut flight = Vec::new();
    if capabilities.has("ID") {
        flight.push(session_request(Command::new("ID").syntax("(\"name\" \"Postroom\")")));
    }
    if capabilities.has("UTF8=ACCEPT") && capabilities.has("ENABLE") {
        flight.push(session_request(Command::new("ENABLE").syntax("UTF8=ACCEPT")));
    }
    if capabilities.has("NAMESPACE") || capabilities.is_rev2() {
        flight.push(simple("NAMESPACE"));
    }
    let mut id: Vec<(String, Option<String>)> = Vec::new();
    let (mut namespaces, mut is_utf8) = (Namespaces::default(), false);
    if !flight.is_empty() {
        for reply in dialogue.run(flight).await? {
            let reply = match reply {
                Ok(reply) => reply,
                Err(error) if error.is_without_mailbox() => return Err(error),
                // all of this is optional
                Err(_) => continue,
            };
            for data in reply.data {
                match data {
                    Untagged::Namespace(listed) => namespaces = listed,
                    Untagged::Enabled(names) => {
                        is_utf8 |= names.iter().any(|name| name.eq_ignore_ascii_case("UTF8=ACCEPT"));
                    }
                    Untagged::Id(fields) => id = fields,
                    _ => {}
                }
            }
        }
    }
    let field = |wanted: &str| {
        let found = id.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.and_then(|(_, value)| value.as_deref()).unwrap_or_default()
    };
    let quirks = Quirks::of(&ServerId {
        host,
        greeting,
        name: field("name"),
        vendor: field("vendor"),
        capabilities: &capabilities.names(),
    });
    if compresses && capabilities.has("COMPRESS=DEFLATE") {
        match dialogue.run_one(simple("COMPRESS DEFLATE")).await {
            Ok(_) => {
                if let Transport::Direct(stream) = dialogue.transport {
                    // What came behind the OK is compressed already.
                    let rest = dialogue.framer.take_rest();
                    dialogue.transport = Transport::Deflated(Box::new(Deflated::new(stream, &rest)));
                }
            }
            Err(Error::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    // A server that speaks only IMAP4rev2 needs no ENABLE for its names to be UTF-8 (RFC 9051, 5.1).
    is_utf8 |= capabilities.is_rev2() && !capabilities.has("IMAP4REV1");
    let dialect = Dialect { literals: capabilities.literals(), is_utf8 };
    let connection = Connection::start(dialogue.transport, dialogue.framer, dialect, longest);
    Ok(Session::new(connection, capabilities, quirks, namespaces, is_utf8))
}

fn simple(name: &'static str) -> Request {
    session_request(Command::new(name))
}

fn session_request(command: Command) -> Request {
    Request { timeout: SIGN_IN_TIMEOUT, ..Request::new(command, Wants::Session) }
}
