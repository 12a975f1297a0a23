//! The text of OpenDocument files: `.odt` as paragraphs and tables, `.ods` as sheets with a line a row, `.odp` as
//! slides with notes. Deleted and hidden text stays out and is counted.

use std::collections::HashSet;

use super::{
    container::Container,
    flow::Flow,
    xml::{Element, Node, Xml, is_true},
};
use crate::{Error, Result, text::Writing};

/// How often a cell, a row or a blank that says it is repeated is written.
const MOST_REPEATED: usize = 50;

/// Reads the document.
pub(super) fn read(container: &mut Container<'_>, writing: &mut Writing) -> Result<()> {
    if let Some(manifest) = container.part("META-INF/manifest.xml")?
        && is_encrypted(&manifest)?
    {
        return Err(Error::Locked);
    }
    let text = container.part("content.xml")?.ok_or(Error::Damaged)?;
    Content::new(writing).read(&text)
}

fn is_encrypted(manifest: &str) -> Result<bool> {
    let mut xml = Xml::new(manifest);
    loop {
        match xml.next()? {
            Node::Open(element) if element.name() == "encryption-data" => return Ok(true),
            Node::End => return Ok(false),
            Node::Open(_) | Node::Close(_) | Node::Text(_) => {}
        }
    }
}

/// A row of a spreadsheet.
#[derive(Debug, Default)]
struct Row {
    text: String,
    /// Cells that stand empty before the next one.
    gap: usize,
    repeated: usize,
}

struct Content<'a> {
    flow: Flow<'a>,
    is_spreadsheet: bool,
    slides: usize,
    /// The row of a spreadsheet.
    row: Row,
    /// The cell of a spreadsheet: its text so far, and how often it stands there.
    cell: Option<(String, usize)>,
    /// The style that is being defined.
    style: String,
    hidden_styles: HashSet<String>,
    /// Paragraphs and headings that are open.
    paragraphs: usize,
    /// Notes and comments that are open; they stand within a paragraph.
    asides: usize,
    /// Whether the next paragraph is the first of an item of a list.
    is_item: bool,
}

impl<'a> Content<'a> {
    fn new(writing: &'a mut Writing) -> Self {
        Self {
            flow: Flow::new(writing),
            is_spreadsheet: false,
            slides: 0,
            row: Row::default(),
            cell: None,
            style: String::new(),
            hidden_styles: HashSet::new(),
            paragraphs: 0,
            asides: 0,
            is_item: false,
        }
    }

    fn read(mut self, text: &str) -> Result<()> {
        let mut xml = Xml::new(text);
        while !self.flow.is_full() {
            match xml.next()? {
                Node::Open(element) => self.open(&element, &mut xml)?,
                Node::Close(ending) => self.close(ending.name()),
                Node::Text(text) if self.paragraphs > 0 => self.text(&text),
                Node::Text(_) => {}
                Node::End => break,
            }
        }
        Ok(())
    }

