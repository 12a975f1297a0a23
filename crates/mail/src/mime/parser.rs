//! How mail-parser is called, which reads values of fields and some charsets: with input that cannot make it
//! slow, and so that a panic within it costs no more than the value that it was to read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::decoders::charsets::map::charset_decoder;
use memchr::memmem;

/// Most encoded words of a value that have no end.
const MAX_OPEN: usize = 50;
/// Longest encoded word that is known to have an end, in octets; RFC 2047 allows 75.
const MAX_WORD: usize = 500;
/// Longest name of a charset that mail-parser tells from others.
const MAX_CHARSET: usize = 45;

/// What comes of `read`, or nothing if it panics.
pub(super) fn guarded<T: Default>(read: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        tracing::warn!("a value could not be read: the parser failed");
        T::default()
    })
}

/// The octets of a value that are given to the parser: at most so many, and few encoded words without an
/// end, each of which it follows to the end of the value.
pub(super) fn tame(value: &[u8], most: usize) -> &[u8] {
    let value = value.get(..most).unwrap_or(value);
    let is_open = |at: &usize| {
        let word = value.get(at + 2..value.len().min(at + 2 + MAX_WORD)).unwrap_or_default();
        // charset, encoding, text
        let text = word.splitn(3, |byte| *byte == b'?').nth(2);
        text.is_none_or(|text| memmem::find(text, b"?=").is_none())
    };
    let surplus = memmem::find_iter(value, b"=?").filter(is_open).nth(MAX_OPEN);
    surplus.and_then(|at| value.get(..at)).unwrap_or(value)
}

/// Text in one of the charsets that browsers do not know.
pub(super) fn decode_rare(charset: &[u8], bytes: &[u8]) -> Option<String> {
    let charset = Some(charset).filter(|charset| charset.len() <= MAX_CHARSET)?;
    guarded(|| charset_decoder(charset).map(|decode| decode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_costs_the_value_only() {
        assert_eq!(guarded(|| Some(7)), Some(7));
        assert_eq!(guarded(|| -> Option<u32> { panic!("on purpose") }), None);
    }

    #[test]
    fn values_as_mail_has_them_are_read_whole() {
        let many =
            "=?utf-8?q?J=C3=B6rg?= <joerg@x.example>, =?UTF-8?B?SsO2cmc=?= <j@y.example>, ".repeat(500);
        let open = "\"=?utf-8?q?\" <a@x.example>, ".repeat(MAX_OPEN);
        for value in ["", "a=?b", "Ann Lee <ann@x.example>", many.as_str(), open.as_str()] {
            assert_eq!(tame(value.as_bytes(), 1 << 20), value.as_bytes());
        }
        assert_eq!(tame(b"Ann Lee", 3), b"Ann");
    }

    #[test]
    fn of_words_without_an_end_few_are_given_to_the_parser() {
        let letters = [
            "=?aa?q? ".to_owned(),
            "=?aa?b?AAAA ".to_owned(),
            "=?aa".to_owned(),
            format!("=?aa?q?{}?= ", "a".repeat(MAX_WORD)),
        ];
        for unit in letters {
            let value = unit.repeat(10_000);
            let read = tame(value.as_bytes(), value.len()).len();
            assert!(read <= unit.len() * (MAX_OPEN + 1), "{unit}: {read}");
        }
    }

    #[test]
    fn addresses_before_an_open_word_are_read() {
        let value = format!("Ann <ann@x.example>, {}", "=?aa?q? ".repeat(10_000));
        let found = super::super::header::parse_addresses(value.as_bytes());
        assert_eq!(found.first().map(|address| address.email.as_str()), Some("ann@x.example"));
        assert!(found.iter().all(|address| address.name.len() <= 10 * MAX_OPEN), "the rest is not read");
    }
}
