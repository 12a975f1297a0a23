//! A message that is handed on whole, without the header fields that are nobody's business but its sender's.
//!
//! It passes piece by piece: of a header only the beginning of a line is held back, however long it is.

/// Fields that do not leave with a message, in lower case: who got a blind copy, and our own mark.
const HIDDEN: &[&[u8]] = &[b"bcc", b"resent-bcc", b"x-postroom-draft"];

/// Octets in which a hidden name and the blanks behind it are told; names that fit are shorter.
const NAME: usize = 64;

/// Leaves hidden fields out of what passes.
#[derive(Debug)]
pub(super) struct Stripped {
    at: At,
    /// The beginning of a line whose name is not told yet.
    held: Vec<u8>,
    /// Whether the field of the line before was left out: its further lines are, too.
    is_hidden: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// The beginning of a line of the header, as far as it is held.
    Name,
    /// Within a line that passes or does not.
    Line,
    /// Behind the header: all passes.
    Body,
}

impl Default for Stripped {
    fn default() -> Self {
        Self { at: At::Name, held: Vec::new(), is_hidden: false }
    }
}

impl Stripped {
    /// What passes of these octets.
    pub(super) fn pass(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(octets.len() + self.held.len());
        let mut rest = octets;
        while self.at != At::Body {
            let Some((octet, after)) = rest.split_first() else { return out };
            if self.at == At::Line {
                // As much of the line as there is.
                let end = rest.iter().position(|octet| *octet == b'\n').map_or(rest.len(), |end| end + 1);
                let (line, next) = rest.split_at(end);
                if !self.is_hidden {
                    out.extend_from_slice(line);
                }
                if line.ends_with(b"\n") {
                    self.at = At::Name;
                }
                rest = next;
                continue;
            }
            self.held.push(*octet);
            rest = after;
            self.look_at_name(*octet, &mut out);
        }
        out.extend_from_slice(rest);
        out
    }

    /// What was held back of a message that ended within its header.
    pub(super) fn end(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    fn look_at_name(&mut self, octet: u8, out: &mut Vec<u8>) {
        let held = self.held.as_slice();
        if let [b' ' | b'\t'] = held {
            // The field of before goes on.
            self.let_go(At::Line, out);
            return;
        }
        match octet {
            b'\n' => {
                let is_end = matches!(held, b"\n" | b"\r\n");
                self.is_hidden = false;
                self.let_go(if is_end { At::Body } else { At::Name }, out);
            }
            b':' => {
                let name = held.strip_suffix(b":").unwrap_or(held).trim_ascii_end();
                self.is_hidden = HIDDEN.iter().any(|hidden| name.eq_ignore_ascii_case(hidden));
                self.let_go(At::Line, out);
            }
            _ if held.len() >= NAME => {
                self.is_hidden = false;
                self.let_go(At::Line, out);
            }
            _ => {}
        }
    }

    fn let_go(&mut self, at: At, out: &mut Vec<u8>) {
        if !self.is_hidden {
            out.extend_from_slice(&self.held);
        }
        self.held.clear();
        self.at = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(message: &[u8], size: usize) -> Vec<u8> {
        let mut stripped = Stripped::default();
        let mut out: Vec<u8> = message.chunks(size).flat_map(|piece| stripped.pass(piece)).collect();
        out.extend(stripped.end());
        out
    }

    #[test]
    fn blind_copies_and_our_mark_do_not_pass_wherever_it_is_cut() {
        let long = "x".repeat(300);
        let cases = [
            (
                format!(
                    "To: a@x\r\nBCC : b@x,\r\n\tc@x\r\nSubject: Bcc: no\r\n Bcc: nor this\r\nX-Postroom-Draft: y\r\n\
                     resent-bcc:d@x\r\nX-{long}: {long}\r\n\r\nBcc: words\r\n"
                ),
                format!(
                    "To: a@x\r\nSubject: Bcc: no\r\n Bcc: nor this\r\nX-{long}: {long}\r\n\r\nBcc: words\r\n"
                ),
            ),
            ("Bcc: b@x\nTo: a@x\n\nbody".into(), "To: a@x\n\nbody".into()),
            ("\r\nBcc: body".into(), "\r\nBcc: body".into()),
            ("To: a@x\r\nBcc: b".into(), "To: a@x\r\n".into()),
            ("To: a@x\r\nBc".into(), "To: a@x\r\nBc".into()),
            ("no field\r\nBcc: b@x\r\n".into(), "no field\r\n".into()),
            (String::new(), String::new()),
        ];
        for (message, expected) in cases {
            for size in 1..=message.len().max(1) {
                let passed = pieces(message.as_bytes(), size);
                assert_eq!(String::from_utf8_lossy(&passed), expected, "{size}");
            }
        }
    }
}
