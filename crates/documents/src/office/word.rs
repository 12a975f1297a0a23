//! The text of a `.docx`: what a person reads on the page. Deleted and hidden text stays out and is counted;
//! headers and footers, which repeat on every page, are not read. Notes and comments follow at the end.

use std::collections::HashMap;

use super::{
    container::Container,
    flow::Flow,
    relations::Relations,
    xml::{Element, Node, Xml},
};
use crate::{Result, text::Writing};

/// Letters smaller than this cannot be read, in half points.
const SMALLEST: usize = 4;
/// How far styles are followed to those they are based on.
const LONGEST_CHAIN: usize = 16;

/// What a style says that matters to the text.
#[derive(Debug, Default, Clone)]
struct Style {
    name: String,
    based_on: String,
    is_hidden: bool,
    is_list: bool,
}

#[derive(Debug, Default)]
struct Styles(HashMap<String, Style>);

impl Styles {
    fn read(text: &str) -> Result<Self> {
        let mut styles = HashMap::new();
        let mut current: Option<(String, Style)> = None;
        let mut xml = Xml::new(text);
        loop {
            match xml.next()? {
                Node::Open(element) => {
                    if element.name() == "style" {
                        current = element.attribute("styleId").map(|id| (id, Style::default()));
                    }
                    let (Some((_, style)), Some(value)) = (current.as_mut(), element.attribute("val")) else {
                        if let Some((_, style)) = current.as_mut().filter(|_| element.name() == "vanish") {
                            style.is_hidden = true;
                        }
                        continue;
                    };
                    match element.name() {
                        "name" => style.name = value,
                        "basedOn" => style.based_on = value,
                        "vanish" => style.is_hidden = element.is_on(),
                        "numId" => style.is_list = value != "0",
                        "sz" => style.is_hidden |= is_tiny(&element),
                        _ => {}
                    }
                }
                Node::Close(ending) if ending.name() == "style" => styles.extend(current.take()),
                Node::End => return Ok(Self(styles)),
                Node::Close(_) | Node::Text(_) => {}
            }
        }
    }

    /// Whether this holds for a style or one that it is based on.
    fn any(&self, id: &str, claim: impl Fn(&Style) -> bool) -> bool {
        let mut style = self.0.get(id);
        for _ in 0..LONGEST_CHAIN {
            match style {
                Some(found) if claim(found) => return true,
                Some(found) => style = self.0.get(&found.based_on),
                None => return false,
            }
        }
        false
    }

    fn is_hidden(&self, id: &str) -> bool {
        self.any(id, |style| style.is_hidden)
    }

    /// The level of a heading. The name is the same in every language, the id is not.
    fn heading(&self, id: &str) -> Option<usize> {
        let name = self.0.get(id)?.name.to_ascii_lowercase();
        if name == "title" {
            return Some(1);
        }
        name.strip_prefix("heading ")?.parse().ok().filter(|level| (1..=9).contains(level))
    }
}

fn is_tiny(size: &Element<'_>) -> bool {
    size.number("val").is_some_and(|half_points| half_points < SMALLEST)
}

/// Reads the document and the notes to it.
pub(super) fn read(
    container: &mut Container<'_>,
    part: &str,
    xml: &str,
    writing: &mut Writing,
) -> Result<()> {
    let relations = Relations::of(container, part)?;
    let styles = match relations.first("styles") {
        Some(part) => container.part(part)?.map(|text| Styles::read(&text)).transpose()?.unwrap_or_default(),
        None => Styles::default(),
    };
    Story::new(&styles, writing).read(xml)?;
    for notes in ["footnotes", "endnotes", "comments"] {
        let Some(part) = relations.first(notes) else { continue };
        let Some(text) = container.part(part)? else { continue };
        if writing.is_full() {
            break;
        }
        writing.end_line();
        Story::new(&styles, writing).read(&text)?;
    }
    Ok(())
}

/// Whose properties are read. A paragraph's hold those of the run at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Paragraph,
    Run,
}

/// One stream of paragraphs.
struct Story<'a> {
    styles: &'a Styles,
    flow: Flow<'a>,
    /// For each open paragraph whether its style hides it.
    hidden_paragraphs: Vec<bool>,
    /// Whose properties are open; a tab is a stop there and a deletion a mark.
    properties: Option<Owner>,
    /// Whether its style has given the paragraph its beginning.
    is_marked: bool,
    is_run_hidden: bool,
    /// What the next paragraph begins with: the number of a note.
    label: String,
}

