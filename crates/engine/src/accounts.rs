//! Accounts as agents see them, and the engine itself.

use domain::{AccountName, Principal, Problem};

/// All that happens to mail. Cheap to clone.
#[derive(Clone)]
pub struct Engine;

/// How an account is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStatus {
    /// Its name.
    pub name: AccountName,
    /// The address mail is sent from.
    pub address: String,
    /// The person's name; empty if unknown.
    pub display_name: String,
    /// Whether tools use it when none is named.
    pub is_default: bool,
    /// `ok`, or the code of the last problem; `unknown` before the first connection.
    pub state: String,
    /// What to do about the state; empty if nothing.
    pub hint: String,
    /// Folders the grant is limited to; empty if it is not.
    pub folders: Vec<String>,
}

impl Engine {
    /// The principal's accounts, in the order of their names.
    pub async fn accounts(&self, _principal: &Principal) -> Result<Vec<AccountStatus>, Problem> {
        Ok(Vec::new())
    }
}
