//! Somebody in front of a page that needs no sign-in. Forms there carry a token that belongs to a cookie of the
//! browser, so that no other page can sign a browser in as somebody else.

use access::{Browser, SignedIn};
use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Secret;
use sha2::{Digest as _, Sha256};

use super::{
    cookies,
    error::{Answer, Error},
    notice::Notice,
    person::signed_in,
    site::Site,
    view::{Frame, notice_of, show},
};

/// Characters of a visit's cookie: 32 octets in base64url.
const LENGTH: usize = 43;

/// Somebody who may be signed in or not.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Who is signed in, if anybody.
    pub(crate) signed_in: Option<SignedIn>,
    /// The browser they use.
    pub(crate) browser: Browser,
    visit: Secret,
    is_new: bool,
    notice: Option<Notice>,
}

impl Visitor {
    /// What the layout shows around a page without navigation, whose forms are for visitors.
    pub(crate) fn frame(&self) -> Frame {
        let csrf = self.csrf().expose().to_owned();
        Frame { csrf, notice: self.notice, ..Frame::outside() }
    }

    /// What forms for visitors carry.
    pub(super) fn csrf(&self) -> Secret {
        let hash =
            Sha256::new().chain_update("postroom visit\0").chain_update(self.visit.expose()).finalize();
        Secret::new(URL_SAFE_NO_PAD.encode(hash))
    }

    /// The page as an answer, with the cookie that its forms need.
    pub(crate) fn show(&self, site: &Site, page: &impl Template) -> Answer {
        Ok(self.keep(site, show(page)?))
    }

    /// `response`, with the cookie of the visit if the browser does not have it yet.
    pub(crate) fn keep(&self, site: &Site, response: Response) -> Response {
        if self.is_new { cookies::set_visit(site, response, &self.visit) } else { response }
    }
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let browser = site.browser(parts);
        let signed_in = signed_in(site, &parts.headers, &browser).await.map_err(Error::into_response)?;
        let sent = cookies::visit(site, &parts.headers).filter(|visit| visit.expose().len() == LENGTH);
        let is_new = sent.is_none();
        let visit = sent.unwrap_or_else(|| {
            let mut bytes = [0; 32];
            site.settings.random.fill(&mut bytes);
            Secret::new(URL_SAFE_NO_PAD.encode(bytes))
        });
        let browser = Browser { visit: Some(visit.clone()), ..browser };
        Ok(Self { signed_in, browser, visit, is_new, notice: notice_of(&parts.uri) })
    }
}
