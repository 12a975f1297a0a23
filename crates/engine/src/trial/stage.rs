//! The stages of trying a server, and which of them an error belongs to.

use domain::{Code, Endpoint, Problem, TlsMode, account::Service};
use net::Step;

use super::Failure;

/// What is done with a server one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Its name becomes an address that may be reached.
    Lookup,
    /// It takes a connection.
    Connect,
    /// The connection is secured.
    Tls,
    /// It takes the user name and the password.
    SignIn,
    /// It lists the folders.
    Folders,
}

/// What became of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It worked.
    Passed,
    /// It did not.
    Failed,
    /// One did not get so far.
    NotReached,
}

impl Stage {
    /// The stages of a server.
    pub fn of(service: Service, tls: TlsMode) -> impl Iterator<Item = Self> {
        let all = [Self::Lookup, Self::Connect, Self::Tls, Self::SignIn, Self::Folders];
        all.into_iter().filter(move |stage| match stage {
            Self::Tls => tls != TlsMode::None,
            Self::Folders => service == Service::Imap,
            _ => true,
        })
    }

    /// In a word or two, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lookup => "Find server",
            Self::Connect => "Connect",
            Self::Tls => "Encrypt",
            Self::SignIn => "Sign in",
            Self::Folders => "List folders",
        }
    }

    /// What became of it where all ended at `failed`, or nowhere.
    pub(super) fn outcome(self, failed: Option<Self>) -> Outcome {
        match failed {
            Some(failed) if self == failed => Outcome::Failed,
            Some(failed) if self > failed => Outcome::NotReached,
            _ => Outcome::Passed,
        }
    }
}

/// The failure that an error means.
pub(super) fn failure(error: &mail::Error) -> Failure {
    let speaks = matches!(error, mail::Error::Net(net::Error::NotTls { .. })).then_some(TlsMode::StartTls);
    Failure { stage: stage_of(error), problem: told(error), speaks }
}

/// The failure where a port waits for TLS and the account says otherwise.
pub(super) fn waits_for_tls(at: &Endpoint) -> Failure {
    let what = format!("{} port {} speaks TLS from the first byte.", at.host, at.port);
    let problem =
        Problem::new(Code::TlsFailed, what).hint("Set the protection to `TLS`, or use another port.");
    let stage = if at.tls == TlsMode::None { Stage::Connect } else { Stage::Tls };
    Failure { stage, problem, speaks: Some(TlsMode::Tls) }
}

fn stage_of(error: &mail::Error) -> Stage {
    use net::Error as Net;
    match error {
        mail::Error::Net(
            Net::InvalidHost { .. }
            | Net::UnknownHost { .. }
            | Net::Lookup { .. }
            | Net::PrivateHost { .. }
            | Net::Timeout { step: Step::Lookup, .. },
        ) => Stage::Lookup,
        mail::Error::Net(
            Net::Refused { .. } | Net::Unreachable { .. } | Net::Timeout { step: Step::Connect, .. },
        ) => Stage::Connect,
        mail::Error::Net(_) | mail::Error::StartTlsMissing { .. } | mail::Error::StartTlsInjected { .. } => {
            Stage::Tls
        }
        mail::Error::Refused { command: "LIST" | "STATUS" | "NAMESPACE", .. }
            if !error.is_without_mailbox() =>
        {
            Stage::Folders
        }
        _ => Stage::SignIn,
    }
}

/// What happened, without the account's name: there is only this one.
fn told(error: &mail::Error) -> Problem {
    const NAME: &str = "x";
    let mut problem = error.problem(NAME);
    if let Some(rest) = problem.message.strip_prefix(&format!("Account `{NAME}`: ")) {
        // Host names keep their letters; sentences begin with a capital one.
        let begins_plainly = ["the ", "no ", "too ", "this "].iter().any(|word| rest.starts_with(word));
        problem.message = if begins_plainly {
            let (first, others) = rest.split_at(1);
            format!("{}{others}", first.to_ascii_uppercase())
        } else {
            rest.to_owned()
        };
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_belongs_to_the_stage_at_which_it_arose() {
        let host = || "imap.example.org".to_owned();
        let text = String::new;
        for (error, stage) in [
            (mail::Error::Net(net::Error::UnknownHost { host: host() }), Stage::Lookup),
            (mail::Error::Net(net::Error::PrivateHost { host: host() }), Stage::Lookup),
            (
                mail::Error::Net(net::Error::Timeout { host: host(), port: 1, step: Step::Connect }),
                Stage::Connect,
            ),
            (mail::Error::Net(net::Error::NotTls { host: host(), port: 143 }), Stage::Tls),
            (mail::Error::StartTlsMissing { host: host(), port: 143 }, Stage::Tls),
            (mail::Error::SignInRefused { host: host(), text: text() }, Stage::SignIn),
            (mail::Error::Refused { command: "AUTH", code: None, text: text() }, Stage::SignIn),
            (mail::Error::Refused { command: "LIST", code: None, text: text() }, Stage::Folders),
        ] {
            assert_eq!(stage_of(&error), stage, "{error}");
        }
    }

    #[test]
    fn what_happened_is_a_sentence_of_its_own() {
        let closed = told(&mail::Error::Closed);
        assert_eq!(closed.message, "The server closed the connection.");
        let refused =
            told(&mail::Error::SignInRefused { host: "imap.gmail.com".to_owned(), text: String::new() });
        assert_eq!(refused.message, "imap.gmail.com refused the sign-in.");
        assert!(refused.hint.contains("app password"));
    }

    #[test]
    fn stages_behind_the_failed_one_were_not_reached() {
        let stages: Vec<Outcome> =
            Stage::of(Service::Smtp, TlsMode::Tls).map(|stage| stage.outcome(Some(Stage::Tls))).collect();
        assert_eq!(stages, [Outcome::Passed, Outcome::Passed, Outcome::Failed, Outcome::NotReached]);
        assert!(Stage::of(Service::Imap, TlsMode::None).all(|stage| stage != Stage::Tls));
    }
}
