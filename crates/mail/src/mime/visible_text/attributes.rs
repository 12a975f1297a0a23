//! The attributes of the tag being read, as far as they matter for text.

/// The attributes that matter, of the tag being read.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    found: Vec<(&'static str, String)>,
    is_pending: bool,
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
        let known = Self::KNOWN.iter().find(|known| known.as_bytes() == name).copied();
        // The first of two counts, as in browsers.
        let known = known.filter(|known| !self.has(known));
        self.is_pending = known.is_some();
        if let Some(known) = known {
            self.found.push((known, String::new()));
        }
    }

    /// Its value was read.
    pub(super) fn value(&mut self, value: &[u8]) {
        if self.is_pending
            && let Some((_, found)) = self.found.last_mut()
        {
            *found = String::from_utf8_lossy(value).into_owned();
        }
        self.is_pending = false;
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
