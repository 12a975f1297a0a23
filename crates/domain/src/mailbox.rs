//! Folders as agents name them: decoded paths with `/`, percent-escapes where needed, and roles.
//!
//! The wire form of a mailbox name (modified UTF-7, namespaces) is not known here; see `mail::imap`.

use std::{fmt, str::FromStr};

macro_rules! roles {
    ($($variant:ident $name:literal;)*) => {
        /// A mailbox's special use (RFC 6154), plus the inbox.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the names are RFC 6154's")]
        pub enum Role { $($variant),* }

        impl Role {
            /// Every role.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name without `@`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

roles! {
    Inbox "inbox";
    Sent "sent";
    Drafts "drafts";
    Trash "trash";
    Junk "junk";
    Archive "archive";
    All "all";
    Flagged "flagged";
}

impl FromStr for Role {
    type Err = ();

    /// Reads the name without `@`, in any case.
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|role| role.as_str().eq_ignore_ascii_case(text)).ok_or(())
    }
}

impl fmt::Display for Role {
    /// With `@`, as agents write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.as_str())
    }
}

/// A folder's name as agents see it: `/` between segments; inside a segment a literal `/` is `%2F`,
/// `%` is `%25`, a leading `@` is `%40`, control and invisible format characters are `%XX` of their
/// UTF-8; a folder of the name `all` is `%61ll`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FolderName(String);

impl FolderName {
    /// The agents' name of a decoded mailbox path whose hierarchy is split at `delimiter`.
    pub fn from_path(path: &str, delimiter: Option<char>) -> Self {
        let mut out = String::with_capacity(path.len());
        for (position, c) in path.chars().enumerate() {
            let starts = position == 0 || out.ends_with('/');
            match c {
                c if Some(c) == delimiter => out.push('/'),
                '/' | '%' => escape(&mut out, c),
                '@' if starts => escape(&mut out, c),
                c if c.is_control() || is_format(c) => escape(&mut out, c),
                c => out.push(c),
            }
        }
        if out.eq_ignore_ascii_case("all") {
            let first = out.remove(0);
            let mut escaped = String::new();
            escape(&mut escaped, first);
            out.insert_str(0, &escaped);
        }
        Self(out)
    }

    /// The decoded segments of the path that an agent's name means. An escape that is not two hex digits, or
    /// does not give UTF-8, stands for itself.
    pub fn segments(&self) -> Vec<String> {
        self.0.split('/').map(unescape).collect()
    }

    /// The name as agents see it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name as an agent wrote it.
    pub fn from_agent(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Characters that show nothing or change how their neighbours are shown: Unicode's format characters
/// that matter in names (bidi controls, zero-width characters, tags).
pub fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn unescape(segment: &str) -> String {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push(high * 16 + low);
            rest = after;
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

fn escape(out: &mut String, c: char) {
    use fmt::Write as _;
    let mut buffer = [0; 4];
    for byte in c.encode_utf8(&mut buffer).bytes() {
        let _ = write!(out, "%{byte:02X}");
    }
}

/// What an agent may write where a folder is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FolderArg {
    /// `@sent` and so on.
    Role(Role),
    /// `all`: every folder.
    All,
    /// A path.
    Name(FolderName),
}

impl FolderArg {
    /// Reads what an agent wrote. Never fails: `@unknown` is taken as a name, and then not found.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if text.eq_ignore_ascii_case("all") {
            return Self::All;
        }
        if text.eq_ignore_ascii_case("inbox") {
            return Self::Role(Role::Inbox);
        }
        match text.strip_prefix('@').map(str::parse) {
            Some(Ok(role)) => Self::Role(role),
            _ => Self::Name(FolderName::from_agent(text)),
        }
    }
}

impl fmt::Display for FolderArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(role) => role.fmt(f),
            Self::All => f.write_str("all"),
            Self::Name(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_shown_as_the_contract_says() {
        for (path, delimiter, shown) in [
            ("Work.2024.Q/1", Some('.'), "Work/2024/Q%2F1"),
            ("100%", Some('/'), "100%25"),
            ("@home/@x", Some('/'), "%40home/%40x"),
            ("all", Some('/'), "%61ll"),
            ("a\u{202e}b\n", Some('/'), "a%E2%80%AEb%0A"),
            ("Entwürfe", None, "Entwürfe"),
        ] {
            assert_eq!(FolderName::from_path(path, delimiter).as_str(), shown);
            let between = delimiter.map_or_else(String::new, String::from);
            assert_eq!(FolderName::from_agent(shown).segments().join(&between), path);
        }
    }

    proptest! {
        #[test]
        fn every_path_comes_back(path in "\\PC{0,40}", delimiter in prop::sample::select(vec!['/', '.', '\\'])) {
            let shown = FolderName::from_path(&path, Some(delimiter));
            prop_assert_eq!(shown.segments().join(&delimiter.to_string()), path);
        }
    }

    #[test]
    fn an_argument_is_a_role_everything_or_a_name() {
        assert_eq!(FolderArg::parse("@Sent"), FolderArg::Role(Role::Sent));
        assert_eq!(FolderArg::parse("inBOX"), FolderArg::Role(Role::Inbox));
        assert_eq!(FolderArg::parse("all"), FolderArg::All);
        assert_eq!(FolderArg::parse("@nope"), FolderArg::Name(FolderName::from_agent("@nope")));
    }
}
