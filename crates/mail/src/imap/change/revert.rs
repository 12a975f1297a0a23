//! Reversing changes of flags, only of what nobody changed since.

use super::{Changed, Revert, Reverted};
use crate::{Error, imap::pool::Pool};

pub(super) async fn revert(
    _pool: &Pool,
    _mailbox: &[u8],
    _validity: u32,
    _reverts: &[Revert],
) -> Result<Changed<Vec<(u32, Reverted)>>, Error> {
    Err(Error::NotSupported("changing flags"))
}
