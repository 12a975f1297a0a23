//! Cookies: their names and flags. On https they carry `__Host-`, which no other host can set; browsers refuse
//! that prefix on plain loopback, so they go without there.

use access::{Opened, cookie_of, device_cookie, session_cookie};
use axum::{
    http::{
        HeaderMap, HeaderValue,
        header::{COOKIE, SET_COOKIE},
    },
    response::Response,
};
use domain::Secret;

use super::site::Site;

/// Seconds for which a browser remembers that somebody signed in with it.
const DEVICE_AGE: u32 = 365 * 24 * 3600;

/// The cookie of a session, if there is one.
pub(crate) fn session(site: &Site, headers: &HeaderMap) -> Option<Secret> {
    read(headers, name(site, Kind::Session))
}

/// The cookie that says that somebody signed in with this browser before.
pub(crate) fn device(site: &Site, headers: &HeaderMap) -> Option<Secret> {
    read(headers, name(site, Kind::Device))
}

/// The cookie that binds forms to a browser in which nobody is signed in.
pub(crate) fn visit(site: &Site, headers: &HeaderMap) -> Option<Secret> {
    read(headers, name(site, Kind::Visit))
}

/// `response`, with the cookies of a session that was just opened.
pub(crate) fn set_session(site: &Site, mut response: Response, opened: &Opened) -> Response {
    set(site, &mut response, Kind::Session, opened.cookie.expose(), None);
    set(site, &mut response, Kind::Device, opened.device.expose(), Some(DEVICE_AGE));
    response
}

/// `response`, after which the browser has no session any more.
pub(crate) fn clear_session(site: &Site, mut response: Response) -> Response {
    set(site, &mut response, Kind::Session, "", Some(0));
    response
}

/// `response`, with the cookie of a visit.
pub(crate) fn set_visit(site: &Site, mut response: Response, visit: &Secret) -> Response {
    set(site, &mut response, Kind::Visit, visit.expose(), None);
    response
}

#[derive(Clone, Copy)]
enum Kind {
    Session,
    Device,
    Visit,
}

fn name(site: &Site, kind: Kind) -> &'static str {
    match (kind, site.is_https()) {
        (Kind::Session, is_https) => session_cookie(is_https),
        (Kind::Device, is_https) => device_cookie(is_https),
        (Kind::Visit, true) => "__Host-postroom-visit",
        (Kind::Visit, false) => "postroom-visit",
    }
}

fn set(site: &Site, response: &mut Response, kind: Kind, value: &str, age: Option<u32>) {
    let age = age.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
    let secure = if site.is_https() { "; Secure" } else { "" };
    let cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", name(site, kind));
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn read(headers: &HeaderMap, name: &str) -> Option<Secret> {
    // lossy: somebody else's cookie of odd octets does not hide ours
    let mut sent = headers.get_all(COOKIE).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    sent.find_map(|header| cookie_of(&header, name))
}
