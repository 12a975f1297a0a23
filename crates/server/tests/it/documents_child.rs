//! The hidden command that reads documents: the real binary, with its own allocator, within its limits.

use std::{
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use documents::{Error, Kind, Limits, Note, Reader};

fn reader(limits: Limits) -> Reader {
    Reader::new(env!("CARGO_BIN_EXE_postroom").into(), vec!["read-document".into()], limits)
}

fn limits() -> Limits {
    Limits { wall: Duration::from_mins(2), cpu_seconds: 60, ..Limits::default() }
}

/// A PDF of one page with this content.
pub(crate) fn pdf(content: &str) -> Vec<u8> {
    let mut file = "%PDF-1.4\n".to_owned();
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 /MediaBox [0 0 612 792] >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let place = file.len();
    format!("{file}{table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{place}\n%%EOF\n").into_bytes()
}

#[tokio::test]
async fn the_binary_reads_documents_for_itself() {
    let file = pdf("BT /F1 12 Tf 72 720 Td (Invoice 42) Tj ET");
    let text = reader(limits()).text(Kind::Pdf, file.into()).await.unwrap();
    assert_eq!(text.text, "--- page 1 ---\nInvoice 42");
}

#[tokio::test]
async fn the_limit_of_memory_holds_for_the_allocator_of_the_binary() {
    let file = pdf(&"q ".repeat(100_000));
    let text = reader(limits()).text(Kind::Pdf, file.clone().into()).await.unwrap();
    assert_eq!(text.notes, [Note::NoText]);
    let small = Limits { memory: 256 << 20, ..limits() };
    assert_eq!(reader(small).text(Kind::Pdf, file.into()).await, Err(Error::Crashed));
}

#[test]
fn without_a_question_the_command_says_nothing() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_postroom"))
        // settings that are not there would be complained about by any other command
        .args(["--config", "/nowhere/postroom.toml", "read-document"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    let said = child.wait_with_output().unwrap();
    assert_eq!((said.status.code(), said.stdout, said.stderr), (Some(1), Vec::new(), Vec::new()));
}
