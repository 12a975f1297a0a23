//! The `<style>` sheets of a message: which rules hide what.
//!
//! Rules that hide nothing are dropped when read. See `selector` for what selects, `media` for when.

use std::{collections::HashMap, convert::Infallible};

use html5gum::{
    Span, Tokenizer,
    emitters::callback::{Callback, CallbackEmitter, CallbackEvent},
};

use super::{
    attributes::Attributes,
    media::applies,
    selector::{Compound, Selector, split_list},
    style::Declared,
    variables::Variables,
};

/// Most rules kept.
const MAX_RULES: usize = 20_000;
/// Most octets of style sheets read in one message.
const MAX_SHEET: usize = 2 * 1024 * 1024;
/// Most comparisons in one message; beyond it a rule counts as if its ancestors were there.
const MAX_STEPS: usize = 2_000_000;
/// Beyond so many everything is taken to be hidden: only who wants to hide something asks for them.
const MAX_ALL_STEPS: usize = 8_000_000;
/// Deepest nesting of blocks.
const MAX_BLOCKS: usize = 8;
/// Most selectors that a nested rule becomes.
const MAX_NESTED: usize = 1_000;

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
    /// The classes in ascending order.
    pub(super) classes: Box<[u32]>,
    /// Attributes with their values in lower case; empty where no rule asks for any.
    pub(super) attributes: Box<[(u32, String)]>,
}

impl Names {
    /// The names of an element.
    pub(super) fn of(name: &[u8], attributes: &Attributes, with_attributes: bool) -> Self {
        let id = attributes.text("id");
        let mut classes: Box<[u32]> = attributes.text("class").split_whitespace().map(name_hash).collect();
        classes.sort_unstable();
        Self {
            tag: name_hash(&String::from_utf8_lossy(name)),
            id: if id.is_empty() { 0 } else { name_hash(id) },
            classes,
            attributes: if with_attributes { attributes.hashed() } else { Box::default() },
        }
    }
}

#[derive(Debug, Clone)]
struct Rule {
    selector: Selector,
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
    /// What `var(--x)` stands for.
    pub(super) variables: Variables,
    /// Whether some rule asks for attributes other than id and class.
    pub(super) asks_attributes: bool,
    steps: usize,
}

impl Sheet {
    /// Reads all style elements of a document ahead of its text: one at the end rules the beginning too.
    pub(super) fn collect(html: &str) -> Self {
        let mut sheet = Self::default();
        let css = style_elements(html, 0);
        for css in &css {
            if css.contains("--") {
                sheet.variables.note_sheet(css);
            }
        }
        let mut left = MAX_SHEET;
        for css in css {
            let css = super::media::without_comments(&css);
            let mut end = css.len().min(left);
            while !css.is_char_boundary(end) {
                end -= 1;
            }
            left -= end;
            sheet.block(css.get(..end).unwrap_or_default(), &[], 0);
        }
        sheet
    }

    /// Whether no rule matters.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Reads the inside of a block: declarations for the selectors, and rules inside it.
    fn block(&mut self, css: &str, selectors: &[String], depth: usize) {
        let mut declarations = String::new();
        let mut rest = css;
        while !rest.is_empty() {
            let stop = find_outside_strings(rest, |byte| matches!(byte, b'{' | b'}' | b';'));
            let (item, from) = rest.split_at(stop.unwrap_or(rest.len()));
            let after = from.get(1..).unwrap_or_default();
            if !from.starts_with('{') {
                declarations.push_str(item);
                declarations.push(';');
                rest = after;
                continue;
            }
            let (body, next) = split_block(after);
            rest = next;
            if depth >= MAX_BLOCKS {
                continue;
            }
            let prelude = item.trim();
            if let Some(at_rule) = prelude.strip_prefix('@') {
                if applies(at_rule) {
                    self.block(body, selectors, depth + 1);
                }
                continue;
            }
            self.block(body, &nested(selectors, prelude), depth + 1);
        }
        self.add_rule(selectors, &declarations);
    }

