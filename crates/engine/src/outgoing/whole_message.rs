//! A message that goes along as a file: as it is where mail can carry it (RFC 2046 section 5.2.1), else
//! encoded, as a file that only programs open.

use std::sync::Arc;

use domain::{Part, PartPath, Problem, Random, Summary};
use mail::{
    imap::part::Place,
    mime::compose::{FileEncoding, FilePart},
};

use super::{
    files::Attached,
    media_type::UNKNOWN,
    source::Source,
    spool::{MAX_SIZE, Writer},
    stripped::Stripped,
};
use crate::{
    attachment::{STREAMED, Windows},
    read::Group,
};

/// Longest line that mail carries, without its end (RFC 5322 section 2.1.1).
const MAX_LINE: usize = 998;

/// The octets of a stored message.
pub(super) fn windows(group: &Group, summary: &Summary) -> Windows {
    let place = Place {
        mailbox: group.folder.wire_name.clone(),
        validity: group.validity,
        uid: summary.uid,
        path: PartPath::default(),
    };
    let part = Part { encoding: "8bit".to_owned(), size: summary.size, ..Part::default() };
    Windows::new(group.account.clone(), place, &part, STREAMED, 0)
}

/// Whether header fields are left out that are its sender's business alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// A file of a message, as others sent it.
    AsItIs,
    /// A message of this mailbox: the person's own tell who got a blind copy.
    Stripped,
}

/// Fetches the message, since how it is written must be known before the first octet is.
pub(super) async fn attach(
    name: &str,
    size: u64,
    mut windows: Windows,
    header: Header,
    random: &Arc<dyn Random>,
) -> Result<Attached, Problem> {
    if size > MAX_SIZE {
        return Err(super::spool::too_large(Some(size), MAX_SIZE));
    }
    let mut writer = Writer::new(random, MAX_SIZE);
    let mut nature = Nature::default();
    let mut stripped = (header == Header::Stripped).then(Stripped::default);
    loop {
        let octets = windows.next().await?;
        let is_end = octets.is_none();
        let octets = match (&mut stripped, octets) {
            (None, octets) => octets.unwrap_or_default(),
            (Some(stripped), Some(octets)) => stripped.pass(&octets).into(),
            (Some(stripped), None) => stripped.end().into(),
        };
        nature.look_at(&octets);
        writer.push(&octets).await?;
        if is_end {
            break;
        }
    }
    let spool = writer.finish(0..0, nature.is_8bit, false).await?;
    let size = spool.size();
    let source = Source::Spooled(spool.read());
    let name =
        if name.to_ascii_lowercase().ends_with(".eml") { name.to_owned() } else { format!("{name}.eml") };
    let mut attached = Attached::encoded(&name, UNKNOWN.to_owned(), Some(size), source);
    if nature.can_be_carried() {
        let encoding = FileEncoding::AsIs { is_8bit: nature.is_8bit };
        let media_type = "message/rfc822".to_owned();
        // Lines may end otherwise than they will in the message.
        attached.part = FilePart { media_type, encoding, size: None, ..attached.part };
        attached.estimate = size;
    }
    Ok(attached)
}

/// What stands in a message, as far as it matters for carrying it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Nature {
    is_8bit: bool,
    has_nul: bool,
    has_bare_cr: bool,
    is_long: bool,
    line: usize,
    is_after_cr: bool,
}

impl Nature {
    fn look_at(&mut self, octets: &[u8]) {
        for octet in octets {
            if self.is_after_cr && *octet != b'\n' {
                self.has_bare_cr = true;
            }
            self.is_after_cr = *octet == b'\r';
            match octet {
                b'\n' => self.line = 0,
                b'\r' => {}
                octet => {
                    self.line += 1;
                    self.is_long |= self.line > MAX_LINE;
                    self.has_nul |= *octet == 0;
                    self.is_8bit |= *octet >= 0x80;
                }
            }
        }
    }

    fn can_be_carried(&self) -> bool {
        !(self.has_nul || self.has_bare_cr || self.is_after_cr || self.is_long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mail_can_carry_is_told_from_what_it_cannot_wherever_it_is_cut() {
        let long = [b"a: b\r\n\r\n".as_slice(), &[b'x'; 999]].concat();
        let just = [b"a: b\r\n\r\n".as_slice(), &[b'x'; 998], b"\r\n"].concat();
        for (message, can, is_8bit) in [
            (b"a: b\r\n\r\nwords\r\n".as_slice(), true, false),
            (b"a: b\n\nwords\n", true, false),
            ("a: b\r\n\r\nwörter\r\n".as_bytes(), true, true),
            (&just, true, false),
            (&long, false, false),
            (b"a: b\r\n\r\nwo\0rds\r\n", false, false),
            (b"a: b\r\n\r\nwo\rrds\r\n", false, false),
            (b"a: b\r\n\r\nwords\r", false, false),
        ] {
            for cut in [0, 1, 5, 7, message.len()] {
                let (first, second) = message.split_at(cut.min(message.len()));
                let mut nature = Nature::default();
                nature.look_at(first);
                nature.look_at(second);
                assert_eq!((nature.can_be_carried(), nature.is_8bit), (can, is_8bit), "{message:?} at {cut}");
            }
        }
    }
}
