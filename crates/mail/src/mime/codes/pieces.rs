//! Lines of a text, cut into pieces where they are long: each candidate is judged by all of the line around
//! it, and a sender chooses how long a line is and how many candidates stand in it.

/// Longest piece that may hold a candidate, in octets.
pub(super) const MAX_PIECE: usize = 2_000;

/// A line, or a piece of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Piece<'a> {
    /// What stands in it, without the line end.
    pub(super) text: &'a str,
    /// Whether it does not continue the piece before.
    pub(super) begins_line: bool,
}

/// The pieces of a text, in their order. Together they are the text, with a line end before each that
/// begins a line, except the first.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    for line in text.split('\n') {
        let (mut rest, mut begins_line) = (line, true);
        while rest.len() > MAX_PIECE {
            let (piece, after) = rest.split_at(end_of_piece(rest));
            out.push(Piece { text: piece, begins_line });
            (rest, begins_line) = (after, false);
        }
        if begins_line || !rest.is_empty() {
            out.push(Piece { text: rest, begins_line });
        }
    }
    out
}

/// Where to cut a line that is too long: behind the last sentence, word or sign that the piece has room for.
/// A word longer than a piece stays whole: there is no candidate in it.
fn end_of_piece(line: &str) -> usize {
    let room = line.get(..super::floor(line, MAX_PIECE)).unwrap_or_default();
    let behind =
        |at: usize| at + room.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let mut previous = ' ';
    let (mut sentence, mut blank, mut sign, mut hyphen) = (None, None, None, None);
    for (at, c) in room.char_indices() {
        if c.is_whitespace() {
            if matches!(previous, '.' | '!' | '?' | ';') {
                sentence = Some(at);
            }
            blank = Some(at);
        } else if c == '-' {
            hyphen = Some(at);
        } else if !super::shapes::is_letter(c) {
            sign = Some(at);
        }
        previous = c;
    }
    let within = sentence.filter(|at| *at > MAX_PIECE / 2).or(blank).or(sign).or(hyphen).map(behind);
    within.unwrap_or_else(|| {
        let is_end = |c: char| c == '-' || !super::shapes::is_letter(c);
        line.get(room.len()..).and_then(|rest| rest.find(is_end)).map_or(line.len(), |at| room.len() + at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(pieces: &[Piece<'_>]) -> String {
        let mut out = String::new();
        for (at, piece) in pieces.iter().enumerate() {
            if piece.begins_line && at > 0 {
                out.push('\n');
            }
            out.push_str(piece.text);
        }
        out
    }

    #[test]
    fn pieces_are_the_text_again_and_none_that_may_hold_a_code_is_long() {
        let long = |unit: &str| unit.repeat(20_000 / unit.len());
        let texts = [
            String::new(),
            "one\n\ntwo\n".to_owned(),
            long("code K00001Z; "),
            long("-"),
            long(" "),
            long("12345-"),
            long("a1234.") + " 77",
            long("码1234"),
            long("é/"),
            format!("{}\n{}", long("A sentence with 12345. "), long("x, ")),
            format!("a {} 1234", long("\u{1F511}")),
        ];
        for text in texts {
            let found = pieces(&text);
            assert_eq!(joined(&found), text);
            assert!(found.iter().all(|piece| piece.text.len() <= MAX_PIECE), "{:?}", text.get(..20));
            // So many more pieces than needed would be work again.
            assert!(
                found.len() <= 2 + text.lines().count() + text.len() / (MAX_PIECE / 4),
                "{}",
                found.len()
            );
        }
    }

    #[test]
    fn a_line_is_cut_behind_a_sentence_or_a_word_and_never_within_one() {
        let text = "Your verification code is 493027. ".repeat(100);
        assert!(pieces(&text).iter().all(|piece| piece.text.ends_with("493027. ")));
        let text = "word 493027 ".repeat(400);
        assert!(pieces(&text).iter().all(|piece| piece.text.ends_with(' ')));
        let word = "x1".repeat(5_000);
        let found = pieces(&word);
        assert_eq!(found, [Piece { text: &word, begins_line: true }]);
        assert!(super::super::candidates(&word).is_empty());
    }
}
