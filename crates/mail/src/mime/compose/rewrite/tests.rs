//! Headers of drafts that others wrote.

use proptest::prelude::*;

use super::*;
use crate::mime::header::Headers;

fn rewritten(header: &str, drop: &[&str], add: &[(&str, &str)]) -> (String, String) {
    let add: Vec<(&str, String)> = add.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let Rewritten { octets, bcc, .. } = rewrite_header(header.as_bytes(), drop, &add);
    let text = String::from_utf8(octets.to_vec()).unwrap();
    let bcc = text[usize::try_from(bcc.start).unwrap()..usize::try_from(bcc.end).unwrap()].to_owned();
    (text, bcc)
}

#[test]
fn fields_are_dropped_and_put_in_front() {
    let (text, bcc) = rewritten(
        "From: a@x.org\nX-POSTROOM-draft: drf\n folded\nDate: old\r\nSubject: a\r\n b\r\n\r\nbody: no field",
        &["X-Postroom-Draft", "date", "message-id"],
        &[("Date", "new"), ("Message-ID", "<a@x.org>")],
    );
    assert_eq!(text, "Date: new\r\nMessage-ID: <a@x.org>\r\nFrom: a@x.org\r\nSubject: a\r\n b\r\n\r\n");
    assert_eq!(bcc, "");
}

#[test]
fn all_bcc_fields_stand_together() {
    let (text, bcc) = rewritten(
        "From: a@x.org\nBcc: b@x.org,\n\tc@x.org\nTo: d@x.org\nBCC : e@x.org\nResent-Bcc: f@x.org\nCc: g@x.org\n\n",
        &[],
        &[],
    );
    assert_eq!(bcc, "Bcc: b@x.org,\r\n\tc@x.org\r\nBCC : e@x.org\r\nResent-Bcc: f@x.org\r\n");
    assert_eq!(text.replace(&bcc, ""), "From: a@x.org\r\nTo: d@x.org\r\nCc: g@x.org\r\n\r\n");
}

#[test]
fn nothing_in_a_header_becomes_a_field_or_its_end_on_the_way() {
    let (text, bcc) = rewritten(
        "Subject: a\rBcc: b@x.org\n \t\r\n c\0\nno field\n of its own\nB\0cc: d@x.org\nB cc: e@x.org\nüx: y\n\n",
        &[],
        &[("X-A", "b\r\nBcc: f@x.org"), ("bad name", "x"), ("X-B", "ü")],
    );
    assert_eq!(bcc, "Bcc: d@x.org\r\n");
    assert_eq!(
        text,
        "X-A: b Bcc: f@x.org\r\nX-B: =?utf-8?B?w7w=?=\r\nSubject: a Bcc: b@x.org\r\n c\r\nBcc: d@x.org\r\n\r\n"
    );
}

#[test]
fn lines_too_long_for_mail_are_folded() {
    let (text, _) = rewritten(&format!("To: {}\n\n", "ann@example.org, ".repeat(300)), &[], &[]);
    assert!(text.split("\r\n").all(|line| line.len() <= 998), "{}", text.len());
    assert_eq!(Headers::parse(text.as_bytes()).addresses("to").len(), 300);
    let long = format!("X: {}\r\n\r\n", "a".repeat(2_000));
    assert_eq!(rewritten(&long, &[], &[]).0, long);
}

#[test]
fn a_header_beyond_the_limit_is_cut_and_says_so() {
    let long = "X-Long: abcdefghij\n".repeat(MAX_HEADER / 18);
    let cut = rewrite_header(long.as_bytes(), &[], &[]);
    assert!(cut.is_cut && cut.octets.len() < MAX_HEADER * 2);
    assert!(!rewrite_header(b"A: b\n", &[], &[]).is_cut);
}

proptest! {
    #[test]
    fn any_header_has_one_block_of_bcc_and_the_same_other_fields(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "Bcc: a@x.org", "bcc:", "Subject: a", "To: b@x.org", "\n", "\r\n", "\n", "\r", " ", "\t", ":", "x", "\0", "ü",
        ]), 0..60),
    ) {
        let raw = pieces.concat();
        let Rewritten { octets, bcc, .. } = rewrite_header(raw.as_bytes(), &[], &[]);
        let (start, end) = (usize::try_from(bcc.start).unwrap(), usize::try_from(bcc.end).unwrap());
        let wire = [&octets[..start], &octets[end..]].concat();
        let read = Headers::parse(&wire);
        prop_assert!(read.raw("bcc").is_none());
        prop_assert!(wire.ends_with(b"\r\n"));
        prop_assert_eq!(memchr::memmem::find(&wire[..], b"\r\n\r\n").map_or(wire.len(), |at| at + 4), wire.len());
        let inside = Headers::parse(&octets[start..end]);
        prop_assert!(inside.iter().all(|(name, _)| name == "bcc"));
        prop_assert_eq!(&rewrite_header(&octets, &[], &[]).octets, &octets, "writing it twice changes nothing");
    }
}
