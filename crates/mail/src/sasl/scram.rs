//! SCRAM-SHA-256 (RFC 5802, RFC 7677): proves the password without showing it, and has the server prove
//! that it knows it too.

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use domain::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Bytes, escape_name, join};
use crate::Error;

/// The most rounds that a server may ask for: what a modern machine does in about a second.
const MAX_ITERATIONS: u32 = 1_000_000;

/// From how many rounds on the computation leaves the reactor.
const SLOW_ITERATIONS: u32 = 5_000;

/// The longest message taken from a server, in bytes.
const MAX_MESSAGE: usize = 4_096;

/// The GS2 header `n,,` in base64: no channel binding, no other identity.
const CHANNEL: &str = "c=biws";

/// One SCRAM exchange.
pub(super) struct Scram {
    password: Zeroizing<String>,
    /// `n=user,r=nonce`
    client_first_bare: String,
    nonce: String,
    step: Step,
}

enum Step {
    /// The client's first message is out.
    Greeted,
    /// The proof is out; the signature that the server must answer with.
    Proven([u8; 32]),
    /// The server gave it.
    ServerProven,
}

impl Scram {
    /// Begins; `nonce` is fresh randomness.
    pub(super) fn start(username: &str, password: &Secret, nonce: [u8; 24]) -> Self {
        Self::start_with(username, password, BASE64.encode(nonce))
    }

    pub(super) fn start_with(username: &str, password: &Secret, nonce: String) -> Self {
        let client_first_bare = format!("n={},r={nonce}", escape_name(&prepare(username)));
        let password = Zeroizing::new(prepare(password.expose()).into_owned());
        Self { password, client_first_bare, nonce, step: Step::Greeted }
    }

    pub(super) fn client_first(&self) -> Bytes {
        join(&["n,,", &self.client_first_bare])
    }

    pub(super) fn is_server_proven(&self) -> bool {
        matches!(self.step, Step::ServerProven)
    }

    pub(super) async fn respond(&mut self, challenge: &[u8], host: &str) -> Result<Bytes, Error> {
        if challenge.len() > MAX_MESSAGE {
            return Err(Error::TooLarge("a challenge of the sign-in"));
        }
        let message =
            std::str::from_utf8(challenge).map_err(|_| Error::Protocol("a SCRAM message is not UTF-8"))?;
        match self.step {
            Step::Greeted => self.prove(message).await,
            Step::Proven(expected) => {
                let signature = message.split(',').next().and_then(|field| field.strip_prefix("v="));
                let given = signature.and_then(|text| BASE64.decode(text).ok()).unwrap_or_default();
                if bool::from(given.as_slice().ct_eq(&expected)) {
                    self.step = Step::ServerProven;
                    Ok(Bytes::default())
                } else if message.starts_with("e=") {
                    // The server's account of a failure; its refusal follows.
                    Ok(Bytes::default())
                } else {
                    Err(Error::ServerNotProven { host: host.to_owned() })
                }
            }
            Step::ServerProven => Err(Error::Protocol("a challenge after the SCRAM exchange was through")),
        }
    }

    /// Answers `r=…,s=…,i=…` with the proof (RFC 5802 section 3).
    async fn prove(&mut self, server_first: &str) -> Result<Bytes, Error> {
        let malformed = || Error::Protocol("the SCRAM challenge is malformed");
        let mut fields = server_first.split(',');
        let mut field =
            |name: &str| fields.next().and_then(|field| field.strip_prefix(name)).ok_or_else(malformed);
        // A mandatory extension (`m=`) would stand first, and is refused as the RFC demands.
        let nonce = field("r=")?;
        let salt = BASE64.decode(field("s=")?).map_err(|_| malformed())?;
        let iterations: u32 = field("i=")?.parse().map_err(|_| malformed())?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(Error::Protocol("the SCRAM nonce is not ours continued"));
        }
        if salt.is_empty() || iterations == 0 {
            return Err(malformed());
        }
        if iterations > MAX_ITERATIONS {
            return Err(Error::TooLarge("the SCRAM iteration count"));
        }
        let password = std::mem::take(&mut self.password);
        let salt_password = move || {
            Zeroizing::new(pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password.as_bytes(), &salt, iterations))
        };
        let salted = if iterations > SLOW_ITERATIONS {
            tokio::task::spawn_blocking(salt_password)
                .await
                .map_err(|_| Error::Protocol("the sign-in was interrupted"))?
        } else {
            salt_password()
        };
        let without_proof = format!("{CHANNEL},r={nonce}");
        let signed = format!("{},{server_first},{without_proof}", self.client_first_bare);
        let client_key = Zeroizing::new(sign(&*salted, b"Client Key")?);
        let stored_key: [u8; 32] = Sha256::digest(*client_key).into();
        let signature = sign(&stored_key, signed.as_bytes())?;
        let mut proof = Zeroizing::new([0; 32]);
        for (byte, (key, mask)) in proof.iter_mut().zip(client_key.iter().zip(signature)) {
            *byte = key ^ mask;
        }
        let server_key = Zeroizing::new(sign(&*salted, b"Server Key")?);
        self.step = Step::Proven(sign(&*server_key, signed.as_bytes())?);
        Ok(join(&[&without_proof, ",p=", &BASE64.encode(*proof)]))
    }
}

fn sign(key: &[u8], message: &[u8]) -> Result<[u8; 32], Error> {
    // HMAC takes keys of any length; the error exists for other constructions only.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Error::Protocol("no SCRAM key"))?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().into())
}

/// SASLprep (RFC 4013); a text that it forbids (an emoji newer than its tables) stands as it is, as the
/// server most likely stored it.
fn prepare(text: &str) -> std::borrow::Cow<'_, str> {
    stringprep::saslprep(text).unwrap_or(std::borrow::Cow::Borrowed(text))
}
