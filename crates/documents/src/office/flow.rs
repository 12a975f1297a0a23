//! Paragraphs and tables of any office format on their way to text: a paragraph is a line, a row of a table is
//! a line `| a | b |`. Both may stand within each other.

use crate::text::Writing;

/// What is open: paragraphs within cells within rows within cells …
pub(super) struct Flow<'w> {
    writing: &'w mut Writing,
    open: Vec<Block>,
}

enum Block {
    Paragraph { prefix: String, text: String },
    Row { cells: Vec<String>, is_in_cell: bool },
}

impl<'w> Flow<'w> {
    pub(super) fn new(writing: &'w mut Writing) -> Self {
        Self { writing, open: Vec::new() }
    }

    /// What is written to, between paragraphs.
    pub(super) fn writing(&mut self) -> &mut Writing {
        self.writing
    }

    /// Whether going on is no use.
    pub(super) fn is_full(&self) -> bool {
        self.writing.is_full()
    }

    pub(super) fn open_paragraph(&mut self) {
        self.open.push(Block::Paragraph { prefix: String::new(), text: String::new() });
    }

    /// What stands before the text of the paragraph, such as a bullet. Says nothing where there is no text.
    pub(super) fn prefix(&mut self, before: &str) {
        if let Some(Block::Paragraph { prefix, .. }) = self.open.last_mut() {
            prefix.push_str(before);
        }
    }

    /// Text of the innermost paragraph. Outside of paragraphs there is none.
    pub(super) fn text(&mut self, more: &str) {
        let limit = self.writing.limit();
        if let Some(Block::Paragraph { text, .. }) = self.open.last_mut() {
            if text.len() > limit {
                self.writing.cut();
            } else {
                text.push_str(more);
            }
        }
    }

    pub(super) fn close_paragraph(&mut self) {
        if let Some(Block::Paragraph { prefix, text }) =
            self.open.pop_if(|block| matches!(block, Block::Paragraph { .. }))
        {
            let is_blank = text.trim().is_empty();
            self.put(&if is_blank { String::new() } else { prefix + &text });
        }
    }

    pub(super) fn open_row(&mut self) {
        self.open.push(Block::Row { cells: Vec::new(), is_in_cell: false });
    }

    pub(super) fn open_cell(&mut self) {
        if let Some(Block::Row { cells, is_in_cell }) = self.open.last_mut() {
            cells.push(String::new());
            *is_in_cell = true;
        }
    }

    pub(super) fn close_cell(&mut self) {
        if let Some(Block::Row { is_in_cell, .. }) = self.open.last_mut() {
            *is_in_cell = false;
        }
    }

    pub(super) fn close_row(&mut self) {
        if let Some(Block::Row { cells, .. }) = self.open.pop_if(|block| matches!(block, Block::Row { .. }))
            && cells.iter().any(|cell| !cell.is_empty())
        {
            self.put(&format!("| {} |", cells.join(" | ")));
        }
    }

    /// A line, into the innermost cell if there is one.
    fn put(&mut self, line: &str) {
        let limit = self.writing.limit();
        let cell = self.open.iter_mut().rev().find_map(|block| match block {
            Block::Row { cells, is_in_cell: true } => cells.last_mut(),
            _ => None,
        });
        match cell {
            None => self.writing.line(line),
            Some(cell) if cell.len() > limit => self.writing.cut(),
            Some(cell) => {
                for line in line.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    if !cell.is_empty() {
                        cell.push(' ');
                    }
                    cell.push_str(line);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(flow: &mut Flow<'_>, text: &str) {
        flow.open_paragraph();
        flow.text(text);
        flow.close_paragraph();
    }

    #[test]
    fn a_row_is_a_line_and_a_table_within_a_cell_is_a_part_of_it() {
        let mut writing = Writing::new(1000);
        let mut flow = Flow::new(&mut writing);
        paragraph(&mut flow, "before");
        flow.open_row();
        flow.open_cell();
        paragraph(&mut flow, "a\nb");
        paragraph(&mut flow, "c");
        flow.close_cell();
        flow.open_cell();
        flow.open_row();
        flow.open_cell();
        paragraph(&mut flow, "inner");
        flow.close_cell();
        flow.close_row();
        flow.close_cell();
        flow.close_row();
        paragraph(&mut flow, "after");
        assert_eq!(writing.finish().text, "before\n| a b c | | inner | |\nafter");
    }

    #[test]
    fn ends_without_beginnings_do_no_harm() {
        let mut writing = Writing::new(1000);
        let mut flow = Flow::new(&mut writing);
        flow.close_row();
        flow.close_cell();
        flow.close_paragraph();
        flow.open_cell();
        flow.text("nowhere");
        flow.prefix("nowhere");
        assert_eq!(writing.finish().text, "");
    }
}
