//! Bodies, and that our own reader knows what we wrote.

use domain::Timestamp;
use proptest::prelude::*;
use time::macros::datetime;

use super::*;
use crate::mime::{
    compose::{flow, language},
    line::{Region, join},
    links::Links,
    plain, quote, signature, visible_text,
};

const WHEN: Timestamp = datetime!(2024-05-03 10:12 UTC);

fn ann() -> [Address; 1] {
    [Address { name: "Ann Lee".to_owned(), email: "ann@x.example".to_owned() }]
}

fn original<'a>(from: &'a [Address], text: &'a str) -> Original<'a> {
    Original { from, to: &[], cc: &[], date: WHEN, subject: "Plans", text }
}

fn answer<'a>(own: &'a str, answer: Answer<'a>) -> Body {
    body(Own::Markdown(own), answer, Some("Bob\nExample Ltd"), None)
}

/// Both forms as an agent reads them.
fn read(body: &Body, is_forward: bool) -> [String; 2] {
    let text = plain::lines(&flow(&body.text), true, false, &mut Links::new(false)).0;
    let html = visible_text::convert(&body.html, &mut Links::new(false)).lines;
    [text, html].map(|lines| join(&signature::fold(quote::fold(lines, is_forward))))
}

#[test]
fn a_new_message_is_its_words_and_the_signature() {
    let body = answer("Hello **you**,\n\nBest,\nBob", Answer::New);
    assert_eq!(body.text, "Hello you,\n\nBest,\nBob\n\n-- \nBob\nExample Ltd\n");
    assert!(body.html.contains("<p>Hello <strong>you</strong>,</p>"), "{}", body.html);
    assert!(body.html.contains("-- <br>\nBob<br>\nExample Ltd</div>"), "{}", body.html);
    for read in read(&body, false) {
        assert_eq!(
            read,
            "Hello you,\n\nBest,\nBob\n\n[signature: 2 lines]"
                .replace("you", if read.contains('*') { "**you**" } else { "you" })
        );
    }
}

#[test]
fn a_reply_quotes_below_own_words_and_signature() {
    let from = ann();
    let body = answer("Yes, that is fine for you.", Answer::Reply(&original(&from, "The plans.\n\n> older")));
    assert_eq!(
        body.text,
        "Yes, that is fine for you.\n\n-- \nBob\nExample Ltd\n\nOn Fri, 3 May 2024 at 10:12 UTC, Ann Lee <ann@x.example> wrote:\n> The plans.\n>\n> > older\n"
    );
    assert_eq!(body.html.matches("<blockquote type=\"cite\"").count(), 2);
    assert!(
        body.html.contains("On Fri, 3 May 2024 at 10:12 UTC, Ann Lee &lt;ann@x.example&gt; wrote:</div>")
    );
}

#[test]
fn reading_a_reply_made_here_folds_exactly_the_quote() {
    let from = ann();
    let text = "First line.\n\n- a list\n- b\n\nMore words here.\n\nOn Monday Cid wrote:\n> old\n> older";
    for language in language::all() {
        let body = body(
            Own::Markdown("Own words.\n\nMore own."),
            Answer::Reply(&original(&from, text)),
            Some("Bob"),
            Some(language),
        );
        for read in read(&body, false) {
            assert_eq!(
                read, "Own words.\n\nMore own.\n\n[signature: 1 line]\n\n[quoted: 7 lines, from Ann Lee]",
                "{language:?}\n{}",
                body.text
            );
        }
    }
}

#[test]
fn a_forward_stands_unquoted_below_its_head_and_is_read_whole() {
    let from = ann();
    let to = [Address { name: String::new(), email: "bob@x.example".to_owned() }];
    let original = Original {
        to: &to,
        cc: &from,
        ..original(&from, "The plans.\n\nOn Monday Cid wrote:\n> old\n> older\n> oldest")
    };
    for language in language::all() {
        let body = body(Own::Markdown("See below."), Answer::Forward(&original), Some("Bob"), Some(language));
        let head = body.text.split("\n\n").nth(2).unwrap();
        assert_eq!(head.lines().count(), 6, "{head}");
        assert!(head.starts_with("---------- ") && head.ends_with("Cc: Ann Lee <ann@x.example>"), "{head}");
        let lines = plain::lines(&body.text, false, false, &mut Links::new(false)).0;
        let mark = lines.iter().position(|line| quote::is_forward_mark(&line.text)).unwrap();
        // Known by its fields too, where a program took the line of dashes away.
        let without: Vec<_> =
            lines.into_iter().enumerate().filter(|(at, _)| *at != mark).map(|(_, line)| line).collect();
        assert!(!join(&quote::fold(without, false)).contains("The plans."), "{language:?}");
        for is_forward in [true, false] {
            for read in read(&body, is_forward) {
                assert!(
                    read.starts_with("See below.\n\n[signature: 1 line]\n\n----------"),
                    "{language:?}\n{read}"
                );
                assert!(
                    read.contains("The plans.") && read.ends_with("> old\n> older\n> oldest"),
                    "{language:?}\n{read}"
                );
            }
        }
    }
}

#[test]
fn only_visible_text_of_the_original_travels_on() {
    let from = ann();
    let seen = "Hello <img src=\"https://track.example/x.gif\"> <script>alert(1)</script>";
    let body = answer("ok", Answer::Reply(&original(&from, seen)));
    assert!(!body.html.contains("<img") && !body.html.contains("<script"), "{}", body.html);
}

