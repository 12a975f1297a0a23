//! What is written is what our own reader reads, and no text in it can become a field or a part.

use domain::{Address, Part};
use mail::mime::{
    compose::{FilePart, Segment, lay_out},
    decode::{decode_charset, decode_transfer},
    header::Headers,
    invisible, whole, words,
};
use proptest::prelude::*;

use crate::composed::{Composed, letters, one_line, shown, wired};

/// As our reader shows a line: without what nobody sees.
fn visible(text: &str) -> String {
    shown(&invisible::clean(&one_line(text)).0)
}

fn expected(addresses: &[Address]) -> Vec<(String, String)> {
    let found = wired(addresses);
    found.into_iter().zip(addresses).map(|((_, email), address)| (visible(&address.name), email)).collect()
}

fn read(headers: &Headers, field: &str) -> Vec<(String, String)> {
    headers.addresses(field).into_iter().map(|found| (found.name, found.email)).collect()
}

fn leaves<'a>(part: &'a Part, out: &mut Vec<&'a Part>) {
    if part.kind != "multipart" {
        out.push(part);
        return;
    }
    part.children.iter().for_each(|child| leaves(child, out));
}

/// Text and files as they are read: the bodies of text, and names and octets.
type Bodies = (Vec<String>, Vec<(String, Vec<u8>)>);

fn bodies(raw: &[u8]) -> Bodies {
    let parsed = whole::parse(raw);
    let mut parts = Vec::new();
    leaves(&parsed.structure, &mut parts);
    let (mut texts, mut files) = (Vec::new(), Vec::new());
    for part in parts {
        let octets = decode_transfer(&part.encoding, &parsed.part_bytes[&part.path]).into_owned();
        if part.disposition.is_none() {
            let charset = part.parameters.get("charset").map(String::as_str);
            assert_eq!(charset, Some("utf-8"));
            texts.push(decode_charset(charset, &octets).replace("\r\n", "\n"));
        } else {
            files.push((part.file_name().unwrap_or_default().to_owned(), octets));
        }
    }
    (texts, files)
}

fn check(composed: &Composed) -> Result<(), TestCaseError> {
    let Composed { letter, contents } = composed;
    let raw = composed.octets();
    let headers = Headers::parse(&raw);
    prop_assert_eq!(read(&headers, "from"), expected(std::slice::from_ref(&letter.from)));
    for (field, addresses) in
        [("to", &letter.to), ("cc", &letter.cc), ("bcc", &letter.bcc), ("reply-to", &letter.reply_to)]
    {
        let (found, expected) = (read(&headers, field), expected(addresses));
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert_eq!(found, expected, "{}", field);
        }
        prop_assert_eq!(found.len(), expected.len(), "{}", field);
    }
    prop_assert_eq!(headers.text("subject"), Some(visible(&letter.subject)));
    prop_assert_eq!(headers.text("x-postroom-draft"), Some(visible(&letter.extra[0].1)));
    prop_assert_eq!(headers.message_id(), Some(letter.message_id.clone()));
    prop_assert_eq!(headers.ids("in-reply-to"), letter.in_reply_to.iter().cloned().collect::<Vec<_>>());
    prop_assert_eq!(headers.references(), letter.references.clone());
    prop_assert_eq!(headers.date(), Some(letter.date));
    let (texts, files) = bodies(&raw);
    // U+FEFF at the beginning of a text is a mark of its charset for every reader.
    let without_mark = |text: String| text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let written: Vec<String> =
        std::iter::once(composed.text()).chain(composed.html()).map(without_mark).collect();
    prop_assert_eq!(texts, written);
    // Programs that write encoded words into file names are common, so our reader decodes them there.
    let decoded = |name: &str| visible(&words::decode(name.as_bytes()));
    let names = composed.file_names().into_iter().map(|name| decoded(&name));
    let files: Vec<_> = files.into_iter().map(|(name, octets)| (decoded(&name), octets)).collect();
    prop_assert_eq!(files, names.zip(contents.iter().cloned()).collect::<Vec<_>>());
    Ok(())
}

/// What holds of the octets of every message.
fn check_octets(composed: &Composed) -> Result<(), TestCaseError> {
    let raw = composed.octets();
    let layout = composed.layout();
    prop_assert!(raw.ends_with(b"\r\n"));
    let lines: Vec<&[u8]> = raw.split(|octet| *octet == b'\n').collect();
    let (last, ended) = lines.split_last().unwrap();
    prop_assert!(last.is_empty());
    for line in ended {
        let line = line.strip_suffix(b"\r");
        prop_assert!(line.is_some_and(|line| line.len() <= 998 && !line.contains(&b'\r')), "{:?}", line);
    }
    prop_assert!(layout.is_8bit || raw.is_ascii());
    let headers = Headers::parse(&raw);
    let names: Vec<&str> = headers.iter().map(|(name, _)| name).collect();
    prop_assert_eq!(names, fields(composed));
    let bcc = composed.bcc();
    let wire = [&raw[..bcc.start], &raw[bcc.end..]].concat();
    prop_assert!(Headers::parse(&wire).raw("bcc").is_none());
    prop_assert_eq!(bcc.is_empty(), composed.letter.bcc.is_empty());
    let mut without = composed.clone();
    without.letter.bcc.clear();
    // whether UTF-8 is needed may differ, the octets may not
    prop_assert!(without.octets() == wire);
    Ok(())
}

