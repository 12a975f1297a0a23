//! The provider as it is played: over TLS, with keys of its own, saying whatever a test puts into its mouth.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use access::{Access, LoginProvider, ProviderAnswer, Settings, Signup};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Clock as _, Secret};
use net::PrivateHosts;
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey as _,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use rcgen::KeyPair;
use serde_json::{Value, json};
use url::Url;

use crate::{https::Https, world::World};

/// What the provider answers, path by path; whatever a test puts there.
#[derive(Default)]
pub(super) struct Says {
    pub(super) metadata: Value,
    pub(super) keys: Value,
    pub(super) token: String,
    pub(super) about: Value,
    /// In place of any answer.
    pub(super) instead: Option<String>,
    /// Requests for tokens, head and body.
    pub(super) asked: Vec<String>,
}

pub(super) struct Provider {
    https: Https,
    pub(super) says: Arc<Mutex<Says>>,
    pub(super) keys_read: Arc<AtomicUsize>,
    pub(super) key: CoreEdDsaPrivateSigningKey,
}

pub(super) fn new_key(id: &str) -> CoreEdDsaPrivateSigningKey {
    let pem = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(id.to_owned()))).unwrap()
}

pub(super) fn published(key: &CoreEdDsaPrivateSigningKey) -> Value {
    json!({ "keys": [serde_json::to_value(key.as_verification_key()).unwrap()] })
}

impl Provider {
    pub(super) async fn start() -> Self {
        let (says, keys_read) = (Arc::new(Mutex::new(Says::default())), Arc::new(AtomicUsize::new(0)));
        let (shared, count) = (says.clone(), keys_read.clone());
        let https = Https::start(move |request| answer(&mut shared.lock().unwrap(), &count, request)).await;
        let provider = Self { https, says, keys_read, key: new_key("one") };
        {
            let mut says = provider.says.lock().unwrap();
            says.metadata = provider.metadata();
            says.keys = published(&provider.key);
            says.about = Value::Null;
        }
        provider
    }

    pub(super) fn issuer(&self) -> String {
        self.https.url()
    }

    pub(super) fn metadata(&self) -> Value {
        let issuer = self.issuer();
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/about"),
            "jwks_uri": format!("{issuer}/keys"),
            "authorization_response_iss_parameter_supported": true,
        })
    }

    pub(super) async fn access(&self, world: &World, signup: Signup) -> Access {
        // the operator named it: it may be on a private address whatever people may name
        let outgoing = Some(self.https.outgoing(PrivateHosts::Deny));
        let login_provider = Some(LoginProvider {
            issuer: self.issuer(),
            client_id: "postroom".to_owned(),
            client_secret: Some(Secret::new("s+cret")),
        });
        let settings = Settings { outgoing, login_provider, signup, ..Settings::default() };
        world.access_with(&settings).await
    }

    /// What an honest token says, of `subject`, in answer to `asked`.
    pub(super) fn claims(&self, world: &World, asked: &Url, subject: &str) -> Value {
        let now = world.clock.now().unix_timestamp();
        json!({
            "iss": self.issuer(), "sub": subject, "aud": "postroom", "exp": now + 300, "iat": now,
            "nonce": value(asked, "nonce"), "auth_time": now,
            "preferred_username": subject, "email": format!("{subject}@example.org"), "email_verified": true,
        })
    }

    pub(super) fn signed(&self, claims: &Value) -> String {
        token(&json!({ "alg": "EdDSA", "kid": "one" }), claims, |octets| {
            self.key.sign(&CoreJwsSigningAlgorithm::EdDsa, octets).unwrap()
        })
    }

    pub(super) fn give(&self, token: &str) {
        token.clone_into(&mut self.says.lock().unwrap().token);
    }

    /// The answer of the browser that was sent there, as an honest provider has it.
    pub(super) fn back(&self, asked: &Url) -> ProviderAnswer {
        ProviderAnswer {
            state: Some(Secret::new(value(asked, "state"))),
            code: Some(Secret::new("the code")),
            error: None,
            iss: Some(self.issuer()),
        }
    }
}

pub(super) fn answer(says: &mut Says, keys_read: &AtomicUsize, request: &str) -> String {
    if let Some(instead) = &says.instead {
        return instead.clone();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let body = match path {
        "/.well-known/openid-configuration" => says.metadata.clone(),
        "/keys" => {
            keys_read.fetch_add(1, Ordering::SeqCst);
            says.keys.clone()
        }
        "/token" => {
            says.asked.push(request.to_owned());
            json!({ "id_token": says.token, "access_token": "opaque", "token_type": "Bearer" })
        }
        "/about" => says.about.clone(),
        _ => return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
    };
    json_answer(&body.to_string())
}

pub(super) fn json_answer(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
}

pub(super) fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let encoded = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

pub(super) fn value(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}
