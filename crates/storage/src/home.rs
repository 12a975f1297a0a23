//! The key of whatever belongs to an account: a stored account's own, so that removing the account destroys
//! what it sealed; for a carried account, and for what belongs to no account, the master key's.

use domain::HomeAccount;
use zeroize::Zeroizing;

use crate::{
    Error, Result, Sealer, Store,
    seal::{self, DataKey},
};

/// Seals, opens and fingerprints for one account.
pub(crate) enum HomeKey {
    /// Under the account's key.
    Account(DataKey),
    /// Under the master key, for one purpose and owner.
    Master {
        /// The master key's.
        sealer: Sealer,
        /// What is sealed.
        purpose: &'static str,
        /// Whose it is.
        owner: String,
    },
}

impl HomeKey {
    pub(crate) fn seal(&self, context: &[&str], bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Account(key) => key.seal(context, bytes),
            Self::Master { sealer, purpose, owner } => {
                sealer.seal(purpose, &seal::within(owner, context), bytes)
            }
        }
    }

    pub(crate) fn open(&self, context: &[&str], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Account(key) => key.open(context, sealed),
            Self::Master { sealer, purpose, owner } => {
                sealer.open(purpose, &seal::within(owner, context), sealed)
            }
        }
    }

    pub(crate) fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        self.macs(purpose).of(parts)
    }

    /// Makes many HMACs of one purpose.
    pub(crate) fn macs(&self, purpose: &str) -> Macs<'_> {
        // no purpose of a caller is one of ours
        let purpose = format!("mac {purpose}");
        match self {
            Self::Account(key) => Macs { key: key.macs(&purpose), owner: None },
            Self::Master { sealer, owner, .. } => Macs { key: sealer.macs(&purpose), owner: Some(owner) },
        }
    }
}

/// HMACs of one purpose.
pub(crate) struct Macs<'a> {
    key: seal::MacKey,
    /// Whose they are, where the key is not theirs alone.
    owner: Option<&'a str>,
}

impl Macs<'_> {
    pub(crate) fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        match self.owner {
            None => self.key.of(parts),
            Some(owner) => {
                let parts: Vec<&[u8]> =
                    std::iter::once(owner.as_bytes()).chain(parts.iter().copied()).collect();
                self.key.of(&parts)
            }
        }
    }
}

impl Store {
    /// An HMAC over `parts` that nobody without the account's key can make; other for every account and
    /// purpose. `Gone` if the account was removed.
    pub async fn account_mac(
        &self,
        account: &HomeAccount,
        purpose: &str,
        parts: &[&[u8]],
    ) -> Result<[u8; 32]> {
        Ok(self.home_key(account).await?.ok_or(Error::Gone)?.mac(purpose, parts))
    }

    /// The account's key; nothing if the account was removed.
    pub(crate) async fn home_key(&self, account: &HomeAccount) -> Result<Option<HomeKey>> {
        const FIND: &str = "SELECT user_id, wrapped_key FROM accounts WHERE id = $1";
        let HomeAccount::Stored(id) = account else {
            let sealer = self.sealer.clone();
            return Ok(Some(HomeKey::Master {
                sealer,
                purpose: "carried account",
                owner: account.to_string(),
            }));
        };
        let Some(row) = self.database.fetch_optional(FIND, &[id.as_str().into()]).await? else {
            return Ok(None);
        };
        let context = [row.text("user_id")?, id.as_str()];
        self.sealer.open_data_key(&context, row.bytes("wrapped_key")?).map(HomeKey::Account).map(Some)
    }
}
