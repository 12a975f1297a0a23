//! What a file is. Its content decides; its name and media type only where the content leaves it open.

use serde::{Deserialize, Serialize};

/// A kind of file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// PDF.
    Pdf,
    /// Text of Office Open XML.
    Docx,
    /// Spreadsheet of Office Open XML.
    Xlsx,
    /// Presentation of Office Open XML.
    Pptx,
    /// Text, spreadsheet or presentation of OpenDocument.
    OpenDocument,
    /// PNG, JPEG, GIF or WebP.
    Picture,
}

/// How the Compound File Binary format begins: old Office files, and new ones under a password.
pub(crate) const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// How an entry of a zip archive begins.
const ENTRY: &[u8] = b"PK\x03\x04";
/// As much of a beginning as is looked at.
const LOOKED_AT: usize = 64 << 10;

impl Kind {
    /// The kind of a file, or `None` if nothing here reads it. `beginning` is as much of the file as is at hand;
    /// if it is empty, media type and name decide.
    pub fn of(media_type: &str, file_name: &str, beginning: &[u8]) -> Option<Self> {
        let claimed = Self::claimed(media_type, file_name);
        if beginning.is_empty() {
            return claimed;
        }
        let beginning = beginning.get(..LOOKED_AT).unwrap_or(beginning);
        if is_picture(beginning) {
            return Some(Self::Picture);
        }
        // the header may stand anywhere in the first KiB, but then the mark alone proves nothing
        let head = beginning.get(..1024).unwrap_or(beginning);
        if head.starts_with(b"%PDF-") || (claimed == Some(Self::Pdf) && contains(head, b"%PDF-")) {
            return Some(Self::Pdf);
        }
        let claimed = claimed.filter(|kind| kind.is_container());
        if beginning.starts_with(ENTRY) {
            return of_container(beginning).or(claimed);
        }
        if beginning.starts_with(COMPOUND) {
            return claimed.filter(|kind| *kind != Self::OpenDocument);
        }
        None
    }

    fn is_container(self) -> bool {
        matches!(self, Self::Docx | Self::Xlsx | Self::Pptx | Self::OpenDocument)
    }

    fn claimed(media_type: &str, file_name: &str) -> Option<Self> {
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let by_type = match media_type.as_str() {
            "application/pdf" | "application/x-pdf" => Some(Self::Pdf),
            "image/png" | "image/jpeg" | "image/jpg" | "image/pjpeg" | "image/gif" | "image/webp" => {
                Some(Self::Picture)
            }
            office => match office.strip_prefix("application/vnd.").unwrap_or_default() {
                kind if kind.contains("wordprocessingml") || kind.starts_with("ms-word.") => Some(Self::Docx),
                kind if kind.contains("spreadsheetml") || kind.starts_with("ms-excel.") => Some(Self::Xlsx),
                kind if kind.contains("presentationml") || kind.starts_with("ms-powerpoint.") => {
                    Some(Self::Pptx)
                }
                kind if kind.starts_with("oasis.opendocument.") => Some(Self::OpenDocument),
                _ => None,
            },
        };
        by_type.or_else(|| Self::named(file_name))
    }

    fn named(file_name: &str) -> Option<Self> {
        let (_, ending) = file_name.trim_end().rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "pdf" => Some(Self::Pdf),
            "docx" | "docm" | "dotx" | "dotm" => Some(Self::Docx),
            "xlsx" | "xlsm" | "xltx" | "xltm" => Some(Self::Xlsx),
            "pptx" | "pptm" | "ppsx" | "ppsm" | "potx" => Some(Self::Pptx),
            "odt" | "ods" | "odp" | "ott" | "ots" | "otp" => Some(Self::OpenDocument),
            "png" | "jpg" | "jpeg" | "gif" | "webp" => Some(Self::Picture),
            _ => None,
        }
    }
}

fn is_picture(beginning: &[u8]) -> bool {
    let is_webp = beginning.starts_with(b"RIFF") && beginning.get(8..12) == Some(b"WEBP");
    let marks: [&[u8]; 4] = [b"\x89PNG\r\n\x1A\n", b"\xFF\xD8\xFF", b"GIF87a", b"GIF89a"];
    is_webp || marks.iter().any(|mark| beginning.starts_with(mark))
}

