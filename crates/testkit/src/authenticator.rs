//! An authenticator with one passkey, and the browser around it, as a program (WebAuthn level 3). What it says can
//! be chosen, so that a test can say what no browser would. Browsers bring their own for tests of pages.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rcgen::{KeyPair, SigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const HAS_CREDENTIAL: u8 = 0x40;

/// One passkey. All that it says is as its fields are when it is asked.
#[derive(Debug)]
pub struct Authenticator {
    /// The origin that the browser says the page has.
    pub origin: String,
    /// The site that the authenticator says it answers for.
    pub site: String,
    /// Whether it says that it checked who holds it.
    pub is_verified: bool,
    /// How often it was used, as it says; grows with each answer.
    pub counter: u32,
    /// By what it is found.
    pub credential_id: Vec<u8>,
    /// Whose it is, as it was told.
    pub user_handle: Vec<u8>,
    key: KeyPair,
}

impl Authenticator {
    /// One without a use so far, in a browser at that origin.
    ///
    /// # Panics
    /// When no key can be made.
    pub fn at(origin: &str) -> Self {
        let host = origin.split("://").nth(1).unwrap_or_default();
        let site = host.split([':', '/']).next().unwrap_or_default();
        let Ok(key) = KeyPair::generate() else { panic!("no key could be made") };
        let credential_id = Sha256::digest(key.public_key_raw()).to_vec();
        Self {
            origin: origin.to_owned(),
            site: site.to_owned(),
            is_verified: true,
            counter: 0,
            credential_id,
            user_handle: Vec::new(),
            key,
        }
    }

    /// Answers the options of `navigator.credentials.create`: JSON as a page's script posts it.
    pub fn create(&mut self, options: &Value) -> String {
        self.user_handle = octets(&options["user"]["id"]);
        let client = self.client_data("webauthn.create", options);
        let mut data = self.data(HAS_CREDENTIAL);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&[0, self.credential_id.len().to_be_bytes()[7]]);
        data.extend_from_slice(&self.credential_id);
        // a key of COSE (RFC 9053 7.1.1): EC2, ES256, P-256, x, y
        let point = self.key.public_key_raw();
        data.extend_from_slice(&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend_from_slice(&point[1..33]);
        data.extend_from_slice(&[0x22, 0x58, 0x20]);
        data.extend_from_slice(&point[33..65]);
        let mut object = vec![0xa3];
        object.extend_from_slice(b"\x63fmt\x64none\x67attStmt\xa0\x68authData\x58");
        object.push(data.len().to_be_bytes()[7]);
        object.extend_from_slice(&data);
        self.written(&json!({ "clientDataJSON": text(&client), "attestationObject": text(&object) }))
    }

    /// Answers the options of `navigator.credentials.get`.
    ///
    /// # Panics
    /// When the key cannot sign.
    pub fn get(&mut self, options: &Value) -> String {
        self.counter += 1;
        let client = self.client_data("webauthn.get", options);
        let data = self.data(0);
        let signed = [data.as_slice(), Sha256::digest(&client).as_slice()].concat();
        let Ok(signature) = self.key.sign(&signed) else { panic!("nothing was signed") };
        self.written(&json!({
            "clientDataJSON": text(&client),
            "authenticatorData": text(&data),
            "signature": text(&signature),
            "userHandle": text(&self.user_handle),
        }))
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let said = json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin });
        said.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.is_verified { USER_VERIFIED } else { 0 };
        let mut data = Sha256::digest(&self.site).to_vec();
        data.push(flags | verified | USER_PRESENT);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    fn written(&self, response: &Value) -> String {
        let id = text(&self.credential_id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response }).to_string()
    }
}

fn text(octets: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(octets)
}

fn octets(text: &Value) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text.as_str().unwrap_or_default()).unwrap_or_default()
}
