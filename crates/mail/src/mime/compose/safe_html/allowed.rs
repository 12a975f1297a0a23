//! What HTML that leaves may hold.

use std::collections::{HashMap, HashSet};

/// Elements.
pub(in crate::mime) const TAGS: [&str; 73] = [
    "a",
    "abbr",
    "address",
    "article",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
    "aside",
    "nav",
];

/// Elements whose content is no text of the message.
pub(in crate::mime) const DROPPED: [&str; 12] = [
    "script", "style", "title", "iframe", "noembed", "noframes", "noscript", "textarea", "xmp", "template",
    "svg", "math",
];

/// Elements without an end.
pub(in crate::mime) const VOID: [&str; 5] = ["br", "hr", "img", "col", "wbr"];

/// Attributes of every element.
pub(in crate::mime) const EVERYWHERE: [&str; 5] = ["style", "dir", "lang", "title", "align"];

/// Further attributes by element.
const ATTRIBUTES: [(&str, &[&str]); 14] = [
    ("a", &["href"]),
    ("img", &["src", "alt", "width", "height"]),
    ("table", &["border", "cellpadding", "cellspacing", "width", "bgcolor"]),
    ("tr", &["valign", "bgcolor"]),
    ("td", &["colspan", "rowspan", "valign", "width", "height", "bgcolor"]),
    ("th", &["colspan", "rowspan", "valign", "width", "height", "bgcolor", "scope"]),
    ("tbody", &["valign"]),
    ("thead", &["valign"]),
    ("col", &["span", "width"]),
    ("colgroup", &["span", "width"]),
    ("font", &["color", "face", "size"]),
    ("ol", &["start", "type"]),
    ("li", &["value"]),
    ("hr", &["width", "size"]),
];

/// Properties of `style`. None of them moves text or loads anything.
pub(in crate::mime) const STYLES: [&str; 47] = [
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-style",
    "border-top-width",
    "border-width",
    "color",
    "direction",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "white-space",
    "width",
];

/// The attributes by element, as ammonia takes them.
pub(in crate::mime) fn attributes() -> HashMap<&'static str, HashSet<&'static str>> {
    ATTRIBUTES.iter().map(|(tag, names)| (*tag, names.iter().copied().collect())).collect()
}

/// Whether an element may have an attribute.
pub(in crate::mime) fn is_attribute(tag: &str, name: &str) -> bool {
    EVERYWHERE.contains(&name)
        || ATTRIBUTES.iter().any(|(allowed, names)| *allowed == tag && names.contains(&name))
}

/// Whether an attribute may have a value.
pub(in crate::mime) fn is_value(tag: &str, name: &str, value: &str) -> bool {
    match (tag, name) {
        ("a", "href") => has_scheme(value, &["http", "https", "mailto"]),
        ("img", "src") => has_scheme(value, &["cid"]),
        (_, "style") => is_harmless_style(value),
        _ => true,
    }
}

/// What programs read as a scheme, they read without blanks and controls.
fn has_scheme(url: &str, schemes: &[&str]) -> bool {
    let url: String = url.chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(16).collect();
    url.split_once(':')
        .is_some_and(|(scheme, _)| schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known)))
}

/// Colours may be functions, nothing else may: no `url()`, no expressions, nothing written with escapes.
fn is_harmless_style(style: &str) -> bool {
    let is_color = |before: &str| {
        let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        ["rgb", "rgba", "hsl", "hsla"].iter().any(|color| word.eq_ignore_ascii_case(color))
    };
    let mut pieces = style.split('(').peekable();
    let mut is_sound = !style.contains(['\\', '@', '<', '{']) && !style.contains("/*");
    while let Some(piece) = pieces.next() {
        is_sound &= pieces.peek().is_none() || is_color(piece);
    }
    is_sound
}
