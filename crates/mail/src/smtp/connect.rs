//! From an endpoint to a signed-in connection: TCP, TLS or required STARTTLS, EHLO, AUTH (RFC 4954).

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use domain::{Endpoint, TlsMode, account::Credential};
use net::{Origin, Outgoing};
use zeroize::Zeroizing;

use super::{Capabilities, Connection, Reply};
use crate::{
    Error,
    sasl::{self, Exchange},
};

/// How we name ourselves: our own address is nobody's business.
const EHLO: &[u8] = b"EHLO [127.0.0.1]";

/// The longest command line that every server takes, with its end (RFC 5321 section 4.5.3.1.4).
const MAX_COMMAND: usize = 512;

/// The most challenges of one sign-in that are answered.
const MAX_CHALLENGES: usize = 8;

/// How long a submission server is waited for.
///
/// Up to the data a minute for each reply, as for every command to a mail server: giving up costs nothing,
/// since nothing was taken. From there on as long as RFC 5321 section 4.5.3.2 says: giving up early after the
/// end would leave unknown what a patient client had known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The longest that one reply may take, from the greeting to the envelope.
    pub reply: Duration,
    /// The longest that the reply to DATA may take.
    pub data: Duration,
    /// The longest that handing over one block of data may take.
    pub block: Duration,
    /// The longest that the reply to the end of the data may take.
    pub end: Duration,
}

impl Default for Patience {
    /// A minute for each reply, two for DATA, three for a block, ten for the end.
    fn default() -> Self {
        Self {
            reply: Duration::from_mins(1),
            data: Duration::from_mins(2),
            block: Duration::from_mins(3),
            end: Duration::from_mins(10),
        }
    }
}

/// A submission server that took the credential.
#[derive(Debug)]
pub struct SignedIn {
    /// What the server can do, as said last.
    pub capabilities: Capabilities,
    /// The connection, ready for a message.
    pub connection: Connection,
}

impl SignedIn {
    /// Forgets what a refused message left behind, so that another can be handed over (RSET).
    ///
    /// # Errors
    /// If the connection cannot be used again: it is best dropped then.
    pub async fn reset(&mut self) -> Result<(), Error> {
        let reply = self.connection.ask(b"RSET", "RSET").await?;
        if reply.is_positive() { Ok(()) } else { Err(reply.refusal("RSET")) }
    }

    /// Whether another message can be tried here, after [`SignedIn::reset`]. Not if the last one was cut
    /// somewhere in between.
    pub fn is_usable(&self) -> bool {
        self.connection.is_usable()
    }

    /// Takes leave and closes.
    pub async fn quit(self) {
        self.connection.quit().await;
    }
}

/// Connects to `endpoint`, which is waited for with `patience`, secures the connection as it says and signs in;
/// `nonce` is fresh randomness.
///
/// The secret is shown only under TLS, to this machine, or where the endpoint's TLS mode is `none`.
///
/// # Errors
/// [`Error::SignInRefused`] if the server does not take the credential; else what went wrong before.
pub async fn sign_in(
    patience: Patience,
    outgoing: &Outgoing,
    endpoint: &Endpoint,
    credential: &Credential,
    origin: Origin,
    nonce: [u8; 24],
) -> Result<SignedIn, Error> {
    let (mut connection, capabilities) = open(patience, outgoing, endpoint, origin).await?;
    let is_private = connection.is_private() || endpoint.tls == TlsMode::None;
    let Some(mechanism) = sasl::choose(&capabilities.mechanisms, credential, is_private) else {
        connection.quit().await;
        return Err(Error::NoSignInWay { host: endpoint.host.clone(), offered: capabilities.mechanisms });
    };
    let exchange =
        Exchange::start(mechanism, &endpoint.username, credential, &endpoint.host, endpoint.port, nonce)?;
    authenticate(&mut connection, exchange, &endpoint.host).await?;
    Ok(SignedIn { capabilities, connection })
}

