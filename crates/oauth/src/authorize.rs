//! `GET /oauth/authorize`: a client asks for permission by sending a person's browser here (OAuth 2.1, 4.1.1).
//!
//! It decides whether there is a question at all. Who is not signed in goes to sign-in first; who is, goes to
//! the consent page. No code is made here.

use std::{fmt::Write as _, sync::Arc};

use access::{Access, Asked, Client, ClientRefusal, SignedIn};
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{
        HeaderMap, Method, StatusCode,
        header::{ALLOW, CACHE_CONTROL, COOKIE, LOCATION, REFERRER_POLICY},
    },
    response::{IntoResponse as _, Response},
    routing::get,
};
use domain::{ClientId, Scope, Scopes, chain};
use url::form_urlencoded;

use crate::{
    Desk,
    error::{Code, Refusal},
    page::Told,
    parameters::Parameters,
};

const PATH: &str = "/oauth/authorize";

/// Octets of path and query: what sign-in carries along to come back here.
const LONGEST: usize = 4096;

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route(PATH, get(authorize))
}

/// Why the request is not answered to its client: that would need a redirect that is known to be the client's.
#[derive(Debug, PartialEq, Eq)]
enum Untrusted {
    /// Longer than can be carried along, or flooded with parameters.
    TooLong,
    /// No client is named, or more than one.
    NoClient,
    /// There is no such client.
    UnknownClient,
    /// Its document cannot be used; the words say why.
    Document(&'static str),
    /// The redirect is missing, repeated, or not one of the client's.
    Redirect,
    /// Nobody is signed in and nobody may be asked to, and the answer would go to a site, or to a client that was
    /// never looked up.
    SignInFirst,
    /// Something is out of order here.
    Unavailable,
}

impl Untrusted {
    fn told(&self) -> Told {
        let title = "This agent cannot be connected like this";
        let again = "Go back to your agent and connect it once more. If this happens again, remove Postroom \
                     there and add it again.";
        let (status, title, why, next) = match self {
            Self::TooLong => (StatusCode::BAD_REQUEST, title, "the request is longer than 4 kB", again),
            Self::NoClient => (
                StatusCode::BAD_REQUEST,
                title,
                "the request has no <code>client_id</code>, or several",
                again,
            ),
            Self::UnknownClient => (
                StatusCode::BAD_REQUEST,
                "This agent is not known here",
                "the <code>client_id</code> is unknown; register again",
                "Postroom forgets agents that nobody uses for a month. Remove Postroom in your agent and add \
                 it again.",
            ),
            Self::Document(why) => {
                let next = "What this agent says about itself cannot be read. Try again in a few minutes.";
                (StatusCode::BAD_REQUEST, title, *why, next)
            }
            Self::Redirect => (
                StatusCode::BAD_REQUEST,
                "This request does not come from the agent it names",
                "the <code>redirect_uri</code> is not one that the client registered, octet by octet",
                "If you did not just connect an agent yourself, close this page: nothing was given away. If \
                 you did, remove Postroom in your agent and add it again.",
            ),
            Self::SignInFirst => (
                StatusCode::BAD_REQUEST,
                "Sign in first",
                "nobody is signed in, and <code>prompt=none</code> forbids to ask",
                "Sign in to Postroom, then connect your agent once more.",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "That did not work just now",
                "something is out of order on this server; its log says what",
                "Wait a moment, then connect your agent once more.",
            ),
        };
        Told { status, title, why, next }
    }
}

async fn authorize(
    method: Method,
    State(desk): State<Arc<Desk>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET {
        // asking a person leaves something behind, which HEAD must not
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET")]).into_response();
    }
    answer(&desk, query.as_deref().unwrap_or_default(), &headers).await.unwrap_or_else(|untrusted| {
        tracing::info!(reason = ?untrusted, "question of a client turned away");
        untrusted.told().page()
    })
}

async fn answer(desk: &Desk, query: &str, headers: &HeaderMap) -> Result<Response, Untrusted> {
    let carried = carried(query).ok_or(Untrusted::TooLong)?;
    let sent = Parameters::parse(query.as_bytes()).ok_or(Untrusted::TooLong)?;
    let id = sent.one("client_id").filter(|_| !sent.repeats("client_id")).ok_or(Untrusted::NoClient)?;
    let signed_in = signed_in(desk, headers).await?;
    let prompt = Prompt::of(&sent);
    let Some(client) = client(desk, &ClientId::from_text(id), signed_in.is_some()).await? else {
        // strangers have had this server fetch enough URLs of theirs: first somebody signs in
        return if prompt == Prompt::Silent { Err(Untrusted::SignInFirst) } else { Ok(login(&carried)) };
    };
    let back = Back::of(desk, &client, &sent)?;
    // anybody can register a site: a link to here is not to lead a stranger on to it (OAuth 2.1, 7.12.2)
    if signed_in.is_none() && back.is_site() {
        return if prompt == Prompt::Silent { Err(Untrusted::SignInFirst) } else { Ok(login(&carried)) };
    }
    let asked = match understand(desk, &client, &sent, &back, prompt) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(back.with(&refusal)),
    };
    let Some(who) = signed_in else {
        let required = Refusal::new(Code::LoginRequired, "nobody is signed in");
        return Ok(if prompt == Prompt::Silent { back.with(&required) } else { login(&carried) });
    };
    if prompt == Prompt::Silent {
        let required = Refusal::new(Code::InteractionRequired, "the person is asked each time");
        return Ok(back.with(&required));
    }
    match desk.access.consent_ask(&who, &asked).await {
        Ok(id) => Ok(see_other(&format!("/consent/{id}"))),
        Err(error) => {
            tracing::error!(error = %chain(&error), "question of a client not kept");
            let why = "something is out of order on this server";
            Ok(back.with(&Refusal::new(Code::TemporarilyUnavailable, why)))
        }
    }
}

