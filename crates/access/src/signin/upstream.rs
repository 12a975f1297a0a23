//! Signing in, and proving anew who one is, by an OpenID provider that the operator named: authorization code with
//! PKCE, `state`, `nonce` and `iss` (RFC 9207). A person there is issuer and subject, never an address. The provider
//! itself is in `upstream/provider.rs`, what its tokens say in `token.rs`.

mod people;
mod provider;
mod token;

use domain::Secret;
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use self::provider::Provider;
use self::token::{TokenFault, Told};
use crate::{
    Access, Browser, Error, Occasion, Opened, Result, SignedIn,
    signin::{ceremony::FirstHalf, code, throttle::Attempt},
};

/// Kinds of first halves: of whoever comes in, and of who is in.
const COMING: &str = "provider";
const HERE: &str = "provider here";

/// The provider by which people sign in, as the operator named it.
#[derive(Debug, Clone)]
pub struct LoginProvider {
    /// Its issuer, octet by octet as its metadata says it; https.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our client secret there, unless we are a public client.
    pub client_secret: Option<Secret>,
}

impl LoginProvider {
    /// Its host, as people know it.
    pub fn host(&self) -> String {
        let issuer = Url::parse(&self.issuer).ok();
        issuer.and_then(|issuer| issuer.host_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// What somebody goes to the provider for.
#[derive(Debug, Clone)]
pub enum ProviderPurpose {
    /// To come in; with the code of an invitation to become a user.
    SignIn {
        /// What stands in the invitation.
        invitation: Option<Secret>,
    },
    /// To be able to come in so from now on.
    Link,
    /// To prove anew who they are.
    Prove(Occasion),
}

/// What the browser is sent to.
#[derive(Debug, Clone)]
pub struct ProviderBegun {
    /// The page of the provider.
    pub url: Url,
}

/// What the provider sent the browser back with.
#[derive(Debug, Clone, Default)]
pub struct ProviderAnswer {
    /// What was asked.
    pub state: Option<Secret>,
    /// For a yes.
    pub code: Option<Secret>,
    /// For a no.
    pub error: Option<String>,
    /// Whose answer it is.
    pub iss: Option<String>,
}

/// What became of it.
#[derive(Debug)]
pub enum ProviderEnded {
    /// A session was opened.
    Opened {
        /// The session.
        opened: Box<Opened>,
        /// Whether the person was made a user.
        is_new: bool,
        /// The path to go on to, as it was given.
        next: String,
    },
    /// The person can come in so from now on.
    Linked {
        /// The path to go on to.
        next: String,
    },
    /// The person proved who they are.
    Proven {
        /// The path to go on to.
        next: String,
    },
}

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum ProviderRefusal {
    /// Nobody signs in by a provider here.
    #[error("there is no sign-in provider")]
    NoProvider,
    /// It was not begun in this browser, took too long, or was ended before.
    #[error("this sign-in was not begun here")]
    NotBegun,
    /// The person, or the provider, said no.
    #[error("the sign-in provider said no")]
    Declined,
    /// The provider does not answer.
    #[error("the sign-in provider does not answer")]
    Unreachable,
    /// What came is not to be believed.
    #[error("the sign-in provider's answer is not taken: {0}")]
    Untrusted(&'static str),
    /// The person did not sign in there anew.
    #[error("the sign-in at the provider is an old one")]
    NotFresh,
    /// The provider does not tell when they signed in there (`auth_time`, which OpenID Connect Core section 2 has it
    /// tell where `max_age` is asked for).
    #[error("the sign-in provider does not tell when somebody signed in")]
    NoTime,
    /// Whoever signed in there is not the person who is signed in here.
    #[error("this is not the person's identity")]
    NotYours,
    /// Nobody here is known by it, and nobody may sign up.
    #[error("nobody here is known by this identity")]
    Unknown,
    /// Somebody else is known by it.
    #[error("somebody else is known by this identity")]
    Taken,
    /// The person was disabled.
    #[error("this person is disabled")]
    Disabled,
    /// Too many attempts; the whole seconds to wait.
    #[error("too many attempts")]
    TooMany(u64),
    /// It could not be looked up or written.
    #[error(transparent)]
    Unavailable(#[from] Error),
}

impl From<storage::Error> for ProviderRefusal {
    fn from(error: storage::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

/// What the answer is held to.
#[derive(Serialize, Deserialize)]
struct Asked {
    nonce: String,
    verifier: String,
    next: String,
    /// What stands in an invitation.
    invitation: Option<String>,
    /// Whether it is a proof: else it is a link, of who is signed in.
    is_proof: bool,
    /// When it was asked, in seconds since 1970.
    at: i64,
}

impl Access {
    /// The host of the provider by which people sign in, if there is one.
    pub fn login_provider(&self) -> Option<String> {
        self.provider().map(|provider| provider.settings.host())
    }

    /// The issuer of that provider.
    pub(crate) fn login_issuer(&self) -> Option<&str> {
        self.provider().map(|provider| provider.settings.issuer.as_str())
    }

    /// Sends somebody to the provider; afterwards they go on to `next`, a path of ours. Who is not signed in does it
    /// in this browser alone, who is in this session.
    pub async fn provider_begin(
        &self,
        purpose: &ProviderPurpose,
        who: Option<&SignedIn>,
        next: &str,
        browser: &Browser,
    ) -> Result<ProviderBegun, ProviderRefusal> {
        let provider = self.provider().ok_or(ProviderRefusal::NoProvider)?;
        let (nonce, _) = code::new(self.random());
        let (verifier, _) = code::new(self.random());
        let mut asked = Asked {
            nonce: nonce.expose().to_owned(),
            verifier: verifier.expose().to_owned(),
            next: next.to_owned(),
            invitation: None,
            is_proof: false,
            at: self.clock().now().unix_timestamp(),
        };
        let half = match purpose {
            ProviderPurpose::SignIn { invitation } => {
                // each leaves a row behind for minutes
                let device = self.device_of(browser).map(|device| device.key());
                let attempt = Attempt::Question { address: &browser.address, device: device.as_deref() };
                self.throttle().take(&attempt).map_err(ProviderRefusal::TooMany)?;
                asked.invitation = invitation.as_ref().map(|code| code.expose().to_owned());
                let visit = Some(browser.visit.as_ref().ok_or(ProviderRefusal::NotBegun)?);
                FirstHalf { kind: COMING, visit, session: None, user: None, occasion: String::new() }
            }
            ProviderPurpose::Link | ProviderPurpose::Prove(_) => {
                let who = who.ok_or(ProviderRefusal::NotBegun)?;
                let occasion = match purpose {
                    ProviderPurpose::Prove(occasion) => occasion.stored(),
                    _ => String::new(),
                };
                asked.is_proof = matches!(purpose, ProviderPurpose::Prove(_));
                let (session, user) = (Some(&who.session), Some(&who.user.id));
                FirstHalf { kind: HERE, visit: None, session, user, occasion }
            }
        };
        let metadata = provider.metadata().await.inspect_err(note)?;
        let state = self.ceremony_begin(half, &asked).await?;
        let mut url = metadata.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.settings.client_id)
            .append_pair("redirect_uri", &self.provider_redirect())
            .append_pair("scope", "openid profile email")
            .append_pair("state", state.expose())
            .append_pair("nonce", nonce.expose())
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256");
        if asked.is_proof {
            url.query_pairs_mut().append_pair("prompt", "login").append_pair("max_age", "0");
        }
        Ok(ProviderBegun { url })
    }

    /// Ends what [`Self::provider_begin`] began, once. Recorded.
    pub async fn provider_end(
        &self,
        answer: ProviderAnswer,
        who: Option<&SignedIn>,
        browser: &Browser,
    ) -> Result<ProviderEnded, ProviderRefusal> {
        let ended = self.try_provider_end(answer, who, browser).await;
        if let Err(refusal) = &ended {
            note(refusal);
            if let Some(who) = who {
                let targets = [browser.shown_address()];
                self.audit().record_page(&who.user.name, "provider", &targets, refusal.reason()).await;
            }
        }
        ended
    }

    async fn try_provider_end(
        &self,
        answer: ProviderAnswer,
        who: Option<&SignedIn>,
        browser: &Browser,
    ) -> Result<ProviderEnded, ProviderRefusal> {
        let provider = self.provider().ok_or(ProviderRefusal::NoProvider)?;
        let state = answer.state.as_ref().ok_or(ProviderRefusal::NotBegun)?;
        let mut taken = None;
        if let Some(who) = who {
            taken = self.ceremony_take::<Asked>(state, HERE, None, Some(&who.session)).await?;
        }
        let (taken, here) = if let (Some(taken), Some(who)) = (taken, who) {
            (taken, Some(who))
        } else {
            let visit = Some(browser.visit.as_ref().ok_or(ProviderRefusal::NotBegun)?);
            let taken = self.ceremony_take::<Asked>(state, COMING, visit, None).await?;
            (taken.ok_or(ProviderRefusal::NotBegun)?, None)
        };
        let asked = taken.body;
        // before anything that it says is believed, a no as well as a yes
        let says_whose = provider.metadata().await?.authorization_response_iss_parameter_supported;
        match &answer.iss {
            Some(issuer) if *issuer == provider.settings.issuer => {}
            None if !says_whose => {}
            _ => return Err(ProviderRefusal::Untrusted("the answer is of another issuer")),
        }
        let code = match (&answer.error, &answer.code) {
            (None, Some(code)) => code,
            (Some(_), _) => return Err(ProviderRefusal::Declined),
            (None, None) => return Err(ProviderRefusal::Untrusted("the answer holds no code")),
        };
        let verifier = Secret::new(asked.verifier.as_str());
        let tokens = provider.exchange(code, &self.provider_redirect(), &verifier).await?;
        let told = self.told(provider, &tokens.id_token, &Secret::new(asked.nonce.as_str())).await?;
        match here {
            Some(who) if asked.is_proof => {
                self.prove_by_provider(who, &told, &taken.occasion, asked.at).await?;
                Ok(ProviderEnded::Proven { next: asked.next })
            }
            Some(who) => {
                self.link(who, self.identity_of(provider, told, &tokens.access_token).await.0).await?;
                Ok(ProviderEnded::Linked { next: asked.next })
            }
            None => {
                let (opened, is_new) = self
                    .come_in(
                        provider,
                        told,
                        &tokens.access_token,
                        (asked.at, asked.invitation.map(Secret::new)),
                        browser,
                    )
                    .await?;
                Ok(ProviderEnded::Opened { opened: Box::new(opened), is_new, next: asked.next })
            }
        }
    }

    /// Who a token is of; if its key is unknown, the keys are read anew, though not often.
    async fn told(&self, provider: &Provider, token: &str, nonce: &Secret) -> Result<Told, ProviderRefusal> {
        let (settings, now) = (&provider.settings, self.clock().now());
        match token::told(settings, &*provider.keys(false).await?, token, nonce, now) {
            Err(TokenFault::UnknownKey) => {
                Ok(token::told(settings, &*provider.keys(true).await?, token, nonce, now)?)
            }
            told => Ok(told?),
        }
    }

    async fn prove_by_provider(
        &self,
        who: &SignedIn,
        told: &Told,
        occasion: &str,
        asked: i64,
    ) -> Result<(), ProviderRefusal> {
        // a provider that ignores `max_age`, or does not say, has shown nothing
        if told.signed_in.is_none() {
            return Err(ProviderRefusal::NoTime);
        }
        if !told.is_since(asked) {
            return Err(ProviderRefusal::NotFresh);
        }
        let store = self.store()?;
        let issuer = self.login_issuer().unwrap_or_default();
        let (user, session) = (&who.user.id, &who.session);
        let proven =
            store.web_session_prove_by_identity(user, session, occasion, issuer, &told.subject).await;
        if !proven? {
            return Err(ProviderRefusal::NotYours);
        }
        self.audit().record_page(&who.user.name, "prove", &[session.to_string()], "ok").await;
        Ok(())
    }

    /// Where the provider sends people back to.
    fn provider_redirect(&self) -> String {
        format!("{}/login/provider/callback", self.settings().issuer)
    }
}

impl ProviderRefusal {
    /// The word in the audit trail.
    fn reason(&self) -> &'static str {
        match self {
            Self::NoProvider => "no_provider",
            Self::NotBegun => "not_begun",
            Self::Declined => "declined",
            Self::Unreachable => "unreachable",
            Self::Untrusted(_) => "untrusted",
            Self::NotFresh => "not_fresh",
            Self::NoTime => "no_time",
            Self::NotYours => "not_yours",
            Self::Unknown => "unknown",
            Self::Taken => "taken",
            Self::Disabled => "disabled",
            Self::TooMany(_) => "too_many",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

/// Leaves in the log why somebody did not come in, for the operator.
fn note(refusal: &ProviderRefusal) {
    match refusal {
        ProviderRefusal::Unavailable(error) => {
            tracing::error!(error = %domain::chain(error), "sign-in by the provider not checked");
        }
        refusal => tracing::info!(reason = %refusal, "sign-in by the provider refused"),
    }
}

/// The S256 challenge of a verifier (RFC 7636, 4.2).
fn challenge(verifier: &Secret) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use sha2::{Digest, Sha256};
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()))
}
