//! A file's octets as they stand in the message, piece by piece: a piece is all that is in memory.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::letter::FileEncoding;

/// Octets that make a line of 76 digits.
const LINE: usize = 57;

/// Writes a file's octets in one encoding. Where they are cut into pieces makes no difference.
#[derive(Debug, Clone)]
pub struct FileEncoder(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Base64 {
        /// Less than a line.
        open: Vec<u8>,
        has_begun: bool,
    },
    AsIs {
        /// The last octet was a CR, whose CRLF is written already.
        is_after_cr: bool,
    },
}

impl FileEncoder {
    /// For an encoding.
    pub fn new(encoding: &FileEncoding) -> Self {
        Self(match encoding {
            FileEncoding::Base64 => Kind::Base64 { open: Vec::with_capacity(LINE), has_begun: false },
            FileEncoding::AsIs { .. } => Kind::AsIs { is_after_cr: false },
        })
    }

    /// Takes the next piece and gives what is certain by now, which may be nothing.
    pub fn push(&mut self, piece: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(piece.len() / 57 * 78 + 160);
        match &mut self.0 {
            Kind::Base64 { open, has_begun } => {
                let (fill, rest) = piece.split_at(piece.len().min(LINE - open.len()));
                open.extend_from_slice(fill);
                if open.len() < LINE {
                    return Bytes::new();
                }
                write_line(open, has_begun, &mut out);
                open.clear();
                let lines = rest.chunks_exact(LINE);
                open.extend_from_slice(lines.remainder());
                lines.for_each(|line| write_line(line, has_begun, &mut out));
            }
            Kind::AsIs { is_after_cr } => write_lines(piece, is_after_cr, &mut out),
        }
        Bytes::from(out)
    }

    /// What the last piece left open.
    pub fn finish(&mut self) -> Bytes {
        let mut out = Vec::new();
        if let Kind::Base64 { open, has_begun } = &mut self.0
            && !open.is_empty()
        {
            write_line(open, has_begun, &mut out);
            open.clear();
        }
        Bytes::from(out)
    }
}

/// The line end stands before each line but the first, so that none is left over at the end.
fn write_line(line: &[u8], has_begun: &mut bool, out: &mut Vec<u8>) {
    if std::mem::replace(has_begun, true) {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(STANDARD.encode(line).as_bytes());
}

/// CR, LF and CRLF become CRLF; NUL, which neither IMAP nor SMTP takes, goes.
fn write_lines(piece: &[u8], is_after_cr: &mut bool, out: &mut Vec<u8>) {
    for &octet in piece {
        match octet {
            b'\n' if *is_after_cr => {}
            b'\r' | b'\n' => out.extend_from_slice(b"\r\n"),
            0 => {}
            _ => out.push(octet),
        }
        *is_after_cr = octet == b'\r';
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mime::decode::decode_base64;

    fn encoded<'a>(encoding: FileEncoding, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut encoder = FileEncoder::new(&encoding);
        let mut out: Vec<u8> = pieces.into_iter().flat_map(|piece| encoder.push(piece).to_vec()).collect();
        out.extend_from_slice(&encoder.finish());
        out
    }

    #[test]
    fn a_nested_message_gets_crlf_lines_and_nothing_else() {
        let encoding = FileEncoding::AsIs { is_8bit: true };
        let pieces = [&b"a\r"[..], b"\nb\nc\r\r\n", "ü\n\n".as_bytes(), b"\0d"];
        assert_eq!(encoded(encoding, pieces), "a\r\nb\r\nc\r\n\r\nü\r\n\r\nd".as_bytes());
    }

    proptest! {
        #[test]
        fn a_file_comes_back_however_it_was_cut(data: Vec<u8>, size in 1_usize..200) {
            let written = encoded(FileEncoding::Base64, data.chunks(size));
            prop_assert_eq!(&encoded(FileEncoding::Base64, [&data[..]]), &written);
            prop_assert_eq!(written.len() as u64, FileEncoding::Base64.encoded_size(data.len() as u64));
            prop_assert!(written.split(|octet| *octet == b'\n').all(|line| line.len() <= 77));
            prop_assert_eq!(decode_base64(&written), data);
        }

        #[test]
        fn a_nested_message_is_the_same_however_it_was_cut(
            data in prop::collection::vec(prop::sample::select(b"a\r\n\0".to_vec()), 0..60),
            size in 1_usize..9,
        ) {
            let encoding = FileEncoding::AsIs { is_8bit: false };
            prop_assert_eq!(encoded(encoding, data.chunks(size)), encoded(encoding, [&data[..]]));
        }
    }
}
