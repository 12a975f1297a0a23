//! A message that is answered or passed on, as it stands in the new one: as `> ` lines and as blockquotes.
//!
//! Made from its visible text, never from its HTML: hidden words, trackers and pictures from elsewhere do
//! not travel on.

use domain::{
    Address, Timestamp,
    reading::{Link, Readable},
};

use super::{escape::escape_line_into, style};

/// Most octets of a quoted or forwarded text.
const MAX_TEXT: usize = 200_000;
/// Deepest quotation that is told apart; deeper lines stand at this depth.
const MAX_QUOTE: usize = 8;
/// Longest target of a link that is written out, in octets: longer ones follow the reader more than they lead.
const MAX_LINK: usize = 500;

/// The message that is answered or passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original<'a> {
    /// From.
    pub from: &'a [Address],
    /// To.
    pub to: &'a [Address],
    /// Cc.
    pub cc: &'a [Address],
    /// When it was written, with the offset that is shown.
    pub date: Timestamp,
    /// The decoded subject.
    pub subject: &'a str,
    /// Its visible text as our converter makes it with nothing folded (see [`quotable`]), never its HTML.
    pub text: &'a str,
}

/// The text of a message as it can be quoted: numbered links (`[text][3]`) become `text <url>`, as the
/// list that the numbers mean does not travel along.
pub fn quotable(readable: &Readable) -> String {
    without_link_numbers(&readable.text, &readable.links)
}

