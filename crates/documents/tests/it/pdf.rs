//! PDF: pages, passwords, damage, and what its reader cannot take.

use bytes::Bytes;
use documents::{Error, Kind, Limits, Note};
use pdf_extract::{
    Dictionary, Document, EncryptionState, EncryptionVersion, Object, Permissions, StringFormat,
};

use crate::files::{lines, pages, patient, pdf, read, reader, stream};

#[tokio::test]
async fn pages_are_read_in_order_and_marked() {
    let file = pages(&[&lines(&["Invoice 42", "Total 10 EUR"]), &lines(&["Thank you"])]);
    let text = read(Kind::Pdf, file).await.unwrap();
    assert_eq!(text.text, "--- page 1 ---\nInvoice 42\nTotal 10 EUR\n\n--- page 2 ---\nThank you");
    assert!(!text.is_cut && text.notes.is_empty());
}

#[tokio::test]
async fn a_page_that_cannot_be_read_does_not_cost_the_others() {
    let file = pages(&[&lines(&["first"]), "BT /Missing 12 Tf (lost) Tj ET", &lines(&["third"])]);
    let text = read(Kind::Pdf, file).await.unwrap();
    assert!(text.text.contains("first") && text.text.contains("third"), "{}", text.text);
    assert_eq!(text.notes, [Note::Unreadable(1)]);
}

#[tokio::test]
async fn pages_without_text_are_said_to_have_none() {
    let text = read(Kind::Pdf, pages(&["", "0 0 m 10 10 l S"])).await.unwrap();
    assert_eq!(text.notes, [Note::NoText]);
}

#[tokio::test]
async fn pages_beyond_the_limit_and_text_beyond_the_limit_are_cut() {
    let file = pages(&[&lines(&["first"]), &lines(&["second"])]);
    let text = reader(Limits { pages: 1, ..patient() }).text(Kind::Pdf, file.clone().into()).await.unwrap();
    assert_eq!((text.text.as_str(), text.is_cut), ("--- page 1 ---\nfirst", true));
    let text = reader(Limits { text: 17, ..patient() }).text(Kind::Pdf, file.into()).await.unwrap();
    assert_eq!((text.text.as_str(), text.is_cut), ("--- page 1 ---\nfi", true));
}

fn encrypted(user_password: &str) -> Vec<u8> {
    let mut document = Document::load_mem(&pages(&[&lines(&["secret"])])).unwrap();
    let id = Object::String(vec![7; 16], StringFormat::Hexadecimal);
    document.trailer.set("ID", Object::Array(vec![id.clone(), id]));
    let version = EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password,
        key_length: 128,
        permissions: Permissions::all(),
    };
    let state = EncryptionState::try_from(version).unwrap();
    document.encrypt(&state).unwrap();
    let mut file = Vec::new();
    document.save_to(&mut file).unwrap();
    file
}

#[tokio::test]
async fn a_password_is_needed_only_where_the_reader_needs_one() {
    assert_eq!(read(Kind::Pdf, encrypted("password")).await, Err(Error::Locked));
    let text = read(Kind::Pdf, encrypted("")).await.unwrap();
    assert_eq!(text.text, "--- page 1 ---\nsecret");
}

#[tokio::test]
async fn files_that_are_no_pdf_or_hold_no_page_are_damaged() {
    let no_pages = pdf(&["<< /Type /Catalog >>".to_owned()]);
    for file in [b"".to_vec(), b"%PDF-1.4".to_vec(), b"no pdf at all".to_vec(), no_pages] {
        assert_eq!(read(Kind::Pdf, file).await, Err(Error::Damaged));
    }
}

/// A tree of pages whose branch is its own root.
fn looped_tree() -> Vec<u8> {
    pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [ 2 0 R 3 0 R ] /Count 2 /Parent 2 0 R >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R >>".to_owned(),
    ])
}

/// A table of objects that goes on at itself.
fn looped_table() -> Vec<u8> {
    let file = String::from_utf8(pages(&[&lines(&["x"])])).unwrap();
    let place = file.find("xref\n").unwrap();
    file.replace("/Root 1 0 R", &format!("/Prev {place} /Root 1 0 R")).into_bytes()
}

