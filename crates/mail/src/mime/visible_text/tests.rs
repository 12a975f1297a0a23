//! What a reader sees is shown, what hides is counted.

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::mime::line::join;

mod hiding;

fn shown(html: &str) -> String {
    join(&convert(html, &mut Links::new(false)).lines)
}

fn hidden(html: &str) -> (String, usize) {
    let converted = convert(html, &mut Links::new(false));
    (join(&converted.lines), converted.hidden)
}

#[test]
fn paragraphs_breaks_and_blanks_read_as_they_look() {
    assert_eq!(
        shown("<p>One\n  two</p><p>three<br>four</p>five &amp;&nbsp;six"),
        "One two\n\nthree\nfour\n\nfive & six"
    );
    assert_eq!(shown("a<div>b</div>c<br><br>d"), "a\nb\nc\n\nd");
    assert_eq!(shown("<b>bold</b><i>face</i> and <span>so</span> on"), "boldface and so on");
}

#[test]
fn headings_lists_and_rules_are_markdown() {
    assert_eq!(shown("<h1>Top</h1><p>x</p><h3>Sub</h3>y"), "# Top\n\nx\n\n### Sub\n\ny");
    assert_eq!(shown("<ul><li>a<li><p>b</p><ul><li>c</ul><li>d</ul>e"), "- a\n- b\n  - c\n- d\n\ne");
    assert_eq!(shown("<ol start=3><li>a</li><li>b</li></ol>"), "3. a\n4. b");
    assert_eq!(shown("a<hr>b"), "a\n---\nb");
}

#[test]
fn preformatted_text_keeps_its_shape() {
    assert_eq!(shown("<pre>a\n  b\n\nc</pre>d"), "a\n  b\n\nc\n\nd");
}

#[test]
fn tables_of_data_are_rows_and_layout_flows() {
    let table = "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Tea</td><td></td></tr><tr><td>Milk</td><td>2</td></tr></table>";
    assert_eq!(shown(table), "Item | Price\nTea |\nMilk | 2");
    let layout =
        "<table><tr><td><table><tr><td><h1>Hi</h1><p>text</p></td></tr></table></td><td></td></tr></table>";
    assert_eq!(shown(layout), "# Hi\n\ntext");
}

#[test]
fn word_paragraphs_are_lines_and_its_tables_rows() {
    let html = "<p class=MsoNormal>Hi<o:p></o:p></p><p class=MsoNormal>there</p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoListParagraph>·<span>&nbsp;&nbsp; </span>point</p><table><tr><td><p>a</p></td><td><p>b</p></td></tr><tr><td><p>c</p></td><td><p>d</p></td></tr></table>";
    assert_eq!(shown(html), "Hi\nthere\n\n- point\n\na | b\nc | d");
}

#[test]
fn pictures_and_links_survive_cells_without_text_size() {
    let html = "<table><tr><td style='font-size:0'><a href='https://x.example/'><img src=a alt=Acme></a> gone</td></tr></table>";
    assert_eq!(hidden(html), ("[image: Acme][1]".to_owned(), 4));
}

#[test]
fn quotations_are_marked() {
    assert_eq!(shown("<blockquote>a<blockquote>b</blockquote></blockquote>c"), "> a\n>\n> > b\n\nc");
}

#[test]
fn links_are_numbered_and_listed_once() {
    let mut links = Links::new(false);
    let html = "<a href='https://www.example.org/a/b?utm_source=x&id=1'>see here</a>, <a href='https://www.example.org/a/b?utm_source=x&id=1'>again</a>";
    let text = join(&convert(html, &mut links).lines);
    assert_eq!(text, "[see here][1], [again][1]");
    let links = links.into_links();
    assert_eq!(
        (links.len(), links[0].url.as_str(), links[0].warning.as_deref()),
        (1, "example.org/a/b", None)
    );
}

#[test]
fn a_link_that_shows_its_address_is_short() {
    assert_eq!(
        shown("<a href='https://example.org/x?y=1'>https://example.org/x?y=1</a>"),
        "[example.org/x][1]"
    );
    assert_eq!(shown("<a href='mailto:ann@example.org'>ann@example.org</a>"), "ann@example.org");
    assert_eq!(shown("<a href='#top'>up</a> <a name=x>here</a>"), "up here");
}

