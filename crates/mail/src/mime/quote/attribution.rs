//! The line that introduces a quotation: `On 3 May Ann wrote:` in the languages of mail programs.

use crate::mime::links::clip;

/// What people do in attributions.
const VERBS: [&str; 46] = [
    "wrote",
    "writes",
    "writing",
    "said",
    "schrieb",
    "schrieben",
    "schreibt",
    "geschrieben",
    "a écrit",
    "écrivait",
    "escribió",
    "escribio",
    "escribía",
    "ha scritto",
    "scrive",
    "scrisse",
    "schreef",
    "geschreven",
    "escreveu",
    "skrev",
    "skreiv",
    "kirjoitti",
    "napisał",
    "napisała",
    "napisał(a)",
    "pisze",
    "napsal",
    "napsala",
    "napsal(a)",
    "napísal",
    "napísala",
    "írta",
    "ezt írta",
    "yazdı",
    "a scris",
    "έγραψε",
    "написал",
    "написала",
    "написал(а)",
    "пишет",
    "пише",
    "написав",
    "написала(в)",
    "menulis",
    "đã viết",
    "va escriure",
];
/// The same in scripts without spaces, and ends that are no verb.
const ENDS: [&str; 12] = [
    "写道",
    "寫道",
    "写到",
    "书写",
    "さんは書きました",
    "が書きました",
    "のメール",
    "wrote",
    "작성",
    "작성했습니다",
    "님이 작성",
    "כתב",
];
/// Words that cannot stand in a name.
const NO_NAMES: [&str; 60] = [
    "on", "am", "um", "uhr", "le", "el", "il", "giorno", "op", "om", "den", "kl", "kl.", "klo", "em", "às",
    "a", "à", "alle", "ore", "las", "dnia", "dne", "at", "in", "vom", "von", "pm", "a.m.", "p.m.", "wrote",
    "via", "et", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "gmt", "utc", "cet", "cest", "est", "edt",
    "pst", "pdt", "cst", "cdt", "bst", "ist", "jst", "aest", "h", "г.", "в", "o", "the", "het",
];

/// Whether a line can begin an attribution: a cheap look before the real one.
pub(super) fn may_begin(text: &str) -> bool {
    !text.is_empty() && text.len() < 600
}

/// Whether a line reads like the first of several.
pub(super) fn opens(text: &str) -> bool {
    const OPENERS: [&str; 16] = [
        "on", "am", "le", "el", "il", "op", "em", "den", "w", "dne", "dnia", "at", "vào", "a", "în", "från:",
    ];
    let first = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    has_date(text) || text.contains('@') || OPENERS.contains(&first.as_str())
}

/// Whether a line can end an attribution.
pub(super) fn ends(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches(['*', '_']);
    text.ends_with([':', '：']) || text.ends_with("...")
}

fn verb_in(text: &str) -> Option<(usize, usize)> {
    let lower = text.to_lowercase();
    // Lower case may change lengths; then positions would lie.
    let is_same = lower.len() == text.len();
    for verb in VERBS {
        let mut from = 0;
        while let Some(at) = lower.get(from..).and_then(|rest| rest.find(verb)) {
            let at = from + at;
            let end = at + verb.len();
            let before = lower.get(..at).and_then(|text| text.chars().next_back());
            let after = lower.get(end..).and_then(|text| text.chars().next());
            let is_word =
                !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric);
            if is_word {
                return Some(if is_same { (at, end) } else { (text.len(), text.len()) });
            }
            from = end;
        }
    }
    ENDS.iter().find_map(|end| text.find(end).map(|at| (at, at + end.len())))
}

/// Whether text introduces a quotation, given that one follows.
pub(super) fn is_attribution(text: &str) -> bool {
    if text.len() > 600 {
        return false;
    }
    match verb_in(text) {
        Some((_, end)) => {
            let rest = text.get(end..).unwrap_or_default();
            // Between verb and colon there may be a name or a date, no sentence.
            rest.chars().count() < 160 && (has_date(text) || text.contains('@') || text.chars().count() < 100)
        }
        // `2024-05-03 10:11 GMT+02:00 Ann <ann@example.org>:`
        None => has_date(text) && text.contains('@') && text.contains('<'),
    }
}

/// Whether text is an attribution for sure, although no quote mark follows.
pub(super) fn is_certain(text: &str) -> bool {
    let has_time = text.split_whitespace().any(|word| {
        word.split_once(':').is_some_and(|(hour, minute)| {
            hour.chars().last().is_some_and(|c| c.is_ascii_digit())
                && minute.chars().next().is_some_and(|c| c.is_ascii_digit())
        })
    });
    is_attribution(text) && has_date(text) && (text.contains('@') || has_time)
}

fn has_date(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 3
}

/// Who is said to have written what follows.
pub(super) fn name_in(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    // What stands before an address in brackets is its name.
    if let Some((before, after)) = text.split_once('<') {
        let before = before.trim_end_matches(['[', '(', ' ', '"']);
        let address = after.split(['>', ' ', ']']).next().unwrap_or_default();
        let address = address.strip_prefix("mailto:").unwrap_or(address);
        if let Some(name) = last_name(before) {
            return Some(name);
        }
        if address.contains('@') {
            return Some(clip(address, 60));
        }
    }
    let (start, end) = verb_in(text)?;
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default().trim_matches([':', '：', ' ', '*']);
    // `Am 3. Mai schrieb Ann:` names the author after the verb, most others before it.
    if !after.is_empty() && !after.chars().any(|c| c.is_ascii_digit()) {
        return last_name(after);
    }
    last_name(before)
}

/// The words at the end of a text that can be a name.
fn last_name(text: &str) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    let text = text.trim_end_matches([',', ' ', ':', '"', '\'']);
    for word in text.split_whitespace().rev() {
        let plain = word.trim_matches(['"', '\'', '(', ')', '*', ',', '“', '”']);
        let lower = plain.to_lowercase();
        let is_no_name = NO_NAMES.contains(&lower.as_str()) || VERBS.contains(&lower.as_str());
        if plain.is_empty() || plain.chars().any(|c| c.is_ascii_digit()) && !plain.contains('@') || is_no_name
        {
            break;
        }
        // A comma ends what stood before it; `Doe, Jane` in quotes is rare enough.
        if word.ends_with(',') && !words.is_empty() {
            break;
        }
        words.push(plain);
        if words.len() == 5 || word.starts_with('"') {
            break;
        }
    }
    words.reverse();
    let name = words.join(" ");
    (!name.is_empty()).then(|| clip(&name, 60))
}
