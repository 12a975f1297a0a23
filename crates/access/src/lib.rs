//! Who is calling and what they may do.
//!
//! [`Access`] turns a bearer, a local user or an account of the environment into a
//! [`domain::Principal`]; keeps users, accounts and tokens; limits rates; binds MCP sessions to grants;
//! records what was done. It never looks at mail. Every way in is one file in `doors/`.

mod access;
mod accounts;
mod activity;
mod agent_access;
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
mod export;
mod health;
mod invitations;
mod links;
mod people;
mod person;
mod rate_limit;
mod redirect;
mod refusal;
mod removal;
mod sessions;
mod signin;
mod telling;
mod tokens;
mod users;
mod web_sessions;
mod wishes;
mod writer;

pub use access::{Access, Settings, Signup};
pub use activity::{
    Activity, ActivityAgent, ActivityFilter, ActivityRow, AuditRow, BusyHour, Chain, ChainCheck, TakenBack,
    Went,
};
pub use agent_access::AgentAccess;
pub use agents::{Agent, AgentChange, AgentDetail, Family, ToolCount};
pub use approvals::ApprovalRefusal;
pub use audit::{Audit, Recorded};
pub use clients::{AuthMethod, Client, ClientRefusal, NewClient, RegistrationRefusal};
pub use consent::{Asked, Choice, Question};
pub use doors::{Ceiling, carried::carried_principal};
pub use duration::parse_duration;
pub use error::Error;
pub use exchange::{ClientProof, Issued, TokenRefusal};
pub use export::Export;
pub use health::{Kept, KeptOf, KeptSum, OutboxCounts};
pub use invitations::{Invitation, Purpose};
pub use links::{Link, LinkRefusal, LinkedPart};
pub use people::PersonInNumbers;
pub use rate_limit::RateLimit;
pub use refusal::Refusal;
pub use removal::WentOn;
pub use sessions::Sessions;
pub use signin::{
    attempt::{PasswordRefusal, SignInRefusal},
    occasion::{Occasion, Ways},
    one_time::{CodeFault, CodeStep, CodesSetup, CodesState},
    passkey::{Passkey, PasskeyQuestion, PasskeyRefusal},
    recovery::FEW_RECOVERY_CODES,
    upstream::{
        LoginProvider, ProviderAnswer, ProviderBegun, ProviderEnded, ProviderPurpose, ProviderRefusal,
    },
};
pub use telling::Telling;
pub use tokens::{NewToken, Token};
pub use web_sessions::{
    Browser, Opened, SignInStep, SignedIn, WebSession, cookie_of, device_cookie, session_cookie,
};

pub use wishes::Wishes;

pub use storage::{
    Account, ApprovalState, Decision, Identity, Outgoing, OutgoingState, PieceReader, User, WayRemoval,
};
/// What tests of the doors make messages of.
#[cfg(feature = "tests")]
pub use storage::{Approval, Frozen};

/// What every function here answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
