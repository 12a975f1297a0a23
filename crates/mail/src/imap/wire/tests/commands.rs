//! Commands as octets: what goes in as an argument comes out as that argument and nothing else.

use bytes::Bytes;
use domain::Flag;
use proptest::prelude::*;
use time::macros::{date, datetime};

use super::super::{
    encode::{Command, Dialect, Error, Literals, Segment},
    tokenizer::{Cursor, Piece, Value},
};

const PLUS: Dialect = Dialect { literals: Literals::Plus, is_utf8: false };
const WAITING: Dialect = Dialect { literals: Literals::Waiting, is_utf8: false };
const UTF8: Dialect = Dialect { literals: Literals::Minus, is_utf8: true };

fn written(command: &Command, dialect: Dialect) -> Vec<(String, bool)> {
    let segments = command.encode("a1", dialect).unwrap();
    segments
        .iter()
        .map(|segment| (String::from_utf8_lossy(&segment.bytes).into_owned(), segment.wait_for_continue))
        .collect()
}

fn line(command: &Command) -> String {
    written(command, PLUS).into_iter().map(|(text, _)| text).collect()
}

#[test]
fn commands_read_as_the_rfc_writes_them() {
    let rows = Command::new("UID FETCH")
        .ranges(&[(1, 5), (9, 9)])
        .open()
        .syntax("FLAGS UID")
        .atom("BODY.PEEK[1.2]<0.65536>")
        .close();
    assert_eq!(line(&rows), "a1 UID FETCH 1:5,9 (FLAGS UID BODY.PEEK[1.2]<0.65536>)\r\n");
    let search = Command::new("UID SEARCH")
        .syntax("SINCE")
        .date(date!(2024 - 07 - 01))
        .syntax("SUBJECT")
        .text("a \"b\" \\");
    assert_eq!(line(&search), "a1 UID SEARCH SINCE 1-Jul-2024 SUBJECT \"a \\\"b\\\" \\\\\"\r\n");
    let store = Command::new("UID STORE")
        .atom("1:*")
        .syntax("+FLAGS.SILENT")
        .flags(&[Flag::Seen, Flag::Keyword("$Forwarded".into())]);
    assert_eq!(line(&store), "a1 UID STORE 1:* +FLAGS.SILENT (\\Seen $Forwarded)\r\n");
    let append = Command::new("APPEND")
        .mailbox("Entwürfe")
        .flags(&[])
        .date_time(datetime!(2024-07-01 8:30 UTC))
        .literal(Bytes::from_static(b"x"));
    assert_eq!(line(&append), "a1 APPEND \"Entw&APw-rfe\" () \" 1-Jul-2024 08:30:00 +0000\" {1+}\r\nx\r\n");
    assert_eq!(line(&Command::new("NOOP")), "a1 NOOP\r\n");
    assert_eq!(line(&Command::new("SELECT").string("")), "a1 SELECT \"\"\r\n");
    assert_eq!(line(&Command::new("SELECT").string("nil")), "a1 SELECT \"nil\"\r\n");
    assert_eq!(
        line(&Command::new("APPEND").literal8(Bytes::from_static(b"\0"))),
        "a1 APPEND ~{1+}\r\n\0\r\n"
    );
}

#[test]
fn a_waiting_literal_pauses_the_command() {
    let login = Command::new("LOGIN").string("ü").string("p\r\nw");
    assert_eq!(
        written(&login, WAITING),
        [("a1 LOGIN {2}\r\n".into(), true), ("ü {4}\r\n".into(), true), ("p\r\nw\r\n".into(), false)]
    );
    assert_eq!(
        written(&Command::new("X").literal(Bytes::new()), WAITING),
        [("a1 X {0}\r\n".into(), true), ("\r\n".into(), false)]
    );
}

#[test]
fn literal_minus_waits_only_for_large_ones() {
    let waits = |size: usize| {
        let message = Bytes::from(vec![b'x'; size]);
        Command::new("APPEND")
            .literal(message)
            .encode("a", UTF8)
            .unwrap()
            .iter()
            .any(|segment| segment.wait_for_continue)
    };
    assert!(!waits(4096));
    assert!(waits(4097));
}

