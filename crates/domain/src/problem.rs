//! What a caller is told when something did not work: a stable code, what happened, what to do next.

use std::fmt;

macro_rules! codes {
    ($($variant:ident $name:literal $meaning:literal;)*) => {
        /// The stable name of a kind of problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each code's meaning is its row in the table")]
        pub enum Code { $($variant),* }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as callers see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

codes! {
    InvalidInput "invalid_input" "An argument is missing, malformed or out of range.";
    NotFound "not_found" "The account, message or part does not exist, or not for this grant.";
    StaleId "stale_id" "The folder was rebuilt by its server, so the id no longer names a message.";
    StaleCursor "stale_cursor" "The cursor's folder was rebuilt; search again from the start.";
    FolderNotFound "folder_not_found" "No folder of that name; the nearest names are given.";
    BadQuery "bad_query" "The query cannot be understood; the known operators are given.";
    ScopeMissing "scope_missing" "The grant does not include the scope that this needs.";
    OutsideGrant "outside_grant" "The grant's limits exclude this.";
    RecipientNotAllowed "recipient_not_allowed" "The grant does not allow sending to this recipient.";
    TooMany "too_many" "More items than one call takes.";
    TooLarge "too_large" "Larger than one call takes.";
    RateLimited "rate_limited" "Too many calls; the seconds to wait are given.";
    AccountAuthFailed "account_auth_failed" "The mail server refused the account's sign-in.";
    AccountUnreachable "account_unreachable" "The mail server cannot be reached.";
    TlsFailed "tls_failed" "The connection to the mail server could not be secured.";
    ServerRefused "server_refused" "The mail server refused the command; its own words are given.";
    Timeout "timeout" "The mail server did not answer in time.";
    NotSupported "not_supported" "This cannot be done: not by this mail server, or not with this file.";
    Conflict "conflict" "It was changed meanwhile, or several are meant.";
    Internal "internal" "A fault of Postroom itself; the request id finds it in the log.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A problem as told to a caller. Never holds a secret or another account's data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} [{code}]")]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// What happened to what, one sentence in our own words.
    pub message: String,
    /// What to do next; empty if there is nothing to say.
    pub hint: String,
    /// The mail server's own words, which are not to be trusted.
    pub server_text: Option<String>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem without a hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: String::new(), server_text: None, retry_after: None }
    }

    /// With the next step to take.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// With the server's own words, shortened to 200 characters.
    #[must_use]
    pub fn server_text(mut self, text: &str) -> Self {
        let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        self.server_text = (!text.is_empty()).then_some(text);
        self
    }

    /// With the seconds to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_snake_case() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
            assert!(seen.insert(code.as_str()), "{code} twice");
        }
    }
}
