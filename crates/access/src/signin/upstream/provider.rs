//! The OpenID provider itself: where it is asked, and its keys (OpenID Connect Discovery 1.0), read over https within
//! bounds and kept for a while; and the exchange of a code. Who somebody is by a token of it is in `token.rs`.

use std::{sync::Arc, time::Duration as StdDuration};

use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Clock, Secret, Timestamp, chain};
use net::{FetchBounds, Fetched, Origin, Outgoing};
use openidconnect::core::CoreJsonWebKeySet;
use serde::{Deserialize, de::DeserializeOwned};
use time::Duration;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use super::{LoginProvider, ProviderRefusal};

/// What one answer of it may cost.
const BOUNDS: FetchBounds = FetchBounds { body: 256 << 10, time: StdDuration::from_secs(10) };
/// How long what it says of itself, and its keys, hold.
const FRESH: Duration = Duration::hours(1);
/// How long they still do if they cannot be read again.
const USABLE: Duration = Duration::days(1);
/// How often its keys are read at most because of a token whose key is not among them.
const KEYS_EVERY: Duration = Duration::minutes(1);
/// How long nobody asks again after it did not answer, so that people do not wait for each other.
const RESTS: Duration = Duration::seconds(5);
/// Characters of its metadata's URLs that are taken.
const LONGEST_URL: usize = 2000;

/// A provider by which people sign in.
pub(crate) struct Provider {
    pub(super) settings: LoginProvider,
    outgoing: Outgoing,
    clock: Arc<dyn Clock>,
    /// Held while it is asked: what one has it say is there for the others.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Timestamp, Arc<Metadata>)>,
    keys: Option<(Timestamp, Arc<CoreJsonWebKeySet>)>,
    failed: Option<Timestamp>,
}

/// What it says of itself, in so far as it counts here.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: Url,
    token_endpoint: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// Whether its answers say whose they are (RFC 9207).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// What it gave for a code.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    #[serde(default)]
    pub(super) access_token: String,
}

impl Provider {
    pub(crate) fn new(settings: LoginProvider, outgoing: Outgoing, clock: Arc<dyn Clock>) -> Self {
        Self { settings, outgoing, clock, known: Mutex::default() }
    }

