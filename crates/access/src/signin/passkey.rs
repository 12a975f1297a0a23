//! Passkeys (WebAuthn level 3): adding, naming and removing them, signing in and proving oneself with one. The
//! authenticator always checks who holds it, so a passkey is never only half of a sign-in. What a page's script
//! does with a question is in `web`; what counts at the instant of use is in `storage`.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{PasskeyId, Secret, Timestamp, UserId};
use serde_json::{Value, json};
use storage::{NewPasskey, PasskeyUse, User, WayRemoval};
use url::{Host, Url};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, DiscoverableKey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};
use zeroize::Zeroizing;

use crate::{
    Access, Browser, Error, Occasion, Opened, SignInRefusal, SignedIn,
    signin::{ceremony::FirstHalf, throttle::Attempt, user_agent},
};

/// A passkey as its person sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What its person calls it.
    pub name: String,
    /// Since when.
    pub created: Timestamp,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}

/// What the person's authenticator is asked.
#[derive(Debug, Clone)]
pub struct PasskeyQuestion {
    /// What the browser hands in with the answer.
    pub code: Secret,
    /// The member `publicKey` of the options of `navigator.credentials.create` or `.get`, its octets in
    /// base64url.
    pub options: Value,
}

/// Why a passkey was not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyRefusal {
    /// The person did not prove lately who they are.
    #[error("a proof is needed first")]
    NotProven,
    /// Under the public URL of this server there can be no passkeys.
    #[error("there are no passkeys under this server's address")]
    NotHere,
    /// The answer is none to a question that waits: late, handed in before, of another site or session.
    #[error("the answer does not hold")]
    Wrong,
    /// It was added before.
    #[error("this passkey was added before")]
    Known,
    /// The person has as many as anybody may have.
    #[error("nobody has more than {MOST} passkeys here")]
    TooMany,
    /// The person has none of that id.
    #[error("there is no such passkey")]
    Absent,
    /// Without it the person could not sign in any more.
    #[error("the last way to sign in stays")]
    LastWay,
    /// It could not be looked up or stored.
    #[error("passkeys cannot be changed just now")]
    Unavailable(#[from] Error),
}

/// Passkeys that a person may have.
const MOST: usize = 20;
/// Octets of an answer that are looked at; real ones have a few thousand.
const LONGEST_ANSWER: usize = 32 << 10;
/// Characters of a name.
const LONGEST_NAME: usize = 60;

/// The kinds of halves that wait for an authenticator.
const ADD: &str = "passkey_add";
const SIGN_IN: &str = "passkey_sign_in";
const PROVE: &str = "passkey_prove";

/// How a session is said to have been opened.
const WAY: &str = "passkey";

/// An answer that holds.
struct Answered {
    user: User,
    passkey: storage::Passkey,
    changed: Option<Zeroizing<Vec<u8>>>,
}

impl Answered {
    fn used(&self) -> PasskeyUse<'_> {
        PasskeyUse { passkey: &self.passkey, changed: self.changed.clone() }
    }
}

/// An answer that does not, and whose passkey it names if that is known.
struct Failed {
    user: Option<User>,
    refusal: SignInRefusal,
}

impl Failed {
    fn wrong(user: Option<User>) -> Self {
        Self { user, refusal: SignInRefusal::Wrong }
    }

    fn unavailable(error: impl Into<Error>) -> Self {
        Self { user: None, refusal: SignInRefusal::Unavailable(error.into()) }
    }
}

impl Access {
    /// The name of the site that passkeys are for: the host of the public URL, where that is a name and pages come
    /// over TLS or from this machine. Elsewhere browsers know no passkeys.
    pub fn passkey_site(&self) -> Option<String> {
        let url = Url::parse(&self.settings().issuer).ok()?;
        match url.host()? {
            Host::Domain(name) if url.scheme() == "https" || name == "localhost" => Some(name.to_owned()),
            _ => None,
        }
    }

    /// What a passkey that is added in that browser is called if its person does not say.
    pub fn passkey_name(&self, browser: &Browser) -> String {
        user_agent::browser(&browser.user_agent)
    }

    /// The person's passkeys, oldest first.
    pub async fn passkey_list(&self, who: &SignedIn) -> Result<Vec<Passkey>, Error> {
        let listed = self.store()?.passkey_list(&who.user.id).await?;
        Ok(listed.into_iter().map(Passkey::from).collect())
    }