#[test]
fn pictures_are_words_and_never_addresses() {
    assert_eq!(shown("<img src='https://x.example/1.png' alt='A  dog'>"), "[image: A dog]");
    assert_eq!(shown("<img src='https://x.example/p.gif' width=1 height=1 alt=x><img src=y>"), "");
    assert_eq!(shown("<a href='https://x.example/'><img src=a alt='Shop'></a>"), "[image: Shop][1]");
    assert_eq!(shown("<a href='https://x.example/'><img src=a></a>"), "[image][1]");
    assert_eq!(shown("hi <img alt='😀' src=x>"), "hi 😀");
    let twice = "<a href='https://x.example/'><img src=a></a><p><a href='https://x.example/'>Shop</a></p>";
    assert_eq!(shown(twice), "[Shop][1]");
}

#[test]
fn scripts_styles_titles_and_comments_are_nowhere() {
    let html = "<head><title>T</title><style>a{b:c}</style></head><script>alert(1)</script><!-- no --><template>tt</template>yes";
    assert_eq!(hidden(html), ("yes".to_owned(), 2));
}

#[test]
fn noscript_is_shown_because_mail_programs_run_no_scripts() {
    assert_eq!(shown("<noscript>a <b>b</b><noscript>c</noscript></noscript>d"), "a bcd");
}

#[test]
fn every_way_to_hide_text_is_seen_through() {
    let styles = [
        "display:none",
        "display : NONE !important",
        "visibility:hidden",
        "opacity:0",
        "opacity:.01",
        "font-size:0",
        "font-size:1px",
        "font-size:1pt",
        "font-size:0em",
        "font:0/0 a",
        "color:#fff",
        "color:white;background:#fefefe",
        "color:rgb(255,255,255)",
        "color:transparent",
        "color:rgba(0,0,0,0)",
        "color:hsl(0,0%,99%)",
        "background:#000;color:#000001",
        "background-color:black;color:black",
        "text-indent:-9999px",
        "position:absolute;left:-9999px",
        "position:absolute; top:-5000px",
        "max-height:0;overflow:hidden",
        "height:0;overflow:hidden",
        "width:0;height:0",
        "max-width:0px;overflow:hidden",
        "mso-hide:all",
        "clip:rect(0,0,0,0)",
        "clip-path:inset(100%)",
        "transform:scale(0)",
        "dis\\70lay:none",
        "display/**/:none",
        "margin-left:-9999px",
        "line-height:0;font-size:0",
        "filter:opacity(0)",
        "-webkit-text-fill-color:transparent",
    ];
    for style in styles {
        let (text, count) =
            hidden(&format!("<p>seen</p><div style=\"{style}\">secret <b>words</b></div>after"));
        assert_eq!((text.as_str(), count), ("seen\n\nafter", 11), "{style}");
    }
}

#[test]
fn attributes_and_sheets_hide_too() {
    for html in [
        "<div hidden>secret</div>",
        "<table bgcolor=white><tr><td><font color=white>secret</font></td></tr></table>",
        "<style>.x{display:none}</style><p class='a x'>secret</p>",
        "<style>#id, b { font-size:0 }</style><i id=id>secret</i>",
        "<style>p.x{color:#fff}</style><p class=x>secret</p>",
        "<style>div .y {visibility:hidden}</style><div><p><i class=y>secret</i></p></div>",
        "<style>@media screen{.x{display:none}}</style><i class=x>secret</i>",
        "<style><!-- .x{display:none} --></style><i class=x>secret</i>",
        "<style>/* a */ @import url(x); .x{display:none!important}</style><i class=x style='display:block'>secret</i>",
        "<body bgcolor='#112233'><font color='#112233'>secret</font>",
        "<dialog>secret</dialog>",
        "<p class=x>secret</p><style media=screen>.x{display:none}</style>",
        "<b class=x>secret</b><script>'<style>'</script><!-- <style> --><STYLE type='text/css'>.x{display:none}</STYLE>",
    ] {
        assert_eq!(hidden(html), (String::new(), 6), "{html}");
    }
}

