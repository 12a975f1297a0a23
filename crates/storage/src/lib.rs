//! The control plane's SQL on SQLite and Postgres, and the sealing of secrets.
//!
//! [`Database`] runs statements, [`Sealer`] seals bytes, [`Store`] puts them together: users, accounts,
//! grants, tokens, audit rows, sessions and mail on its way out as functions. Who may call them is decided in `access`.
//! Instants are stored as milliseconds since 1970, switches as 0 and 1, lists and settings as JSON.

mod accounts;
mod approvals;
mod audit;
mod calls;
mod changes;
mod clients;
mod codes;
mod consents;
mod database;
mod dialect;
mod error;
mod exposure;
mod families;
mod filing;
mod grants;
mod home;
mod invitations;
mod known;
mod master_key;
mod migrate;
mod outbox;
mod pieces;
mod seal;
mod sessions;
mod standing;
mod store;
mod telling;
mod tokens;
mod uploads;
mod users;
mod value;
mod web_sessions;

pub use accounts::Account;
pub use approvals::{Approval, ApprovalState, Decided, Decision};
pub use audit::{AuditRow, Chain, NewAuditRow};
pub use calls::CallCount;
pub use changes::{Change, ChangeState, LeftStep, NewMoved, NewStep, Step, TakenPlan};
pub use clients::{ClientRow, NewClientRow};
pub use codes::Code;
pub use consents::{Consent, Given, NewConsent, Yes};
pub use database::{Database, Transaction};
pub use error::Error;
pub use exposure::Exposure;
pub use families::{Family, FamilyStanding, NewOne, NewPair, Refresh, Spent};
pub use grants::{HeldGrant, NewGrant};
pub use invitations::{Invitation, InvitationPurpose, NewInvitation};
pub use master_key::MasterKey;
pub use outbox::{
    Added, Copy, CopyState, Due, Frozen, NewApproval, NewOutgoing, Orphan, Outcome, OutcomeProblem, Outgoing,
    OutgoingState, Reach, RecipientOutcome, Sums,
};
pub use pieces::{PieceReader, Pieces};
pub use seal::Sealer;
pub use sessions::Session;
pub use standing::{HeldAccount, Standing};
pub use store::Store;
pub use telling::{Untold, WaitingMessage};
pub use tokens::{Bearer, NewToken, TokenKind};
pub use uploads::{Upload, UploadLimits};
pub use users::User;
pub use value::{Row, Value};
pub use web_sessions::{NewWebSession, WebSession};

/// What every function here answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
