//! What kind of file a name tells of, where nobody said.

/// Extensions in lower case, and their types.
const TYPES: &[(&str, &str)] = &[
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("eml", "message/rfc822"),
    ("epub", "application/epub+zip"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("heic", "image/heic"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ics", "text/calendar"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("key", "application/vnd.apple.keynote"),
    ("log", "text/plain"),
    ("m4a", "audio/mp4"),
    ("md", "text/markdown"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ogg", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("vcf", "text/vcard"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// The type of a file of which nothing is known.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// The type that was given if it is one, else what the name tells.
pub(super) fn media_type(given: &str, name: &str) -> String {
    let is_token = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let (essence, _) = given.split_once(';').unwrap_or((given, ""));
    let essence = essence.trim().to_ascii_lowercase();
    let found = match essence.split_once('/') {
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) && essence.len() <= 100 => essence,
        _ => {
            let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
            let known = TYPES.iter().find(|(known, _)| Some(*known) == extension.as_deref());
            known.map_or(UNKNOWN, |(_, known)| known).to_owned()
        }
    };
    // What is encoded must not be of these (RFC 2045 section 6.4).
    if found.starts_with("multipart/") || found.starts_with("message/") { UNKNOWN.to_owned() } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_what_was_given_else_what_the_name_tells() {
        for (given, name, wanted) in [
            ("Image/PNG", "a.pdf", "image/png"),
            ("", "Report.PDF", "application/pdf"),
            ("text/plain; charset=utf-8", "a", "text/plain"),
            ("nonsense", "a.csv", "text/csv"),
            ("a/b\r\nBcc: x", "a.csv", "text/csv"),
            ("", "unknown.xyz", UNKNOWN),
            ("", "none", UNKNOWN),
            ("multipart/mixed", "a", UNKNOWN),
            ("", "old.eml", UNKNOWN),
        ] {
            assert_eq!(media_type(given, name), wanted, "{given} {name}");
        }
    }

    #[test]
    fn the_extensions_are_sorted_and_each_is_there_once() {
        assert!(TYPES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