#[test]
fn what_only_looks_hidden_is_shown() {
    for html in [
        "<td style='font-size:0'><div style='font-size:13px'>seen</div></td>",
        "<div style='visibility:hidden'><b style='visibility:visible'>seen</b></div>",
        "<div style='background:#000'><span style='color:#fff'>seen</span></div>",
        "<td bgcolor=navy style='color:white'>seen</td>",
        "<p aria-hidden=true>seen</p>",
        "<style>@media (max-width:600px){.x{display:none}}</style><i class=x>seen</i>",
        "<style>.a .x{display:none}</style><i class=x>seen</i>",
        "<style>.x:hover{display:none}</style><i class=x>seen</i>",
        "<style media=print>.x{display:none}</style><i class=x>seen</i>",
        "<!--[if mso]><style>.x{display:none}</style><![endif]--><i class=x>seen</i>",
        "<p style='color:#777'>seen</p>",
        "<p style='opacity:.9;overflow:hidden;height:20px'>seen</p>",
        "<p style='margin:0;padding:0;text-indent:-18pt'>seen</p>",
        "<div style='width:0;min-width:100%'>seen</div>",
        "<div style='background:linear-gradient(#123456,#000)'><i style='color:#fff'>seen</i></div>",
        "<a href='https://example.org/' style='color:#fff;background:#06c'></a>seen",
    ] {
        assert_eq!(hidden(html), ("seen".to_owned(), 0), "{html}");
    }
}

#[test]
fn a_preview_line_of_padding_counts_only_its_words() {
    let html = "<div style='display:none'>Sale&nbsp;now&zwnj;&nbsp;&zwnj;&nbsp;&#847;</div>Hello";
    assert_eq!(hidden(html), ("Hello".to_owned(), 7));
}

#[test]
fn invisible_characters_behind_entities_are_removed() {
    let converted = convert("pay&#8203;pal&#xE0041;&#x202E;", &mut Links::new(false));
    assert_eq!((join(&converted.lines).as_str(), converted.invisible), ("paypal", 3));
}

#[test]
fn five_thousand_nested_tags_are_fine() {
    let html = format!("{}deep{}after", "<div>".repeat(5_000), "</div>".repeat(5_000));
    assert_eq!(shown(&html), "deep\nafter");
    let html = format!("{}<p hidden>secret</p>deep", "<div><b>".repeat(5_000));
    assert_eq!(hidden(&html), ("deep".to_owned(), 6));
    assert!(shown(&"<blockquote>x".repeat(5_000)).contains('x'));
    assert!(shown(&"<table><tr><td>x".repeat(3_000)).contains('x'));
    assert!(shown(&"<ul><li>x".repeat(3_000)).contains('x'));
}

#[test]
fn time_grows_with_size_and_not_with_its_square() {
    let measure = |pattern: &str, times: usize| {
        let html = pattern.repeat(times);
        let start = Instant::now();
        let _ = convert(&html, &mut Links::new(false));
        start.elapsed()
    };
    for pattern in [
        "<div>",
        "</div>",
        "<p>a",
        "<a href=x>b",
        "<b><i>x</b></i>",
        "<table><tr><td>x",
        "</p><br>",
        "<font color=red>y",
        "<style>.a .b{display:none}</style><i class=b>x",
        "<td>a</td>",
        "&nbsp;",
        "<li>x",
        "<blockquote class=gmail_quote>x",
        "<a href='https://example.org/'>x<p>",
    ] {
        let small = measure(pattern, 1_500).as_secs_f64().max(0.002);
        let large = measure(pattern, 6_000).as_secs_f64();
        assert!(large < small * 12.0 + 0.5, "{pattern}: {small} s, four times as much: {large} s");
    }
}

proptest! {
    #[test]
    fn no_html_panics(html in "(<(div|p|a href=http://x.y/|table|tr|td|li|ul|blockquote|style|pre|b style='display:none'|img alt=x|br|h1|noscript)>|</(div|p|a|table|tr|td|li|ul|blockquote|style|pre|b|h1|noscript)>|x | y|é|&amp;|\n){0,60}") {
        let mut links = Links::new(false);
        let _ = join(&convert(&html, &mut links).lines);
    }

    #[test]
    fn no_text_panics(html in "\\PC{0,200}") {
        let _ = convert(&html, &mut Links::new(true));
    }

    #[test]
    fn no_style_panics(style in "[a-z:;#0-9(), .!%/*\\\\-]{0,80}") {
        let _ = convert(&format!("<style>.x{{{style}}} {style}</style><p class=x style=\"{style}\">t</p>"), &mut Links::new(false));
    }
}
