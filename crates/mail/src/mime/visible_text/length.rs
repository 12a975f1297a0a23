//! CSS lengths, as far as telling whether a box or a letter is too small or too far away.

/// A shift beyond this many pixels is off every screen.
const OFF_SCREEN: f32 = 400.0;
/// Deepest nesting of `calc(…)`.
const MAX_NESTED: usize = 8;

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
    pub(super) fn is_tiny(self) -> bool {
        match self {
            Self::Pixels(pixels) => pixels.abs() <= 1.0,
            Self::Times(times) => times.abs() <= 0.01,
        }
    }

    /// Whether no line of text fits in.
    pub(super) fn is_too_low(self) -> bool {
        match self {
            Self::Pixels(pixels) => pixels <= 4.0,
            Self::Times(times) => times <= 0.01,
        }
    }

    /// Whether a shift by it leads off the left or upper edge.
    pub(super) fn is_far_negative(self) -> bool {
        match self {
            Self::Pixels(pixels) => pixels <= -OFF_SCREEN,
            Self::Times(times) => times <= -1.0,
        }
    }

    /// Whether a shift by it leads off any edge.
    pub(super) fn is_far(self) -> bool {
        match self {
            Self::Pixels(pixels) => pixels.abs() >= OFF_SCREEN * 2.0,
            Self::Times(times) => times.abs() >= 1.0,
        }
    }

    /// Whether letters set that much closer fall upon each other.
    pub(super) fn is_collapsed(self) -> bool {
        match self {
            Self::Pixels(pixels) => pixels <= -12.0,
            Self::Times(times) => times <= -0.5,
        }
    }

    /// Reads one, `calc(…)` and its kin too.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.contains('(') {
            let mut sum = Reader { rest: text, depth: 0 };
            return sum.sum().map(Sum::length);
        }
        plain(text)
    }
}

/// The lengths of a list, those that are none left out.
pub(super) fn lengths(value: &str) -> impl Iterator<Item = Length> {
    let mut depth = 0_usize;
    let words = value.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && c.is_whitespace()
    });
    words.filter_map(Length::parse)
}

/// A length without functions.
fn plain(text: &str) -> Option<Length> {
    let end = number_end(text);
    let (number, unit) = text.split_at(end);
    let number: f32 = number.parse().ok()?;
    Some(match unit.trim() {
        "" | "px" => Length::Pixels(number),
        "pt" => Length::Pixels(number * 4.0 / 3.0),
        "pc" | "rem" | "ch" => Length::Pixels(number * 16.0),
        "in" => Length::Pixels(number * 96.0),
        "cm" => Length::Pixels(number * 37.8),
        "mm" => Length::Pixels(number * 3.78),
        "q" => Length::Pixels(number * 0.945),
        "em" => Length::Times(number),
        "ex" => Length::Times(number / 2.0),
        "%" => Length::Times(number / 100.0),
        "vw" | "vh" | "vmin" | "vmax" | "svw" | "svh" | "dvw" | "dvh" | "lvw" | "lvh" => {
            Length::Pixels(number * 10.0)
        }
        _ => return None,
    })
}

/// Where a number ends, its exponent (`1e-9`) included.
fn number_end(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'))
            .count()
    };
    let end = digits(0);
    let is_exponent = text.get(end..).is_some_and(|rest| {
        let mut bytes = rest.bytes();
        matches!(bytes.next(), Some(b'e' | b'E'))
            && bytes.next().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+'))
    });
    if is_exponent { digits(end + 1) } else { end }
}

/// A term of `calc(…)`.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    pixels: f32,
    times: f32,
    is_number: bool,
}

impl Sum {
    fn length(self) -> Length {
        if self.times == 0.0 {
            Length::Pixels(self.pixels)
        } else if self.pixels == 0.0 {
            Length::Times(self.times)
        } else {
            Length::Pixels(self.about())
        }
    }

    /// About how many pixels.
    fn about(self) -> f32 {
        self.pixels + self.times * 16.0
    }

    fn scaled(self, by: f32) -> Self {
        Self { pixels: self.pixels * by, times: self.times * by, ..self }
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn skip(&mut self, octets: usize) {
        self.rest = self.rest.get(octets..).unwrap_or_default();
    }

    fn next(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start();
        self.rest.bytes().next()
    }

    fn sum(&mut self) -> Option<Sum> {
        let mut sum = self.product()?;
        while let Some(sign @ (b'+' | b'-')) = self.next() {
            self.skip(1);
            let term = self.product()?.scaled(if sign == b'+' { 1.0 } else { -1.0 });
            sum = Sum { pixels: sum.pixels + term.pixels, times: sum.times + term.times, ..sum };
        }
        Some(sum)
    }

    fn product(&mut self) -> Option<Sum> {
        let mut product = self.term()?;
        while let Some(sign @ (b'*' | b'/')) = self.next() {
            self.skip(1);
            let factor = self.term()?;
            product = match sign {
                b'/' => product.scaled(1.0 / factor.pixels),
                _ if factor.is_number => product.scaled(factor.pixels),
                _ => factor.scaled(product.pixels),
            };
        }
        Some(product)
    }

    fn term(&mut self) -> Option<Sum> {
        self.next()?;
        let name = self.rest.bytes().take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'-').count();
        if self.rest.as_bytes().get(name) == Some(&b'(') {
            let function = self.rest.get(..name).unwrap_or_default().to_owned();
            self.skip(name + 1);
            return self.function(&function);
        }
        let number = number_end(self.rest);
        let unit =
            self.rest.get(number..)?.bytes().take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'%');
        let end = number + unit.count();
        let text = self.rest.get(..end)?;
        let is_number = number == end;
        let sum = match plain(text)? {
            Length::Pixels(pixels) => Sum { pixels, times: 0.0, is_number },
            Length::Times(times) => Sum { pixels: 0.0, times, is_number },
        };
        self.skip(end);
        Some(sum)
    }

    fn function(&mut self, name: &str) -> Option<Sum> {
        self.depth += 1;
        if self.depth > MAX_NESTED {
            return None;
        }
        let mut arguments = vec![self.sum()?];
        while self.next() == Some(b',') {
            self.skip(1);
            arguments.push(self.sum()?);
        }
        if self.next() == Some(b')') {
            self.skip(1);
        }
        self.depth -= 1;
        let by_size = |one: &&Sum, other: &&Sum| one.about().total_cmp(&other.about());
        let found = match name {
            "" | "calc" | "-webkit-calc" => arguments.first(),
            "min" => arguments.iter().min_by(by_size),
            "max" => arguments.iter().max_by(by_size),
            "clamp" => {
                let [least, value, most] = arguments.as_slice() else { return None };
                let value = if value.about() > most.about() { most } else { value };
                Some(if value.about() < least.about() { least } else { value })
            }
            _ => None,
        };
        found.copied()
    }
}
