//! How an account's server writes the names of mailboxes that are not there yet.
//!
//! Names that LIST gave are taken as they are. Which names are refused on every server is `domain`'s.

use bytes::Bytes;
use domain::{FolderName, FolderPath, Role};

use super::{role, session::Session, wire::utf7};

/// What names on this server are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming {
    /// What the person's own mailboxes begin with, decoded, with the delimiter behind it; mostly nothing.
    prefix: String,
    /// What stands between segments; none where there is no hierarchy.
    delimiter: Option<char>,
    is_utf8: bool,
    is_gmail: bool,
    refuses_special_characters: bool,
    refuses_surrogate_pairs: bool,
}

/// Why this server has no mailbox of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// A part holds what stands between parts here.
    #[error("a part of it has `{0}`, which stands between the parts of names on this mail server")]
    Delimiter(char),
    /// A character that this server refuses.
    #[error("this mail server takes no `{0}` in names")]
    Character(char),
    /// There are no mailboxes below others.
    #[error("this mail server has no folders below others")]
    Flat,
}

impl Naming {
    pub(super) fn of(session: &Session, prefix: String, delimiter: Option<char>) -> Self {
        let quirks = session.quirks();
        Self {
            prefix,
            delimiter,
            is_utf8: session.is_utf8(),
            is_gmail: session.capabilities().has("X-GM-EXT-1"),
            refuses_special_characters: quirks.refuses_special_characters,
            refuses_surrogate_pairs: quirks.refuses_surrogate_pairs && !session.is_utf8(),
        }
    }

    /// A mailbox of that path, as the server writes its name: below the personal namespace, whether the path
    /// begins with its prefix or not.
    pub fn wire_name(&self, path: &FolderPath) -> Result<Bytes, BadName> {
        if path.segments().len() > 1 && self.delimiter.is_none() {
            return Err(BadName::Flat);
        }
        for c in path.segments().iter().flat_map(|segment| segment.chars()) {
            if Some(c) == self.delimiter {
                return Err(BadName::Delimiter(c));
            }
            let is_special = matches!(c, '"' | '\\' | '{' | '}' | '<' | '>' | '!' | '`' | ';' | '|');
            if (self.refuses_special_characters && is_special)
                || (self.refuses_surrogate_pairs && c.len_utf16() > 1)
            {
                return Err(BadName::Character(c));
            }
        }
        let name = self.decoded(path);
        Ok(Bytes::from(if self.is_utf8 { name } else { utf7::encode(&name) }))
    }

    /// The path as agents will name it.
    pub fn shown(&self, path: &FolderPath) -> FolderName {
        FolderName::from_path(&self.decoded(path), self.delimiter)
    }

    /// The role that the path, or one of those it is below, would be taken for by its name.
    pub fn role_of(&self, path: &FolderPath) -> Option<Role> {
        let name = self.decoded(path);
        let ends = name.char_indices().filter(|(_, c)| Some(*c) == self.delimiter).map(|(at, _)| at);
        let mut parents = ends.chain([name.len()]).filter_map(|end| name.get(..end));
        parents.find_map(|parent| {
            let role = role::by_name(parent, self.delimiter, &self.prefix, self.is_gmail);
            // Everything of some servers is below INBOX.
            role.filter(|role| *role != Role::Inbox || parent.len() == name.len())
        })
    }

    /// The mailboxes that one is below, the outermost first.
    pub(super) fn parents(&self, wire: &Bytes) -> Vec<Bytes> {
        let Some(delimiter) = self.delimiter.and_then(|c| u8::try_from(c).ok()) else { return Vec::new() };
        let skipped = if self.is_utf8 { self.prefix.len() } else { utf7::encode(&self.prefix).len() };
        let ends = wire.iter().enumerate().skip(skipped).filter(|(_, byte)| **byte == delimiter);
        ends.map(|(end, _)| wire.slice(..end)).collect()
    }

    fn decoded(&self, path: &FolderPath) -> String {
        let between = self.delimiter.map(String::from).unwrap_or_default();
        let name = path.segments().join(&between);
        if self.prefix.is_empty()
            || name.starts_with(&self.prefix)
            || format!("{name}{between}") == self.prefix
        {
            name
        } else {
            format!("{}{name}", self.prefix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> FolderPath {
        FolderPath::of(&FolderName::from_agent(name)).unwrap()
    }

    fn courier() -> Naming {
        Naming { prefix: "INBOX.".to_owned(), delimiter: Some('.'), ..Naming::default() }
    }

    fn slashes() -> Naming {
        Naming { delimiter: Some('/'), ..Naming::default() }
    }

    #[test]
    fn names_are_written_below_the_personal_namespace_with_the_servers_delimiter() {
        for (naming, name, wire) in [
            (courier(), "Work/Bücher", "INBOX.Work.B&APw-cher"),
            (courier(), "inbox/Work", "INBOX.Work"),
            (courier(), "INBOX", "INBOX"),
            (courier(), "Q%2F1", "INBOX.Q/1"),
            (slashes(), "Work/R&D", "Work/R&-D"),
            (Naming { is_utf8: true, ..slashes() }, "R&D \u{1f680}", "R&D \u{1f680}"),
        ] {
            assert_eq!(naming.wire_name(&path(name)).unwrap(), wire.as_bytes(), "{name}");
        }
    }

    #[test]
    fn what_this_server_refuses_is_said_before_it_is_asked() {
        assert_eq!(courier().wire_name(&path("v1.2")), Err(BadName::Delimiter('.')));
        assert_eq!(slashes().wire_name(&path("a%2Fb")), Err(BadName::Delimiter('/')));
        assert_eq!(Naming::default().wire_name(&path("a/b")), Err(BadName::Flat));
        let cyrus = Naming { refuses_special_characters: true, ..slashes() };
        assert_eq!(cyrus.wire_name(&path("say \"so\"")), Err(BadName::Character('"')));
        let rocket = Naming { refuses_surrogate_pairs: true, ..courier() };
        assert_eq!(rocket.wire_name(&path("\u{1f680}")), Err(BadName::Character('\u{1f680}')));
    }

    #[test]
    fn a_name_that_would_be_taken_for_a_role_is_recognised_with_those_it_is_below() {
        for (naming, name, role) in [
            (slashes(), "Sent", Some(Role::Sent)),
            (slashes(), "SENT_items", Some(Role::Sent)),
            (slashes(), "INBOX/Gesendet", Some(Role::Sent)),
            (slashes(), "Entwürfe/alt", Some(Role::Drafts)),
            (slashes(), "Work/Sent", None),
            (slashes(), "INBOX/Work", None),
            (slashes(), "INBOX", Some(Role::Inbox)),
            (courier(), "Archiv", Some(Role::Archive)),
            (courier(), "INBOX/Sent", Some(Role::Sent)),
            (courier(), "Work", None),
            (Naming { is_gmail: true, ..slashes() }, "Sent", None),
        ] {
            assert_eq!(naming.role_of(&path(name)), role, "{name}");
        }
    }

    #[test]
    fn parents_are_those_below_the_prefix() {
        let parents = courier().parents(&Bytes::from_static(b"INBOX.a.b.c"));
        assert_eq!(parents, [&b"INBOX.a"[..], b"INBOX.a.b"]);
        assert_eq!(slashes().parents(&Bytes::from_static(b"a")), Vec::<Bytes>::new());
    }
}
