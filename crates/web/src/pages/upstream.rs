//! Signing in by the OpenID provider that the operator named: on to it, back from it, and who a person is there.

use access::{Occasion, ProviderAnswer, ProviderEnded, ProviderPurpose, ProviderRefusal, WayRemoval};
use askama::Template;
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{
        HeaderValue, StatusCode,
        header::{LOCATION, RETRY_AFTER},
    },
    response::IntoResponse as _,
    routing::{get, post},
};
use domain::{ApprovalId, Secret};
use url::Url;

use crate::{
    frame::{
        Answer, Error, Frame, Next, Notice, Person, Posted, PostedByVisitor, Site, Visitor, day, query_value,
        see_other, show,
    },
    pages::login::{enter, too_many},
};

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/login/provider", get(sign_in).post(join))
        .route("/login/provider/callback", get(come_back))
        .route("/prove/provider", post(prove))
        .route("/settings/provider", post(link))
        .route("/settings/provider/remove", post(remove))
}

/// Octets of an answer's query that are looked at.
const LONGEST_QUERY: usize = 8 << 10;
/// Characters of the id of a message that waits.
const LONGEST_ID: usize = 64;

/// What the settings say about the provider.
pub(super) struct ProviderCard {
    /// Its host; nothing if nobody signs in by one.
    pub(super) host: Option<String>,
    pub(super) identities: Vec<Shown>,
}

/// Who the person is at a provider.
pub(super) struct Shown {
    pub(super) host: String,
    pub(super) name: String,
    pub(super) since: String,
    pub(super) issuer: String,
    pub(super) subject: String,
}

impl ProviderCard {
    pub(super) async fn of(site: &Site, person: &Person) -> Result<Self, access::Error> {
        let listed = site.access.identity_list(&person.signed_in).await?.into_iter();
        let identities = listed.map(|one| Shown {
            host: host_of(&one.issuer),
            name: one.shown,
            since: day(one.created),
            issuer: one.issuer,
            subject: one.subject,
        });
        Ok(Self { host: site.access.login_provider(), identities: identities.collect() })
    }
}

/// The page on the way to the provider, for who posted a form: what a form leads to may be on this server only.
#[derive(Template)]
#[template(path = "provider_go.html")]
struct Go {
    frame: Frame,
    host: String,
    url: Url,
}

/// The page of somebody who was not let in.
#[derive(Template)]
#[template(path = "provider_refused.html")]
struct Refused {
    frame: Frame,
    title: &'static str,
    text: String,
    /// Where to try again, and in which words.
    link: (&'static str, &'static str),
}

/// Leads on to the provider. A link, so that it works in every browser; whom it lets in is who is signed in there.
async fn sign_in(State(site): State<Site>, visitor: Visitor, RawQuery(query): RawQuery) -> Answer {
    let next = Next::of(&query_value(&query.unwrap_or_default(), "next").unwrap_or_default());
    if visitor.signed_in.is_some() {
        return Ok(see_other(next.path(), None));
    }
    let purpose = ProviderPurpose::SignIn { invitation: None };
    match site.access.provider_begin(&purpose, None, next.as_str(), &visitor.browser).await {
        Ok(begun) => {
            let location = HeaderValue::from_str(begun.url.as_str()).map_err(|_| Error::NotFound)?;
            let response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
            Ok(visitor.keep(&site, response))
        }
        Err(refusal) => refused(&site, &visitor, refusal),
    }
}

/// Leads somebody on who uses an invitation.
async fn join(State(site): State<Site>, form: PostedByVisitor) -> Answer {
    let PostedByVisitor { visitor, fields } = form;
    let purpose = ProviderPurpose::SignIn { invitation: Some(fields.secret("invitation")) };
    match site.access.provider_begin(&purpose, None, "", &visitor.browser).await {
        Ok(begun) => go(&site, begun.url),
        Err(refusal) => refused(&site, &visitor, refusal),
    }
}

async fn prove(State(site): State<Site>, visitor: Visitor, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    let occasion = match fields.raw("for") {
        "" => Occasion::Change,
        id if id.len() <= LONGEST_ID => Occasion::Approval(ApprovalId::from_text(id)),
        _ => return Err(Error::NotFound),
    };
    let purpose = ProviderPurpose::Prove(occasion);
    begin(&site, &visitor, &person, &purpose, Next::of(fields.raw("next")).as_str()).await
}

async fn link(State(site): State<Site>, visitor: Visitor, form: Posted) -> Answer {
    form.person.proven(&site, "/settings")?;
    begin(&site, &visitor, &form.person, &ProviderPurpose::Link, "/settings").await
}

async fn begin(
    site: &Site,
    visitor: &Visitor,
    person: &Person,
    purpose: &ProviderPurpose,
    next: &str,
) -> Answer {
    match site.access.provider_begin(purpose, Some(&person.signed_in), next, &person.browser).await {
        Ok(begun) => go(site, begun.url),
        Err(refusal) => refused(site, visitor, refusal),
    }
}

fn go(site: &Site, url: Url) -> Answer {
    show(&Go { frame: Frame::outside(), host: site.access.login_provider().unwrap_or_default(), url })
}

