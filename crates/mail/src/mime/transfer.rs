//! Transfer encodings (RFC 2045) removed piece by piece, so that a file need never be whole in memory.
//!
//! Where a part is cut into pieces makes no difference to what comes out. What is held from one piece to
//! the next is bounded, whatever a sender wrote.

/// Longest run of blanks that is held until it is known whether a line ends after it.
const MAX_BLANKS: usize = 64 * 1024;

/// An `=` with everything that may belong to it: 80 blanks and a line end.
const LONGEST_ESCAPE: usize = 83;

/// The beginning of a uuencoded line that carries octets: 63 of them at the most.
const UU_LINE: usize = 128;

/// Removes one transfer encoding from a part that comes in pieces.
#[derive(Debug, Clone)]
pub struct Decoder(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Identity,
    Base64(Base64),
    QuotedPrintable(QuotedPrintable),
    Uu(Uu),
}

impl Decoder {
    /// For a Content-Transfer-Encoding in any case; an unknown one is left alone.
    pub fn new(encoding: &str) -> Self {
        match encoding.trim().to_ascii_lowercase().as_str() {
            "base64" | "b" => Self::base64(),
            "quoted-printable" | "q" => Self::quoted_printable(),
            "x-uuencode" | "x-uue" | "uuencode" => Self(Kind::Uu(Uu::default())),
            _ => Self(Kind::Identity),
        }
    }

    /// For base64.
    pub fn base64() -> Self {
        Self(Kind::Base64(Base64::default()))
    }

    /// For quoted-printable.
    pub fn quoted_printable() -> Self {
        Self(Kind::QuotedPrintable(QuotedPrintable::default()))
    }

    /// Whether what comes out is what goes in.
    pub fn is_identity(&self) -> bool {
        matches!(self.0, Kind::Identity)
    }

    /// Whether two programs that follow RFC 2045 get the same number of octets out of a sound part.
    pub fn is_unambiguous(&self) -> bool {
        matches!(self.0, Kind::Identity | Kind::Base64(_))
    }

    /// Takes the next piece and gives what is certain by now.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        match &mut self.0 {
            Kind::Identity => piece.to_vec(),
            Kind::Base64(base64) => base64.push(piece),
            Kind::QuotedPrintable(quoted) => quoted.push(piece),
            Kind::Uu(uu) => uu.push(piece),
        }
    }

    /// What the last piece left open.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        match &mut self.0 {
            Kind::Identity => {}
            Kind::Base64(base64) => base64.flush(&mut out),
            Kind::QuotedPrintable(quoted) => quoted.finish(&mut out),
            Kind::Uu(uu) => uu_line(&std::mem::take(&mut uu.open), &mut out),
        }
        out
    }
}

/// Base64 that skips everything outside its alphabet and needs no padding.
#[derive(Debug, Clone, Default)]
struct Base64 {
    bits: u32,
    count: u32,
    /// Behind padding, up to the end of the line.
    is_ended: bool,
}

impl Base64 {
    fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() / 4 * 3 + 3);
        for &byte in piece {
            if self.is_ended {
                self.is_ended = byte != b'\n';
                continue;
            }
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                // Padding ends a run. Another may follow on the next line where a program joined two; what
                // follows on the same line is garbage.
                b'=' => {
                    self.flush(&mut out);
                    self.is_ended = true;
                    continue;
                }
                _ => continue,
            };
            self.bits = self.bits << 6 | u32::from(value);
            self.count += 1;
            if self.count == 4 {
                out.extend(self.bits.to_be_bytes().iter().skip(1));
                (self.bits, self.count) = (0, 0);
            }
        }
        out
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        match self.count {
            2 => out.extend((self.bits >> 4).to_be_bytes().iter().skip(3)),
            3 => out.extend((self.bits >> 2).to_be_bytes().iter().skip(2)),
            _ => {}
        }
        (self.bits, self.count) = (0, 0);
    }
}

/// Quoted-printable (6.7); what is not encoded properly stays as it is.
#[derive(Debug, Clone, Default)]
struct QuotedPrintable {
    /// Blanks as they were written, and perhaps a CR: nothing if a line ends here, since blanks before a
    /// line's end were added on the way.
    blanks: Vec<u8>,
    /// An `=` whose rest has not come yet.
    open: Vec<u8>,
}

impl QuotedPrintable {
    fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len());
        if self.open.is_empty() {
            self.read(piece, false, &mut out);
        } else {
            let mut joined = std::mem::take(&mut self.open);
            joined.extend_from_slice(piece);
            self.read(&joined, false, &mut out);
        }
        out
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        let open = std::mem::take(&mut self.open);
        self.read(&open, true, out);
        out.append(&mut self.blanks);
    }

    fn read(&mut self, data: &[u8], is_last: bool, out: &mut Vec<u8>) {
        let mut rest = data;
        while let Some(at) = memchr::memchr2(b'=', b'\n', rest) {
            let (before, from) = rest.split_at(at);
            self.text(before, out);
            let after = from.get(1..).unwrap_or_default();
            if from.first() == Some(&b'\n') {
                out.extend_from_slice(if self.blanks.ends_with(b"\r") { b"\r\n" } else { b"\n" });
                self.blanks.clear();
                rest = after;
                continue;
            }
            if !is_last && after.len() < LONGEST_ESCAPE {
                self.open = from.to_vec();
                return;
            }
            out.append(&mut self.blanks);
            if let (Some(high), Some(low)) = (hex(after.first()), hex(after.get(1))) {
                out.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            } else if let Some(skipped) = soft_break(after) {
                rest = after.get(skipped..).unwrap_or_default();
            } else {
                out.push(b'=');
                rest = after;
            }
        }
        self.text(rest, out);
    }

    /// Takes text without `=` and line ends; blanks at its end wait for what follows.
    fn text(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let without_cr = text.strip_suffix(b"\r").unwrap_or(text);
        let blanks = without_cr.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let (words, end) = text.split_at(without_cr.len() - blanks);
        let is_more = self.blanks.ends_with(b"\r") || self.blanks.len() > MAX_BLANKS;
        if !words.is_empty() || is_more {
            out.append(&mut self.blanks);
        }
        out.extend_from_slice(words);
        self.blanks.extend_from_slice(end);
    }
}