/// This request as sign-in carries it along; nothing if it is too long.
fn carried(query: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let mut path = format!("{PATH}?");
    for byte in query.bytes() {
        if is_plain(byte) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
    (path.len() <= LONGEST).then_some(path)
}

/// Who is signed in with this browser.
async fn signed_in(desk: &Desk, headers: &HeaderMap) -> Result<Option<SignedIn>, Untrusted> {
    let name = access::session_cookie(desk.is_https());
    // lossy: somebody else's cookie of odd octets does not hide ours
    let mut sent = headers.get_all(COOKIE).iter().map(|header| String::from_utf8_lossy(header.as_bytes()));
    let Some(cookie) = sent.find_map(|header| access::cookie_of(&header, name)) else {
        return Ok(None);
    };
    desk.access.signed_in(&cookie).await.map_err(|error| {
        tracing::error!(error = %chain(&error), "session not looked up");
        Untrusted::Unavailable
    })
}

/// The client; nothing if its document would have to be fetched for one stranger too many.
async fn client(desk: &Desk, id: &ClientId, is_signed_in: bool) -> Result<Option<Client>, Untrusted> {
    let is_document = id.as_str().starts_with("https://");
    let found = if is_signed_in {
        desk.access.client(id).await.map(Some)
    } else {
        desk.access.client_for_stranger(id).await
    };
    match found {
        Ok(None) if !is_document => Err(Untrusted::UnknownClient),
        Ok(found) => Ok(found),
        Err(ClientRefusal::Unknown) => Err(Untrusted::UnknownClient),
        Err(ClientRefusal::Document(why)) => Err(Untrusted::Document(why)),
        Err(ClientRefusal::Unavailable(error)) => {
            tracing::error!(error = %chain(&error), "client not looked up");
            Err(Untrusted::Unavailable)
        }
    }
}

/// Whether the person may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    /// As always here: the consent page.
    Asks,
    /// `none`: nothing may be shown.
    Silent,
    /// `none` and something else.
    Contradicts,
}

impl Prompt {
    fn of(sent: &Parameters) -> Self {
        let words: Vec<&str> = sent.one("prompt").unwrap_or_default().split_ascii_whitespace().collect();
        match words.as_slice() {
            ["none"] => Self::Silent,
            words if words.contains(&"none") => Self::Contradicts,
            _ => Self::Asks,
        }
    }
}

