//! What is written is what others read: Python's email package and postal-mime, over the same letters.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use domain::Address;
use mail::mime::compose::FileEncoding;
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
const LETTERS: usize = 300;

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

/// What every reader must agree on.
fn assert_same(composed: &Composed, found: &Value) {
    let letter = &composed.letter;
    for (field, expected) in addresses(composed) {
        let (found, expected) = (pairs(&found[field]), wired(expected));
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{field}\n{composed:?}");
        }
        assert_eq!(found.len(), expected.len(), "{field}\n{composed:?}");
    }
    assert_eq!(shown(&text(&found["subject"])), shown(&letter.subject), "{composed:?}");
    assert_eq!(text(&found["message-id"]), letter.message_id);
    assert_eq!(text(&found["in-reply-to"]), letter.in_reply_to.clone().unwrap_or_default());
    assert_eq!(text(&found["references"]).split_whitespace().collect::<Vec<_>>(), letter.references);
    let files = found["files"].as_array().unwrap();
    let expected: Vec<_> = composed.parts().zip(composed.file_names()).collect();
    assert_eq!(files.len(), expected.len(), "{composed:?}");
    for (found, ((part, content), _)) in files.iter().zip(&expected) {
        let is_inline = part.content_id.is_some();
        assert_eq!(text(&found["disposition"]), if is_inline { "inline" } else { "attachment" });
        let id = part.content_id.as_ref().map(|id| format!("<{id}>"));
        assert_eq!(found["content_id"].as_str(), id.as_deref());
        // Python's package takes nested messages apart.
        if !(part.encoding != FileEncoding::Base64 && found["sha256"].is_null()) {
            assert_eq!(text(&found["sha256"]), hex(content), "{composed:?}");
        }
    }
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn python_reads_what_was_written() {
    let Some(python) = require_python() else { return };
    let (letters, file) = written();
    let mut command = Command::new(python);
    command.arg(PYTHON);
    for (composed, found) in letters.iter().zip(read(command, file.path())) {
        assert_same(composed, &found);
        assert_eq!(found["defects"], serde_json::json!([]), "{composed:?}");
        assert_eq!(shown(&text(&found["extra"])), shown(&composed.letter.extra[0].1), "{composed:?}");
        let format = time::format_description::well_known::Iso8601::PARSING;
        let date = time::OffsetDateTime::parse(&text(&found["date"]), &format).unwrap();
        assert_eq!((date, date.offset()), (composed.letter.date, composed.letter.date.offset()));
        let texts: Vec<(String, String)> = found["texts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (text(&pair[0]), text(&pair[1]).replace("\r\n", "\n")))
            .collect();
        let html = composed.html().map(|html| ("text/html".to_owned(), html));
        let expected: Vec<_> =
            std::iter::once(("text/plain".to_owned(), composed.text())).chain(html).collect();
        assert_eq!(texts, expected);
        for (found, expected) in found["files"].as_array().unwrap().iter().zip(composed.file_names()) {
            assert_eq!(shown(&text(&found["name"])), shown(&expected), "{composed:?}");
        }
    }
}

#[test]
fn postal_mime_reads_what_was_written() {
    let Some(node) = require_node() else { return };
    let (letters, file) = written();
    let command = node.script(&PathBuf::from(NODE)).unwrap();
    for (composed, found) in letters.iter().zip(read(command, file.path())) {
        assert_same(composed, &found);
        for (found, expected) in found["files"].as_array().unwrap().iter().zip(composed.file_names()) {
            assert_eq!(shown(&text(&found["name"])), shown(&expected), "{composed:?}");
        }
        // It joins flowed lines and takes the marks of quotes off them, as readers should.
        let bare = |text: &str| text.replace(['>', '\u{feff}'], "").split_whitespace().collect::<String>();
        let html = composed.html();
        let texts = [Some(composed.text()), html];
        for (found, expected) in found["texts"].as_array().unwrap().iter().zip(texts) {
            let Some(expected) = expected else { continue };
            assert_eq!(bare(&text(&found[1])), bare(&expected), "{composed:?}");
        }
    }
}
