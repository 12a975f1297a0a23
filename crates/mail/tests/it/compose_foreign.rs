//! What is written is what others read: Python's email package and postal-mime, over the same letters.

use std::{io::Write as _, path::Path, process::Command};

use domain::Address;
use mail::mime::{compose::FileEncoding, words};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use testkit::{require_node, require_python};

use crate::composed::{Composed, letters, shown, wired};

const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/read_letters.py");
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/node/read_letters.mjs");

/// How many letters are read.
const LETTERS: usize = 2_000;

/// The letters, and a file with their octets, each after its length.
fn written() -> (Vec<Composed>, tempfile::NamedTempFile) {
    let mut runner = TestRunner::deterministic();
    let strategy = letters();
    let letters: Vec<Composed> =
        std::iter::repeat_with(|| strategy.new_tree(&mut runner).unwrap().current()).take(LETTERS).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for letter in &letters {
        let octets = letter.octets();
        file.write_all(&u32::try_from(octets.len()).unwrap().to_be_bytes()).unwrap();
        file.write_all(&octets).unwrap();
    }
    file.flush().unwrap();
    (letters, file)
}

/// What the program read, a value for each letter.
fn read(mut command: Command, letters: &Path) -> Vec<Value> {
    let output = command.arg(letters).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), LETTERS);
    found
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let list = value.as_array().unwrap();
    list.iter().map(|pair| (shown(&text(&pair[0])), text(&pair[1]))).collect()
}

fn addresses(composed: &Composed) -> [(&'static str, &[Address]); 5] {
    let letter = &composed.letter;
    [
        ("from", std::slice::from_ref(&letter.from)),
        ("reply-to", &letter.reply_to),
        ("to", &letter.to),
        ("cc", &letter.cc),
        ("bcc", &letter.bcc),
    ]
}

/// What a reader found otherwise than it was written.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected {
            self.0.push(format!("{what}\n found    {found:?}\n expected {expected:?}"));
        }
    }

    /// What every reader must agree on.
    fn compare_letter(&mut self, composed: &Composed, found: &Value, name_as_read: fn(&str) -> String) {
        let letter = &composed.letter;
        for (field, expected) in addresses(composed) {
            // Python's package leaves out quotes that `"a..b"@example.org` needs.
            let as_read = |(name, email): (String, String)| (name_as_read(&name), email.replace('"', ""));
            let found: Vec<_> = pairs(&found[field]).into_iter().map(as_read).collect();
            let expected: Vec<_> = wired(expected).into_iter().map(as_read).collect();
            for (found, expected) in found.iter().zip(&expected) {
                self.compare(field, found, expected);
            }
            self.compare(field, &found.len(), &expected.len());
        }
        self.compare("subject", &shown(&text(&found["subject"])), &shown(&letter.subject));
        self.compare("message-id", &text(&found["message-id"]), &letter.message_id);
        let answered = letter.in_reply_to.clone().unwrap_or_default();
        self.compare("in-reply-to", &text(&found["in-reply-to"]), &answered);
        let references: Vec<String> =
            text(&found["references"]).split_whitespace().map(str::to_owned).collect();
        self.compare("references", &references, &letter.references);
        let files = found["files"].as_array().unwrap();
        self.compare("files", &files.len(), &composed.contents.len());
        for (found, ((part, content), name)) in files.iter().zip(composed.parts().zip(composed.file_names()))
        {
            let disposition = if part.content_id.is_some() { "inline" } else { "attachment" };
            self.compare("disposition", &text(&found["disposition"]), &disposition.to_owned());
            let id = part.content_id.as_ref().map(|id| format!("<{id}>")).unwrap_or_default();
            self.compare("content-id", &text(&found["content_id"]), &id);
            let decoded = |name: &str| shown(&words::decode(name.as_bytes()));
            // postal-mime decodes what looks like an encoded word in a name that is extended (RFC 2231) already.
            self.compare("file name", &decoded(&text(&found["name"])), &decoded(&name));
            if part.encoding == FileEncoding::Base64 {
                self.compare("file", &text(&found["sha256"]), &hex(content));
            } else {
                // postal-mime takes the line end before a boundary for a part of the message
                let lines = |text: &str| text.trim_end().lines().map(str::to_owned).collect::<Vec<_>>();
                self.compare(
                    "nested",
                    &lines(&text(&found["nested"])),
                    &lines(&String::from_utf8_lossy(content)),
                );
            }
        }
    }

    fn assert_none(self) {
        let count = self.0.len();
        let first: Vec<String> = self.0.into_iter().take(20).collect();
        assert_eq!(count, 0, "{}", first.join("\n"));
    }
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn python_reads_what_was_written() {
    let Some(python) = require_python() else { return };
    let (letters, file) = written();
    let mut command = Command::new(python);
    command.arg(PYTHON);
    let mut differences = Differences::default();
    // It shows the blank between two encoded words of a name, which RFC 2047 (6.2) does not; not of a subject.
    let without_blanks = |name: &str| name.split_whitespace().collect();
    for (composed, found) in letters.iter().zip(read(command, file.path())) {
        differences.compare_letter(composed, &found, without_blanks);
        differences.compare("defects", &found["defects"], &serde_json::json!([]));
        differences.compare("extra", &shown(&text(&found["extra"])), &shown(&composed.letter.extra[0].1));
        let format = time::format_description::well_known::Iso8601::PARSING;
        let date = time::OffsetDateTime::parse(&text(&found["date"]), &format).unwrap();
        let written = composed.letter.date;
        differences.compare("date", &(date, date.offset()), &(written, written.offset()));
        let texts = found["texts"].as_array().unwrap().iter();
        let texts: Vec<(String, String)> =
            texts.map(|pair| (text(&pair[0]), text(&pair[1]).replace("\r\n", "\n"))).collect();
        let html = composed.html().map(|html| ("text/html".to_owned(), html));
        let expected = std::iter::once(("text/plain".to_owned(), composed.text())).chain(html).collect();
        differences.compare("texts", &texts, &expected);
    }
    differences.assert_none();
}

#[test]
fn postal_mime_reads_what_was_written() {
    let Some(node) = require_node() else { return };
    let (letters, file) = written();
    let command = node.script(Path::new(NODE)).unwrap();
    let mut differences = Differences::default();
    for (composed, found) in letters.iter().zip(read(command, file.path())) {
        differences.compare_letter(composed, &found, str::to_owned);
        // It joins flowed lines and takes the marks of quotes off them, as readers should.
        let bare = |text: &str| text.replace(['>', '\u{feff}'], "").split_whitespace().collect::<String>();
        let texts = [Some(composed.text()), composed.html()];
        for (found, expected) in found["texts"].as_array().unwrap().iter().zip(texts) {
            let Some(expected) = expected else { continue };
            differences.compare("text", &bare(&text(&found[1])), &bare(&expected));
        }
    }
    differences.assert_none();
}
