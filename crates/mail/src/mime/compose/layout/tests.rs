//! The tree of parts, and what its octets must never hold.

use time::macros::datetime;

use super::{super::letter::CalendarPart, *};

fn letter() -> Letter {
    let ann = Address { name: "Ann".to_owned(), email: "ann@x.org".to_owned() };
    Letter {
        from: ann.clone(),
        to: vec![ann],
        cc: Vec::new(),
        bcc: Vec::new(),
        reply_to: Vec::new(),
        subject: "Hello".to_owned(),
        date: datetime!(2026-11-21 10:00 +01:00),
        message_id: "<a@x.org>".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        extra: Vec::new(),
        text: "Hi\n".to_owned(),
        html: None,
        calendar: None,
        inline: Vec::new(),
        files: Vec::new(),
    }
}

fn file(name: &str, media_type: &str) -> FilePart {
    let encoding = FileEncoding::Base64;
    FilePart {
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        content_id: None,
        encoding,
        size: None,
    }
}

/// The message with `[file n]` in the files' places.
fn written(letter: &Letter) -> String {
    let layout = lay_out(letter, [7; 16]).unwrap();
    let pieces = layout.segments.iter().map(|segment| match segment {
        Segment::Octets(octets) => String::from_utf8(octets.to_vec()).unwrap(),
        Segment::File(number) => format!("[file {number}]"),
    });
    pieces.collect()
}

