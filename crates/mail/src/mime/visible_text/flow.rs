//! Text flowing into lines: whitespace, lists, quotes, links, table rows.
//!
//! Knows nothing of HTML; it is told what begins and ends.

use std::{collections::HashSet, fmt::Write as _};

use crate::mime::{
    line::{Line, Region},
    links::{Links, Shown, clip},
};

/// Deepest indent of lists.
const MAX_LISTS: usize = 8;
/// Longest row of a table written as `a | b`, in octets.
const MAX_ROW: usize = 240;
/// Longest text of a link that is kept, in octets.
const MAX_LINK_TEXT: usize = 400;

#[derive(Debug)]
struct List {
    is_ordered: bool,
    next: usize,
}

#[derive(Debug)]
struct Anchor {
    href: String,
    /// Line and octet where its first text stands.
    start: Option<(usize, usize)>,
    text: String,
    has_image: bool,
}

#[derive(Debug, Default)]
struct Row {
    start: usize,
    cells: Vec<(usize, usize)>,
    cell_start: usize,
    has_header: bool,
}

/// The lines so far and the one being written.
#[derive(Debug, Default)]
pub(super) struct Flow {
    lines: Vec<Line>,
    current: String,
    is_begun: bool,
    wants_space: bool,
    wants_blank: bool,
    mark: Option<String>,
    lists: Vec<List>,
    rows: Vec<Row>,
    anchor: Option<Anchor>,
    /// Where the paragraph without margins began.
    tight_start: usize,
    /// Links that words lead to.
    named: HashSet<usize>,
    /// Where the last row that was written as `a | b` ended.
    row_end: Option<usize>,
    /// Quotations around what comes next.
    pub(super) quote: usize,
    /// Where what comes next is from.
    pub(super) region: Region,
}

impl Flow {
    /// Text in which whitespace does not count.
    pub(super) fn push_text(&mut self, text: &str) {
        for word in text.split_inclusive(is_blank) {
            let shown = word.trim_end_matches(is_blank);
            if !shown.is_empty() {
                self.push_word(shown);
            }
            if shown.len() < word.len() {
                self.wants_space = true;
                self.note_link_text(" ");
            }
        }
    }

    /// Text in which every character counts.
    pub(super) fn push_preformatted(&mut self, text: &str) {
        for (position, line) in text.split('\n').enumerate() {
            if position > 0 {
                self.end_line_always();
            }
            let line = line.trim_end_matches('\r');
            if !line.is_empty() {
                let line = line.replace('\u{A0}', " ").replace('\t', "    ");
                self.push_word(&line);
            }
        }
    }

    fn push_word(&mut self, word: &str) {
        if !self.is_begun {
            self.begin_line();
        } else if self.wants_space && !self.current.ends_with(' ') {
            self.current.push(' ');
        }
        self.wants_space = false;
        let at = (self.lines.len(), self.current.len());
        if let Some(anchor) = &mut self.anchor {
            anchor.start.get_or_insert(at);
        }
        self.note_link_text(word);
        self.current.push_str(word);
    }

    fn note_link_text(&mut self, text: &str) {
        if let Some(anchor) = &mut self.anchor
            && anchor.text.len() < MAX_LINK_TEXT
        {
            anchor.text.push_str(text);
        }
    }

    fn begin_line(&mut self) {
        if self.wants_blank {
            let quote = self.quote.min(self.lines.last().map_or(0, |line| line.quote));
            self.lines.push(Line { text: String::new(), quote, region: self.region });
            self.wants_blank = false;
        }
        let depth = self.lists.len().min(MAX_LISTS);
        match self.mark.take() {
            Some(mark) => {
                if mark.starts_with('#') {
                    self.current.push_str(&mark);
                } else {
                    self.indent(depth.saturating_sub(1));
                    self.current.push_str(&mark);
                }
            }
            None => self.indent(depth),
        }
        self.is_begun = true;
        self.wants_space = false;
    }

    fn indent(&mut self, depth: usize) {
        for _ in 0..depth {
            self.current.push_str("  ");
        }
    }

    /// Ends the line if something stands in it.
    pub(super) fn end_line(&mut self) {
        self.wants_space = false;
        if self.is_begun {
            self.end_line_always();
        }
    }

    fn end_line_always(&mut self) {
        let mut text = std::mem::take(&mut self.current);
        // Bullets that were typed or that Word made.
        let rest =
            text.strip_prefix(['·', '•', '▪', '◦', '‣', '●', '§']).filter(|rest| rest.starts_with(' '));
        if let Some(rest) = rest {
            text = format!("-{rest}");
        }
        self.lines.push(Line { text, quote: self.quote, region: self.region });
        self.is_begun = false;
        self.wants_space = false;
        self.note_link_text(" ");
    }