    /// Asks for a new passkey of the person, who proved lately who they are.
    pub async fn passkey_add_begin(&self, who: &SignedIn) -> Result<PasskeyQuestion, PasskeyRefusal> {
        if !self.is_proven(who, &Occasion::Change) {
            return Err(PasskeyRefusal::NotProven);
        }
        let site = self.relying_party().ok_or(PasskeyRefusal::NotHere)?;
        let known = self.store()?.passkey_list(&who.user.id).await.map_err(Error::from)?;
        if known.len() >= MOST {
            return Err(PasskeyRefusal::TooMany);
        }
        let handle = who.user.id.to_bytes().ok_or(PasskeyRefusal::NotHere)?;
        let known = known.into_iter().map(|passkey| passkey.credential_id).collect();
        let name = &who.user.name;
        let asked = site.start_passkey_registration(Uuid::from_bytes(handle), name, name, Some(known));
        let (options, state) = asked.map_err(|_| Error::Ceremony)?;
        let mut options = json!(options.public_key);
        // one that the authenticator itself finds, so that nobody types a name to sign in with it
        options["authenticatorSelection"]["residentKey"] = json!("required");
        options["authenticatorSelection"]["requireResidentKey"] = json!(true);
        let code = self.ceremony_begin(in_session(ADD, who, String::new()), &state).await?;
        Ok(PasskeyQuestion { code, options })
    }

    /// Adds the passkey that answers such a question, under that name; the browser's, if it is empty.
    pub async fn passkey_add(
        &self,
        who: &SignedIn,
        code: &Secret,
        answer: &str,
        name: &str,
        browser: &Browser,
    ) -> Result<PasskeyId, PasskeyRefusal> {
        let added = self.try_passkey_add(who, code, answer, name, browser).await;
        let (target, outcome) = match &added {
            Ok(id) => (id.to_string(), "ok"),
            Err(PasskeyRefusal::Unavailable(_)) => return added,
            Err(_) => (who.session.to_string(), "wrong"),
        };
        self.audit().record_page(&who.user.name, "passkey_add", &[target], outcome).await;
        added
    }

