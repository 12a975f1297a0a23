//! CSS selectors, as far as they say which text is hidden.
//!
//! Where a condition cannot be decided (which sibling comes last) it counts as met: that can only hide more.

use super::sheet::{Names, name_hash};

/// Longest selector that is read, in octets.
const MAX_SELECTOR: usize = 8 * 1024;
/// Deepest nesting of `:not(…)` and its kin.
const MAX_NESTED: usize = 4;

/// `div.a > .b`: an element and those around it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selector {
    /// What the element itself must be.
    pub(super) target: Compound,
    /// What must stand around it, outermost first.
    pub(super) ancestors: Vec<Compound>,
}

/// Conditions on one element.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Compound {
    /// Its tag.
    pub(super) tag: Option<u32>,
    /// Its id.
    pub(super) id: Option<u32>,
    /// Classes, all of them.
    pub(super) classes: Vec<u32>,
    attributes: Vec<Attribute>,
    not: Vec<Compound>,
    any: Vec<Vec<Compound>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Attribute {
    name: u32,
    test: Test,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Present,
    Equal,
    Word,
    Begins,
    Ends,
    Holds,
    Dashed,
}

impl Attribute {
    fn fits(&self, value: &str) -> bool {
        let wanted = self.value.as_str();
        match self.test {
            Test::Present => true,
            Test::Equal => value == wanted,
            Test::Word => value.split_whitespace().any(|word| word == wanted),
            Test::Begins => !wanted.is_empty() && value.starts_with(wanted),
            Test::Ends => !wanted.is_empty() && value.ends_with(wanted),
            Test::Holds => !wanted.is_empty() && value.contains(wanted),
            Test::Dashed => {
                value.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            }
        }
    }
}

impl Compound {
    /// Whether an element meets all conditions.
    pub(super) fn fits(&self, names: &Names) -> bool {
        self.tag.is_none_or(|tag| tag == names.tag)
            && self.id.is_none_or(|id| id == names.id)
            && self.classes.iter().all(|class| names.classes.binary_search(class).is_ok())
            && self.attributes.iter().all(|attribute| {
                names.attributes.iter().any(|(name, value)| *name == attribute.name && attribute.fits(value))
            })
            && !self.not.iter().any(|not| not.fits(names))
            && self.any.iter().all(|any| any.iter().any(|one| one.fits(names)))
    }

    /// How many ids, classes and tags it names.
    pub(super) fn specificity(&self) -> (usize, usize, usize) {
        (
            usize::from(self.id.is_some()),
            self.classes.len() + self.attributes.len(),
            usize::from(self.tag.is_some()),
        )
    }

    fn asks_attributes(&self) -> bool {
        !self.attributes.is_empty()
            || self.not.iter().any(Self::asks_attributes)
            || self.any.iter().flatten().any(Self::asks_attributes)
    }
}

impl Selector {
    /// Whether it asks for attributes other than id and class.
    pub(super) fn asks_attributes(&self) -> bool {
        self.ancestors.iter().chain([&self.target]).any(Compound::asks_attributes)
    }

    /// Reads one; nothing for those that name a state (`:hover`) or no element (`::before`).
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_SELECTOR {
            return None;
        }
        let mut cursor = Cursor(text.trim());
        let mut compounds: Vec<Compound> = Vec::new();
        while let Some(next) = cursor.0.chars().next() {
            match next {
                ' ' | '\n' | '\t' | '\r' | '\u{C}' | '>' => cursor.skip(1),
                '+' | '~' => {
                    cursor.skip(1);
                    // `u + .body` is how senders address Gmail alone; other elder siblings are taken to be there.
                    if compounds.pop()?.tag == Some(name_hash("u")) {
                        return None;
                    }
                }
                _ => compounds.push(cursor.compound(0)?),
            }
        }
        let target = compounds.pop()?;
        Some(Self { target, ancestors: compounds })
    }
}

/// The pieces of a list between its commas, brackets and strings respected.
pub(super) fn split_list(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut depth, mut quote) = (0, 0_usize, None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if quote.is_some() => quote = quote.filter(|open| *open != byte),
            b'"' | b'\'' => quote = Some(byte),
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                pieces.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}

