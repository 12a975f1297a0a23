//! Flowed text, and that our own reader gives it back.

use proptest::prelude::*;

use super::*;
use crate::mime::{invisible, links::Links, plain};

/// What the reader makes of flowed text: depth and text of each line.
fn read(flowed: &str) -> Vec<(usize, String)> {
    let (lines, _) =
        plain::lines(flowed.strip_suffix("\r\n").unwrap_or(flowed), true, false, &mut Links::new(true));
    lines.into_iter().map(|line| (line.quote, line.text)).collect()
}

/// What it should make of them.
fn meant(text: &str) -> Vec<(usize, String)> {
    let line = |line| {
        let (quote, rest) = split_quote(line);
        (quote, rest.trim_end().to_owned())
    };
    text.trim_end_matches('\n').split('\n').map(line).collect()
}

#[test]
fn a_paragraph_becomes_lines_of_at_most_78_characters_that_join_again() {
    let text = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. ".repeat(20);
    let flowed = flow(&text);
    assert!(flowed.lines().count() > 10);
    assert!(flowed.split("\r\n").all(|line| line.chars().count() <= 78), "{flowed}");
    assert_eq!(read(&flowed), meant(&text));
}

#[test]
fn lines_that_a_program_would_take_for_something_else_are_stuffed() {
    assert_eq!(flow("From here\n indented\n>quoted"), " From here\r\n  indented\r\n> quoted\r\n");
    // Also where a paragraph is broken.
    let text = format!("{} From there > here", "x".repeat(74));
    assert_eq!(flow(&text), format!("{} \r\n From there > here\r\n", "x".repeat(74)));
}

#[test]
fn the_mark_of_a_signature_never_flows() {
    assert_eq!(flow("Bye \n-- \nAnn \nLee"), "Bye\r\n-- \r\nAnn\r\nLee\r\n");
    assert_eq!(flow("> -- \n> Ann"), "> -- \r\n> Ann\r\n");
    // Dashes within a sentence do not become one by breaking it there.
    let text = format!("{} -- {} end", "x".repeat(77), "y".repeat(90));
    assert!(!flow(&text).split("\r\n").any(|line| line == "-- "), "{}", flow(&text));
    assert_eq!(read(&flow(&text)), meant(&text));
}

#[test]
fn quotations_keep_their_depth_when_they_are_broken() {
    let text = format!("> > {}\n> {}\n>\nown", "deep words ".repeat(20), "words ".repeat(30));
    let flowed = flow(&text);
    assert!(flowed.lines().filter(|line| line.starts_with(">> deep")).count() >= 2, "{flowed}");
    assert!(flowed.contains("\r\n>\r\nown\r\n"), "{flowed}");
    assert_eq!(read(&flowed), meant(&text));
}

#[test]
fn words_are_broken_only_where_a_line_may_not_be_longer() {
    let url = format!("https://example.org/{}", "a".repeat(900));
    assert!(flow(&format!("See {url} now")).contains(&url));
    for text in ["x".repeat(5_000), "語".repeat(5_000), format!("> {}", "語".repeat(999))] {
        let flowed = flow(&text);
        assert!(flowed.split("\r\n").all(|line| line.len() <= 998));
        assert_eq!(flowed.replace([' ', '\r', '\n', '>'], ""), text.replace([' ', '>'], ""));
    }
}

#[test]
fn line_ends_of_all_kinds_become_crlf_and_control_characters_go() {
    assert_eq!(flow("a\r\nb\rc\0\u{7}\u{1b}d\n\n\n"), "a\r\nb\r\ncd\r\n");
    assert_eq!(flow(""), "");
}

#[test]
fn long_and_hostile_texts_end() {
    for text in [">".repeat(100_000), " ".repeat(100_000), "- -- ".repeat(20_000), "> ".repeat(50_000)] {
        assert!(flow(&text).split("\r\n").all(|line| line.len() <= 998));
    }
}

proptest! {
    #[test]
    fn our_reader_gives_back_what_flowed(text in "(>{0,3} ?([A-Za-zäß語>,.-]{1,30} {0,3}|From |-- ){0,40}\n){0,6}") {
        let flowed = flow(&text);
        for line in flowed.split("\r\n") {
            prop_assert!(!line.contains(['\r', '\n']) && line.len() <= 998);
            let is_one_word = line.trim_start_matches(['>', ' ']).trim_end().split(' ').count() <= 2;
            prop_assert!(line.chars().count() <= 78 || is_one_word, "{line:?}");
        }
        prop_assert_eq!(read(&flowed), meant(&invisible::clean(&text).0));
    }

    #[test]
    fn any_text_at_all_flows(text in ".{0,400}") {
        let flowed = flow(&text);
        prop_assert!(flowed.is_empty() || flowed.ends_with("\r\n"));
        prop_assert!(flowed.replace("\r\n", "").chars().all(|c| c == '\t' || !c.is_ascii_control()));
    }
}
