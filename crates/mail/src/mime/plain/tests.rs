//! Plain text as it is read.

use super::*;
use crate::mime::line::join;

fn shown(text: &str, is_flowed: bool, is_delsp: bool) -> String {
    join(&lines(text, is_flowed, is_delsp, &mut Links::new(false)).0)
}

#[test]
fn flowed_lines_are_joined_and_quotes_kept_apart() {
    let text =
        "This is one \r\nlong line.\r\n> quoted \r\n> text\r\n>> deeper\r\n From here\r\n-- \r\nAnn \r\nLee";
    assert_eq!(
        shown(text, true, false),
        "This is one long line.\n> quoted text\n> > deeper\nFrom here\n--\nAnn Lee"
    );
}

#[test]
fn delsp_takes_the_blank_away() {
    assert_eq!(shown("日本 \r\n語です", true, true), "日本語です");
}

#[test]
fn unflowed_lines_stay_as_they_are() {
    assert_eq!(shown("a \r\nb   \r\n\r\n\r\n\r\n\tc", false, false), "a\nb\n\n\tc");
    assert_eq!(shown("a\u{c}b", false, false), "a\nb");
}

#[test]
fn quote_marks_of_every_style_are_counted() {
    let (found, _) = lines("> a\n>> b\n> > c\n>From x\n> d", false, false, &mut Links::new(false));
    assert_eq!(found.iter().map(|line| line.quote).collect::<Vec<_>>(), [1, 2, 2, 1, 1]);
    let (found, _) = lines(">From here on", false, false, &mut Links::new(false));
    assert_eq!((found[0].quote, found[0].text.as_str()), (0, "From here on"));
}

#[test]
fn long_urls_are_shortened_and_short_ones_stay() {
    let long = format!("https://click.example.org/{}", "a1".repeat(60));
    let mut links = Links::new(false);
    let (found, _) =
        lines(&format!("See <{long}> or (https://example.org/x). Done"), false, false, &mut links);
    let text = join(&found);
    assert!(
        text.starts_with("See [click.example.org/a1a1")
            && text.ends_with("…][1] or (https://example.org/x). Done"),
        "{text}"
    );
    assert_eq!(links.into_links().len(), 1);
}

#[test]
fn files_inside_the_text_are_named_and_not_shown() {
    let text = "hi\nbegin 644 cat.txt\n#0V%T\n`\nend\nbye";
    assert_eq!(shown(text, false, false), "hi\n[file inside the text: cat.txt, 3 octets]\nbye");
    assert_eq!(shown("begin 12 things today", false, false), "begin 12 things today");
}

#[test]
fn invisible_characters_are_counted() {
    assert_eq!(lines("a\u{200B}b\u{E0041}", false, false, &mut Links::new(false)).1, 2);
}
