//! Markdown → HTML that mail programs of every age show alike.

use std::fmt::Write as _;

use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};

use super::{events, is_break, is_wrapped, item_lines, link_target};
use crate::mime::compose::{
    escape::{escape, escape_into, escape_link},
    style,
};

/// Most elements open at once; deeper ones lose their tags, not their text.
const MAX_OPEN: usize = 64;
/// Most octets of HTML: short rows of a wide table are filled up with cells.
const MAX_HTML: usize = 16 * 1024 * 1024;

#[derive(Default)]
struct Writer {
    out: String,
    /// What closes each open element.
    open: Vec<&'static str>,
    is_wrapped: bool,
    is_head: bool,
    alignments: Vec<Alignment>,
    column: usize,
    /// The picture that is open, how deep pictures nest, and the words for it.
    picture: Option<String>,
    pictures: usize,
    alt: String,
}

/// Writes a document that is bounded already.
pub(super) fn write(source: &str) -> String {
    let mut writer = Writer { out: String::with_capacity(source.len() * 2), ..Writer::default() };
    for (event, range) in events(source) {
        if writer.out.len() > MAX_HTML {
            break;
        }
        match event {
            Event::Start(Tag::Paragraph) => {
                writer.is_wrapped = is_wrapped(source.get(range).unwrap_or_default(), 2);
                writer.start("<p>", "</p>\n");
            }
            Event::Start(Tag::Item) => {
                writer.is_wrapped = is_wrapped(item_lines(source.get(range).unwrap_or_default()), 1);
                writer.start("<li>", "</li>\n");
            }
            event => writer.take(event),
        }
    }
    while let Some(close) = writer.open.pop() {
        writer.out.push_str(close);
    }
    writer.out
}

impl Writer {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.begin(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Html(html) | Event::InlineHtml(html) if is_break(&html) => self.line_break(),
            Event::Html(html) => {
                for line in html.split_inclusive('\n') {
                    self.text(line.trim_end_matches('\n'));
                    if line.ends_with('\n') {
                        self.line_break();
                    }
                }
            }
            Event::InlineHtml(html) => self.text(&html),
            Event::Code(code) => {
                self.out_unless_picture("<code>");
                self.text(&code);
                self.out_unless_picture("</code>");
            }
            Event::SoftBreak if self.is_wrapped => self.text(" "),
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::TaskListMarker(is_done) => self.text(if is_done { "☑ " } else { "☐ " }),
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text(&text);
            }
        }
    }

    fn text(&mut self, text: &str) {
        if self.picture.is_some() {
            self.alt.push_str(text);
        } else {
            escape_into(&mut self.out, text);
        }
    }

    fn line_break(&mut self) {
        if self.picture.is_some() {
            self.alt.push(' ');
        } else {
            self.out.push_str("<br>\n");
        }
    }

    fn out_unless_picture(&mut self, markup: &str) {
        if self.picture.is_none() {
            self.out.push_str(markup);
        }
    }

    fn start(&mut self, markup: &str, close: &'static str) {
        if self.open.len() < MAX_OPEN && self.picture.is_none() {
            self.out.push_str(markup);
            self.open.push(close);
        } else {
            self.open.push("");
        }
    }

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                let (open, close) = match level {
                    HeadingLevel::H1 => ("<h1>", "</h1>\n"),
                    HeadingLevel::H2 => ("<h2>", "</h2>\n"),
                    HeadingLevel::H3 => ("<h3>", "</h3>\n"),
                    HeadingLevel::H4 => ("<h4>", "</h4>\n"),
                    HeadingLevel::H5 => ("<h5>", "</h5>\n"),
                    HeadingLevel::H6 => ("<h6>", "</h6>\n"),
                };
                self.start(open, close);
            }
            Tag::BlockQuote(_) => {
                self.start(&format!("<blockquote style=\"{}\">\n", style::QUOTE), "</blockquote>\n");
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.start(&format!("<pre style=\"{}\"><code>", style::CODE), "</code></pre>\n");
            }
            Tag::HtmlBlock | Tag::Paragraph => self.start("<p>", "</p>\n"),
            Tag::List(None) => self.start("<ul>\n", "</ul>\n"),
            Tag::List(Some(1)) => self.start("<ol>\n", "</ol>\n"),
            Tag::List(Some(first)) => self.start(&format!("<ol start=\"{first}\">\n"), "</ol>\n"),
            Tag::Item => self.start("<li>", "</li>\n"),
            Tag::Table(alignments) => {
                self.alignments = alignments;
                self.start(&format!("<table style=\"{}\">\n", style::TABLE), "</table>\n");
            }
            Tag::TableHead => {
                (self.is_head, self.column) = (true, 0);
                self.start("<tr>", "</tr>\n");
            }
            Tag::TableRow => {
                self.column = 0;
                self.start("<tr>", "</tr>\n");
            }
            Tag::TableCell => self.cell(),
            Tag::Emphasis => self.start("<em>", "</em>"),
            Tag::Strong => self.start("<strong>", "</strong>"),
            Tag::Strikethrough => self.start("<s>", "</s>"),
            Tag::Link { link_type, dest_url, .. } => match link_target(link_type, &dest_url) {
                Some(url) => self.start(&format!("<a href=\"{}\">", escape(&url)), "</a>"),
                None => self.start("", ""),
            },
            Tag::Image { dest_url, .. } => {
                self.pictures += 1;
                if self.pictures == 1 {
                    self.alt.clear();
                    self.picture = Some(dest_url.into_string());
                }
                self.open.push("");
            }
            _ => self.open.push(""),
        }
    }

    fn cell(&mut self) {
        let alignment = match self.alignments.get(self.column) {
            Some(Alignment::Center) => ";text-align:center",
            Some(Alignment::Right) => ";text-align:right",
            _ => ";text-align:left",
        };
        self.column += 1;
        let (name, close) = if self.is_head { ("th", "</th>") } else { ("td", "</td>") };
        self.start(&format!("<{name} style=\"{}{alignment}\">", style::CELL), close);
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::TableHead => self.is_head = false,
            TagEnd::Image => {
                self.pictures = self.pictures.saturating_sub(1);
                if self.pictures == 0 {
                    self.end_picture();
                }
            }
            TagEnd::HtmlBlock if self.out.ends_with("<br>\n") => {
                self.out.truncate(self.out.len() - "<br>\n".len());
            }
            _ => {}
        }
        if let Some(close) = self.open.pop() {
            self.out.push_str(close);
        }
    }

    /// A picture of the message is shown; of others only the words: nothing is loaded from elsewhere.
    fn end_picture(&mut self) {
        let Some(url) = self.picture.take() else { return };
        let alt = escape(&std::mem::take(&mut self.alt));
        let scheme = url.get(..4).unwrap_or_default();
        if scheme.eq_ignore_ascii_case("cid:") {
            let _ = write!(self.out, "<img src=\"{}\" alt=\"{alt}\">", escape(&escape_link(&url)));
        } else {
            self.out.push_str(&alt);
        }
    }
}
