//! One mail identity at one provider: its name among its user's accounts, where its servers are.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

mod change;

pub use change::{PasswordNeeded, Service, SmtpPassword, Typed};

use crate::{AccountId, Secret};

/// An account's short name, unique to its user: `[a-z0-9_-]{1,32}`, never `all`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

/// Why a text is no account name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an account name is 1 to 32 of a-z, 0-9, `_` and `-`, and not `all`")]
pub struct InvalidAccountName;

impl AccountName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name made from an address: its local part, reduced to what a name may hold.
    pub fn from_address(address: &str) -> Self {
        let local = address.split('@').next().unwrap_or_default();
        let name: String = local
            .chars()
            .map(|c| c.to_ascii_lowercase())
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' })
            .take(32)
            .collect();
        let name = name.trim_matches('-');
        Self(if name.is_empty() || name == "all" { "mail".to_owned() } else { name.to_owned() })
    }
}

impl FromStr for AccountName {
    type Err = InvalidAccountName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if fits && text != "all" { Ok(Self(text.to_owned())) } else { Err(InvalidAccountName) }
    }
}

impl TryFrom<String> for AccountName {
    type Error = InvalidAccountName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text looks like a bare mail address, without a name and angle brackets.
pub fn is_address(text: &str) -> bool {
    let has_odd = text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    let sides = text.rsplit_once('@');
    !has_odd && text.len() <= 320 && sides.is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// STARTTLS, required: nothing is said in the clear but the request for it.
    StartTls,
    /// No protection at all; only where the person says so.
    None,
}

impl TlsMode {
    /// What the port number means by convention: 993, 465 and unknown ports TLS; 143, 587 and 25 STARTTLS.
    pub fn of_port(port: u16) -> Self {
        if matches!(port, 143 | 587 | 25 | 1143 | 1025) { Self::StartTls } else { Self::Tls }
    }

    /// The name used in settings: `tls`, `starttls` or `none`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::StartTls => "starttls",
            Self::None => "none",
        }
    }
}

impl FromStr for TlsMode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "tls" => Ok(Self::Tls),
            "starttls" => Ok(Self::StartTls),
            "none" => Ok(Self::None),
            _ => Err("expected `tls`, `starttls` or `none`"),
        }
    }
}

/// Where one server of an account is and whom to sign in as.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection of the connection.
    pub tls: TlsMode,
    /// The login name.
    pub username: String,
}

/// Everything about an account that is not secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// The address that mail is sent from.
    pub address: String,
    /// The person's name as recipients see it; empty if unknown.
    #[serde(default)]
    pub display_name: String,
    /// The IMAP server.
    pub imap: Endpoint,
    /// The submission server; without it nothing is sent from this account.
    #[serde(default)]
    pub smtp: Option<Endpoint>,
    /// If not empty, the only folders that exist for agents (paths or `@roles`).
    #[serde(default)]
    pub allowed_folders: Vec<String>,
    /// What stands below a message that an agent writes, as plain text or HTML; empty for nothing.
    #[serde(default)]
    pub signature: String,
    /// How the person likes to write, in their own words, for agents that draft; empty if they did not say.
    #[serde(default)]
    pub writing_style: String,
}

impl AccountSettings {
    /// Longest signature, in characters.
    pub const MAX_SIGNATURE: usize = 20_000;
    /// Longest description of a writing style, in characters.
    pub const MAX_WRITING_STYLE: usize = 4_000;
    /// Longest display name, in characters.
    pub const MAX_DISPLAY_NAME: usize = 200;
    /// Most folders that agents can be limited to.
    pub const MAX_ALLOWED_FOLDERS: usize = 200;
}

/// Which account something that is kept belongs to, whether or not the account itself is kept here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HomeAccount {
    /// One of the database.
    Stored(AccountId),
    /// One that is brought along, by the fingerprint of its servers and login names.
    Carried([u8; 32]),
}

impl fmt::Display for HomeAccount {
    /// `acc_…`, or `carried:` and 64 hex digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored(id) => id.fmt(f),
            Self::Carried(fingerprint) => {
                f.write_str("carried:")?;
                fingerprint.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl FromStr for HomeAccount {
    type Err = InvalidAccountName;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(digits) = text.strip_prefix("carried:") else {
            return Ok(Self::Stored(AccountId::from_text(text)));
        };
        let mut fingerprint = [0; 32];
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(InvalidAccountName);
        }
        for (index, byte) in fingerprint.iter_mut().enumerate() {
            let pair = digits.get(index * 2..index * 2 + 2).ok_or(InvalidAccountName)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidAccountName)?;
        }
        Ok(Self::Carried(fingerprint))
    }
}

/// The secrets of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// What signs in to IMAP.
    pub imap: Credential,
    /// What signs in to SMTP; the IMAP one if absent.
    pub smtp: Option<Credential>,
}

/// One way to prove who one is to a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A password or app password.
    Password(Secret),
    /// An OAuth 2.0 access token (RFC 7628).
    AccessToken(Secret),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_alphabet_are_refused() {
        for bad in ["", "all", "Work", "a b", "ä", &"x".repeat(33)] {
            assert_eq!(bad.parse::<AccountName>(), Err(InvalidAccountName), "{bad}");
        }
        assert_eq!("work-2_b".parse::<AccountName>().map(String::from), Ok("work-2_b".into()));
    }

    #[test]
    fn an_account_s_home_is_read_back_as_it_was_written() {
        for home in [HomeAccount::Carried([0xa7; 32]), HomeAccount::Stored(AccountId::from_random([3; 16]))] {
            assert_eq!(home.to_string().parse(), Ok(home));
        }
        assert!("carried:zz".parse::<HomeAccount>().is_err());
    }

    #[test]
    fn a_name_made_from_an_address_is_a_name() {
        for (address, name) in [("Ann.Lee@x.org", "ann-lee"), ("all@x.org", "mail"), ("ü@x.org", "mail")] {
            assert_eq!(AccountName::from_address(address).as_str(), name);
        }
    }
}
