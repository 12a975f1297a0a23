//! HTML that a person reads before they say yes.

use std::{fs, path::Path};

use proptest::prelude::*;

use super::*;

fn read(html: &str) -> String {
    to_read(html, &BTreeMap::new()).html
}

#[test]
fn ordinary_formatting_stays() {
    for html in [
        "<p>One <b>two</b> <i>three</i><br>four</p>",
        "<table border=\"1\"><tbody><tr><td style=\"color:red\">a</td><td>b</td></tr></tbody></table>",
        "<blockquote><p>a</p></blockquote><h2>b</h2><pre>  c</pre><hr>",
    ] {
        assert_eq!(read(html), html);
    }
}

#[test]
fn a_link_leads_nowhere_and_says_where_it_would() {
    assert_eq!(
        read("<a href=\"https://evil.example/x?a=1&amp;b=2\" target=_top>bank.example</a>."),
        "<a>bank.example</a><span class=\"link-url\"> [https://evil.example/x?a=1&amp;b=2]</span>."
    );
    assert!(read("<a href=\"https://b\u{430}nk.example/\">x</a>").contains("[https://xn--"));
    assert!(read("<a href=\"javascript:alert(1)\">x</a>").contains("[javascript:alert(1)]"));
    assert_eq!(read("<a name=x>y</a>"), "<a>y</a>");
}

#[test]
fn pictures_from_elsewhere_are_boxes_and_counted() {
    let html = "<p><img src=https://track.example/a.png alt='Our <logo>'><img src=\"//x/y\"><img></p>";
    let shown = to_read(html, &BTreeMap::new());
    assert_eq!(shown.left_out, 1);
    assert!(
        shown.html.contains(
            "<span class=\"no-picture\">picture from track.example, not loaded: Our &lt;logo&gt;</span>"
        ),
        "{}",
        shown.html
    );
    assert!(!shown.html.contains("<img") && !shown.html.contains("a.png"), "{}", shown.html);
}

#[test]
fn the_messages_own_pictures_are_shown_from_the_message() {
    let pictures = [("logo@x".to_owned(), "data:image/png;base64,AAAA".to_owned())].into();
    let shown =
        to_read("<img src=\"cid:logo@x\" alt=\"L\"><img src=\"CID:logo%40x\"><img src=cid:other>", &pictures);
    assert_eq!(shown.html.matches("<img src=\"data:image/png;base64,AAAA\"").count(), 2, "{}", shown.html);
    assert_eq!((shown.html.matches("<img").count(), shown.left_out), (2, 0), "{}", shown.html);
}

#[test]
fn nothing_of_a_sender_passes_for_words_of_ours() {
    let html = read("<span class=\"link-url\"> [https://bank.example]</span><p class=no-picture>a</p>");
    assert!(!html.contains("class"), "{html}");
}

#[test]
fn what_hides_text_is_not_followed_so_that_it_is_seen() {
    for html in [
        "<p>a</p><p style=\"display:none\">hidden words</p>",
        "<p>a</p><p style=\"color:#fff;background-color:#fff\">hidden words</p>",
        "<p>a</p><font color=white size=1>hidden words</font>",
        "<p>a</p><p style=\"font-size:0\">hidden words</p>",
        "<p>a</p><p style=\"position:absolute;left:-9999px\">hidden words</p>",
        "<p>a</p><div style=\"height:0;overflow:hidden\">hidden words</div>",
        "<p>a</p><p style=\"margin-top:-400px\">hidden words</p>",
        "<p>a</p><p style=\"opacity:0\">hidden words</p>",
    ] {
        let shown = to_read(html, &BTreeMap::new());
        assert!(shown.html.contains("hidden words"), "{html}\n{}", shown.html);
        for trick in
            ["#fff", "white", "font-size", "position", "display", "-400", "opacity", "height", "overflow"]
        {
            assert!(!shown.html.contains(trick), "{html}\n{}", shown.html);
        }
    }
    assert!(to_read("<p style=\"color:#fff;background:#fff\">x</p>", &BTreeMap::new()).is_plain);
    assert!(!to_read("<p style=\"color:#036\">x</p>", &BTreeMap::new()).is_plain);
}

#[test]
fn letters_are_not_turned_around_and_nothing_invisible_is_left() {
    let html = read("<bdo dir=rtl>elpmaxe.knab</bdo> a&#8203;b&#x202E;c\u{e0041}");
    assert!(!html.contains("rtl") && html.contains("abc"), "{html}");
}

#[test]
fn hostile_nesting_of_any_size_ends_as_text() {
    for open in ["<div>", "<b>", "<table><tr><td>", "<a href=https://x.example>", "<font color=red>"] {
        let html = format!("{}words", open.repeat((10 << 20) / open.len()));
        let shown = to_read(&html, &BTreeMap::new());
        assert!(shown.html.len() < MAX_TEXT * 2 && !shown.html.contains("<div"), "{open}");
        let html = format!("{}words", open.repeat(10_000));
        let shown = to_read(&html, &BTreeMap::new());
        assert!(shown.html.contains("words"), "{open}");
    }
}

/// What no page of ours may hold, whatever was sent.
fn assert_harmless(html: &str) {
    let lower = html.to_lowercase();
    for tag in lower.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let name: String = tag.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        assert!(
            allowed::TAGS.contains(&name.trim_start_matches('/')),
            "<{tag}> in {}",
            html.chars().take(2000).collect::<String>()
        );
        for trick in [" on", "href", "srcset", "background=", "url(", "expression", "action", "formaction"] {
            // the words of a title or a picture may say anything
            let quoted = tag.split('"').step_by(2).collect::<String>();
            assert!(!quoted.contains(trick), "<{tag}>");
        }
        if let Some(source) = tag.split("src=\"").nth(1) {
            assert!(source.starts_with("data:image/"), "<{tag}>");
        }
        if let Some(style) = tag.split("style=\"").nth(1).and_then(|style| style.split('"').next()) {
            assert!(
                !style.contains("url") && !style.contains("position") && !style.contains("expression"),
                "<{tag}>"
            );
        }
    }
}

#[test]
fn hostile_mail_is_harmless() {
    let Some(corpus) = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|up| up.join("shared/corpus"))
        .find(|path| path.is_dir())
    else {
        return;
    };
    let mut folders = vec![corpus];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(octets) = fs::read(&path) {
                if octets.len() < 1 << 20 && seen < 3_000 {
                    seen += 1;
                    assert_harmless(&read(&String::from_utf8_lossy(&octets)));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_sent_what_is_shown_is_harmless(
        html in "(</?(p|b|table|tr|td|a|script|style|div|svg|math|img|form|input|iframe|object|base|meta|link|textarea|title|template|x)( (href|src|style|onload|class|srcset|background)=(\"[a-z:( /]{0,9}\"|javascript:x|cid:x|https://x.example|\"background:url(https://x)\"|\"position:fixed\"))?>|[a-z&<>\"']{0,4}|<!--|-->|&#60;script&#62;){0,24}",
    ) {
        let pictures = [("x".to_owned(), "data:image/png;base64,AAAA".to_owned())].into();
        assert_harmless(&to_read(&html, &pictures).html);
    }
}
