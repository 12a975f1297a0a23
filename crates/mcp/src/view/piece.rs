//! A piece of a long text that stands alone in its answer: from where the reader was, as far as there is
//! room.

use domain::Problem;

use super::{
    Nonce, cut,
    size::{escaped_len, tokens},
};
use crate::arguments::invalid;

/// What an answer shows of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The piece between fences.
    pub text: String,
    /// Tokens that are not shown.
    pub left: usize,
    /// Where to go on, in characters; nothing if it is the end.
    pub continue_from: Option<usize>,
}

/// Where the character with that number begins, in bytes.
pub(crate) fn start(text: &str, character: usize) -> Result<usize, Problem> {
    let total = text.chars().count();
    if character > total {
        let told = format!("`continue_from` is past the end: the text has {total} characters.");
        return Err(invalid(told));
    }
    Ok(text.char_indices().nth(character).map_or(text.len(), |(at, _)| at))
}

/// The piece from that character on that takes at most `room` characters of JSON, fences not counted. The
/// text must be [`harmless`](super::fence::harmless) already.
pub(crate) fn from(text: &str, character: usize, room: usize, nonce: &Nonce) -> Result<Piece, Problem> {
    let rest = text.get(start(text, character)?..).unwrap_or_default();
    let end = cut::fitting(rest, room, &[], |_| 0);
    let (piece, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    Ok(Piece {
        text: nonce.fence(piece),
        left: tokens(escaped_len(after)),
        continue_from: (!after.is_empty()).then(|| character + piece.chars().count()),
    })
}
