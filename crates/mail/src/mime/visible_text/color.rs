//! CSS and HTML colours, as far as telling visible from invisible text needs them.

use std::{collections::HashMap, sync::LazyLock};

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
    match function {
        // By day: we ask for no dark colours.
        "light-dark" => return parse(rest.split(',').next()?),
        // Halfway between two colours; what counts here is one mixed with itself.
        "color-mix" => return parse_mix(rest),
        _ => {}
    }
    let inner = rest.split(')').next().unwrap_or_default();
    let mut parts = inner.split([',', ' ', '/']).filter(|part| !part.trim().is_empty()).peekable();
    if function == "color" {
        parts.next();
    }
    let mut number = |scale: f32| -> Option<f32> {
        let part = parts.next()?.trim();
        match part.strip_suffix('%') {
            Some(percent) => percent.parse::<f32>().ok().map(|value| value / 100.0 * scale),
            None if part == "none" => Some(0.0),
            None => part.trim_end_matches("deg").parse().ok(),
        }
    };
    let (red, green, blue) = match function {
        "rgb" | "rgba" => (number(255.0)?, number(255.0)?, number(255.0)?),
        "hsl" | "hsla" => from_hsl(number(360.0)?, number(1.0)?, number(1.0)?),
        "color" => (number(1.0)? * 255.0, number(1.0)? * 255.0, number(1.0)? * 255.0),
        "hwb" => {
            let (_, white, black) = (number(360.0)?, number(1.0)?, number(1.0)?);
            let sum = (white + black).max(1.0);
            // Only greys are told exactly: a hue is never the colour of the page.
            if white + black < 0.9 {
                return None;
            }
            let grey = white / sum * 255.0;
            (grey, grey, grey)
        }
        "lab" | "lch" | "oklab" | "oklch" => {
            let most = if function.starts_with("ok") { 1.0 } else { 100.0 };
            let light = number(most)? / most;
            // Nearly white and nearly black have no hue; what lies between is seen on either.
            if (0.08..0.95).contains(&light) {
                return None;
            }
            let (_, _) = (number(1.0)?, number(1.0)?);
            (light * 255.0, light * 255.0, light * 255.0)
        }
        _ => return None,
    };
    if number(1.0).is_some_and(|alpha| alpha < FAINT) {
        return Some(Paint::None);
    }
    Some(Paint::Solid(octet(red), octet(green), octet(blue)))
}

/// `color-mix(in srgb, white 40%, white)`
fn parse_mix(rest: &str) -> Option<Paint> {
    let mut colors = super::selector::split_list(rest).into_iter().skip(1).map(|color| {
        let color = color.trim().trim_end_matches(|c: char| c == '%' || c.is_ascii_digit() || c == ' ');
        let color = if color.contains('(') { color } else { color.trim_end_matches(')') };
        parse(color)
    });
    match (colors.next()??, colors.next()??) {
        (Paint::Solid(r1, g1, b1), Paint::Solid(r2, g2, b2)) => {
            let half = |one: u8, other: u8| u8::midpoint(one, other);
            Some(Paint::Solid(half(r1, r2), half(g1, g2), half(b1, b2)))
        }
        (Paint::None, other) | (other, Paint::None) => Some(other),
    }
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
    BY_NAME.get(name).copied()
}

static BY_NAME: LazyLock<HashMap<&str, Paint>> = LazyLock::new(|| {
    let words: Vec<&str> = NAMED.split_whitespace().collect();
    let (pairs, _) = words.as_chunks::<2>();
    pairs.iter().filter_map(|[name, digits]| Some((*name, parse_hex(digits)?))).collect()
});

/// The colours of CSS by name, and those of the system that are the same almost everywhere.
const NAMED: &str = "\
    aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc \
    bisque ffe4c4 black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a \
    burlywood deb887 cadetblue 5f9ea0 canvas ffffff canvastext 000000 chartreuse 7fff00 chocolate d2691e \
    coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b \
    darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 \
    darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc \
    darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f \
    darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff \
    dimgray 696969 dimgrey 696969 dodgerblue 1e90ff field ffffff fieldtext 000000 firebrick b22222 \
    floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 \
    goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 \
    hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa \
    lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 \
    lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 \
    lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 \
    lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32 \
    linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd \
    mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee \
    mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 \
    mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 \
    olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa \
    palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 \
    peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 \
    rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 \
    seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 \
    slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080 \
    thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff \
    whitesmoke f5f5f5 window ffffff windowtext 000000 yellow ffff00 yellowgreen 9acd32";

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
