//! What parent and child say to each other: a line of JSON and then bytes, once in each direction.

use std::io::{self, BufRead, Read as _, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Error, Kind, Limits, Note};

/// The longest first line.
pub(crate) const HEAD: usize = 4096;

/// What the child is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) task: Task,
    pub(crate) limits: Limits,
}

/// What is wanted of the bytes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Task {
    /// The text of what should be of this kind.
    Text(Kind),
    /// A picture of at most so many pixels, in a file of at most so many bytes.
    Picture { max_pixels: u64, max_bytes: usize },
}

/// What the child answers; the text or picture itself comes after it.
pub(crate) type Answer = Result<Head, Error>;

/// What is said of the bytes that follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Head {
    Text { is_cut: bool, notes: Vec<Note> },
    Picture { encoding: Encoding, width: u32, height: u32 },
}

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Encoding {
    Png,
    Jpeg,
}

impl Encoding {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// The first line, with its end.
pub(crate) fn encode(head: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(head)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads the first line, and nothing beyond it.
pub(crate) fn read_head<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<T> {
    let mut line = Vec::new();
    from.take(HEAD as u64).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

/// Writes an answer.
pub(crate) fn write_answer(to: &mut impl Write, answer: &Answer, payload: &[u8]) -> io::Result<()> {
    to.write_all(&encode(answer)?)?;
    to.write_all(payload)?;
    to.flush()
}