    /// What it says of itself.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, ProviderRefusal> {
        let mut known = self.known.lock().await;
        let kept = known.metadata.clone();
        if let Some((read, metadata)) = &kept
            && self.clock.now() - *read < FRESH
        {
            return Ok(metadata.clone());
        }
        let issuer = self.settings.issuer.trim_end_matches('/');
        let url = Url::parse(&format!("{issuer}/.well-known/openid-configuration"));
        let url = url.map_err(|_| ProviderRefusal::Untrusted("its issuer is no URL"))?;
        let metadata = match self.read::<Metadata>(&mut known, &url).await {
            Ok(metadata) => metadata,
            Err(refusal) => return self.still(kept).ok_or(refusal),
        };
        // by its own word it is another: whoever answers there may not speak for this one (Discovery, 4.3)
        if metadata.issuer != self.settings.issuer {
            return Err(ProviderRefusal::Untrusted("its metadata names another issuer"));
        }
        let endpoints = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        if !endpoints.into_iter().chain(&metadata.userinfo_endpoint).all(is_plain) {
            return Err(ProviderRefusal::Untrusted("an endpoint of it is not https"));
        }
        let metadata = Arc::new(metadata);
        known.metadata = Some((self.clock.now(), metadata.clone()));
        Ok(metadata)
    }

    /// Its keys. `is_missed`: whether one was looked for among those that are kept and not found.
    pub(super) async fn keys(&self, is_missed: bool) -> Result<Arc<CoreJsonWebKeySet>, ProviderRefusal> {
        let metadata = self.metadata().await?;
        let mut known = self.known.lock().await;
        let kept = known.keys.clone();
        let fresh = if is_missed { KEYS_EVERY } else { FRESH };
        if let Some((read, keys)) = &kept
            && self.clock.now() - *read < fresh
        {
            return Ok(keys.clone());
        }
        match self.read::<CoreJsonWebKeySet>(&mut known, &metadata.jwks_uri).await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                known.keys = Some((self.clock.now(), keys.clone()));
                Ok(keys)
            }
            Err(refusal) => self.still(kept).ok_or(refusal),
        }
    }

    /// What was read before, if it is not too old.
    fn still<T>(&self, kept: Option<(Timestamp, T)>) -> Option<T> {
        kept.filter(|(read, _)| self.clock.now() - *read < USABLE).map(|(_, kept)| kept)
    }

    async fn read<T: DeserializeOwned>(&self, known: &mut Known, url: &Url) -> Result<T, ProviderRefusal> {
        if known.failed.is_some_and(|failed| (self.clock.now() - failed).abs() < RESTS) {
            return Err(ProviderRefusal::Unreachable);
        }
        let read = self.outgoing.fetch(url, BOUNDS, Origin::Operator).await;
        let read = understand(read);
        known.failed = read.is_err().then(|| self.clock.now());
        read
    }

    /// What it gives for a code (OpenID Connect Core 1.0, 3.1.3).
    pub(super) async fn exchange(
        &self,
        code: &Secret,
        redirect_uri: &str,
        verifier: &Secret,
    ) -> Result<Tokens, ProviderRefusal> {
        let metadata = self.metadata().await?;
        let (form, authorization) = self.question(&metadata, code, redirect_uri, verifier);
        let answer = self
            .outgoing
            .post_form(&metadata.token_endpoint, &form, authorization.as_ref(), BOUNDS, Origin::Operator)
            .await;
        if let Ok(Fetched { status: 400 | 401, .. }) = answer {
            return Err(ProviderRefusal::Untrusted("it does not take the code"));
        }
        understand(answer)
    }

    /// What is posted for a code, and the field that proves that it is us.
    fn question(
        &self,
        metadata: &Metadata,
        code: &Secret,
        redirect_uri: &str,
        verifier: &Secret,
    ) -> (Secret, Option<Secret>) {
        let LoginProvider { client_id, client_secret, .. } = &self.settings;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code.expose())
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("code_verifier", verifier.expose());
        let has = |method| metadata.token_endpoint_auth_methods_supported.iter().any(|one| one == method);
        let authorization = match client_secret {
            // what is not listed is `client_secret_basic` (Discovery, 3)
            Some(secret) if has("client_secret_basic") || !has("client_secret_post") => {
                let encoded =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = Secret::new(format!("{}:{}", encoded(client_id), encoded(secret.expose())));
                Some(Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair.expose()))))
            }
            Some(secret) => {
                form.append_pair("client_id", client_id).append_pair("client_secret", secret.expose());
                None
            }
            None => {
                form.append_pair("client_id", client_id);
                None
            }
        };
        (Secret::new(form.finish()), authorization)
    }

    /// What it says about whom an access token is for, if it says anything (OpenID Connect Core 1.0, 5.3).
    pub(super) async fn about<T: DeserializeOwned>(&self, access_token: &str) -> Option<T> {
        let metadata = self.metadata().await.ok()?;
        let url = metadata.userinfo_endpoint.as_ref().filter(|_| !access_token.is_empty())?;
        let bearer = Secret::new(format!("Bearer {access_token}"));
        let (form, origin) = (Secret::new(""), Origin::Operator);
        understand(self.outgoing.post_form(url, &form, Some(&bearer), BOUNDS, origin).await).ok()
    }
}

/// Whether people and secrets may be sent there.
fn is_plain(url: &Url) -> bool {
    url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.as_str().len() <= LONGEST_URL
}

fn understand<T: DeserializeOwned>(answer: Result<Fetched, net::Error>) -> Result<T, ProviderRefusal> {
    let fetched = answer.map_err(|error| {
        tracing::warn!(error = %chain(&error), "sign-in provider not reached");
        ProviderRefusal::Unreachable
    })?;
    if fetched.status != 200 {
        tracing::warn!(status = fetched.status, "sign-in provider answers otherwise");
        return Err(ProviderRefusal::Unreachable);
    }
    // what is wrong in it may be a token, so it is not said
    serde_json::from_slice(&fetched.body)
        .map_err(|_| ProviderRefusal::Untrusted("its answer is not understood"))
}