    fn add_rule(&mut self, selectors: &[String], declarations: &str) {
        if selectors.is_empty() {
            return;
        }
        let (normal, important) = Declared::parse(declarations, &self.variables);
        if normal.is_empty() && important.is_empty() {
            return;
        }
        for selector in selectors {
            if self.rules.len() >= MAX_RULES {
                return;
            }
            let Some(selector) = Selector::parse(selector) else { continue };
            self.asks_attributes |= selector.asks_attributes();
            let all = selector.ancestors.iter().chain([&selector.target]).map(Compound::specificity);
            let specificity = all.fold((0, 0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2));
            let target = &selector.target;
            let key = target.id.or_else(|| target.classes.first().copied()).or(target.tag);
            let places = match key {
                Some(key) => self.by_name.entry(key).or_default(),
                None => &mut self.anywhere,
            };
            // The same selector again adds to its rule.
            let last = places.last().and_then(|place| self.rules.get_mut(*place));
            if let Some(rule) = last.filter(|rule| rule.selector == selector) {
                rule.normal.overlay(&normal);
                rule.important.overlay(&important);
                continue;
            }
            places.push(self.rules.len());
            self.rules.push(Rule { selector, specificity, normal, important });
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
        let keyed = keys.filter_map(|key| self.by_name.get(&key)).flatten();
        let mut fitting: Vec<usize> = Vec::new();
        for index in keyed.chain(&self.anywhere) {
            self.steps += 1;
            if self.steps > MAX_ALL_STEPS {
                important.hide();
                return (normal, important);
            }
            if self.rules.get(*index).is_some_and(|rule| rule.selector.target.fits(names)) {
                fitting.push(*index);
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
    let mut wanted = rule.selector.ancestors.iter().rev();
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

/// The selectors of a rule inside others (`&` names the outer one).
fn nested(outer: &[String], prelude: &str) -> Vec<String> {
    let inner = split_list(prelude);
    if outer.is_empty() {
        return inner.into_iter().map(str::to_owned).collect();
    }
    let pairs = outer.iter().flat_map(|outer| inner.iter().map(move |inner| (outer, inner)));
    let joined =
        pairs.map(
            |(outer, inner)| {
                if inner.contains('&') { inner.replace('&', outer) } else { format!("{outer} {inner}") }
            },
        );
    joined.filter(|selector| selector.len() < 8 * 1024).take(MAX_NESTED).collect()
}

/// The inside of the block that begins here, and what follows it.
fn split_block(css: &str) -> (&str, &str) {
    let mut depth = 1_usize;
    let end = find_outside_strings(css, |byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let (body, rest) = css.split_at(end.unwrap_or(css.len()));
    (body, rest.get(1..).unwrap_or_default())
}

/// The first octet that is wanted and stands in no string. A string ends with its line at the latest.
fn find_outside_strings(css: &str, mut is_wanted: impl FnMut(u8) -> bool) -> Option<usize> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, byte) in css.bytes().enumerate() {
        if std::mem::take(&mut is_escaped) {
            continue;
        }
        match byte {
            b'\\' => is_escaped = true,
            b'\n' => quote = None,
            _ if quote.is_some() => quote = quote.filter(|open| *open != byte),
            b'"' | b'\'' => quote = Some(byte),
            _ if is_wanted(byte) => return Some(at),
            _ => {}
        }
    }
    None
}

/// The contents of the style elements that apply to a screen. Those in comments, and with them the sheets
/// that only Outlook reads, are none.
fn style_elements(html: &str, depth: usize) -> Vec<String> {
    if depth > 1 || !has_style(html) {
        return Vec::new();
    }
    let mut elements = Elements { depth, ..Elements::default() };
    let mut emitter = CallbackEmitter::new(Borrowed(&mut elements));
    emitter.naively_switch_states(true);
    // Its error type cannot exist.
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    elements.found
}

fn has_style(html: &str) -> bool {
    memchr::memchr_iter(b'<', html.as_bytes())
        .any(|at| html.as_bytes().get(at + 1..at + 6).is_some_and(|name| name.eq_ignore_ascii_case(b"style")))
}

#[derive(Default)]
struct Elements {
    found: Vec<String>,
    depth: usize,
    tag: Tag,
    attributes: Attributes,
    is_in_style: bool,
}

#[derive(Default, PartialEq)]
enum Tag {
    #[default]
    Other,
    Style,
    NoScript,
}

struct Borrowed<'e>(&'e mut Elements);

impl Callback<Infallible, ()> for Borrowed<'_> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _: Span<()>) -> Option<Infallible> {
        let elements = &mut *self.0;
        match event {
            CallbackEvent::OpenStartTag { name } => {
                elements.tag = match name {
                    b"style" => Tag::Style,
                    b"noscript" => Tag::NoScript,
                    _ => Tag::Other,
                };
                elements.attributes = Attributes::default();
                elements.is_in_style = false;
            }
            CallbackEvent::AttributeName { name } if elements.tag == Tag::Style => {
                elements.attributes.begin(name);
            }
            CallbackEvent::AttributeValue { value } if elements.tag == Tag::Style => {
                elements.attributes.value(value);
            }
            CallbackEvent::CloseStartTag { .. } if elements.tag == Tag::Style => {
                let media = elements.attributes.text("media");
                elements.is_in_style = media.is_empty() || applies(&format!("media {media}"));
                if elements.is_in_style {
                    elements.found.push(String::new());
                }
            }
            CallbackEvent::EndTag { .. } => (elements.tag, elements.is_in_style) = (Tag::Other, false),
            CallbackEvent::String { value } if elements.is_in_style => {
                if let Some(css) = elements.found.last_mut() {
                    css.push_str(&String::from_utf8_lossy(value));
                }
            }
            // Mail programs run no scripts: what stands in `noscript` is read as HTML.
            CallbackEvent::String { value } if elements.tag == Tag::NoScript => {
                let inside = style_elements(&String::from_utf8_lossy(value), elements.depth + 1);
                elements.found.extend(inside);
            }
            _ => {}
        }
        None
    }
}
