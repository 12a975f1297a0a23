//! Bodies that are text, in the transfer encoding that suits them (RFC 2045).
//!
//! Files are written by `encoder`; what came from others is read by `mime::transfer`.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Longest line of RFC 5322, without its end.
const MAX_LINE: usize = 998;
/// Longest line of quoted-printable, with the `=` of a soft break.
const MAX_QUOTED: usize = 76;

/// A body in its transfer encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Encoded {
    /// Content-Transfer-Encoding.
    pub(super) encoding: &'static str,
    /// The body, without a line end that is not part of it.
    pub(super) octets: Vec<u8>,
}

/// Text as a body: with CRLF lines, the last of which is ended too.
pub(super) fn encode_text(text: &str) -> Encoded {
    let mut text = with_crlf(text);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str("\r\n");
    }
    if is_plain(&text) {
        return Encoded { encoding: "7bit", octets: text.into_bytes() };
    }
    let quoted = quoted_printable(text.as_bytes());
    // a line of 76 digits and its end for 57 octets
    if quoted.len() / 78 > text.len() / 57 {
        return Encoded { encoding: "base64", octets: base64_lines(text.as_bytes()) };
    }
    Encoded { encoding: "quoted-printable", octets: quoted }
}

/// The text with every CR, LF and CRLF as CRLF.
pub(super) fn with_crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut is_after_cr = false;
    for c in text.chars() {
        match c {
            '\n' if is_after_cr => {}
            '\r' | '\n' => out.push_str("\r\n"),
            _ => out.push(c),
        }
        is_after_cr = c == '\r';
    }
    out
}

/// Whether text can stand as it is: ASCII without controls, no line too long or one that mailbox files quote.
fn is_plain(text: &str) -> bool {
    let is_shown = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
    text.split("\r\n")
        .all(|line| line.len() <= MAX_LINE && !line.starts_with("From ") && line.bytes().all(is_shown))
}

fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr::memmem::find(rest, b"\r\n");
        let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
        quote_line(line, &mut out);
        if end.is_some() {
            out.extend_from_slice(b"\r\n");
        }
        rest = after.get(2..).unwrap_or_default();
    }
    out
}

fn quote_line(line: &[u8], out: &mut Vec<u8>) {
    let mut column = 0;
    for (at, &octet) in line.iter().enumerate() {
        let is_last = at + 1 == line.len();
        // a place for the `=` of a soft break is kept but at the end of a line
        let room = if is_last { MAX_QUOTED } else { MAX_QUOTED - 1 };
        let width = if is_literal(octet, is_last) { 1 } else { 3 };
        if column + width > room {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        // what a server would double or quote at the beginning of a line is never seen by it
        let is_touched =
            column == 0 && (octet == b'.' || line.get(at..).is_some_and(|rest| rest.starts_with(b"From ")));
        if width == 1 && !is_touched {
            out.push(octet);
            column += 1;
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            let digit = |value: u8| DIGITS.get(usize::from(value & 15)).copied().unwrap_or(b'0');
            out.extend_from_slice(&[b'=', digit(octet >> 4), digit(octet)]);
            column += 3;
        }
    }
}

/// Whether an octet stands for itself; blanks do but at the end of a line.
fn is_literal(octet: u8, is_last: bool) -> bool {
    match octet {
        b' ' | b'\t' => !is_last,
        b'=' => false,
        _ => octet.is_ascii_graphic(),
    }
}

fn base64_lines(text: &[u8]) -> Vec<u8> {
    let lines: Vec<String> = text.chunks(57).map(|line| STANDARD.encode(line)).collect();
    lines.join("\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mime::decode::decode_transfer;

    fn assert_comes_back(text: &str) {
        let Encoded { encoding, octets } = encode_text(text);
        let mut expected = with_crlf(text);
        if !expected.is_empty() && !expected.ends_with('\n') {
            expected.push_str("\r\n");
        }
        assert_eq!(decode_transfer(encoding, &octets), expected.as_bytes(), "{encoding}");
        let longest = if encoding == "7bit" { MAX_LINE } else { MAX_QUOTED };
        assert!(octets.split(|octet| *octet == b'\n').all(|line| line.len() <= longest + 1));
        assert!(octets.is_ascii());
    }

    #[test]
    fn text_is_written_as_readably_as_it_can_be() {
        assert_eq!(encode_text("Hello,\n\n.\n").encoding, "7bit");
        assert_eq!(encode_text("Grüße aus Köln, wo die Züge fahren").encoding, "quoted-printable");
        assert_eq!(encode_text(&"Письмо в несколько строк. ".repeat(20)).encoding, "base64");
        assert_eq!(encode_text("").octets, b"");
    }

    #[test]
    fn nothing_that_servers_change_stands_at_the_beginning_of_a_line() {
        let text = format!("From ü\n.\n..\n{} \n{}.From x", "ü".repeat(12), "a".repeat(75));
        let written = String::from_utf8(encode_text(&text).octets).unwrap();
        assert!(
            written.lines().all(|line| !line.starts_with("From ") && !line.starts_with('.')),
            "{written}"
        );
        assert!(written.lines().all(|line| !line.ends_with([' ', '\t'])), "{written}");
        assert_comes_back(&text);
        assert_eq!(encode_text("From here on").octets, b"=46rom here on\r\n");
    }

    #[test]
    fn long_lines_and_controls_are_encoded() {
        assert_comes_back(&"a".repeat(5_000));
        assert_comes_back("a\0b\x0bc\rd\x7f");
        assert_comes_back(&format!("{} ", "a".repeat(998)));
    }

    proptest! {
        #[test]
        fn any_text_comes_back(
            words in prop::collection::vec(prop::sample::select(vec![
                "a", "word", " ", "\t", "=", "=3D", ".", "From ", "\r", "\n", "\r\n", "ä", "日本", "😀", "\0",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ]), 0..80),
        ) {
            assert_comes_back(&words.concat());
        }
    }
}
