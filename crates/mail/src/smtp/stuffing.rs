//! The data of a message as SMTP carries it: every line ends in CRLF, and a line that begins with a dot gets
//! another one (RFC 5321 section 4.5.2). Piece by piece; the last line end is always kept back, since it
//! is the beginning of the end.

/// Turns octets into data, whatever the borders of the pieces they come in.
#[derive(Debug)]
pub(super) struct Stuffing {
    is_line_start: bool,
    /// A line end was met and not written yet.
    owes_line_end: bool,
    was_cr: bool,
}

impl Stuffing {
    pub(super) fn new() -> Self {
        Self { is_line_start: true, owes_line_end: false, was_cr: false }
    }

    /// Appends what is sent for `octets`: at most twice as much and two octets. A bare CR and a bare LF end a line too:
    /// left as they are, servers disagree on them, and one could be made to see an end that another does not.
    pub(super) fn push(&mut self, mut octets: &[u8], out: &mut Vec<u8>) {
        while let Some(first) = octets.first() {
            if std::mem::take(&mut self.was_cr) && *first == b'\n' {
                octets = octets.get(1..).unwrap_or_default();
                continue;
            }
            if self.owes_line_end {
                out.extend_from_slice(b"\r\n");
                self.owes_line_end = false;
                self.is_line_start = true;
            }
            let end = memchr::memchr2(b'\r', b'\n', octets);
            let (line, rest) = octets.split_at_checked(end.unwrap_or(octets.len())).unwrap_or_default();
            if let Some(first) = line.first() {
                if self.is_line_start && *first == b'.' {
                    out.push(b'.');
                }
                out.extend_from_slice(line);
                self.is_line_start = false;
            }
            let Some((end, rest)) = rest.split_first() else { return };
            self.owes_line_end = true;
            self.was_cr = *end == b'\r';
            octets = rest;
        }
    }

    /// What ends the data, with the end of the last line.
    pub(super) fn end(&self) -> &'static [u8] {
        let is_empty = self.is_line_start && !self.owes_line_end;
        if is_empty { b".\r\n" } else { b"\r\n.\r\n" }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stuffed(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut stuffing, mut out) = (Stuffing::new(), Vec::new());
        for piece in pieces {
            let before = out.len();
            stuffing.push(piece, &mut out);
            assert!(out.len() - before <= piece.len() * 2 + 2);
        }
        out.extend_from_slice(stuffing.end());
        out
    }

    /// What a server reads: lines up to the lone dot, one dot less where they begin with one.
    fn read(data: &[u8]) -> Vec<u8> {
        let mut lines = data.split_inclusive(|byte| *byte == b'\n');
        let mut message = Vec::new();
        for line in lines.by_ref() {
            assert!(line.ends_with(b"\r\n"), "{line:?}");
            assert!(!line[..line.len() - 2].contains(&b'\r'), "{line:?}");
            if line == b".\r\n" {
                assert_eq!(lines.next(), None, "data after the end");
                return message;
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
        panic!("no end in {data:?}");
    }

    /// The same lines, each ending in CRLF, made the slow way.
    fn normalised(octets: &[u8]) -> Vec<u8> {
        let (mut message, mut at, mut is_open) = (Vec::new(), 0, false);
        while at < octets.len() {
            is_open = false;
            match (octets[at], octets.get(at + 1)) {
                (b'\r', Some(b'\n')) => {
                    message.extend(b"\r\n");
                    at += 1;
                }
                (b'\r' | b'\n', _) => message.extend(b"\r\n"),
                (other, _) => {
                    message.push(other);
                    is_open = true;
                }
            }
            at += 1;
        }
        if is_open {
            message.extend(b"\r\n");
        }
        message
    }

    #[test]
    fn lone_dots_are_doubled_wherever_a_piece_ends() {
        for pieces in [
            &[b".\r\n..\r\na.\r\n.".as_slice()] as &[&[u8]],
            &[b".", b"\r\n", b".", b".\r", b"\na", b".\r\n", b"."],
            &[b".\r", b"\n..", b"\r\na.", b"\r", b"\n", b"."],
        ] {
            assert_eq!(stuffed(pieces), b"..\r\n...\r\na.\r\n..\r\n.\r\n");
        }
    }

    #[test]
    fn no_octets_are_ended_by_a_dot_alone() {
        assert_eq!(stuffed(&[]), b".\r\n");
        assert_eq!(stuffed(&[b"\r\n"]), b"\r\n.\r\n");
        assert_eq!(stuffed(&[b"a"]), b"a\r\n.\r\n");
    }

    #[test]
    fn bare_line_ends_cannot_smuggle_an_end() {
        let message = stuffed(&[b"a\n.\nb\r.\rc\r\n.\nd\n.\r\ne"]);
        assert_eq!(message, b"a\r\n..\r\nb\r\n..\r\nc\r\n..\r\nd\r\n..\r\ne\r\n.\r\n");
    }

    #[test]
    fn the_last_line_end_is_kept_back() {
        let (mut stuffing, mut out) = (Stuffing::new(), Vec::new());
        stuffing.push(b"a\r\n\r\n", &mut out);
        assert_eq!(out, b"a\r\n");
    }

    proptest! {
        #[test]
        fn what_a_server_reads_is_the_same_lines(
            pieces in prop::collection::vec("[a.\r\n]{1,6}", 0..12)
        ) {
            let pieces: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
            prop_assert_eq!(read(&stuffed(&pieces)), normalised(&pieces.concat()));
        }
    }
}