#[test]
fn a_message_is_written_without_being_copied() {
    let message = Bytes::from(vec![b'x'; 5000]);
    let segments = Command::new("APPEND").literal(message.clone()).encode("a", PLUS).unwrap();
    assert_eq!(segments[1].bytes.as_ptr(), message.as_ptr());
}

#[test]
fn a_streamed_message_leaves_its_place_and_waits_where_it_must() {
    let shape = |octets, is_waiting, dialect| {
        let append = Command::new("APPEND").string("a").streamed(octets, false, is_waiting);
        let segments = append.encode("a1", dialect).unwrap();
        let text: Vec<_> =
            segments.iter().map(|segment| String::from_utf8_lossy(&segment.bytes).into_owned()).collect();
        assert_eq!(text[1..], ["\r\n"]);
        (text[0].clone(), segments[0].wait_for_continue, segments[0].streamed)
    };
    assert_eq!(shape(4_096, false, UTF8), ("a1 APPEND a {4096+}\r\n".into(), false, 4_096));
    assert_eq!(shape(4_097, false, UTF8), ("a1 APPEND a {4097}\r\n".into(), true, 4_097));
    assert_eq!(shape(9_000, false, PLUS), ("a1 APPEND a {9000+}\r\n".into(), false, 9_000));
    assert_eq!(shape(9, true, PLUS), ("a1 APPEND a {9}\r\n".into(), true, 9));
    assert_eq!(shape(9, false, WAITING), ("a1 APPEND a {9}\r\n".into(), true, 9));
    let utf8 = Command::new("APPEND").string("a").syntax("UTF8").open().streamed(9, true, true).close();
    let segments = utf8.encode("a1", UTF8).unwrap();
    assert_eq!(&segments[0].bytes[..], b"a1 APPEND a UTF8 (~{9}\r\n");
    assert_eq!(&segments[1].bytes[..], b")\r\n");
    assert_eq!(Command::new("APPEND").streamed(0, false, false).encode("a1", PLUS), Err(Error::Empty));
}

#[test]
fn header_fields_are_named_by_words_only() {
    let fetch = |names: &[&str]| Command::new("FETCH").header_fields(names).encode("a1", PLUS);
    let segments = fetch(&["SUBJECT", "X-Postroom-Draft"]).unwrap();
    assert_eq!(&segments[0].bytes[..], b"a1 FETCH BODY.PEEK[HEADER.FIELDS (SUBJECT X-Postroom-Draft)]\r\n");
    for names in [&[][..], &[""], &["a b"], &["a)"], &["a]"], &["a\r\nb"], &["a", "\"b\""], &["\\a"]] {
        assert_eq!(fetch(names), Err(Error::Atom), "{names:?}");
    }
}

#[test]
fn with_utf8_enabled_text_is_quoted_as_it_is() {
    assert_eq!(
        written(&Command::new("SELECT").mailbox("Entwürfe & co"), UTF8),
        [("a1 SELECT \"Entwürfe & co\"\r\n".into(), false)]
    );
    assert_eq!(written(&Command::new("X").text("a\u{85}"), UTF8)[0].0, "a1 X {3+}\r\na\u{85}\r\n");
}

#[test]
fn what_would_break_out_is_refused() {
    for bad in ["", "a b", "a\r\nb", "a(", "a)", "\"a\"", "{3}", "a\\b", "\\", "ü", "a\0"] {
        assert_eq!(Command::new("X").atom(bad.to_owned()).encode("a", PLUS), Err(Error::Atom), "{bad:?}");
        assert_eq!(
            Command::new("X").flag(&Flag::Keyword(bad.into())).encode("a", PLUS),
            Err(Error::Atom),
            "{bad:?}"
        );
    }
    assert_eq!(Command::new("X").flag(&Flag::Keyword("\\*".into())).encode("a", PLUS), Err(Error::Atom));
    assert_eq!(Command::new("X").ranges(&[]).encode("a", PLUS), Err(Error::Atom));
    assert_eq!(Command::new("X").encode("a b", PLUS), Err(Error::Atom));
    assert_eq!(Command::new("X").string("a\0b").encode("a", PLUS), Err(Error::Nul));
    assert_eq!(Command::new("X").open().encode("a", PLUS), Err(Error::Parentheses));
    assert_eq!(Command::new("X").close().open().encode("a", PLUS), Err(Error::Parentheses));
}

