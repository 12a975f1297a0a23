//! What an agent may be allowed to do: the eight scopes and sets of them.

use std::{fmt, str::FromStr};

macro_rules! scopes {
    ($($variant:ident $name:literal $lets:literal;)*) => {
        /// One permission. The order is the order in which people and metadata list them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each scope's meaning is its consent text")]
        pub enum Scope { $($variant),* }

        impl Scope {
            /// Every scope, in their fixed order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in tokens: `mail:read` and so on.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it lets an agent do, as the consent page says it.
            pub fn lets_an_agent(self) -> &'static str {
                match self { $(Self::$variant => $lets),* }
            }
        }
    };
}

scopes! {
    Folders "mail:folders" "list accounts and folders";
    Search "mail:search" "find and list messages (who, when, subject)";
    Read "mail:read" "read bodies, threads, attachments and changes";
    Draft "mail:draft" "write drafts";
    Modify "mail:modify" "mark, move, copy, archive and trash messages";
    Send "mail:send" "send mail and answer invitations";
    Delete "mail:delete" "delete messages for good";
    Manage "mail:manage" "create, rename and delete folders, and change rules on the server";
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    /// Reads `mail:read` as well as `read`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.strip_prefix("mail:").unwrap_or(text);
        Self::ALL
            .iter()
            .copied()
            .find(|scope| scope.as_str().strip_prefix("mail:") == Some(name))
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

/// A text that names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no scope; the scopes are folders, search, read, draft, modify, send, delete, manage")]
pub struct UnknownScope(pub String);

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);

    /// All eight.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether `scope` is in the set.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are in both sets.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes in the set, in their fixed order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }

    /// Reads a list separated by spaces or commas; an unknown name is an error.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::parse).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | 1 << scope as u8))
    }
}

impl fmt::Display for Scopes {
    /// As in a token's `scope`: names with single spaces between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_printed_in_the_fixed_order_and_read_back() {
        let set = Scopes::parse("mail:read, folders mail:search").unwrap();
        assert_eq!(set.to_string(), "mail:folders mail:search mail:read");
        assert_eq!(Scopes::parse(&set.to_string()), Ok(set));
        assert!(set.has(Scope::Read) && !set.has(Scope::Send));
    }

    #[test]
    fn an_unknown_scope_is_named() {
        assert_eq!(Scopes::parse("read mail:rule"), Err(UnknownScope("mail:rule".into())));
    }
}
