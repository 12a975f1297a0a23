//! Who puts sent mail into the Sent folder: the provider or we. First by the submission server's name,
//! then by what was seen of the account.

use storage::{Copy, CopyState, Store};

use crate::{Account, bounds::SendingBounds};

/// Who files what an account sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filing {
    /// The provider: a copy of ours would be a second one.
    Provider,
    /// Nobody, unless we do.
    Us,
    /// Not known yet: it is looked.
    Unknown,
}

/// By the end of the submission server's name, as of late 2026. Starting values that no live account was asked
/// for: where one is wrong, its entry goes, and what is seen of each account decides.
const PRESETS: &[(&str, Filing)] = &[
    ("smtp.gmail.com", Filing::Provider),
    ("smtp-relay.gmail.com", Filing::Unknown),
    ("smtp.googlemail.com", Filing::Provider),
    ("smtp.fastmail.com", Filing::Us),
    ("mail.gmx.net", Filing::Us),
    ("mail.gmx.com", Filing::Us),
    ("smtp.web.de", Filing::Us),
    ("ovh.net", Filing::Us),
    ("smtp.mailbox.org", Filing::Us),
];

/// What the server's name says.
pub(super) fn preset(host: &str) -> Filing {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_of = |end: &str| host.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    PRESETS.iter().find(|(end, _)| is_of(end)).map_or(Filing::Unknown, |(_, filing)| *filing)
}

/// What is known of the account. What cannot be looked up now counts as unknown.
pub(super) async fn of(store: &Store, account: &Account) -> Filing {
    let host = account.submission.as_ref().map_or("", |submission| submission.endpoint.host.as_str());
    let preset = preset(host);
    if preset != Filing::Unknown {
        return preset;
    }
    match store.filing_of(&account.home).await {
        Ok(Some(true)) => Filing::Provider,
        Ok(Some(false)) => Filing::Us,
        Ok(None) => Filing::Unknown,
        Err(error) => {
            tracing::warn!(%error, "it could not be looked up who files sent mail");
            Filing::Unknown
        }
    }
}

impl Filing {
    /// The copy of what was sent just now.
    pub(super) fn copy(self, bounds: &SendingBounds, now: domain::Timestamp) -> Copy {
        let copy = |state, next| Copy { state, id: None, tries: 0, next };
        match self {
            Self::Provider => copy(CopyState::Kept, None),
            Self::Us => copy(CopyState::Waiting, Some(now)),
            Self::Unknown => {
                let [first, ..] = bounds.looks;
                copy(CopyState::Looking, Some(now + first))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_name_tells_and_no_part_of_one_does() {
        assert_eq!(preset("SMTP.gmail.com."), Filing::Provider);
        assert_eq!(preset("smtp.fastmail.com"), Filing::Us);
        assert_eq!(preset("ssl0.ovh.net"), Filing::Us);
        assert_eq!(preset("notovh.net"), Filing::Unknown);
        assert_eq!(preset("smtp.gmail.com.evil.test"), Filing::Unknown);
        assert_eq!(preset("smtp.office365.com"), Filing::Unknown);
    }
}
