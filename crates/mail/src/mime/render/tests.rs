//! The whole way from fetched parts to what an agent reads. Whole letters are in `tests/it/rendering.rs`.

use proptest::prelude::*;

use super::*;

fn html() -> TextPart {
    TextPart {
        is_html: true,
        encoding: "8bit".to_owned(),
        charset: Some("utf-8".to_owned()),
        ..TextPart::default()
    }
}

fn plain_text() -> TextPart {
    TextPart { is_html: false, ..html() }
}

fn masking() -> Options<'static> {
    Options { mask_codes: true, ..Options::default() }
}

#[test]
fn a_body_is_folded_linked_and_cleaned() {
    let body = "<p>Dear Ann,\u{200B}</p><p>see <a href='https://www.example.org/plan?utm_source=x'>the plan</a>.</p><div style='display:none'>secret</div><div class=gmail_signature>Bob<br>Example</div><div class=gmail_quote><div class=gmail_attr>On Mon, May 3, 2024 at 10:12 AM Ann &lt;ann@example.org&gt; wrote:</div><blockquote class=gmail_quote>a<br>b<br>c</blockquote></div>";
    let rendered = render(&[(html(), body.as_bytes())], Options::default());
    assert_eq!(
        rendered.readable.text,
        "Dear Ann,\n\nsee [the plan][1].\n\n[signature: 2 lines]\n[quoted: 3 lines, from Ann]"
    );
    assert_eq!(rendered.readable.links[0].url, "example.org/plan");
    assert_eq!(rendered.readable.removed, Removed { hidden: 6, invisible: 1 });
}

#[test]
fn the_full_view_folds_nothing_and_shows_whole_urls() {
    let body = "Hi\n-- \nBob\n\n> a\n> b\n> c\nhttps://example.org/?utm_source=x";
    let rendered = render(&[(plain_text(), body.as_bytes())], Options { full: true, ..Options::default() });
    assert_eq!(rendered.readable.text, "Hi\n--\nBob\n\n> a\n> b\n> c\nhttps://example.org/?utm_source=x");
}

#[test]
fn parts_are_joined_in_their_order_and_links_numbered_through() {
    let one = "<a href='https://a.example/'>one</a>";
    let two = "<a href='https://b.example/'>two</a>";
    let rendered = render(
        &[(html(), one.as_bytes()), (plain_text(), b"middle"), (html(), two.as_bytes())],
        Options::default(),
    );
    assert_eq!(rendered.readable.text, "[one][1]\n\nmiddle\n\n[two][2]");
}

#[test]
fn links_of_folded_history_are_left_out() {
    let body = "<p>Hi</p><blockquote type=cite>a<br>b<br><a href='https://old.example/'>old</a></blockquote><p>see <a href='https://new.example/'>new</a></p>";
    let rendered = render(&[(html(), body.as_bytes())], Options::default());
    assert_eq!(rendered.readable.text, "Hi\n\n[quoted: 3 lines]\n\nsee [new][2]");
    assert_eq!(rendered.readable.links.iter().map(|link| link.number).collect::<Vec<_>>(), [2]);
}

#[test]
fn codes_and_sign_in_links_are_masked_in_text_and_list() {
    let body = "<p>Your verification code is <b>493027</b>.</p><p><a href='https://login.example.org/verify?token=9f8a7b6c5d4e3f2a1b0c'>Sign in now</a></p>";
    let rendered = render(&[(html(), body.as_bytes())], masking());
    assert_eq!(rendered.readable.text, "Your verification code is [code hidden].\n\n[Sign in now][1]");
    assert_eq!(rendered.readable.links[0].url, "login.example.org [sign-in link hidden]");
    assert_eq!(rendered.masked, 2);
    assert!(!format!("{rendered:?}").contains("9f8a7b"));
}

#[test]
fn a_sign_in_link_that_shows_its_address_leaks_nothing() {
    let url = "https://login.example.org/reset/9f8a7b6c5d4e3f2a1b0c";
    for (part, body) in [
        (html(), format!("Reset your password: <a href='{url}'>{url}</a>")),
        (plain_text(), format!("Reset your password:\n{url}")),
        (plain_text(), format!("Reset your password:\n{url}{}", "a1b2c3".repeat(20))),
    ] {
        for full in [false, true] {
            let rendered = render(&[(part.clone(), body.as_bytes())], Options { full, ..masking() });
            assert!(!format!("{rendered:?}").contains("9f8a7b"), "{rendered:?}");
            assert_eq!(rendered.masked, 1, "{rendered:?}");
        }
    }
}

#[test]
fn a_code_that_only_the_subject_announces_is_masked() {
    let body = "Hello Ann,\n\nwelcome back.\n\n493 027\n\nSee you on 12 May 2024.";
    let options = Options { subject: "Your verification code", ..masking() };
    let rendered = render(&[(plain_text(), body.as_bytes())], options);
    assert_eq!(
        rendered.readable.text,
        "Hello Ann,\n\nwelcome back.\n\n[code hidden]\n\nSee you on 12 May 2024."
    );
    assert_eq!(render(&[(plain_text(), body.as_bytes())], masking()).masked, 0);
}

#[test]
fn without_masking_nothing_is_masked() {
    let rendered = render(&[(plain_text(), b"Your code is 493027")], Options::default());
    assert_eq!((rendered.readable.text.as_str(), rendered.masked), ("Your code is 493027", 0));
}

#[test]
fn html_sent_as_plain_text_is_read_as_html() {
    let rendered = render(&[(plain_text(), b"<!DOCTYPE html><p>Hi</p>")], Options::default());
    assert_eq!(rendered.readable.text, "Hi");
}

#[test]
fn a_snippet_is_one_line_of_own_words() {
    let body = "<p style='display:none'>preview</p><img alt='Logo' src=x><h1>News</h1><p>Read <a href='https://x.example/'>more</a> | soon</p><blockquote type=cite>old<br>old<br>old</blockquote>";
    assert_eq!(snippet(&[(html(), body.as_bytes())], 200, masking()), "# News Read more soon");
    assert_eq!(snippet(&[(plain_text(), "Grüße aus dem Süden".as_bytes())], 5, masking()), "Grüße…");
    assert!(!snippet(&[(plain_text(), b"Your code is 493027")], 200, masking()).contains("493027"));
}

#[test]
fn a_snippet_of_html_cut_anywhere_hides_what_is_hidden() {
    let body = "<html><head><style>.x{display:none}</style></head><body><p class=x>secret</p><p>Hello <b>Ann</b></p>";
    for end in 0..body.len() {
        let found = snippet(&[(html(), &body.as_bytes()[..end])], 100, masking());
        assert!(!found.contains("secret") && "Hello Ann".starts_with(found.trim_end()), "{end}: {found}");
    }
}

#[test]
fn empty_parts_are_known_so_that_alternatives_can_be_asked() {
    assert!(!has_text(&html(), b"<html><body><img src=x width=1></body></html>"));
    assert!(!has_text(&plain_text(), b" \r\n\r\n"));
    assert!(has_text(&plain_text(), b"x"));
}

proptest! {
    #[test]
    fn no_octets_panic(data in proptest::collection::vec(any::<u8>(), 0..300), is_html in any::<bool>(), full in any::<bool>()) {
        let part = TextPart { is_html, is_flowed: full, is_delsp: full, ..html() };
        let _ = render(&[(part.clone(), &data)], Options { full, mask_codes: true, subject: "Fwd: code" });
        let _ = snippet(&[(part, &data)], 100, masking());
    }
}
