//! Everything that is kept of a person, as one JSON document that comes piece by piece: no secret, hash or token.
//!
//! It ends with `"is_whole": true`. Who is being removed gets no further piece: what came until then is no whole
//! document, and whoever hands it on breaks it off.

use std::mem;

use domain::Timestamp;
use serde_json::{Value, json};
use storage::ExportPlace;
use time::format_description::well_known::Rfc3339;

use crate::{Access, Error, Result, SignedIn};

/// What is not in it, and why.
const LEFT_OUT: &[&str] = &[
    "Passwords, tokens, keys and codes: they are kept sealed or as fingerprints, and would let others in.",
    "Your mail: it is at your mail provider. Of messages that agents sent there is what this server keeps.",
    "The addresses that you approved mail to: only fingerprints are kept, so each mailbox tells how many.",
    "Questions and plans that end by themselves within minutes, and when you were last told by mail of what waits.",
];

/// An export that is under way.
#[derive(Debug)]
pub struct Export {
    access: Access,
    who: SignedIn,
    stage: Stage,
}

/// What comes next. A list tells whether something of it came already.
#[derive(Debug)]
enum Stage {
    Beginning,
    Outbox(ExportPlace, bool),
    Activity(ExportPlace, bool),
    Over,
}

impl Access {
    /// Begins to export what is the person's. Recorded.
    pub async fn export(&self, who: &SignedIn) -> Result<Export> {
        let export = Export { access: self.clone(), who: who.clone(), stage: Stage::Beginning };
        export.check().await?;
        self.audit().record_page(&who.user.name, "export", &[], "ok").await;
        Ok(export)
    }
}

impl Export {
    /// The next piece; nothing at the end. `BeingRemoved` once the person is.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        self.check().await?;
        let store = self.access.store()?;
        let name = &self.who.user.name;
        let (piece, stage) = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Beginning => {
                let piece = format!("{},\n\"outbox\": [", self.beginning().await?);
                (piece, Stage::Outbox(ExportPlace::default(), false))
            }
            Stage::Outbox(place, has_begun) => {
                let (rows, next) = store.export_outbox(name, &place).await?;
                let piece = lines(&rows, has_begun);
                match next {
                    Some(next) => (piece, Stage::Outbox(next, has_begun || !rows.is_empty())),
                    None => (piece + "\n],\n\"activity\": [", Stage::Activity(ExportPlace::default(), false)),
                }
            }
            Stage::Activity(place, has_begun) => {
                let (rows, next) = store.export_activity(name, &place).await?;
                let piece = lines(&rows, has_begun);
                match next {
                    Some(next) => (piece, Stage::Activity(next, true)),
                    None => (piece + "\n],\n\"is_whole\": true\n}\n", Stage::Over),
                }
            }
            Stage::Over => return Ok(None),
        };
        self.stage = stage;
        Ok(Some(piece.into_bytes()))
    }

    async fn check(&self) -> Result<()> {
        let stays = self.access.store()?.stays(&self.who.user.id).await?;
        if stays { Ok(()) } else { Err(Error::BeingRemoved) }
    }

    /// Everything but the long lists, without the brace at the end.
    async fn beginning(&self) -> Result<String> {
        let store = self.access.store()?;
        let user = &self.who.user;
        let mut members = vec![
            ("format".to_owned(), json!("postroom-export-1")),
            ("made".to_owned(), instant(self.access.clock().now())),
            ("left_out".to_owned(), json!(LEFT_OUT)),
            (
                "you".to_owned(),
                json!({ "name": user.name, "is_admin": user.is_admin, "created": instant(user.created) }),
            ),
            ("wishes".to_owned(), serde_json::to_value(store.wishes(&user.id).await?).unwrap_or_default()),
        ];
        for (list, rows) in store.export_lists(&user.id).await? {
            members.push((list.to_owned(), Value::Array(rows)));
        }
        let members: Vec<String> =
            members.into_iter().map(|(name, value)| format!("{}: {value:#}", json!(name))).collect();
        Ok(format!("{{\n{}", members.join(",\n")))
    }
}

/// One row a line.
fn lines(rows: &[Value], has_begun: bool) -> String {
    let mut piece = String::new();
    for (number, row) in rows.iter().enumerate() {
        piece.push_str(if number > 0 || has_begun { ",\n" } else { "\n" });
        piece.push_str(&row.to_string());
    }
    piece
}

fn instant(at: Timestamp) -> Value {
    at.format(&Rfc3339).unwrap_or_default().into()
}
