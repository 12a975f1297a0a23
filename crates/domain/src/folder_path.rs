//! Where a folder is to be made, or moved to: an agent's name, taken apart and found fit.
//!
//! What holds on every server; what only one of them refuses is known to `mail::imap`. Folders that are there
//! already may have any name.

use crate::{FolderName, mailbox::is_format};

/// Octets of one segment, as long as a file's name may be.
const LONGEST_SEGMENT: usize = 255;

/// Octets of all segments.
const LONGEST: usize = 1_000;

/// Segments one below the other; Cyrus and Dovecot take no more by default.
const DEEPEST: usize = 16;

/// The decoded segments of a folder's path, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderPath(Vec<String>);

/// Why no folder may have that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// Nothing at all, or nothing between two slashes or at an end.
    #[error("it has an empty part; `/` stands only between parts, a `/` inside of one is written `%2F`")]
    Empty,
    /// `.` or `..`.
    #[error("`.` and `..` are no names")]
    Dots,
    /// Begins with `@` as roles do.
    #[error("`@` at the start names a role; a folder whose name begins so is written `%40`")]
    Role,
    /// `all`.
    #[error("`all` means every folder; a folder of that name is written `%61ll`")]
    All,
    /// Begins or ends with a space.
    #[error("a part begins or ends with a space")]
    Space,
    /// A character that is not seen.
    #[error("it has a control or invisible character")]
    Invisible,
    /// `*` or `%`, which mail programs take for any name.
    #[error("`{0}` means any name to mail programs")]
    Wildcard(char),
    /// Too long, or too deep.
    #[error("it is too long: 255 octets a part, 1,000 in all, 16 parts")]
    Long,
}

impl FolderPath {
    /// The path of a folder that an agent wants to have.
    pub fn of(name: &FolderName) -> Result<Self, BadPath> {
        if name.as_str().eq_ignore_ascii_case("all") {
            return Err(BadPath::All);
        }
        if name.as_str().split('/').any(|segment| segment.starts_with('@')) {
            return Err(BadPath::Role);
        }
        let mut segments = name.segments();
        for segment in &segments {
            check(segment)?;
        }
        if segments.len() > DEEPEST || segments.iter().map(String::len).sum::<usize>() > LONGEST {
            return Err(BadPath::Long);
        }
        // INBOX is the same in any case (RFC 9051, 5.1); other names are not.
        if let Some(first) = segments.first_mut()
            && first.eq_ignore_ascii_case("INBOX")
        {
            "INBOX".clone_into(first);
        }
        Ok(Self(segments))
    }

    /// The decoded segments, the outermost first.
    pub fn segments(&self) -> &[String] {
        &self.0
    }
}

fn check(segment: &str) -> Result<(), BadPath> {
    let is_hidden = |c: char| c.is_control() || (is_format(c) && !matches!(c, '\u{200c}' | '\u{200d}'));
    let bad = if segment.is_empty() {
        BadPath::Empty
    } else if segment == "." || segment == ".." {
        BadPath::Dots
    } else if segment.chars().any(is_hidden) {
        BadPath::Invisible
    } else if segment.trim() != segment {
        BadPath::Space
    } else if let Some(wildcard) = segment.chars().find(|c| matches!(c, '*' | '%')) {
        BadPath::Wildcard(wildcard)
    } else if segment.len() > LONGEST_SEGMENT {
        BadPath::Long
    } else {
        return Ok(());
    };
    Err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Result<FolderPath, BadPath> {
        FolderPath::of(&FolderName::from_agent(name))
    }

    #[test]
    fn a_name_is_taken_apart_at_its_slashes_and_each_part_decoded() {
        for (name, segments) in [
            ("Work/2026/Q%2F1", vec!["Work", "2026", "Q/1"]),
            ("inbox/%40home", vec!["INBOX", "@home"]),
            ("%61ll", vec!["all"]),
            ("Entwürfe & mehr", vec!["Entwürfe & mehr"]),
            ("say \"so\"\\", vec!["say \"so\"\\"]),
            ("family \u{1f468}\u{200d}\u{1f469}", vec!["family \u{1f468}\u{200d}\u{1f469}"]),
        ] {
            assert_eq!(of(name).unwrap().segments(), segments, "{name}");
        }
    }

    #[test]
    fn what_no_folder_should_be_called_is_told_apart() {
        for (name, bad) in [
            ("", BadPath::Empty),
            ("/a", BadPath::Empty),
            ("a/", BadPath::Empty),
            ("a//b", BadPath::Empty),
            ("a/../b", BadPath::Dots),
            (".", BadPath::Dots),
            ("%2E%2E", BadPath::Dots),
            ("@home", BadPath::Role),
            ("a/@sent", BadPath::Role),
            ("ALL", BadPath::All),
            ("a%0D%0Ab", BadPath::Invisible),
            ("a\u{202e}b", BadPath::Invisible),
            ("a%00", BadPath::Invisible),
            ("a /b", BadPath::Space),
            ("a*", BadPath::Wildcard('*')),
            ("100%25", BadPath::Wildcard('%')),
            ("100%", BadPath::Wildcard('%')),
            (&"x".repeat(256), BadPath::Long),
            (&["x".repeat(200).as_str(); 6].join("/"), BadPath::Long),
            (&["x"; 17].join("/"), BadPath::Long),
        ] {
            assert_eq!(of(name), Err(bad), "{name}");
        }
    }
}
