//! The `<style>` sheets of a message: which rules hide what.
//!
//! Simple selectors and descendants of them; rules that hide nothing are dropped when read.

use std::collections::HashMap;

use super::style::Declared;

/// Most rules kept.
const MAX_RULES: usize = 2_000;
/// Most octets of style sheets read in one message.
const MAX_SHEET: usize = 512 * 1024;
/// Most ancestor comparisons in one message; beyond it a rule counts as if its ancestors were there.
const MAX_STEPS: usize = 2_000_000;
/// The width of the screen that media queries are asked about, in pixels.
const SCREEN: f32 = 1024.0;

/// A name as a number: collisions are harmless, they can only hide more.
pub(super) fn name_hash(name: &str) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in name.bytes() {
        hash ^= u32::from(byte.to_ascii_lowercase());
        hash = hash.wrapping_mul(0x0100_0193);
    }
    hash
}

/// The names by which an element can be selected.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// The tag.
    pub(super) tag: u32,
    /// The id; zero if there is none.
    pub(super) id: u32,
    /// The classes.
    pub(super) classes: Box<[u32]>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Compound {
    tag: Option<u32>,
    id: Option<u32>,
    classes: Vec<u32>,
}

impl Compound {
    fn fits(&self, names: &Names) -> bool {
        self.tag.is_none_or(|tag| tag == names.tag)
            && self.id.is_none_or(|id| id == names.id)
            && self.classes.iter().all(|class| names.classes.contains(class))
    }
}

#[derive(Debug, Clone)]
struct Rule {
    target: Compound,
    /// Outermost first.
    ancestors: Vec<Compound>,
    specificity: (usize, usize, usize),
    normal: Declared,
    important: Declared,
}

/// All rules of a message that can hide something.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    rules: Vec<Rule>,
    by_name: HashMap<u32, Vec<usize>>,
    anywhere: Vec<usize>,
    octets: usize,
    steps: usize,
}

impl Sheet {
    /// Reads all style elements of a document ahead of its text: one at the end rules the beginning too.
    ///
    /// Comments are passed over, and with them the sheets that only Outlook reads.
    pub(super) fn collect(html: &str) -> Self {
        let mut sheet = Self::default();
        let mut rest = html;
        while let Some(open) = rest.find('<') {
            let from = rest.get(open..).unwrap_or_default();
            if let Some(comment) = from.strip_prefix("<!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
            } else if let Some(inside) = after_tag(from, "<style") {
                let (attributes, content) = inside.split_once('>').unwrap_or((inside, ""));
                let end = find_ignoring_case(content, "</style").unwrap_or(content.len());
                let (css, after) = content.split_at(end);
                if media_of(attributes).is_none_or(|media| applies(&format!("media {media}"))) {
                    sheet.add(css);
                }
                rest = after;
            } else if let Some(inside) = after_tag(from, "<script") {
                rest = find_ignoring_case(inside, "</script").and_then(|end| inside.get(end..)).unwrap_or("");
            } else {
                rest = from.get(1..).unwrap_or_default();
            }
        }
        sheet
    }

    fn add(&mut self, css: &str) {
        self.octets = self.octets.saturating_add(css.len());
        if self.octets > MAX_SHEET {
            return;
        }
        let css = without_comments(css);
        let mut rest = css.as_str();
        // Closing braces of applied media blocks are skipped as they come.
        while let Some(open) = rest.find('{') {
            let (prelude, body) = rest.split_at(open);
            let body = body.get(1..).unwrap_or_default();
            let prelude = prelude.trim_start_matches(|c: char| c == '}' || c == ';' || c.is_whitespace());
            let prelude = prelude.rsplit(';').next().unwrap_or_default().trim();
            if let Some(at_rule) = prelude.strip_prefix('@') {
                let is_group = at_rule.starts_with("media") || at_rule.starts_with("supports");
                rest = if is_group && applies(at_rule) { body } else { skip_block(body) };
                continue;
            }
            let Some((declarations, after)) = body.split_once('}') else {
                self.add_rule(prelude, body);
                return;
            };
            self.add_rule(prelude, declarations);
            rest = after;
        }
    }

    /// Whether no rule matters.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn add_rule(&mut self, selectors: &str, declarations: &str) {
        let (normal, important) = Declared::parse(declarations);
        if normal.is_empty() && important.is_empty() {
            return;
        }
        for selector in selectors.split(',').take(200) {
            if self.rules.len() >= MAX_RULES {
                return;
            }
            let Some((target, ancestors)) = parse_selector(selector) else { continue };
            let all = ancestors.iter().chain([&target]);
            let specificity = all.fold((0, 0, 0), |(ids, classes, tags), compound| {
                (
                    ids + usize::from(compound.id.is_some()),
                    classes + compound.classes.len(),
                    tags + usize::from(compound.tag.is_some()),
                )
            });
            let key = target.id.or_else(|| target.classes.first().copied()).or(target.tag);
            // The same selector again adds to its rule.
            let places = key.and_then(|key| self.by_name.get(&key)).unwrap_or(&self.anywhere);
            let same = places.iter().copied().find(|place| {
                self.rules
                    .get(*place)
                    .is_some_and(|rule| rule.target == target && rule.ancestors == ancestors)
            });
            if let Some(rule) = same.and_then(|place| self.rules.get_mut(place)) {
                rule.normal.overlay(&normal);
                rule.important.overlay(&important);
                continue;
            }
            let index = self.rules.len();
            match key {
                Some(key) => self.by_name.entry(key).or_default().push(index),
                None => self.anywhere.push(index),
            }
            self.rules.push(Rule { target, ancestors, specificity, normal, important });
        }
    }

    /// What the sheets declare for an element: normal and important declarations.
    pub(super) fn declared<'a>(
        &mut self,
        names: &Names,
        ancestors: &(impl DoubleEndedIterator<Item = &'a Names> + Clone),
    ) -> (Declared, Declared) {
        let mut normal = Declared::default();
        let mut important = Declared::default();
        if self.rules.is_empty() {
            return (normal, important);
        }
        let keys = [names.tag, names.id].into_iter().chain(names.classes.iter().copied());
        let mut fitting: Vec<usize> = self.anywhere.clone();
        for key in keys {
            for index in self.by_name.get(&key).into_iter().flatten() {
                self.steps += 1;
                if self.rules.get(*index).is_some_and(|rule| rule.target.fits(names)) {
                    fitting.push(*index);
                }
            }
        }
        let mut steps = self.steps;
        fitting.retain(|index| {
            self.rules.get(*index).is_some_and(|rule| has_ancestors(rule, ancestors.clone(), &mut steps))
        });
        self.steps = steps;
        fitting.sort_by_key(|index| (self.rules.get(*index).map(|rule| rule.specificity), *index));
        for rule in fitting.iter().filter_map(|index| self.rules.get(*index)) {
            normal.overlay(&rule.normal);
            important.overlay(&rule.important);
        }
        (normal, important)
    }
}

