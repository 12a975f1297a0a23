//! The links of a body: what is shown of them, and which of them pretend.
//!
//! By default an agent sees host and path; queries carry tracking and tokens, and are left to the full view.

use std::collections::HashMap;

use domain::reading::Link;
use url::{Host, Url};

use super::invisible;

/// Most links that get a number.
const MAX_LINKS: usize = 1_000;
/// Longest link text kept in the list, in characters.
const MAX_TEXT: usize = 80;
/// Longest path shown, in characters.
const MAX_PATH: usize = 100;
/// Longest URL looked at, in octets.
const MAX_URL: usize = 16 * 1024;
/// A bare URL up to this length is left in plain text as it is.
const SHORT_URL: usize = 72;

/// Collects the links of one message in order.
#[derive(Debug, Default)]
pub struct Links {
    is_full: bool,
    base: Option<Url>,
    found: Vec<Link>,
    /// The whole targets, for the masking of sign-in links; parallel to `found`.
    targets: Vec<String>,
    known: HashMap<String, usize>,
}

/// How a link is written into the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// As `[text][n]` with that number.
    Numbered(usize),
    /// As `[host/path][n]`: its text was its own URL.
    Itself(String, usize),
    /// Its text alone: the target says nothing more, or cannot be followed.
    Text,
}

impl Links {
    /// An empty collection; `is_full` keeps whole URLs.
    pub fn new(is_full: bool) -> Self {
        Self { is_full, ..Self::default() }
    }

    /// Takes `<base href>` into account for relative links that follow.
    pub fn set_base(&mut self, href: &str) {
        if self.base.is_none() {
            self.base = Url::parse(href.trim()).ok().filter(Url::has_host);
        }
    }

    /// Takes in a link with its visible text.
    pub fn add(&mut self, text: &str, href: &str) -> Shown {
        let text = text.trim();
        let href = href.get(..MAX_URL).unwrap_or(href);
        let (href, _) = invisible::clean(href);
        let href: String = href.chars().filter(|c| !matches!(c, '\n' | '\t')).collect();
        let href = href.trim();
        if href.is_empty() || href.starts_with('#') {
            return Shown::Text;
        }
        let Some(target) = self.resolve(href) else { return Shown::Text };
        match target.scheme() {
            "http" | "https" | "ftp" => self.add_web(text, &target),
            "mailto" if target.path().trim().is_empty() => Shown::Text,
            "mailto" => self.add_plain_scheme(text, &target, same_address(text, target.path())),
            "tel" | "sms" | "callto" => {
                self.add_plain_scheme(text, &target, digits(text) == digits(target.path()))
            }
            "cid" | "about" | "file" => Shown::Text,
            scheme => {
                let warning =
                    format!("{scheme}: link: it runs or carries content instead of leading to a page");
                let url = clip(target.as_str(), MAX_TEXT);
                self.push(text, url, target.as_str(), Some(warning))
            }
        }
    }

    fn resolve(&self, href: &str) -> Option<Url> {
        match Url::parse(href) {
            Ok(url) => Some(url),
            Err(url::ParseError::RelativeUrlWithoutBase) => match &self.base {
                Some(base) => base.join(href).ok(),
                None if href.starts_with("//") => Url::parse(&format!("https:{href}")).ok(),
                // `www.example.org/x` without a scheme is meant as a web address.
                None if looks_like_host(href.split('/').next().unwrap_or_default()) => {
                    Url::parse(&format!("https://{href}")).ok()
                }
                None => None,
            },
            Err(_) => None,
        }
    }

    fn add_web(&mut self, text: &str, target: &Url) -> Shown {
        let warning = warn(text, target);
        let url = if self.is_full || warning.as_ref().is_some_and(|(_, is_mismatch)| *is_mismatch) {
            target.as_str().to_owned()
        } else {
            host_and_path(target)
        };
        let warning = warning.map(|(words, _)| words);
        let is_itself = warning.is_none() && is_url_text(text, target);
        let shown = self.push(text, url, target.as_str(), warning);
        match shown {
            Shown::Numbered(number) if is_itself => Shown::Itself(host_and_path(target), number),
            other => other,
        }
    }

    fn add_plain_scheme(&mut self, text: &str, target: &Url, says_it_all: bool) -> Shown {
        if says_it_all {
            return Shown::Text;
        }
        let address = percent_decoded(target.path());
        let warning = text_address(text)
            .filter(|shown| !same_address(shown, target.path()))
            .map(|shown| format!("text shows {shown}, but the link writes to {}", clip(&address, MAX_TEXT)));
        let whole = target.as_str();
        let url = if self.is_full || warning.is_some() {
            whole.to_owned()
        } else {
            clip(&format!("{}:{address}", target.scheme()), 200)
        };
        self.push(text, url, whole, warning)
    }

