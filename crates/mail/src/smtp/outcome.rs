//! What comes of handing a message over, what it means for trying again, and how a caller is told.

use std::io;

use domain::{Code, Problem};

use crate::Error;

/// Seconds after which a server that said "not now" may be asked again.
const NOT_NOW: u64 = 300;

/// What the server said to one recipient, or of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientReply {
    /// Whether it was a yes.
    pub accepted: bool,
    /// Whether it was a "not now" (4yz).
    pub is_temporary: bool,
    /// The three digits.
    pub code: u16,
    /// The enhanced status code (RFC 3463), such as `5.1.1`.
    pub enhanced: Option<String>,
    /// The server's own words, shortened, without the enhanced code.
    pub text: String,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// What was said to each recipient, in the order of the envelope; at least one was accepted.
    pub recipients: Vec<RecipientReply>,
    /// The server's own words at the end.
    pub text: String,
}

/// Why a message was not taken, or is not known to have been.
#[derive(Debug, thiserror::Error)]
pub enum NotSubmitted {
    /// No recipient was accepted; what was said to each, in the order of the envelope.
    #[error("the server refused all recipients")]
    AllRefused(Vec<RecipientReply>),
    /// The sender was refused.
    #[error("the server refused the sender")]
    SenderRefused(RecipientReply),
    /// The message was refused by a reply: definite.
    #[error("the server refused the message")]
    MessageRefused(RecipientReply),
    /// Larger than the server says it takes.
    #[error("the server takes messages of at most {limit} octets")]
    TooLarge {
        /// What it takes, in octets.
        limit: u64,
    },
    /// An address is not ASCII, and the server takes only such.
    #[error("the server takes no addresses beyond ASCII")]
    NeedsUtf8,
    /// The message is 8 bit, and the server takes only 7 bit.
    #[error("the server takes no 8 bit messages")]
    Needs8Bit,
    /// Lost before the last of the data: nothing was taken, it is safe to try again.
    #[error("the message was not handed over")]
    NotSent(#[source] Error),
    /// Lost between the last of the data and the reply: perhaps taken.
    #[error("the server did not say whether it took the message")]
    Unknown(#[source] Error),
    /// The source of the octets or `before_end` failed, or the envelope cannot be written: nothing was taken.
    #[error("the message could not be read")]
    Stopped(#[source] io::Error),
}

impl NotSubmitted {
    /// Whether the same may be tried again later, without the risk of a second copy and with some hope.
    pub fn is_worth_repeating(&self) -> bool {
        match self {
            Self::NotSent(_) => true,
            Self::AllRefused(replies) => replies.iter().any(|reply| reply.is_temporary),
            Self::SenderRefused(reply) | Self::MessageRefused(reply) => reply.is_temporary,
            Self::TooLarge { .. }
            | Self::NeedsUtf8
            | Self::Needs8Bit
            | Self::Unknown(_)
            | Self::Stopped(_) => false,
        }
    }

    /// The problem as a caller is told it; `account` is the account's short name.
    pub fn problem(&self, account: &str) -> Problem {
        let new = |code| Problem::new(code, format!("Account `{account}`: {self}."));
        match self {
            Self::NotSent(error) => error.problem(account),
            Self::AllRefused(replies) => {
                let problem = new(Code::ServerRefused);
                replies.first().map_or(problem.clone(), |reply| reply.told(problem, "Check the addresses."))
            }
            Self::SenderRefused(reply) => reply.told(
                new(Code::ServerRefused),
                "The server lets an account send only as its own addresses: check the address of the account.",
            ),
            Self::MessageRefused(reply) if reply.is_of_size() => {
                reply.told(new(Code::TooLarge), "Send fewer or smaller attachments.")
            }
            Self::MessageRefused(reply) => reply
                .told(new(Code::ServerRefused), "The server's own words may say why: its limits, or what it takes for spam."),
            Self::TooLarge { .. } => new(Code::TooLarge).hint("Send fewer or smaller attachments."),
            Self::NeedsUtf8 => new(Code::NotSupported).hint("Use an address of the recipient that is ASCII."),
            Self::Needs8Bit => new(Code::NotSupported).hint("Attach the forwarded message as text or a file instead."),
            Self::Unknown(error) => {
                let code = error.problem(account).code;
                new(code).hint("It may have been sent. Look for it in the Sent folder or ask a recipient before it is sent again.")
            }
            Self::Stopped(error) if error.kind() == io::ErrorKind::InvalidInput => {
                new(Code::InvalidInput).hint("Check the addresses.")
            }
            Self::Stopped(_) => new(Code::Internal),
        }
    }
}

impl RecipientReply {
    /// A problem with the server's words, and patience or another next step.
    fn told(&self, problem: Problem, hint: &str) -> Problem {
        let problem = problem.server_text(&self.text);
        if self.is_temporary {
            problem.hint("The server does not take it now; try again later.").retry_after(NOT_NOW)
        } else {
            problem.hint(hint)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, enhanced: &str) -> RecipientReply {
        RecipientReply {
            accepted: false,
            is_temporary: code / 100 == 4,
            code,
            enhanced: Some(enhanced.to_owned()),
            text: "so it is\r\n".to_owned(),
        }
    }

    #[test]
    fn only_what_was_certainly_not_taken_is_worth_repeating() {
        for (told, expected) in [
            (NotSubmitted::NotSent(Error::Closed), true),
            (NotSubmitted::Unknown(Error::Closed), false),
            (NotSubmitted::AllRefused(vec![reply(550, "5.1.1"), reply(450, "4.2.0")]), true),
            (NotSubmitted::AllRefused(vec![reply(550, "5.1.1")]), false),
            (NotSubmitted::MessageRefused(reply(451, "4.3.0")), true),
            (NotSubmitted::MessageRefused(reply(554, "5.7.1")), false),
            (NotSubmitted::SenderRefused(reply(553, "5.7.1")), false),
            (NotSubmitted::TooLarge { limit: 5 }, false),
        ] {
            assert_eq!(told.is_worth_repeating(), expected, "{told:?}");
        }
    }

    #[test]
    fn a_caller_is_told_what_happened_and_what_to_do() {
        let problem = NotSubmitted::MessageRefused(reply(552, "5.3.4")).problem("work");
        assert_eq!((problem.code, problem.server_text.as_deref()), (Code::TooLarge, Some("so it is")));
        let problem = NotSubmitted::SenderRefused(reply(451, "4.3.0")).problem("work");
        assert_eq!((problem.code, problem.retry_after), (Code::ServerRefused, Some(NOT_NOW)));
        let problem = NotSubmitted::Unknown(Error::Timeout("the reply to the message")).problem("work");
        assert_eq!(problem.code, Code::Timeout);
        assert!(problem.hint.contains("may have been sent") && problem.retry_after.is_none());
        let problem = NotSubmitted::Stopped(io::Error::other("sesame")).problem("work");
        assert!(problem.code == Code::Internal && !problem.message.contains("sesame"));
        let limit = NotSubmitted::TooLarge { limit: 1_000 }.problem("work");
        assert_eq!(limit.message, "Account `work`: the server takes messages of at most 1000 octets.");
    }
}
