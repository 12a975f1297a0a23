//! SASL mechanisms (RFC 4422), shared by IMAP and SMTP: what to say, not how it is carried.
//!
//! Challenges and responses here are raw bytes; the protocol's base64 is its caller's. The caller also
//! makes sure that the channel is private where the mechanism sends the secret itself: see [`choose`].

mod scram;
#[cfg(test)]
mod tests;

use std::fmt;

use domain::{Secret, account::Credential};
use zeroize::Zeroizing;

use crate::Error;
use scram::Scram;

/// Bytes that hold a secret; wiped when dropped.
pub type Bytes = Zeroizing<Vec<u8>>;

/// A way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// OAUTHBEARER (RFC 7628).
    OAuthBearer,
    /// XOAUTH2, what Google and Microsoft had before it.
    XOAuth2,
    /// SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding.
    ScramSha256,
    /// PLAIN (RFC 4616).
    Plain,
    /// LOGIN, never standardised.
    Login,
}

impl Mechanism {
    /// All, the preferred first.
    pub const ALL: &[Self] = &[Self::OAuthBearer, Self::XOAuth2, Self::ScramSha256, Self::Plain, Self::Login];

    /// The name by which servers offer it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    /// Whether the secret itself goes over the wire.
    pub fn shows_secret(self) -> bool {
        self != Self::ScramSha256
    }

    fn takes(self, credential: &Credential) -> bool {
        let takes_token = matches!(self, Self::OAuthBearer | Self::XOAuth2);
        takes_token == matches!(credential, Credential::AccessToken(_))
    }
}

/// The best of the `offered` mechanisms (names in any case) for `credential`; where others may listen
/// (`is_private_channel` false) only one that does not show the secret.
pub fn choose(offered: &[String], credential: &Credential, is_private_channel: bool) -> Option<Mechanism> {
    Mechanism::ALL.iter().copied().find(|mechanism| {
        mechanism.takes(credential)
            && (is_private_channel || !mechanism.shows_secret())
            && offered.iter().any(|name| name.eq_ignore_ascii_case(mechanism.as_str()))
    })
}

/// One sign-in in progress.
pub struct Exchange {
    mechanism: Mechanism,
    host: String,
    /// The client's first message, until it is sent.
    first: Option<Bytes>,
    state: State,
}

enum State {
    /// All was said with the first message.
    Said,
    /// LOGIN: what is still to be said, the next one last.
    Login(Vec<Secret>),
    /// A bearer token: what is answered to the server's account of why it failed.
    Bearer { farewell: &'static [u8], is_refused: bool },
    /// SCRAM.
    Scram(Box<Scram>),
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

impl Exchange {
    /// Begins to sign in as `username` at `host` and `port`; `nonce` is fresh randomness.
    ///
    /// # Errors
    /// [`Error::BadCredential`] if user name or secret hold characters that the mechanism cannot carry,
    /// or the mechanism does not take this kind of credential.
    pub fn start(
        mechanism: Mechanism,
        username: &str,
        credential: &Credential,
        host: &str,
        port: u16,
        nonce: [u8; 24],
    ) -> Result<Self, Error> {
        if !mechanism.takes(credential) {
            return Err(Error::BadCredential("sign-in mechanism does not take this kind of credential"));
        }
        let (Credential::Password(secret) | Credential::AccessToken(secret)) = credential;
        // Control characters are the mechanisms' own separators, and of no keyboard's making.
        if username.is_empty() || username.chars().any(char::is_control) {
            return Err(Error::BadCredential("user name is empty or has control characters in it"));
        }
        if secret.is_empty() || secret.expose().chars().any(char::is_control) {
            return Err(Error::BadCredential("password or token is empty or has control characters in it"));
        }
        let bearer =
            |message: &[&str], farewell| (Some(join(message)), State::Bearer { farewell, is_refused: false });
        let (first, state) = match mechanism {
            Mechanism::Plain => (Some(join(&["\0", username, "\0", secret.expose()])), State::Said),
            Mechanism::Login => (None, State::Login(vec![secret.clone(), Secret::new(username)])),
            Mechanism::XOAuth2 => {
                bearer(&["user=", username, "\x01auth=Bearer ", secret.expose(), "\x01\x01"], b"".as_slice())
            }
            Mechanism::OAuthBearer => {
                let (name, port) = (escape_name(username), port.to_string());
                let parts = [
                    "n,a=",
                    &name,
                    ",\x01host=",
                    host,
                    "\x01port=",
                    &port,
                    "\x01auth=Bearer ",
                    secret.expose(),
                    "\x01\x01",
                ];
                bearer(&parts, b"\x01".as_slice())
            }
            Mechanism::ScramSha256 => {
                let scram = Scram::start(username, secret, nonce);
                (Some(scram.client_first()), State::Scram(Box::new(scram)))
            }
        };
        Ok(Self { mechanism, host: host.to_owned(), first, state })
    }

    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The initial response (RFC 4959), to be sent with the command itself. None for mechanisms in which
    /// the server speaks first. Where it is not taken, the first [`Self::respond`] gives it.
    pub fn initial(&mut self) -> Option<Bytes> {
        self.first.take()
    }

    /// How many bytes [`Self::initial`] would give.
    pub fn initial_len(&self) -> Option<usize> {
        self.first.as_ref().map(|first| first.len())
    }

    /// The answer to one challenge.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a challenge that the mechanism does not have, [`Error::ServerNotProven`]
    /// for a wrong server signature. The caller cancels the exchange then.
    pub async fn respond(&mut self, challenge: &[u8]) -> Result<Bytes, Error> {
        if let Some(first) = self.first.take() {
            // The server asks for what it did not get with the command; its challenge is empty by rule,
            // a friendly word by some.
            return Ok(first);
        }
        match &mut self.state {
            State::Said => Err(Error::Protocol("a challenge after the whole sign-in was said")),
            State::Login(left) => {
                let next = left.pop().ok_or(Error::Protocol("a challenge after user name and password"))?;
                Ok(Zeroizing::new(next.expose().as_bytes().to_vec()))
            }
            State::Bearer { is_refused: true, .. } => Err(Error::Protocol("a second refusal of the token")),
            State::Bearer { farewell, is_refused } => {
                *is_refused = true;
                Ok(Zeroizing::new(farewell.to_vec()))
            }
            State::Scram(scram) => scram.respond(challenge, &self.host).await,
        }
    }

    /// To be asked when the server says that the sign-in succeeded.
    ///
    /// # Errors
    /// [`Error::ServerNotProven`] if it did not prove what the mechanism has it prove,
    /// [`Error::Protocol`] if it says so before the mechanism was through.
    pub fn finish(self) -> Result<(), Error> {
        match self.state {
            _ if self.first.is_some() => Err(Error::Protocol("success before anything was said")),
            State::Said | State::Bearer { is_refused: false, .. } => Ok(()),
            State::Login(left) if left.is_empty() => Ok(()),
            State::Login(_) => Err(Error::Protocol("success before the password was said")),
            State::Bearer { .. } => Err(Error::Protocol("success after the token was refused")),
            State::Scram(scram) if scram.is_server_proven() => Ok(()),
            State::Scram(_) => Err(Error::ServerNotProven { host: self.host }),
        }
    }
}

/// One message of the parts, made without copies left behind in memory.
fn join(parts: &[&str]) -> Bytes {
    let mut message = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    for part in parts {
        message.extend_from_slice(part.as_bytes());
    }
    message
}

/// A name as RFC 5801 and RFC 5802 carry it: `=` and `,` written as codes.
fn escape_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}
