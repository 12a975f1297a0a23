//! Which part of a file a request asks for (RFC 9110, 14): one range of octets, or all of it.
//!
//! Several ranges at once are answered with the whole file, as is a range under a condition: a file has no
//! validator that the condition could name.

use axum::http::{
    HeaderMap, Method,
    header::{IF_RANGE, RANGE},
};

/// What is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// From the first octet up to the last, which is sent too.
    Part {
        /// Counted from 0.
        first: u64,
        /// Less than the size.
        last: u64,
    },
    /// A range that begins behind the end.
    Nothing,
}

/// What a request wants of a file with that size; one whose size is not known is sent whole.
pub(super) fn wanted(method: &Method, headers: &HeaderMap, size: Option<u64>) -> Wanted {
    let mut sent = headers.get_all(RANGE).iter();
    let (Some(size), Some(range), None) = (size, sent.next(), sent.next()) else { return Wanted::Whole };
    if method != Method::GET || headers.contains_key(IF_RANGE) {
        return Wanted::Whole;
    }
    range.to_str().ok().and_then(|range| parse(range, size)).unwrap_or(Wanted::Whole)
}

/// Nothing for what is no single range of octets.
fn parse(range: &str, size: u64) -> Option<Wanted> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.split_once('-').filter(|_| unit.trim().eq_ignore_ascii_case("bytes"))?;
    let end = size.checked_sub(1);
    let (first, last) = match (first.trim(), last.trim()) {
        ("", suffix) => (size.saturating_sub(number(suffix)?), end),
        (first, "") => (number(first)?, end),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return None;
            }
            (first, end.map(|end| end.min(last)))
        }
    };
    Some(match last {
        Some(last) if first <= last => Wanted::Part { first, last },
        _ => Wanted::Nothing,
    })
}

/// Digits and nothing else; more of them than fit are as good as the largest number.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(range: &'static str, size: u64) -> Wanted {
        let headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static(range))]);
        wanted(&Method::GET, &headers, Some(size))
    }

    #[test]
    fn one_range_is_understood_and_cut_at_the_end() {
        for (range, first, last) in [
            ("bytes=0-", 0, 99),
            ("bytes=0-0", 0, 0),
            ("bytes=10-19", 10, 19),
            ("Bytes = 90 - 1000", 90, 99),
            ("bytes=99-", 99, 99),
            ("bytes=-1", 99, 99),
            ("bytes=-1000", 0, 99),
            ("bytes=5-99999999999999999999999", 5, 99),
        ] {
            assert_eq!(of(range, 100), Wanted::Part { first, last }, "{range}");
        }
    }

    #[test]
    fn what_lies_behind_the_end_cannot_be_had() {
        for range in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(of(range, 100), Wanted::Nothing, "{range}");
        }
        assert_eq!(of("bytes=0-", 0), Wanted::Nothing);
    }

    #[test]
    fn anything_else_is_the_whole_file() {
        for range in
            ["", "bytes", "bytes=", "bytes=-", "bytes=9-5", "bytes=0-1,5-6", "lines=1-2", "bytes=+1-2"]
        {
            assert_eq!(of(range, 100), Wanted::Whole, "{range}");
        }
        let mut headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static("bytes=1-2"))]);
        assert_eq!(wanted(&Method::GET, &headers, None), Wanted::Whole);
        assert_eq!(wanted(&Method::HEAD, &headers, Some(100)), Wanted::Whole);
        headers.insert(IF_RANGE, HeaderValue::from_static("\"x\""));
        assert_eq!(wanted(&Method::GET, &headers, Some(100)), Wanted::Whole);
        headers.remove(IF_RANGE);
        headers.append(RANGE, HeaderValue::from_static("bytes=3-4"));
        assert_eq!(wanted(&Method::GET, &headers, Some(100)), Wanted::Whole);
    }
}
