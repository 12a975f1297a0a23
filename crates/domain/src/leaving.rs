//! When the person is asked before mail leaves, where they answer, and why they were asked. What is asked of
//! which message is decided in `engine`; these are the choices a grant can hold, and the reasons there are.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::AccountName;

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

/// Why the person is asked before a message leaves. Kept with the question; put into words only where it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ApprovalReason {
    /// The grant has every message approved.
    Always,
    /// The person never wrote to this address. Approving such a message takes a fresh proof of who they are.
    NewRecipient {
        /// The recipient, as it stands in the envelope.
        address: String,
    },
    /// This address is not the person's, and the grant has lately read mail of another account.
    AcrossAccounts {
        /// The recipient, as it stands in the envelope.
        address: String,
        /// The other account's name, if it is one of the grant's.
        read: Option<AccountName>,
    },
}

impl ApprovalReason {
    /// The recipient that it is about, if it is about one.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Always => None,
            Self::NewRecipient { address } | Self::AcrossAccounts { address, .. } => Some(address),
        }
    }

    /// Whether it is about that very address of the envelope.
    pub fn is_about(&self, address: &str) -> bool {
        self.address() == Some(address)
    }

    /// What a person reads, without the address: that stands beside it or, by `Display`, before it.
    pub fn words(&self) -> Cow<'static, str> {
        match self {
            Self::Always => "Every message is approved first.".into(),
            Self::NewRecipient { .. } => "never written to before.".into(),
            Self::AcrossAccounts { read: Some(read), .. } => {
                format!("mail of account `{read}` was read within the last day.").into()
            }
            Self::AcrossAccounts { read: None, .. } => {
                "mail of another account was read within the last day.".into()
            }
        }
    }

    /// The reason for programs, with the words for a person beside it.
    pub fn told(&self) -> ToldReason<'_> {
        ToldReason { reason: self, text: self.to_string() }
    }
}

impl fmt::Display for ApprovalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address() {
            Some(address) => write!(f, "{address}: {}", self.words()),
            None => f.write_str(&self.words()),
        }
    }
}

/// A reason as it is written out: its own fields, and `text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldReason<'a> {
    #[serde(flatten)]
    reason: &'a ApprovalReason,
    text: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reasons() -> [ApprovalReason; 4] {
        let address = "eve@evil.example".to_owned();
        [
            ApprovalReason::Always,
            ApprovalReason::NewRecipient { address: address.clone() },
            ApprovalReason::AcrossAccounts {
                address: address.clone(),
                read: Some(AccountName::from_address("work")),
            },
            ApprovalReason::AcrossAccounts { address, read: None },
        ]
    }

    #[test]
    fn a_reason_is_read_as_it_was_written_and_the_names_in_storage_stay() {
        let written = json!([
            { "kind": "always" },
            { "kind": "new-recipient", "address": "eve@evil.example" },
            { "kind": "across-accounts", "address": "eve@evil.example", "read": "work" },
            { "kind": "across-accounts", "address": "eve@evil.example", "read": null },
        ]);
        assert_eq!(serde_json::to_value(reasons()).unwrap(), written);
        assert_eq!(serde_json::from_value::<[ApprovalReason; 4]>(written).unwrap(), reasons());
    }

    #[test]
    fn what_is_no_reason_is_not_read_as_one() {
        for unread in [
            json!("eve@evil.example: never written to before."),
            json!({ "kind": "NewRecipient", "address": "eve@evil.example" }),
            json!({ "kind": "new-recipient" }),
            json!({ "address": "eve@evil.example" }),
            json!({ "kind": "across-accounts", "address": "eve@evil.example", "read": "no name" }),
        ] {
            assert!(serde_json::from_value::<ApprovalReason>(unread.clone()).is_err(), "{unread}");
        }
    }

    #[test]
    fn a_person_reads_the_address_first_and_programs_get_the_same_words_beside_the_fields() {
        assert_eq!(
            reasons().map(|reason| reason.to_string()),
            [
                "Every message is approved first.",
                "eve@evil.example: never written to before.",
                "eve@evil.example: mail of account `work` was read within the last day.",
                "eve@evil.example: mail of another account was read within the last day.",
            ]
        );
        let [always, new, ..] = reasons();
        let told = json!({ "kind": "always", "text": "Every message is approved first." });
        assert_eq!(serde_json::to_value(always.told()).unwrap(), told);
        let told = json!({
            "kind": "new-recipient",
            "address": "eve@evil.example",
            "text": "eve@evil.example: never written to before.",
        });
        assert_eq!(serde_json::to_value(new.told()).unwrap(), told);
    }

    #[test]
    fn an_address_that_reads_like_a_reason_is_an_address() {
        let address = "\"x: never written to before.\"@evil.example";
        let new = ApprovalReason::NewRecipient { address: address.to_owned() };
        assert!(new.is_about(address) && !new.is_about("\"x"));
        let address = "bob@example.org: never written to before.";
        let read = ApprovalReason::AcrossAccounts { address: address.to_owned(), read: None };
        assert!(read.is_about(address) && !read.is_about("bob@example.org"));
        let again = serde_json::from_value(serde_json::to_value(&read).unwrap());
        assert_eq!(again.ok(), Some(read));
    }

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
