//! The fields that tie a reply to its thread (RFC 5322, 3.6.4).

use std::collections::HashSet;

/// Most Message-IDs in References: the first of the thread and the newest.
const MAX_IDS: usize = 50;
/// Longest Message-ID that fits into a line of its own, in octets.
const MAX_ID: usize = 900;

/// In-Reply-To and References of a reply.
///
/// Ids that could not stand in a field (blanks, controls, brackets, too long) are left out; each stands
/// once, the answered message last. Without a Message-ID of the original there is no In-Reply-To.
pub fn reply_references(
    original_message_id: Option<&str>,
    original_references: &[String],
    original_in_reply_to: &[String],
) -> (Option<String>, Vec<String>) {
    let parent = original_message_id.and_then(sound_id);
    let mut ids: Vec<String> = original_references.iter().filter_map(|id| sound_id(id)).collect();
    if ids.is_empty() && original_in_reply_to.len() == 1 {
        ids.extend(original_in_reply_to.iter().filter_map(|id| sound_id(id)));
    }
    ids.extend(parent.clone());
    // Of an id that stands twice the last one counts, so that the answered message stays last.
    let mut seen = HashSet::new();
    let mut newest: Vec<String> = ids.into_iter().rev().filter(|id| seen.insert(id.clone())).collect();
    if newest.len() > MAX_IDS {
        let first = newest.pop();
        newest.truncate(MAX_IDS - 1);
        newest.extend(first);
    }
    newest.reverse();
    (parent, newest)
}

fn sound_id(id: &str) -> Option<String> {
    let id = id.trim();
    let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id);
    let is_sound = !inner.is_empty()
        && inner.len() <= MAX_ID
        && inner.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'(' | b')'));
    is_sound.then(|| format!("<{inner}>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("<{number}@x.example>")).collect()
    }

    #[test]
    fn a_reply_refers_to_the_message_and_all_before_it() {
        let (parent, found) = reply_references(Some("<2@x.example>"), &ids(2), &["<9@x.example>".to_owned()]);
        assert_eq!(parent.as_deref(), Some("<2@x.example>"));
        assert_eq!(found, ids(3));
    }

    #[test]
    fn without_references_in_reply_to_is_taken_if_it_names_one_message() {
        assert_eq!(reply_references(Some("<1@x.example>"), &[], &ids(1)).1, ids(2));
        assert_eq!(reply_references(Some("<2@x.example>"), &[], &ids(2)).1, ["<2@x.example>"]);
    }

    #[test]
    fn a_message_without_an_id_still_has_its_thread() {
        assert_eq!(reply_references(None, &ids(2), &[]), (None, ids(2)));
        assert_eq!(reply_references(None, &[], &[]), (None, Vec::new()));
    }

    #[test]
    fn long_threads_keep_the_first_and_the_newest() {
        let (_, found) = reply_references(Some("<last@x.example>"), &ids(5_000), &[]);
        assert_eq!(found.len(), MAX_IDS);
        assert_eq!(found.first().map(String::as_str), Some("<0@x.example>"));
        assert_eq!(found.get(1).map(String::as_str), Some("<4952@x.example>"));
        assert_eq!(found.last().map(String::as_str), Some("<last@x.example>"));
    }

    #[test]
    fn ids_that_cannot_stand_in_a_field_are_left_out_and_each_stands_once() {
        let long = format!("<{}@x.example>", "a".repeat(2_000));
        let odd: Vec<String> = [
            "<a\r\nBcc: eve@x.example>",
            "<a b>",
            "<>",
            "",
            "<ä@x.example>",
            "<1@x>",
            &long,
            "<1@x>",
            "<2@x>",
        ]
        .map(str::to_owned)
        .to_vec();
        let (parent, found) = reply_references(Some("<1@x>"), &odd, &[]);
        assert_eq!((parent.as_deref(), found), (Some("<1@x>"), vec!["<2@x>".to_owned(), "<1@x>".to_owned()]));
        assert_eq!(reply_references(Some("<x\n>"), &[], &[]).0, None);
    }
}