/// The media types in the order of the message, and the dispositions.
fn shape(letter: &Letter) -> Vec<String> {
    let written = written(letter);
    let lines = written.split("\r\n").filter_map(|line| line.strip_prefix("Content-Type: "));
    lines.map(|line| line.split(';').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn text_alone_is_one_part() {
    assert_eq!(
        written(&letter()),
        "Date: Sat, 21 Nov 2026 10:00:00 +0100\r\nFrom: Ann <ann@x.org>\r\nTo: Ann <ann@x.org>\r\nSubject: Hello\r\n\
         Message-ID: <a@x.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8; format=flowed\r\n\
         Content-Transfer-Encoding: 7bit\r\n\r\nHi\r\n"
    );
}

#[test]
fn the_tree_grows_with_what_a_letter_has() {
    let mut letter = letter();
    letter.html = Some("<p>Hi</p>".to_owned());
    assert_eq!(shape(&letter), ["multipart/alternative", "text/plain", "text/html"]);
    letter.inline = vec![FilePart { content_id: Some("logo".to_owned()), ..file("l.png", "image/png") }];
    let related = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"];
    assert_eq!(shape(&letter), related);
    letter.files = vec![file("a.pdf", "application/pdf"), file("b", "bad type")];
    let mixed =
        [&["multipart/mixed"], &related[..], &["application/pdf", "application/octet-stream"]].concat();
    assert_eq!(shape(&letter), mixed);
    let text = written(&letter);
    assert!(text.contains(
        "Content-Disposition: inline; filename=\"l.png\"\r\nContent-ID: <logo>\r\n\r\n[file 0]\r\n--=_2"
    ));
    assert!(
        text.contains("[file 1]\r\n--=_0") && text.contains("[file 2]\r\n--=_0") && text.ends_with("--\r\n")
    );
    letter.html = None;
    assert_eq!(
        shape(&letter),
        ["multipart/mixed", "text/plain", "image/png", "application/pdf", "application/octet-stream"]
    );
}

#[test]
fn a_nested_message_is_never_encoded_and_8bit_is_told_upwards() {
    let mut letter = letter();
    let nested =
        FilePart { encoding: FileEncoding::AsIs { is_8bit: true }, ..file("a.eml", "message/rfc822") };
    letter.files = vec![nested.clone()];
    assert!(lay_out(&letter, [0; 16]).unwrap().is_8bit);
    assert_eq!(written(&letter).matches("Content-Transfer-Encoding: 8bit\r\n").count(), 2);
    letter.files = vec![FilePart { encoding: FileEncoding::Base64, ..nested }];
    assert!(!lay_out(&letter, [0; 16]).unwrap().is_8bit);
    assert!(!written(&letter).contains("message/rfc822"), "base64 makes it a file like others");
}

#[test]
fn parameters_of_a_media_type_stay_where_they_are_sound() {
    let mut letter = letter();
    letter.files = vec![file(
        "i.ics",
        "Text/Calendar; METHOD=REQUEST; charset=\"utf-8\"; name=x; boundary=y; bad=\"a b\"",
    )];
    let text = written(&letter);
    assert!(
        text.contains("Content-Type: text/calendar; method=REQUEST; charset=utf-8; name=\"i.ics\"\r\n"),
        "{text}"
    );
}

#[test]
fn the_place_of_bcc_is_exact() {
    let mut letter = letter();
    assert!(lay_out(&letter, [0; 16]).unwrap().bcc.is_empty());
    letter.bcc = vec![Address { name: "Jörg".to_owned(), email: "j@x.org".to_owned() }; 9];
    let with = written(&letter);
    let bcc = lay_out(&letter, [7; 16]).unwrap().bcc;
    let (start, end) = (usize::try_from(bcc.start).unwrap(), usize::try_from(bcc.end).unwrap());
    assert!(with[start..end].starts_with("Bcc: ") && with[start..end].ends_with("\r\n"));
    letter.bcc.clear();
    assert_eq!([&with[..start], &with[end..]].concat(), written(&letter));
}

#[test]
fn no_boundary_occurs_in_a_text() {
    let mut letter = letter();
    letter.html = Some(String::new());
    let first = boundary(&[7; 16], 0, 0);
    letter.text = format!("--{first}--\n{}\n", boundary(&[7; 16], 2, 1));
    let text = written(&letter);
    assert!(!text.contains(&format!("boundary=\"{first}\"")));
    assert!(text.contains(&format!("boundary=\"{}\"", boundary(&[7; 16], 0, 2))));
}

#[test]
fn local_parts_outside_ascii_need_utf8_and_domains_do_not() {
    let mut letter = letter();
    letter.to = vec![Address { name: "J".to_owned(), email: "j@bücher.example".to_owned() }];
    assert!(!lay_out(&letter, [0; 16]).unwrap().needs_utf8);
    letter.cc = vec![Address { name: "J".to_owned(), email: "jörg@x.org".to_owned() }];
    let layout = lay_out(&letter, [0; 16]).unwrap();
    assert!(layout.needs_utf8 && layout.is_8bit);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let refused = |change: fn(&mut Letter)| {
        let mut letter = letter();
        change(&mut letter);
        let error = lay_out(&letter, [0; 16]).unwrap_err();
        assert!(!error.problem().message.is_empty());
        error
    };
    assert!(matches!(
        refused(|letter| letter.from.email.clear()),
        ComposeError::Address { field: "From", .. }
    ));
    assert!(matches!(
        refused(|letter| letter.to[0].email.push_str("\r\nBcc: b@x.org")),
        ComposeError::Address { .. }
    ));
    assert_eq!(refused(|letter| letter.message_id.push_str("\r\n")), ComposeError::MessageId);
    assert_eq!(refused(|letter| letter.extra.push(("bcc".to_owned(), "x".to_owned()))), ComposeError::Field);
    assert_eq!(
        refused(|letter| letter.extra.push(("X:\r\nBcc".to_owned(), "x".to_owned()))),
        ComposeError::Field
    );
    assert_eq!(refused(|letter| letter.date = datetime!(1899-12-31 0:00 UTC)), ComposeError::Date);
    assert_eq!(refused(|letter| letter.subject = "a ".repeat(600_000)), ComposeError::HeaderTooLarge);
    let bad_id = |letter: &mut Letter| {
        letter
            .inline
            .push(FilePart { content_id: Some("a>\r\nBcc: b".to_owned()), ..file("a", "image/png") });
    };
    assert_eq!(refused(bad_id), ComposeError::ContentId);
}

#[test]
fn a_calendar_is_the_last_rendering_and_says_its_method() {
    let mut letter = letter();
    let text = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n".to_owned();
    letter.calendar = Some(CalendarPart { method: "REPLY", text: text.clone() });
    assert_eq!(shape(&letter), ["multipart/alternative", "text/plain", "text/calendar"]);
    let message = written(&letter);
    assert!(message.contains("Content-Type: text/calendar; charset=utf-8; method=REPLY\r\n"), "{message}");
    assert!(message.contains(&text), "{message}");
    letter.html = Some("<p>Hi</p>".to_owned());
    assert_eq!(shape(&letter), ["multipart/alternative", "text/plain", "text/html", "text/calendar"]);
    letter.files = vec![file("a.pdf", "application/pdf")];
    let mixed = ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar"];
    assert_eq!(shape(&letter), [&mixed[..], &["application/pdf"]].concat());
}
