//! What can go wrong in access, and how a caller is told.

use domain::{Code, Problem};

/// Why something about users, accounts or grants did not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no data directory behind this process.
    #[error("this needs the data directory, and the process runs without one")]
    NoStore,
    /// Not a user's name.
    #[error("a user's name is 1 to 64 of a-z, 0-9, `.`, `_` and `-`")]
    BadUserName,
    /// There is a user of that name.
    #[error("there is a user `{0}` already")]
    UserTaken(String),
    /// There is no user of that name.
    #[error("there is no user `{name}`")]
    UserNotFound {
        /// The name asked for.
        name: String,
        /// A name like it that exists.
        nearest: Option<String>,
    },
    /// The user was disabled.
    #[error("the user `{0}` is disabled")]
    UserDisabled(String),
    /// Nobody would be left to administrate the server.
    #[error("the last administrator has to stay while others are here")]
    LastAdministrator,
    /// Everything of the person is being removed.
    #[error("everything of this person is being removed")]
    BeingRemoved,
    /// The password is too short or too long.
    #[error("a password has 8 to 1,024 characters")]
    BadPassword,
    /// The user has an account of that name.
    #[error("there is an account `{0}` already")]
    AccountTaken(String),
    /// The user has no account of that name.
    #[error("there is no account `{name}`")]
    AccountNotFound {
        /// The name asked for.
        name: String,
        /// A name like it that exists.
        nearest: Option<String>,
    },
    /// Not a label.
    #[error("a label is 1 to 64 characters without control characters")]
    BadLabel,
    /// The user has a live grant of that label.
    #[error("there is a token `{0}` already")]
    LabelTaken(String),
    /// The user has no live grant of that label.
    #[error("there is no token `{name}`")]
    LabelNotFound {
        /// The label asked for.
        name: String,
        /// A label like it that exists.
        nearest: Option<String>,
    },
    /// A token that would allow nothing.
    #[error("a token without scopes allows nothing")]
    NoScopes,
    /// A token that would reach nothing.
    #[error("a token without accounts reaches nothing")]
    NoAccounts,
    /// Not a length of time.
    #[error("`{0}` is no length of time")]
    BadDuration(String),
    /// Not a session's id.
    #[error("the session's id is not usable")]
    BadSession,
    /// Not something that a link can name.
    #[error("there can be no link to this")]
    NotLinkable,
    /// Nothing of that id was asked, or its account was removed.
    #[error("there is no approval `{0}`")]
    ApprovalNotFound(String),
    /// It was answered before, or the message is beyond it.
    #[error("this was decided before: the message is {0}")]
    ApprovalDecided(&'static str),
    /// Nobody answered in time.
    #[error("this can no longer be answered: its time is over")]
    ApprovalExpired,
    /// A link that is unknown, was used, or has expired.
    #[error("this link is not valid any more")]
    InvitationOver,
    /// Nobody may make themselves a user.
    #[error("signing up is closed on this server")]
    SignupClosed,
    /// Too many attempts; the whole seconds to wait.
    #[error("these were too many attempts")]
    TooManyAttempts(u64),
    /// Nobody asked the person this.
    #[error("there is no such request for permission")]
    ConsentNotFound,
    /// It was answered before, or its time is over.
    #[error("this request for permission is over")]
    ConsentOver,
    /// The person has no agent of that id.
    #[error("there is no such agent")]
    AgentNotFound,
    /// The person paused the agent of that label.
    #[error("the agent `{0}` is paused")]
    AgentPaused(String),
    /// An end that has come already.
    #[error("this would be over before it began")]
    AlreadyPast,
    /// Something that nobody can wish.
    #[error("that cannot be chosen")]
    BadWish,
    /// A stored password would go elsewhere than it was typed for.
    #[error(transparent)]
    PasswordNeeded(#[from] domain::account::PasswordNeeded),
    /// The account was changed while it was being changed here.
    #[error("the account was changed meanwhile")]
    AccountChanged,
    /// The user has as many accounts as anybody may have.
    #[error("nobody has more than {0} accounts here")]
    TooManyAccounts(usize),
    /// What a sign-in or proof of two requests keeps in between could not be written or read.
    #[error("the first half of a sign-in could not be kept")]
    Ceremony,
    /// The password could not be hashed.
    #[error("the password could not be hashed")]
    Hashing,
    /// The store failed.
    #[error("the data directory's database failed")]
    Storage(#[from] storage::Error),
}

impl Error {
    /// What to do next; empty if there is nothing to say.
    pub fn hint(&self) -> String {
        match self {
            Self::NoStore => "Give the user with `--user NAME`, or run `postroom serve`.".to_owned(),
            Self::UserNotFound { nearest: Some(name), .. }
            | Self::AccountNotFound { nearest: Some(name), .. }
            | Self::LabelNotFound { nearest: Some(name), .. } => format!("Did you mean `{name}`?"),
            Self::UserNotFound { .. } => "`postroom user list` shows all users.".to_owned(),
            Self::AccountNotFound { .. } => {
                "`postroom account list --user NAME` shows the user's accounts.".to_owned()
            }
            Self::LabelNotFound { .. } => {
                "`postroom token list --user NAME` shows the user's tokens.".to_owned()
            }
            Self::LastAdministrator => "Make somebody else an administrator first.".to_owned(),
            Self::BeingRemoved => "Nothing more can be had of what was theirs.".to_owned(),
            Self::UserTaken(_) => "Choose another name.".to_owned(),
            Self::UserDisabled(name) => format!("`postroom user enable {name}` lets them in again."),
            Self::AccountTaken(_) => "Give another name with `--name`, or remove that account.".to_owned(),
            Self::LabelTaken(_) => {
                "Choose another label, or end that one with `postroom token revoke`.".to_owned()
            }
            Self::NoScopes => {
                "Name at least one: folders, search, read, draft, modify, send, delete, manage.".to_owned()
            }
            Self::NoAccounts => "Name an account, or leave accounts out for all.".to_owned(),
            Self::BadDuration(_) => "Write a number and a unit: `90d`, `12h`, `30m`, `2w`.".to_owned(),
            Self::ApprovalNotFound(_) => "`postroom approval list` shows what waits.".to_owned(),
            Self::InvitationOver => "Ask whoever sent it for another one.".to_owned(),
            Self::SignupClosed => "Ask whoever runs this server to let you in.".to_owned(),
            Self::TooManyAttempts(seconds) => format!("Wait {seconds} s, then try again."),
            Self::ConsentOver => "Start again in your agent: connect it once more.".to_owned(),
            Self::AgentPaused(_) => "Let it in again on the page of your agents.".to_owned(),
            Self::AlreadyPast => "Choose a later day, or none.".to_owned(),
            Self::ApprovalExpired => "Have the agent send it again.".to_owned(),
            Self::PasswordNeeded(_) => "Type the password once more.".to_owned(),
            Self::AccountChanged => "Look at it as it is now, then try again.".to_owned(),
            Self::TooManyAccounts(_) => "Remove one that is not used any more.".to_owned(),
            Self::Storage(error) => error.hint().to_owned(),
            _ => String::new(),
        }
    }

    /// Whether the same may go well in a moment.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_passing())
    }

    /// The stable code that callers are told.
    pub fn code(&self) -> Code {
        match self {
            Self::BadUserName
            | Self::BadPassword
            | Self::BadLabel
            | Self::NoScopes
            | Self::NoAccounts
            | Self::BadDuration(_)
            | Self::AlreadyPast
            | Self::BadWish
            | Self::PasswordNeeded(_)
            | Self::BadSession => Code::InvalidInput,
            Self::TooManyAccounts(_) => Code::TooMany,
            Self::UserTaken(_)
            | Self::AccountTaken(_)
            | Self::LabelTaken(_)
            | Self::ApprovalDecided(_)
            | Self::ApprovalExpired
            | Self::AccountChanged
            | Self::LastAdministrator
            | Self::BeingRemoved
            | Self::InvitationOver
            | Self::ConsentOver => Code::Conflict,
            Self::UserNotFound { .. }
            | Self::AccountNotFound { .. }
            | Self::LabelNotFound { .. }
            | Self::ApprovalNotFound(_)
            | Self::ConsentNotFound
            | Self::AgentNotFound => Code::NotFound,
            Self::UserDisabled(_) | Self::SignupClosed | Self::AgentPaused(_) => Code::OutsideGrant,
            Self::NoStore | Self::NotLinkable => Code::NotSupported,
            Self::TooManyAttempts(_) => Code::RateLimited,
            Self::Ceremony | Self::Hashing | Self::Storage(_) => Code::Internal,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let mut message = error.to_string();
        if let Some(first) = message.get(..1).map(str::to_ascii_uppercase) {
            message.replace_range(..1, &first);
        }
        message.push('.');
        let problem = Self::new(error.code(), message).hint(error.hint());
        match error {
            Error::TooManyAttempts(seconds) => problem.retry_after(seconds),
            _ => problem,
        }
    }
}
