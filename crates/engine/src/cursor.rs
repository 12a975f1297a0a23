//! Where the next page begins: sealed, and bound to the grant and to the query it belongs to.

use serde::{Deserialize, Serialize};
use storage::Sealer;

const PURPOSE: &str = "cursor";

/// Longest cursor that is looked at.
const MAX_LENGTH: usize = 16 * 1024;

/// How far the pages so far got in one folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum At {
    /// Nothing of it was shown.
    #[serde(rename = "n")]
    Nothing,
    /// Listed by sequence number down to here: sequence number and UID of the last row.
    #[serde(rename = "l")]
    Listed(u32, u32),
    /// Everything from this UID up was shown or found not to match.
    #[serde(rename = "u")]
    Below(u32),
    /// Of a sorted result: rows shown, UID of the last one, UIDNEXT when it began.
    #[serde(rename = "s")]
    Sorted(u32, u32, u32),
}

/// One folder of a search that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The account's name.
    #[serde(rename = "a")]
    pub(crate) account: String,
    /// The folder as in ids.
    #[serde(rename = "f")]
    pub(crate) folder: String,
    /// Its UIDVALIDITY.
    #[serde(rename = "v")]
    pub(crate) validity: u32,
    /// How far it got.
    #[serde(rename = "p")]
    pub(crate) at: At,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// The folders that are not exhausted.
    #[serde(rename = "p")]
    pub(crate) places: Vec<Place>,
    /// The total as it was told on the first page.
    #[serde(rename = "t")]
    pub(crate) total: u64,
    /// Whether that was exact.
    #[serde(rename = "e")]
    pub(crate) is_exact: bool,
}

impl Cursor {
    pub(crate) fn seal(&self, sealer: &Sealer, grant: &str, query: &str) -> String {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        sealer.seal_text(PURPOSE, &[grant, query], &bytes)
    }

    /// `None` for anything that is not a cursor of this grant and query.
    pub(crate) fn open(text: &str, sealer: &Sealer, grant: &str, query: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let bytes = sealer.open_text(PURPOSE, &[grant, query], text).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}
