//! Replies of real servers, each with its oddity: all are read, none loses anything.

use std::fmt::Write as _;

use domain::{Address, Envelope, Flag, Part};
use time::macros::datetime;

use super::super::framer::{Event, Limits};
use super::framing::events;
use crate::imap::response::{Code, Fetch, Response, Untagged};

/// Name and octets of each recorded reply, without its last line end.
pub(super) fn recorded() -> impl Iterator<Item = (&'static str, String)> {
    include_str!("../testdata/replies.txt").lines().map(|line| {
        let (name, reply) = line.split_once('|').unwrap();
        (name, reply.replace("\\r\\n", "\r\n"))
    })
}

/// The one response that the reply is.
pub(super) fn read(reply: &str) -> Response {
    let (mut events, error) = events(format!("{reply}\r\n").as_bytes(), &[usize::MAX], &Limits::default());
    assert_eq!((error, events.len()), (None, 1), "{reply}");
    match events.remove(0) {
        Event::Response(response) => response,
        other => panic!("{other:?}"),
    }
}

fn fetch(items: &str) -> Fetch {
    match read(&format!("* 1 FETCH ({items})")) {
        Response::Untagged(Untagged::Fetch(fetch)) => *fetch,
        other => panic!("{other:?}"),
    }
}

fn envelope(fields: &str) -> Option<Envelope> {
    fetch(&format!("ENVELOPE ({fields})")).envelope.map(|envelope| *envelope)
}

fn structure(text: &str) -> Part {
    *fetch(&format!("BODYSTRUCTURE {text}")).structure.unwrap()
}

/// Every part as `path type/subtype`, in the order of the message.
fn outline(part: &Part) -> Vec<String> {
    let own = format!("{} {}", part.path, part.media_type());
    std::iter::once(own).chain(part.children.iter().flat_map(outline)).collect()
}