    fn open(&mut self, element: &Element<'_>, xml: &mut Xml<'_>) -> Result<()> {
        match element.name() {
            "style" => self.style = element.attribute("name").unwrap_or_default(),
            "text-properties" if element.prefixed("text:display").is_some_and(|value| value == "none") => {
                self.hidden_styles.insert(self.style.clone());
            }
            "spreadsheet" => self.is_spreadsheet = true,
            name @ ("p" | "h") => self.open_paragraph(name == "h", element, xml)?,
            "span" if self.is_hidden(element) => self.leave_out(xml)?,
            "hidden-text" | "hidden-paragraph" if is_on(element, "is-hidden") => self.leave_out(xml)?,
            "section" if element.attribute("display").is_some_and(|value| value == "none") => {
                self.leave_out(xml)?;
            }
            "tracked-changes" => self.flow.writing().deleted += usize::from(xml.skip()?),
            "tab" => self.text("\t"),
            "line-break" => self.text("\n"),
            "s" => self.text(&" ".repeat(element.number("c").unwrap_or(1).min(MOST_REPEATED))),
            "list-item" => self.is_item = true,
            "annotation" => self.open_aside("[comment"),
            "note-body" => self.open_aside("[note:"),
            "creator" if self.asides > 0 => {
                let author = xml.text(self.flow.writing().limit())?;
                self.text(&format!(" by {author}:"));
            }
            "date" if self.asides > 0 => {
                xml.skip()?;
            }
            // the number of a note, what is told of a picture, and the picture itself
            "note-citation" | "desc" | "binary-data" => {
                xml.skip()?;
            }
            "page" => {
                self.slides += 1;
                let name = format!("slide {}", self.slides);
                self.flow.writing().mark(&name);
            }
            "notes" => self.flow.writing().line("Notes:"),
            "table" if self.is_spreadsheet => {
                let name = element.attribute("name").unwrap_or_default();
                self.flow.writing().mark(&format!("sheet {name}"));
            }
            "table-row" if self.is_spreadsheet => {
                let repeated = element.number("number-rows-repeated").unwrap_or(1).min(MOST_REPEATED);
                self.row = Row { repeated, ..Row::default() };
            }
            "table-cell" | "covered-table-cell" if self.is_spreadsheet => {
                let repeated = element.number("number-columns-repeated").unwrap_or(1);
                self.cell = Some((String::new(), repeated));
            }
            "table-row" => self.flow.open_row(),
            "table-cell" | "covered-table-cell" => self.flow.open_cell(),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h" => {
                self.paragraphs = self.paragraphs.saturating_sub(1);
                if !self.is_inline() {
                    self.flow.close_paragraph();
                }
            }
            "annotation" | "note-body" => {
                self.asides = self.asides.saturating_sub(1);
                self.text("]");
            }
            "table-cell" | "covered-table-cell" if self.is_spreadsheet => self.close_cell(),
            "table-row" if self.is_spreadsheet => {
                let row = std::mem::take(&mut self.row);
                let times = if row.text.is_empty() { 0 } else { row.repeated };
                for _ in 0..times {
                    self.flow.writing().line(&row.text);
                }
            }
            "table-cell" | "covered-table-cell" => self.flow.close_cell(),
            "table-row" => self.flow.close_row(),
            _ => {}
        }
    }

    fn open_paragraph(&mut self, is_heading: bool, element: &Element<'_>, xml: &mut Xml<'_>) -> Result<()> {
        if self.is_hidden(element) {
            return self.leave_out(xml);
        }
        self.paragraphs += 1;
        if self.is_inline() {
            self.text(" ");
            return Ok(());
        }
        self.flow.open_paragraph();
        if std::mem::take(&mut self.is_item) {
            self.flow.prefix("- ");
        }
        if is_heading {
            let level = element.number("outline-level").unwrap_or(1).clamp(1, 9);
            self.flow.prefix(&format!("{} ", "#".repeat(level)));
        }
        Ok(())
    }

    fn open_aside(&mut self, mark: &str) {
        self.text(mark);
        self.asides += 1;
    }

    /// Whether paragraphs are parts of a line here.
    fn is_inline(&self) -> bool {
        self.cell.is_some() || self.asides > 0
    }

    fn is_hidden(&self, element: &Element<'_>) -> bool {
        element.attribute("style-name").is_some_and(|name| self.hidden_styles.contains(&name))
    }

    fn leave_out(&mut self, xml: &mut Xml<'_>) -> Result<()> {
        self.flow.writing().hidden += usize::from(xml.skip()?);
        Ok(())
    }

    fn text(&mut self, more: &str) {
        let limit = self.flow.writing().limit();
        match &mut self.cell {
            None => self.flow.text(more),
            Some((cell, _)) if cell.len() > limit => self.flow.writing().cut(),
            Some((cell, _)) => cell.push_str(more),
        }
    }

    fn close_cell(&mut self) {
        let Some((cell, repeated)) = self.cell.take() else { return };
        let cell = cell.trim().replace(['\n', '\t'], " ");
        if cell.is_empty() {
            self.row.gap = self.row.gap.saturating_add(repeated);
            return;
        }
        let limit = self.flow.writing().limit();
        for _ in 0..repeated.min(MOST_REPEATED) {
            if self.row.text.len() > limit {
                self.flow.writing().cut();
                return;
            }
            self.row.text.push_str(&"\t".repeat(self.row.gap.min(MOST_REPEATED)));
            self.row.text.push_str(&cell);
            self.row.gap = 1;
        }
    }
}

fn is_on(element: &Element<'_>, name: &str) -> bool {
    element.attribute(name).is_none_or(|value| is_true(&value))
}
