//! What is to be done with messages, checked: each action with what it needs and nothing else.

use domain::{Code, FolderArg, Problem};
use serde::{Deserialize, Serialize};

use super::{Action, OrganizeRequest};

/// Keywords of one call.
const MOST_KEYWORDS: usize = 32;

/// Characters of a keyword.
const LONGEST_KEYWORD: usize = 64;

/// What is to be done. Kept with a plan, so in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// An action of `mail_organize`.
    Organize {
        /// Which.
        action: Action,
        /// Where to, as agents name it.
        to: Option<String>,
        /// Which keywords.
        keywords: Vec<String>,
    },
    /// Deleting for good.
    Delete,
}

impl From<Action> for Work {
    fn from(action: Action) -> Self {
        Self::Organize { action, to: None, keywords: Vec::new() }
    }
}

impl Work {
    /// What the request asks for, if it makes sense.
    pub(super) fn of(request: &OrganizeRequest) -> Result<Self, Problem> {
        let OrganizeRequest { action, to_folder, keywords, .. } = request;
        let invalid = |what: &str| Err(Problem::new(Code::InvalidInput, what));
        let wants_folder = matches!(action, Action::Move | Action::Copy);
        match to_folder {
            None if wants_folder => {
                return invalid("`to_folder` is missing: where to move or copy the messages.");
            }
            Some(_) if !wants_folder => return invalid("`to_folder` belongs to `move` and `copy` only."),
            Some(FolderArg::All) => return invalid("`all` is no folder that messages can be put into."),
            _ => {}
        }
        let wants_keywords = matches!(action, Action::AddKeyword | Action::RemoveKeyword);
        if wants_keywords && keywords.is_empty() {
            return invalid("`keywords` are missing.");
        }
        if !wants_keywords && !keywords.is_empty() {
            return invalid("`keywords` belong to `add_keyword` and `remove_keyword` only.");
        }
        if keywords.len() > MOST_KEYWORDS {
            let told = format!("One call sets or takes away {MOST_KEYWORDS} keywords at the most.");
            return Err(Problem::new(Code::TooMany, told));
        }
        let mut once: Vec<String> = Vec::new();
        for keyword in keywords {
            check_keyword(keyword)?;
            if !once.iter().any(|known| known.eq_ignore_ascii_case(keyword)) {
                once.push(keyword.clone());
            }
        }
        Ok(Self::Organize {
            action: *action,
            to: to_folder.as_ref().map(ToString::to_string),
            keywords: once,
        })
    }

    /// Whether both are the same action, whatever its details.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Organize { action, .. }, Self::Organize { action: other, .. }) => action == other,
            (Self::Delete, Self::Delete) => true,
            _ => false,
        }
    }
}

/// A keyword is an atom (RFC 9051, 9: `flag-keyword`).
fn check_keyword(keyword: &str) -> Result<(), Problem> {
    let is_special = |b: u8| matches!(b, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']');
    let is_atom = !keyword.is_empty() && keyword.bytes().all(|b| b.is_ascii_graphic() && !is_special(b));
    if is_atom && keyword.len() <= LONGEST_KEYWORD {
        return Ok(());
    }
    let problem = Problem::new(
        Code::InvalidInput,
        format!(
            "A keyword is 1 to {LONGEST_KEYWORD} ASCII characters without spaces and without \
             ( ) {{ % * \" \\ ]."
        ),
    );
    Err(if keyword.starts_with('\\') {
        problem.hint("For the system's own flags use `read`, `unread`, `star` and `unstar`.")
    } else {
        problem
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organize::Meant;

    fn request(action: Action) -> OrganizeRequest {
        OrganizeRequest {
            meant: Meant::default(),
            action,
            to_folder: None,
            keywords: Vec::new(),
            confirm: None,
        }
    }

    fn refusal(request: &OrganizeRequest) -> Code {
        Work::of(request).unwrap_err().code
    }

    #[test]
    fn an_action_takes_what_it_needs_and_nothing_else() {
        for action in [Action::Move, Action::Copy] {
            assert_eq!(refusal(&request(action)), Code::InvalidInput);
            let to = |to: &str| OrganizeRequest { to_folder: Some(FolderArg::parse(to)), ..request(action) };
            assert!(Work::of(&to("Taxes")).is_ok());
            assert_eq!(refusal(&to("all")), Code::InvalidInput);
        }
        for action in [Action::Read, Action::Archive, Action::Trash, Action::NotJunk, Action::AddKeyword] {
            let to = OrganizeRequest { to_folder: Some(FolderArg::parse("Taxes")), ..request(action) };
            assert_eq!(refusal(&to), Code::InvalidInput, "{action:?}");
        }
        assert_eq!(refusal(&request(Action::RemoveKeyword)), Code::InvalidInput);
        let with = |action| OrganizeRequest { keywords: vec!["later".into()], ..request(action) };
        assert_eq!(refusal(&with(Action::Star)), Code::InvalidInput);
        assert!(Work::of(&with(Action::AddKeyword)).is_ok());
    }

    #[test]
    fn keywords_are_short_atoms_and_no_flags_of_the_system() {
        let with = |keywords: Vec<String>| OrganizeRequest { keywords, ..request(Action::AddKeyword) };
        for good in ["later", "$MDNSent", "$Forwarded", "a/b", &"x".repeat(64)] {
            assert!(Work::of(&with(vec![good.to_owned()])).is_ok(), "{good}");
        }
        for bad in ["", "\\Deleted", "\\Seen", "two words", "a)", "a\r\nb", "später", "a]", &"x".repeat(65)]
        {
            assert_eq!(refusal(&with(vec![bad.to_owned()])), Code::InvalidInput, "{bad:?}");
        }
        let many = (0..33).map(|number| format!("k{number}")).collect();
        assert_eq!(refusal(&with(many)), Code::TooMany);
        let Ok(Work::Organize { keywords, .. }) = Work::of(&with(vec!["Later".into(), "later".into()]))
        else {
            panic!("two ways to write one keyword")
        };
        assert_eq!(keywords, ["Later"]);
    }
}
