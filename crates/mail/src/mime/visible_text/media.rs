//! Which parts of a style sheet apply to a person who reads the mail on a screen.

/// The width of the screen that media queries are asked about, in pixels.
const SCREEN: f32 = 1024.0;
/// Its height.
const HEIGHT: f32 = 768.0;

/// Whether the rules inside an at-rule count (its words without the `@`). A media query that we do not
/// understand does not hold.
pub(super) fn applies(at_rule: &str) -> bool {
    let at_rule = at_rule.trim().to_ascii_lowercase();
    let end = at_rule.find(|c: char| !c.is_ascii_alphabetic() && c != '-').unwrap_or(at_rule.len());
    let (name, query) = at_rule.split_at(end);
    match name {
        "media" => query.split(',').any(holds),
        "supports" | "layer" | "container" | "scope" | "document" | "-moz-document" => true,
        _ => false,
    }
}

/// One alternative of a media query.
fn holds(query: &str) -> bool {
    let query = query.trim();
    match query.strip_prefix("not ") {
        Some(query) => !query.split(" and ").all(|term| term_holds(term) == Some(true)),
        None => query.split(" and ").all(|term| term_holds(term) == Some(true)),
    }
}

/// One term; nothing where we do not understand it.
fn term_holds(term: &str) -> Option<bool> {
    let term = term.trim();
    let term = term.strip_prefix("only ").unwrap_or(term).trim_matches(['(', ')', ' ']);
    if let Some(term) = term.strip_prefix("not ") {
        return term_holds(term).map(|holds| !holds);
    }
    if let Some(holds) = range(term) {
        return Some(holds);
    }
    let Some((feature, value)) = term.split_once(':') else {
        return match term {
            "" | "all" | "screen" | "color" | "hover" | "any-hover" | "pointer" | "any-pointer" | "width"
            | "height" | "resolution" | "orientation" => Some(true),
            "print" | "speech" | "tty" | "tv" | "projection" | "handheld" | "braille" | "embossed"
            | "aural" | "monochrome" | "grid" => Some(false),
            _ => None,
        };
    };
    let value = value.trim();
    match feature.trim() {
        "min-width" | "min-device-width" => Some(pixels(value)? <= SCREEN),
        "max-width" | "max-device-width" => Some(pixels(value)? >= SCREEN),
        "min-height" | "min-device-height" => Some(pixels(value)? <= HEIGHT),
        "max-height" | "max-device-height" => Some(pixels(value)? >= HEIGHT),
        "min-resolution" | "-webkit-min-device-pixel-ratio" | "min-color" => {
            let end = value.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(value.len());
            let (number, unit) = value.split_at(end);
            let scale = if unit == "dpi" { 96.0 } else { 1.0 };
            Some(number.trim().parse::<f32>().ok()? <= scale)
        }
        "prefers-color-scheme" => Some(value == "light"),
        "orientation" => Some(value == "landscape"),
        "hover" | "any-hover" => Some(value == "hover"),
        "pointer" | "any-pointer" => Some(value == "fine"),
        "prefers-reduced-motion" | "prefers-contrast" | "prefers-reduced-transparency" => {
            Some(value == "no-preference")
        }
        "scripting" | "forced-colors" | "inverted-colors" => Some(value == "none"),
        _ => None,
    }
}

/// `width >= 600px`, `0 < height`: the newer way to ask for a size.
fn range(term: &str) -> Option<bool> {
    let at = term.find(['<', '>'])?;
    let (left, right) = term.split_at(at);
    let is_less = right.starts_with('<');
    let right = right.trim_start_matches(['<', '>', '=']);
    let (size, bound, is_less) = match (left.trim(), right.trim()) {
        ("width", bound) => (SCREEN, bound, is_less),
        ("height", bound) => (HEIGHT, bound, is_less),
        (bound, "width") => (SCREEN, bound, !is_less),
        (bound, "height") => (HEIGHT, bound, !is_less),
        _ => return None,
    };
    let bound = pixels(bound)?;
    Some(if is_less { size <= bound } else { size >= bound })
}

fn pixels(value: &str) -> Option<f32> {
    let value = value.trim();
    let (number, scale) = match value.strip_suffix("em") {
        Some(number) => (number.trim_end_matches('r'), 16.0),
        None => (value.trim_end_matches("px"), 1.0),
    };
    number.trim().parse::<f32>().ok().map(|number| number * scale)
}

/// A sheet without comments; old ones wrap everything in an HTML comment.
pub(super) fn without_comments(css: &str) -> String {
    let css = css.replace("<!--", " ").replace("-->", " ");
    let mut out = String::with_capacity(css.len());
    let mut rest = css.as_str();
    while let Some((before, comment)) = rest.split_once("/*") {
        out.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}
