//! The bare subject: what is left without the marks of replies and forwards, in the languages that
//! mail programs write them in (after RFC 5256, 2.1). For finding what belongs together, not for display.

/// Marks of a reply, in lower case.
const REPLIES: &[&str] = &[
    "re",
    "aw",
    "antw",
    "antwort",
    "sv",
    "vs",
    "r",
    "rif",
    "ref",
    "res",
    "resp",
    "rép",
    "odp",
    "ynt",
    "atb",
    "bls",
    "hal",
    "vá",
    "απ",
    "σχετ",
    "отв",
    "ответ",
    "на",
    "תגובה",
    "رد",
    "回复",
    "回覆",
    "答复",
    "返信",
    "답장",
];

/// Marks of a forward, in lower case.
const FORWARDS: &[&str] = &[
    "fw",
    "fwd",
    "wg",
    "tr",
    "i",
    "rv",
    "enc",
    "vb",
    "vl",
    "doorst",
    "pd",
    "ilt",
    "továbbítás",
    "προώθ",
    "пересл",
    "הועבר",
    "إعادة توجيه",
    "转发",
    "轉寄",
    "転送",
    "전달",
];

/// Characters of a subject that are looked at.
const MAX_CHARS: usize = 1_000;

/// A subject without its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bare<'a> {
    /// What is left, as it was written.
    pub text: &'a str,
    /// Whether one of the marks was that of a reply.
    pub is_reply: bool,
}

impl Bare<'_> {
    /// Whether both are of one thread as far as subjects go: the same words, not none.
    pub fn is_same(&self, other: &Self) -> bool {
        let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
        !self.text.is_empty() && words(self.text) == words(other.text)
    }
}

/// Takes the marks and list tags (`[list]`) from the front of a decoded subject.
pub fn bare(subject: &str) -> Bare<'_> {
    let end = subject.char_indices().nth(MAX_CHARS).map_or(subject.len(), |(at, _)| at);
    let mut bare = Bare { text: subject.get(..end).unwrap_or_default().trim(), is_reply: false };
    while let Some((rest, is_reply)) = without_mark(bare.text).or_else(|| without_tag(bare.text)) {
        bare.text = rest;
        bare.is_reply |= is_reply;
    }
    bare
}

/// A mark at the front of a subject.
pub(super) struct Mark<'a> {
    /// Its word in lower case, without number and colon.
    pub(super) word: String,
    /// Whether it is that of a reply.
    pub(super) is_reply: bool,
    /// What stands behind it.
    pub(super) rest: &'a str,
}

/// Reads `Re:`, `AW :`, `Re[2]:`, `RE(3)：` at the front of a subject.
pub(super) fn mark(text: &str) -> Option<Mark<'_>> {
    let (mark, rest) = text.split_once([':', '：'])?;
    let mark = mark.trim();
    let counted =
        mark.strip_suffix([']', ')']).map(|mark| mark.trim_end_matches(|c: char| c.is_ascii_digit()));
    let word = counted.and_then(|mark| mark.strip_suffix(['[', '('])).unwrap_or(mark);
    let word = word.trim().to_lowercase();
    let is_reply = REPLIES.contains(&word.as_str());
    let rest = rest.trim_start();
    (is_reply || FORWARDS.contains(&word.as_str())).then_some(Mark { word, is_reply, rest })
}

/// The text behind a mark, and whether it marked a reply.
fn without_mark(text: &str) -> Option<(&str, bool)> {
    mark(text).map(|mark| (mark.rest, mark.is_reply))
}

/// The text behind a list's tag, if there is any.
pub(super) fn without_tag(text: &str) -> Option<(&str, bool)> {
    let (tag, rest) = text.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim_start();
    (!tag.contains('[') && tag.len() <= 60 && !rest.is_empty()).then_some((rest, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_all_languages_and_list_tags_are_taken_off() {
        for (subject, text, is_reply) in [
            ("Invoice", "Invoice", false),
            ("Re: Invoice", "Invoice", true),
            ("AW: Re: WG: Rechnung", "Rechnung", true),
            ("RE[2]: Invoice", "Invoice", true),
            ("re (12) : Invoice", "Invoice", true),
            ("回复：发票", "发票", true),
            ("Fwd: Invoice", "Invoice", false),
            ("[rust] Re: [rust] Traits: a question", "Traits: a question", true),
            ("[only a tag]", "[only a tag]", false),
            ("Report: numbers", "Report: numbers", false),
            ("Re:", "", true),
            ("", "", false),
        ] {
            assert_eq!(bare(subject), Bare { text, is_reply }, "{subject}");
        }
    }

    #[test]
    fn equal_words_are_the_same_and_no_words_are_nothing() {
        assert!(bare("Re: the  PLAN").is_same(&bare("The plan")));
        assert!(!bare("Re: the plan").is_same(&bare("The plan B")));
        assert!(!bare("Re:").is_same(&bare("AW:")));
    }

    #[test]
    fn a_hostile_subject_ends() {
        assert!(bare(&"Re: ".repeat(100_000)).text.len() < 10);
        assert_eq!(bare(&"é".repeat(5_000)).text.chars().count(), MAX_CHARS);
    }
}
