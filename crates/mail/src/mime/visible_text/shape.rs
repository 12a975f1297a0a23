//! What clipping, moving and filtering leave of a box.

use super::{length::Length, style::fraction};

/// Text scaled below this cannot be read.
const UNREADABLE_SCALE: f32 = 0.1;

/// `rect(top, right, bottom, left)` without an inside.
pub(super) fn is_empty_rect(value: &str) -> bool {
    let Some(inner) = arguments(value, "rect") else { return false };
    let sides: Vec<f32> = inner
        .split([',', ' '])
        .filter(|side| !side.is_empty())
        .map(|side| match Length::parse(side) {
            Some(Length::Pixels(pixels)) => pixels,
            _ => f32::NAN,
        })
        .collect();
    let [top, right, bottom, left] = sides.as_slice() else { return false };
    let is_nothing = |from: f32, to: f32| to - from <= 1.0;
    is_nothing(*top, *bottom) || is_nothing(*left, *right) || sides.iter().all(|side| side.abs() <= 1.0)
}

/// A `clip-path` that leaves nothing.
pub(super) fn is_empty_path(value: &str) -> bool {
    if let Some(inner) = arguments(value, "inset") {
        let sides: Vec<Length> = inner.split_whitespace().map_while(Length::parse).collect();
        let side = |at: usize| sides.get(at).or_else(|| sides.get(at % 2)).or(sides.first()).copied();
        let covers = |one: Option<Length>, other: Option<Length>| match (one, other) {
            (Some(Length::Times(one)), Some(Length::Times(other))) => one + other >= 0.99,
            (Some(Length::Pixels(one)), Some(Length::Pixels(other))) => one + other >= 4_000.0,
            (Some(Length::Times(one)), _) | (_, Some(Length::Times(one))) => one >= 0.99,
            _ => false,
        };
        return covers(side(0), side(2)) || covers(side(1), side(3));
    }
    if let Some(inner) = arguments(value, "circle").or_else(|| arguments(value, "ellipse")) {
        return inner.split_whitespace().next().and_then(Length::parse).is_some_and(Length::is_tiny);
    }
    if let Some(inner) = arguments(value, "polygon") {
        let mut points = inner.split(',').map(|point| {
            let sides = point
                .split_whitespace()
                .map(|side| side.trim_end_matches(|c: char| c == '%' || c.is_alphabetic()));
            sides.collect::<Vec<_>>()
        });
        let first = points.next();
        return points.all(|point| Some(point) == first);
    }
    arguments(value, "path").is_some_and(|inner| inner.trim_matches(['"', '\'', ' ']).is_empty())
}

/// Whether a `transform` makes a box too small to read, turns its edge to the reader, or moves it off.
pub(super) fn is_moved_away(value: &str) -> bool {
    value.split_inclusive(')').any(|function| {
        let Some((name, inner)) = function.trim().trim_end_matches(')').split_once('(') else { return false };
        let inner: Vec<&str> = inner.split([',', ' ']).filter(|word| !word.is_empty()).collect();
        let numbers = || inner.iter().filter_map(|word| fraction(word));
        match name.trim() {
            "scale" | "scalex" | "scaley" => numbers().any(|scale| scale.abs() < UNREADABLE_SCALE),
            "scale3d" => numbers().take(2).any(|scale| scale.abs() < UNREADABLE_SCALE),
            "matrix" => {
                let all: Vec<f32> = numbers().collect();
                let [a, b, c, d, ..] = all.as_slice() else { return false };
                (a * d - b * c).abs() < UNREADABLE_SCALE * UNREADABLE_SCALE
            }
            "rotatex" | "rotatey" => inner.iter().any(|angle| {
                angle
                    .strip_suffix("deg")
                    .and_then(|angle| angle.parse::<f32>().ok())
                    .is_some_and(|angle| (angle.abs() % 180.0 - 90.0).abs() < 3.0)
            }),
            "translate" | "translatex" | "translatey" | "translate3d" => inner
                .iter()
                .filter_map(|shift| Length::parse(shift))
                .any(|shift| matches!(shift, Length::Pixels(pixels) if pixels.abs() >= 800.0)),
            _ => false,
        }
    })
}

/// Whether a margin pushes a box beyond the right edge.
pub(super) fn is_beyond(margin: Length) -> bool {
    matches!(margin, Length::Pixels(pixels) if pixels >= 2_000.0)
}

/// The opacity that a `filter` leaves; a blur of that width leaves no letter.
pub(super) fn filtered(value: &str) -> Option<f32> {
    if let Some(inner) = arguments(value, "opacity") {
        return fraction(inner);
    }
    let blur = arguments(value, "blur").and_then(Length::parse)?;
    Some(if matches!(blur, Length::Pixels(pixels) if pixels >= 8.0) { 0.0 } else { 1.0 })
}

fn arguments<'a>(value: &'a str, function: &str) -> Option<&'a str> {
    let start = value.find(function)? + function.len();
    let inner = value.get(start..)?.strip_prefix('(')?;
    Some(inner.split(')').next().unwrap_or(inner))
}
