//! Markdown → the plain text that a person would have typed.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::{events, is_break, is_wrapped, item_lines, link_target};

/// Quotations and lists whose marks are written; deeper text stands as deep as the last of them.
const MAX_OPEN: usize = 16;
/// Most octets of text: short rows of a wide table are filled up with cells.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// What a line stands in.
enum Container {
    Quote,
    /// With the mark that its first line still needs.
    Item {
        mark: Option<String>,
        width: usize,
    },
    /// Too deep to show.
    Deep,
}

#[derive(Default)]
struct Writer {
    out: String,
    inside: Vec<Container>,
    /// The next number of each open list; none without numbers.
    lists: Vec<Option<u64>>,
    /// The block that is being written; `\n` are its line breaks.
    block: String,
    wants_blank: bool,
    last_quotes: usize,
    is_wrapped: bool,
    /// Target and beginning of each open link.
    links: Vec<(Option<String>, usize)>,
    /// Where the words of the outermost open picture begin, and how deep pictures nest.
    picture: (usize, usize),
    is_shown_picture: bool,
    cells: Vec<String>,
}

/// Writes a document that is bounded already.
pub(super) fn write(source: &str) -> String {
    let mut writer = Writer { out: String::with_capacity(source.len()), ..Writer::default() };
    for (event, range) in events(source) {
        if writer.out.len() > MAX_TEXT {
            break;
        }
        match event {
            Event::Start(tag) => {
                let fewest = if matches!(tag, Tag::Item) { 1 } else { 2 };
                if matches!(tag, Tag::Paragraph | Tag::Item) {
                    let inside = source.get(range).unwrap_or_default();
                    let inside = if fewest == 1 { item_lines(inside) } else { inside };
                    writer.is_wrapped = is_wrapped(inside, fewest);
                }
                writer.begin(tag);
            }
            Event::End(tag) => writer.end(tag),
            Event::Html(html) | Event::InlineHtml(html) if is_break(&html) => writer.push("\n"),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::FootnoteReference(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => writer.push(&text),
            // Where code begins and ends is told by its marks: people type them in mails too.
            Event::Code(code) => {
                writer.push("`");
                writer.push(&code);
                writer.push("`");
            }
            Event::SoftBreak if writer.is_wrapped => writer.push(" "),
            Event::SoftBreak | Event::HardBreak => writer.push("\n"),
            Event::Rule => {
                writer.flush("");
                writer.wants_blank = true;
                writer.push("---");
                writer.flush("");
                writer.wants_blank = true;
            }
            Event::TaskListMarker(is_done) => writer.push(if is_done { "[x] " } else { "[ ] " }),
        }
    }
    writer.flush("");
    writer.out.truncate(writer.out.trim_end().len());
    writer.out
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.block.extend(text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()));
    }

    fn begin(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } | Tag::HtmlBlock | Tag::CodeBlock(_) | Tag::Table(_) => {
                self.flush("");
                if !self.is_first_of_item() {
                    self.wants_blank = true;
                }
            }
            Tag::BlockQuote(_) => {
                self.flush("");
                self.wants_blank = true;
                self.enter(Container::Quote);
            }
            Tag::List(first) => {
                self.flush("");
                self.wants_blank |= self.lists.is_empty();
                self.lists.push(first);
            }
            Tag::Item => {
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let mark = format!("{number}. ");
                        *number = number.saturating_add(1);
                        mark
                    }
                    _ => "- ".to_owned(),
                };
                self.enter(Container::Item { width: mark.len(), mark: Some(mark) });
            }
            Tag::TableHead | Tag::TableRow => self.cells.clear(),
            Tag::Strikethrough => self.push("~~"),
            Tag::Link { link_type, dest_url, .. } => {
                self.links.push((link_target(link_type, &dest_url), self.block.len()));
            }
            Tag::Image { dest_url, .. } => {
                if self.picture.1 == 0 {
                    self.picture.0 = self.block.len();
                    let scheme = dest_url.get(..4).unwrap_or_default();
                    self.is_shown_picture = scheme.eq_ignore_ascii_case("cid:");
                }
                self.picture.1 += 1;
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::HtmlBlock => {
                self.flush("");
                self.wants_blank = true;
            }
            TagEnd::CodeBlock => {
                self.flush("    ");
                self.wants_blank = true;
            }
            TagEnd::BlockQuote(_) => {
                self.flush("");
                self.inside.pop();
                self.wants_blank = true;
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.wants_blank |= self.lists.is_empty();
            }
            TagEnd::Item => {
                self.flush("");
                // An item without words still is one.
                if self.is_first_of_item() {
                    self.write_line("", "");
                }
                self.inside.pop();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.block);
                self.cells.push(cell.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                self.block = std::mem::take(&mut self.cells).join(" | ");
                self.flush("");
            }
            TagEnd::Table => self.wants_blank = true,
            TagEnd::Strikethrough => self.push("~~"),
            TagEnd::Link => self.end_link(),
            TagEnd::Image => self.end_picture(),
            _ => {}
        }
    }

    fn enter(&mut self, container: Container) {
        let is_shown = self.inside.len() < MAX_OPEN;
        self.inside.push(if is_shown { container } else { Container::Deep });
    }

    fn is_first_of_item(&self) -> bool {
        matches!(self.inside.last(), Some(Container::Item { mark: Some(_), .. }))
    }

    fn end_link(&mut self) {
        let Some((Some(url), start)) = self.links.pop() else { return };
        let words = self.block.get(start..).unwrap_or_default();
        let bare = |text: &str| {
            let text = text.trim().trim_start_matches("mailto:").trim_start_matches("https://");
            text.trim_start_matches("http://").trim_end_matches('/').to_owned()
        };
        if words.trim().is_empty() {
            self.push(&url);
        } else if bare(words) != bare(&url) {
            self.push(" <");
            self.push(&url);
            self.push(">");
        }
    }

    fn end_picture(&mut self) {
        self.picture.1 = self.picture.1.saturating_sub(1);
        if self.picture.1 == 0 && self.is_shown_picture && self.block.len() > self.picture.0 {
            let words = self.block.split_off(self.picture.0);
            self.push("[image: ");
            self.push(&words);
            self.push("]");
        }
    }

    /// Writes the block's lines with the marks of everything that they stand in.
    fn flush(&mut self, indent: &str) {
        let block = std::mem::take(&mut self.block);
        let block = if indent.is_empty() { block.trim() } else { block.trim_end() };
        if block.is_empty() {
            return;
        }
        if std::mem::take(&mut self.wants_blank) && !self.out.is_empty() {
            let quotes = self.quotes().min(self.last_quotes);
            self.out.push_str("> ".repeat(quotes).trim_end());
            self.out.push('\n');
        }
        for line in block.split('\n') {
            let line = line.trim_end();
            self.write_line(if line.is_empty() { "" } else { indent }, line);
        }
        self.last_quotes = self.quotes();
    }

    fn quotes(&self) -> usize {
        self.inside.iter().take_while(|container| matches!(container, Container::Quote)).count()
    }

    fn write_line(&mut self, indent: &str, line: &str) {
        let from = self.out.len();
        let mut is_quoted = true;
        for container in &mut self.inside {
            match container {
                Container::Quote => self.out.push_str("> "),
                Container::Item { mark, width } => {
                    is_quoted = false;
                    match mark.take() {
                        Some(mark) => self.out.push_str(&mark),
                        None => self.out.extend(std::iter::repeat_n(' ', *width)),
                    }
                }
                Container::Deep => {}
            }
        }
        self.out.push_str(indent);
        // A `>` that was typed is no quotation.
        if is_quoted && indent.is_empty() && line.starts_with('>') {
            self.out.push(' ');
        }
        self.out.push_str(line);
        let kept = self.out.get(from..).map_or(0, |written| written.trim_end().len());
        self.out.truncate(from + kept);
        self.out.push('\n');
    }
}