/// What the names of the first entries say of a zip archive.
fn of_container(beginning: &[u8]) -> Option<Kind> {
    let mut rest = beginning;
    while let Some(at) = find(rest, ENTRY) {
        let entry = rest.get(at..)?;
        rest = entry.get(ENTRY.len()..)?;
        let Some([low, high]) = entry.get(26..28) else { break };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let name = entry.get(30..).map(|name| name.get(..length).unwrap_or(name)).unwrap_or_default();
        if name == b"mimetype" {
            return contains(entry.get(38..120).unwrap_or(entry), b"application/vnd.oasis.opendocument.")
                .then_some(Kind::OpenDocument);
        }
        let parts: [(&[u8], Kind); 3] = [(b"word/", Kind::Docx), (b"xl/", Kind::Xlsx), (b"ppt/", Kind::Pptx)];
        if let Some((_, kind)) = parts.iter().find(|(part, _)| name.starts_with(part)) {
            return Some(*kind);
        }
    }
    None
}

/// Whether `needle` stands in `hay`.
pub(crate) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    find(hay, needle).is_some()
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, content: &str) -> Vec<u8> {
        let mut entry = b"PK\x03\x04".to_vec();
        entry.extend([0; 22]);
        entry.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        entry.extend([0; 2]);
        entry.extend(name.bytes().chain(content.bytes()));
        entry
    }

    #[test]
    fn content_decides_over_name_and_media_type() {
        let docx = [entry("[Content_Types].xml", "xx"), entry("word/document.xml", "")].concat();
        assert_eq!(Kind::of("application/pdf", "a.pdf", &docx), Some(Kind::Docx));
        assert_eq!(Kind::of("application/msword", "a.doc", b"%PDF-1.4"), Some(Kind::Pdf));
        assert_eq!(Kind::of("application/pdf", "a.pdf", b"\x89PNG\r\n\x1A\n"), Some(Kind::Picture));
        let odt = entry("mimetype", "application/vnd.oasis.opendocument.text");
        assert_eq!(Kind::of("", "a.docx", &odt), Some(Kind::OpenDocument));
        assert_eq!(Kind::of("", "a.docx", &entry("xl/workbook.xml", "")), Some(Kind::Xlsx));
    }

    #[test]
    fn media_type_and_name_decide_where_the_content_leaves_it_open() {
        let undecided = entry("[Content_Types].xml", "");
        assert_eq!(Kind::of("", "Report.PPTX", &undecided), Some(Kind::Pptx));
        assert_eq!(Kind::of("application/octet-stream", "a.xlsx", b""), Some(Kind::Xlsx));
        assert_eq!(Kind::of("IMAGE/PNG; name=a", "", b""), Some(Kind::Picture));
        let locked = [COMPOUND, &[0; 600]].concat();
        assert_eq!(Kind::of("", "a.docx", &locked), Some(Kind::Docx));
        assert_eq!(Kind::of("application/pdf", "", b"\0\0junk\n%PDF-1.4"), Some(Kind::Pdf));
    }

    #[test]
    fn what_nothing_here_reads_has_no_kind() {
        assert_eq!(Kind::of("application/zip", "a.zip", &entry("a.txt", "")), None);
        assert_eq!(Kind::of("application/pdf", "a.pdf", b"<html>"), None);
        assert_eq!(Kind::of("image/svg+xml", "a.svg", b"<svg>"), None);
        assert_eq!(Kind::of("application/msword", "a.doc", COMPOUND), None);
        assert_eq!(Kind::of("text/plain", "a.txt", b"the mark %PDF- alone"), None);
        assert_eq!(Kind::of("", "", b""), None);
    }

    #[test]
    fn no_beginning_makes_it_fail() {
        let whole = [entry("[Content_Types].xml", ""), entry("mimetype", ""), entry("xl/w", "")].concat();
        for end in 0..=whole.len() {
            Kind::of("", "a.docx", &whole[..end]);
        }
    }
}