async fn come_back(State(site): State<Site>, visitor: Visitor, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap_or_default();
    let answer = read(&query).unwrap_or_default();
    match site.access.provider_end(answer, visitor.signed_in.as_ref(), &visitor.browser).await {
        Ok(ProviderEnded::Opened { opened, is_new, next }) => {
            let next = Next::of(&next);
            let (path, notice) = match (next.as_str(), is_new) {
                ("", true) => ("/accounts/new", Some(Notice::Welcome)),
                _ => (next.path(), None),
            };
            Ok(enter(&site, visitor.signed_in.as_ref(), &opened, path, notice).await)
        }
        Ok(ProviderEnded::Linked { next }) => {
            Ok(see_other(Next::of(&next).path(), Some(Notice::ProviderLinked)))
        }
        Ok(ProviderEnded::Proven { next }) => Ok(see_other(Next::of(&next).path(), None)),
        Err(refusal) => refused(&site, &visitor, refusal),
    }
}

/// What the provider says; nothing if it is too long, or says anything twice.
fn read(query: &str) -> Option<ProviderAnswer> {
    if query.len() > LONGEST_QUERY {
        return None;
    }
    let mut answer = ProviderAnswer::default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let is_first = match &*name {
            "state" => answer.state.replace(Secret::new(value)).is_none(),
            "code" => answer.code.replace(Secret::new(value)).is_none(),
            "error" => answer.error.replace(value.into_owned()).is_none(),
            "iss" => answer.iss.replace(value.into_owned()).is_none(),
            _ => true,
        };
        if !is_first {
            return None;
        }
    }
    Some(answer)
}

async fn remove(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    person.proven(&site, "/settings")?;
    let (issuer, subject) = (fields.raw("issuer"), fields.raw("subject"));
    let notice = match site.access.identity_remove(&person.signed_in, issuer, subject).await? {
        WayRemoval::Removed => Notice::ProviderRemoved,
        WayRemoval::LastWay => Notice::LastWay,
        WayRemoval::Absent => Notice::NothingToDo,
    };
    Ok(see_other("/settings", Some(notice)))
}

fn refused(site: &Site, visitor: &Visitor, refusal: ProviderRefusal) -> Answer {
    let host = site.access.login_provider().unwrap_or_default();
    let wait = if let ProviderRefusal::TooMany(seconds) = refusal { Some(seconds) } else { None };
    let (status, title, text) = told(&host, refusal)?;
    let link = if visitor.signed_in.is_some() {
        ("/settings", "Back to the settings")
    } else {
        ("/login", "Back to sign in")
    };
    let mut response = visitor.show(site, &Refused { frame: visitor.frame(), title, text, link })?;
    *response.status_mut() = status;
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// What somebody reads who was not let in by the provider at `host`.
fn told(host: &str, refusal: ProviderRefusal) -> Result<(StatusCode, &'static str, String), Error> {
    Ok(match refusal {
        ProviderRefusal::NoProvider => return Err(Error::NotFound),
        ProviderRefusal::Unavailable(access::Error::InvitationOver) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "This link no longer works",
            "The invitation was used already, was withdrawn, or is too old. Ask whoever sent it for a new one."
                .to_owned(),
        ),
        ProviderRefusal::Unavailable(error) => return Err(error.into()),
        ProviderRefusal::NotBegun => (
            StatusCode::FORBIDDEN,
            "That sign-in was not begun here",
            "It was begun in another browser, took longer than five minutes, or was used before. Nothing was \
             changed. Start again here."
                .to_owned(),
        ),
        ProviderRefusal::Declined => (
            StatusCode::FORBIDDEN,
            "Nobody was signed in",
            format!("You, or {host}, said no. Nothing was changed."),
        ),
        ProviderRefusal::Unreachable => (
            StatusCode::BAD_GATEWAY,
            "The sign-in provider does not answer",
            format!(
                "This server could not reach {host}, or got no proper answer. Try again in a minute, or sign in \
                 another way."
            ),
        ),
        ProviderRefusal::Untrusted(_) => (
            StatusCode::BAD_GATEWAY,
            "The answer could not be trusted",
            format!(
                "What came from {host} was not what it should be, so nobody was signed in. Start again; if it stays \
                 so, tell whoever runs this server: its log says why."
            ),
        ),
        ProviderRefusal::NotFresh => (
            StatusCode::FORBIDDEN,
            "Sign in there anew",
            format!(
                "{host} did not ask you anew who you are. Sign out there, then try again, or show it another way."
            ),
        ),
        ProviderRefusal::NoTime => (
            StatusCode::FORBIDDEN,
            "That shows nothing here",
            format!(
                "{host} does not tell when you signed in there, so this cannot show that it is you and not somebody at \
                 your browser. Show it by a passkey or your password. If you have neither, an administrator can make \
                 a link that sets a password."
            ),
        ),
        ProviderRefusal::NotYours => (
            StatusCode::FORBIDDEN,
            "That was somebody else",
            format!("Whoever signed in at {host} just now is not known there as you. Nothing was changed."),
        ),
        ProviderRefusal::Unknown => (
            StatusCode::FORBIDDEN,
            "Nobody here goes by that",
            format!(
                "You signed in at {host}, but nobody on this server is known by it. Have you been here before? Sign \
                 in the other way, and add {host} in your settings. Else ask an administrator for an invitation."
            ),
        ),
        ProviderRefusal::Taken => (
            StatusCode::CONFLICT,
            "Somebody here goes by that already",
            format!(
                "Whoever you are at {host} is a person here already. Sign in as that person, or choose another one \
                 there."
            ),
        ),
        ProviderRefusal::Disabled => (
            StatusCode::FORBIDDEN,
            "You cannot come in",
            "An administrator has shut this person out. Ask them about it.".to_owned(),
        ),
        ProviderRefusal::TooMany(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, "Too many tries", too_many(seconds))
        }
    })
}

fn host_of(issuer: &str) -> String {
    let host = Url::parse(issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| issuer.to_owned())
}

#[cfg(test)]
mod tests;
