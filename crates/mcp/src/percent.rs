//! Percent-encoding (RFC 3986, 2.1), of whatever does not stand for itself where the text goes.

/// The text with each octet encoded that is not plain.
pub(crate) fn encoded(text: &str, is_plain: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_stays_and_of_all_else_each_octet_has_two_digits() {
        assert_eq!(encoded("aä /\n", |byte| byte.is_ascii_alphabetic()), "a%C3%A4%20%2F%0A");
    }
}