#[test]
fn every_recorded_reply_is_read_without_loss() {
    let mut all = String::new();
    for (name, reply) in recorded() {
        let response = read(&reply);
        assert!(!matches!(response, Response::Untagged(Untagged::Unreadable(_))), "{name}");
        writeln!(all, "{name}\n    {response:?}").unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn an_items_neighbours_survive_its_being_broken() {
    let broken = [
        "ENVELOPE \"nonsense\"",
        "ENVELOPE (\"d\" \"s\" NIL \"x\" NIL)",
        "ENVELOPE ((((",
        "ENVELOPE (\"d\" \"s\"",
        "BODYSTRUCTURE 5",
        "BODYSTRUCTURE ()",
        "BODYSTRUCTURE (\"text\" \"plain\"",
        "INTERNALDATE \"soon\"",
        "RFC822.SIZE many",
        "X-NEW [a b] (c",
        "BODY[1.NOSUCH] \"x\"",
        "MODSEQ (",
    ];
    for item in broken {
        let fetch = fetch(&format!("FLAGS (\\Seen) {item} UID 7 MODSEQ (5)"));
        assert_eq!((fetch.uid, fetch.flags), (Some(7), Some(vec![Flag::Seen])), "{item}");
        assert_eq!(fetch.modseq, Some(5), "{item}");
        assert!(fetch.envelope.is_none() && fetch.structure.is_none() && fetch.sections.is_empty(), "{item}");
    }
}

#[test]
fn what_is_unknown_or_strange_is_kept_with_its_name() {
    let fetch = fetch("BINARY.SIZE[1.2] 77 SAVEDATE \"x\" UID none");
    let names: Vec<&str> = fetch.other.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["BINARY.SIZE[1.2]", "SAVEDATE", "UID"]);
}

#[test]
fn envelopes_are_decoded() {
    let envelope = envelope(
        r#""Mon, 1 Jul 1996 02:44:25 -0700" "=?utf-8?q?caf=C3=A9?=" (("=?utf-8?b?w4Q=?=" NIL "a" "x.org")) NIL NIL ((NIL NIL "b" "y.org")) NIL NIL "<1@x> <2@x>" " <3@x>""#,
    )
    .unwrap();
    assert_eq!(envelope.date, Some(datetime!(1996-07-01 09:44:25 UTC)));
    assert_eq!(envelope.subject, "café");
    assert_eq!(envelope.from, [Address { name: "Ä".into(), email: "a@x.org".into() }]);
    assert_eq!(envelope.to[0].email, "b@y.org");
    assert_eq!(envelope.in_reply_to, ["<1@x>", "<2@x>"]);
    assert_eq!(envelope.message_id.as_deref(), Some("<3@x>"));
}

#[test]
fn groups_are_their_members_and_lost_domains_are_none() {
    let to = |list: &str| -> Vec<String> {
        let envelope = envelope(&format!("NIL NIL NIL NIL NIL {list} NIL NIL NIL NIL")).unwrap();
        envelope.to.iter().map(ToString::to_string).collect()
    };
    assert!(to(r#"((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL))"#).is_empty());
    assert_eq!(
        to(r#"((NIL NIL "g" NIL)("A" NIL "a" "x")(NIL NIL NIL NIL)(NIL NIL "b" "y"))"#),
        ["A <a@x>", "b@y"]
    );
    assert_eq!(to(r#"((NIL NIL "root" NIL))"#), ["root"]);
    assert_eq!(to(r#"(("Me" NIL "root" "MISSING_DOMAIN"))"#), ["Me <root>"]);
}

#[test]
fn an_address_cannot_pose_as_another_by_an_encoded_word() {
    let from = envelope(r#"NIL NIL (("B" NIL "=?utf-8?q?boss=40bank.org?=" "evil.org"))"#).unwrap().from;
    assert_eq!(from[0].email, "=?utf-8?q?boss=40bank.org?=@evil.org");
    let from = envelope("NIL NIL ((NIL NIL {6}\r\na\r\nBcc \"x\"))").unwrap().from;
    assert_eq!(from[0].email, "a Bcc@x");
}

#[test]
fn a_subject_in_an_old_charset_is_readable() {
    let (events, _) = events(
        b"* 1 FETCH (ENVELOPE (NIL \"caf\xe9\" NIL NIL NIL NIL NIL NIL NIL NIL))\r\n",
        &[1],
        &Limits::default(),
    );
    let [Event::Response(Response::Untagged(Untagged::Fetch(fetch)))] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(fetch.envelope.as_ref().unwrap().subject, "café");
}

const TEXT: &str = r#"("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 5 1 NIL NIL NIL NIL)"#;

#[test]
fn a_single_part_is_number_one() {
    assert_eq!(outline(&structure(TEXT)), ["1 text/plain"]);
}

#[test]
fn parts_are_numbered_as_the_rfc_says() {
    let envelope = "(NIL \"inner\" NIL NIL NIL NIL NIL NIL NIL NIL)";
    let nested =
        format!(r#"("message" "rfc822" NIL NIL NIL "7bit" 50 {envelope} ({TEXT}{TEXT} "mixed") 9 NIL NIL)"#);
    let single = format!(r#"("message" "rfc822" NIL NIL NIL "7bit" 50 {envelope} {TEXT} 9 NIL NIL)"#);
    let whole =
        structure(&format!(r#"(({TEXT}{TEXT} "alternative") {nested} {single} "mixed" ("boundary" "x"))"#));
    assert_eq!(
        outline(&whole),
        [
            " multipart/mixed",
            "1 multipart/alternative",
            "1.1 text/plain",
            "1.2 text/plain",
            "2 message/rfc822",
            "2 multipart/mixed",
            "2.1 text/plain",
            "2.2 text/plain",
            "3 message/rfc822",
            "3.1 text/plain",
        ]
    );
    assert_eq!(whole.children[1].envelope.as_ref().unwrap().subject, "inner");
    assert_eq!(whole.parameters["boundary"], "x");
    assert_eq!(
        outline(&structure(&nested)),
        ["1 message/rfc822", "1 multipart/mixed", "1.1 text/plain", "1.2 text/plain"]
    );
}

#[test]
fn attachments_have_their_names_whatever_the_server_leaves_out() {
    let name = |tail: &str| {
        let part = structure(&format!(r#"("image" "png" ("name" "a.png") "<id@x>" NIL "BASE64" 10{tail})"#));
        assert_eq!(
            (part.encoding.as_str(), part.content_id.as_deref(), part.size),
            ("base64", Some("id@x"), 10)
        );
        (part.disposition.clone().unwrap_or_default(), part.file_name().unwrap().to_owned())
    };
    let pair = |disposition: &str, name: &str| (disposition.to_owned(), name.to_owned());
    assert_eq!(name(""), pair("", "a.png"));
    assert_eq!(name(" NIL"), pair("", "a.png"));
    assert_eq!(name(r#" NIL "attachment" NIL"#), pair("attachment", "a.png"));
    assert_eq!(name(r#" NIL ("ATTACHMENT" NIL)"#), pair("attachment", "a.png"));
    assert_eq!(name(r#" NIL ("inline" ("filename*" "utf-8''%C3%A4.png"))"#), pair("inline", "ä.png"));
    assert_eq!(name(r#" NIL ("attachment" "filename" "b.png")"#), pair("attachment", "b.png"));
    assert_eq!(
        name(r#" "md5==" ("attachment" ("filename*0" "b" "filename*1" ".png"))"#),
        pair("attachment", "b.png")
    );
}

#[test]
fn a_message_of_endless_parts_is_cut_off() {
    let many = format!("({} \"mixed\")", TEXT.repeat(3_000));
    assert_eq!(outline(&structure(&many)).len(), Limits::default().parts);
}

#[test]
fn codes_with_brackets_inside_are_read() {
    let code = |line: &str| match read(line) {
        Response::Tagged { status, .. } | Response::Untagged(Untagged::Status(status)) => {
            (status.code, status.text)
        }
        other => panic!("{other:?}"),
    };
    let (flags, text) = code(r"* OK [PERMANENTFLAGS (\Seen OIB-Seen-[Gmail]/All \*)] Flags permitted.");
    let expected = ["\\Seen", "OIB-Seen-[Gmail]/All", "\\*"].map(str::to_owned).to_vec();
    assert_eq!((flags, text.as_str()), (Some(Code::PermanentFlags(expected)), "Flags permitted."));
    assert_eq!(code("a NO [unavailable] later [x]"), (Some(Code::Unavailable), "later [x]".to_owned()));
    assert_eq!(
        code("a NO [odd [code] text"),
        (Some(Code::Other("ODD".into(), "[code".into())), "text".to_owned())
    );
    assert_eq!(code("a NO [never closed"), (None, "[never closed".to_owned()));
    assert_eq!(code("a OK [UIDNEXT x] t"), (Some(Code::Other("UIDNEXT".into(), "x".into())), "t".to_owned()));
    assert_eq!(code("a OK [COPYUID 3 9:7 1:3] t").0, Some(Code::CopyUid(3, vec![(9, 7)], vec![(1, 3)])));
}

#[test]
fn a_sorted_result_keeps_its_direction() {
    let Response::Untagged(Untagged::ESearch(found)) =
        read("* ESEARCH (TAG \"a\") UID PARTIAL (-1:-3 9:8,2) COUNT 3")
    else {
        panic!()
    };
    assert_eq!((found.partial, found.count, found.is_uid), (Some(vec![(9, 8), (2, 2)]), Some(3), true));
    let Response::Untagged(Untagged::ESearch(found)) =
        read("* ESEARCH (TAG \"a\" MAILBOX \"x y\" UIDVALIDITY 4) PARTIAL (1:3 NIL)")
    else {
        panic!()
    };
    assert_eq!(
        (found.partial, found.mailbox, found.uid_validity),
        (Some(vec![]), Some(b"x y".to_vec()), Some(4))
    );
}

#[test]
fn names_that_should_have_been_quoted_are_whole() {
    let Response::Untagged(Untagged::List(entry)) = read("* LIST (\\HasNoChildren) \"/\" Sent Items") else {
        panic!()
    };
    assert_eq!(entry.name, b"Sent Items");
    let Response::Untagged(Untagged::MailboxStatus(status)) =
        read("* STATUS Sent Items (MESSAGES 3 UNSEEN 1)")
    else {
        panic!()
    };
    assert_eq!((status.name, status.messages, status.unseen), (b"Sent Items".to_vec(), Some(3), Some(1)));
    let Response::Untagged(Untagged::List(entry)) = read("* LIST () NIL {5}\r\na \"b(") else { panic!() };
    assert_eq!((entry.name, entry.delimiter), (b"a \"b(".to_vec(), None));
}

#[test]
fn lines_that_are_no_response_say_why() {
    for (line, why) in [
        ("", "an empty line"),
        ("*", "a star without data"),
        ("* ", "a star without data"),
        ("* 4294967296 EXISTS", "a number out of range"),
        ("hello", "neither data nor a completion"),
        ("* LIST", "a LIST without attributes"),
        ("* STATUS x", "a STATUS without items"),
        ("* THREAD (1", "a list is not closed"),
        ("* VANISHED", "a VANISHED without UIDs"),
        ("* 1 FETCH", "a FETCH without items"),
    ] {
        assert_eq!(read(line), Response::Untagged(Untagged::Unreadable(why)), "{line}");
    }
}

#[test]
fn a_structure_deeper_or_larger_than_it_may_be_takes_nothing_else_along() {
    let nested = |depth: usize| format!("{}{TEXT}{}", "(".repeat(depth), " \"mixed\")".repeat(depth));
    for (depth, is_read) in [(1, true), (50, true), (10_000, false)] {
        let fetch = fetch(&format!("BODYSTRUCTURE {} UID 7", nested(depth)));
        assert_eq!((fetch.uid, fetch.structure.is_some()), (Some(7), is_read), "{depth}");
    }
    let fetch = fetch(&format!("BODYSTRUCTURE ({} \"mixed\") UID 7", TEXT.repeat(3_000)));
    assert_eq!(fetch.uid, Some(7));
    assert!(fetch.structure.is_none_or(|structure| structure.children.len() <= 1_000));
}

#[test]
fn sizes_and_line_counts_that_lie_are_no_reason_to_lose_a_message() {
    for size in ["0", "-1", "4294967296", "18446744073709551615", "99999999999999999999999", "NIL", "\"5\""] {
        let fetch = fetch(&format!(
            r#"UID 7 RFC822.SIZE {size} BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" {size} {size})"#
        ));
        assert_eq!(fetch.uid, Some(7), "{size}");
    }
}
