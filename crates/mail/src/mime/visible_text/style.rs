//! Style declarations that decide whether text is seen, and their effect down the tree.
//!
//! Only what hides is understood; layout is not.

use super::color::{self, Paint};

/// Longest style text that is read, in octets.
const MAX_STYLE: usize = 16 * 1024;
/// Text at or below this many pixels cannot be read (1pt is 1.33 pixels).
const UNREADABLE_PIXELS: f32 = 1.5;
/// A shift beyond this many pixels is off every screen.
const OFF_SCREEN: f32 = 400.0;

/// A length as far as we need it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Length {
    /// CSS pixels.
    Pixels(f32),
    /// A multiple of the parent's.
    Times(f32),
}

impl Length {
    /// Whether nothing, or next to nothing.
    fn is_tiny(self) -> bool {
        match self {
            Self::Pixels(pixels) => pixels.abs() <= 1.0,
            Self::Times(times) => times.abs() <= 0.01,
        }
    }

    fn is_far_negative(self) -> bool {
        match self {
            Self::Pixels(pixels) => pixels <= -OFF_SCREEN,
            Self::Times(times) => times <= -1.0,
        }
    }

    fn is_far(self) -> bool {
        match self {
            Self::Pixels(pixels) => pixels.abs() >= OFF_SCREEN * 2.0,
            Self::Times(times) => times.abs() >= 1.0,
        }
    }
}

/// What one element's declarations say. Absent: nothing said.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Declared {
    is_gone: Option<bool>,
    is_unseen: Option<bool>,
    opacity: Option<f32>,
    font: Option<Length>,
    color: Option<Paint>,
    background: Option<Paint>,
    indent: Option<Length>,
    offset: Option<Length>,
    margin: Option<Length>,
    is_positioned: Option<bool>,
    width: Option<Length>,
    height: Option<Length>,
    is_clipped: Option<bool>,
    is_cut_away: Option<bool>,
    pub(super) is_preformatted: Option<bool>,
}

