//! EXAMINE and SELECT (RFC 9051, 6.3.3 and 6.3.2): opening a mailbox so that nothing in it can change, or
//! so that it can.

use bytes::Bytes;
use domain::Flag;

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

/// Opens `mailbox` for changes.
pub fn select(mailbox: &[u8]) -> Request {
    Request::new(Command::new("SELECT").string(mailbox), Wants::Mailbox)
}

/// What the server said of the mailbox. One without UIDVALIDITY has no ids that would last.
pub fn read(name: Bytes, reply: &Reply) -> Result<Selected, Error> {
    let mut selected = Selected {
        name,
        validity: 0,
        uid_next: None,
        highest_modseq: None,
        is_without_modseq: false,
        is_read_only: reply.status.code == Some(Code::ReadOnly),
        lasting_flags: None,
    };
    for data in &reply.data {
        let Untagged::Status(status) = data else { continue };
        match &status.code {
            Some(Code::UidValidity(validity)) => selected.validity = *validity,
            Some(Code::UidNext(next)) => selected.uid_next = Some(*next).filter(|next| *next > 0),
            // What came before was said of the mailbox that was open until now (RFC 9051, 7.1).
            Some(Code::Closed) => {
                (selected.validity, selected.uid_next, selected.highest_modseq) = (0, None, None);
                (selected.lasting_flags, selected.is_without_modseq) = (None, false);
            }
            Some(Code::NoModSeq) => selected.is_without_modseq = true,
            Some(Code::HighestModSeq(modseq)) => selected.highest_modseq = Some(*modseq),
            Some(Code::PermanentFlags(flags)) => {
                selected.lasting_flags = Some(flags.iter().map(|flag| Flag::parse(flag)).collect());
            }
            _ => {}
        }
    }
    if selected.validity == 0 { Err(Error::NotSupported("lasting UIDs")) } else { Ok(selected) }
}
