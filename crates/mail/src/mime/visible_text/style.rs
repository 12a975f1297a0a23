//! Style declarations that decide whether text is seen, and their effect down the tree.
//!
//! Only what hides is understood; layout is not.

use super::{
    color::{self, Paint},
    length::{Length, lengths},
    shape,
    variables::Variables,
};

/// Text smaller than this many pixels cannot be read.
const UNREADABLE_PIXELS: f32 = 4.0;

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
    is_flattened: Option<bool>,
    is_mso_hidden: Option<bool>,
    is_ground_of_text: Option<bool>,
    is_ground_like_text: Option<bool>,
    spacing: Option<Length>,
    line_height: Option<Length>,
    pub(super) is_preformatted: Option<bool>,
}

impl Declared {
    /// Reads declarations; the second value holds those marked `!important`.
    pub(super) fn parse(text: &str, variables: &Variables) -> (Self, Self) {
        let mut normal = Self::default();
        let mut important = Self::default();
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
            let mut value = value.trim().to_ascii_lowercase();
            if value.contains("var(") {
                value = variables.resolve(&value);
            }
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

    /// Takes over one declaration; a value that browsers would not take leaves what was said before.
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "display" if is_display(value) => self.is_gone = Some(value == "none"),
            "mso-hide" => self.is_mso_hidden = Some(value == "all"),
            "visibility" => {
                let found = match value {
                    "hidden" | "collapse" => Some(true),
                    "visible" | "initial" => Some(false),
                    _ => None,
                };
                self.is_unseen = found.or(self.is_unseen);
            }
            "content-visibility" => self.is_unseen = Some(value == "hidden"),
            "opacity" | "-moz-opacity" | "-khtml-opacity" => self.opacity = fraction(value).or(self.opacity),
            "filter" | "-webkit-filter" => self.opacity = shape::filtered(value).or(self.opacity),
            "font-size" => self.font = Length::parse(value).or_else(|| font_word(value)).or(self.font),
            "font-size-adjust" if fraction(value) == Some(0.0) => self.font = Some(Length::Pixels(0.0)),
            "font" => {
                // `font: 700 0/0 a`: the size stands before an optional line height; a weight has no unit.
                let size =
                    value.split_whitespace().filter_map(|word| word.split('/').next()).find_map(|word| {
                        let is_weight = word.bytes().all(|byte| byte.is_ascii_digit()) && word != "0";
                        Length::parse(word).filter(|_| !is_weight)
                    });
                self.font = size.or(self.font);
            }
            "zoom" => self.is_flattened = Some(fraction(value).is_some_and(|zoom| zoom > 0.0 && zoom < 0.1)),
            "color" | "-webkit-text-fill-color" => self.color = color::parse(value).or(self.color),
            "background" | "background-color" | "background-image" => {
                self.background = color::first_in(value).or(self.background);
                self.is_ground_like_text = Some(value.contains("currentcolor"));
                if name == "background" {
                    self.is_ground_of_text = Some(value.split_whitespace().any(|word| word == "text"));
                }
            }
            "background-clip" | "-webkit-background-clip" => self.is_ground_of_text = Some(value == "text"),
            "letter-spacing" => self.spacing = Length::parse(value),
            "line-height" => self.line_height = Length::parse(value),
            "white-space" => {
                self.is_preformatted =
                    Some(matches!(value, "pre" | "pre-wrap" | "pre-line" | "break-spaces"));
            }
            _ => self.set_box(name, value),
        }
    }

    /// Where the box stands, how large it is and what is cut off it.
    fn set_box(&mut self, name: &str, value: &str) {
        match name {
            "text-indent" => self.indent = lengths(value).next().or(self.indent),
            "left" | "right" | "top" | "bottom" | "inset" | "inset-inline" | "inset-block"
            | "inset-inline-start" | "inset-block-start" | "inset-inline-end" | "inset-block-end" => {
                let found = lengths(value).find(|found| found.is_far());
                self.offset = found.or(self.offset);
            }
            "margin-left" | "margin-top" | "margin-inline-start" | "margin-block-start" => {
                self.margin = Length::parse(value).or(self.margin);
            }
            "margin" => {
                self.margin = lengths(value).find(|found| found.is_far_negative());
            }
            "position" if matches!(value, "absolute" | "fixed" | "relative" | "static" | "sticky") => {
                self.is_positioned = Some(!matches!(value, "static" | "sticky"));
            }
            "width" | "max-width" | "inline-size" | "max-inline-size" => merge_size(&mut self.width, value),
            "height" | "max-height" | "block-size" | "max-block-size" => merge_size(&mut self.height, value),
            "overflow" | "overflow-y" | "overflow-x"
                if ["hidden", "clip", "visible", "auto", "scroll"]
                    .iter()
                    .any(|known| value.starts_with(known)) =>
            {
                self.is_clipped = Some(value.starts_with("hidden") || value.starts_with("clip"));
            }
            "clip" => self.is_cut_away = Some(shape::is_empty_rect(value)),
            "clip-path" | "-webkit-clip-path" => self.is_cut_away = Some(shape::is_empty_path(value)),
            "transform" | "-webkit-transform" | "-ms-transform" | "scale" | "translate" | "rotate" => {
                self.is_flattened = Some(match name {
                    "scale" | "translate" | "rotate" => shape::is_moved_away(&format!("{name}({value})")),
                    _ => shape::is_moved_away(value),
                });
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
        over(&mut self.is_flattened, later.is_flattened);
        over(&mut self.is_mso_hidden, later.is_mso_hidden);
        over(&mut self.is_ground_of_text, later.is_ground_of_text);
        over(&mut self.is_ground_like_text, later.is_ground_like_text);
        over(&mut self.spacing, later.spacing);
        over(&mut self.line_height, later.line_height);
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

    /// `<small>` and its kin.
    pub(super) fn make_smaller(&mut self) {
        self.font = Some(Length::Times(0.83));
    }

    /// Whether the box is a dot that cannot hold a picture worth naming.
    pub(super) fn is_dot(&self) -> bool {
        self.width.is_some_and(Length::is_tiny) || self.height.is_some_and(Length::is_tiny)
    }
}

fn merge_size(size: &mut Option<Length>, value: &str) {
    let found = Length::parse(value);
    // `width:100%; max-width:0`: the smaller one counts.
    if found.is_some_and(Length::is_tiny) || size.is_none_or(|size| !size.is_tiny()) {
        *size = found.or(*size);
    }
}

/// The values of `display` that browsers take.
fn is_display(value: &str) -> bool {
    matches!(
        value,
        "none" | "contents" | "flow-root" | "list-item" | "initial" | "revert" | "unset" | "grid" | "flex"
    ) || ["block", "inline", "table", "ruby", "run-in", "-webkit-", "-ms-", "-moz-"]
        .iter()
        .any(|start| value.starts_with(start))
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

/// A number, or a percentage as its hundredth part.
pub(super) fn fraction(value: &str) -> Option<f32> {
    let value = value.trim();
    match value.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f32>().ok().map(|value| value / 100.0),
        None => value.parse().ok(),
    }
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
    opacity: f32,
    is_folded: bool,
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
            opacity: 1.0,
            is_folded: false,
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
        match declared.background {
            // The letters are cut out of the background.
            Some(_) if declared.is_ground_of_text == Some(true) => child.color = declared.background,
            Some(Paint::Solid(red, green, blue)) => child.ground = (red, green, blue),
            _ => {}
        }
        if declared.is_ground_like_text == Some(true)
            && let Some(Paint::Solid(red, green, blue)) = child.color
        {
            child.ground = (red, green, blue);
        }
        if let Some(is_preformatted) = declared.is_preformatted {
            child.is_preformatted = is_preformatted;
        }
        child.opacity *= declared.opacity.unwrap_or(1.0).clamp(0.0, 1.0);
        let is_thin = |side: Option<Length>| side.is_some_and(Length::is_tiny);
        let is_clipped = declared.is_clipped == Some(true);
        let is_low = declared.height.or(declared.line_height).is_some_and(Length::is_too_low);
        child.is_gone |= declared.is_gone == Some(true)
            // Buttons are hidden from Outlook alone, which gets its own; other text is hidden on purpose.
            || (declared.is_mso_hidden == Some(true) && !is_link)
            || declared.is_cut_away == Some(true)
            || declared.is_flattened == Some(true)
            || child.opacity < color::FAINT
            || declared.indent.is_some_and(Length::is_far_negative)
            || (is_clipped && declared.indent.is_some_and(Length::is_far))
            || declared.margin.is_some_and(|margin| margin.is_far_negative() || shape::is_beyond(margin))
            || declared.spacing.is_some_and(Length::is_collapsed)
            || (declared.is_positioned == Some(true) && declared.offset.is_some_and(Length::is_far))
            || (is_clipped && (is_low || is_thin(declared.width)))
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
        self.is_gone || self.is_unseen || self.is_folded
    }

    /// Whether it stands in `details` that are not open.
    pub(super) fn is_folded(&self) -> bool {
        self.is_folded
    }

    /// Folds it away, or brings it back.
    pub(super) fn fold(&mut self, is_folded: bool) {
        self.is_folded = is_folded;
    }

    /// Whether text in this style is not seen.
    pub(super) fn is_hidden(&self) -> bool {
        self.is_absent() || self.is_blended || self.font < UNREADABLE_PIXELS
    }
}
