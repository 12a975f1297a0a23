//! What agents may do where no consent page says it, and what they are offered.

use std::path::PathBuf;

use domain::{ApprovalRule, Scopes, Secret};

use super::setting::{List, Seconds, Switch, Value, section};
use crate::error::Result;

section! {
    /// What agents may do where no consent page says it, and what they are offered.
    #[expect(dead_code, reason = "some are checked only, until what they are for exists")]
    "Agents" Agents {
        /// The most that is allowed where no consent page gives scopes, as in `postroom stdio`. `mail:` may
        /// be left out.
        scopes: Scopes = Plain (default "folders, search, read, draft, modify");
        /// Tool sets beside the default one: rules, unsubscribe, habits, calendar.
        toolsets: Toolsets = Later (default "default");
        /// `postroom stdio`: the directory that attachments are written to when an agent asks for a file.
        files_dir: Option<PathBuf> = Plain (example "/home/alice/mail-files");
        /// Keep an encrypted local copy of mail; `off` keeps nothing of any mail on disk.
        mirror: Switch = Plain (default "on");
        /// When to ask the person before sending: always, new-recipients, after-strangers, never. The rule of
        /// new tokens that name none, and of `postroom stdio`.
        approval: ApprovalRule = Plain (default "new-recipients");
        /// Seconds in which a send can be taken back.
        send_delay: Seconds = Plain (default "0");
    }
}

/// Names of tool sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toolsets(pub(crate) Vec<String>);

impl Value for Toolsets {
    const IS_LIST: bool = true;

    fn parse(text: &Secret) -> Result<Self, String> {
        let names = List::parse(text)?.0;
        let is_known = |name: &String| {
            ["default", "rules", "unsubscribe", "habits", "calendar"].contains(&name.as_str())
        };
        if names.iter().all(is_known) {
            Ok(Self(names))
        } else {
            Err("expected a list of: `default`, `rules`, `unsubscribe`, `habits`, `calendar`".to_owned())
        }
    }
}
