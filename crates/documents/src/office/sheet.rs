//! The text of an `.xlsx`: its sheets in order, a line a row, cells divided by tabs. Formulas give the value
//! that was last calculated. Hidden sheets are given and marked, since their values count in the others.

use std::collections::HashMap;

use super::{
    container::Container,
    number,
    relations::Relations,
    xml::{Element, Node, Xml, is_true},
};
use crate::{Result, text::Writing};

/// Cells that may stand empty before one that does not. Beyond, the distance tells nothing.
const WIDEST_GAP: usize = 50;

/// What all sheets share.
#[derive(Debug, Default)]
struct Book {
    strings: Vec<String>,
    /// For each style of cells, whether a number in it is a date.
    dates: Vec<bool>,
    is_1904: bool,
}

#[derive(Debug)]
struct Sheet {
    name: String,
    is_hidden: bool,
    relation: String,
}

/// Reads the sheets.
pub(super) fn read(
    container: &mut Container<'_>,
    part: &str,
    xml: &str,
    writing: &mut Writing,
) -> Result<()> {
    let relations = Relations::of(container, part)?;
    let (sheets, is_1904) = sheets(xml)?;
    let mut book = Book { is_1904, ..Book::default() };
    if let Some(text) =
        relations.first("sharedStrings").map(|part| container.part(part)).transpose()?.flatten()
    {
        book.strings = strings(&text, writing.limit())?;
    }
    if let Some(text) = relations.first("styles").map(|part| container.part(part)).transpose()?.flatten() {
        book.dates = dates(&text)?;
    }
    for sheet in sheets {
        if writing.is_full() {
            break;
        }
        let hidden = if sheet.is_hidden { " (hidden)" } else { "" };
        writing.mark(&format!("sheet {}{hidden}", sheet.name));
        // a sheet may be a chart or a macro, which have no cells
        if let Some(part) = relations.part(&sheet.relation)
            && let Some(text) = container.part(part)?
        {
            book.read_sheet(&text, writing)?;
        }
    }
    Ok(())
}

fn sheets(text: &str) -> Result<(Vec<Sheet>, bool)> {
    let mut sheets = Vec::new();
    let mut is_1904 = false;
    let mut xml = Xml::new(text);
    loop {
        match xml.next()? {
            Node::Open(element) if element.name() == "sheet" => sheets.push(Sheet {
                name: element.attribute("name").unwrap_or_default(),
                is_hidden: element.attribute("state").is_some_and(|state| state != "visible"),
                relation: element.prefixed("r:id").or_else(|| element.attribute("id")).unwrap_or_default(),
            }),
            Node::Open(element) if element.name() == "workbookPr" => {
                is_1904 = element.attribute("date1904").is_some_and(|value| is_true(&value));
            }
            Node::End => return Ok((sheets, is_1904)),
            Node::Open(_) | Node::Close(_) | Node::Text(_) => {}
        }
    }
}

fn strings(text: &str, limit: usize) -> Result<Vec<String>> {
    let mut strings: Vec<String> = Vec::new();
    let mut xml = Xml::new(text);
    loop {
        match xml.next()? {
            Node::Open(element) => match element.name() {
                "si" => strings.push(String::new()),
                "t" => {
                    let text = xml.text(limit)?;
                    if let Some(string) = strings.last_mut() {
                        string.push_str(&text);
                    }
                }
                // how it is pronounced
                "rPh" => {
                    xml.skip()?;
                }
                _ => {}
            },
            Node::End => return Ok(strings),
            Node::Close(_) | Node::Text(_) => {}
        }
    }
}

fn dates(text: &str) -> Result<Vec<bool>> {
    let mut own: HashMap<usize, String> = HashMap::new();
    let mut dates = Vec::new();
    let mut is_in_cell_formats = false;
    let mut xml = Xml::new(text);
    loop {
        match xml.next()? {
            Node::Open(element) => match element.name() {
                "numFmt" => own.extend(element.number("numFmtId").zip(element.attribute("formatCode"))),
                "cellXfs" => is_in_cell_formats = true,
                "xf" if is_in_cell_formats => {
                    let id = element.number("numFmtId").unwrap_or_default();
                    dates.push(number::is_date(id, own.get(&id).map(String::as_str)));
                }
                _ => {}
            },
            Node::Close(ending) if ending.name() == "cellXfs" => is_in_cell_formats = false,
            Node::End => return Ok(dates),
            Node::Close(_) | Node::Text(_) => {}
        }
    }
}

