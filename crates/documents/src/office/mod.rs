//! The text of office documents: Office Open XML and OpenDocument. Runs in the child only.
//!
//! Both are zip archives of XML; which one it is, is read from the archive. Own readers over `zip` and
//! `quick-xml`, so that one set of bounds holds for all of them.

mod container;
mod flow;
mod number;
mod open_document;
mod relations;
mod sheet;
mod slides;
mod word;
mod xml;

use container::Container;
use relations::Relations;
use xml::{Node, Xml};

use crate::{
    Error, Limits, Result, Text,
    kind::{self, COMPOUND},
    text::Writing,
};

/// Reads whatever office document this is.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Text> {
    if bytes.starts_with(COMPOUND) {
        let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        return Err(if kind::contains(bytes, &name) { Error::Locked } else { Error::Unsupported });
    }
    let mut container = Container::open(bytes, limits)?;
    let mut writing = Writing::new(limits.text);
    let media_type = container.part("mimetype")?.unwrap_or_default();
    if media_type.starts_with("application/vnd.oasis.opendocument.") {
        open_document::read(&mut container, &mut writing)?;
        return Ok(writing.finish());
    }
    let part = main_part(&mut container)?;
    let xml = container.part(&part)?.ok_or(Error::Damaged)?;
    match root(&xml)?.as_str() {
        "document" => word::read(&mut container, &part, &xml, &mut writing)?,
        "workbook" => sheet::read(&mut container, &part, &xml, &mut writing)?,
        "presentation" => slides::read(&mut container, &part, &xml, &mut writing)?,
        _ => return Err(Error::Unsupported),
    }
    Ok(writing.finish())
}

/// The name of the part that is the document itself.
fn main_part(container: &mut Container<'_>) -> Result<String> {
    let relations = Relations::of_package(container)?;
    let usual = || {
        ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"]
            .into_iter()
            .find(|name| container.has(name))
            .map(str::to_owned)
    };
    let part =
        relations.first("officeDocument").map(str::to_owned).or_else(usual).ok_or(Error::Unsupported)?;
    // the binary form of a workbook
    if part == "xl/workbook.bin" { Err(Error::Unsupported) } else { Ok(part) }
}

fn root(xml: &str) -> Result<String> {
    let mut xml = Xml::new(xml);
    loop {
        match xml.next()? {
            Node::Open(element) => return Ok(element.name().to_owned()),
            Node::End => return Err(Error::Damaged),
            Node::Close(_) | Node::Text(_) => {}
        }
    }
}
