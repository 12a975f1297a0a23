//! Whole messages taken apart, sound and broken.

use proptest::prelude::*;

use super::*;

fn paths(part: &Part) -> Vec<String> {
    let mut found = vec![format!("{}:{}", part.path, part.media_type())];
    found.extend(part.children.iter().flat_map(paths));
    found
}

fn parsed(text: &str) -> Parsed {
    parse(text.replace('\n', "\r\n").as_bytes())
}

#[test]
fn a_message_without_mime_is_one_text_part() {
    let found = parsed("Subject: x\n\nHello\n");
    assert_eq!(paths(&found.structure), ["1:text/plain"]);
    assert_eq!(found.part_bytes[&PartPath(vec![1])].as_ref(), b"Hello\r\n");
}

#[test]
fn parts_have_the_paths_that_imap_gives_them() {
    let found = parsed(
        "Content-Type: multipart/mixed; boundary=\"o\"\n\npreamble\n--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\nplain\n--i\nContent-Type: text/html\n\n<p>html\n--i--\n--o\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: multipart/mixed; boundary=n\n\n--n\n\none\n--n--\n--o\nContent-Type: application/pdf; name*=utf-8''r%C3%A9.pdf\nContent-Transfer-Encoding: BASE64\n\nAAAA\n--o--\nepilogue",
    );
    assert_eq!(
        paths(&found.structure),
        [
            ":multipart/mixed",
            "1:multipart/alternative",
            "1.1:text/plain",
            "1.2:text/html",
            "2:message/rfc822",
            "2:multipart/mixed",
            "2.1:text/plain",
            "3:application/pdf"
        ]
    );
    assert_eq!(found.part_bytes[&PartPath(vec![1, 1])].as_ref(), b"plain");
    assert_eq!(found.part_bytes[&PartPath(vec![2, 1])].as_ref(), b"one");
    assert_eq!(found.structure.children[1].envelope.as_ref().unwrap().subject, "inner");
    assert_eq!(found.structure.children[2].file_name(), Some("ré.pdf"));
    assert_eq!(found.structure.children[2].encoding, "base64");
}

#[test]
fn a_missing_end_and_a_missing_boundary_are_forgiven() {
    let found = parsed("Content-Type: multipart/mixed; boundary=o\n\n--o\n\none\n--o\n\ntwo");
    assert_eq!(found.part_bytes[&PartPath(vec![2])].as_ref(), b"two");
    let found = parsed("Content-Type: multipart/mixed\n\nwords");
    assert_eq!(paths(&found.structure), ["1:text/plain"]);
    let found = parsed("no header here\n\nbut words");
    assert_eq!(found.part_bytes.len(), 1);
}

#[test]
fn similar_boundaries_are_not_mixed_up() {
    let found = parsed(
        "Content-Type: multipart/mixed; boundary=ab\n\n--ab\nContent-Type: multipart/mixed; boundary=abc\n\n--abc\n\none\n--abc--\n--ab\n\ntwo\n--ab--\n",
    );
    assert_eq!(
        paths(&found.structure),
        [":multipart/mixed", "1:multipart/mixed", "1.1:text/plain", "2:text/plain"]
    );
}

#[test]
fn nesting_and_number_of_parts_are_bounded() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(50_000);
    let found = parse(nested.as_bytes());
    assert!(found.part_bytes.len() <= MAX_DEPTH + 2, "{}", found.part_bytes.len());
    let many =
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\r\n\r\nx\r\n".repeat(5_000));
    assert!(parse(many.as_bytes()).part_bytes.len() <= MAX_PARTS);
    let level =
        |depth: i32| format!("Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n");
    let deep: String = (0..300).map(level).collect();
    let _ = parse(deep.as_bytes());
}

proptest! {
    #[test]
    fn no_octets_panic(raw in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = parse(&raw);
    }

    #[test]
    fn no_likely_message_panics(text in "((Content-Type: (multipart/(mixed|digest); boundary=b|message/rfc822|text/html)|Content-Transfer-Encoding: base64|Subject: x|--b|--b--|é|x)?\r?\n){0,40}") {
        let found = parse(text.as_bytes());
        let plan = crate::mime::text_parts::text_plan(&found.structure);
        prop_assert!(plan.parts.iter().all(|part| found.part_bytes.contains_key(&part.path)));
    }
}
