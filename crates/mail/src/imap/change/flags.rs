//! Setting and taking away flags, and reversing that.

use super::{Changed, FlagChange, FlagsChanged, Messages, Revert, Reverted};
use crate::{Error, imap::pool::Pool};

pub(super) async fn change(
    _pool: &Pool,
    _messages: &Messages<'_>,
    _change: &FlagChange<'_>,
) -> Result<Changed<FlagsChanged>, Error> {
    Err(Error::NotSupported("changing flags"))
}

pub(super) async fn revert(
    _pool: &Pool,
    _mailbox: &[u8],
    _validity: u32,
    _reverts: &[Revert],
) -> Result<Changed<Vec<(u32, Reverted)>>, Error> {
    Err(Error::NotSupported("changing flags"))
}
