//! Letters whose structure lies: too deep, too many parts, sizes, charsets, encodings, boundaries and header
//! fields that are not what they say. One line a case: what must be read of it all the same.

use mail::mime::{header::Headers, text_parts::text_plan, whole};

use crate::letters::{complaint, read};

/// The text of a letter given as lines.
fn text_of(letter: &[u8]) -> String {
    let found = read(letter, false);
    assert_eq!(complaint(&found), None);
    found.rendered.readable.text
}

fn nested_parts(depth: usize) -> Vec<u8> {
    let open: Vec<String> = (0..depth)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect();
    let close: Vec<String> = (0..depth).rev().map(|n| format!("\r\n--b{n}--\r\n")).collect();
    format!("Subject: x\r\n{}Content-Type: text/plain\r\n\r\nbottom{}", open.concat(), close.concat())
        .into_bytes()
}

fn nested_messages(depth: usize) -> Vec<u8> {
    format!("Subject: x\r\n{}\r\nbottom", "Content-Type: message/rfc822\r\n\r\nSubject: y\r\n".repeat(depth))
        .into_bytes()
}

#[test]
fn fifty_levels_are_read_and_what_lies_deeper_is_told() {
    for (depth, is_cut) in [(1, false), (49, false), (50, false), (51, true), (10_000, true)] {
        let letter = nested_parts(depth);
        let text = text_of(&letter);
        assert_eq!(text == "bottom", !is_cut, "{depth}: {}", text.len());
        if is_cut {
            assert!(text.contains("Content-Type"), "what is not taken apart is shown as it is");
        }
    }
    for depth in [50, 51, 10_000] {
        let found = read(&nested_messages(depth), false);
        assert_eq!((complaint(&found), found.files), (None, 1));
    }
}

#[test]
fn a_thousand_parts_are_read_and_more_are_told() {
    for (count, is_cut) in [(998, false), (1_000, true), (50_000, true)] {
        let letter = format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n",
            "--b\r\n\r\nx\r\n".repeat(count)
        );
        let parsed = whole::parse(letter.as_bytes());
        assert_eq!(text_plan(&parsed.structure).is_cut, is_cut, "{count}");
        assert!(parsed.part_bytes.len() <= 1_000);
    }
}

#[test]
fn long_headers_are_read_to_their_bound() {
    let lines = |count: usize| format!("{}Subject: late\r\n\r\nwords", "X-A: b\r\n".repeat(count));
    assert!(!Headers::parse(lines(1_000).as_bytes()).is_cut());
    assert!(Headers::parse(lines(100_000).as_bytes()).is_cut());
    assert!(Headers::parse(lines(200_000).as_bytes()).is_cut());
    let to = format!("To: {}\r\nSubject: x\r\n\r\nwords", "Ann <ann@x.example>, ".repeat(20_000));
    for letter in [
        lines(100_000),
        to.clone(),
        format!("X-Long: {}\r\nSubject: x\r\n\r\nwords", "y".repeat(1 << 20)),
        format!("Subject: {}\r\n\r\nwords", "y".repeat(1 << 20)),
        format!("Subject: {}\r\n\r\nwords", "y\r\n ".repeat(200_000)),
        format!("{}\r\nwords", "Subject: y\r\n".repeat(100_000)),
    ] {
        assert!(text_of(letter.as_bytes()).contains("words"), "{}", &letter[..60]);
    }
    assert!(Headers::parse(to.as_bytes()).addresses("to").len() <= 1_000);
}

