//! When the person is asked before mail leaves, and where they answer. What is asked of which message is
//! decided in `engine`; these are the choices a grant can hold.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a reason ends that is given for a recipient to whom the person never wrote; the address stands before it.
/// Approving such a message takes a fresh proof of who the person is.
pub const NEVER_WRITTEN_TO: &str = "never written to before.";

/// When the person is asked before a message leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalRule {
    /// For every message.
    Always,
    /// For every message to anyone who is not known.
    #[default]
    NewRecipients,
    /// Likewise, but only for a day after content of somebody who is not known was read.
    AfterStrangers,
    /// Not at all.
    Never,
}

impl ApprovalRule {
    /// Every rule, the strictest first.
    pub const ALL: &[Self] = &[Self::Always, Self::NewRecipients, Self::AfterStrangers, Self::Never];

    /// The name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::NewRecipients => "new-recipients",
            Self::AfterStrangers => "after-strangers",
            Self::Never => "never",
        }
    }

    /// How little it asks: 0 for every message, 3 for none.
    pub(crate) fn looseness(self) -> u8 {
        match self {
            Self::Always => 0,
            Self::NewRecipients => 1,
            Self::AfterStrangers => 2,
            Self::Never => 3,
        }
    }
}

impl FromStr for ApprovalRule {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|rule| rule.as_str() == text);
        found.ok_or("expected `always`, `new-recipients`, `after-strangers` or `never`")
    }
}

/// Where approvals are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalPlace {
    /// On our own pages or command line, by the signed-in person.
    #[default]
    Page,
    /// In the client, which is the person's own program.
    Client,
}

impl ApprovalPlace {
    /// The name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Client => "client",
        }
    }
}

impl FromStr for ApprovalPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "page" => Ok(Self::Page),
            "client" => Ok(Self::Client),
            _ => Err("expected `page` or `client`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_by_the_name_it_is_written_with_and_the_default_asks_for_new_recipients() {
        for rule in ApprovalRule::ALL {
            assert_eq!(rule.as_str().parse(), Ok(*rule));
        }
        assert!("sometimes".parse::<ApprovalRule>().is_err());
        assert_eq!(ApprovalRule::default(), ApprovalRule::NewRecipients);
        assert_eq!("client".parse(), Ok(ApprovalPlace::Client));
    }
}