#[test]
fn an_author_cannot_end_the_line_that_names_them() {
    let from = [Address {
        name: "Eve: \"x\" <boss@x.example> wrote:\r\n\r\nPay\u{202E} now".to_owned(),
        email: "eve@x.example\r\n> <b>".to_owned(),
    }];
    let body = answer("That is not what you wrote.", Answer::Reply(&original(&from, "a\nb\nc")));
    let line = body.text.lines().find(|line| line.starts_with("On ")).unwrap();
    assert!(line.ends_with("<eve@x.exampleb> wrote:") && line.matches('<').count() == 1, "{line}");
    assert!(!body.html.contains("<b>"));
}

#[test]
fn an_author_without_a_name_is_somebody() {
    let body = answer("That is fine, thank you", Answer::Reply(&original(&[], "a")));
    assert!(body.text.contains("UTC, somebody wrote:\n> a\n"), "{}", body.text);
}

#[test]
fn our_lines_are_in_the_language_of_the_answer() {
    let from = ann();
    let german = Original { subject: "AW: Pläne", ..original(&from, "x") };
    assert!(answer("OK", Answer::Reply(&german)).text.contains("schrieb Ann Lee"));
    assert!(
        answer("Ja, das ist gut.", Answer::Forward(&original(&from, "x")))
            .text
            .contains("\nBetreff: Plans\n")
    );
    assert!(answer("Thank you, that is fine.", Answer::Reply(&german)).text.contains("wrote:"));
}

#[test]
fn long_originals_are_cut_and_it_is_told() {
    let from = ann();
    let text = "many words of an original\n".repeat(40_000);
    for whole in [Answer::Reply(&original(&from, &text)), Answer::Forward(&original(&from, &text))] {
        let body = answer("Thank you, that is fine.", whole);
        assert!(body.text.trim_end().ends_with("[The rest of the message is left out.]"));
        assert!(body.html.contains("[The rest of the message is left out.]"));
        assert!(body.text.len() < 250_000 && body.html.len() < 400_000);
    }
}

#[test]
fn html_is_made_safe_and_its_text_twin_is_of_what_leaves() {
    let html = "<p>Hello <b>you</b></p><script>alert(1)</script><p hidden>secret</p>";
    let given = body(Own::Html { html, text: None }, Answer::New, None, None);
    assert!(!given.html.contains("script") && given.html.contains("<b>you</b>"));
    assert_eq!(given.text, "Hello you\n\nsecret\n");
    let both = body(Own::Html { html, text: Some("Hello **you**") }, Answer::New, None, None);
    assert_eq!(both.text, "Hello you\n\nsecret\n", "the text says less");
}

#[test]
fn a_text_twin_stays_only_if_it_has_the_words_of_the_html() {
    let html = "<p>Hello <b>you</b>,</p><ul><li>one</li></ul>";
    let twin = |text| body(Own::Html { html, text: Some(text) }, Answer::New, None, None).text;
    assert_eq!(twin("Hello you!\n\n+ one"), "Hello you!\n\n- one\n");
    let made = body(Own::Html { html, text: None }, Answer::New, None, None).text;
    for other in ["Hello you", "Hello you, two", "one, hello you", "Hello you, one more", ""] {
        assert_eq!(twin(other), made, "{other}");
    }
}

#[test]
fn a_signature_may_be_html_and_may_bring_its_own_mark() {
    let signed = body(
        Own::Markdown("a"),
        Answer::New,
        Some("<b>Bob</b><br><img src=\"https://x.example/l.png\" alt=\"Logo\"><script>x</script>"),
        None,
    );
    assert_eq!(signed.text, "a\n\n-- \nBob\nLogo\n");
    assert!(signed.html.contains("-- <br>\n<b>Bob</b><br>Logo</div>"), "{}", signed.html);
    assert_eq!(
        body(Own::Markdown("a"), Answer::New, Some("-- \nBob <bob@x.example>"), None).text,
        "a\n\n-- \nBob <bob@x.example>\n"
    );
    assert_eq!(body(Own::Markdown("a"), Answer::New, Some(" \n"), None).text, "a\n");
}

#[test]
fn an_empty_body_is_one_empty_line() {
    let empty = body(Own::Markdown(""), Answer::New, None, None);
    assert_eq!(empty.text, "\n");
    let from = ann();
    let passed_on = body(Own::Markdown(""), Answer::Forward(&original(&from, "x")), None, None);
    assert!(passed_on.text.starts_with("---------- Forwarded message ----------\nFrom: Ann Lee"));
}

proptest! {
    #[test]
    fn whatever_was_said_is_quoted_and_folded(own in "[a-z]{3,9}( [a-z]{3,9}){2,8}", text in "([ -~äé>\n]{0,40}\n?){1,8}", name in "[ -~ä\n]{0,20}") {
        let from = [Address { name, email: "ann@x.example".to_owned() }];
        let body = body(Own::Markdown(&own), Answer::Reply(&original(&from, &text)), None, None);
        let lines = plain::lines(&flow(&body.text), true, false, &mut Links::new(false)).0;
        let at = lines.iter().position(|line| line.text.contains("ann@x.example") && line.quote == 0).unwrap();
        prop_assert!(lines.iter().skip(at + 1).all(|line| line.quote > 0 || line.is_blank()));
        let html = visible_text::convert(&body.html, &mut Links::new(false)).lines;
        let at = html.iter().rposition(|line| line.region == Region::Attribution).unwrap();
        prop_assert!(html.iter().skip(at + 1).all(|line| line.quote > 0 || line.is_blank()));
    }
}