    async fn try_passkey_add(
        &self,
        who: &SignedIn,
        code: &Secret,
        answer: &str,
        name: &str,
        browser: &Browser,
    ) -> Result<PasskeyId, PasskeyRefusal> {
        let site = self.relying_party().ok_or(PasskeyRefusal::NotHere)?;
        let taken = self.ceremony_take::<PasskeyRegistration>(code, ADD, None, Some(&who.session)).await?;
        let taken = taken.filter(|taken| taken.user.as_ref() == Some(&who.user.id));
        let state = taken.ok_or(PasskeyRefusal::Wrong)?.body;
        let answer: RegisterPublicKeyCredential = read(answer).ok_or(PasskeyRefusal::Wrong)?;
        let passkey = site.finish_passkey_registration(&answer, &state).map_err(|_| PasskeyRefusal::Wrong)?;
        let name = Some(shown(name)).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| self.passkey_name(browser));
        let new = NewPasskey {
            credential_id: passkey.cred_id().clone(),
            name,
            credential: Zeroizing::new(serde_json::to_vec(&passkey).map_err(|_| Error::Ceremony)?),
        };
        match self.store()?.passkey_add(&who.user.id, &new, MOST).await {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Err(PasskeyRefusal::TooMany),
            Err(storage::Error::Taken) => Err(PasskeyRefusal::Known),
            Err(error) => Err(Error::from(error).into()),
        }
    }

    /// Calls a passkey of the person otherwise; answers whether there is such a one.
    pub async fn passkey_rename(&self, who: &SignedIn, id: &PasskeyId, name: &str) -> Result<bool, Error> {
        let name = shown(name);
        if name.is_empty() {
            return Ok(self.passkey_list(who).await?.iter().any(|passkey| passkey.id == *id));
        }
        let is_renamed = self.store()?.passkey_rename(&who.user.id, id, &name).await?;
        if is_renamed {
            self.audit().record_page(&who.user.name, "passkey_rename", &[id.to_string()], "ok").await;
        }
        Ok(is_renamed)
    }

    /// Removes a passkey of the person, who proved lately who they are; their other browsers that a passkey let
    /// in are signed out.
    pub async fn passkey_remove(&self, who: &SignedIn, id: &PasskeyId) -> Result<(), PasskeyRefusal> {
        if !self.is_proven(who, &Occasion::Change) {
            return Err(PasskeyRefusal::NotProven);
        }
        let removed = self.store()?.passkey_remove(&who.user.id, id, self.login_issuer(), &who.session).await;
        match removed.map_err(Error::from)? {
            WayRemoval::Absent => return Err(PasskeyRefusal::Absent),
            WayRemoval::LastWay => return Err(PasskeyRefusal::LastWay),
            WayRemoval::Removed => {}
        }
        self.audit().record_page(&who.user.name, "passkey_remove", &[id.to_string()], "ok").await;
        Ok(())
    }

    /// Asks whoever is in front of a browser to sign in with a passkey of theirs.
    pub async fn passkey_sign_in_begin(&self, browser: &Browser) -> Result<PasskeyQuestion, SignInRefusal> {
        let site = self.relying_party().ok_or(SignInRefusal::Wrong)?;
        let device = self.device_of(browser).map(|device| device.key());
        let attempt = Attempt::Question { address: &browser.address, device: device.as_deref() };
        self.throttle().take(&attempt).map_err(SignInRefusal::TooMany)?;
        let half = FirstHalf {
            kind: SIGN_IN,
            visit: browser.visit.as_ref(),
            session: None,
            user: None,
            occasion: String::new(),
        };
        self.ask(&site, half, &[]).await
    }

    /// Signs in whoever answers such a question: a new session, whatever cookie the browser had. Recorded.
    pub async fn passkey_sign_in(
        &self,
        code: &Secret,
        answer: &str,
        browser: &Browser,
    ) -> Result<Opened, SignInRefusal> {
        let device = self.device_of(browser).map(|device| (device.key(), device.user));
        let attempt = match &device {
            Some((browser, user)) => Attempt::Known { user, browser },
            None => Attempt::Stranger { address: &browser.address, name: "" },
        };
        self.throttle().take(&attempt).map_err(SignInRefusal::TooMany)?;
        match self.try_passkey_sign_in(code, answer, browser).await {
            Ok(opened) => {
                self.throttle().give_back(&attempt);
                Ok(opened)
            }
            Err(Failed { user, refusal }) => {
                let name = user.map(|user| user.name).unwrap_or_default();
                self.record_refusal("sign_in", &name, &refusal, browser).await;
                Err(refusal)
            }
        }
    }

    async fn try_passkey_sign_in(
        &self,
        code: &Secret,
        answer: &str,
        browser: &Browser,
    ) -> Result<Opened, Failed> {
        let visit = browser.visit.as_ref();
        let taken = self.ceremony_take(code, SIGN_IN, visit, None).await.map_err(Failed::unavailable)?;
        let state = taken.ok_or(Failed::wrong(None))?.body;
        let answered = self.answered(state, answer, None).await?;
        let opened = self.open_session_by_passkey(&answered.user.id, &answered.used(), WAY, browser).await;
        opened.map_err(Failed::unavailable)?.ok_or(Failed::wrong(Some(answered.user)))
    }

    /// Asks somebody who is signed in to prove with a passkey, for that occasion, who they are; `Wrong` if they
    /// have none.
    pub async fn passkey_prove_begin(
        &self,
        who: &SignedIn,
        occasion: &Occasion,
    ) -> Result<PasskeyQuestion, SignInRefusal> {
        let site = self.relying_party().ok_or(SignInRefusal::Wrong)?;
        let attempt = Attempt::Question { address: "", device: Some(who.session.as_str()) };
        self.throttle().take(&attempt).map_err(SignInRefusal::TooMany)?;
        let store = self.store().map_err(SignInRefusal::unavailable)?;
        let known = store.passkey_list(&who.user.id).await.map_err(SignInRefusal::unavailable)?;
        if known.is_empty() {
            return Err(SignInRefusal::Wrong);
        }
        self.ask(&site, in_session(PROVE, who, occasion.stored()), &known).await
    }

    /// Notes that the person proved with a passkey, for the occasion that they were asked for, who they are.
    /// Recorded.
    pub async fn passkey_prove(
        &self,
        who: &SignedIn,
        code: &Secret,
        answer: &str,
        browser: &Browser,
    ) -> Result<(), SignInRefusal> {
        let attempt = Attempt::Known { user: &who.user.id, browser: who.session.as_str() };
        self.throttle().take(&attempt).map_err(SignInRefusal::TooMany)?;
        let name = &who.user.name;
        match self.try_passkey_prove(who, code, answer).await {
            Ok(()) => {
                self.throttle().give_back(&attempt);
                self.audit().record_page(name, "prove", &[who.session.to_string()], "ok").await;
                Ok(())
            }
            Err(Failed { refusal, .. }) => {
                self.record_refusal("prove", name, &refusal, browser).await;
                Err(refusal)
            }
        }
    }

    async fn try_passkey_prove(&self, who: &SignedIn, code: &Secret, answer: &str) -> Result<(), Failed> {
        let taken = self.ceremony_take(code, PROVE, None, Some(&who.session)).await;
        let taken = taken.map_err(Failed::unavailable)?.ok_or(Failed::wrong(None))?;
        let answered = self.answered(taken.body, answer, Some(&who.user.id)).await?;
        let store = self.store().map_err(Failed::unavailable)?;
        let (user, used) = (&who.user.id, answered.used());
        let noted = store.web_session_prove_by_passkey(user, &who.session, &taken.occasion, &used).await;
        if noted.map_err(Failed::unavailable)? { Ok(()) } else { Err(Failed::wrong(None)) }
    }

    /// Asks for an answer of one of these passkeys; of any, if there are none.
    async fn ask(
        &self,
        site: &Webauthn,
        half: FirstHalf<'_>,
        known: &[storage::Passkey],
    ) -> Result<PasskeyQuestion, SignInRefusal> {
        let asked = site.start_discoverable_authentication();
        let (options, state) = asked.map_err(|_| SignInRefusal::unavailable(Error::Ceremony))?;
        let mut options = json!(options.public_key);
        let known = known.iter().map(|passkey| BASE64_URL_SAFE_NO_PAD.encode(&passkey.credential_id));
        options["allowCredentials"] = known.map(|id| json!({ "type": "public-key", "id": id })).collect();
        let code = self.ceremony_begin(half, &state).await.map_err(SignInRefusal::unavailable)?;
        Ok(PasskeyQuestion { code, options })
    }

    /// Whose passkey signed the answer to what was asked; `only` theirs, if it is given.
    async fn answered(
        &self,
        state: DiscoverableAuthentication,
        answer: &str,
        only: Option<&UserId>,
    ) -> Result<Answered, Failed> {
        let site = self.relying_party().ok_or(Failed::wrong(None))?;
        let answer: PublicKeyCredential = read(answer).ok_or(Failed::wrong(None))?;
        let store = self.store().map_err(Failed::unavailable)?;
        let found = store.passkey_find(&answer.raw_id).await.map_err(Failed::unavailable)?;
        let (user, passkey) = found.ok_or(Failed::wrong(None))?;
        if only.is_some_and(|only| *only != user.id) {
            return Err(Failed::wrong(None));
        }
        // absent only where the browser was told whose passkey it is to be
        let is_theirs = match &answer.response.user_handle {
            Some(handle) => user.id.to_bytes().is_some_and(|id| id[..] == handle[..]),
            None => only.is_some(),
        };
        if !is_theirs {
            return Err(Failed::wrong(Some(user)));
        }
        let mut credential: webauthn_rs::prelude::Passkey =
            serde_json::from_slice(&passkey.credential).map_err(|_| Failed::unavailable(Error::Ceremony))?;
        let finished =
            site.finish_discoverable_authentication_v2(&answer, state, DiscoverableKey::from(&credential));
        let result = match finished {
            Ok(result) if result.user_verified() => result,
            Err(WebauthnError::CredentialPossibleCompromise) => {
                // Its counter went back: a copy of it may be in use. Its person finds this among their activity.
                let targets = [passkey.id.to_string()];
                self.audit().record_page(&user.name, "passkey_copied", &targets, "refused").await;
                return Err(Failed::wrong(Some(user)));
            }
            _ => return Err(Failed::wrong(Some(user))),
        };
        let changed = match credential.update_credential(&result) {
            Some(true) => {
                let bytes = serde_json::to_vec(&credential);
                Some(Zeroizing::new(bytes.map_err(|_| Failed::unavailable(Error::Ceremony))?))
            }
            _ => None,
        };
        Ok(Answered { user, passkey, changed })
    }

    /// This site as authenticators know it.
    fn relying_party(&self) -> Option<Webauthn> {
        let site = self.passkey_site()?;
        let origin = Url::parse(&self.settings().issuer).ok()?;
        WebauthnBuilder::new(&site, &origin).ok()?.rp_name("Postroom").build().ok()
    }
}

/// A half that only this session finishes.
fn in_session<'a>(kind: &'static str, who: &'a SignedIn, occasion: String) -> FirstHalf<'a> {
    FirstHalf { kind, visit: None, session: Some(&who.session), user: Some(&who.user.id), occasion }
}

/// An answer out of what the browser posted; nothing if it is too long or none.
fn read<T: serde::de::DeserializeOwned>(answer: &str) -> Option<T> {
    if answer.len() > LONGEST_ANSWER {
        return None;
    }
    serde_json::from_str(answer).ok()
}

/// A name as it is kept: one line, not too long.
fn shown(name: &str) -> String {
    let visible = name.chars().filter(|c| !c.is_control() && !domain::mailbox::is_format(*c));
    let kept: String = visible.take(LONGEST_NAME).collect();
    kept.trim().to_owned()
}

impl From<storage::Passkey> for Passkey {
    fn from(passkey: storage::Passkey) -> Self {
        let storage::Passkey { id, name, created, last_used, .. } = passkey;
        Self { id, name, created, last_used }
    }
}