/// Text with `text <url>` in place of the numbered links of our converter.
pub(super) fn without_link_numbers(text: &str, links: &[Link]) -> String {
    let mut out = String::with_capacity(text.len());
    // Where the bracket stands that was opened last on this line, in what is written.
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("][") {
        out.push_str(before);
        let number = after.split_once(']').and_then(|(number, tail)| Some((number.parse().ok()?, tail)));
        let link = number.and_then(|(number, tail): (usize, &str)| {
            let link =
                number.checked_sub(1).and_then(|at| links.get(at)).filter(|link| link.number == number);
            let link = link.or_else(|| links.iter().find(|link| link.number == number));
            Some((link?, tail))
        });
        let line = out.rfind('\n').map_or(0, |end| end + 1);
        // The words may hold brackets of their own: the link's text tells how far back it goes.
        let open = link.and_then(|(link, _)| opening(out.get(line..)?, &link.text)).map(|at| line + at);
        let (Some((link, tail)), Some(open)) = (link, open) else {
            out.push_str("][");
            rest = after;
            continue;
        };
        let words = out.split_off(open);
        let words = words.strip_prefix('[').unwrap_or(&words);
        if words.starts_with("image") {
            out.push('[');
            out.push_str(words);
            out.push(']');
        } else {
            out.push_str(words);
        }
        let target = with_scheme(&link.url);
        if target.len() <= MAX_LINK && !says(words, &target) {
            out.push_str(" <");
            out.push_str(&target);
            out.push('>');
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Where the bracket before a link's words stands in the line so far.
fn opening(line: &str, words: &str) -> Option<usize> {
    let inner = words.trim_end_matches('…').matches('[').count();
    line.rmatch_indices('[').nth(inner.min(20)).or_else(|| line.rmatch_indices('[').next()).map(|(at, _)| at)
}

/// The default view shows host and path only.
fn with_scheme(url: &str) -> String {
    let has_scheme = url.split_once(':').is_some_and(|(scheme, rest)| {
        rest.starts_with("//") || matches!(scheme.to_ascii_lowercase().as_str(), "mailto" | "tel" | "sms")
    });
    if has_scheme { url.to_owned() } else { format!("https://{url}") }
}

fn says(words: &str, target: &str) -> bool {
    let bare = |text: &str| {
        let text = text.trim().trim_start_matches("https://").trim_start_matches("http://");
        text.trim_start_matches("www.").trim_end_matches('/').to_lowercase()
    };
    bare(words) == bare(target)
}

/// One line of a quoted text.
struct Quoted<'a> {
    depth: usize,
    text: &'a str,
}

/// The lines of a text with their depth, and whether some were left out.
fn lines(text: &str) -> (Vec<Quoted<'_>>, bool) {
    let text = text.trim_end().trim_start_matches(['\n', '\r']);
    let mut end = text.len().min(MAX_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let is_cut = end < text.len();
    let kept = text.get(..end).unwrap_or_default();
    let line = |line| {
        let mut rest: &str = line;
        let mut depth = 0;
        while let Some(after) = rest.strip_prefix('>') {
            rest = after.strip_prefix(' ').unwrap_or(after);
            depth += 1;
        }
        Quoted { depth: depth.min(MAX_QUOTE), text: rest.trim_end() }
    };
    (kept.lines().map(line).collect(), is_cut)
}

/// The text with so many quote marks more before each line; `left_out` says that there was more.
pub(super) fn as_text(text: &str, quote: usize, left_out: &str) -> String {
    let (lines, is_cut) = lines(text);
    let rest = is_cut.then_some(Quoted { depth: 0, text: left_out });
    let mut out = String::with_capacity(text.len().min(MAX_TEXT) * 11 / 10);
    for line in lines.iter().chain(&rest) {
        let depth = line.depth + quote;
        out.push_str("> ".repeat(depth).trim_end());
        if depth > 0 && !line.text.is_empty() {
            out.push(' ');
        }
        out.push_str(line.text);
        out.push('\n');
    }
    out
}

/// The text as HTML: what was quoted in it stands in blockquotes.
pub(super) fn as_html(text: &str, left_out: &str) -> String {
    let (lines, is_cut) = lines(text);
    let rest = is_cut.then_some(Quoted { depth: 0, text: left_out });
    let mut out = String::with_capacity(text.len().min(MAX_TEXT) * 5 / 4);
    let mut depth = 0;
    let mut is_first = true;
    for line in lines.iter().chain(&rest) {
        if line.depth == depth && !is_first {
            out.push_str("<br>\n");
        }
        while depth < line.depth {
            out.push_str(&open_quote());
            depth += 1;
        }
        while depth > line.depth {
            out.push_str(CLOSE_QUOTE);
            depth -= 1;
        }
        escape_line_into(&mut out, line.text);
        is_first = false;
    }
    out.push_str(&CLOSE_QUOTE.repeat(depth));
    out
}

/// The beginning of a quotation of mail, as mail programs know it.
pub(super) fn open_quote() -> String {
    format!("<blockquote type=\"cite\" style=\"{}\">\n", style::QUOTE)
}

/// Its end.
pub(super) const CLOSE_QUOTE: &str = "</blockquote>\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn link(number: usize, text: &str, url: &str) -> Link {
        Link { number, text: text.to_owned(), url: url.to_owned(), warning: None }
    }

    #[test]
    fn numbered_links_are_written_out() {
        let links = [
            link(1, "our page", "https://example.org/x?y=1"),
            link(2, "example.org/z", "example.org/z"),
            link(3, "a [b] c", "https://example.org/c"),
            link(4, "image", "https://example.org/d"),
            link(5, "long", &format!("https://example.org/{}", "a".repeat(600))),
        ];
        let text = "See [our page][1], [example.org/z][2] and [a [b] c][3].\n[image: Logo][4] [long][5] [x][9] a][b [1]";
        let readable = Readable { text: text.to_owned(), links: links.to_vec(), ..Readable::default() };
        assert_eq!(
            quotable(&readable),
            "See our page <https://example.org/x?y=1>, example.org/z and a [b] c <https://example.org/c>.\n[image: Logo] <https://example.org/d> long [x][9] a][b [1]"
        );
    }

    #[test]
    fn brackets_without_end_are_read_in_one_pass() {
        let links = [link(1, "[[[[", "https://example.org/")];
        assert!(without_link_numbers(&"[".repeat(100_000), &links).len() == 100_000);
        assert!(without_link_numbers(&"][1]\n".repeat(20_000), &links).len() >= 40_000);
    }

    #[test]
    fn a_quoted_text_is_one_deeper_and_bounded() {
        assert_eq!(as_text("a\n\n> b\n>> c\n", 1, "…"), "> a\n>\n> > b\n> > > c\n");
        let deep = as_text(&format!("{} x", ">".repeat(100)), 1, "…");
        assert_eq!(deep, format!("{}x\n", "> ".repeat(MAX_QUOTE + 1)));
        let long = as_text(&"ä\n".repeat(200_000), 1, "The rest was left out.");
        assert!(long.len() < 2 * MAX_TEXT && long.ends_with("\n> The rest was left out.\n"));
    }

    #[test]
    fn html_of_a_quotation_holds_text_only() {
        let html = as_html("<b>a</b> & [x](javascript:y)\n  indented\n> b\n\nc", "…");
        assert!(html.starts_with(
            "&lt;b&gt;a&lt;/b&gt; &amp; [x](javascript:y)<br>\n&nbsp;&nbsp;indented<blockquote"
        ));
        assert_eq!(html.matches("<blockquote").count(), html.matches("</blockquote>").count());
        assert!(as_html(&"> ".repeat(100_000), "…").matches("<blockquote").count() <= MAX_QUOTE);
    }
}
