//! Letters of every kind to be written and read back: generated, always the same ones for the same runner.
//! Used by the tests of our own reader and of others'.

use std::ops::Range;

use domain::{Address, Timestamp};
use mail::mime::compose::{
    FileEncoder, FileEncoding, FilePart, Layout, Letter, Segment, flow, lay_out, message_id, wire_address,
};
use proptest::prelude::*;

/// A letter and the octets of its files.
#[derive(Clone)]
pub(crate) struct Composed {
    pub(crate) letter: Letter,
    /// In the order of `inline`, then `files`.
    pub(crate) contents: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Composed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the beginning says enough: bodies can be long
        let octets = self.octets();
        f.write_str(&String::from_utf8_lossy(octets.get(..4_000).unwrap_or(&octets)))
    }
}

impl Composed {
    /// The letter laid out.
    pub(crate) fn layout(&self) -> Layout {
        lay_out(&self.letter, [0x5a; 16]).unwrap()
    }

    /// The files' parts in their order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&FilePart, &Vec<u8>)> {
        self.letter.inline.iter().chain(&self.letter.files).zip(&self.contents)
    }

    /// The whole message.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for segment in self.layout().segments {
            match segment {
                Segment::Octets(octets) => out.extend_from_slice(&octets),
                Segment::File(number) => {
                    let (part, content) = self.parts().nth(number).unwrap();
                    let mut encoder = FileEncoder::new(&part.encoding);
                    content.chunks(1_000).for_each(|piece| out.extend_from_slice(&encoder.push(piece)));
                    out.extend_from_slice(&encoder.finish());
                }
            }
        }
        out
    }

    /// Where the Bcc field stands.
    pub(crate) fn bcc(&self) -> Range<usize> {
        let bcc = self.layout().bcc;
        usize::try_from(bcc.start).unwrap()..usize::try_from(bcc.end).unwrap()
    }

    /// The plain text as it must be read, with LF.
    pub(crate) fn text(&self) -> String {
        as_read(&flow(&self.letter.text))
    }

    /// The HTML as it must be read, with LF.
    pub(crate) fn html(&self) -> Option<String> {
        self.letter.html.as_deref().map(as_read)
    }

    /// The names of the files as they must be read.
    pub(crate) fn file_names(&self) -> Vec<String> {
        self.parts().map(|(part, _)| one_line(&part.name).trim().to_owned()).collect()
    }
}

/// LF for every line end, and one at the end.
pub(crate) fn as_read(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Without anything that could end a line: a blank stands in its place.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

/// A name as every reader shows it, whatever it makes of blanks.
pub(crate) fn shown(text: &str) -> String {
    one_line(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Names and wire addresses.
pub(crate) fn wired(addresses: &[Address]) -> Vec<(String, String)> {
    addresses.iter().map(|found| (shown(&found.name), wire_address(&found.email).unwrap().text)).collect()
}

const WORDS: &[&str] = &[
    "a",
    "Hello",
    "meeting",
    "2026",
    "50%",
    "Grüße",
    "Привет",
    "日本語",
    "한국어",
    "العربية",
    "עברית",
    "हिन्दी",
    "ไทย",
    "Ελληνικά",
    "😀",
    "👩‍👩‍👧‍👦",
    "🇩🇪",
    "e\u{301}a\u{308}\u{323}",
    "=?utf-8?q?x?=",
    "=?x",
    "?=",
    "=20",
    "it's",
    "\"quoted\"",
    "(comment)",
    "<tag>",
    "a@b.c",
    "x;y",
    "x,y",
    "x:y",
    "back\\slash",
    "\\\"",
    "Re:",
    "--",
    "_",
    "supercalifragilisticexpialidocious",
    "https://example.org/a/very/long/path?with=parameters&and=more;of=them#and-a-fragment-that-goes-on-and-on",
    "ẞ",
    "ﬁ",
    "𝔘𝔫𝔦",
    "…",
    "—",
    "„so“",
    "\u{a0}",
    "%41",
    "'",
    "''",
    "utf-8''x",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => "[a-z]{60,300}",
        1 => "[а-я]{40,200}",
        2 => "[ -~]{1,12}",
        1 => "\\PC{1,6}",
    ]
}

/// One line of a header.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just(String::new()),
        8 => prop::collection::vec(word(), 1..10).prop_map(|words| words.join(" ")),
        1 => prop::collection::vec(word(), 20..40).prop_map(|words| words.join(" ")),
        1 => prop::collection::vec(word(), 1..6).prop_map(|words| words.join("  ")),
        1 => (word(), prop::sample::select(&["\r\n", "\n", "\r", "\0", "\t", "\u{85}", "\u{2028}", "\r\nBcc: x@evil.example", "\r\n\r\n"][..]), word())
            .prop_map(|(before, hostile, after)| format!("{before}{hostile}{after}")),
    ]
}