/// What is left to read.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn skip(&mut self, octets: usize) {
        self.0 = self.0.get(octets..).unwrap_or_default();
    }

    /// A name, its escapes resolved.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        while let Some(c) = self.0.chars().next() {
            if c == '\\' {
                self.skip(1);
                let digits = self.0.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
                if digits > 0 {
                    let code = self.0.get(..digits).and_then(|code| u32::from_str_radix(code, 16).ok());
                    name.extend(code.and_then(char::from_u32));
                    self.skip(digits);
                    self.0 = self.0.strip_prefix(' ').unwrap_or(self.0);
                } else {
                    let escaped = self.0.chars().next()?;
                    name.push(escaped);
                    self.skip(escaped.len_utf8());
                }
            } else if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii() {
                name.push(c);
                self.skip(c.len_utf8());
            } else {
                break;
            }
        }
        (!name.is_empty()).then_some(name)
    }

    /// What stands between the brackets that begin here.
    fn bracketed(&mut self, open: u8, close: u8) -> Option<&'a str> {
        let text = self.0;
        let mut depth = 0_usize;
        for (at, byte) in text.bytes().enumerate() {
            if byte == open {
                depth += 1;
            } else if byte == close {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    self.skip(at + 1);
                    return text.get(1..at);
                }
            }
        }
        None
    }

    fn compound(&mut self, depth: usize) -> Option<Compound> {
        let mut compound = Compound::default();
        let before = self.0.len();
        while let Some(next) = self.0.chars().next() {
            match next {
                '*' | '|' => self.skip(1),
                '.' => {
                    self.skip(1);
                    compound.classes.push(name_hash(&self.name()?));
                }
                '#' => {
                    self.skip(1);
                    compound.id = Some(name_hash(&self.name()?));
                }
                '[' => {
                    let inside = self.bracketed(b'[', b']')?;
                    compound.attributes.push(attribute(inside)?);
                }
                ':' => self.pseudo(&mut compound, depth)?,
                ' ' | '\n' | '\t' | '\r' | '\u{C}' | '>' | '+' | '~' => break,
                _ => compound.tag = Some(name_hash(&self.name()?)),
            }
        }
        (self.0.len() < before).then_some(compound)
    }

    fn pseudo(&mut self, compound: &mut Compound, depth: usize) -> Option<()> {
        self.skip(1);
        let name = self.name()?.to_ascii_lowercase();
        let inside = if self.0.starts_with('(') { self.bracketed(b'(', b')')? } else { "" };
        match name.as_str() {
            "not" | "is" | "where" | "matches" | "-webkit-any" | "-moz-any" => {
                if depth >= MAX_NESTED {
                    return None;
                }
                let list: Vec<Option<Compound>> = split_list(inside)
                    .into_iter()
                    .map(|one| {
                        let mut cursor = Cursor(one.trim());
                        let compound = cursor.compound(depth + 1)?;
                        cursor.0.is_empty().then_some(compound)
                    })
                    .collect();
                if name == "not" {
                    compound.not.extend(list.into_iter().flatten());
                } else if let Some(list) = list.into_iter().collect() {
                    compound.any.push(list);
                }
                Some(())
            }
            "root" => {
                compound.tag = Some(name_hash("html"));
                Some(())
            }
            "link" | "any-link" | "enabled" | "defined" | "scope" | "lang" | "dir" | "has" => Some(()),
            _ if ["first-", "last-", "only-", "nth-"].iter().any(|start| name.starts_with(start))
                && !matches!(name.as_str(), "first-line" | "first-letter") =>
            {
                Some(())
            }
            _ => None,
        }
    }
}

/// `name`, `name=value`, `name*="value" i`.
fn attribute(inside: &str) -> Option<Attribute> {
    let Some((name, value)) = inside.split_once('=') else {
        let name = name_hash(inside.trim());
        return Some(Attribute { name, test: Test::Present, value: String::new() });
    };
    let (name, test) = match name.char_indices().next_back()? {
        (at, '~') => (name.get(..at)?, Test::Word),
        (at, '^') => (name.get(..at)?, Test::Begins),
        (at, '$') => (name.get(..at)?, Test::Ends),
        (at, '*') => (name.get(..at)?, Test::Holds),
        (at, '|') => (name.get(..at)?, Test::Dashed),
        _ => (name, Test::Equal),
    };
    let value = value.trim();
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value.get(1..)?.split(quote).next()?,
        _ => value.split_whitespace().next().unwrap_or_default(),
    };
    Some(Attribute { name: name_hash(name.trim()), test, value: value.to_ascii_lowercase() })
}
