//! Office files as containers: wrong names, passwords, bombs, nesting, damage.

use documents::{Error, Kind, Limits};

use crate::files::{
    archive, docx, joined, lines, open_document, package, pages, paragraph, patient, read, reader,
};

#[tokio::test]
async fn a_file_with_a_wrong_name_is_read_as_what_it_is() {
    let file = docx(&paragraph("a letter"), &[]);
    for claimed in [Kind::Pdf, Kind::Xlsx, Kind::Pptx, Kind::OpenDocument] {
        assert_eq!(read(claimed, file.clone()).await.unwrap().text, "a letter");
    }
    let file = pages(&[&lines(&["a page"])]);
    assert_eq!(read(Kind::Docx, file).await.unwrap().text, "--- page 1 ---\na page");
    let picture = b"\x89PNG\r\n\x1A\n".to_vec();
    assert_eq!(read(Kind::Docx, picture).await, Err(Error::Unsupported));
}

/// An old Office file: its directory names the streams in UTF-16.
fn compound(stream: &str) -> Vec<u8> {
    let mut file = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    file.resize(1024, 0);
    file.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
    file.resize(4096, 0);
    file
}

/// The same archive with every entry marked as encrypted.
fn with_password(mut file: Vec<u8>) -> Vec<u8> {
    for at in 0..file.len() - 4 {
        match &file[at..at + 4] {
            b"PK\x03\x04" => file[at + 6] |= 1,
            b"PK\x01\x02" => file[at + 8] |= 1,
            _ => {}
        }
    }
    file
}

#[tokio::test]
async fn files_under_a_password_are_told_from_files_that_nothing_here_reads() {
    for kind in [Kind::Docx, Kind::Xlsx, Kind::Pptx] {
        assert_eq!(read(kind, compound("EncryptedPackage")).await, Err(Error::Locked));
        assert_eq!(read(kind, compound("WordDocument")).await, Err(Error::Unsupported));
    }
    let file = with_password(docx(&paragraph("secret"), &[]));
    assert_eq!(read(Kind::Docx, file).await, Err(Error::Locked));
    let locked = archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        (
            "META-INF/manifest.xml",
            "<m:manifest><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>",
        ),
        ("content.xml", "\u{1}\u{2}"),
    ]);
    assert_eq!(read(Kind::OpenDocument, locked).await, Err(Error::Locked));
    let other = archive(&[("readme.txt", "an archive of something else")]);
    assert_eq!(read(Kind::Docx, other).await, Err(Error::Unsupported));
    let binary = package("xl/workbook.bin", "\u{1}", &[]);
    assert_eq!(read(Kind::Xlsx, binary).await, Err(Error::Unsupported));
}

#[tokio::test]
async fn what_unpacks_to_more_than_is_read_is_too_large() {
    let limits = || Limits { unpacked: 1_000_000, ..patient() };
    let bomb = docx(&" ".repeat(1_100_000), &[]);
    assert!(bomb.len() < 10_000);
    assert_eq!(reader(limits()).text(Kind::Docx, bomb.into()).await, Err(Error::TooLarge));
    // each part is small enough, all together are not
    let rows = format!("<worksheet>{}</worksheet>", " ".repeat(300_000));
    let names: Vec<String> = (0..4).map(|sheet| format!("xl/worksheets/sheet{sheet}.xml")).collect();
    let ids: Vec<String> = (0..4).map(|sheet| format!("r{sheet}")).collect();
    let related: Vec<_> = (0..4).map(|i| (ids[i].as_str(), "worksheet", &names[i]["xl/".len()..])).collect();
    let sheets = joined((0..4).map(|i| format!("<sheet name='{i}' r:id='r{i}'/>")));
    let relations = crate::files::relations(&related);
    let mut parts = vec![("xl/_rels/workbook.xml.rels", relations.as_str())];
    parts.extend(names.iter().map(|name| (name.as_str(), rows.as_str())));
    let book = package("xl/workbook.xml", &format!("<workbook><sheets>{sheets}</sheets></workbook>"), &parts);
    assert_eq!(reader(limits()).text(Kind::Xlsx, book.into()).await, Err(Error::TooLarge));
}

#[tokio::test]
async fn a_part_that_was_packed_as_no_text_packs_is_too_large_before_all_is_unpacked() {
    let bomb = docx(&" ".repeat(20_000_000), &[]);
    assert_eq!(read(Kind::Docx, bomb).await, Err(Error::TooLarge));
}

#[tokio::test]
async fn files_that_are_too_long_or_of_too_many_entries_are_too_large() {
    let limits = Limits { input: 1000, ..patient() };
    assert_eq!(reader(limits).text(Kind::Docx, vec![0; 1001].into()).await, Err(Error::TooLarge));
    let limits = Limits { entries: 2, ..patient() };
    let file = docx(&paragraph("three parts"), &[]);
    assert_eq!(reader(limits).text(Kind::Docx, file.into()).await, Err(Error::TooLarge));
}

#[tokio::test]
async fn entities_that_multiply_are_refused() {
    let laughs = joined((1..10).map(|i| format!("<!ENTITY l{i} '{}'>", format!("&l{};", i - 1).repeat(10))));
    let xml = format!(
        "<!DOCTYPE d [<!ENTITY l0 'ha'>{laughs}]><w:document><w:p><w:r><w:t>&l9;</w:t></w:r></w:p></w:document>"
    );
    assert_eq!(read(Kind::Docx, package("word/document.xml", &xml, &[])).await, Err(Error::Damaged));
    let undeclared = docx(&paragraph("&l9;"), &[]);
    assert_eq!(read(Kind::Docx, undeclared).await, Err(Error::Damaged));
}

#[tokio::test]
async fn a_hundred_thousand_elements_within_each_other_are_refused() {
    let deep = |element: &str| {
        format!("{}{}", format!("<{element}>").repeat(100_000), format!("</{element}>").repeat(100_000))
    };
    for element in ["w:tbl", "w:tr", "w:p", "w:del"] {
        assert_eq!(read(Kind::Docx, docx(&deep(element), &[])).await, Err(Error::Damaged), "{element}");
    }
    assert_eq!(read(Kind::OpenDocument, open_document("text", &deep("text:p"))).await, Err(Error::Damaged));
}

#[tokio::test]
async fn names_of_parts_are_never_paths() {
    let file = archive(&[
        ("_rels/.rels", &crate::files::relations(&[("r", "officeDocument", "../../../../etc/passwd")])),
        ("../../../../etc/passwd", "<w:document/>"),
    ]);
    assert_eq!(read(Kind::Docx, file).await, Err(Error::Damaged));
}