impl Book {
    fn read_sheet(&self, text: &str, writing: &mut Writing) -> Result<()> {
        let mut xml = Xml::new(text);
        // cells of the row so far, and those that stand empty before the next one
        let (mut cells, mut column) = (0, 0);
        while !writing.is_full() {
            match xml.next()? {
                Node::Open(element) => match element.name() {
                    "row" => (cells, column) = (0, 0),
                    "c" => {
                        let at = element.attribute("r").and_then(|place| column_of(&place)).unwrap_or(column);
                        column = at.saturating_add(1);
                        let value = self.value(&element, &mut xml, writing.limit())?;
                        if value.is_empty() {
                            continue;
                        }
                        let gap = at.saturating_sub(cells);
                        writing.push(&"\t".repeat(gap.min(WIDEST_GAP)));
                        // a line break or tab within a cell would pass for the end of it
                        writing.push(&value.replace(['\n', '\r', '\t'], " "));
                        cells = at;
                    }
                    // what is printed on each page, and remarks for the program
                    "headerFooter" | "extLst" => {
                        xml.skip()?;
                    }
                    _ => {}
                },
                Node::Close(ending) if ending.name() == "row" => writing.end_line(),
                Node::End => break,
                Node::Close(_) | Node::Text(_) => {}
            }
        }
        Ok(())
    }

    /// The value of the cell that has just begun.
    fn value(&self, cell: &Element<'_>, xml: &mut Xml<'_>, limit: usize) -> Result<String> {
        let sort = cell.attribute("t").unwrap_or_default();
        let style = cell.number("s").unwrap_or_default();
        let depth = xml.depth();
        let (mut value, mut formula) = (String::new(), String::new());
        while xml.depth() >= depth {
            match xml.next()? {
                Node::Open(element) => match element.name() {
                    "v" => value = xml.text(limit)?,
                    "f" => formula = xml.text(limit)?,
                    "t" => value.push_str(&xml.text(limit)?),
                    "rPh" => {
                        xml.skip()?;
                    }
                    _ => {}
                },
                Node::End => break,
                Node::Close(_) | Node::Text(_) => {}
            }
        }
        if value.is_empty() && !formula.is_empty() {
            // nobody has calculated it yet
            return Ok(format!("={formula}"));
        }
        Ok(match sort.as_str() {
            "s" => {
                let index = value.trim().parse().ok();
                index.and_then(|index: usize| self.strings.get(index)).cloned().unwrap_or_default()
            }
            "b" => if value.trim() == "0" { "FALSE" } else { "TRUE" }.to_owned(),
            "" | "n" => self.number(value.trim(), style),
            _ => value,
        })
    }

    fn number(&self, value: &str, style: usize) -> String {
        let is_date = self.dates.get(style).copied().unwrap_or_default();
        let date =
            value.parse().ok().filter(|_| is_date).and_then(|serial| number::date(serial, self.is_1904));
        date.unwrap_or_else(|| number::plain(value))
    }
}

/// The column of a place such as `AB12`, counted from 0.
fn column_of(place: &str) -> Option<usize> {
    const WIDEST_SHEET: usize = 16_384;
    let letters = place.bytes().take_while(u8::is_ascii_alphabetic);
    let column = letters
        .take(4)
        .fold(0, |column, letter| column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    (1..=WIDEST_SHEET).contains(&column).then(|| column - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_name_their_column() {
        assert_eq!(column_of("A1"), Some(0));
        assert_eq!(column_of("AB12"), Some(27));
        assert_eq!(column_of("XFD1"), Some(16_383));
        assert_eq!(column_of("XFE1"), None);
        assert_eq!(column_of("12"), None);
    }

    #[test]
    fn cells_keep_their_columns_and_dates_their_format() {
        let book = Book { strings: vec!["total\nsum".to_owned()], dates: vec![false, true], is_1904: false };
        let mut writing = Writing::new(1000);
        let rows = r#"<worksheet><sheetData>
            <row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1"><v>1.5</v></c><c r="D1" s="1"><v>45292</v></c></row>
            <row r="2"><c r="B2" t="b"><v>1</v></c><c t="inlineStr"><is><t>in</t><rPh><t>no</t></rPh></is></c></row>
            <row r="3"><c r="A3"><f>SUM(C1:C2)</f></c><c r="B3" t="e"><v>#N/A</v></c><c r="C3" t="s"><v>9</v></c></row>
            <row r="4"><c r="XFD4"><v>7</v></c></row>
            </sheetData></worksheet>"#;
        book.read_sheet(rows, &mut writing).unwrap();
        let expected = format!(
            "total sum\t\t1.5\t2024-01-01\n\tTRUE\tin\n=SUM(C1:C2)\t#N/A\n{}7",
            "\t".repeat(WIDEST_GAP)
        );
        assert_eq!(writing.finish().text, expected);
    }
}