impl Declared {
    /// Reads declarations; the second value holds those marked `!important`.
    pub(super) fn parse(text: &str) -> (Self, Self) {
        let mut normal = Self::default();
        let mut important = Self::default();
        let text = text.get(..MAX_STYLE).unwrap_or(text);
        let cleaned;
        let text = if text.contains('\\') || text.contains("/*") {
            cleaned = plain_css(text);
            cleaned.as_str()
        } else {
            text
        };
        for declaration in text.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let name = name.trim().to_ascii_lowercase();
            let value = value.trim().to_ascii_lowercase();
            match value.split_once('!') {
                Some((value, _)) => important.set(&name, value.trim()),
                None => normal.set(&name, &value),
            }
        }
        (normal, important)
    }

    /// Whether nothing of it matters.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn set(&mut self, name: &str, value: &str) {
        match name {
            "display" => self.is_gone = Some(value == "none"),
            "mso-hide" if value == "all" => self.is_gone = Some(true),
            "visibility" => self.is_unseen = Some(matches!(value, "hidden" | "collapse")),
            "content-visibility" => self.is_unseen = Some(value == "hidden"),
            "opacity" => self.opacity = fraction(value),
            "filter" => {
                if let Some(inner) = value.split_once("opacity(").map(|(_, rest)| rest) {
                    self.opacity = inner.split(')').next().and_then(fraction);
                }
            }
            "font-size" => self.font = length(value).or_else(|| font_word(value)),
            "font" => {
                // `font: 0/0 a`: the size stands before an optional line height.
                let size = value.split_whitespace().find_map(|word| length(word.split('/').next()?));
                self.font = size.or(self.font);
            }
            "color" | "-webkit-text-fill-color" => self.color = color::parse(value).or(self.color),
            "background" | "background-color" | "background-image" => {
                self.background = color::first_in(value).or(self.background);
            }
            "text-indent" => self.indent = length(value.split_whitespace().next().unwrap_or_default()),
            "left" | "right" | "top" | "bottom" | "inset" => {
                let found = length(value.split_whitespace().next().unwrap_or_default());
                if found.is_some_and(Length::is_far) {
                    self.offset = found;
                }
            }
            "margin-left" | "margin-top" => self.margin = length(value),
            "margin" => {
                self.margin =
                    value.split_whitespace().filter_map(length).find(|found| found.is_far_negative());
            }
            "position" => self.is_positioned = Some(matches!(value, "absolute" | "fixed" | "relative")),
            "width" | "max-width" => merge_size(&mut self.width, value),
            "height" | "max-height" => merge_size(&mut self.height, value),
            "overflow" | "overflow-y" | "overflow-x" => {
                self.is_clipped = Some(matches!(value, "hidden" | "clip") || value.starts_with("hidden"));
            }
            "clip" => self.is_cut_away = Some(is_empty_rect(value)),
            "clip-path" => {
                self.is_cut_away = Some(
                    ["inset(100%", "inset(50%", "circle(0", "polygon(0 0, 0 0", "polygon(0px 0px, 0px 0px"]
                        .iter()
                        .any(|cut| value.starts_with(cut)),
                );
            }
            "transform" | "-webkit-transform" => {
                let compact: String = value.chars().filter(|c| !c.is_whitespace()).collect();
                let is_flat = ["scale(0)", "scale(0,", "scalex(0)", "scaley(0)", "scale(0.0", "scale3d(0,"]
                    .iter()
                    .any(|scale| compact.contains(scale));
                let is_away = compact
                    .split("translate")
                    .skip(1)
                    .filter_map(|rest| rest.split_once('('))
                    .flat_map(|(_, rest)| rest.split(')').next().unwrap_or_default().split(','))
                    .filter_map(length)
                    .any(|shift| matches!(shift, Length::Pixels(pixels) if pixels.abs() >= OFF_SCREEN * 2.0));
                self.is_cut_away = Some(is_flat || is_away);
            }
            "white-space" => {
                self.is_preformatted =
                    Some(matches!(value, "pre" | "pre-wrap" | "pre-line" | "break-spaces"));
            }
            _ => {}
        }
    }

    /// Later declarations on top of these.
    pub(super) fn overlay(&mut self, later: &Self) {
        fn over<T: Copy>(under: &mut Option<T>, later: Option<T>) {
            if later.is_some() {
                *under = later;
            }
        }
        over(&mut self.is_gone, later.is_gone);
        over(&mut self.is_unseen, later.is_unseen);
        over(&mut self.opacity, later.opacity);
        over(&mut self.font, later.font);
        over(&mut self.color, later.color);
        over(&mut self.background, later.background);
        over(&mut self.indent, later.indent);
        over(&mut self.offset, later.offset);
        over(&mut self.margin, later.margin);
        over(&mut self.is_positioned, later.is_positioned);
        over(&mut self.width, later.width);
        over(&mut self.height, later.height);
        over(&mut self.is_clipped, later.is_clipped);
        over(&mut self.is_cut_away, later.is_cut_away);
        over(&mut self.is_preformatted, later.is_preformatted);
    }

    /// What HTML attributes say, below every style: `bgcolor`, `color`, `hidden`, `<font size>`.
    pub(super) fn set_color(&mut self, value: &str) {
        self.color = color::parse(value).or(self.color);
    }

    /// `bgcolor`.
    pub(super) fn set_background(&mut self, value: &str) {
        self.background = color::parse(value).or(self.background);
    }

    /// `hidden`, and elements that no reader shows.
    pub(super) fn hide(&mut self) {
        self.is_gone = Some(true);
    }

    /// Whether the box is a dot that cannot hold a picture worth naming.
    pub(super) fn is_dot(&self) -> bool {
        self.width.is_some_and(Length::is_tiny) || self.height.is_some_and(Length::is_tiny)
    }
}

fn merge_size(size: &mut Option<Length>, value: &str) {
    let found = length(value);
    // `width:100%; max-width:0`: the smaller one counts.
    if found.is_some_and(Length::is_tiny) || size.is_none_or(|size| !size.is_tiny()) {
        *size = found.or(*size);
    }
}

fn is_empty_rect(value: &str) -> bool {
    let Some((_, inner)) = value.split_once("rect(") else { return false };
    let sides: Vec<Option<Length>> = inner
        .split(')')
        .next()
        .unwrap_or_default()
        .split([',', ' '])
        .filter(|side| !side.is_empty())
        .map(length)
        .collect();
    sides.len() == 4 && sides.iter().all(|side| side.is_some_and(Length::is_tiny))
}

fn font_word(value: &str) -> Option<Length> {
    Some(match value {
        "xx-small" | "x-small" | "small" | "medium" | "large" | "x-large" | "xx-large" | "initial" => {
            Length::Pixels(14.0)
        }
        "smaller" => Length::Times(0.83),
        "larger" => Length::Times(1.2),
        _ => return None,
    })
}

