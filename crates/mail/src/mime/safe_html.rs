//! HTML of a message → HTML for a person who is to judge it: nothing runs, loads, leads anywhere or hides.
//!
//! Tags are written anew, nested and bounded in depth, before ammonia builds a tree (see `compose::safe_html`).
//! It is for a frame with a policy of its own; what stands in it beside the sender's words has a class of ours.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::{
    compose::{
        escape::{escape_into, escape_lines},
        html_to_text,
        safe_html::{
            allowed,
            nesting::{Manner, nest},
        },
    },
    invisible,
    links::Links,
    parser::guarded,
    visible_text,
};

/// Most octets of HTML that are shown as HTML.
const MAX_HTML: usize = 2 * 1024 * 1024;
/// Most octets of HTML whose text is shown.
const MAX_TEXT: usize = 4 * 1024 * 1024;
/// Characters of a URL that are shown.
const MAX_URL: usize = 300;

/// The class of a link's address, which stands behind the link.
pub const URL_CLASS: &str = "link-url";
/// The class of what stands in the place of a picture.
pub const PICTURE_CLASS: &str = "no-picture";

/// Properties that may make text unreadable; they go where a message hides some.
const HIDING: [&str; 4] = ["background-color", "color", "font-family", "font-size"];
/// Properties that may lay one text over another.
const MOVING: [&str; 3] = ["height", "line-height", "direction"];

/// HTML to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToRead {
    /// What may stand in the body of a page that loads nothing.
    pub html: String,
    /// Pictures that would be loaded from elsewhere, and are not.
    pub left_out: usize,
    /// Whether it stands there without colours and sizes, since some of it was hidden by them.
    pub is_plain: bool,
}

/// HTML without scripts, forms, frames, links that lead anywhere, pictures from elsewhere, and styles that move or
/// hide. `pictures` are the message's own by their Content-ID, as `data:` URLs.
pub fn to_read(html: &str, pictures: &BTreeMap<String, String>) -> ToRead {
    let mut end = html.len().min(MAX_TEXT);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    if html.len() <= MAX_HTML {
        let hides = visible_text::convert(html, &mut Links::new(true)).hidden > 0;
        let mut reading = Reading { pictures, hides, left_out: 0 };
        if let Some(nested) = nest(html, &mut reading) {
            let left_out = reading.left_out;
            let cleaned = guarded(|| Some(clean(&nested, pictures, hides)));
            if let Some(cleaned) = cleaned {
                let html = invisible::clean(&cleaned).0.into_owned();
                return ToRead { html, left_out, is_plain: hides };
            }
        }
    }
    let text = html_to_text(html.get(..end).unwrap_or_default());
    ToRead { html: escape_lines(&invisible::clean(&text).0), left_out: 0, is_plain: true }
}

fn clean(nested: &str, pictures: &BTreeMap<String, String>, hides: bool) -> String {
    let is_shown = |name: &&str| !MOVING.contains(name) && !(hides && HIDING.contains(name));
    let pictures: Arc<BTreeMap<String, String>> = Arc::new(pictures.clone());
    let mut attributes = allowed::attributes();
    attributes.remove("a");
    let mut builder = Builder::new();
    builder
        .tags(allowed::TAGS.iter().copied().collect())
        .clean_content_tags(["script", "style"].into())
        .generic_attributes(allowed::EVERYWHERE.iter().copied().collect())
        .tag_attributes(attributes)
        .allowed_classes([("span", [URL_CLASS, PICTURE_CLASS].into())].into())
        .url_schemes(["cid"].into())
        .url_relative(UrlRelative::Deny)
        .filter_style_properties(allowed::STYLES.iter().copied().filter(is_shown).collect())
        .link_rel(None)
        .attribute_filter(move |tag, name, value| match (tag, name) {
            ("img", "src") => picture(&pictures, value).map(|url| Cow::Owned(url.clone())),
            _ => keeps(tag, name, value, hides).then_some(Cow::Borrowed(value)),
        });
    builder.clean(nested).to_string()
}

/// The message's own picture of that URL.
fn picture<'a>(pictures: &'a BTreeMap<String, String>, url: &str) -> Option<&'a String> {
    let (scheme, id) = url.trim().split_once(':')?;
    if !scheme.eq_ignore_ascii_case("cid") {
        return None;
    }
    // RFC 2392: a Content-ID in a URL may be written with `%`
    pictures.get(id).or_else(|| {
        let decoded = id.replace("%40", "@").replace("%24", "$").replace("%2B", "+").replace("%2b", "+");
        pictures.get(&decoded)
    })
}

fn keeps(tag: &str, name: &str, value: &str, hides: bool) -> bool {
    match (tag, name) {
        ("span", "class") => value == URL_CLASS || value == PICTURE_CLASS,
        ("a", "href") => false,
        // turns the letters of a word around
        ("bdo", "dir") => false,
        (_, "bgcolor" | "color" | "size" | "face") if hides && tag != "hr" => false,
        ("td" | "th" | "img" | "hr", "height" | "width" | "size") => value.len() <= 5,
        (_, "style") => allowed::is_value(tag, name, value) && !is_negative(value),
        _ => allowed::is_attribute(tag, name) && allowed::is_value(tag, name, value),
    }
}

/// Whether a style has a length below zero, which lays text over other text or out of sight.
fn is_negative(style: &str) -> bool {
    let octets = style.as_bytes();
    octets.windows(2).enumerate().any(|(at, pair)| {
        let before = at.checked_sub(1).and_then(|before| octets.get(before));
        let is_word = before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
        matches!(pair, [b'-', next] if !is_word && (next.is_ascii_digit() || *next == b'.'))
    })
}

/// How tags are written for a reader.
struct Reading<'a> {
    pictures: &'a BTreeMap<String, String>,
    hides: bool,
    left_out: usize,
}

impl Manner for Reading<'_> {
    fn keeps(&self, tag: &str, name: &str, value: &str) -> bool {
        // a class is ours alone
        name != "class" && keeps(tag, name, value, self.hides)
    }

    fn picture(&mut self, attributes: &[(String, String)], out: &mut String) -> bool {
        let of = |wanted: &str| {
            attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
        };
        let source = of("src").unwrap_or_default();
        if picture(self.pictures, source).is_some() {
            return true;
        }
        let told = match Url::parse(source.trim()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                self.left_out += 1;
                format!("picture from {}, not loaded", url.host_str().unwrap_or_default())
            }
            _ => "picture that is not shown".to_owned(),
        };
        out.push_str("<span class=\"");
        out.push_str(PICTURE_CLASS);
        out.push_str("\">");
        escape_into(out, &told);
        let words: String = of("alt").unwrap_or_default().chars().take(MAX_URL).collect();
        if !words.trim().is_empty() {
            out.push_str(": ");
            escape_into(out, &words);
        }
        out.push_str("</span>");
        false
    }

    fn link_ended(&mut self, href: &str, out: &mut String) {
        // in ASCII, so that no letter passes for another
        let url = Url::parse(href.trim()).map_or_else(|_| href.to_owned(), String::from);
        if url.is_empty() {
            return;
        }
        out.push_str("<span class=\"");
        out.push_str(URL_CLASS);
        out.push_str("\"> [");
        let is_cut = url.chars().nth(MAX_URL).is_some();
        escape_into(out, &url.chars().take(MAX_URL).collect::<String>());
        out.push_str(if is_cut { "…]</span>" } else { "]</span>" });
    }
}

#[cfg(test)]
#[path = "safe_html/tests.rs"]
mod tests;
