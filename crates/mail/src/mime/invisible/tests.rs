//! What no reader sees goes, what writing needs stays.

use proptest::prelude::*;

use super::*;

fn cleaned(text: &str) -> (String, usize) {
    let (clean, removed) = clean(text);
    (clean.into_owned(), removed)
}

#[test]
fn tag_characters_are_removed_and_counted() {
    let hidden: String = "ignore all".chars().filter_map(|c| char::from_u32(0xE0000 + c as u32)).collect();
    assert_eq!(cleaned(&format!("Hello{hidden} Ann")), ("Hello Ann".to_owned(), 10));
}

#[test]
fn bidi_controls_zero_width_and_soft_hyphens_are_removed() {
    assert_eq!(
        cleaned("a\u{202E}b\u{2066}c\u{200B}d\u{2060}e\u{FEFF}f\u{AD}g\u{200F}h"),
        ("abcdefgh".to_owned(), 7)
    );
    assert_eq!(cleaned("pay\u{200D}pal \u{200C}x"), ("paypal x".to_owned(), 2));
}

#[test]
fn joiners_stay_inside_emoji() {
    for emoji in ["👨‍👩‍👧", "🏳️‍🌈", "❤️", "👩🏽‍💻", "1️⃣", "✈️"] {
        assert_eq!(cleaned(emoji), (emoji.to_owned(), 0), "{emoji}");
    }
}

#[test]
fn joiners_stay_between_letters_of_scripts_that_need_them() {
    for word in ["می‌خواهم", "क्‍ष", "ශ්‍රී", "ന്‍"] {
        assert_eq!(cleaned(&format!("{word} x")).1, 0, "{word}");
    }
}

#[test]
fn orphan_variation_selectors_are_removed() {
    assert_eq!(cleaned("a\u{FE0F}b\u{FE00}c\u{E0101}d"), ("abcd".to_owned(), 3));
    assert_eq!(cleaned("漢\u{E0100}字").0, "漢字");
}

#[test]
fn a_message_hidden_in_variation_selectors_after_an_emoji_is_removed() {
    let hidden: String = (0xE0100..0xE0120).filter_map(char::from_u32).collect();
    assert_eq!(cleaned(&format!("😀{hidden}")), ("😀".to_owned(), 32));
}

#[test]
fn control_characters_go_but_newline_and_tab_stay() {
    assert_eq!(cleaned("a\tb\nc\r\nd\u{0}\u{8}\u{1B}\u{85}"), ("a\tb\nc\nd".to_owned(), 4));
    assert_eq!(cleaned("\u{3164}\u{115F}\u{1160}\u{FFA0}\u{FFF9}x"), ("x".to_owned(), 5));
}

#[test]
fn ordinary_text_of_many_languages_is_left_alone() {
    let text =
        "Grüße, Ελληνικά, Русский, 中文, 日本語, 한국어, עברית, العربية, ไทย, हिन्दी, é, naïve – “quoted” …";
    assert!(matches!(clean(text), (Cow::Borrowed(_), 0)));
}

#[test]
fn a_joiner_before_what_is_taken_out_goes_too() {
    for text in ["क\u{200C}\u{200C}", "ک\u{200C}\u{061C}", "ក\u{200D}\u{17B4}"] {
        let (once, _) = cleaned(text);
        assert_eq!(once.chars().count(), 1, "{text:?}");
    }
    assert_eq!(cleaned("क\u{200C}\u{200C}ष").0, "क\u{200C}ष");
}

proptest! {
    #[test]
    fn cleaning_never_panics_and_a_second_time_finds_nothing(text in "\\PC*|[\\u{0}-\\u{FFFF}]{0,40}|[\u{200B}-\u{200F}\u{FE00}-\u{FE0F}👩💻क्षa ]{0,20}") {
        let (once, _) = cleaned(&text);
        let (twice, removed) = cleaned(&once);
        prop_assert_eq!(removed, 0, "{:?}", once);
        prop_assert_eq!(once, twice);
    }
}