#[test]
fn every_letter_that_lies_is_read_as_far_as_it_goes() {
    let long = "k".repeat(10_000);
    let long_boundary =
        format!("Content-Type: multipart/mixed; boundary={long}\n\n--{long}\n\nwords\n--{long}--\n");
    let long_charset = format!("Content-Type: text/plain; charset={long}\n\nwords");
    let cases: &[(&str, &[u8], &str)] = &[
        // Charsets.
        ("no charset, UTF-8", "Subject: x\n\nwörds".as_bytes(), "wörds"),
        ("no charset, Latin", b"Subject: x\n\nw\xf6rds", "wörds"),
        ("an unknown charset", b"Content-Type: text/plain; charset=x-klingon\n\nw\xf6rds", "wörds"),
        ("a charset of ten kilobytes", long_charset.as_bytes(), "words"),
        ("an empty charset", b"Content-Type: text/plain; charset=\"\"\n\nwords", "words"),
        ("a charset with a path", b"Content-Type: text/plain; charset=../../etc\n\nwords", "words"),
        ("UTF-7", b"Content-Type: text/plain; charset=utf-7\n\nw+APY-rds", "wörds"),
        ("UTF-7 is no other way to write tags", b"Content-Type: text/html; charset=utf-7\n\n+ADw-p hidden+AD4-secret+ADw-/p+AD4-words", "words"),
        ("UTF-16 without mark", b"Content-Type: text/plain; charset=utf-16\n\nw\0o\0r\0d\0s\0", "words"),
        ("UTF-16 big end first", b"Content-Type: text/plain; charset=utf-16be\n\n\0w\0o\0r\0d\0s", "words"),
        ("UTF-16 that is ASCII", b"Content-Type: text/plain; charset=utf-16\n\nwords", "words"),
        ("UTF-16 of an odd length", b"Content-Type: text/plain; charset=utf-16le\n\nw\0o\0r\0d\0s\0x", "words"),
        ("UTF-8 that says Latin", "Content-Type: text/plain; charset=iso-8859-1\n\nwörds".as_bytes(), "wörds"),
        ("Latin that says UTF-8", b"Content-Type: text/plain; charset=utf-8\n\nw\xf6rds", "wörds"),
        ("UTF-8 that says ASCII", "Content-Type: text/plain; charset=us-ascii\n\nwörds".as_bytes(), "wörds"),
        ("overlong UTF-8 makes no tag", b"Content-Type: text/html; charset=utf-8\n\nwords\xc0\xbcp\xc0\xbe", "words"),
        // Encodings.
        ("an unknown encoding", b"Content-Transfer-Encoding: x-none\n\nwords", "words"),
        ("two encodings", b"Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\nd29yZHM=", "words"),
        ("base64 with garbage", b"Content-Transfer-Encoding: base64\n\nd2\x009y!!ZHM=", "words"),
        ("base64 without padding", b"Content-Transfer-Encoding: base64\n\nd29yZHM", "words"),
        ("base64 with an early end", b"Content-Transfer-Encoding: base64\n\nd29y\n=\nZHM=", "words"),
        ("base64 of one line", b"Content-Transfer-Encoding: BASE64 \n\nd29yZHM=", "words"),
        ("quoted-printable with bad digits", b"Content-Transfer-Encoding: quoted-printable\n\nw=6Frds =ZZ", "words =ZZ"),
        ("quoted-printable in small letters", b"Content-Transfer-Encoding: quoted-printable\n\nw=6frds", "words"),
        ("quoted-printable that ends with its sign", b"Content-Transfer-Encoding: quoted-printable\n\nwords=", "words"),
        ("uuencode without end", b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n%=V]R9',\n", "words"),
        ("uuencode that says longer lines than there are", b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\nM=V]R9',\nend\n", "words"),
        // Boundaries.
        ("a boundary of ten kilobytes", long_boundary.as_bytes(), "words"),
        ("no boundary", b"Content-Type: multipart/mixed\n\nwords", "words"),
        ("an empty boundary", b"Content-Type: multipart/mixed; boundary=\"\"\n\nwords", "words"),
        ("a boundary that never comes", b"Content-Type: multipart/mixed; boundary=b\n\nwords", "words"),
        ("a boundary in quotes with blanks", b"Content-Type: multipart/mixed; boundary=\"a b\"\n\n--a b\n\nwords\n--a b--", "words"),
        ("a boundary with blanks behind", b"Content-Type: multipart/mixed; boundary=b\n\n--b  \n\nwords\n--b--", "words"),
        ("equal boundaries, nested", b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b--\n--b--", "words"),
        ("a boundary that begins with another", b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nwords\n--bb--\n--b--", "words"),
        ("an end before the beginning", b"Content-Type: multipart/mixed; boundary=b\n\n--b--\n\nwords", "words"),
        ("no end", b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords", "words"),
        ("a part without header", b"Content-Type: multipart/mixed; boundary=b\n\n--b\nwords\n--b--", "words"),
        ("a multipart in base64", b"Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nwords\n--b--", "words"),
        // Types.
        ("no type", b"Content-Type:\n\nwords", "words"),
        ("half a type", b"Content-Type: text\n\nwords", "words"),
        ("nothing but signs", b"Content-Type: ;;/=\"\n\nwords", "words"),
        ("two types, the first counts", b"Content-Type: text/plain\nContent-Type: text/html\n\nwords", "words"),
        ("a type in an encoded word", b"Content-Type: =?utf-8?q?text/plain?=\n\nwords", "words"),
        ("a type with a comment", b"Content-Type: text/plain (words) ; charset=utf-8\n\nwords", "words"),
        // Header fields.
        ("nothing but a body", b"\nwords", "words"),
        ("no header at all", b"words", "words"),
        ("NUL in the header", b"Subject: a\0b\nX\0Y: z\n\nwords", "words"),
        ("NUL in the body", b"Subject: x\n\nwo\0rds", "words"),
        ("a fold before any field", b" folded\nSubject: x\n\nwords", "words"),
        ("a fold of nothing but blanks", b"Subject: x\n \n\t\n\nwords", "words"),
        ("a line of mbox", b"From ann Thu Jan  1 00:00:00 1970\nSubject: x\n\nwords", "words"),
        ("no words", b"Subject: x\n\n", ""),
        ("nothing", b"", ""),
    ];
    let mut failed = Vec::new();
    for (name, letter, expected) in cases {
        let found = text_of(letter);
        if !found.contains(expected) || found.contains("secret") {
            failed.push(format!("{name}: {found:?}"));
        }
        let crlf = letter.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
        let _ = text_of(&crlf);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_first_of_two_fields_counts_everywhere_and_no_field_is_made_of_another() {
    let found = Headers::parse(
        b"From: ann@first.example\r\nFrom: eve@second.example\r\nSubject: first\r\nSubject: second\r\nX-Bad\r\n <eve@third.example>\r\nTo : bob@x.example\r\nDate: x\rCc: eve@cr.example\r\n\r\n",
    );
    assert_eq!(found.text("subject").as_deref(), Some("first"));
    assert_eq!(found.envelope().from[0].email, "ann@first.example");
    assert!(found.addresses("cc").is_empty());
    assert!(found.iter().all(|(_, value)| !value.contains("third") && !value.contains(['\r', '\n'])));
}

#[test]
fn names_of_files_are_put_together_as_far_as_they_are_whole() {
    let name = |parameters: &str| {
        let letter = format!(
            "Content-Type: application/pdf\r\nContent-Disposition: attachment; {parameters}\r\n\r\nx"
        );
        let structure = whole::parse(letter.as_bytes()).structure;
        mail::mime::attachments::attachments(&structure)[0].name.clone()
    };
    for (parameters, expected) in [
        ("filename=a.pdf", "a.pdf"),
        ("filename*0=a; filename*1=b.pdf", "ab.pdf"),
        ("filename*1=b.pdf; filename*0=a", "ab.pdf"),
        ("filename*=utf-8''%C3%A4.pdf", "ä.pdf"),
        ("filename=../../etc/passwd", "passwd"),
        ("filename=\"a\u{202E}fdp.exe\"", "afdp.exe"),
        ("filename=\"C:\\\\x\\\\a.pdf\"", "a.pdf"),
        ("filename=\"a\0b.pdf\"", "ab.pdf"),
        ("filename=\"..\"", "attachment-1.pdf"),
        ("filename=", "attachment-1.pdf"),
    ] {
        assert_eq!(name(parameters), expected, "{parameters}");
    }
    for odd in [
        "filename*0=a; filename*2=c.pdf",
        "filename*0=a; filename*0=b; filename*1=c",
        "filename*=x",
        "filename*99999999999=x",
        "filename*-1=x",
        "filename**=x",
    ] {
        assert!(!name(odd).is_empty(), "{odd}");
    }
}
