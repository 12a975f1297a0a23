//! What can go wrong between us and a mail server, and how a caller is told.
//!
//! The server's own words are kept apart: they are a stranger's, and reach a caller only as
//! [`Problem::server_text`]. Nothing here holds a secret.

use std::io;

use domain::{Code, Problem};

use crate::discover::preset_of_host;

/// Why a mail server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection, or it could not be secured.
    #[error(transparent)]
    Net(#[from] net::Error),
    /// The server refused the sign-in.
    #[error("{host} refused the sign-in")]
    SignInRefused {
        /// The server.
        host: String,
        /// Its own words.
        text: String,
    },
    /// The server offers no way to sign in with what we have.
    #[error("{host} offers no way to sign in with this kind of credential")]
    NoSignInWay {
        /// The server.
        host: String,
        /// The mechanisms it offers, as it names them.
        offered: Vec<String>,
    },
    /// User name or secret hold what cannot be sent.
    #[error("the {0}")]
    BadCredential(&'static str),
    /// The server could not prove that it knows the password (RFC 5802 section 5).
    #[error("{host} could not prove that it knows the password")]
    ServerNotProven {
        /// The server.
        host: String,
    },
    /// STARTTLS is required and not offered.
    #[error("{host} port {port} does not offer STARTTLS")]
    StartTlsMissing {
        /// The server.
        host: String,
        /// The port.
        port: u16,
    },
    /// Something was said in the clear that would have been taken as said under TLS (RFC 3207 section 6).
    #[error("{host} port {port} sent more than the answer to STARTTLS; somebody may be in between")]
    StartTlsInjected {
        /// The server.
        host: String,
        /// The port.
        port: u16,
    },
    /// The server refused a command.
    #[error("the server refused {command}")]
    Refused {
        /// The command, as the protocol names it.
        command: &'static str,
        /// IMAP's response code or SMTP's enhanced status code, without brackets.
        code: Option<String>,
        /// Its own words.
        text: String,
    },
    /// The server did not answer in time; what was waited for.
    #[error("the server did not answer in time ({0})")]
    Timeout(&'static str),
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// The server took its leave, in its own words.
    #[error("the server ended the connection")]
    Bye(String),
    /// What was asked cannot be written as a command.
    #[error("the request cannot be sent: {0}")]
    Unsendable(#[from] crate::imap::wire::encode::Error),
    /// The server does not keep to the protocol; in what.
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(&'static str),
    /// The server cannot do this; what.
    #[error("the server cannot do this: {0}")]
    NotSupported(&'static str),
    /// Larger than what is taken from a server, or than what it takes; what.
    #[error("too large: {0}")]
    TooLarge(&'static str),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Self::Closed
            }
            _ => Self::Broken(error),
        }
    }
}

/// What to do where a sign-in leads to no mailbox.
const WITHOUT_MAILBOX: &str = "IMAP is switched off for this mailbox, or the access was not granted for IMAP: have it switched on \
    (Microsoft 365: mailbox, email apps), then sign in anew.";

/// Seconds after which a server that is busy may be asked again.
const BUSY: u64 = 60;

impl Error {
    /// Whether the connection is gone, so that the same may be tried once on a new one.
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Self::Closed | Self::Broken(_) | Self::Bye(_))
    }

    /// Whether the server said what it should not have said here, perhaps left from before.
    pub fn is_out_of_step(&self) -> bool {
        matches!(self, Self::Protocol(_))
    }

    /// Whether nothing more can be had on this connection.
    pub fn ends_connection(&self) -> bool {
        self.is_connection_lost() || matches!(self, Self::Timeout(_) | Self::TooLarge(_))
    }

    /// Whether the server only asks for patience (RFC 5530).
    pub fn is_busy(&self) -> bool {
        let names = ["UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED"];
        matches!(self, Self::Refused { code: Some(code), .. } if names.contains(&code.as_str()))
    }

    /// Whether the server cannot search in the charset it was asked in (RFC 9051 section 7.1).
    pub fn is_bad_charset(&self) -> bool {
        matches!(self, Self::Refused { code: Some(code), .. } if code == "BADCHARSET")
    }

    /// Whether the server took the sign-in but gives no mailbox: Microsoft's answer to all commands where
    /// IMAP is switched off or the token is for something else.
    pub fn is_without_mailbox(&self) -> bool {
        matches!(self, Self::Refused { text, .. } if text.to_ascii_lowercase().contains("authenticated but not connected"))
    }

    /// The problem as a caller is told it; `account` is the account's short name.
    pub fn problem(&self, account: &str) -> Problem {
        let new = |code, what: String| Problem::new(code, format!("Account `{account}`: {what}."));
        let plain = |code| new(code, self.to_string());
        match self {
            Self::Net(error) => new(error.code(), error.message()).hint(error.hint()),
            Self::SignInRefused { host, text } => plain(Code::AccountAuthFailed)
                .hint(sign_in_hint(host).unwrap_or_else(|| {
                    "Check user name and password; some providers want an app password.".to_owned()
                }))
                .server_text(text),
            Self::NoSignInWay { host, offered } => plain(Code::AccountAuthFailed)
                .hint(sign_in_hint(host).unwrap_or_else(|| {
                    "The server may allow sign-in only under TLS, or only with OAuth; check the TLS mode and the provider's settings.".to_owned()
                }))
                .server_text(&offered.join(" ")),
            Self::BadCredential(_) => plain(Code::AccountAuthFailed).hint("Enter user name and password anew."),
            Self::ServerNotProven { .. } => plain(Code::AccountAuthFailed)
                .hint("This may be another server than the one the password belongs to: check the host name."),
            Self::StartTlsMissing { .. } => plain(Code::TlsFailed)
                .hint("Use TLS from the first byte (port 993 for IMAP, 465 for SMTP), or another port."),
            Self::StartTlsInjected { .. } => plain(Code::TlsFailed)
                .hint("Use TLS from the first byte (port 993 for IMAP, 465 for SMTP)."),
            Self::Refused { text, .. } if self.is_without_mailbox() => {
                new(Code::AccountAuthFailed, "the sign-in leads to no mailbox".to_owned())
                    .hint(WITHOUT_MAILBOX)
                    .server_text(text)
            }
            Self::Refused { code, text, .. } => {
                let code = code.as_deref().unwrap_or_default();
                let (kind, hint, wait) = meaning_of(code);
                let problem = plain(kind).hint(hint).server_text(text);
                if wait { problem.retry_after(BUSY) } else { problem }
            }
            Self::Timeout(_) => plain(Code::Timeout).hint(
                "Try again. If it never answers, the TLS mode may be wrong: `tls` for ports 993 and 465, `starttls` for 143 and 587.",
            ),
            Self::Closed | Self::Broken(_) => plain(Code::AccountUnreachable).hint("Try again."),
            Self::Bye(text) => plain(Code::AccountUnreachable).hint("Try again.").server_text(text),
            Self::Unsendable(_) => plain(Code::InvalidInput),
            Self::Protocol(_) => plain(Code::ServerRefused)
                .hint("Check that host and port belong to a mail server of this kind; else try again."),
            Self::NotSupported(_) => plain(Code::NotSupported),
            Self::TooLarge(_) => plain(Code::TooLarge).hint("Ask for less at once."),
        }
    }
}

/// What a response code (RFC 5530, RFC 9051 section 7.1, Gmail's own) or an enhanced status code
/// (RFC 3463) means to a caller: the code, the hint, and whether waiting helps.
fn meaning_of(code: &str) -> (Code, &'static str, bool) {
    let name = code.split(' ').next().unwrap_or_default();
    match name.to_ascii_uppercase().as_str() {
        "AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED" | "EXPIRED" | "PRIVACYREQUIRED" | "WEBALERT" => (
            Code::AccountAuthFailed,
            "The server wants the account's owner to sign in anew, perhaps on its web page.",
            false,
        ),
        "UNAVAILABLE" | "INUSE" | "LIMIT" | "THROTTLED" => {
            (Code::ServerRefused, "The server is busy or limits this account; try again later.", true)
        }
        "OVERQUOTA" => (Code::ServerRefused, "The mailbox is full.", false),
        "NOPERM" => (Code::ServerRefused, "The account may not do this on its server.", false),
        "HASCHILDREN" => (Code::Conflict, "There are folders below it.", false),
        "ALREADYEXISTS" => (Code::Conflict, "Something of that name exists already.", false),
        "NONEXISTENT" | "TRYCREATE" => {
            (Code::FolderNotFound, "The folder does not exist; list the folders for their names.", false)
        }
        "TOOBIG" => (Code::TooLarge, "The server takes smaller messages only.", false),
        "CANNOT" => (Code::NotSupported, "The server can never do this.", false),
        name if name.starts_with("4.") => {
            (Code::ServerRefused, "The server cannot do it now; try again later.", true)
        }
        _ => (Code::ServerRefused, "", false),
    }
}

/// What a refused sign-in usually means at the provider whose server it is, and where that is mended.
fn sign_in_hint(host: &str) -> Option<String> {
    preset_of_host(host).map(|preset| format!("{} See {}", preset.hint, preset.help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(host: &str) -> Problem {
        Error::SignInRefused { host: host.to_owned(), text: "nope\r\nnow".to_owned() }.problem("work")
    }

    #[test]
    fn a_refused_sign_in_names_the_account_and_what_its_provider_wants() {
        let problem = refused("IMAP.gmail.com.");
        assert_eq!(problem.code, Code::AccountAuthFailed);
        assert_eq!(problem.message, "Account `work`: IMAP.gmail.com. refused the sign-in.");
        assert!(problem.hint.contains("https://myaccount.google.com/apppasswords"));
        assert_eq!(problem.server_text.as_deref(), Some("nopenow"));
        assert!(refused("imap.mail.me.com").hint.contains("app-specific"));
        assert!(refused("imap.mail.yahoo.com").hint.contains("Yahoo"));
        assert!(!refused("notgmail.com").hint.contains("Gmail"));
        assert!(refused("mail.example.org").hint.contains("app password"));
    }

    #[test]
    fn response_codes_become_the_codes_callers_know() {
        for (code, expected, waits) in [
            (Some("UNAVAILABLE"), Code::ServerRefused, true),
            (Some("limit"), Code::ServerRefused, true),
            (Some("ALREADYEXISTS"), Code::Conflict, false),
            (Some("AUTHENTICATIONFAILED"), Code::AccountAuthFailed, false),
            (Some("TRYCREATE"), Code::FolderNotFound, false),
            (Some("4.7.0"), Code::ServerRefused, true),
            (Some("5.7.1"), Code::ServerRefused, false),
            (None, Code::ServerRefused, false),
        ] {
            let error =
                Error::Refused { command: "SELECT", code: code.map(str::to_owned), text: "x".to_owned() };
            let problem = error.problem("work");
            assert_eq!((problem.code, problem.retry_after.is_some()), (expected, waits), "{code:?}");
        }
    }

    #[test]
    fn display_never_shows_what_a_server_or_the_system_said() {
        let refused = Error::Refused { command: "SELECT", code: None, text: "sesame".to_owned() };
        assert!(!refused.to_string().contains("sesame"));
        let broken = Error::from(io::Error::other("sesame"));
        assert!(!broken.to_string().contains("sesame") && broken.is_connection_lost());
        assert!(Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).is_connection_lost());
        assert!(!refused.is_connection_lost());
    }
}
