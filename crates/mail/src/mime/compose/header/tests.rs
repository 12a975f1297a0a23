//! Fields as they are written.

use proptest::prelude::*;
use time::macros::datetime;

use super::*;
use crate::mime::header::Headers;

fn text(name: &str, value: &str) -> String {
    let mut header = Header::default();
    header.text(name, value);
    String::from_utf8(header.into_octets()).unwrap()
}

fn addresses(list: &[(&str, &str)]) -> String {
    let list: Vec<Address> = list
        .iter()
        .map(|(name, email)| Address { name: (*name).to_owned(), email: (*email).to_owned() })
        .collect();
    let mut header = Header::default();
    header.addresses("To", &wired(&list).unwrap());
    String::from_utf8(header.into_octets()).unwrap()
}

#[test]
fn plain_text_stays_plain() {
    assert_eq!(text("Subject", "Lunch on Friday?"), "Subject: Lunch on Friday?\r\n");
    assert_eq!(text("Subject", ""), "Subject:\r\n");
}

#[test]
fn only_the_words_that_need_it_are_encoded() {
    assert_eq!(
        text("Subject", "Re: Grüße aus Köln today"),
        "Subject: Re: =?utf-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?= today\r\n"
    );
    assert_eq!(text("Subject", "Привет"), "Subject: =?utf-8?B?0J/RgNC40LLQtdGC?=\r\n");
    assert_eq!(
        text("Subject", "see =?utf-8?q?x?= there"),
        "Subject: see =?utf-8?Q?=3D=3Futf-8=3Fq=3Fx=3F=3D?= there\r\n"
    );
    assert_eq!(text("Subject", "two  blanks kept"), "Subject: =?utf-8?Q?two__blanks?= kept\r\n");
}

#[test]
fn a_line_end_in_a_text_is_a_blank() {
    for hostile in [
        "a\r\nBcc: x@y.org",
        "a\nBcc: x@y.org",
        "a\rBcc: x@y.org",
        "a\u{2028}Bcc: x@y.org",
        "a\0Bcc: x@y.org",
    ] {
        assert_eq!(text("Subject", hostile).trim_end().lines().count(), 1, "{hostile:?}");
        let line = addresses(&[(hostile, "ann@x.org")]);
        assert_eq!(Headers::parse(line.as_bytes()).iter().count(), 1, "{hostile:?}");
    }
}

#[test]
fn names_are_atoms_quoted_or_encoded() {
    assert_eq!(addresses(&[("Ann Lee", "ann@x.org")]), "To: Ann Lee <ann@x.org>\r\n");
    assert_eq!(addresses(&[("Lee, \"A\" \\", "ann@x.org")]), "To: \"Lee, \\\"A\\\" \\\\\" <ann@x.org>\r\n");
    assert_eq!(addresses(&[("", "ann@x.org"), ("", "\"a b\"@x.org")]), "To: ann@x.org, <\"a b\"@x.org>\r\n");
    assert_eq!(
        addresses(&[("Jörg", "j@bücher.example")]),
        "To: =?utf-8?Q?J=C3=B6rg?= <j@xn--bcher-kva.example>\r\n"
    );
    assert_eq!(addresses(&[("Ann", "änn@x.org")]), "To: Ann <änn@x.org>\r\n");
    assert_eq!(addresses(&[]), "");
}

#[test]
fn ids_that_cannot_be_written_are_left_out() {
    let mut header = Header::default();
    header.ids("References", ["<a@x>", "<b\r\nBcc: y@z>", "<ü@x>", "c@x", "<>", "<d@x> <e@x>", "<f@x>"]);
    header.ids("In-Reply-To", ["bad"]);
    assert_eq!(header.into_octets(), b"References: <a@x> <f@x>\r\n");
}

#[test]
fn dates_have_their_offset() {
    assert_eq!(
        date(datetime!(2026-11-21 09:05:03 +05:30)).as_deref(),
        Some("Sat, 21 Nov 2026 09:05:03 +0530")
    );
    assert_eq!(
        date(datetime!(2026-11-21 09:05:03 +00:19:32)).as_deref(),
        Some("Sat, 21 Nov 2026 09:04:31 +0019")
    );
    assert_eq!(date(datetime!(1899-01-01 00:00 UTC)), None);
}

#[test]
fn file_names_have_an_ascii_name_beside() {
    assert_eq!(file_name("filename", "Plan 2026.pdf"), ["filename=\"Plan 2026.pdf\""]);
    assert_eq!(
        file_name("filename", "Übersicht; \"alt\".pdf"),
        ["filename*=utf-8''%C3%9Cbersicht%3B%20%22alt%22.pdf", "filename=\"_bersicht_ _alt_.pdf\""]
    );
    assert_eq!(file_name("filename", "файл.docx").last().map(String::as_str), Some("filename=\"file.docx\""));
    assert_eq!(file_name("filename", "a\r\nBcc: x"), file_name("filename", "a  Bcc: x"));
    assert!(file_name("filename", " \r\n").is_empty());
    let long = file_name("filename", &format!("{}.pdf", "日本語".repeat(100)));
    assert!(long.len() > 10 && long.iter().all(|parameter| parameter.len() <= WIDTH), "{long:?}");
}

proptest! {
    #[test]
    fn any_text_is_one_field_of_lawful_lines(value in "\\PC{0,300}|[a =?\r\n\t\u{e9}\u{1f600}]{0,300}") {
        let written = text("Subject", &value);
        prop_assert!(written.is_ascii());
        prop_assert!(written.split_terminator("\r\n").all(|line| line.len() <= 78 && !line.contains(['\r', '\n'])), "{written}");
        prop_assert!(written.split_terminator("\r\n").skip(1).all(|line| line.starts_with(' ') && !line.trim().is_empty()), "{written}");
        for word in written.split_whitespace().filter(|word| word.starts_with("=?utf-8?")) {
            prop_assert!(word.len() <= MAX_WORD, "{word}");
            let alone = crate::mime::words::decode(word.as_bytes());
            prop_assert!(!alone.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER), "{word}");
        }
        let read = crate::mime::words::decode(written.trim_end().strip_prefix("Subject:").unwrap_or_default().trim_start().as_bytes());
        prop_assert_eq!(read, tamed(&value).trim().to_owned());
    }

    #[test]
    fn any_name_is_one_address(name in "\\PC{0,120}|[a \"\\\\,;:<>@()=?.\r\n\u{e9}]{0,120}") {
        let written = addresses(&[(&name, "ann@x.org"), ("", "bob@x.org")]);
        prop_assert!(written.split_terminator("\r\n").all(|line| line.len() <= 78));
        let read = super::super::parse_recipients(&written.strip_prefix("To:").unwrap_or_default().replace("\r\n", "")).unwrap();
        prop_assert_eq!(read.len(), 2);
        prop_assert_eq!(&read[0].email, "ann@x.org");
        let expected = crate::mime::invisible::clean(&tamed(&name)).0.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(&read[0].name, &expected);
    }
}
