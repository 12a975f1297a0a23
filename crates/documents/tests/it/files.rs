//! What the tests read, and whom they ask.

use std::io::{Cursor, Write as _};

use bytes::Bytes;
use documents::{Error, Kind, Limits, Reader, Text};
use zip::{ZipWriter, write::SimpleFileOptions};

/// A reader with the child of this crate.
pub(crate) fn reader(limits: Limits) -> Reader {
    Reader::new(env!("CARGO_BIN_EXE_read-document").into(), Vec::new(), limits)
}

/// The text of a file, with the product's limits.
pub(crate) async fn read(kind: Kind, bytes: impl Into<Bytes>) -> Result<Text, Error> {
    reader(patient()).text(kind, bytes.into()).await
}

/// The product's limits, but for a machine that does other things besides.
pub(crate) fn patient() -> Limits {
    Limits { wall: std::time::Duration::from_mins(2), cpu_seconds: 60, ..Limits::default() }
}

/// Texts one after the other.
pub(crate) fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<String>>().concat()
}

/// The lowest byte of a number.
pub(crate) fn byte(number: u32) -> u8 {
    number.to_le_bytes()[0]
}

/// A zip archive.
pub(crate) fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// Relations: id, sort, target.
pub(crate) fn relations(of: &[(&str, &str, &str)]) -> String {
    let each = joined(of.iter().map(|(id, sort, target)| {
        format!("<Relationship Id='{id}' Type='{RELATION}/{sort}' Target='{target}'/>")
    }));
    format!("<?xml version='1.0'?><Relationships>{each}</Relationships>")
}

/// A document of Office Open XML whose main part is `part`, with further parts.
pub(crate) fn package(part: &str, xml: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let root = relations(&[("rId1", "officeDocument", part)]);
    let mut parts = vec![("[Content_Types].xml", "<Types/>"), ("_rels/.rels", &root), (part, xml)];
    parts.extend(more);
    archive(&parts)
}

/// A `.docx` with this body.
pub(crate) fn docx(body: &str, more: &[(&str, &str)]) -> Vec<u8> {
    package("word/document.xml", &format!("<w:document><w:body>{body}</w:body></w:document>"), more)
}

/// A paragraph of a `.docx`.
pub(crate) fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

/// An OpenDocument file with this content.
pub(crate) fn open_document(sort: &str, content: &str) -> Vec<u8> {
    archive(&[
        ("mimetype", &format!("application/vnd.oasis.opendocument.{sort}")),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
        ("content.xml", content),
    ])
}

/// A PDF of these objects, numbered from 1; the first is the catalog.
pub(crate) fn pdf(objects: &[String]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        write!(file, "{} 0 obj\n{object}\nendobj\n", index + 1).unwrap();
    }
    let xref = file.len();
    write!(file, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).unwrap();
    for place in places {
        writeln!(file, "{place:010} 00000 n ").unwrap();
    }
    write!(file, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n", objects.len() + 1)
        .unwrap();
    file
}

/// A stream of a PDF.
pub(crate) fn stream(entries: &str, content: &str) -> String {
    format!("<< {entries} /Length {} >>\nstream\n{content}\nendstream", content.len())
}

/// A PDF with a page for each of these contents.
pub(crate) fn pages(contents: &[&str]) -> Vec<u8> {
    let kids = joined((0..contents.len()).map(|page| format!("{} 0 R ", 4 + 2 * page)));
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [ {kids}] /Count {} /MediaBox [0 0 612 792] >>", contents.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (page, content) in contents.iter().enumerate() {
        let resources = "/Resources << /Font << /F1 3 0 R >> >>";
        objects.push(format!("<< /Type /Page /Parent 2 0 R {resources} /Contents {} 0 R >>", 5 + 2 * page));
        objects.push(stream("", content));
    }
    pdf(&objects)
}

/// The content of a page that shows lines.
pub(crate) fn lines(lines: &[&str]) -> String {
    let shown = joined(lines.iter().map(|line| format!("({line}) Tj 0 -14 Td ")));
    format!("BT /F1 12 Tf 72 720 Td {shown}ET")
}
