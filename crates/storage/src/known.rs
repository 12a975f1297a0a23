//! Addresses that the person approved mail to, for each account. Only their HMAC is kept, under the
//! account's key: it can be asked whether one is known, and nobody can tell which ones are.

use domain::HomeAccount;

use crate::{Error, Result, Store, Transaction, Value};

/// How many addresses one statement asks for.
const AT_ONCE: usize = 20;

impl Store {
    /// Remembers addresses as known to the account; the case of ASCII letters does not matter.
    pub async fn known_add(&self, account: &HomeAccount, addresses: &[String]) -> Result<()> {
        let fingerprints = self.fingerprints(account, addresses).await?;
        let mut transaction = self.database.begin().await?;
        add(&mut transaction, account, fingerprints, self.now().into()).await?;
        transaction.commit().await
    }

    /// Which of the addresses are known to the account, in their order. None is if it was removed.
    pub async fn known_among(&self, account: &HomeAccount, addresses: &[String]) -> Result<Vec<bool>> {
        const FIND: &str = "SELECT address FROM known_recipients WHERE account = $1 AND address IN \
            ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
        let fingerprints = match self.fingerprints(account, addresses).await {
            Err(Error::Gone) => return Ok(vec![false; addresses.len()]),
            fingerprints => fingerprints?,
        };
        let mut known = std::collections::HashSet::new();
        for some in fingerprints.chunks(AT_ONCE) {
            let asked = some.iter().cycle().take(AT_ONCE).map(|address| Value::from(address.as_slice()));
            let values: Vec<Value> = std::iter::once(account.to_string().into()).chain(asked).collect();
            for row in self.database.fetch(FIND, &values).await? {
                known.insert(row.bytes("address")?.to_vec());
            }
        }
        Ok(fingerprints.iter().map(|address| known.contains(address.as_slice())).collect())
    }

    /// What is kept of addresses.
    pub(crate) async fn fingerprints(
        &self,
        account: &HomeAccount,
        addresses: &[String],
    ) -> Result<Vec<[u8; 32]>> {
        let key = self.home_key(account).await?.ok_or(Error::Gone)?;
        let fold = |address: &String| address.trim().to_ascii_lowercase();
        Ok(addresses.iter().map(|address| key.mac("known recipient", &[fold(address).as_bytes()])).collect())
    }
}

/// Adds what [`Store::fingerprints`] made. In order, so that two who add the same do not deadlock.
pub(crate) async fn add(
    transaction: &mut Transaction,
    account: &HomeAccount,
    mut fingerprints: Vec<[u8; 32]>,
    now: Value,
) -> Result<()> {
    const ADD: &str = "INSERT INTO known_recipients (account, address, added) VALUES ($1, $2, $3) \
        ON CONFLICT (account, address) DO NOTHING";
    fingerprints.sort_unstable();
    fingerprints.dedup();
    for address in fingerprints {
        let values = [account.to_string().into(), address.as_slice().into(), now.clone()];
        transaction.execute(ADD, &values).await?;
    }
    Ok(())
}
