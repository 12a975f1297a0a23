//! Moving and copying.

use bytes::Bytes;

use super::{Changed, How, Messages, Transferred, Was};
use crate::{Error, imap::pool::Pool};

pub(super) async fn transfer(
    _pool: Pool,
    _mailbox: Bytes,
    _validity: u32,
    _uids: Vec<u32>,
    _to: Bytes,
    _how: How,
) -> Result<Changed<Transferred>, Error> {
    Err(Error::NotSupported("moving"))
}

pub(super) async fn finish(
    _pool: &Pool,
    _messages: &Messages<'_>,
    _to: &[u8],
    _known: &[Was],
) -> Result<Changed<Transferred>, Error> {
    Err(Error::NotSupported("moving"))
}
