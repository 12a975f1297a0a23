//! CSS and HTML colours, as far as telling visible from invisible text needs them.

/// A colour with its opacity left out: what is nearly transparent is [`Paint::None`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Paint {
    /// Red, green, blue.
    Solid(u8, u8, u8),
    /// Transparent, or as good as.
    None,
}

/// WCAG contrast below which nobody reads the text. White on the lightest greys stays below it.
const INVISIBLE_CONTRAST: f32 = 1.2;
/// Opacity below which nothing is seen.
pub(super) const FAINT: f32 = 0.1;

/// Reads a colour of CSS or of an HTML attribute; absent if it is none we know.
pub(super) fn parse(text: &str) -> Option<Paint> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(digits) = text.strip_prefix('#') {
        return parse_hex(digits);
    }
    if let Some((function, rest)) = text.split_once('(') {
        return parse_function(function.trim(), rest);
    }
    if text == "transparent" {
        return Some(Paint::None);
    }
    named(&text).or_else(|| {
        // Attributes like bgcolor="FFFFFF" come without the number sign.
        if text.len() == 6 { parse_hex(&text) } else { None }
    })
}

/// The first colour inside a `background` value or a gradient.
pub(super) fn first_in(value: &str) -> Option<Paint> {
    if let Some(at) = value.find("gradient(") {
        let inner = value.get(at + 9..).unwrap_or_default();
        return inner.split([',', ' ']).find_map(parse);
    }
    if let Some(found) = ["rgb", "hsl"].iter().find_map(|name| value.find(name)) {
        return parse(value.get(found..).unwrap_or_default());
    }
    value.split_whitespace().filter(|word| !word.starts_with("url(")).find_map(parse)
}

fn parse_hex(digits: &str) -> Option<Paint> {
    let value: Vec<u8> = digits
        .chars()
        .map(|c| c.to_digit(16))
        .map(|d| d.map(|d| d.to_le_bytes()[0]))
        .collect::<Option<_>>()?;
    let paint = |red: u8, green: u8, blue: u8, alpha: u8| {
        Some(if f32::from(alpha) / 255.0 < FAINT { Paint::None } else { Paint::Solid(red, green, blue) })
    };
    match *value.as_slice() {
        [r, g, b] => paint(r * 17, g * 17, b * 17, 255),
        [r, g, b, a] => paint(r * 17, g * 17, b * 17, a * 17),
        [r1, r2, g1, g2, b1, b2] => paint(r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2, 255),
        [r1, r2, g1, g2, b1, b2, a1, a2] => paint(r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2, a1 * 16 + a2),
        _ => None,
    }
}

fn parse_function(function: &str, rest: &str) -> Option<Paint> {
    let inner = rest.split(')').next().unwrap_or_default();
    let mut parts = inner.split([',', ' ', '/']).filter(|part| !part.trim().is_empty());
    let mut number = |scale: f32| -> Option<f32> {
        let part = parts.next()?.trim();
        match part.strip_suffix('%') {
            Some(percent) => percent.parse::<f32>().ok().map(|value| value / 100.0 * scale),
            None => part.trim_end_matches("deg").parse().ok(),
        }
    };
    let (red, green, blue) = match function {
        "rgb" | "rgba" => (number(255.0)?, number(255.0)?, number(255.0)?),
        "hsl" | "hsla" => from_hsl(number(360.0)?, number(1.0)?, number(1.0)?),
        _ => return None,
    };
    if number(1.0).is_some_and(|alpha| alpha < FAINT) {
        return Some(Paint::None);
    }
    Some(Paint::Solid(octet(red), octet(green), octet(blue)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255 just before")]
fn octet(value: f32) -> u8 {
    value.clamp(0.0, 255.0).round() as u8
}

fn from_hsl(hue: f32, saturation: f32, light: f32) -> (f32, f32, f32) {
    let channel = |shift: f32| {
        let k = (shift + hue.rem_euclid(360.0) / 30.0) % 12.0;
        let a = saturation * light.min(1.0 - light);
        (light - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)) * 255.0
    };
    (channel(0.0), channel(8.0), channel(4.0))
}

fn named(name: &str) -> Option<Paint> {
    let (red, green, blue) = match name {
        "white" | "window" | "canvas" => (255, 255, 255),
        "black" | "windowtext" | "canvastext" => (0, 0, 0),
        "red" => (255, 0, 0),
        "green" => (0, 128, 0),
        "blue" => (0, 0, 255),
        "yellow" => (255, 255, 0),
        "navy" => (0, 0, 128),
        "gray" | "grey" => (128, 128, 128),
        "silver" => (192, 192, 192),
        "lightgray" | "lightgrey" => (211, 211, 211),
        "darkgray" | "darkgrey" => (169, 169, 169),
        "dimgray" | "dimgrey" => (105, 105, 105),
        "gainsboro" => (220, 220, 220),
        "whitesmoke" => (245, 245, 245),
        "snow" => (255, 250, 250),
        "ivory" => (255, 255, 240),
        "ghostwhite" => (248, 248, 255),
        "floralwhite" => (255, 250, 240),
        "aliceblue" => (240, 248, 255),
        "azure" => (240, 255, 255),
        "mintcream" => (245, 255, 250),
        "honeydew" => (240, 255, 240),
        "seashell" => (255, 245, 238),
        "linen" => (250, 240, 230),
        "beige" => (245, 245, 220),
        "oldlace" => (253, 245, 230),
        "lavender" => (230, 230, 250),
        "lavenderblush" => (255, 240, 245),
        "lightyellow" => (255, 255, 224),
        "cornsilk" => (255, 248, 220),
        "maroon" => (128, 0, 0),
        "purple" => (128, 0, 128),
        "teal" => (0, 128, 128),
        "olive" => (128, 128, 0),
        "lime" => (0, 255, 0),
        "aqua" | "cyan" => (0, 255, 255),
        "fuchsia" | "magenta" => (255, 0, 255),
        "orange" => (255, 165, 0),
        "brown" => (165, 42, 42),
        "pink" => (255, 192, 203),
        "gold" => (255, 215, 0),
        "darkblue" => (0, 0, 139),
        "darkgreen" => (0, 100, 0),
        "darkred" => (139, 0, 0),
        "midnightblue" => (25, 25, 112),
        "steelblue" => (70, 130, 180),
        "slategray" | "slategrey" => (112, 128, 144),
        "darkslategray" | "darkslategrey" => (47, 79, 79),
        _ => return None,
    };
    Some(Paint::Solid(red, green, blue))
}

/// Whether text of one colour on a ground of another cannot be seen.
pub(super) fn is_invisible(text: (u8, u8, u8), ground: (u8, u8, u8)) -> bool {
    let (one, other) = (luminance(text), luminance(ground));
    let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
    // Equal brightness in different hues is still seen.
    let distance = |a: u8, b: u8| u32::from(a.abs_diff(b));
    let apart = distance(text.0, ground.0) + distance(text.1, ground.1) + distance(text.2, ground.2);
    contrast < INVISIBLE_CONTRAST && apart < 100
}

fn luminance((red, green, blue): (u8, u8, u8)) -> f32 {
    let channel = |value: u8| {
        let value = f32::from(value) / 255.0;
        if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue)
}
