//! Why a document gave no text or picture, and how a caller is told.

use domain::{Code, Problem};
use serde::{Deserialize, Serialize};

/// What every reading of a document answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a document was not read. Says nothing of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Error {
    /// A password is needed.
    #[error("the file is protected by a password")]
    Locked,
    /// It does not hold to its format.
    #[error("the file is damaged")]
    Damaged,
    /// It is larger, or unpacks to more, than is read.
    #[error("the file is larger than is read here")]
    TooLarge,
    /// Others were being read for longer than it may wait.
    #[error("too many documents are being read")]
    Busy,
    /// It took longer than it may.
    #[error("reading the file took too long")]
    TooSlow,
    /// Its reader failed or met the limit of memory.
    #[error("the file cannot be read: its reader failed")]
    Crashed,
    /// Nothing here reads this kind of file.
    #[error("files of this kind cannot be read")]
    Unsupported,
    /// The reader cannot be started.
    #[error("the reader of documents cannot be started")]
    Unavailable,
}

/// Seconds after which another document may have its turn.
const AGAIN: u64 = 10;

impl Error {
    /// What a caller learns.
    pub fn problem(&self) -> Problem {
        let code = match self {
            Self::TooLarge => Code::TooLarge,
            Self::Busy => Code::RateLimited,
            Self::TooSlow => Code::Timeout,
            Self::Unavailable => Code::Internal,
            Self::Locked | Self::Damaged | Self::Crashed | Self::Unsupported => Code::NotSupported,
        };
        let hint = match self {
            Self::Busy => "Ask again in a few seconds, or ask for as: link to get the file itself.",
            Self::Locked => "Nothing here can open it; ask for as: link and let the person open it.",
            _ => "Ask for as: link to get the file itself.",
        };
        let mut message = self.to_string();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let problem = Problem::new(code, message).hint(hint);
        if *self == Self::Busy { problem.retry_after(AGAIN) } else { problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_happened_and_what_to_do_next() {
        let codes = [
            (Error::Locked, Code::NotSupported),
            (Error::Damaged, Code::NotSupported),
            (Error::TooLarge, Code::TooLarge),
            (Error::Busy, Code::RateLimited),
            (Error::TooSlow, Code::Timeout),
            (Error::Crashed, Code::NotSupported),
            (Error::Unsupported, Code::NotSupported),
            (Error::Unavailable, Code::Internal),
        ];
        for (error, code) in codes {
            let problem = error.problem();
            assert_eq!(problem.code, code);
            assert!(problem.message.starts_with(|c: char| c.is_ascii_uppercase()), "{}", problem.message);
            assert_eq!(problem.retry_after.is_some(), error == Error::Busy);
            assert!(problem.hint.contains("as: link"), "{}", problem.hint);
        }
    }
}
