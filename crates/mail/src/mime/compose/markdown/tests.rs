//! Markdown in both forms.

use proptest::prelude::*;

use super::*;

fn assert_forms(markdown: &str, text: &str, html: &str) {
    assert_eq!(markdown_to_text(markdown), text, "text of {markdown:?}");
    assert_eq!(markdown_to_html(markdown).trim_end(), html, "HTML of {markdown:?}");
}

#[test]
fn a_line_break_stays_a_line_break() {
    assert_forms("Hello,\n\nBest,\nAnn", "Hello,\n\nBest,\nAnn", "<p>Hello,</p>\n<p>Best,<br>\nAnn</p>");
    assert_forms("a  \nb\\\nc", "a\nb\nc", "<p>a<br>\nb<br>\nc</p>");
    assert_forms("a<br>b<br/>c", "a\nb\nc", "<p>a<br>\nb<br>\nc</p>");
}

#[test]
fn paragraphs_that_a_program_wrapped_are_joined() {
    let wrapped = "This paragraph was wrapped by a program at seventy-two characters, as\nmany of them do, so that its lines are all about as long as the width\nallows and nobody meant these breaks.";
    assert_eq!(markdown_to_text(wrapped), wrapped.replace('\n', " "));
    assert!(!markdown_to_html(wrapped).contains("<br>"));
    let item = "- An item of a list that a program has wrapped at seventy-two characters\n  goes on here.";
    assert_eq!(markdown_to_text(item), item.replace("\n  ", " "));
    for kept in [
        "Example Ltd\n12 Long Street\n12345 Town\nCountry",
        "One sentence that is about as long as a line of a mail should ever be.\nBest regards\nAnn",
        "The first line is long enough to have been wrapped somewhere else, but\nshort\nis not.",
    ] {
        assert_eq!(markdown_to_text(kept), kept);
    }
}

#[test]
fn marks_of_emphasis_go_from_the_text() {
    assert_forms(
        "# Plan\n\n**bold** and *soft* and __both__ `code`",
        "Plan\n\nbold and soft and both `code`",
        "<h1>Plan</h1>\n<p><strong>bold</strong> and <em>soft</em> and <strong>both</strong> <code>code</code></p>",
    );
    // Without its marks it would say the opposite.
    assert_forms("~~old~~ new", "~~old~~ new", "<p><s>old</s> new</p>");
    assert_forms(
        "2 * 3 * 4, a_b_c, 5 > 4 & x",
        "2 * 3 * 4, a_b_c, 5 > 4 & x",
        "<p>2 * 3 * 4, a_b_c, 5 &gt; 4 &amp; x</p>",
    );
}

#[test]
fn lists_keep_their_marks() {
    assert_eq!(
        markdown_to_text("Points:\n* one\n* two\n  1. deep\n  2. deeper\n\nEnd\n\n3) three\n4) four"),
        "Points:\n\n- one\n- two\n  1. deep\n  2. deeper\n\nEnd\n\n3. three\n4. four"
    );
    assert_eq!(markdown_to_text("- a\n\n  b\n\n- c"), "- a\n\n  b\n\n- c");
    assert_eq!(markdown_to_text("- [ ] open\n- [x] done"), "- [ ] open\n- [x] done");
    assert_eq!(
        markdown_to_html("3. a\n4. b\n   - [x] c").replace('\n', ""),
        "<ol start=\"3\"><li>a</li><li>b<ul><li>☑ c</li></ul></li></ol>"
    );
}

#[test]
fn code_is_indented_and_unchanged() {
    assert_forms(
        "Run:\n\n```sh\nls *.rs   # **all**\n\n  cd <x>\n```\nDone",
        "Run:\n\n    ls *.rs   # **all**\n\n      cd <x>\n\nDone",
        "<p>Run:</p>\n<pre style=\"white-space:pre-wrap;font-family:monospace\"><code>ls *.rs   # **all**\n\n  cd &lt;x&gt;\n</code></pre>\n<p>Done</p>",
    );
}

#[test]
fn quotations_and_tables_are_lines_that_people_type() {
    assert_eq!(markdown_to_text("> a\n> b\n>\n> > c\n\nd"), "> a\n> b\n>\n> > c\n\nd");
    let table = "| Name | Sum |\n|---|--:|\n| Ann | **3** |\n| Bob | |\n\nEnd";
    assert_eq!(markdown_to_text(table), "Name | Sum\nAnn | 3\nBob |\n\nEnd");
    let html = markdown_to_html(table);
    assert!(html.contains("<table style=\"border-collapse:collapse\">\n<tr><th style="), "{html}");
    assert!(html.contains("text-align:right\"><strong>3</strong></td></tr>"), "{html}");
}

#[test]
fn a_mark_that_was_typed_is_no_quotation() {
    assert_eq!(markdown_to_text("\\> not quoted"), " > not quoted");
    assert_eq!(markdown_to_text("> \\> once"), ">  > once");
}

#[test]
fn links_tell_where_they_lead() {
    assert_forms(
        "[here](https://example.org/a(b) \"title\") or <https://example.org/> or <ann@example.org>",
        "here <https://example.org/a(b)> or https://example.org/ or ann@example.org",
        "<p><a href=\"https://example.org/a(b)\">here</a> or <a href=\"https://example.org/\">https://example.org/</a> or <a href=\"mailto:ann@example.org\">ann@example.org</a></p>",
    );
    assert_eq!(markdown_to_text("[example.org](https://example.org)"), "example.org");
    assert_eq!(markdown_to_text("[](https://example.org)"), "https://example.org");
}

