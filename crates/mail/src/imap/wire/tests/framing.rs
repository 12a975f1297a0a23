//! How octets are cut into events, whatever the pieces they arrive in.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::super::framer::{Error, Event, Framer, Limits};
use crate::imap::response::{Response, SectionText, StatusKind, Untagged};

/// Everything that comes out after `input` was pushed in pieces of these sizes (the last size repeats).
pub(super) fn events(input: &[u8], sizes: &[usize], limits: &Limits) -> (Vec<Event>, Option<Error>) {
    let mut framer = Framer::new(limits.clone());
    let mut found = Vec::new();
    let mut rest = input;
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(*sizes.last().unwrap_or(&usize::MAX)));
    while !rest.is_empty() {
        let size = sizes.next().unwrap().clamp(1, rest.len());
        let (now, later) = rest.split_at(size);
        framer.push(now);
        rest = later;
        loop {
            match framer.pop() {
                Ok(Some(event)) => found.push(event),
                Ok(None) => break,
                Err(error) => return (joined(found), Some(error)),
            }
        }
    }
    (joined(found), None)
}

/// With neighbouring chunks joined: where they are cut depends on what arrived when.
fn joined(events: Vec<Event>) -> Vec<Event> {
    let mut out: Vec<Event> = Vec::new();
    for event in events {
        match (out.last_mut(), event) {
            (Some(Event::LiteralChunk(before)), Event::LiteralChunk(more)) => {
                *before = Bytes::from([before.as_ref(), more.as_ref()].concat());
            }
            (_, event) => out.push(event),
        }
    }
    out
}

fn small() -> Limits {
    Limits {
        line: 200,
        number_line: 400,
        inline_literal: 8,
        response: 300,
        max_literal: 1000,
        ..Limits::default()
    }
}

