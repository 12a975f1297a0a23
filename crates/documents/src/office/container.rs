//! The zip archive around an office document, with a bound on all that comes out of it. Names are keys here
//! and never paths; an archive within the archive is not opened.

use std::io::{Cursor, Read as _};

use zip::{ZipArchive, result::ZipError};

use crate::{Error, Limits, Result};

/// Bytes that a part may unpack to whatever its packed size.
const SMALL: u64 = 10_000_000;
/// How many times its packed size a larger part may unpack to. Text that people write stays below 50.
const RATIO: u64 = 200;

/// The parts of a document by name.
pub(super) struct Container<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'a> Container<'a> {
    /// Reads the directory of the archive.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| told(&error))?;
        if archive.len() > limits.entries {
            return Err(Error::TooLarge);
        }
        Ok(Self { archive, left: limits.unpacked })
    }

    /// Whether there is such a part.
    pub(super) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(name).is_some()
    }

    /// A part as text, or `None` if there is no such part.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>> {
        let Some(index) = self.archive.index_for_name(name) else { return Ok(None) };
        let entry = self.archive.by_index(index).map_err(|error| told(&error))?;
        let largest = entry.compressed_size().saturating_mul(RATIO).max(SMALL).min(self.left);
        let mut bytes = Vec::new();
        // what the entry says of its size is not believed
        entry.take(largest.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| Error::Damaged)?;
        let length = bytes.len() as u64;
        if length > largest {
            return Err(Error::TooLarge);
        }
        self.left -= length;
        Ok(Some(decode(bytes)))
    }
}

/// XML is UTF-8 or, with a mark at its beginning, UTF-16.
fn decode(bytes: Vec<u8>) -> String {
    let wide = |of: fn([u8; 2]) -> u16| {
        let (pairs, _) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().skip(1).map(|pair| of(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes.get(..2) {
        Some([0xff, 0xfe]) => wide(u16::from_le_bytes),
        Some([0xfe, 0xff]) => wide(u16::from_be_bytes),
        _ => String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

fn told(error: &ZipError) -> Error {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            Error::Locked
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => Error::Unsupported,
        _ => Error::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings_of_xml_are_read() {
        assert_eq!(decode(b"<\xC3\xA4/>".to_vec()), "<ä/>");
        assert_eq!(decode(b"\xFF\xFE<\0\xE4\0/\0>\0".to_vec()), "<ä/>");
        assert_eq!(decode(b"\xFE\xFF\0<\0\xE4\0/\0>\0".to_vec()), "<ä/>");
        assert_eq!(decode(b"\xFF".to_vec()), "\u{fffd}");
    }
}