fn fraction(value: &str) -> Option<f32> {
    let value = value.trim();
    match value.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().ok().map(|value| value / 100.0),
        None => value.parse().ok(),
    }
}

fn length(text: &str) -> Option<Length> {
    let text = text.trim();
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f32 = number.parse().ok()?;
    Some(match unit.trim() {
        "" | "px" => Length::Pixels(number),
        "pt" => Length::Pixels(number * 4.0 / 3.0),
        "pc" | "rem" | "ch" => Length::Pixels(number * 16.0),
        "in" => Length::Pixels(number * 96.0),
        "cm" => Length::Pixels(number * 37.8),
        "mm" => Length::Pixels(number * 3.78),
        "em" => Length::Times(number),
        "ex" => Length::Times(number / 2.0),
        "%" => Length::Times(number / 100.0),
        "vw" | "vh" | "vmin" | "vmax" => Length::Pixels(number * 10.0),
        _ => return None,
    })
}

/// CSS without comments and with its escapes resolved.
fn plain_css(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '/']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if let Some(comment) = from.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else if let Some(escaped) = from.strip_prefix('\\') {
            let digits = escaped.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
            let (code, after) = escaped.split_at(digits);
            if let Some(c) = u32::from_str_radix(code, 16).ok().and_then(char::from_u32) {
                out.push(c);
            }
            rest = if digits > 0 { after.strip_prefix(' ').unwrap_or(after) } else { after };
        } else {
            out.push('/');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

/// The style in force at one place of the tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Computed {
    is_gone: bool,
    is_unseen: bool,
    font: f32,
    /// Absent: a colour of the reading program's own, such as a link's.
    color: Option<Paint>,
    ground: (u8, u8, u8),
    /// Whether whitespace counts.
    pub(super) is_preformatted: bool,
    is_blended: bool,
}

impl Default for Computed {
    fn default() -> Self {
        Self {
            is_gone: false,
            is_unseen: false,
            font: 16.0,
            color: Some(Paint::Solid(0, 0, 0)),
            ground: (255, 255, 255),
            is_preformatted: false,
            is_blended: false,
        }
    }
}

impl Computed {
    /// The style of a child with these declarations. Links start with the reader's own link colour.
    pub(super) fn child(&self, declared: &Declared, is_link: bool) -> Self {
        let mut child = *self;
        if is_link {
            child.color = None;
        }
        if let Some(is_unseen) = declared.is_unseen {
            child.is_unseen = is_unseen;
        }
        match declared.font {
            Some(Length::Pixels(pixels)) => child.font = pixels,
            Some(Length::Times(times)) => child.font *= times,
            None => {}
        }
        if let Some(color) = declared.color {
            child.color = Some(color);
        }
        if let Some(Paint::Solid(red, green, blue)) = declared.background {
            child.ground = (red, green, blue);
        }
        if let Some(is_preformatted) = declared.is_preformatted {
            child.is_preformatted = is_preformatted;
        }
        let is_thin = |side: Option<Length>| side.is_some_and(Length::is_tiny);
        let is_clipped = declared.is_clipped == Some(true);
        child.is_gone |= declared.is_gone == Some(true)
            || declared.is_cut_away == Some(true)
            || declared.opacity.is_some_and(|opacity| opacity < color::FAINT)
            || declared.indent.is_some_and(Length::is_far_negative)
            || declared.margin.is_some_and(Length::is_far_negative)
            || (declared.is_positioned == Some(true) && declared.offset.is_some_and(Length::is_far))
            || (is_clipped && (is_thin(declared.height) || is_thin(declared.width)))
            || (is_thin(declared.height) && is_thin(declared.width));
        child.is_blended = !child.is_gone
            && match child.color {
                Some(Paint::None) => true,
                Some(Paint::Solid(red, green, blue)) => color::is_invisible((red, green, blue), child.ground),
                None => false,
            };
        child
    }

    /// Whether the element is not there at all, pictures included.
    pub(super) fn is_absent(&self) -> bool {
        self.is_gone || self.is_unseen
    }

    /// Whether text in this style is not seen.
    pub(super) fn is_hidden(&self) -> bool {
        self.is_gone || self.is_unseen || self.is_blended || self.font < UNREADABLE_PIXELS
    }
}