/// The fields that a letter has, and no others.
fn fields(composed: &Composed) -> Vec<&'static str> {
    let letter = &composed.letter;
    let is_multipart = letter.html.is_some() || !letter.inline.is_empty() || !letter.files.is_empty();
    let has_id = |id: &String| id.len() <= 900;
    [
        ("date", true),
        ("from", true),
        ("reply-to", !letter.reply_to.is_empty()),
        ("to", !letter.to.is_empty()),
        ("cc", !letter.cc.is_empty()),
        ("bcc", !letter.bcc.is_empty()),
        ("subject", true),
        ("message-id", true),
        ("in-reply-to", letter.in_reply_to.as_ref().is_some_and(has_id)),
        ("references", letter.references.iter().any(has_id)),
        ("x-postroom-draft", true),
        ("mime-version", true),
        ("content-type", true),
        ("content-transfer-encoding", !is_multipart || composed.layout().segments.is_empty()),
    ]
    .into_iter()
    .filter_map(|(name, is_there)| is_there.then_some(name))
    .collect()
}

/// One text put into every field that takes one. Fields that refuse it make an error, and no message.
fn hostile(text: &str, letter: &mut mail::mime::compose::Letter) {
    let address = |email: &str| Address { name: text.to_owned(), email: email.to_owned() };
    letter.from = address("a@example.org");
    letter.to = vec![address("b@example.org")];
    letter.cc = vec![address("c@example.org")];
    letter.bcc = vec![address("d@example.org")];
    letter.reply_to = vec![address("e@example.org")];
    text.clone_into(&mut letter.subject);
    letter.in_reply_to = Some(text.to_owned());
    letter.references = vec![text.to_owned(), format!("<{text}>")];
    letter.extra = vec![("X-Postroom-Draft".to_owned(), text.to_owned())];
    text.clone_into(&mut letter.text);
    letter.html = Some(text.to_owned());
    for part in letter.inline.iter_mut().chain(&mut letter.files) {
        text.clone_into(&mut part.name);
        part.media_type = format!("text/plain; {text}={text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(composed in letters()) {
        check(&composed)?;
    }

    #[test]
    fn every_message_is_sound_and_its_bcc_field_can_be_cut_out(composed in letters()) {
        let is_8bit = composed.layout().is_8bit;
        if composed.letter.inline.iter().chain(&composed.letter.files).all(|part: &FilePart| part.media_type != "message/rfc822") {
            check_octets(&composed)?;
        } else {
            prop_assert!(is_8bit || composed.octets().is_ascii());
        }
    }

    #[test]
    fn equal_letters_are_equal_octets(composed in letters()) {
        prop_assert!(composed.octets() == composed.clone().octets());
    }

    #[test]
    fn no_text_becomes_a_field_or_a_part(
        composed in letters(),
        text in "\\PC{0,30}|(\r|\n|\r\n|Bcc: x@evil\\.example|[ \t<>\"=?;:,\\-\0@(\\\\)]|\u{e9}|\u{2028}|\u{85}|--=_0){0,20}",
    ) {
        let mut composed = composed;
        let before = composed.layout().segments.len();
        hostile(&text, &mut composed.letter);
        let names = fields(&composed);
        let raw = composed.octets();
        let headers = Headers::parse(&raw);
        let allowed = |name: &str| names.contains(&name) || matches!(name, "content-transfer-encoding" | "in-reply-to" | "references");
        for (name, _) in headers.iter() {
            prop_assert!(allowed(name), "{}", name);
        }
        for name in names.iter().filter(|name| !matches!(**name, "in-reply-to" | "references" | "content-transfer-encoding")) {
            prop_assert_eq!(headers.iter().filter(|(found, _)| found == name).count(), 1, "{}", name);
        }
        let mut parts = Vec::new();
        let parsed = whole::parse(&raw);
        leaves(&parsed.structure, &mut parts);
        prop_assert_eq!(parts.len(), 2 + composed.contents.len());
        prop_assert!(before <= composed.layout().segments.len());
    }

    #[test]
    fn what_must_be_sound_is_refused_or_written_alone(
        composed in letters(),
        text in "\\PC{0,20}|([a@.<>\r\n\0:]|Bcc: x@evil\\.example){0,12}",
        which in 0..5,
    ) {
        let mut letter = composed.letter;
        match which {
            0 => letter.from.email = text,
            1 => letter.message_id = text,
            2 => letter.extra = vec![(text, "x".to_owned())],
            3 => letter.bcc = vec![Address { name: String::new(), email: text }],
            _ => letter.inline.iter_mut().for_each(|part| part.content_id = Some(text.clone())),
        }
        if let Ok(layout) = lay_out(&letter, [1; 16]) {
            let Some(Segment::Octets(first)) = layout.segments.first() else { return Err(TestCaseError::fail("no octets")) };
            let headers = Headers::parse(first);
            for name in ["bcc", "from", "message-id"] {
                prop_assert!(headers.iter().filter(|(found, _)| *found == name).count() <= 1);
            }
        }
    }
}
