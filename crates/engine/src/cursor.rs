//! Where the next page begins: sealed, and bound to the grant and to the query it belongs to.
//!
//! Kept short, since an agent carries it through its context: names stand as hashes, numbers as varints.

use sha2::{Digest, Sha256};
use storage::Sealer;

const PURPOSE: &str = "cursor";

/// The layout of what is sealed.
const VERSION: u8 = 1;

/// Longest cursor that is looked at; one of the most places fits.
const MAX_LENGTH: usize = 64 * 1024;

/// Most folders in one.
const MAX_PLACES: u64 = 1_000;

/// How far the pages so far got in one folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// Nothing of it was shown.
    Nothing,
    /// Listed by sequence number down to here: sequence number and UID of the last row.
    Listed(u32, u32),
    /// Everything from this UID up was shown or found not to match.
    Below(u32),
    /// Of a result in the order of time received.
    Sorted(Sorted),
}

/// A place in a sorted result. Positions move when others delete, so the last row is known by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sorted {
    /// Rows passed so far.
    pub(crate) offset: u32,
    /// UID of the last one.
    pub(crate) last: u32,
    /// When that was received, in seconds since 1970.
    pub(crate) seconds: u32,
    /// UIDNEXT when it began: what arrived since belongs to no page.
    pub(crate) bound: u32,
}

/// One folder of a search that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// [`hash`] of the account's name.
    pub(crate) account: u32,
    /// [`hash`] of the folder as in ids.
    pub(crate) folder: u32,
    /// Its UIDVALIDITY; 0 if it was never opened.
    pub(crate) validity: u32,
    /// How far it got.
    pub(crate) at: At,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The folders that are not exhausted.
    pub(crate) places: Vec<Place>,
    /// The total as it was told on the first page.
    pub(crate) total: u64,
    /// Whether that was exact.
    pub(crate) is_exact: bool,
}

/// A short stand-in for a name among the few that a grant reaches; UIDVALIDITY guards against the rest.
pub(crate) fn hash(name: &str) -> u32 {
    Sha256::digest(name.as_bytes()).iter().take(4).fold(0, |hash, byte| hash << 8 | u32::from(*byte))
}

impl Cursor {
    pub(crate) fn seal(&self, sealer: &Sealer, grant: &str, query: &str) -> String {
        sealer.seal_text(PURPOSE, &[grant, query], &self.encode())
    }

    /// `None` for anything that is not a cursor of this grant and query.
    pub(crate) fn open(text: &str, sealer: &Sealer, grant: &str, query: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        Self::decode(&sealer.open_text(PURPOSE, &[grant, query], text).ok()?)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, u8::from(self.is_exact)];
        write(&mut out, self.total);
        write(&mut out, self.places.len() as u64);
        for place in &self.places {
            let numbers: &[u32] = match &place.at {
                At::Nothing => &[0],
                At::Listed(sequence, uid) => &[1, *sequence, *uid],
                At::Below(uid) => &[2, *uid],
                At::Sorted(Sorted { offset, last, seconds, bound }) => &[3, *offset, *last, *seconds, *bound],
            };
            out.extend_from_slice(&place.account.to_be_bytes());
            out.extend_from_slice(&place.folder.to_be_bytes());
            out.extend_from_slice(&place.validity.to_be_bytes());
            for number in numbers {
                write(&mut out, u64::from(*number));
            }
        }
        out
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let input = &mut bytes;
        if take(input)? != VERSION {
            return None;
        }
        let is_exact = take(input)? != 0;
        let total = read(input)?;
        let count = read(input).filter(|count| *count <= MAX_PLACES)?;
        let mut places = Vec::new();
        for _ in 0..count {
            let (account, folder, validity) = (word(input)?, word(input)?, word(input)?);
            let mut number = || u32::try_from(read(input)?).ok();
            let at = match number()? {
                0 => At::Nothing,
                1 => At::Listed(number()?, number()?),
                2 => At::Below(number()?),
                3 => At::Sorted(Sorted {
                    offset: number()?,
                    last: number()?,
                    seconds: number()?,
                    bound: number()?,
                }),
                _ => return None,
            };
            places.push(Place { account, folder, validity, at });
        }
        input.is_empty().then_some(Self { places, total, is_exact })
    }
}

fn write(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [.., low] = (number & 0x7f).to_be_bytes();
        number >>= 7;
        out.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return;
        }
    }
}

fn take(input: &mut &[u8]) -> Option<u8> {
    let (first, rest) = input.split_first()?;
    *input = rest;
    Some(*first)
}

fn word(input: &mut &[u8]) -> Option<u32> {
    let (word, rest) = input.split_first_chunk::<4>()?;
    *input = rest;
    Some(u32::from_be_bytes(*word))
}

fn read(input: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(input)?;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_stays_short() {
        let place = |at| Place { account: hash("work"), folder: hash("@inbox"), validity: 1_700_000_000, at };
        let sorted = Sorted { offset: 20, last: 4711, seconds: 1_795_262_400, bound: 100_000 };
        let ats = [At::Nothing, At::Listed(80, 4711), At::Below(99_999), At::Sorted(sorted)];
        let cursor = Cursor { places: ats.map(place).to_vec(), total: 3_513, is_exact: true };
        let bytes = cursor.encode();
        assert_eq!(Cursor::decode(&bytes), Some(cursor));
        assert!(bytes.len() <= 85, "{}", bytes.len());
        for end in 0..bytes.len() {
            assert_eq!(Cursor::decode(&bytes[..end]), None, "cut at {end}");
        }
    }
}