impl<'a> Story<'a> {
    fn new(styles: &'a Styles, writing: &'a mut Writing) -> Self {
        Self {
            styles,
            flow: Flow::new(writing),
            hidden_paragraphs: Vec::new(),
            properties: None,
            is_marked: false,
            is_run_hidden: false,
            label: String::new(),
        }
    }

    fn read(mut self, text: &str) -> Result<()> {
        let mut xml = Xml::new(text);
        while !self.flow.is_full() {
            match xml.next()? {
                Node::Open(element) if self.properties.is_some() => self.property(&element),
                Node::Open(element) => self.open(&element, &mut xml)?,
                Node::Close(ending) => self.close(ending.name()),
                Node::Text(_) => {}
                Node::End => break,
            }
        }
        Ok(())
    }

    fn open(&mut self, element: &Element<'_>, xml: &mut Xml<'_>) -> Result<()> {
        match element.name() {
            "p" => {
                self.flow.open_paragraph();
                self.flow.prefix(&std::mem::take(&mut self.label));
                self.hidden_paragraphs.push(false);
                self.is_marked = false;
            }
            "pPr" => self.properties = Some(Owner::Paragraph),
            "rPr" => self.properties = Some(Owner::Run),
            "r" => self.is_run_hidden = self.hidden_paragraphs.last().copied().unwrap_or_default(),
            "t" => {
                let text = xml.text(self.flow.writing().limit())?;
                if !self.is_run_hidden {
                    self.flow.text(&text);
                } else if !text.trim().is_empty() {
                    self.flow.writing().hidden += 1;
                }
            }
            "tab" | "ptab" => self.flow.text("\t"),
            "br" | "cr" => self.flow.text("\n"),
            "noBreakHyphen" => self.flow.text("-"),
            "tr" => self.flow.open_row(),
            "tc" => self.flow.open_cell(),
            // text before it was changed or moved away
            "del" | "moveFrom" => self.flow.writing().deleted += usize::from(xml.skip()?),
            // the same again for older programs; properties of tables and controls
            "Fallback" | "tblPr" | "tblGrid" | "trPr" | "tcPr" | "sectPr" | "sdtPr" => {
                xml.skip()?;
            }
            "footnoteReference" => self.reference(element, ""),
            "endnoteReference" => self.reference(element, "e"),
            name @ ("footnote" | "endnote") => {
                // what separates notes from the page is kept as notes too
                if element.attribute("type").is_some_and(|sort| sort != "normal") {
                    xml.skip()?;
                } else {
                    let kind = if name == "endnote" { "e" } else { "" };
                    self.label = format!("[^{kind}{}]: ", element.attribute("id").unwrap_or_default());
                }
            }
            "comment" => {
                let author = element.attribute("author").unwrap_or_default();
                self.label = format!("[comment by {author}]: ");
            }
            _ => {}
        }
        Ok(())
    }

    fn property(&mut self, element: &Element<'_>) {
        let value = || element.attribute("val").unwrap_or_default();
        match element.name() {
            "pStyle" => {
                let style = value();
                if let Some(level) = self.styles.heading(&style) {
                    self.is_marked = true;
                    self.flow.prefix(&format!("{} ", "#".repeat(level)));
                } else if self.styles.any(&style, |style| style.is_list) {
                    self.is_marked = true;
                    self.flow.prefix("- ");
                }
                if let Some(hidden) = self.hidden_paragraphs.last_mut() {
                    *hidden = self.styles.is_hidden(&style);
                }
            }
            "numId" if value() != "0" && !self.is_marked => self.flow.prefix("- "),
            "rStyle" => self.is_run_hidden |= self.styles.is_hidden(&value()),
            "vanish" => self.is_run_hidden = element.is_on(),
            "sz" => self.is_run_hidden |= is_tiny(element),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" => {
                self.flow.close_paragraph();
                self.hidden_paragraphs.pop();
            }
            "pPr" => self.properties = None,
            "rPr" if self.properties == Some(Owner::Run) => self.properties = None,
            "tc" => self.flow.close_cell(),
            "tr" => self.flow.close_row(),
            _ => {}
        }
    }

    fn reference(&mut self, element: &Element<'_>, kind: &str) {
        let id = element.attribute("id").unwrap_or_default();
        self.flow.text(&format!("[^{kind}{id}]"));
    }
}
