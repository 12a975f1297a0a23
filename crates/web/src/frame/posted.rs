//! Forms: who posted one, and that it was really posted from a page of ours to this person or browser.

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CONTENT_TYPE, ORIGIN},
    },
    response::{IntoResponse as _, Response},
};
use domain::Secret;
use url::{Host, Url};

use super::{
    error::Error,
    fields::Fields,
    person::{Admin, Person},
    site::Site,
    visitor::Visitor,
};

/// Octets of a form of somebody who is not known.
const LARGEST: usize = 64 << 10;

/// Octets of a form of somebody who is signed in: a signature of 20,000 characters, each escaped, and more.
const LARGEST_OF_PERSON: usize = 384 << 10;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// A form that a signed-in person posted.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    /// Who.
    pub(crate) person: Person,
    /// What.
    pub(crate) fields: Fields,
}

/// A form that an administrator posted.
#[derive(Debug, Clone)]
pub(crate) struct PostedByAdmin {
    /// Who.
    pub(crate) person: Person,
    /// What.
    pub(crate) fields: Fields,
}

/// A form from a page that needs no sign-in.
#[derive(Debug, Clone)]
pub(crate) struct PostedByVisitor {
    /// In which browser.
    pub(crate) visitor: Visitor,
    /// What.
    pub(crate) fields: Fields,
}

impl FromRequest<Site> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let person = Person::from_request_parts(&mut parts, site).await?;
        let request = Request::from_parts(parts, body);
        let fields = read(request, site, &person.signed_in.csrf, LARGEST_OF_PERSON).await;
        fields.map(|fields| Self { person, fields }).map_err(Error::into_response)
    }
}

impl FromRequest<Site> for PostedByAdmin {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Admin(person) = Admin::from_request_parts(&mut parts, site).await?;
        let request = Request::from_parts(parts, body);
        let fields = read(request, site, &person.signed_in.csrf, LARGEST_OF_PERSON).await;
        fields.map(|fields| Self { person, fields }).map_err(Error::into_response)
    }
}

impl FromRequest<Site> for PostedByVisitor {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, site).await?;
        let request = Request::from_parts(parts, body);
        let fields = read(request, site, &visitor.csrf(), LARGEST).await;
        fields.map(|fields| Self { visitor, fields }).map_err(Error::into_response)
    }
}

async fn read(request: Request, site: &Site, csrf: &Secret, largest: usize) -> Result<Fields, Error> {
    if !is_from_here(request.headers(), site.public_url()) {
        return Err(Error::ForeignForm);
    }
    if !is_form(request.headers()) {
        return Err(Error::NoForm);
    }
    let body = to_bytes(request.into_body(), largest).await.map_err(|_| Error::TooLarge)?;
    let fields = Fields::parse(&body)?;
    // comparing secrets takes the same time wherever they differ
    if fields.secret("csrf") == *csrf { Ok(fields) } else { Err(Error::ForeignForm) }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// What the browser itself says about the page that posted. Neither header is there in every browser, and under
/// our own referrer policy the origin is `null`: the token in the form counts in any case.
fn is_from_here(headers: &HeaderMap, public_url: &str) -> bool {
    let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    if !matches!(site, None | Some(b"same-origin" | b"none")) {
        return false;
    }
    match headers.get(ORIGIN).map(|value| value.to_str()) {
        None | Some(Ok("null")) => true,
        Some(Ok(origin)) => Url::parse(origin).is_ok_and(|origin| is_ours(&origin, public_url)),
        Some(Err(_)) => false,
    }
}

/// The origin of the public URL; a loopback server goes by all names of the loopback.
fn is_ours(origin: &Url, public_url: &str) -> bool {
    let Ok(ours) = Url::parse(public_url) else { return false };
    let is_same_door =
        origin.scheme() == ours.scheme() && origin.port_or_known_default() == ours.port_or_known_default();
    origin.origin().is_tuple()
        && (origin.origin() == ours.origin() || (is_same_door && is_loopback(origin) && is_loopback(&ours)))
}

/// Whether the host of a URL is this computer.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