    /// `<br>`: the second in a row leaves a blank line.
    pub(super) fn break_line(&mut self) {
        if self.is_begun {
            self.end_line();
        } else if self.mark.is_none() && !self.lines.is_empty() {
            self.wants_blank = true;
        }
    }

    /// Ends the line and leaves a blank one before what follows.
    pub(super) fn end_paragraph(&mut self) {
        self.end_line();
        if self.mark.is_none() && !self.lines.is_empty() {
            self.wants_blank = true;
        }
    }

    /// A paragraph without margins begins.
    pub(super) fn begin_tight(&mut self) {
        self.end_line();
        self.tight_start = self.lines.len();
    }

    /// It ends: an empty one is a blank line.
    pub(super) fn end_tight(&mut self) {
        if self.is_begun || self.lines.len() > self.tight_start {
            self.end_line();
        } else {
            self.wants_blank = !self.lines.is_empty();
        }
    }

    /// A line across.
    pub(super) fn rule(&mut self) {
        self.end_line();
        if !self.lines.is_empty() {
            self.push_word("---");
            self.end_line();
        }
    }

    /// A heading of that level begins.
    pub(super) fn begin_heading(&mut self, level: usize) {
        self.end_paragraph();
        self.mark = Some(format!("{} ", "#".repeat(level)));
    }

    /// A heading ends.
    pub(super) fn end_heading(&mut self) {
        self.end_line();
        self.mark = None;
        self.end_paragraph();
    }

    /// A list begins.
    pub(super) fn begin_list(&mut self, is_ordered: bool, first: usize) {
        if self.lists.is_empty() {
            self.end_paragraph();
        } else {
            self.end_line();
        }
        self.mark = None;
        self.lists.push(List { is_ordered, next: first });
    }

    /// A list ends.
    pub(super) fn end_list(&mut self) {
        self.end_line();
        self.mark = None;
        self.lists.pop();
        if self.lists.is_empty() {
            self.end_paragraph();
        }
    }

    /// An item of the innermost list begins.
    pub(super) fn begin_item(&mut self) {
        self.end_line();
        self.wants_blank &= self.lists.len() <= 1 && self.lists.last().is_none_or(|list| list.next <= 1);
        self.mark = Some(match self.lists.last_mut() {
            Some(List { is_ordered: true, next }) => {
                *next += 1;
                format!("{}. ", *next - 1)
            }
            Some(list) => {
                list.next += 1;
                "- ".to_owned()
            }
            None => "- ".to_owned(),
        });
    }

    /// An item ends; an empty one leaves nothing.
    pub(super) fn end_item(&mut self) {
        self.end_line();
        self.mark = None;
    }

    /// A row of a table begins.
    pub(super) fn begin_row(&mut self) {
        self.end_line();
        let start = self.lines.len();
        self.rows.push(Row { start, cell_start: start, ..Row::default() });
    }

    /// A cell begins.
    pub(super) fn begin_cell(&mut self, is_header: bool) {
        self.end_line();
        if let Some(row) = self.rows.last_mut() {
            row.cell_start = self.lines.len();
            row.has_header |= is_header;
        }
    }

    /// A cell ends.
    pub(super) fn end_cell(&mut self) {
        self.end_line();
        let end = self.lines.len();
        if let Some(row) = self.rows.last_mut() {
            row.cells.push((row.cell_start, end));
        }
    }

    /// A row ends: short cells side by side become `a | b`.
    pub(super) fn end_row(&mut self, keeps_empty: bool) {
        self.end_line();
        let Some(row) = self.rows.pop() else { return };
        if row.cells.len() < 2 || row.start >= self.lines.len() {
            return;
        }
        let Some(text) = self.side_by_side(&row, keeps_empty) else { return };
        let Some(inside) = self.lines.get(row.start..) else { return };
        let has_blank = inside.first().is_some_and(Line::is_blank);
        let Some(first) = inside.iter().find(|line| !line.is_blank()).cloned() else { return };
        self.lines.truncate(row.start);
        // Rows follow each other without gaps, whatever margins their cells have.
        if has_blank && self.row_end != Some(row.start) {
            self.lines.push(Line { text: String::new(), ..first });
        }
        self.lines.push(Line { text, ..first });
        self.row_end = Some(self.lines.len());
        self.wants_blank = false;
    }

