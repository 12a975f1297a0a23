//! The id of a message as agents see it: `ACCOUNT/FOLDER:UID@UIDVALIDITY`.

use std::{fmt, str::FromStr};

use crate::{AccountName, FolderArg};

/// Names one message for as long as its folder keeps its UIDVALIDITY.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageRef {
    /// The account.
    pub account: AccountName,
    /// The folder: `@role` where it has one, else its path. Never `all`.
    pub folder: FolderArg,
    /// The UID in that folder (RFC 9051, 2.3.1.1).
    pub uid: u32,
    /// The folder's UIDVALIDITY; written in base 36.
    pub validity: u32,
}

/// A text that is no message id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a message id looks like `work/@inbox:4711@k2x9`")]
pub struct InvalidMessageRef;

impl fmt::Display for MessageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}@{}", self.account, self.folder, self.uid, base36(self.validity))
    }
}

impl FromStr for MessageRef {
    type Err = InvalidMessageRef;

    /// Reads from the right: the last `@`, the last `:`, the first `/`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = || {
            let (rest, validity) = text.trim().rsplit_once('@')?;
            let (rest, uid) = rest.rsplit_once(':')?;
            let (account, folder) = rest.split_once('/')?;
            if folder.is_empty() || validity.len() > 7 || uid.starts_with('+') || validity.starts_with('+') {
                return None;
            }
            let folder = FolderArg::parse(folder);
            let uid = uid.parse().ok().filter(|uid| *uid != 0)?;
            let validity = u32::from_str_radix(validity, 36).ok()?;
            (folder != FolderArg::All).then_some(())?;
            Some(Self { account: account.parse().ok()?, folder, uid, validity })
        };
        parts().ok_or(InvalidMessageRef)
    }
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(number % 36, 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{FolderName, Role};

    #[test]
    fn reads_the_example_of_the_contract() {
        let id: MessageRef = "work/@inbox:4711@k2x9".parse().unwrap();
        assert_eq!(id.folder, FolderArg::Role(Role::Inbox));
        assert_eq!((id.uid, id.validity), (4711, 936_909));
        assert_eq!(id.to_string(), "work/@inbox:4711@k2x9");
    }

    #[test]
    fn refuses_what_is_no_id() {
        for bad in [
            "",
            "work",
            "work/@inbox:0@1",
            "work/:1@1",
            "work/@inbox:1@",
            "work/@inbox:+1@1",
            "W/x:1@1",
            "work/all:1@1",
            "work/@inbox:1@zzzzzzz",
            "<a@b>",
            "work/@inbox:4294967296@1",
        ] {
            assert_eq!(bad.parse::<MessageRef>(), Err(InvalidMessageRef), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_id_comes_back(path in "\\PC{1,30}", uid in 1_u32.., validity: u32) {
            let name = FolderName::from_path(&path, Some('.'));
            prop_assume!(!name.as_str().trim().is_empty() && name.as_str().trim() == name.as_str());
            let folder = FolderArg::parse(name.as_str());
            let id = MessageRef { account: "work".parse().unwrap(), folder, uid, validity };
            prop_assert_eq!(id.to_string().parse::<MessageRef>(), Ok(id));
        }
    }
}
