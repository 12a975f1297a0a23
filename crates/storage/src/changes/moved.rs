//! Where messages went that were moved: many rows at a time, each place a fingerprint, each target sealed.

use std::{collections::BTreeMap, fmt::Write as _, sync::LazyLock};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{HomeAccount, Timestamp};

use crate::{Result, Store, Transaction, Value, home::HomeKey};

/// How many rows one statement adds, the most first; the rest of a batch goes in smaller ones.
const ROWS: [usize; 3] = [250, 25, 1];

/// How many places one statement asks for.
const ASKED: usize = 100;

/// What the HMACs of places are made for.
const PLACES: &str = "moved from";

/// What is sealed.
const WHAT: &str = "moved to";

/// A message that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMoved {
    /// What names the place it was at: only its HMAC is kept.
    pub from: Vec<u8>,
    /// Where it is now, or how it is found.
    pub to: Vec<u8>,
}

impl Store {
    /// Where messages went that were at those places; nothing for those not moved by us, nor for those of an
    /// account that was removed.
    pub async fn moved_find(&self, account: &HomeAccount, from: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>> {
        static FIND: LazyLock<String> = LazyLock::new(|| {
            let mut sql =
                "SELECT place, target FROM moved WHERE account = $1 AND expires > $2 AND place IN ("
                    .to_owned();
            for number in 0..ASKED {
                let comma = if number == 0 { "" } else { ", " };
                let _ = write!(sql, "{comma}${}", number + 3);
            }
            sql + ")"
        });
        if from.is_empty() {
            return Ok(Vec::new());
        }
        let Some(key) = self.home_key(account).await? else { return Ok(vec![None; from.len()]) };
        let macs = key.macs(PLACES);
        let places: Vec<[u8; 32]> = from.iter().map(|from| macs.of(&[from])).collect();
        let mut targets = BTreeMap::new();
        for some in places.chunks(ASKED) {
            let asked = some.iter().cycle().take(ASKED).map(|place| Value::from(place.as_slice()));
            let values: Vec<Value> =
                [account.to_string().into(), self.now().into()].into_iter().chain(asked).collect();
            for row in self.database.fetch(&FIND, &values).await? {
                let place = row.bytes("place")?;
                // Whoever altered one message's row hides that one only.
                match key.open(&[&context(place), WHAT], row.bytes("target")?) {
                    Ok(target) => drop(targets.insert(place.to_vec(), target.to_vec())),
                    Err(error) => tracing::warn!(%error, "where a message went cannot be read"),
                }
            }
        }
        Ok(places.iter().map(|place| targets.get(place.as_slice()).cloned()).collect())
    }
}

/// What is kept of moved messages, in the order of their places, so that two who add the same do not deadlock.
/// Of two that were at one place the last counts.
pub(super) fn rows(
    key: &HomeKey,
    account: &HomeAccount,
    moved: &[NewMoved],
    until: Timestamp,
) -> Vec<[Value; 4]> {
    let account = account.to_string();
    let macs = key.macs(PLACES);
    let places: BTreeMap<[u8; 32], &NewMoved> =
        moved.iter().map(|moved| (macs.of(&[&moved.from]), moved)).collect();
    let row = |(place, moved): ([u8; 32], &NewMoved)| {
        let sealed = key.seal(&[&context(&place), WHAT], &moved.to);
        [account.as_str().into(), place.as_slice().into(), sealed.into(), until.into()]
    };
    places.into_iter().map(row).collect()
}

/// Adds what [`rows`] made. A message that was at the place before is forgotten.
pub(super) async fn insert(transaction: &mut Transaction, rows: &[[Value; 4]]) -> Result<()> {
    static ADD: LazyLock<[String; ROWS.len()]> = LazyLock::new(|| ROWS.map(statement));
    let mut rest = rows;
    for (sql, count) in ADD.iter().zip(ROWS) {
        while let Some((some, after)) = rest.split_at_checked(count) {
            transaction.execute(sql, some.as_flattened()).await?;
            rest = after;
        }
    }
    Ok(())
}

fn statement(rows: usize) -> String {
    let mut sql = "INSERT INTO moved (account, place, target, expires) VALUES ".to_owned();
    for row in 0..rows {
        let (comma, first) = (if row == 0 { "" } else { ", " }, row * 4 + 1);
        let _ = write!(sql, "{comma}(${first}, ${}, ${}, ${})", first + 1, first + 2, first + 3);
    }
    sql + " ON CONFLICT (account, place) DO UPDATE SET target = excluded.target, expires = excluded.expires"
}

/// A target opens for its own place only.
fn context(place: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(place)
}
