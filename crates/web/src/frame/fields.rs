//! The fields of a form that was posted. Missing ones are empty; bounds hold before anything looks at them.

use domain::Secret;

use super::error::Error;

/// Fields that a form may have.
const MOST: usize = 512;

/// The fields of a form, in their order. Any of them may be a password, so none can be printed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, Secret)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut fields = Vec::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            if fields.len() == MOST {
                return Err(Error::TooLarge);
            }
            fields.push((name.into_owned(), Secret::new(value)));
        }
        Ok(Self(fields))
    }

    /// The first field of that name as it was typed; empty if there is none.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.expose())
    }

    /// The first field of that name without white space around it; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first field of that name, for a password; as it was typed.
    pub(crate) fn secret(&self, name: &str) -> Secret {
        self.0.iter().find(|(key, _)| key == name).map_or_else(|| Secret::new(""), |(_, value)| value.clone())
    }

    /// Whether there is such a field at all: a box that was ticked.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// All fields of that name: several boxes that were ticked.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.expose())
    }
}

#[cfg(test)]
impl Fields {
    /// The fields that a form with these values posts.
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect())
    }
}
