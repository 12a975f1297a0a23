//! Takes out characters that no reader sees but a model reads.
//!
//! Joiners stay where a script or an emoji needs them; everything else that has no shape goes.

use std::borrow::Cow;

/// Most marks that are left on one letter.
const MAX_MARKS: usize = 6;

/// Text without invisible characters, and how many were taken out. Newline and tab stay.
pub fn clean(text: &str) -> (Cow<'_, str>, usize) {
    let Some(first) = text.char_indices().find(|(_, c)| is_suspect(*c)).map(|(at, _)| at) else {
        return (Cow::Borrowed(text), 0);
    };
    let (sound, rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len());
    out.push_str(sound);
    let mut removed = 0;
    let mut marks = 0;
    let mut chars = rest.chars().peekable();
    // The last character that was kept and has a shape; joiners look back at it.
    let mut before = sound.chars().next_back();
    while let Some(c) = chars.next() {
        let is_kept = match c {
            '\n' | '\t' => true,
            // A line end is no hidden character: it is turned, not counted.
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
                continue;
            }
            '\u{200C}' | '\u{200D}' => joins(before, c, chars.peek().copied()),
            '\u{FE0E}' | '\u{FE0F}' => before.is_some_and(takes_emoji_style),
            '\u{FE00}'..='\u{FE0D}' => before.is_some_and(takes_variation),
            '\u{180B}'..='\u{180D}' | '\u{180F}' => before.is_some_and(is_mongolian),
            // A blank of Braille stands between its letters; elsewhere it is a gap that no one types.
            '\u{2800}' => {
                let is_braille = |c: Option<char>| c.is_some_and(|c| ('\u{2801}'..='\u{28FF}').contains(&c));
                if is_braille(before) || is_braille(chars.peek().copied()) {
                    true
                } else {
                    out.push(' ');
                    false
                }
            }
            _ if is_mark(c) => {
                marks += 1;
                marks <= MAX_MARKS
            }
            // Grapheme joiner: used by Hebrew and a few others between marks.
            '\u{034F}' => before.is_some_and(|b| ('\u{0590}'..='\u{05FF}').contains(&b)),
            _ => !is_suspect(c),
        };
        if !is_mark(c) {
            marks = 0;
        }
        if is_kept {
            out.push(c);
            before = Some(c);
        } else {
            removed += 1;
        }
    }
    (Cow::Owned(out), removed)
}

/// Marks above and below letters, of which nobody stacks more than a few.
fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{034E}'
        | '\u{0350}'..='\u{036F}'
        | '\u{0483}'..='\u{0489}'
        | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}'
        | '\u{FE20}'..='\u{FE2F}'
    )
}

/// Characters worth a closer look; all others are kept.
fn is_suspect(c: char) -> bool {
    if c < '\u{7F}' {
        return c < ' ' && c != '\n' && c != '\t';
    }
    is_mark(c)
        || matches!(c,
            '\u{7F}'..='\u{9F}'
            | '\u{AD}'
            | '\u{034F}'
            | '\u{061C}'
            | '\u{115F}' | '\u{1160}'
            | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{2800}'
            | '\u{16FE4}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{13430}'..='\u{1343F}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D159}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
            | '\u{E000}'..='\u{F8FF}'
            | '\u{F0000}'..='\u{10FFFF}'
        ) && !is_shown_private(c)
}

/// Private-use characters have shapes in icon fonts only; they cannot carry words, so they may stay.
fn is_shown_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}')
}

/// Whether a joiner stands where one belongs.
fn joins(before: Option<char>, joiner: char, after: Option<char>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    if joiner == '\u{200D}' && (is_pictograph(before) || before == '\u{FE0F}') {
        return is_pictograph(after);
    }
    // What follows must be there to stay, or the joiner would end up with nothing to join.
    let is_joinable = after == ' ' || (needs_joiners(after) && !is_suspect(after));
    needs_joiners(before) && is_joinable
}

/// Letters of scripts in which joiners change what is read.
fn needs_joiners(c: char) -> bool {
    matches!(c,
        '\u{0600}'..='\u{08FF}' // Arabic, Persian, Syriac, Thaana, N'Ko, Mandaic
        | '\u{0900}'..='\u{0DFF}' // Indic scripts
        | '\u{0F00}'..='\u{109F}' // Tibetan, Myanmar
        | '\u{1780}'..='\u{18AF}' // Khmer, Mongolian
        | '\u{1A20}'..='\u{1AAF}'
        | '\u{1B00}'..='\u{1BFF}'
        | '\u{1CD0}'..='\u{1CFF}'
        | '\u{A800}'..='\u{A8FF}'
        | '\u{A980}'..='\u{A9DF}'
        | '\u{AA60}'..='\u{AA7F}'
        | '\u{ABC0}'..='\u{ABFF}'
        | '\u{FB50}'..='\u{FDFF}'
        | '\u{FE70}'..='\u{FEFC}'
        | '\u{11000}'..='\u{11FFF}'
        | '\u{1E900}'..='\u{1E95F}'
    )
}

fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1800}'..='\u{180A}' | '\u{1810}'..='\u{18AF}')
}

/// What emoji sequences are made of: pictographs, skin tones, hair, the signs that join them.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{1F000}'..='\u{1FAFF}'
        | '\u{2190}'..='\u{21FF}'
        | '\u{2300}'..='\u{23FF}'
        | '\u{2460}'..='\u{27BF}'
        | '\u{2900}'..='\u{297F}'
        | '\u{2B00}'..='\u{2BFF}'
        | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}'
    )
}

/// Characters that have an emoji and a text form.
fn takes_emoji_style(c: char) -> bool {
    is_pictograph(c)
        || matches!(
            c,
            '0'..='9' | '#' | '*' | '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        )
}

/// Characters with standardised variants: mathematics, CJK, Myanmar, Phags-pa, Manichaean.
fn takes_variation(c: char) -> bool {
    matches!(c,
        '\u{2200}'..='\u{22FF}'
        | '\u{2A00}'..='\u{2AFF}'
        | '\u{1000}'..='\u{109F}'
        | '\u{A840}'..='\u{A877}'
        | '\u{10AC0}'..='\u{10AFF}'
        | '\u{3000}'..='\u{303F}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{2FA1F}'
        | '\u{FF01}'..='\u{FF1F}'
    )
}

#[cfg(test)]
#[path = "invisible/tests.rs"]
mod tests;
