//! What a server says it can do, asked by name.

use std::collections::BTreeSet;

use super::wire::Literals;

/// The capabilities of one server at one moment; they change at STARTTLS and at sign-in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<String>);

impl Capabilities {
    /// Takes names as a server lists them, in any case.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().map(|name| name.as_ref().to_ascii_uppercase()).collect())
    }

    /// Whether the capability of that name (upper case) is offered.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// All names, in upper case.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// SASL mechanisms on offer, in upper case.
    pub fn sasl(&self) -> Vec<String> {
        self.0.iter().filter_map(|name| name.strip_prefix("AUTH=")).map(str::to_owned).collect()
    }

    /// IMAP4rev2 (RFC 9051) brings along what used to be extensions.
    pub fn is_rev2(&self) -> bool {
        self.has("IMAP4REV2")
    }

    /// SEARCH RETURN (RFC 4731).
    pub fn has_esearch(&self) -> bool {
        self.has("ESEARCH") || self.is_rev2()
    }

    /// SEARCH RETURN (PARTIAL), with negative ranges (RFC 9394).
    pub fn has_partial(&self) -> bool {
        self.has("PARTIAL")
    }

    /// SORT RETURN (COUNT PARTIAL) (RFC 5267): both are needed for a page of a sorted result.
    pub fn has_sorted_pages(&self) -> bool {
        self.has("SORT") && self.has("ESORT") && (self.has("CONTEXT=SEARCH") || self.has("CONTEXT=SORT"))
    }

    /// LIST … RETURN (STATUS) (RFC 5819) and the syntax it needs (RFC 5258).
    pub fn has_list_status(&self) -> bool {
        (self.has("LIST-STATUS") && self.has("LIST-EXTENDED")) || self.is_rev2()
    }

    /// LIST … RETURN (SPECIAL-USE) (RFC 6154).
    pub fn has_special_use(&self) -> bool {
        self.has("SPECIAL-USE") || self.is_rev2()
    }

    /// BINARY (RFC 3516).
    pub fn has_binary(&self) -> bool {
        self.has("BINARY") || self.is_rev2()
    }

    /// Whether EXPUNGE can be told the messages (RFC 4315).
    pub fn has_uid_plus(&self) -> bool {
        self.has("UIDPLUS") || self.is_rev2()
    }

    /// MOVE (RFC 6851).
    pub fn has_move(&self) -> bool {
        self.has("MOVE") || self.is_rev2()
    }

    /// How large a message the server takes, if it is the same for all mailboxes (RFC 7889).
    pub fn append_limit(&self) -> Option<u64> {
        self.0.iter().find_map(|name| name.strip_prefix("APPENDLIMIT=")?.parse().ok())
    }

    /// Whether literals need no pause: all of them, or those up to 4096 octets (RFC 7888).
    pub fn literals(&self) -> Literals {
        if self.has("LITERAL+") {
            Literals::Plus
        } else if self.has("LITERAL-") || self.is_rev2() {
            Literals::Minus
        } else {
            Literals::Waiting
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case_and_rev2_brings_its_parts() {
        let capabilities = Capabilities::new(["imap4rev2", "auth=plain", "AUTH=SCRAM-SHA-256"]);
        assert!(capabilities.has_esearch() && capabilities.has_list_status() && !capabilities.has_partial());
        assert_eq!(capabilities.literals(), Literals::Minus);
        assert_eq!(capabilities.sasl(), ["PLAIN", "SCRAM-SHA-256"]);
    }
}
