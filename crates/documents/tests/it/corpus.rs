//! Attachments of real messages, where the corpus is at hand.

use std::path::{Path, PathBuf};

use documents::{Error, Kind};
use mail_parser::{MessageParser, MimeHeaders as _};

use crate::files::{patient, reader};

fn messages() -> Vec<PathBuf> {
    let start = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = start.ancestors().map(|at| at.join("shared").join("corpus")).find(|at| at.is_dir());
    let mut folders: Vec<PathBuf> = corpus.into_iter().collect();
    let mut messages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { messages.push(path) }
        }
    }
    messages.sort();
    messages
}

#[tokio::test]
async fn documents_of_real_messages_are_answered() {
    let reader = reader(patient());
    let (mut read, mut refused) = (0, 0);
    for path in messages() {
        let raw = std::fs::read(&path).unwrap();
        // one of them makes this version of the parser panic, which is not what is tried here
        let Ok(Some(message)) = std::panic::catch_unwind(|| MessageParser::default().parse(&raw)) else {
            continue;
        };
        for part in &message.parts {
            let media_type = part.content_type().map_or_else(String::new, |at| {
                format!("{}/{}", at.ctype(), at.subtype().unwrap_or_default())
            });
            let name = part.attachment_name().unwrap_or_default();
            let Some(kind) = Kind::of(&media_type, name, part.contents()) else { continue };
            let document = part.contents().to_vec().into();
            let outcome = match kind {
                Kind::Picture => reader.picture(document, 1_000_000, 4_000_000).await.map(|_| ()),
                kind => reader.text(kind, document).await.map(|_| ()),
            };
            assert_ne!(outcome, Err(Error::Unavailable), "{}", path.display());
            *(if outcome.is_ok() { &mut read } else { &mut refused }) += 1;
            println!("{outcome:?} {kind:?} {} {name}", path.display());
        }
    }
    println!("{read} read, {refused} not");
    assert!(read >= refused, "{read} read, {refused} not");
}
