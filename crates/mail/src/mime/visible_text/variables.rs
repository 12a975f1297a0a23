//! Custom properties of CSS: what `var(--x)` stands for. Where one is set several times the last counts,
//! wherever it stands.

use std::collections::HashMap;

/// Most custom properties kept.
const MAX_VARIABLES: usize = 5_000;
/// Longest value that is put together, in octets.
const MAX_VALUE: usize = 4 * 1024;

/// The custom properties of a message.
#[derive(Debug, Default)]
pub(super) struct Variables(HashMap<String, String>);

impl Variables {
    /// Notes what declarations set; those that `@media` keeps for other screens are passed over.
    pub(super) fn note_sheet(&mut self, css: &str) {
        let mut rest = css;
        let mut is_other = Vec::new();
        while let Some(at) = rest.find(['{', '}', ';']) {
            let (item, from) = rest.split_at(at);
            let is_open = from.starts_with('{');
            if is_open {
                let at_rule = item.trim().strip_prefix('@');
                let is_outside = is_other.last().copied().unwrap_or(false);
                is_other.push(is_outside || at_rule.is_some_and(|rule| !super::media::applies(rule)));
            } else if !is_other.last().copied().unwrap_or(false) {
                self.note(item);
            }
            if from.starts_with('}') {
                is_other.pop();
            }
            rest = from.get(1..).unwrap_or_default();
        }
        self.note(rest);
    }

    /// Notes what a style attribute sets.
    pub(super) fn note_style(&mut self, style: &str) {
        for declaration in style.split(';') {
            self.note(declaration);
        }
    }

    fn note(&mut self, declaration: &str) {
        let Some((name, value)) = declaration.split_once(':') else { return };
        let name = name.trim();
        if name.starts_with("--") && value.len() <= MAX_VALUE && self.0.len() < MAX_VARIABLES {
            // Names are told apart by case, but values come here in lower case.
            self.0.insert(name.to_ascii_lowercase(), value.trim().to_ascii_lowercase());
        }
    }

    /// A value with each `var(…)` replaced by what it stands for, or by its fallback.
    pub(super) fn resolve(&self, value: &str) -> String {
        let mut value = value.to_owned();
        for _ in 0..32 {
            let Some(start) = value.find("var(").filter(|_| value.len() <= MAX_VALUE) else { break };
            let inside = value.get(start + 4..).unwrap_or_default();
            let mut depth = 1_usize;
            let end = inside.bytes().position(|byte| {
                match byte {
                    b'(' => depth += 1,
                    b')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            let inner = inside.get(..end.unwrap_or(inside.len())).unwrap_or_default();
            let (name, fallback) = inner.split_once(',').unwrap_or((inner, ""));
            let found = self.0.get(name.trim());
            let after = end.and_then(|end| inside.get(end + 1..)).unwrap_or_default();
            let found = found.map_or(fallback.trim(), String::as_str);
            value = format!("{}{found}{after}", value.get(..start).unwrap_or_default());
        }
        value
    }
}