fn email() -> impl Strategy<Value = String> {
    let local = prop_oneof![
        20 => "[a-z][a-z0-9]{0,12}(\\.[a-z]{1,6})?",
        2 => prop::sample::select(&["a+b=c", "o'brien", "x_y-z", "!#$%&'*+/=?^_`{|}~-", "A.B.C"][..]).prop_map(str::to_owned),
        2 => prop::sample::select(&["\"a,b\"", "\"a@b\"", "\"a..b\"", "\"a:b;c\""][..]).prop_map(str::to_owned),
        1 => Just("a".repeat(64)),
        1 => prop::sample::select(&["jörg", "почта", "用户"][..]).prop_map(str::to_owned),
    ];
    let domain = prop::sample::select(
        &[
            "example.org",
            "mail.example.com",
            "bücher.example",
            "例え.テスト",
            "x.co",
            "EXAMPLE.net",
            "a-b.example",
            "[192.0.2.1]",
        ][..],
    );
    (local, domain).prop_map(|(local, domain)| format!("{local}@{domain}"))
}

fn address() -> impl Strategy<Value = Address> {
    (line(), email()).prop_map(|(name, email)| Address { name, email })
}

fn addresses() -> impl Strategy<Value = Vec<Address>> {
    // short names, since our reader reads 64 KiB of a field
    let name = prop::sample::select(&["", "Ann", "Lee, Ann", "Jörg Müller", "山田太郎", "🎉 (Team)"][..]);
    let many = (name, email()).prop_map(|(name, email)| Address { name: name.to_owned(), email });
    prop_oneof![
        80 => prop::collection::vec(address(), 0..3),
        1 => prop::collection::vec(many, 150..200),
    ]
}

fn id() -> impl Strategy<Value = String> {
    (any::<[u8; 20]>(), prop::sample::select(&["example.org", "mail.gmail.com", "bücher.example"][..]))
        .prop_map(|(mac, domain)| message_id(&mac, domain))
}

/// A body's lines, with everything that a transfer could harm.
fn body() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        4 => Just(String::new()),
        20 => prop::collection::vec(word(), 1..12).prop_map(|words| words.join(" ")),
        6 => prop::sample::select(
            &[".", "..", ".dot", "From me", ">From you", "> quoted", "> > twice", "-- ", "trailing   ", "\ttab\t", " space",
              "--=_", "--", "=", "a\rb", "\u{c}", "a\u{1}b", "QUIT", "=3D=\t"][..],
        ).prop_map(str::to_owned),
        1 => Just("long ".repeat(1_000)),
        1 => Just("x".repeat(5_000)),
    ];
    let end = prop::sample::select(&["\n", "\r\n", "\n", "\r"][..]);
    prop::collection::vec((line, end), 0..8)
        .prop_map(|lines| lines.into_iter().flat_map(|(line, end)| [line, end.to_owned()]).collect())
}

fn file_name() -> impl Strategy<Value = String> {
    let any = prop_oneof![
        4 => "[A-Za-z0-9 ._-]{1,20}\\.pdf",
        4 => line(),
        1 => "[a-z]{300}\\.txt",
        1 => "[а-я日]{100}\\.docx",
        1 => prop::sample::select(
            &["a\"b;c.pdf", "a\\b.pdf", "100%.pdf", "it's.txt", "Übersicht; \"alt\" (1).pdf", "../../etc/passwd", ".profile", "utf-8''x",
              "=?utf-8?q?a?=.txt", "a\r\nBcc: x@evil.example", "日本語", "a  b.txt"][..],
        ).prop_map(str::to_owned),
    ];
    // longer than any file system's, and what our reader reads of a field
    any.prop_map(|name| {
        let mut octets = 0;
        let fits = |c: &char| {
            octets += c.len_utf8();
            octets <= 600
        };
        name.chars().take_while(fits).collect()
    })
}