fn has_ancestors<'a>(
    rule: &Rule,
    ancestors: impl DoubleEndedIterator<Item = &'a Names>,
    steps: &mut usize,
) -> bool {
    let mut wanted = rule.ancestors.iter().rev();
    let Some(mut next) = wanted.next() else { return true };
    for names in ancestors.rev() {
        *steps += 1;
        if *steps > MAX_STEPS {
            return true;
        }
        if next.fits(names) {
            match wanted.next() {
                Some(further) => next = further,
                None => return true,
            }
        }
    }
    false
}

/// `div.a > .b .c:hover`: states, attributes and siblings are beyond us; such selectors are left out.
fn parse_selector(selector: &str) -> Option<(Compound, Vec<Compound>)> {
    let selector = selector.trim();
    if selector.len() > 300 || selector.contains([':', '[', '+', '~', '@', '%', '(']) {
        return None;
    }
    let mut compounds = Vec::new();
    for word in selector.split([' ', '>', '\n', '\t', '\r']).filter(|word| !word.is_empty()).take(12) {
        compounds.push(parse_compound(word)?);
    }
    let target = compounds.pop()?;
    Some((target, compounds))
}

fn parse_compound(word: &str) -> Option<Compound> {
    let mut compound = Compound::default();
    let end = word.find(['.', '#']).unwrap_or(word.len());
    let (tag, mut rest) = word.split_at(end);
    if !tag.is_empty() && tag != "*" {
        compound.tag = Some(name_hash(tag));
    }
    while let Some(mark) = rest.chars().next() {
        let after = rest.get(1..)?;
        let end = after.find(['.', '#']).unwrap_or(after.len());
        let (name, next) = after.split_at(end);
        if name.is_empty() {
            return None;
        }
        match mark {
            '.' => compound.classes.push(name_hash(name)),
            _ => compound.id = Some(name_hash(name)),
        }
        rest = next;
    }
    Some(compound)
}

/// What follows the name of a tag, if it is that tag.
fn after_tag<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let (name, rest) = text.split_at_checked(tag.len())?;
    let is_whole = rest.starts_with(['>', '/', ' ', '\n', '\t', '\r', '\u{C}']);
    (is_whole && name.eq_ignore_ascii_case(tag)).then_some(rest)
}

fn find_ignoring_case(text: &str, tag: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("</") {
        let at = from + at;
        if text.get(at..at + tag.len()).is_some_and(|found| found.eq_ignore_ascii_case(tag)) {
            return Some(at);
        }
        from = at + 2;
    }
    None
}

/// The value of the attribute `media`.
fn media_of(attributes: &str) -> Option<String> {
    let lower = attributes.to_ascii_lowercase();
    let value = lower.split_once("media")?.1.trim_start().strip_prefix('=')?.trim_start();
    let value = match value.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next(),
        None => value.split_whitespace().next(),
    };
    value.map(str::to_owned)
}

/// Whether a media query holds for a screen of common size; what we do not understand does not.
fn applies(at_rule: &str) -> bool {
    let Some(query) = at_rule.strip_prefix("media") else { return true };
    query.to_ascii_lowercase().split(',').any(|alternative| {
        alternative.split(" and ").all(|term| {
            let term = term.trim();
            let term = term.strip_prefix("only ").unwrap_or(term).trim_matches(['(', ')', ' ']);
            let pixels = |value: &str| -> Option<f32> {
                let value = value.trim();
                let (number, scale) = match value.strip_suffix("em") {
                    Some(number) => (number.trim_end_matches('r'), 16.0),
                    None => (value.trim_end_matches("px"), 1.0),
                };
                number.trim().parse::<f32>().ok().map(|number| number * scale)
            };
            match term.split_once(':') {
                None => matches!(term, "" | "all" | "screen"),
                Some((feature, value)) => match feature.trim() {
                    "min-width" | "min-device-width" => pixels(value).is_some_and(|width| width <= SCREEN),
                    "max-width" | "max-device-width" => pixels(value).is_some_and(|width| width >= SCREEN),
                    "prefers-color-scheme" => value.trim() == "light",
                    _ => false,
                },
            }
        })
    })
}

/// What follows the block whose inside starts here.
fn skip_block(body: &str) -> &str {
    let mut depth = 1_usize;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return body.get(at + 1..).unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    ""
}

fn without_comments(css: &str) -> String {
    // Old sheets wrap everything in an HTML comment.
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