    fn side_by_side(&self, row: &Row, keeps_empty: bool) -> Option<String> {
        let mut texts: Vec<&str> = Vec::with_capacity(row.cells.len());
        let mut octets = 0;
        let mut filled = 0;
        for (start, end) in &row.cells {
            let mut inside = self.lines.get(*start..*end)?.iter().filter(|line| !line.is_blank());
            let text = inside.next().map_or("", |line| line.text.trim());
            if inside.next().is_some() || text.starts_with('#') || text.starts_with("- ") {
                return None;
            }
            octets += text.len();
            if octets > MAX_ROW {
                return None;
            }
            filled += usize::from(!text.is_empty());
            if keeps_empty || !text.is_empty() {
                texts.push(text);
            }
        }
        let quote = self.lines.get(row.start).map_or(0, |line| line.quote);
        let is_even = self.lines.get(row.start..)?.iter().all(|line| line.quote == quote);
        ((filled >= 2 || (keeps_empty && filled == 1)) && is_even).then(|| texts.join(" | "))
    }

    /// A link begins.
    pub(super) fn begin_link(&mut self, href: String) {
        self.anchor = Some(Anchor { href, start: None, text: String::new(), has_image: false });
    }

    /// Notes a picture without words, which may be all that a link holds.
    pub(super) fn note_image(&mut self) {
        if let Some(anchor) = &mut self.anchor {
            anchor.has_image = true;
        }
    }

    /// Whether a link is open.
    pub(super) fn has_link(&self) -> bool {
        self.anchor.is_some()
    }

    /// The open link ends: its text becomes `[text][n]`.
    pub(super) fn end_link(&mut self, links: &mut Links) {
        let Some(anchor) = self.anchor.take() else { return };
        let Some((line, from)) = anchor.start else {
            let before = links.len();
            // A picture cut into slices leads to one place: once is enough.
            if anchor.has_image
                && let Shown::Numbered(number) = links.add("image", &anchor.href)
                && links.len() > before
            {
                self.push_word(&format!("[image][{number}]"));
            }
            return;
        };
        let text = anchor.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = links.add(&text, &anchor.href);
        if let Shown::Numbered(number) | Shown::Itself(_, number) = &shown {
            self.named.insert(*number);
        }
        let target = if line == self.lines.len() {
            Some(&mut self.current)
        } else {
            self.lines.get_mut(line).map(|line| &mut line.text)
        };
        let Some(target) = target else { return };
        // Rows may have been joined since: then the place is no longer what it was.
        let Some(inside) = target.get(from..) else {
            if let Shown::Numbered(number) | Shown::Itself(_, number) = shown {
                let _ = write!(target, "[link][{number}]");
            }
            return;
        };
        let (inside, blank) = inside.split_at(inside.trim_end().len());
        let replaced = match shown {
            Shown::Text => return,
            Shown::Itself(address, number) => format!("[{address}][{number}]{blank}"),
            Shown::Numbered(number) if inside.starts_with("[image") && inside.ends_with(']') => {
                format!("{inside}[{number}]{blank}")
            }
            Shown::Numbered(number) => format!("[{inside}][{number}]{blank}"),
        };
        target.truncate(from);
        target.push_str(&replaced);
    }

    /// A picture with words for it.
    pub(super) fn push_image(&mut self, alt: &str) {
        let alt = alt.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_pictograph = alt.chars().count() <= 4 && !alt.chars().any(char::is_alphanumeric);
        if is_pictograph {
            self.push_word(&alt);
        } else {
            self.wants_space |= self.is_begun;
            self.push_word(&format!("[image: {}]", clip(&alt, 160)));
            self.wants_space = true;
        }
    }

    /// All lines.
    pub(super) fn finish(mut self, links: &mut Links) -> Vec<Line> {
        self.end_link(links);
        self.end_line();
        for line in &mut self.lines {
            if line.text.contains("[image][") {
                line.text = without_named_images(&line.text, &self.named);
            }
        }
        self.lines
    }
}

/// A picture without words is left out where words lead to the same place.
fn without_named_images(text: &str, named: &HashSet<usize>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[image][") {
        out.push_str(before);
        let number = after.split_once(']').and_then(|(number, tail)| Some((number.parse().ok()?, tail)));
        rest = match number {
            Some((number, tail)) if named.contains(&number) => tail.strip_prefix(" | ").unwrap_or(tail),
            _ => {
                out.push_str("[image][");
                after
            }
        };
    }
    out.push_str(rest);
    let kept = out.trim_end_matches([' ', '|']).len();
    if rest.is_empty() || kept == 0 {
        out.truncate(kept);
    }
    out
}

/// Whitespace that does not count; the non-breaking space is used as padding far more than as a letter.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\n' | '\t' | '\r' | '\u{C}' | '\u{A0}' | '\u{2000}'
            ..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{2800}'
    )
}
