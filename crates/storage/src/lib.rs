//! The control plane's SQL on SQLite and Postgres, and the sealing of secrets.
//!
//! [`Database`] runs statements, [`Sealer`] seals bytes, [`Store`] puts them together: users, accounts,
//! grants, tokens, audit rows, sessions and mail on its way out as functions. Who may call them is decided in `access`.
//! Instants are stored as milliseconds since 1970, switches as 0 and 1, lists and settings as JSON.

mod accounts;
mod approvals;
mod audit;
mod calls;
mod ceremonies;
mod changes;
mod clients;
mod codes;
mod consents;
mod database;
mod dialect;
mod error;
mod export;
mod exposure;
mod families;
mod filing;
mod grants;
mod home;
mod identities;
mod invitations;
mod known;
mod master_key;
mod migrate;
mod one_time_codes;
mod outbox;
mod passkeys;
mod people;
mod pieces;
mod private;
mod removal;
mod seal;
mod sessions;
mod standing;
mod store;
mod sums;
mod telling;
mod tokens;
mod uploads;
mod users;
mod value;
mod ways_in;
mod web_sessions;
mod wishes;

pub use accounts::Account;
pub use approvals::{Approval, ApprovalState, Decided, Decision};
pub use audit::{
    AuditFilter, AuditPage, AuditRow, Chain, ChainCheck, Handle, HandleState, NewAuditRow, Reversal, Went,
};
pub use calls::{CallCount, CallsOfHour};
pub use ceremonies::{Ceremony, NewCeremony};
pub use changes::{Change, ChangeState, LeftStep, NewMoved, NewStep, Step, TakenPlan};
pub use clients::{ClientRow, NewClientRow};
pub use codes::Code;
pub use consents::{Consent, Given, NewConsent, Yes};
pub use database::{Database, Transaction};
pub use error::Error;
pub use export::ExportPlace;
pub use exposure::Exposure;
pub use families::{Family, FamilyStanding, NewOne, NewPair, Refresh, Spent};
pub use grants::{HeldGrant, NewGrant};
pub use identities::{Identity, IdentityUse, NewIdentity};
pub use invitations::{Invitation, InvitationPurpose, NewInvitation};
pub use master_key::MasterKey;
pub use one_time_codes::OneTimeCodes;
pub use outbox::{
    Added, Copy, CopyState, Due, Frozen, Listing, Looked, NewApproval, NewOutgoing, Orphan, Outcome,
    OutcomeProblem, Outgoing, OutgoingState, OwnOutgoing, Pile, Place, Reach, RecipientOutcome, Sums,
};
pub use passkeys::{NewPasskey, Passkey, PasskeyUse};
pub use people::PersonInNumbers;
pub use pieces::{PieceReader, Pieces};
pub use private::{create_private_folder, private_file};
pub use removal::{Removal, RemovalBegun, Removed, Remover};
pub use seal::Sealer;
pub use sessions::Session;
pub use standing::{HeldAccount, Standing};
pub use store::Store;
pub use sums::{KeptOf, KeptSum};
pub use telling::{Untold, WaitingMessage};
pub use tokens::{Bearer, NewToken, TokenKind};
pub use uploads::{Upload, UploadLimits};
pub use users::User;
pub use value::{Row, Value};
pub use ways_in::WayRemoval;
pub use web_sessions::{NewWebSession, WebSession};
pub use wishes::Wishes;

/// What every function here answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;
