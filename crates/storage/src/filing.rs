//! Whether a provider files sent mail itself, as far as that was seen for an account.

use domain::HomeAccount;

use crate::{Result, Store};

impl Store {
    /// Whether the account's provider files sent mail itself; nothing if that is not known.
    pub async fn filing_of(&self, account: &HomeAccount) -> Result<Option<bool>> {
        const FIND: &str = "SELECT files_itself FROM filing WHERE account = $1";
        let row = self.database.fetch_optional(FIND, &[account.to_string().into()]).await?;
        row.map(|row| row.flag("files_itself")).transpose()
    }

    /// Remembers what was seen last.
    pub async fn filing_learn(&self, account: &HomeAccount, files_itself: bool) -> Result<()> {
        const LEARN: &str = "INSERT INTO filing (account, files_itself, learned) VALUES ($1, $2, $3) \
            ON CONFLICT (account) DO UPDATE SET files_itself = excluded.files_itself, learned = excluded.learned";
        let values = [account.to_string().into(), files_itself.into(), self.now().into()];
        self.database.execute(LEARN, &values).await.map(drop)
    }
}
