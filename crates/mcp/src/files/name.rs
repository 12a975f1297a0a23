//! Names of files as senders gave them, made fit for a header and for a disk.

use crate::{percent, view::is_invisible};

/// Octets of a name; file systems take 255, and a number may still be added.
const LONGEST: usize = 200;

/// Octets of what stands behind the last full stop and is kept when a name is cut.
const LONGEST_EXTENSION: usize = 20;

/// Names that Windows takes for devices, whatever extension they have.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The name without anything that could make it a path, hide it, or show it as another one.
pub(crate) fn harmless(name: &str) -> String {
    let cleaned: String = name
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c })
        .collect();
    // leading full stops hide a file or climb; Windows drops trailing ones
    let is_dropped = |c: char| c == '.' || c.is_whitespace();
    let cleaned = cleaned.trim_matches(is_dropped);
    let (stem, extension) = split(cleaned);
    let room = LONGEST - extension.len();
    let stem = stem.get(..stem.floor_char_boundary(room)).unwrap_or_default();
    let stem = if extension.is_empty() { stem.trim_end_matches(is_dropped) } else { stem };
    let is_device = DEVICES.iter().any(|device| before_stop(stem).eq_ignore_ascii_case(device))
        || is_port(before_stop(stem));
    match stem {
        "" => format!("attachment{extension}"),
        _ if is_device => format!("_{stem}{extension}"),
        _ => format!("{stem}{extension}"),
    }
}

/// `name` with a number: `invoice (2).pdf`.
pub(super) fn numbered(name: &str, number: u32) -> String {
    let (stem, extension) = split(name);
    format!("{stem} ({number}){extension}")
}

/// A `Content-Disposition` that is saved and never shown (RFC 6266), of a harmless name.
pub(super) fn disposition(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    // some clients undo percent-encoding even here
    let fallback: String = name.chars().map(|c| if is_plain(c) && c != '%' { c } else { '_' }).collect();
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{}", encoded(name))
}

/// The `ext-value` of RFC 8187, 3.2.
fn encoded(name: &str) -> String {
    percent::encoded(name, |byte| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte))
}

/// The name up to its extension, and the extension with its full stop.
fn split(name: &str) -> (&str, &str) {
    let stop = name.rfind('.').filter(|stop| *stop > 0 && name.len() - stop <= LONGEST_EXTENSION);
    stop.and_then(|stop| name.split_at_checked(stop)).unwrap_or((name, ""))
}

fn before_stop(name: &str) -> &str {
    name.split('.').next().unwrap_or_default().trim_end()
}

/// `COM1` to `LPT9`, which are devices too.
fn is_port(name: &str) -> bool {
    let mut characters = name.chars();
    let last = characters.next_back();
    last.is_some_and(|last| last.is_ascii_digit())
        && ["com", "lpt"].iter().any(|port| characters.as_str().eq_ignore_ascii_case(port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_no_path_no_hidden_file_and_no_device() {
        for (sent, kept) in [
            ("invoice.pdf", "invoice.pdf"),
            ("Rechnung März.pdf", "Rechnung März.pdf"),
            ("../../.ssh/authorized_keys", "_.._.ssh_authorized_keys"),
            ("C:\\windows\\win.ini", "C__windows_win.ini"),
            (".bashrc", "bashrc"),
            ("..", "attachment"),
            ("", "attachment"),
            (" \u{200b} ", "attachment"),
            ("a\r\nb\0.txt", "a__b_.txt"),
            ("nul.tar.gz", "_nul.tar.gz"),
            ("COM7", "_COM7"),
            ("report. . ", "report"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
        ] {
            assert_eq!(harmless(sent), kept, "{sent:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_before_its_extension() {
        let name = harmless(&format!("{}.pdf", "ä".repeat(500)));
        assert!(name.len() <= LONGEST && name.len() > LONGEST - 3 && name.ends_with("ä.pdf"), "{name}");
        assert!(harmless(&format!("a.{}", "b".repeat(500))).len() <= LONGEST);
    }

    #[test]
    fn a_number_stands_before_the_extension() {
        assert_eq!(numbered("invoice.pdf", 2), "invoice (2).pdf");
        assert_eq!(numbered("README", 3), "README (3)");
    }

    #[test]
    fn a_disposition_has_the_name_in_both_forms() {
        assert_eq!(
            disposition("März 5% (a).pdf"),
            "attachment; filename=\"M_rz 5_ (a).pdf\"; filename*=UTF-8''M%C3%A4rz%205%25%20%28a%29.pdf"
        );
    }

    proptest! {
        #[test]
        fn whatever_was_sent_the_name_stays_one_name_and_the_header_one_header(sent in "\\PC{0,300}|.{0,300}") {
            let name = harmless(&sent);
            prop_assert!(!name.is_empty() && name.len() <= LONGEST + 1 && !name.starts_with('.'));
            prop_assert!(!name.contains(['/', '\\', ':', '"', '\0']) && !name.chars().any(char::is_control));
            prop_assert_eq!(&harmless(&name), &name, "twice is once");
            let header = disposition(&name);
            prop_assert!(header.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
            prop_assert_eq!(header.matches('"').count(), 2);
            let path = std::path::Path::new("/files").join(&name);
            prop_assert_eq!(path.parent(), Some(std::path::Path::new("/files")));
        }
    }
}
