//! The text of a `.pptx`: its slides in their order, each with its notes. Hidden slides are given and marked;
//! hidden shapes stay out and are counted.

use super::{
    container::Container,
    flow::Flow,
    relations::Relations,
    xml::{Node, Xml, is_true},
};
use crate::{Result, text::Writing};

/// Reads the slides.
pub(super) fn read(
    container: &mut Container<'_>,
    part: &str,
    xml: &str,
    writing: &mut Writing,
) -> Result<()> {
    let relations = Relations::of(container, part)?;
    for (index, id) in slide_ids(xml)?.iter().enumerate() {
        let Some(part) = relations.part(id) else { continue };
        let Some(slide) = container.part(part)? else { continue };
        if writing.is_full() {
            break;
        }
        let hidden = if is_hidden(&slide)? { " (hidden)" } else { "" };
        writing.mark(&format!("slide {}{hidden}", index + 1));
        read_shapes(&slide, writing)?;
        let relations = Relations::of(container, part)?;
        if let Some(notes) =
            relations.first("notesSlide").map(|part| container.part(part)).transpose()?.flatten()
        {
            let mut about = Writing::new(writing.limit());
            read_shapes(&notes, &mut about)?;
            writing.hidden += about.hidden;
            let about = about.finish().text;
            if !about.is_empty() {
                writing.line("Notes:");
                writing.line(&about);
            }
        }
    }
    Ok(())
}

/// The relations of the slides, in the order in which they are shown.
fn slide_ids(text: &str) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut xml = Xml::new(text);
    loop {
        match xml.next()? {
            Node::Open(element) if element.name() == "sldId" => ids.extend(element.prefixed("r:id")),
            Node::End => return Ok(ids),
            Node::Open(_) | Node::Close(_) | Node::Text(_) => {}
        }
    }
}

fn is_hidden(slide: &str) -> Result<bool> {
    let mut xml = Xml::new(slide);
    loop {
        match xml.next()? {
            Node::Open(root) => return Ok(root.attribute("show").is_some_and(|value| !is_true(&value))),
            Node::End => return Ok(false),
            Node::Close(_) | Node::Text(_) => {}
        }
    }
}

fn read_shapes(text: &str, writing: &mut Writing) -> Result<()> {
    let mut flow = Flow::new(writing);
    let mut xml = Xml::new(text);
    while !flow.is_full() {
        match xml.next()? {
            Node::Open(element) => match element.name() {
                "p" => flow.open_paragraph(),
                "t" => {
                    let text = xml.text(flow.writing().limit())?;
                    flow.text(&text);
                }
                "br" => flow.text("\n"),
                "tr" => flow.open_row(),
                "tc" => flow.open_cell(),
                "cNvPr" if element.attribute("hidden").is_some_and(|value| is_true(&value)) => {
                    // it stands within the properties of its shape: sp/nvSpPr/cNvPr
                    let shape = xml.depth().saturating_sub(2).max(1);
                    flow.writing().hidden += usize::from(xml.skip_below(shape)?);
                }
                // the number of the slide and the like; the same again for older programs
                "fld" if element.attribute("type").is_some_and(|sort| sort == "slidenum") => {
                    xml.skip()?;
                }
                "Fallback" => {
                    xml.skip()?;
                }
                _ => {}
            },
            Node::Close(ending) => match ending.name() {
                "p" => flow.close_paragraph(),
                "tc" => flow.close_cell(),
                "tr" => flow.close_row(),
                _ => {}
            },
            Node::Text(_) => {}
            Node::End => break,
        }
    }
    Ok(())
}