    fn push(&mut self, text: &str, url: String, target: &str, warning: Option<String>) -> Shown {
        let text = clip(text, MAX_TEXT);
        // A second way to the same place gets the same number; a suspicious one never does.
        if warning.is_none()
            && let Some(number) = self.known.get(target)
        {
            return Shown::Numbered(*number);
        }
        if self.found.len() >= MAX_LINKS {
            return Shown::Text;
        }
        let number = self.found.len() + 1;
        if warning.is_none() {
            self.known.insert(target.to_owned(), number);
        }
        self.found.push(Link { number, text, url, warning });
        self.targets.push(target.to_owned());
        Shown::Numbered(number)
    }

    /// Shortens a bare URL of plain text: short ones stay, long ones become `[host/path][n]`.
    pub fn shorten_bare(&mut self, url: &str) -> Option<String> {
        let parsed = Url::parse(url).ok().filter(Url::has_host)?;
        let warning = warn("", &parsed);
        let without = without_tracking(&parsed);
        if warning.is_none() && without.len() <= SHORT_URL {
            return (without.len() < url.len() && !self.is_full).then_some(without);
        }
        if self.is_full && warning.is_none() {
            return None;
        }
        let shown = host_and_path(&parsed);
        let listed = if self.is_full { url.to_owned() } else { shown.clone() };
        match self.push(&shown, listed, parsed.as_str(), warning.map(|(words, _)| words)) {
            Shown::Numbered(number) => Some(format!("[{shown}][{number}]")),
            _ => Some(shown),
        }
    }

    /// The target of a numbered link, whole.
    pub(super) fn target(&self, number: usize) -> Option<&str> {
        self.targets.get(number.checked_sub(1)?).map(String::as_str)
    }

    /// How many links have a number.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether no link has a number.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The links in order of their numbers.
    pub fn into_links(self) -> Vec<Link> {
        self.found
    }

    pub(super) fn numbered_mut(&mut self, number: usize) -> Option<&mut Link> {
        self.found.get_mut(number.checked_sub(1)?)
    }
}

/// Host and path of a URL, without scheme, `www.`, query and trailing slash; long paths are cut.
pub fn host_and_path(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = percent_decoded(url.path());
    let path = path.trim_end_matches('/');
    format!("{host}{port}{}", clip(path, MAX_PATH))
}

/// The URL without parameters that only follow the reader around.
pub fn without_tracking(url: &Url) -> String {
    let Some(query) = url.query() else { return url.as_str().to_owned() };
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !is_tracking(pair.split('=').next().unwrap_or_default())).collect();
    if kept.len() == query.split('&').count() {
        return url.as_str().to_owned();
    }
    let mut url = url.clone();
    url.set_query(if kept.is_empty() { None } else { Some(kept.join("&")) }.as_deref());
    url.into()
}

fn is_tracking(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["utm_", "mc_", "hsa_", "pk_", "mtm_", "trk_", "oly_", "vero_", "_hs", "_bta_", "s_kwcid", "elq"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || matches!(
            name.as_str(),
            "gclid"
                | "gclsrc"
                | "dclid"
                | "gbraid"
                | "wbraid"
                | "fbclid"
                | "msclkid"
                | "yclid"
                | "twclid"
                | "igshid"
                | "igsh"
                | "mkt_tok"
                | "ml_subscriber"
                | "ml_subscriber_hash"
                | "rb_clickid"
                | "wickedid"
                | "_openstat"
                | "trk"
                | "trkemail"
                | "midtoken"
                | "midsig"
                | "cmpid"
                | "ncid"
                | "sr_share"
                | "ck_subscriber_id"
                | "sc_cid"
                | "ttclid"
                | "spm"
                | "_ga"
                | "_gl"
                | "_ke"
                | "dm_i"
                | "ref_src"
                | "ref_url"
                | "li_fat_id"
                | "epik"
                | "mibextid"
                | "si"
        )
}

/// Why to be careful with a web link, and whether text and target disagree.
fn warn(text: &str, target: &Url) -> Option<(String, bool)> {
    let host = target.host_str().unwrap_or_default();
    if !target.username().is_empty() || target.password().is_some() {
        return Some((format!("the part before @ is no address: the link leads to {host}"), true));
    }
    if let Some(shown) = host_in_text(text)
        && !same_site(&shown, host)
    {
        return Some((format!("text shows {shown}, but the link leads to {host}"), true));
    }
    match target.host() {
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => Some((format!("leads to a bare IP address: {host}"), false)),
        Some(Host::Domain(domain)) if domain.split('.').any(|label| label.starts_with("xn--")) => {
            Some((format!("international host name, check its letters: {}", readable_host(domain)), false))
        }
        _ => None,
    }
}

/// The host as people see it beside its wire form.
fn readable_host(domain: &str) -> String {
    super::trust::decode_punycode_host(domain)
        .map_or_else(|| domain.to_owned(), |shown| format!("{shown} ({domain})"))
}

/// The host that a link's text names, if the text is a URL or a domain and nothing else.
fn host_in_text(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['<', '>', '(', ')', '"', '\'', '“', '”', '.', ',', ':']);
    if text.is_empty() || text.chars().any(char::is_whitespace) && !text.contains("://") {
        return None;
    }
    let first = text.split_whitespace().find(|word| word.contains("://")).unwrap_or(text);
    if let Some((scheme, _)) = first.split_once("://") {
        if !scheme.chars().all(|c| c.is_ascii_alphabetic()) {
            return None;
        }
        return Url::parse(first).ok()?.host_str().map(str::to_owned);
    }
    let host = first.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') || !looks_like_host(host) {
        return None;
    }
    Url::parse(&format!("https://{host}")).ok()?.host_str().map(str::to_owned)
}

