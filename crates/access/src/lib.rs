//! Who is calling and what they may do.
//!
//! [`Access`] turns a bearer, a local user or an account of the environment into a
//! [`domain::Principal`]; keeps users, accounts and tokens; limits rates; binds MCP sessions to grants;
//! records what was done. It never looks at mail. Every way in is one file in `doors/`.

mod access;
mod accounts;
mod agents;
mod approvals;
mod audit;
mod client_document;
mod clients;
mod consent;
mod doors;
mod duration;
mod error;
mod exchange;
mod invitations;
mod links;
mod person;
mod rate_limit;
mod redirect;
mod refusal;
mod sessions;
mod signin;
mod telling;
mod tokens;
mod users;
mod web_sessions;
mod writer;

pub use access::{Access, Settings, Signup};
pub use agents::{Agent, AgentChange, AgentDetail, Family, ToolCount};
pub use approvals::ApprovalRefusal;
pub use audit::Audit;
pub use clients::{AuthMethod, Client, ClientRefusal, NewClient, RegistrationRefusal};
pub use consent::{Asked, Choice, Question};
pub use doors::{Ceiling, carried::carried_principal};
pub use duration::parse_duration;
pub use error::Error;
pub use exchange::{ClientProof, Issued, TokenRefusal};
pub use invitations::{Invitation, Purpose};
pub use links::{Link, LinkRefusal, LinkedPart};
pub use rate_limit::RateLimit;
pub use refusal::Refusal;
pub use sessions::Sessions;
pub use signin::{
    attempt::{PasswordRefusal, SignInRefusal},
    occasion::Occasion,
};
pub use telling::Telling;
pub use tokens::{NewToken, Token};
pub use web_sessions::{Browser, Opened, SignedIn, WebSession, cookie_of, device_cookie, session_cookie};

pub use storage::{
    Account, ApprovalState, AuditRow, Chain, Decision, Outgoing, OutgoingState, PieceReader, User,
};

/// What every function here answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
