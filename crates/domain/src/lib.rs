//! The words of Postroom: ids, accounts, folders, messages, queries, scopes, grants, problems.
//!
//! Plain values only: nothing here waits, connects, stores or prints. Every other room speaks in
//! these words; what they mean is written once, beside each type.

pub mod account;
pub mod chain;
pub mod clock;
pub mod folder_path;
pub mod grant;
pub mod id;
pub mod leaving;
pub mod mailbox;
pub mod message;
pub mod message_ref;
pub mod nearest;
pub mod principal;
pub mod problem;
pub mod query;
pub mod reading;
pub mod request;
pub mod scope;
pub mod secret;

pub use account::{AccountName, AccountSettings, Credentials, Endpoint, HomeAccount, TlsMode};
pub use chain::chain;
pub use clock::{Clock, FixedClock, Random, Timestamp};
pub use folder_path::{BadPath, FolderPath};
pub use grant::{Grant, GrantedAccounts, Limits};
pub use id::{
    AccountId, ApprovalId, ChangeId, ClientId, ConsentId, DraftId, FamilyId, GrantId, InvitationId, OutboxId,
    PasskeyId, PlanId, TokenId, UploadId, UserId, WebSessionId,
};
pub use leaving::{ApprovalPlace, ApprovalReason, ApprovalRule, ToldReason};
pub use mailbox::{FolderArg, FolderName, Role};
pub use message::{Address, Envelope, Flag, GmailIds, Part, PartPath, Summary};
pub use message_ref::MessageRef;
pub use principal::{AccountSource, Door, GrantedAccount, Principal};
pub use problem::{Code, Problem};
pub use query::Query;
pub use request::{ClientAddress, RequestId};
pub use scope::{Scope, Scopes};
pub use secret::Secret;
