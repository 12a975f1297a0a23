//! The attributes of the tag being read, as far as they matter for text.

use std::collections::HashMap;

/// The attributes that matter, of the tag being read.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    found: HashMap<&'static str, String>,
    pending: Option<&'static str>,
}

impl Attributes {
    const KNOWN: [&'static str; 24] = [
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
    ];

    /// An attribute's name was read.
    pub(super) fn begin(&mut self, name: &[u8]) {
        self.pending = Self::KNOWN.iter().find(|known| known.as_bytes() == name).copied();
        if let Some(name) = self.pending {
            if self.found.contains_key(name) {
                // The first one counts, as in browsers.
                self.pending = None;
            } else {
                self.found.insert(name, String::new());
            }
        }
    }

    /// Its value was read.
    pub(super) fn value(&mut self, value: &[u8]) {
        if let Some(name) = self.pending.take() {
            self.found.insert(name, String::from_utf8_lossy(value).into_owned());
        }
    }

    /// The value of an attribute; empty if it is missing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.found.get(name).map_or("", String::as_str)
    }

    /// Whether the attribute is there, with or without value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.found.contains_key(name)
    }
}
