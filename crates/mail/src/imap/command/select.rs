//! EXAMINE (RFC 9051, 6.3.3): opening a mailbox so that nothing in it can change.

use bytes::Bytes;

use super::super::{
    request::{Reply, Request, Wants},
    response::{Code, Untagged},
    session::Selected,
    wire::Command,
};
use crate::Error;

/// Opens `mailbox` read-only.
pub fn examine(mailbox: &[u8]) -> Request {
    Request::new(Command::new("EXAMINE").string(mailbox), Wants::Mailbox)
}

/// What the server said of the mailbox. One without UIDVALIDITY has no ids that would last.
pub fn read(name: Bytes, reply: &Reply) -> Result<Selected, Error> {
    let mut selected = Selected { name, validity: 0, uid_next: None, highest_modseq: None };
    for data in &reply.data {
        let Untagged::Status(status) = data else { continue };
        match status.code {
            Some(Code::UidValidity(validity)) => selected.validity = validity,
            Some(Code::UidNext(next)) => selected.uid_next = Some(next).filter(|next| *next > 0),
            // What came before was said of the mailbox that was open until now (RFC 9051, 7.1).
            Some(Code::Closed) => {
                (selected.validity, selected.uid_next, selected.highest_modseq) = (0, None, None);
            }
            Some(Code::HighestModSeq(modseq)) => selected.highest_modseq = Some(modseq),
            _ => {}
        }
    }
    if selected.validity == 0 { Err(Error::NotSupported("lasting UIDs")) } else { Ok(selected) }
}
