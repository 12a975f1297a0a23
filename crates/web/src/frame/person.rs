//! Who is signed in: the first argument of every private page. Everybody else is led to `/login`, and an
//! administrator's page is not there for others.

use access::{Browser, SignedIn};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, request::Parts},
    response::{IntoResponse as _, Response},
};

use super::{
    cookies,
    error::Error,
    local::Next,
    notice::Notice,
    site::Site,
    view::{Frame, Section, notice_of, see_other},
};

pub(super) const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
pub(super) const HX_BOOSTED: HeaderName = HeaderName::from_static("hx-boosted");
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// A person who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Who, and in which session.
    pub(crate) signed_in: SignedIn,
    /// The browser they use.
    pub(crate) browser: Browser,
    notice: Option<Notice>,
    /// How many messages wait for their answer.
    waiting: u64,
}

impl Person {
    /// What the layout shows around a page of theirs.
    pub(crate) fn frame(&self, here: Section) -> Frame {
        frame_of(&self.signed_in, here, self.notice, self.waiting)
    }

    /// Their name.
    pub(crate) fn name(&self) -> &str {
        &self.signed_in.user.name
    }
}

/// A person who administrates the server.
#[derive(Debug, Clone)]
pub(crate) struct Admin(pub(crate) Person);

pub(super) fn frame_of(signed_in: &SignedIn, here: Section, notice: Option<Notice>, waiting: u64) -> Frame {
    Frame {
        user: Some(signed_in.user.name.clone()),
        is_admin: signed_in.user.is_admin,
        csrf: signed_in.csrf.expose().to_owned(),
        here,
        notice,
        waiting,
    }
}

/// How many messages wait for the person's answer; none where that cannot be told now.
pub(super) async fn waiting(site: &Site, signed_in: &SignedIn) -> u64 {
    site.access.approvals_count(signed_in).await.unwrap_or_default()
}

/// Who is signed in with the request's cookie.
pub(super) async fn signed_in(
    site: &Site,
    headers: &HeaderMap,
    browser: &Browser,
) -> Result<Option<SignedIn>, Error> {
    match cookies::session(site, headers) {
        Some(cookie) => Ok(site.access.signed_in_from(&cookie, browser).await?),
        None => Ok(None),
    }
}

impl FromRequestParts<Site> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let browser = site.browser(parts);
        match signed_in(site, &parts.headers, &browser).await {
            Ok(Some(signed_in)) => {
                let waiting = waiting(site, &signed_in).await;
                Ok(Self { signed_in, browser, notice: notice_of(&parts.uri), waiting })
            }
            Ok(None) => Err(to_login(&parts.method, &parts.uri, &parts.headers)),
            Err(error) => Err(error.into_response()),
        }
    }
}

impl FromRequestParts<Site> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let person = Person::from_request_parts(parts, site).await?;
        if person.signed_in.user.is_admin { Ok(Self(person)) } else { Err(Error::NotFound.into_response()) }
    }
}

/// Leads to the sign-in page and afterwards back to a page; what was posted is not posted again.
fn to_login(method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let is_page = method == Method::GET && !headers.contains_key(HX_REQUEST);
    let next = if is_page {
        Next::of(uri.path_and_query().map_or("/", |path| path.as_str()))
    } else {
        Next::default()
    };
    let login = next.login();
    if headers.contains_key(HX_REQUEST) {
        let login = HeaderValue::from_str(&login).unwrap_or(HeaderValue::from_static("/login"));
        return (StatusCode::OK, [(HX_REDIRECT, login)]).into_response();
    }
    see_other(&login, None)
}
