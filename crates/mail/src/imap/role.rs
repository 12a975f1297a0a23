//! Which folder is for sent mail, drafts, trash …: by what the server says, else by the name.
//!
//! Pure: takes what LIST gave, asks nobody. A folder that is missing is made by a write, not here.

mod names;

use domain::Role;

use names::names_of;

/// One folder as LIST gave it.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// The decoded path.
    pub path: &'a str,
    /// The hierarchy delimiter; none in a flat namespace.
    pub delimiter: Option<char>,
    /// The attributes with their backslash, such as `\sent`, in any case.
    pub attributes: &'a [String],
}

/// The roles of an account's folders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    of_folder: Vec<Option<Role>>,
    fit_for: Vec<Option<Role>>,
    archive_is_all: bool,
}

/// How sure a guess is, the smaller the better: by attribute or name, the name's rank, the depth, the
/// position in the list.
type Rank = (u8, usize, usize, usize);

impl Roles {
    /// Assigns each role to at most one of `folders`, and at most one role to each folder.
    ///
    /// SPECIAL-USE attributes (RFC 6154) win over names; names count only right below the personal
    /// namespace's `prefix` (such as `INBOX.`; empty if there is none) or right below INBOX.
    /// `is_gmail` (X-GM-EXT-1) makes the archive the folder of all mail, and trusts no names.
    pub fn assign(folders: &[Listed<'_>], prefix: &str, is_gmail: bool) -> Self {
        let mut of_folder: Vec<Option<Role>> = vec![None; folders.len()];
        for role in Role::ALL.iter().copied() {
            let best = folders
                .iter()
                .enumerate()
                .filter(|(index, _)| of_folder.get(*index).is_some_and(Option::is_none))
                .filter_map(|(index, folder)| Some((rank(folder, role, prefix, is_gmail)?, index)))
                .map(|((kind, name, depth), index)| (kind, name, depth, index))
                .min();
            let best: Option<Rank> = best;
            if let Some(slot) = best.and_then(|(.., index)| of_folder.get_mut(index)) {
                *slot = Some(role);
            }
        }
        let fits = |folder: &Listed<'_>| {
            Role::ALL.iter().copied().find(|role| rank(folder, *role, prefix, is_gmail).is_some())
        };
        let fit_for = folders.iter().map(fits).collect();
        Self { of_folder, fit_for, archive_is_all: is_gmail }
    }

    /// The role of the folder at `index` of those given.
    pub fn of(&self, index: usize) -> Option<Role> {
        self.of_folder.get(index).copied().flatten()
    }

    /// The role that the folder at `index` would have if there were no other folders: it may get it any day.
    pub fn fit(&self, index: usize) -> Option<Role> {
        self.fit_for.get(index).copied().flatten()
    }

    /// The index of the folder that `role` names. On Gmail the archive is the folder of all mail.
    pub fn folder(&self, role: Role) -> Option<usize> {
        let find = |role| self.of_folder.iter().position(|of| *of == Some(role));
        match find(role) {
            None if role == Role::Archive && self.archive_is_all => find(Role::All),
            found => found,
        }
    }
}

/// The role that a folder of this path would be taken for by its name alone.
pub fn by_name(path: &str, delimiter: Option<char>, prefix: &str, is_gmail: bool) -> Option<Role> {
    let folder = Listed { path, delimiter, attributes: &[] };
    Role::ALL.iter().copied().find(|role| rank(&folder, *role, prefix, is_gmail).is_some())
}

fn rank(folder: &Listed<'_>, role: Role, prefix: &str, is_gmail: bool) -> Option<(u8, usize, usize)> {
    let has = |name: &str| folder.attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case(name));
    if has("\\noselect") || has("\\nonexistent") {
        return None;
    }
    let is_inbox = folder.path.eq_ignore_ascii_case("INBOX");
    if role == Role::Inbox || is_inbox {
        return (role == Role::Inbox && is_inbox).then_some((0, 0, 0));
    }
    let depth = folder.delimiter.map_or(0, |delimiter| folder.path.matches(delimiter).count());
    if attributes_of(role).iter().any(|name| has(name)) {
        return Some((0, 0, depth));
    }
    // What the server gave a use of its own is not given another by its name.
    let is_marked = Role::ALL.iter().any(|other| attributes_of(*other).iter().any(|name| has(name)));
    if is_marked || is_gmail {
        return None;
    }
    let (name, is_below_inbox) = leaf(folder, prefix)?;
    let name = simplify(name);
    let position = names_of(role).position(|known| known == name)?;
    Some((if is_below_inbox { 2 } else { 1 }, position, depth))
}

/// SPECIAL-USE's attributes, and those of XLIST, its forerunner.
fn attributes_of(role: Role) -> &'static [&'static str] {
    match role {
        Role::Inbox => &["\\inbox"],
        Role::Sent => &["\\sent"],
        Role::Drafts => &["\\drafts"],
        Role::Trash => &["\\trash"],
        Role::Junk => &["\\junk", "\\spam"],
        Role::Archive => &["\\archive"],
        Role::All => &["\\all", "\\allmail"],
        Role::Flagged => &["\\flagged", "\\starred"],
    }
}

/// The name of a folder right below the personal namespace, or right below INBOX (then true).
fn leaf<'a>(folder: &Listed<'a>, prefix: &str) -> Option<(&'a str, bool)> {
    let is_leaf = |name: &str| !name.is_empty() && folder.delimiter.is_none_or(|d| !name.contains(d));
    let below = |prefix: &str| {
        let (start, name) = folder.path.split_at_checked(prefix.len())?;
        (start.eq_ignore_ascii_case(prefix) && is_leaf(name)).then_some(name)
    };
    if let Some(name) = below(prefix) {
        return Some((name, false));
    }
    let inbox = format!("INBOX{}", folder.delimiter?);
    below(&inbox).map(|name| (name, true))
}

/// A name as it stands in the table: lower case, `-` and `_` as spaces, no double spaces, no dots above
/// the Turkish capital İ.
fn simplify(name: &str) -> String {
    let lower: String = name.to_lowercase().chars().filter(|c| *c != '\u{307}').collect();
    lower
        .split([' ', '-', '_', '\u{a0}', '\u{2011}', '\u{3000}'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