fn responses(input: &[u8]) -> Vec<Response> {
    let (events, error) = events(input, &[usize::MAX], &Limits::default());
    assert_eq!(error, None);
    events
        .into_iter()
        .map(|event| match event {
            Event::Response(response) => response,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn braces_in_free_text_announce_nothing() {
    for line in [
        "* OK see {5}\r\n",
        "* NO {5}\r\n",
        "a1 OK done {5}\r\n",
        "+ go {5}\r\n",
        "* bye {5}\r\n",
        "junk {5}\r\n",
    ] {
        let input = format!("{line}* 1 EXISTS\r\n");
        assert_eq!(responses(input.as_bytes())[1], Response::Untagged(Untagged::Exists(1)), "{line}");
    }
}

#[test]
fn braces_in_quoted_strings_announce_nothing() {
    for name in [r#""a {5}""#, r#""a \" {5}""#, r#""unclosed {5}"#, "word{5}"] {
        let input = format!("* LIST () \"/\" {name}\r\n* 1 EXISTS\r\n");
        assert_eq!(responses(input.as_bytes())[1], Response::Untagged(Untagged::Exists(1)), "{name}");
    }
}

#[test]
fn literals_of_every_spelling_are_read() {
    for announced in ["{3}\r\n", "{3+}\r\n", "~{3}\r\n", "{3}\n", "~{3+}\r\n", "{003}\r\n"] {
        let input = format!("* 1 FETCH (BODY[] {announced}a\r\n UID 7)\r\n");
        let responses = responses(input.as_bytes());
        let [Response::Untagged(Untagged::Fetch(fetch))] = responses.as_slice() else {
            panic!("{responses:?}")
        };
        assert_eq!(fetch.sections[0].data.as_deref(), Some(b"a\r\n".as_slice()));
        assert_eq!(fetch.uid, Some(7));
    }
}

#[test]
fn quotes_are_counted_anew_behind_a_literal() {
    let input =
        b"* 1 FETCH (ENVELOPE (\"d\" {3}\r\na\"b NIL NIL NIL NIL NIL NIL NIL \"{9}\") BODY[1] {2}\r\nhi)\r\n";
    let responses = responses(input);
    let [Response::Untagged(Untagged::Fetch(fetch))] = responses.as_slice() else { panic!("{responses:?}") };
    assert_eq!(fetch.envelope.as_ref().unwrap().subject, "a\"b");
    assert_eq!(fetch.sections[0].data.as_deref(), Some(b"hi".as_slice()));
}

#[test]
fn a_large_literal_leaves_in_chunks_and_says_where_it_belongs() {
    let input = b"* 5 FETCH (UID 9 BODY[1.2]<0> {12}\r\nHello world! FLAGS (\\Seen))\r\na OK {1}\r\n";
    let (events, error) = events(input, &[10], &small());
    assert_eq!(error, None);
    let [
        Event::LiteralStart { size: 12, sequence: Some(5), uid: Some(9), section: Some(section) },
        chunk,
        Event::LiteralEnd,
        Event::Response(fetch),
        Event::Response(done),
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((section.path.to_string().as_str(), section.origin), ("1.2", Some(0)));
    assert_eq!(section.text, SectionText::Whole);
    assert_eq!(*chunk, Event::LiteralChunk(Bytes::from_static(b"Hello world!")));
    let Response::Untagged(Untagged::Fetch(fetch)) = fetch else { panic!("{fetch:?}") };
    assert_eq!(fetch.sections, std::slice::from_ref(section));
    assert_eq!(fetch.flags.as_deref(), Some([domain::Flag::Seen].as_slice()));
    assert!(matches!(done, Response::Tagged { status, .. } if status.kind == StatusKind::Ok));
}

#[test]
fn a_large_literal_elsewhere_claims_no_section() {
    let input = b"* 5 FETCH (BODY[1] \"x\" ENVELOPE (\"d\" {12}\r\nHello world! NIL))\r\n";
    let (events, _) = events(input, &[1], &small());
    assert_eq!(events[0], Event::LiteralStart { size: 12, sequence: Some(5), uid: None, section: None });
}

#[test]
fn chunks_and_sections_are_slices_of_the_receive_buffer() {
    let mut framer = Framer::new(Limits { inline_literal: 8, ..Limits::default() });
    let received = BytesMut::from(b"* 1 FETCH (BODY[1] {3}\r\nabc BODY[] {9}\r\n123456789)\r\n".as_slice());
    let place = received.as_ptr_range();
    framer.buffer_mut().unsplit(received);
    while let Some(event) = framer.pop().unwrap() {
        match event {
            Event::LiteralChunk(bytes) => assert!(place.contains(&bytes.as_ptr())),
            Event::Response(Response::Untagged(Untagged::Fetch(fetch))) => {
                assert!(place.contains(&fetch.sections[0].data.as_ref().unwrap().as_ptr()));
            }
            _ => {}
        }
    }
    assert!(framer.is_between_responses());
}

#[test]
fn what_exceeds_a_bound_ends_the_connection() {
    let long = "x".repeat(200);
    for (input, error) in [
        (format!("* 1 FETCH (X {long}"), Error::LineTooLong),
        (format!("* 1 FETCH (X {long})\r\n"), Error::LineTooLong),
        ("* 1 FETCH (BODY[] {1001}\r\n".to_owned(), Error::LiteralTooLarge),
        ("* 1 FETCH (BODY[] {99999999999999999999999}\r\n".to_owned(), Error::LiteralTooLarge),
        (format!("* 1 FETCH ({}", "BODY[] {4}\r\nabcd ".repeat(40)), Error::ResponseTooLarge),
    ] {
        for size in [1, 7, 10_000] {
            assert_eq!(events(input.as_bytes(), &[size], &small()).1, Some(error), "{input}");
        }
    }
    let many = Limits { literals: 3, ..Limits::default() };
    assert_eq!(
        events(&b"* 1 FETCH ({0}\r\n {0}\r\n {0}\r\n {0}\r\n"[..], &[1], &many).1,
        Some(Error::ResponseTooLarge)
    );
}

#[test]
fn an_error_stays() {
    let mut framer = Framer::new(small());
    framer.push(&[b'x'; 300]);
    assert_eq!(framer.pop(), Err(Error::LineTooLong));
    framer.push(b"\r\n* 1 EXISTS\r\n");
    assert_eq!(framer.pop(), Err(Error::LineTooLong));
}

#[test]
fn results_of_a_large_mailbox_may_be_longer_than_other_lines() {
    let numbers = (1000..1060).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
    let (events, error) = events(format!("* SEARCH {numbers}\r\n").as_bytes(), &[9], &small());
    assert_eq!(error, None);
    assert!(
        matches!(&events[0], Event::Response(Response::Untagged(Untagged::Search { numbers, .. })) if numbers.len() == 60)
    );
}

#[test]
fn deep_lists_and_many_values_end_neither_the_program_nor_the_connection() {
    let deep = "(".repeat(100_000);
    let many = "a ".repeat(520_000);
    for line in [
        format!("* THREAD {deep}\r\n"),
        format!("* X {many}\r\n"),
        format!("* 1 FETCH (X {deep}{} UID 3)\r\n", ")".repeat(100_000)),
        format!("* 1 FETCH (X ({many}) UID 3)\r\n"),
        format!("* 1 FETCH ({}\r\n", "UID ( ".repeat(50_000)),
        format!("* 1 FETCH ({}\r\n", "BODY[ ".repeat(50_000)),
    ] {
        let input = format!("{line}* 1 EXISTS\r\n");
        let responses = responses(input.as_bytes());
        assert_eq!(responses[1], Response::Untagged(Untagged::Exists(1)));
        match &responses[0] {
            Response::Untagged(Untagged::Unreadable(_)) => {}
            Response::Untagged(Untagged::Fetch(fetch)) => {
                assert!(fetch.uid == Some(3) || !line.contains("UID 3"));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Octets that look like IMAP often enough to reach every corner.
fn imap_like() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "* ",
        "1 ",
        "FETCH ",
        "(",
        ")",
        "\r\n",
        "\n",
        "{3}\r\n",
        "{12}\r\n",
        "~{2+}\r\n",
        "{0}\r\n",
        "\"",
        "\\",
        "a OK ",
        "[UIDNEXT 4]",
        "[",
        "]",
        "BODY[1]",
        "BODY[HEADER.FIELDS (",
        "UID 5 ",
        "FLAGS ",
        "\\Seen",
        "NIL ",
        "ENVELOPE ",
        "BODYSTRUCTURE ",
        "LIST () \"/\" ",
        "STATUS a ",
        "SEARCH 1 2 ",
        "ESEARCH (TAG \"a\") ALL 1:3 ",
        "VANISHED ",
        "+ ",
        "é",
        "X-GM-LABELS ",
        "text",
        "\"plain\" ",
        "-1 ",
        "<0> ",
        "NAMESPACE ",
        "THREAD (1 2)",
        "CAPABILITY X ",
        "BYE ",
    ]);
    let piece = prop_oneof![
        9 => word.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_cutting_of_the_input_gives_the_same_events(input in imap_like(), sizes in prop::collection::vec(1_usize..20, 1..9)) {
        let whole = events(&input, &[usize::MAX], &small());
        prop_assert_eq!(&events(&input, &[1], &small()), &whole);
        prop_assert_eq!(&events(&input, &sizes, &small()), &whole);
    }

    #[test]
    fn any_octets_are_survived(input: Vec<u8>) {
        events(&input, &[usize::MAX], &small());
    }

    #[test]
    fn any_line_is_a_response(line in "[ -~]{0,80}") {
        let mut input = line.replace('{', "").into_bytes();
        input.extend_from_slice(b"\r\n");
        let (events, error) = events(&input, &[usize::MAX], &Limits::default());
        prop_assert_eq!(error, None);
        prop_assert_eq!(events.len(), 1);
    }
}