#[test]
fn links_lead_to_the_web_and_to_people_only() {
    for url in [
        "javascript:alert(1)",
        "JavaScript&colon;alert(1)",
        "data:text/html,x",
        "file:///etc",
        "/a",
        "#a",
        "cid:x",
    ] {
        assert_forms(&format!("[a](<{url}>)"), "a", "<p>a</p>");
    }
    let html = markdown_to_html("[a](<https://x.example/\"onclick=y <b>>)");
    assert!(html.contains("href=\"https://x.example/%22onclick=y%20") || !html.contains("href"), "{html}");
}

#[test]
fn pictures_are_those_of_the_message_only() {
    assert_forms(
        "![Our *logo*](cid:logo)",
        "[image: Our logo]",
        "<p><img src=\"cid:logo\" alt=\"Our logo\"></p>",
    );
    assert_forms("![Our logo](https://track.example/x.gif)", "Our logo", "<p>Our logo</p>");
    assert_forms("![a ![b](cid:x) c](https://x.example)", "a b c", "<p>a b c</p>");
}

#[test]
fn raw_html_is_shown_as_text() {
    assert_forms("a <b onclick=x>b</b>", "a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>");
    let block = "<script>\nalert(1)\n</script>\n\nafter";
    assert_eq!(markdown_to_text(block), block);
    assert!(markdown_to_html(block).starts_with("<p>&lt;script&gt;<br>\nalert(1)<br>\n&lt;/script&gt;</p>"));
    assert_eq!(markdown_to_html("<!-- hidden -->").trim(), "<p>&lt;!-- hidden --&gt;</p>");
}

#[test]
fn hostile_markdown_ends() {
    for unit in [
        ">", "> ", "- ", "1. ", "[", "![", "](", "*a ", "**", "_", "`", "``a", "<", "<a ", "<!--", "[a](",
        "[a][", "~~", "|", "a|", "\\", "&", "&#", "- > ", "* _ ", "![[]()", "*a_ ", "[^a]: ", "\t", "#",
        "```\n", "> - 1. ",
    ] {
        let octets = if matches!(unit, ">" | "[") { 100_000 } else { 20_000 };
        let markdown = unit.repeat(octets / unit.len());
        for markdown in [markdown.clone(), format!("{markdown}a"), format!("{markdown}\n\na\n{markdown}")] {
            let (text, html) = (markdown_to_text(&markdown), markdown_to_html(&markdown));
            assert!(text.len() <= markdown.len() * 8 + 100, "{unit}: {}", text.len());
            assert!(html.len() <= markdown.len() * 40 + 100, "{unit}: {}", html.len());
        }
    }
}

#[test]
fn deep_nesting_over_many_lines_and_wide_tables_end() {
    let deep = (0..600).fold(String::new(), |all, depth| all + &"  ".repeat(depth) + "- a\n");
    assert!(markdown_to_html(&deep).matches("<li>").count() <= 64 * 600);
    let quotes = (0..400).fold(String::new(), |all, depth| all + &"> ".repeat(depth) + "a\n");
    assert!(markdown_to_text(&quotes).lines().all(|line| line.matches("> ").count() <= 400));
    let wide = format!("{}\n{}\n{}", "a|".repeat(5_000), "-|".repeat(5_000), "a|b\n".repeat(5_000));
    assert!(markdown_to_html(&wide).len() < 32 * 1024 * 1024);
}

#[test]
fn what_is_too_long_is_taken_as_it_is() {
    let long = "**a** <b>\n".repeat(200_000);
    assert_eq!(markdown_to_text(&long), long);
    assert!(markdown_to_html(&long).starts_with("**a** &lt;b&gt;<br>\n"));
}

proptest! {
    #[test]
    fn no_markup_but_ours_whatever_is_written(markdown in "([a-z<>\"'&/=!: ]{0,6}|[-*>_`~|#\\[\\]()\n\\\\]{0,3}|<(b|script|img src=x onerror=y)>|\\]\\((javascript:x|cid:\"x|https://x)\\)){0,30}") {
        let html = markdown_to_html(&markdown);
        for piece in html.split('<').skip(1) {
            let name: String = piece.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
            let known = ["p", "/p", "br", "em", "/em", "strong", "/strong", "s", "/s", "code", "/code", "pre", "/pre",
                "ul", "/ul", "ol", "/ol", "li", "/li", "h1", "h2", "h3", "h4", "h5", "h6", "/h1", "/h2", "/h3", "/h4",
                "/h5", "/h6", "blockquote", "/blockquote", "table", "/table", "tr", "/tr", "th", "/th", "td", "/td",
                "a", "/a", "img", "hr"];
            prop_assert!(known.contains(&name.as_str()), "{html}");
            let inside = piece.split_once('>').map_or(piece, |(inside, _)| inside);
            prop_assert!(inside.matches('"').count() % 2 == 0 && !inside.contains("onerror="), "{html}");
        }
        prop_assert!(!html.contains("href=\"javascript"));
        let _ = markdown_to_text(&markdown);
    }
}
