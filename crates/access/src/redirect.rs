//! Redirects of OAuth clients: which ones may be registered, when two are the same, and how an answer goes there.
//!
//! A code goes to whoever holds the redirect, so that rules are strict and comparing is of octets.

use url::{Url, form_urlencoded};

use crate::Access;

/// Characters of a redirect.
const MAX_LENGTH: usize = 2000;
/// Redirects of one client.
const MAX_COUNT: usize = 20;

/// Schemes of known programs that hold no dot as RFC 8252, 7.1 wants it.
const KNOWN_SCHEMES: &[&str] = &[
    "cursor",
    "goose",
    "kiro",
    "raycast",
    "trae",
    "vscode",
    "vscode-insiders",
    "vscodium",
    "warp",
    "windsurf",
    "windsurf-next",
    "zed",
];

/// What registrations of programs on the person's own machine are counted under.
pub(crate) const LOOPBACK: &str = "loopback";

/// Whether a client may have these redirects; the words say why not.
pub(crate) fn check_all(redirect_uris: &[String]) -> Result<(), &'static str> {
    if redirect_uris.is_empty() {
        return Err("there must be at least one redirect URI");
    }
    if redirect_uris.len() > MAX_COUNT {
        return Err("there are more than 20 redirect URIs");
    }
    redirect_uris.iter().try_for_each(|uri| check(uri))
}

/// Whether a client may have this redirect; the words say why not.
fn check(uri: &str) -> Result<(), &'static str> {
    if uri.len() > MAX_LENGTH {
        return Err("a redirect URI is longer than 2,000 characters");
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte)) {
        return Err("a redirect URI has characters that no URI has");
    }
    if uri.contains('#') {
        return Err("a redirect URI must have no fragment");
    }
    if uri.contains('*') {
        return Err("a redirect URI must have no wildcard");
    }
    let parsed = Url::parse(uri).map_err(|_| "a redirect URI is not an absolute URI")?;
    if !parsed.username().is_empty() || parsed.password().is_some() || authority(uri).contains('@') {
        return Err("a redirect URI must have no user or password");
    }
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    match scheme {
        "https" if rest.starts_with("//") && !authority(uri).is_empty() => Ok(()),
        "http" if Loopback::parse(uri).is_some() => Ok(()),
        "http" | "https" => {
            Err("a redirect URI must be https, or http on `localhost`, `127.0.0.1` or `[::1]`")
        }
        _ if is_private_use(scheme) => Ok(()),
        _ => Err("a redirect URI must be https, or of a program on the person's machine that is known here"),
    }
}

/// Private-use schemes (RFC 8252, 7.1): a reversed domain name, or one of a known program.
fn is_private_use(scheme: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    let has_dot = scheme.split('.').count() > 1 && scheme.split('.').all(|label| !label.is_empty());
    scheme.bytes().all(is_plain) && (has_dot || KNOWN_SCHEMES.contains(&scheme))
}

/// What stands between `//` and the path, as it was written.
fn authority(uri: &str) -> &str {
    let after = uri.split_once("://").map_or("", |(_, after)| after);
    after.split(['/', '?', '#']).next().unwrap_or_default()
}

/// What the registration of these redirects is counted under: the first host that is not this machine.
pub(crate) fn counted_under(redirect_uris: &[String]) -> String {
    let elsewhere = redirect_uris.iter().find(|uri| Loopback::parse(uri).is_none());
    let Some(uri) = elsewhere else { return LOOPBACK.to_owned() };
    match Url::parse(uri) {
        Ok(url) if url.scheme() == "https" => url.host_str().unwrap_or_default().to_owned(),
        Ok(url) => format!("{}:", url.scheme()),
        Err(_) => String::new(),
    }
}

/// Whether `asked` is `registered`: octet by octet, but for the port of a loopback host, which a program
/// cannot know beforehand (RFC 8252, 7.3).
pub(crate) fn is_same(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    match (Loopback::parse(registered), Loopback::parse(asked)) {
        (Some(registered), Some(asked)) => registered == asked,
        _ => false,
    }
}

/// A redirect to the person's own machine, without its port.
#[derive(Debug, PartialEq, Eq)]
struct Loopback<'a> {
    host: &'a str,
    rest: &'a str,
}

impl<'a> Loopback<'a> {
    fn parse(uri: &'a str) -> Option<Self> {
        let after = uri.strip_prefix("http://")?;
        let host = ["localhost", "127.0.0.1", "[::1]"].into_iter().find(|host| after.starts_with(host))?;
        let (host, after) = after.split_at_checked(host.len())?;
        let rest = match after.strip_prefix(':') {
            Some(after) => {
                let digits = after.bytes().take_while(u8::is_ascii_digit).count();
                let (port, rest) = after.split_at_checked(digits)?;
                port.parse::<u16>().ok().filter(|port| *port > 0)?;
                rest
            }
            None => after,
        };
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(Self { host, rest })
    }
}

impl Access {
    /// The redirect of a client with an answer: what it sent as `state` goes back as it came, and `iss` says who
    /// answers (RFC 6749, 4.1.2; RFC 9207). Appended, so that what the client registered stays as it is, octet by
    /// octet.
    pub fn answer_at(&self, redirect_uri: &str, state: Option<&str>, answer: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(answer).extend_pairs(state.map(|state| ("state", state)));
        query.append_pair("iss", &self.settings().issuer);
        let joint = match redirect_uri.split_once('?') {
            None => "?",
            Some((_, own)) if own.is_empty() || own.ends_with('&') => "",
            Some(_) => "&",
        };
        // a blank is %20 and not a plus: not every program decodes forms
        format!("{redirect_uri}{joint}{}", query.finish().replace('+', "%20"))
    }
}

#[cfg(test)]
mod tests;