#[test]
fn nothing_of_a_command_is_shown_in_debug_output() {
    let login = Command::new("LOGIN").string("user").string("hunter2");
    let shown = format!("{login:?} {:?}", login.encode("a", PLUS).unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("104, 117") && shown.contains("LOGIN"));
}

/// Reads the command's octets back as the values they are.
fn read_back(segments: &[Segment]) -> Vec<Value> {
    let octets = segments.iter().flat_map(|segment| segment.bytes.to_vec()).collect::<Vec<u8>>();
    let mut pieces = Vec::new();
    let mut rest = octets.as_slice();
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let (line, tail) = (&rest[..end], &rest[end + 2..]);
        let Some(start) = line.ends_with(b"}").then(|| line.iter().rposition(|byte| *byte == b'{').unwrap())
        else {
            assert!(tail.is_empty(), "octets behind the command");
            pieces.push(Piece::Line(Bytes::copy_from_slice(line)));
            return Cursor::new(&pieces, 8, 1000).values().unwrap();
        };
        let size: usize =
            std::str::from_utf8(&line[start + 1..end - 1]).unwrap().trim_end_matches('+').parse().unwrap();
        pieces.push(Piece::Line(Bytes::copy_from_slice(&line[..start])));
        pieces.push(Piece::Literal(Bytes::copy_from_slice(&tail[..size])));
        rest = &tail[size..];
    }
}

fn any_dialect() -> impl Strategy<Value = Dialect> {
    let literals = prop::sample::select(vec![Literals::Waiting, Literals::Minus, Literals::Plus]);
    (literals, any::<bool>()).prop_map(|(literals, is_utf8)| Dialect { literals, is_utf8 })
}

proptest! {
    #[test]
    fn arguments_come_back_as_they_were(
        texts in prop::collection::vec(prop_oneof!["\\PC{0,9}", "[a-z}{\"\\\\\r\n()]{0,9}", "x{1020,1030}"], 0..5),
        raw in prop::collection::vec(1_u8.., 0..20),
        dialect in any_dialect(),
    ) {
        let mut command = Command::new("X").open();
        for text in &texts {
            command = command.string(text).text(text);
        }
        let segments = command.close().string(&raw).encode("a1", dialect).unwrap();
        let values = read_back(&segments);
        let [Value::Atom(_), Value::Atom(_), Value::List(found), last] = values.as_slice() else { panic!("{values:?}") };
        let found: Vec<&[u8]> = found.iter().map(|value| value.as_bytes().unwrap().as_ref()).collect();
        let wanted: Vec<&[u8]> = texts.iter().flat_map(|text| [text.as_bytes(), text.as_bytes()]).collect();
        prop_assert_eq!(found, wanted);
        prop_assert_eq!(last.as_bytes().unwrap().as_ref(), raw.as_slice());
        let waits = segments.iter().filter(|segment| segment.wait_for_continue).count();
        prop_assert!(waits == 0 || dialect.literals == Literals::Waiting);
    }

    #[test]
    fn an_atom_is_one_word_or_refused(word: String) {
        if let Ok(segments) = Command::new("X").atom(word.clone()).encode("a1", PLUS) {
            let whole = format!("a1 X {word}\r\n");
            prop_assert_eq!(segments[0].bytes.as_ref(), whole.as_bytes());
            prop_assert!(!word.contains(char::is_whitespace) && !word.contains(char::is_control));
        }
    }
}