/// What the client asks for, or what is wrong with that: its redirect is known to be its own by now.
fn understand(
    desk: &Desk,
    client: &Client,
    sent: &Parameters,
    back: &Back<'_>,
    prompt: Prompt,
) -> Result<Asked, Refusal> {
    let invalid = |why| Err(Refusal::new(Code::InvalidRequest, why));
    if sent.has_repeated() {
        return invalid("a parameter came more than once");
    }
    match sent.one("response_type") {
        Some("code") => {}
        None => return invalid("response_type is missing"),
        Some(_) => return Err(Refusal::new(Code::UnsupportedResponseType, "response_type must be code")),
    }
    if sent.one("response_mode").is_some_and(|mode| mode != "query") {
        return invalid("response_mode must be query");
    }
    if sent.one("request").is_some() || sent.one("request_uri").is_some() {
        return invalid("request objects are not read");
    }
    if prompt == Prompt::Contradicts {
        return invalid("prompt has none and something else");
    }
    let Some(challenge) = sent.one("code_challenge") else {
        return invalid("code_challenge is missing: PKCE is required");
    };
    if sent.one("code_challenge_method") != Some("S256") {
        return invalid("code_challenge_method must be S256");
    }
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if challenge.len() != 43 || !challenge.bytes().all(is_base64url) {
        return invalid("code_challenge is not the base64url of a SHA-256");
    }
    let resource = resource(desk, sent)?;
    Ok(Asked {
        client: client.id.clone(),
        redirect_uri: back.redirect_uri.to_owned(),
        state: sent.one("state").map(str::to_owned),
        code_challenge: challenge.to_owned(),
        scopes: scopes(sent.one("scope")),
        resource,
    })
}

/// Whom the tokens are for: the one resource here, however often it is named.
fn resource(desk: &Desk, sent: &Parameters) -> Result<String, Refusal> {
    let other = || Refusal::new(Code::InvalidTarget, "the resource is not this server");
    let mut named = sent.all("resource").peekable();
    if named.peek().is_none() {
        return desk.access.resource(None).ok_or_else(other);
    }
    named
        .map(|name| desk.access.resource(Some(name)).ok_or_else(other))
        .try_fold(String::new(), |_, next| next)
}

/// The scopes named, of those there are; nothing if none of them is named, also where others are
/// (`openid`, `offline_access`): the person then chooses among all, and ticks what they like.
fn scopes(sent: Option<&str>) -> Option<Scopes> {
    let named: Scopes = sent
        .unwrap_or_default()
        .split(' ')
        .filter_map(|word| Scope::ALL.iter().copied().find(|scope| scope.as_str() == word))
        .collect();
    (!named.is_empty()).then_some(named)
}

/// The way back to the client.
struct Back<'a> {
    access: &'a Access,
    redirect_uri: &'a str,
    state: Option<&'a str>,
}

impl<'a> Back<'a> {
    fn of(desk: &'a Desk, client: &Client, sent: &'a Parameters) -> Result<Self, Untrusted> {
        let asked = sent.one("redirect_uri").filter(|_| !sent.repeats("redirect_uri"));
        let redirect_uri = asked.filter(|asked| client.has_redirect(asked)).ok_or(Untrusted::Redirect)?;
        // what came twice is not sent back: nobody knows which one was meant
        let state = sent.one("state").filter(|_| !sent.repeats("state"));
        Ok(Self { access: &desk.access, redirect_uri, state })
    }

    /// Whether it leads to a site, and not to a program on the person's own machine.
    fn is_site(&self) -> bool {
        self.redirect_uri.starts_with("https:")
    }

    /// The refusal as a redirect (RFC 6749, 4.1.2.1), with `iss` (RFC 9207).
    fn with(&self, refusal: &Refusal) -> Response {
        tracing::info!(error = refusal.code().as_str(), reason = refusal.why(), "client sent back");
        let answer = [("error", refusal.code().as_str()), ("error_description", refusal.why())];
        see_other(&self.access.answer_at(self.redirect_uri, self.state, &answer))
    }
}

/// To the sign-in page, and from there back here.
fn login(carried: &str) -> Response {
    let next: String = form_urlencoded::byte_serialize(carried.as_bytes()).collect();
    see_other(&format!("/login?next={next}")) // there is no blank in it
}

fn see_other(location: &str) -> Response {
    let headers = [(LOCATION, location), (CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    (StatusCode::SEE_OTHER, headers).into_response()
}

#[cfg(test)]
mod tests;