fn file() -> impl Strategy<Value = (FilePart, Vec<u8>)> {
    let media_type = prop::sample::select(
        &[
            "application/pdf",
            "image/png",
            "text/plain; charset=utf-8",
            "application/octet-stream",
            "TEXT/CSV",
            "nonsense",
            "multipart/mixed",
            "",
        ][..],
    );
    let content = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..100),
        1 => any::<u8>().prop_map(|octet| (0..5_000_u32).map(|at| octet.wrapping_add(at.to_le_bytes()[0])).collect()),
    ];
    let encoded = (file_name(), media_type, content, any::<bool>()).prop_map(
        |(name, media_type, content, knows_size)| {
            let size = knows_size.then_some(content.len() as u64);
            let media_type = media_type.to_owned();
            (FilePart { name, media_type, content_id: None, encoding: FileEncoding::Base64, size }, content)
        },
    );
    let nested = (line(), any::<bool>()).prop_map(|(text, is_8bit)| {
        let text = if is_8bit { one_line(&text) } else { "plain".to_owned() };
        let content = format!("From: a@example.org\r\nSubject: nested\r\n\r\n--x\r\n{text}\r\n").into_bytes();
        let encoding = FileEncoding::AsIs { is_8bit };
        let (name, media_type) = ("nested.eml".to_owned(), "message/rfc822".to_owned());
        (FilePart { name, media_type, content_id: None, encoding, size: None }, content)
    });
    prop_oneof![6 => encoded, 1 => nested]
}

fn date() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000, -14_i8..=14, prop::sample::select(&[0_i8, 30, 45][..])).prop_map(
        |(seconds, hours, minutes)| {
            let minutes = if hours < 0 { -minutes } else { minutes };
            let offset = time::UtcOffset::from_hms(hours, minutes, 0).unwrap();
            Timestamp::from_unix_timestamp(seconds).unwrap().to_offset(offset)
        },
    )
}

/// Letters of every kind.
pub(crate) fn letters() -> impl Strategy<Value = Composed> {
    let head = (address(), addresses(), addresses(), addresses(), prop::collection::vec(address(), 0..2));
    let rest = (line(), date(), id(), prop::option::of(id()), prop::collection::vec(id(), 0..12));
    let content = (
        body(),
        prop::option::of(body().prop_map(|text| format!("<p>{text}</p>"))),
        prop::collection::vec(file(), 0..3),
        prop::collection::vec(file(), 0..3),
        line(),
    );
    (head, rest, content).prop_map(|(head, rest, content)| {
        let (from, to, cc, bcc, reply_to) = head;
        let (subject, date, message_id, in_reply_to, references) = rest;
        let (text, html, inline, files, extra) = content;
        let (mut inline, mut contents): (Vec<FilePart>, Vec<Vec<u8>>) = inline.into_iter().unzip();
        for (number, part) in inline.iter_mut().enumerate() {
            part.content_id = Some(format!("picture{number}@example.org"));
            // some readers take text that is not attached for a part of the body
            if part.media_type.to_ascii_lowercase().starts_with("text/") {
                "image/png".clone_into(&mut part.media_type);
            }
        }
        let (files, more): (Vec<FilePart>, Vec<Vec<u8>>) = files.into_iter().unzip();
        contents.extend(more);
        let extra = vec![("X-Postroom-Draft".to_owned(), extra)];
        let letter = Letter {
            from,
            to,
            cc,
            bcc,
            reply_to,
            subject,
            date,
            message_id,
            in_reply_to,
            references,
            extra,
            text,
            html,
            calendar: None,
            inline,
            files,
        };
        Composed { letter, contents }
    })
}