/// Whether a word reads as a host name: dots, a letters-only ending that is no common file ending.
pub(super) fn looks_like_host(word: &str) -> bool {
    let host = word.split(':').next().unwrap_or_default();
    let Some((front, end)) = host.rsplit_once('.') else { return false };
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let is_file = matches!(
        end.to_ascii_lowercase().as_str(),
        "pdf"
            | "doc"
            | "docx"
            | "xls"
            | "xlsx"
            | "ppt"
            | "pptx"
            | "txt"
            | "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "zip"
            | "html"
            | "htm"
            | "php"
            | "js"
            | "ts"
            | "rs"
            | "py"
            | "md"
            | "csv"
            | "json"
            | "xml"
            | "ics"
            | "exe"
            | "log"
            | "css"
            | "yml"
            | "yaml"
            | "toml"
            | "java"
            | "cpp"
            | "rb"
            | "go"
            | "tex"
    );
    end.chars().count() >= 2
        && end.chars().all(char::is_alphabetic)
        && !is_file
        && front.split('.').all(is_label)
        && (host.is_ascii() || front.chars().any(char::is_alphanumeric))
}

/// Whether two hosts belong to one owner, as far as names tell.
pub(super) fn same_site(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    one == other || registrable(&one) == registrable(&other)
}

/// The domain that somebody registered: the last two labels, three below the usual second-level suffixes.
pub(super) fn registrable(host: &str) -> &str {
    let host = host.trim_end_matches('.');
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let (Some(last), second) = (dots.next(), dots.next()) else { return host };
    let Some(second) = second else { return host };
    let middle = host.get(second + 1..last).unwrap_or_default();
    let end = host.get(last + 1..).unwrap_or_default();
    let is_suffix = end.len() == 2
        && matches!(
            middle,
            "co" | "com"
                | "org"
                | "net"
                | "ac"
                | "gov"
                | "edu"
                | "or"
                | "ne"
                | "go"
                | "gob"
                | "gov2"
                | "ltd"
                | "plc"
                | "me"
                | "nhs"
                | "sch"
                | "mil"
                | "nom"
                | "asn"
                | "id"
                | "gen"
                | "govt"
                | "school"
                | "in"
                | "web"
                | "firm"
                | "info"
                | "gouv"
                | "asso"
                | "ad"
                | "ed"
                | "gr"
                | "lg"
                | "k12"
        );
    let is_hosting = matches!(
        host.get(second + 1..).unwrap_or_default(),
        "github.io"
            | "gitlab.io"
            | "pages.dev"
            | "workers.dev"
            | "web.app"
            | "netlify.app"
            | "vercel.app"
            | "herokuapp.com"
            | "blogspot.com"
            | "azurewebsites.net"
            | "cloudfront.net"
            | "appspot.com"
            | "firebaseapp.com"
            | "onrender.com"
            | "fly.dev"
            | "ngrok.io"
            | "weebly.com"
            | "wixsite.com"
    );
    if is_suffix || is_hosting {
        let third = dots.next().map_or(0, |at| at + 1);
        host.get(third..).unwrap_or(host)
    } else {
        host.get(second + 1..).unwrap_or(host)
    }
}

/// Whether the text is the URL itself.
fn is_url_text(text: &str, target: &Url) -> bool {
    let text = text.trim().trim_end_matches('/');
    if text.contains("://") || text.starts_with("www.") {
        return !text.contains(char::is_whitespace);
    }
    host_in_text(text).is_some() && text.len() >= target.host_str().unwrap_or_default().len()
}

fn text_address(text: &str) -> Option<&str> {
    text.split_whitespace().map(|word| word.trim_matches(['<', '>', '(', ')', ',', '.'])).find(|word| {
        word.split_once('@').is_some_and(|(local, host)| !local.is_empty() && looks_like_host(host))
    })
}

fn same_address(text: &str, path: &str) -> bool {
    let address = percent_decoded(path);
    let text = text.trim().trim_matches(['<', '>', '.', ',']);
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    !address.is_empty() && text.eq_ignore_ascii_case(address.trim())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Percent-decoding for show: stays as it is where the result would be no visible UTF-8.
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let value = after
            .get(..2)
            .filter(|_| first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|byte| *byte >= 0x80 || byte.is_ascii_alphanumeric() || b"-._~@+=,".contains(byte));
        if let Some(byte) = value {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    match String::from_utf8(bytes) {
        Ok(decoded) if invisible::clean(&decoded).1 == 0 => decoded,
        _ => text.to_owned(),
    }
}

/// At most `max` characters, with an ellipsis where something is missing.
pub(super) fn clip(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default().trim_end()),
    }
}

#[cfg(test)]
#[path = "links/tests.rs"]
mod tests;
