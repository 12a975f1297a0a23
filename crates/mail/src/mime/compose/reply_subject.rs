//! Subjects of replies and forwards: one mark in front, whatever marks in whatever languages were there.

use crate::mime::{invisible, subject};

/// Most characters of a subject that are kept, and that are looked at.
const MAX_CHARS: usize = 1_000;
const MAX_READ: usize = 4_000;
/// Marks of some mail programs that are ordinary words in subjects of people.
const WORDS: [&str; 2] = ["ref", "hal"];

/// The subject of a reply: `Re: ` before the bare subject. List tags (`[list]`) stay.
pub fn reply_subject(subject: &str) -> String {
    marked("Re:", subject)
}

/// The subject of a message that is passed on: `Fwd: ` before the bare subject.
pub fn forward_subject(subject: &str) -> String {
    marked("Fwd:", subject)
}

fn marked(mark: &str, subject: &str) -> String {
    let line = one_line(subject);
    let mut out = mark.to_owned();
    let bare = bare(&line);
    if !bare.is_empty() {
        out.push(' ');
        out.extend(bare.chars().take(MAX_CHARS));
    }
    out.truncate(out.trim_end().len());
    out
}

/// A subject as a single line without characters that nobody sees.
pub(super) fn one_line(subject: &str) -> String {
    let (clean, _) = invisible::clean(subject);
    let words: String = clean.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_READ).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The subject without marks. A tag before or between marks stays, once.
fn bare(subject: &str) -> String {
    let mut tags: Vec<&str> = Vec::new();
    let mut rest = subject;
    loop {
        if let Some(mark) = subject::mark(rest).filter(|mark| !WORDS.contains(&mark.word.as_str())) {
            rest = mark.rest;
            continue;
        }
        let Some((after, _)) = subject::without_tag(rest) else { break };
        let tag = rest.get(..rest.len() - after.len()).unwrap_or_default().trim_end();
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        rest = after;
    }
    tags.push(rest);
    tags.retain(|piece| !piece.is_empty());
    tags.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_mark_stands_for_all_marks_of_all_languages() {
        for (subject, reply, forward) in [
            ("x", "Re: x", "Fwd: x"),
            ("AW: Re: RE[2]: SV: x", "Re: x", "Fwd: x"),
            ("WG: x", "Re: x", "Fwd: x"),
            ("FW: Fwd: TR: x", "Re: x", "Fwd: x"),
            ("回复：发票", "Re: 发票", "Fwd: 发票"),
            ("Antw: Odp: Ynt: re (3) : x: y", "Re: x: y", "Fwd: x: y"),
            ("[list] Re: [list] Traits", "Re: [list] Traits", "Fwd: [list] Traits"),
            ("Re: [a] [b] Traits", "Re: [a] [b] Traits", "Fwd: [a] [b] Traits"),
            ("Reality: x", "Re: Reality: x", "Fwd: Reality: x"),
            ("Ref: 4711", "Re: Ref: 4711", "Fwd: Ref: 4711"),
            ("[only a tag]", "Re: [only a tag]", "Fwd: [only a tag]"),
            ("", "Re:", "Fwd:"),
            ("Re: ", "Re:", "Fwd:"),
        ] {
            assert_eq!(
                (reply_subject(subject).as_str(), forward_subject(subject).as_str()),
                (reply, forward)
            );
        }
    }

    #[test]
    fn line_breaks_and_unseen_characters_do_no_harm() {
        assert_eq!(reply_subject("a\r\nBcc: eve@x.example\0\tb"), "Re: a Bcc: eve@x.example b");
        assert_eq!(reply_subject("pay\u{202E}load\u{200B}"), "Re: payload");
    }

    #[test]
    fn a_hostile_subject_ends() {
        assert_eq!(reply_subject(&"Re: ".repeat(100_000)), "Re:");
        assert!(reply_subject(&"[a]".repeat(100_000)).len() < 5_000);
        assert!(reply_subject(&"é".repeat(100_000)).chars().count() <= MAX_CHARS + 4);
    }

    proptest! {
        #[test]
        fn answering_an_answer_adds_nothing(subject in ".{0,60}|((Re|AW|Fwd|SV|x)(\\[2\\])?: ?|\\[t\\] ){0,6}[a-z: ]{0,9}") {
            let once = reply_subject(&subject);
            prop_assert_eq!(&reply_subject(&once), &once);
            prop_assert_eq!(reply_subject(&forward_subject(&subject)), once.clone());
            prop_assert!(!once.contains(['\r', '\n']));
        }
    }
}
