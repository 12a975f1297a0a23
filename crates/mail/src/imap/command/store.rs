//! STORE (RFC 9051, 6.4.6): setting and taking away flags, without having them told.

use domain::Flag;

use super::super::{
    request::{Request, Wants},
    response::Range,
    wire::Command,
};

/// Sets flags.
pub fn add(uids: &[Range], flags: &[Flag]) -> Request {
    Request::new(Command::new("UID STORE").ranges(uids).syntax("+FLAGS.SILENT").flags(flags), Wants::Nothing)
}

/// Takes flags away.
pub fn remove(uids: &[Range], flags: &[Flag]) -> Request {
    Request::new(Command::new("UID STORE").ranges(uids).syntax("-FLAGS.SILENT").flags(flags), Wants::Nothing)
}
