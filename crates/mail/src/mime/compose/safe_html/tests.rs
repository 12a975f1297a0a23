//! HTML that leaves.

use proptest::prelude::*;

use super::*;

#[test]
fn ordinary_formatting_stays() {
    for html in [
        "<p>One <b>two</b> <i>three</i><br>four</p>",
        "<ul><li>a</li><li>b</li></ul>",
        "<table border=\"1\"><tbody><tr><td style=\"color:red\">a</td><td>b</td></tr></tbody></table>",
        "<a href=\"https://example.org/x?a=1&amp;b=2\">there</a>",
        "<a href=\"mailto:ann@example.org\">Ann</a>",
        "<img src=\"cid:logo@x.example\" alt=\"Logo\" width=\"20\">",
        "<div dir=\"rtl\">שלום</div>",
        "<blockquote><p>a</p></blockquote><h2>b</h2><pre>  c</pre><hr>",
    ] {
        assert_eq!(safe_html(html), html);
    }
}

#[test]
fn nothing_runs_loads_asks_or_frames() {
    for html in [
        "a<script>alert(1)</script>b",
        "a<script>alert(1)",
        "<p onclick=\"alert(1)\" onmouseover=x>a</p>",
        "<a href=\"javascript:alert(1)\">a</a>",
        "<a href=\" java\nscript:alert(1)\">a</a>",
        "<a href=\"data:text/html,alert(1)\">a</a>",
        "<a href=\"cid:x\">a</a>",
        "<a href=\"/relative\">a</a>",
        "<img src=\"https://track.example/alert.gif\">a",
        "<img src=\"data:image/png;base64,alert\">a",
        "<img srcset=\"https://track.example/alert.gif 1x\">a",
        "<form action=\"https://alert.example\"><input name=alert><button>a</button></form>",
        "<iframe src=\"https://alert.example\">alert</iframe>a",
        "<object data=\"https://alert.example\">a</object><embed src=alert>",
        "<meta http-equiv=refresh content=\"0;url=https://alert.example\">a",
        "<base href=\"https://alert.example\"><link rel=stylesheet href=alert>a",
        "<style>p { background: url(https://alert.example) }</style>a",
        "<p style=\"background:url(https://alert.example)\">a</p>",
        "<p style=\"color:red;background-image:\\75rl(https://alert.example)\">a</p>",
        "<p style=\"width:expression(alert(1))\">a</p>",
        "<p style=\"position:fixed;top:alert;display:none\">a</p>",
        "<svg><script>alert(1)</script><style>alert</style></svg>a",
        "<math><mtext><script>alert(1)</script></mtext></math>a",
        "<table background=\"https://alert.example\"><tr><td background=alert>a</table>",
        "<video src=\"https://alert.example\" poster=alert></video>a",
        "<template><img src=x onerror=alert(1)></template>a",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">a",
        "<!--[if mso]>alert<![endif]-->a<!-- alert -->",
        "<title><!--</title><img src=x onerror=alert(1)>a",
    ] {
        let safe = safe_html(html);
        assert!(!safe.contains("alert") && !safe.contains("track"), "{html}\n{safe}");
        assert!(safe.contains('a') || html.contains("noscript"), "{html}\n{safe}");
    }
}

#[test]
fn words_of_pictures_from_elsewhere_stay() {
    assert_eq!(
        safe_html("<p><img src=https://x.example/a.png alt='Our <logo>'></p>"),
        "<p>Our &lt;logo&gt;</p>"
    );
}

#[test]
fn wrong_nesting_is_mended() {
    for (html, safe) in [
        ("<b>a<i>b</b>c", "<b>a<i>b</i></b>c"),
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("a</div></table>b", "ab"),
        ("<td>a</td>", "a"),
    ] {
        assert_eq!(safe_html(html), safe);
    }
    let table = safe_html("<table><tr><td>a<td>b<tr><th>c</table>d");
    assert_eq!(table, "<table><tbody><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></tbody></table>d");
    assert!(safe_html("<table>loose<tr><td>a</table>").contains("<td>loose</td>"));
}

#[test]
fn what_nests_too_deep_leaves_as_its_text() {
    for open in ["<div>", "<b>", "<table><tr><td>", "<ul><li>", "<font color=red>", "<blockquote>"] {
        let safe = safe_html(&format!("{}words &amp; <x>more", open.repeat(10_000)));
        assert!(safe.ends_with("words &amp; more") && !safe.contains('<'), "{open}: {safe}");
    }
}

#[test]
fn hostile_html_ends() {
    let formats: String =
        (0..150).fold(String::from("<p>"), |all, number| all + &format!("<b title={number}>"));
    for html in [
        format!("{formats}{}", "<p>x".repeat(4_000)),
        format!("{formats}{}", "</p><p>x".repeat(4_000)),
        "<p><b>".repeat(6_000),
        "<a><table>".repeat(6_000),
        "<table><a>".repeat(6_000),
        "</p>".repeat(10_000),
        "<div><table></div></table>".repeat(4_000),
        "<svg><style><!--</style>".repeat(4_000),
        "<".repeat(40_000),
        "<a ".repeat(20_000),
        format!("<p {}>x", "a=b ".repeat(20_000)),
    ] {
        let safe = safe_html(&html);
        assert!(safe.len() <= html.len() * 8 + 100, "{} → {}", html.len(), safe.len());
    }
    let long = format!("<p>a</p>{}<b>b</b>", " ".repeat(MAX_HTML));
    assert_eq!(safe_html(&long), "a<br>\n<br>\nb");
}

#[test]
fn an_address_in_brackets_is_no_html() {
    assert!(is_html("Ann<br>Lee") && is_html("<p class=x>a</p>") && is_html("a</B>"));
    assert!(
        !is_html("Ann <ann@example.org>") && !is_html("a < b > c") && !is_html("<3") && !is_html("if a<b")
    );
}

#[test]
fn the_text_twin_has_what_is_seen() {
    let html = "<p>Hello <a href=\"https://example.org/x?y=1\">there</a>,</p><p style=\"display:none\">no</p><ul><li>a<li>b</ul>";
    assert_eq!(html_to_text(html), "Hello there <https://example.org/x?y=1>,\n\n- a\n- b");
}

proptest! {
    #[test]
    fn whatever_is_made_safe_is_safe_and_stays_so(
        html in "(</?(p|b|i|table|tr|td|a|script|style|div|svg|img|li|ul|textarea|title|x)( (href|src|style|onload)=(\"[a-z:( ]{0,9}\"|javascript:x|cid:x))?>|[a-z&<>\"']{0,4}|<!--|-->){0,24}",
    ) {
        let once = safe_html(&html);
        let lower = once.to_lowercase();
        for word in ["<script", "<style", "<svg", "onload=", "javascript:", "<!--", "<textarea"] {
            prop_assert!(!lower.contains(word), "{}", once);
        }
        prop_assert_eq!(safe_html(&once), once.clone());
    }
}