/// Connects and secures, up to the answer to the EHLO that counts.
async fn open(
    patience: Patience,
    outgoing: &Outgoing,
    endpoint: &Endpoint,
    origin: Origin,
) -> Result<(Connection, Capabilities), Error> {
    let (host, port) = (endpoint.host.as_str(), endpoint.port);
    let stream = match endpoint.tls {
        TlsMode::Tls => outgoing.connect_tls(host, port, origin).await?,
        TlsMode::StartTls | TlsMode::None => outgoing.connect(host, port, origin).await?,
    };
    let mut connection = Connection::new(stream, patience);
    let greeting = connection.listen("greeting").await?;
    if greeting.code != 220 {
        return Err(greeting.refusal("the connection"));
    }
    let mut capabilities = hello(&mut connection).await?;
    if endpoint.tls == TlsMode::StartTls {
        if !capabilities.has_starttls {
            connection.quit().await;
            return Err(Error::StartTlsMissing { host: host.to_owned(), port });
        }
        let reply = connection.ask(b"STARTTLS", "STARTTLS").await?;
        if connection.has_unread() {
            return Err(Error::StartTlsInjected { host: host.to_owned(), port });
        }
        if reply.code != 220 {
            return Err(reply.refusal("STARTTLS"));
        }
        connection = connection.start_tls(outgoing, host).await?;
        // What was said in the clear may have been anybody's: it is asked for again and forgotten.
        capabilities = hello(&mut connection).await?;
    }
    Ok((connection, capabilities))
}

async fn hello(connection: &mut Connection) -> Result<Capabilities, Error> {
    let reply = connection.ask(EHLO, "EHLO").await?;
    match reply.code {
        250 => Ok(Capabilities::of(&reply)),
        500..=504 => Err(Error::NotSupported("the submission server knows no EHLO, so no sign-in")),
        _ => Err(reply.refusal("EHLO")),
    }
}

async fn authenticate(connection: &mut Connection, mut exchange: Exchange, host: &str) -> Result<(), Error> {
    let mut line = Zeroizing::new(format!("AUTH {}", exchange.mechanism().as_str()));
    // The initial response goes along where the line stays within what every server takes.
    let fits = |length: usize| line.len() + 1 + length.div_ceil(3) * 4 + 2 <= MAX_COMMAND;
    if exchange.initial_len().is_some_and(fits)
        && let Some(initial) = exchange.initial()
    {
        let encoded = Zeroizing::new(BASE64.encode(&*initial));
        // Made at its full length, so that no shorter copy stays behind in memory.
        let mut whole = Zeroizing::new(String::with_capacity(line.len() + 1 + encoded.len()));
        whole.push_str(&line);
        whole.push(' ');
        whole.push_str(if encoded.is_empty() { "=" } else { &encoded });
        line = whole;
    }
    let mut reply = connection.ask(line.as_bytes(), "AUTH").await?;
    for _ in 0..MAX_CHALLENGES {
        match reply.code {
            235 => return exchange.finish(),
            334 => {
                let answer = match answer(&mut exchange, &reply).await {
                    Ok(answer) => answer,
                    Err(error) => {
                        // The exchange is cancelled; what the server says to that matters no more.
                        let _ = connection.ask(b"*", "AUTH").await;
                        return Err(error);
                    }
                };
                reply = connection.ask(answer.as_bytes(), "AUTH").await?;
            }
            // Not the credential's fault: too many connections, the password store is away, closing.
            400..=499 => return Err(reply.refusal("AUTH")),
            500..=599 => return Err(Error::SignInRefused { host: host.to_owned(), text: reply.text() }),
            _ => return Err(Error::Protocol("an unexpected reply to AUTH")),
        }
    }
    Err(Error::Protocol("more challenges than any sign-in has"))
}

async fn answer(exchange: &mut Exchange, reply: &Reply) -> Result<Zeroizing<String>, Error> {
    let text = reply.lines.first().map(|line| line.trim()).unwrap_or_default();
    let challenge = BASE64.decode(text).map_err(|_| Error::Protocol("a challenge is not base64"));
    // Some servers ask for the initial response with words; nothing of it is used then.
    let challenge = if exchange.initial_len().is_some() { challenge.unwrap_or_default() } else { challenge? };
    let answer = exchange.respond(&challenge).await?;
    Ok(Zeroizing::new(BASE64.encode(&*answer)))
}

#[cfg(test)]
mod tests;