/// How many octets a soft line break takes after its `=`; blanks before the line end are allowed.
fn soft_break(after: &[u8]) -> Option<usize> {
    let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).take(80).count();
    let end = after.get(blanks..).unwrap_or_default();
    match end {
        [] if blanks == 0 => Some(0),
        [b'\r', b'\n', ..] => Some(blanks + 2),
        [b'\n' | b'\r', ..] => Some(blanks + 1),
        _ => None,
    }
}

fn hex(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// uuencode: the lines between `begin` and `end`; each says its own length.
#[derive(Debug, Clone, Default)]
struct Uu {
    /// The beginning of a line whose end has not come yet.
    open: Vec<u8>,
}

impl Uu {
    fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(piece.len() / 4 * 3);
        let mut rest = piece;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.keep(rest.get(..end).unwrap_or_default());
            uu_line(&std::mem::take(&mut self.open), &mut out);
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        self.keep(rest);
        out
    }

    fn keep(&mut self, text: &[u8]) {
        let room = UU_LINE.saturating_sub(self.open.len());
        self.open.extend_from_slice(text.get(..room).unwrap_or(text));
    }
}

fn uu_line(line: &[u8], out: &mut Vec<u8>) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.starts_with(b"begin ") || line.starts_with(b"end") || line.is_empty() {
        return;
    }
    let value = |byte: Option<&u8>| u32::from(byte.copied().unwrap_or(b'`').wrapping_sub(32) & 63);
    let length = value(line.first()) as usize;
    let start = out.len();
    for group in line.get(1..).unwrap_or_default().chunks(4) {
        let bits = value(group.first()) << 18
            | value(group.get(1)) << 12
            | value(group.get(2)) << 6
            | value(group.get(3));
        out.extend(bits.to_be_bytes().iter().skip(1));
    }
    out.truncate(start + length);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENCODINGS: &[&str] = &["base64", "quoted-printable", "x-uuencode", "8bit"];

    fn decoded<'a>(encoding: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut decoder = Decoder::new(encoding);
        let mut out: Vec<u8> = pieces.into_iter().flat_map(|piece| decoder.push(piece)).collect();
        out.append(&mut decoder.finish());
        out
    }

    #[test]
    fn blanks_that_a_line_ends_with_stay_only_where_they_are_encoded() {
        assert_eq!(decoded("quoted-printable", [&b"a =20\r\nb \t\r\nc  "[..]]), b"a  \r\nb\r\nc  ");
    }

    #[test]
    fn an_escape_may_be_cut_anywhere() {
        let text = b"a=3D=\r\nb= \t \r\n =zz =4";
        for cut in 0..text.len() {
            let (first, second) = text.split_at(cut);
            assert_eq!(decoded("quoted-printable", [first, second]), b"a=b =zz =4", "{cut}");
        }
    }

    #[test]
    fn what_is_held_between_pieces_is_bounded() {
        for (encoding, piece) in
            [("quoted-printable", b' '), ("x-uuencode", b'M'), ("quoted-printable", b'='), ("base64", b'A')]
        {
            let mut decoder = Decoder::new(encoding);
            for _ in 0..20 {
                decoder.push(&vec![piece; 32 * 1024]);
            }
            let held = match &decoder.0 {
                Kind::QuotedPrintable(quoted) => quoted.blanks.len() + quoted.open.len(),
                Kind::Uu(uu) => uu.open.len(),
                Kind::Base64(_) | Kind::Identity => 0,
            };
            assert!(held <= MAX_BLANKS + 32 * 1024, "{encoding}: {held}");
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            words in prop::collection::vec(prop::sample::select(vec![
                "=", "=\r\n", "=3D", "=3", "= ", " ", "\t", "\r", "\n", "\r\n", "QUJD", "QQ", "==", "\n#0V%T", "`", "end", "begin 1 a\n", "x", "é",
            ]), 0..60),
            cuts in prop::collection::vec(0_usize..400, 0..8),
            which in 0..ENCODINGS.len(),
        ) {
            let text = words.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]);
            prop_assert_eq!(decoded(ENCODINGS[which], pieces), decoded(ENCODINGS[which], [&text[..]]));
        }

        #[test]
        fn any_octets_in_any_pieces_come_out_alike(
            data in prop::collection::vec(any::<u8>(), 0..600),
            size in 1_usize..90,
            which in 0..ENCODINGS.len(),
        ) {
            let whole = decoded(ENCODINGS[which], [&data[..]]);
            prop_assert_eq!(decoded(ENCODINGS[which], data.chunks(size)), whole);
        }
    }
}