/// A stream of objects that says it lies within itself.
fn looped_streams() -> Vec<u8> {
    let objects = stream("/Type /ObjStm /N 1 /First 4 /Extends 4 0 R", "4 0 << >>");
    pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids 5 0 R /Count 1 >>".to_owned(),
        "3 0 R".to_owned(),
        objects,
        "5 0 R".to_owned(),
    ])
}

/// A drawing that consists of itself.
fn looped_drawing() -> Vec<u8> {
    let resources = "/Resources << /XObject << /X 5 0 R >> >>";
    pdf(&[
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 /MediaBox [0 0 9 9] >>".to_owned(),
        format!("<< /Type /Page /Parent 2 0 R {resources} /Contents 4 0 R >>"),
        stream("", "/X Do"),
        stream(&format!("/Type /XObject /Subtype /Form /BBox [0 0 9 9] {resources}"), "/X Do"),
    ])
}

#[tokio::test]
async fn loops_of_every_kind_end() {
    let endings = [
        (looped_tree(), vec![Error::Crashed, Error::Damaged]),
        (looped_streams(), vec![Error::Crashed, Error::Damaged]),
        (looped_drawing(), vec![Error::Crashed]),
    ];
    for (index, (file, expected)) in endings.into_iter().enumerate() {
        let error = read(Kind::Pdf, file).await.unwrap_err();
        assert!(expected.contains(&error), "{index}: {error:?}");
    }
    // the loop is seen, and the pages are those of its first round
    assert_eq!(read(Kind::Pdf, looped_table()).await.unwrap().text, "--- page 1 ---\nx");
}

/// Thirty drawings, each of which shows the next one twice.
fn doubling_drawings() -> Vec<u8> {
    const DEPTH: usize = 30;
    let resources = |next: usize| format!("/Resources << /XObject << /X {next} 0 R >> >>");
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 /MediaBox [0 0 9 9] >>".to_owned(),
        format!("<< /Type /Page /Parent 2 0 R {} /Contents 4 0 R >>", resources(5)),
        stream("", "/X Do"),
    ];
    for number in 5..5 + DEPTH {
        let entries = format!("/Type /XObject /Subtype /Form /BBox [0 0 9 9] {}", resources(number + 1));
        objects.push(stream(&entries, "/X Do /X Do"));
    }
    objects.push(stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", "q Q"));
    pdf(&objects)
}

#[tokio::test]
async fn a_file_that_never_stops_computing_is_stopped_by_its_child_itself() {
    let limits = Limits { cpu_seconds: 1, ..patient() };
    let outcome = reader(limits).text(Kind::Pdf, doubling_drawings().into()).await;
    assert_eq!(outcome, Err(Error::TooSlow));
}

#[tokio::test]
async fn a_file_that_needs_more_memory_than_it_may_ends_its_child_only() {
    let many = Bytes::from(pages(&[&"q ".repeat(100_000)]));
    let text = read(Kind::Pdf, many.clone()).await.unwrap();
    assert_eq!(text.notes, [Note::NoText]);
    let reader = reader(Limits { memory: 128 << 20, ..patient() });
    assert_eq!(reader.text(Kind::Pdf, many).await, Err(Error::Crashed));
    // the next one is none the worse
    let text = reader.text(Kind::Pdf, pages(&[&lines(&["well"])]).into()).await.unwrap();
    assert_eq!(text.text, "--- page 1 ---\nwell");
}

#[test]
fn the_dictionary_of_a_stream_is_what_the_tests_think() {
    // the builder above writes lengths itself: if they were wrong, damage would be found for the wrong reason
    let document = Document::load_mem(&pages(&["q Q"])).unwrap();
    let dictionary: &Dictionary = &document.get_object((5, 0)).unwrap().as_stream().unwrap().dict;
    assert_eq!(dictionary.get(b"Length").unwrap().as_i64().unwrap(), 3);
}
