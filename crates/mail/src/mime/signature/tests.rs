//! Signatures fold, other text stays.

use super::*;
use crate::mime::{line::join, links::Links, plain, visible_text};

fn folded(text: &str) -> String {
    join(&fold(plain::lines(text, false, false, &mut Links::new(false)).0))
}

#[test]
fn a_signature_folds_to_one_line() {
    assert_eq!(folded("Hi\n\n-- \nAnn Lee\nExample Ltd\n\n+49 30 1234\n"), "Hi\n\n[signature: 3 lines]");
    assert_eq!(folded("Hi\n--\nAnn"), "Hi\n[signature: 1 line]");
}

#[test]
fn a_signature_ends_where_the_quote_begins() {
    assert_eq!(folded("Hi\n-- \nAnn\n> quoted"), "Hi\n[signature: 1 line]\n> quoted");
}

#[test]
fn dashes_above_a_long_text_are_no_signature() {
    let text = format!("Hi\n--\n{}", "words\n".repeat(30));
    assert_eq!(folded(&text), text.trim_end());
}

#[test]
fn a_message_that_is_nothing_but_a_signature_is_shown() {
    assert_eq!(folded("-- \nAnn"), "--\nAnn");
}

#[test]
fn signatures_marked_in_html_fold() {
    for html in [
        "<div>Hi</div><div class=gmail_signature data-smartmail=gmail_signature><div>Ann<br>Lee</div></div>",
        "<p>Hi</p><pre class=moz-signature>-- \nAnn\nLee</pre>",
        "<div>Hi</div><div id=Signature><p>Ann</p><p>Lee</p></div>",
    ] {
        let found = join(&fold(visible_text::convert(html, &mut Links::new(false)).lines));
        assert!(found.starts_with("Hi\n") && found.ends_with("[signature: 2 lines]"), "{found}");
    }
}

#[test]
fn a_message_passed_on_below_a_signature_is_none_of_it() {
    let text = "fyi\n\n-- \nAnn\n\n---------- Forwarded message ----------\nFrom: Bob\n\nThe plans.";
    let lines = crate::mime::plain::lines(text, false, false, &mut crate::mime::links::Links::new(false)).0;
    let shown = crate::mime::line::join(&fold(lines));
    assert!(shown.contains("[signature: 1 line]") && shown.contains("The plans."), "{shown}");
}
