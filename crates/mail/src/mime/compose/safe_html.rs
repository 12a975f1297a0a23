//! HTML that an agent or a person wrote → HTML that may leave: nothing runs, loads or asks.
//!
//! `safe_html/nesting` writes the allowed tags anew, properly nested and bounded in depth, before ammonia
//! builds a tree: hostile nesting never reaches it. What nests too deep leaves as its visible text.

pub(in crate::mime) mod allowed;
pub(in crate::mime) mod nesting;

use std::{borrow::Cow, sync::LazyLock};

use ammonia::{Builder, UrlRelative};

use super::{
    escape::{escape_into, escape_lines},
    quotation::without_link_numbers,
};
use crate::mime::{line, links::Links, parser::guarded, visible_text};

/// Most octets of HTML that leave as HTML.
const MAX_HTML: usize = 2 * 1024 * 1024;

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::new();
    builder
        .tags(allowed::TAGS.iter().copied().collect())
        .clean_content_tags(["script", "style"].into())
        .generic_attributes(allowed::EVERYWHERE.iter().copied().collect())
        .tag_attributes(allowed::attributes())
        .url_schemes(["http", "https", "mailto", "cid"].into())
        .url_relative(UrlRelative::Deny)
        .filter_style_properties(allowed::STYLES.iter().copied().collect())
        .link_rel(None)
        .attribute_filter(|tag, name, value| {
            allowed::is_value(tag, name, value).then_some(Cow::Borrowed(value))
        });
    builder
});

/// What is written of HTML that leaves.
struct Leaving;

impl nesting::Manner for Leaving {
    fn keeps(&self, tag: &str, name: &str, value: &str) -> bool {
        allowed::is_attribute(tag, name) && allowed::is_value(tag, name, value)
    }

    fn picture(&mut self, attributes: &[(String, String)], out: &mut String) -> bool {
        let of = |wanted: &str| {
            attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
        };
        let is_kept = of("src").is_some_and(|url| allowed::is_value("img", "src", url));
        if !is_kept {
            // Pictures from elsewhere tell their owner who reads when; their words may stay.
            escape_into(out, of("alt").unwrap_or_default());
        }
        is_kept
    }
}

/// HTML without anything that runs, loads from elsewhere or asks for input: formatting, tables,
/// links (http, https, mailto), pictures of the message (`cid:`) and a short list of styles.
pub fn safe_html(html: &str) -> String {
    if html.len() <= MAX_HTML
        && let Some(nested) = nesting::nest(html, &mut Leaving)
    {
        let cleaned = guarded(|| Some(CLEANER.clean(&nested).to_string()));
        if let Some(cleaned) = cleaned {
            return cleaned;
        }
    }
    escape_lines(&html_to_text(html))
}

/// The visible text of HTML for its plain twin: Markdown-like lines, links as `text <url>`.
pub fn html_to_text(html: &str) -> String {
    let mut links = Links::new(true);
    let lines = visible_text::convert(html, &mut links).lines;
    without_link_numbers(&line::join(&lines), &links.into_links())
}

/// Whether a text is meant as HTML: it holds a tag of HTML, not only `<ann@example.org>`.
pub(super) fn is_html(text: &str) -> bool {
    text.split('<').skip(1).any(|after| {
        let after = after.strip_prefix('/').unwrap_or(after);
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let (name, rest) = after.split_at(end);
        let name = name.to_ascii_lowercase();
        rest.starts_with(['>', ' ', '/', '\n', '\r', '\t'])
            && rest.contains('>')
            && (allowed::TAGS.contains(&name.as_str()) || matches!(name.as_str(), "html" | "body"))
    })
}

#[cfg(test)]
#[path = "safe_html/tests.rs"]
mod tests;
