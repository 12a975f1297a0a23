//! The attributes of the tag being read, as far as they matter for text.

use super::sheet::name_hash;

/// The attributes that matter, of the tag being read.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    found: Vec<(&'static str, String)>,
    /// Those that only a style sheet may ask for.
    other: Vec<(String, String)>,
    pending: Pending,
}

/// Whose value comes next.
#[derive(Debug, Default, PartialEq, Eq)]
enum Pending {
    #[default]
    Nobody,
    Found,
    Other,
}

/// Most attributes kept of one tag for style sheets.
const MAX_OTHER: usize = 100;

impl Attributes {
    const KNOWN: [&'static str; 26] = [
        "style",
        "class",
        "id",
        "hidden",
        "href",
        "alt",
        "src",
        "width",
        "height",
        "bgcolor",
        "background",
        "color",
        "text",
        "type",
        "name",
        "start",
        "open",
        "size",
        "border",
        "data-smartmail",
        "cite",
        "face",
        "title",
        "data-marker",
        "popover",
        "media",
    ];

    /// An attribute's name was read.
    pub(super) fn begin(&mut self, name: &[u8]) {
        let known = Self::KNOWN.iter().find(|known| known.as_bytes() == name).copied();
        // The first of two counts, as in browsers.
        self.pending = match known {
            Some(known) if !self.has(known) => {
                self.found.push((known, String::new()));
                Pending::Found
            }
            None if self.other.len() < MAX_OTHER => {
                self.other.push((String::from_utf8_lossy(name).into_owned(), String::new()));
                Pending::Other
            }
            _ => Pending::Nobody,
        };
    }

    /// Its value was read.
    pub(super) fn value(&mut self, value: &[u8]) {
        let place = match std::mem::take(&mut self.pending) {
            Pending::Nobody => None,
            Pending::Found => self.found.last_mut().map(|(_, found)| found),
            Pending::Other => self.other.last_mut().map(|(_, found)| found),
        };
        if let Some(place) = place {
            *place = String::from_utf8_lossy(value).into_owned();
        }
    }

    /// All attributes, for style sheets that ask for them: hashed names, values in lower case.
    pub(super) fn hashed(&self) -> Box<[(u32, String)]> {
        let known = self.found.iter().map(|(name, value)| (*name, value));
        let other = self.other.iter().map(|(name, value)| (name.as_str(), value));
        known.chain(other).map(|(name, value)| (name_hash(name), value.to_ascii_lowercase())).collect()
    }

    /// The value of an attribute; empty if it is missing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.found.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Whether the attribute is there, with or without value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.found.iter().any(|(known, _)| *known == name)
    }
}
