//! What can go wrong in the gate, and how a person at a terminal is told.

use std::{fmt::Write as _, io, path::PathBuf};

use domain::Problem;

/// What functions here answer.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A setting is unknown, malformed, or in the wrong place.
    #[error("{message}")]
    Setting {
        /// Which one, and what is wrong with it; never its value if that is a secret.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// The command line does not say enough, or too much.
    #[error("{message}")]
    Usage {
        /// What is missing or wrong.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// A file or directory could not be used.
    #[error("{what} `{}` cannot be used", path.display())]
    Path {
        /// What it is for.
        what: &'static str,
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The address to listen on could not be bound.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Reading or writing what goes between processes failed.
    #[error("{what}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The master key is missing although the database is there.
    #[error("the database exists, but its master key `{}` is missing", .0.display())]
    KeyMissing(PathBuf),
    /// `doctor` found something broken, `account test` a server that did not let in; it was printed.
    #[error("{0}")]
    Broken(String),
    /// Users, accounts, tokens.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// Database and key.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// Own certificate authorities.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// Mail.
    #[error("{}", .0.message)]
    Problem(Problem),
    /// MCP over stdio.
    #[error(transparent)]
    Stdio(#[from] mcp::StdioError),
}

impl From<Problem> for Error {
    // not by derive: a problem is its own words, nothing lies behind it
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Error {
    /// A setting's error.
    pub(crate) fn setting(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Setting { message: message.into(), hint: hint.into() }
    }

    /// A command line's error.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// What to do next; empty if there is nothing to say.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Setting { hint, .. } | Self::Usage { hint, .. } => hint.clone(),
            Self::Path { .. } => "Check that it is there and belongs to the user that runs this.".to_owned(),
            Self::Bind { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                "Another program listens there: end it, or choose another with POSTROOM_LISTEN.".to_owned()
            }
            Self::Bind { .. } => {
                "Check POSTROOM_LISTEN: the address must be one of this machine's, and ports below 1024 need \
                 privileges."
                    .to_owned()
            }
            Self::KeyMissing(_) => {
                "Put the key file back from your backup, or give the key with POSTROOM_MASTER_KEY. Without it the \
                 stored passwords cannot be opened by anybody; to begin anew, move the database away."
                    .to_owned()
            }
            Self::Access(error) => error.hint(),
            Self::Storage(error) => error.hint().to_owned(),
            Self::Net(error) => error.hint().to_owned(),
            Self::Problem(problem) => {
                let mut hint = problem.hint.clone();
                if let Some(words) = &problem.server_text {
                    let space = if hint.is_empty() { "" } else { " " };
                    let _ = write!(hint, "{space}The server said: \"{words}\"");
                }
                hint
            }
            Self::Broken(_) | Self::Io { .. } | Self::Stdio(_) => String::new(),
        }
    }

    /// The exit status: 2 for wrong usage, else 1.
    pub(crate) fn status(&self) -> u8 {
        if matches!(self, Self::Usage { .. }) { 2 } else { 1 }
    }

    /// What lies behind it, outermost first.
    pub(crate) fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        causes
    }
}
