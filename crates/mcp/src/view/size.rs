//! How large an answer is: tokens are characters of its compact JSON, divided by four.

use serde::Serialize;

/// Characters that no answer passes: 20,000 tokens.
pub(crate) const HARD_CAP: usize = 80_000;

/// Characters of the value as compact JSON.
pub(crate) fn json_chars(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(usize::MAX, |text| text.chars().count())
}

/// Characters that one character of a text takes inside a JSON string.
pub(crate) fn escaped(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => 1,
    }
}

/// Characters that a text takes inside a JSON string, without the quotes.
pub(crate) fn escaped_len(text: &str) -> usize {
    text.chars().map(escaped).sum()
}

/// Tokens of that many characters.
pub(crate) fn tokens(chars: usize) -> usize {
    chars.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_size_of_a_text_is_what_the_serializer_writes(text in any::<String>()) {
            prop_assert_eq!(escaped_len(&text) + 2, json_chars(&text));
        }
    }
}
