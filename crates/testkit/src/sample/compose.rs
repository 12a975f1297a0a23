//! Puts sample messages together: headers, encoded words, MIME parts, and the messages that exist once.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Address, DAY, HOUR, OWNER, texts};

/// A MIME part: its own headers (no empty line at their end) and its content, lines ending in CRLF.
#[derive(Debug, Clone)]
pub(super) struct Part {
    headers: String,
    content: String,
}

impl Part {
    /// Plain text, as 8bit.
    pub(super) fn text(text: &str) -> Self {
        Self::leaf("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", &crlf(text))
    }

    /// HTML, base64-encoded as many senders do.
    pub(super) fn html(html: &str) -> Self {
        Self::leaf(
            "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64",
            &base64_lines(html.as_bytes()),
        )
    }

    /// Both, the reader chooses.
    pub(super) fn alternative(plain: &str, html: &str) -> Self {
        Self::multipart("alternative", &[Self::text(plain), Self::html(html)])
    }

    /// A file.
    pub(super) fn file(name: &str, media_type: &str, bytes: &[u8]) -> Self {
        let name = if name.is_ascii() {
            format!("filename=\"{name}\"")
        } else {
            format!("filename*=utf-8''{}", percent(name)) // RFC 2231
        };
        Self::leaf(
            &format!(
                "Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n\
                 Content-Disposition: attachment; {name}"
            ),
            &base64_lines(bytes),
        )
    }

    /// Any headers with any content.
    pub(super) fn leaf(headers: &str, content: &str) -> Self {
        Self { headers: headers.into(), content: content.into() }
    }

    /// Parts in a row.
    pub(super) fn multipart(kind: &str, parts: &[Self]) -> Self {
        // unique within a message because depth makes the content longer
        let length: usize = parts.iter().map(|part| part.content.len()).sum();
        let boundary = format!("=_{kind}_{length}");
        let mut content = String::new();
        for part in parts {
            let _ = write!(content, "--{boundary}\r\n{}\r\n\r\n{}\r\n", part.headers, part.content);
        }
        let _ = write!(content, "--{boundary}--\r\n");
        Self { headers: format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\""), content }
    }
}

/// A message in the making.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    from: Address,
    to: Address,
    subject: String,
    /// When it was sent and received, seconds since 1970.
    pub(super) date: u64,
    id: Option<String>,
    references: Vec<String>,
    headers: Vec<(String, String)>,
    part: Part,
    files: Vec<Part>,
}

impl Draft {
    pub(super) fn new(from: Address, to: Address, subject: &str, date: u64) -> Self {
        Self {
            from,
            to,
            subject: subject.into(),
            date,
            id: None,
            references: Vec::new(),
            headers: Vec::new(),
            part: Part::text(""),
            files: Vec::new(),
        }
    }

    /// The left side of the Message-ID; a number is taken if none is given.
    pub(super) fn id(mut self, id: &str) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The messages that this one answers, oldest first.
    pub(super) fn references(mut self, ids: &[String]) -> Self {
        self.references = ids.to_vec();
        self
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn part(mut self, part: Part) -> Self {
        self.part = part;
        self
    }

    pub(super) fn attach(mut self, name: &str, media_type: &str, bytes: &[u8]) -> Self {
        self.files.push(Part::file(name, media_type, bytes));
        self
    }

    /// The message as it lies on the server.
    pub(super) fn render(self, number: u32) -> Vec<u8> {
        let host = self.from.address.split('@').nth(1).unwrap_or("example.org");
        let id = self.id.unwrap_or_else(|| format!("sample-{number}"));
        let mut text = format!(
            "Return-Path: <{}>\r\nReceived: from {host} by mx.example.org with ESMTPS id {number:x};\r\n\t{}\r\n\
             From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{id}@postroom.example>\r\n",
            self.from.address,
            date(self.date),
            mailbox(self.from),
            mailbox(self.to),
            encoded(&self.subject),
            date(self.date),
        );
        if let Some(parent) = self.references.last() {
            let all: Vec<String> =
                self.references.iter().map(|id| format!("<{id}@postroom.example>")).collect();
            let _ = write!(
                text,
                "In-Reply-To: <{parent}@postroom.example>\r\nReferences: {}\r\n",
                all.join("\r\n\t")
            );
        }
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let part = if self.files.is_empty() {
            self.part
        } else {
            Part::multipart("mixed", &[&[self.part], self.files.as_slice()].concat())
        };
        let _ = write!(text, "MIME-Version: 1.0\r\n{}\r\n\r\n{}", part.headers, part.content);
        text.into_bytes()
    }
}

/// Each of these exists once: days ago, folder, message, flags.
pub(super) fn curiosities(now: u64) -> Vec<(u64, &'static str, Draft, &'static str)> {
    let at = |days: u64| now - days * DAY - 2 * HOUR;
    let from =
        |name, address, subject: &str, days| Draft::new(Address { name, address }, OWNER, subject, at(days));
    let latin1 = Part::leaf(
        "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable",
        "Liebe Alice,\r\n\r\ndie Arbeitsplatte passt, die T=FCr leider nicht. Kosten: 1.240 Euro f=FCr alles, =\r\n\
         geliefert n=E4chste Woche.\r\n\r\nSch=F6ne Gr=FC=DFe\r\nJ=FCrgen\r\n",
    );
    let flowed = Part::leaf(
        "Content-Type: text/plain; charset=utf-8; format=flowed",
        "This paragraph was broken by the mail program at a width that \r\nsuited its window, and \
         belongs on one line.\r\n\r\n> quoted, and also \r\n> flowed\r\n\r\nAn answer below it.\r\n",
    );
    let picture = Part::leaf(
        "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <plan@postroom.example>\r\n\
         Content-Disposition: inline; filename=\"floor.png\"",
        &base64_lines(texts::PNG),
    );
    let related = Part::multipart(
        "related",
        &[
            Part::html(
                "<p>The new floor plan:</p><p><img src=\"cid:plan@postroom.example\" alt=\"Floor plan\"></p>",
            ),
            picture,
        ],
    );
    let invite = Part::multipart(
        "alternative",
        &[
            Part::text("You are invited to the quarterly review.\n"),
            Part::leaf("Content-Type: text/calendar; charset=utf-8; method=REQUEST", &crlf(texts::INVITE)),
        ],
    );
    let inner = Draft::new(texts::PEOPLE[2], texts::PEOPLE[4], "Offer for the hall", at(33))
        .id("inner-offer")
        .part(Part::text("The hall is free on all three evenings, 400 a night.\n"))
        .render(1);
    let forwarded = Part::multipart(
        "mixed",
        &[
            Part::text("See below, worth a look.\n"),
            Part::leaf("Content-Type: message/rfc822", &String::from_utf8_lossy(&inner)),
        ],
    );
    vec![
        (
            0,
            "INBOX",
            from("Example Bank", "no-reply@bank.example", "Your sign-in code", 0).part(Part::text(
                "Your one-time code is 493 817. It is valid for ten minutes.\n\nNever share it.\n",
            )),
            "",
        ),
        (
            1,
            "INBOX",
            from("Delivery Service", "parcel@delivery.example", "Your parcel is waiting", 1)
                .part(Part::html(texts::INJECTION)),
            "",
        ),
        (
            4,
            "INBOX",
            from("山田 花子", "hanako@example.jp", "会議の議事録をお送りします", 4)
                .part(Part::text(
                    "アリス様\n\n昨日の会議の議事録を添付いたします。ご確認ください。\n\n山田\n",
                ))
                .attach("議事録.txt", "text/plain; charset=utf-8", "1. 予算\n2. 日程\n".as_bytes()),
            "S",
        ),
        (
            6,
            "Projekte/Küche",
            from("Jürgen Müller", "juergen@kuechen.example", "Angebot für die Küche", 6).part(latin1),
            "S",
        ),
        (
            9,
            "INBOX",
            from("Анна Петрова", "anna@example.ru", "Привет из Москвы", 9)
                .part(Part::text("Привет! Когда приедешь?\n")),
            "S",
        ),
        (11, "INBOX", from("Flo Dev", "flo@example.net", "A flowed message", 11).part(flowed), "S"),
        (13, "INBOX", from("Carla Diaz", "carla@example.com", "Floor plan", 13).part(related), "FS"),
        (
            15,
            "INBOX",
            from("Dan Okafor", "dan@example.com", "Invitation: quarterly review", 15).part(invite),
            "S",
        ),
        (
            18,
            "INBOX",
            from("Eve Lindqvist", "eve@example.se", "Fwd: Offer for the hall", 18).part(forwarded),
            "S",
        ),
        (
            20,
            "INBOX",
            from("Reports", "reports@example.com", "Weekly numbers", 20)
                .part(Part::text("The numbers of the week are attached.\n"))
                .attach("numbers.csv", "text/csv", b"week,orders\n41,120\n42,134\n")
                .attach("chart.png", "image/png", texts::PNG),
            "S",
        ),
        (
            22,
            "Junk",
            from("Lucky Winner", "win@lottery.example", "You WON!!! Claim now", 22)
                .part(Part::html("<h1>Click <a href=\"https://lottery.example/claim\">here</a></h1>")),
            "",
        ),
        (
            25,
            "Trash",
            from("Old Shop", "news@oldshop.example", "Everything must go", 25)
                .part(Part::text("Sale ends tonight.\n")),
            "S",
        ),
        (
            2,
            "Drafts",
            Draft::new(OWNER, texts::PEOPLE[1], "Notes for the offsite", at(2))
                .part(Part::text("Agenda so far:\n\n- arrival\n- ")),
            "DS",
        ),
    ]
}

/// The Date header's form (RFC 5322 section 3.3), in UTC.
pub(crate) fn date(seconds: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let days = seconds / DAY;
    // civil date of a day count, years beginning in March
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12;
    let year = year_of_era + era * 400 + u64::from(month < 2);
    format!(
        "{}, {day} {} {year} {:02}:{:02}:{:02} +0000",
        DAYS[(days % 7) as usize],
        MONTHS[month as usize],
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn mailbox(person: Address) -> String {
    if person.name.is_ascii() {
        format!("{} <{}>", person.name, person.address)
    } else {
        format!("{} <{}>", encoded(person.name), person.address)
    }
}

/// Encoded words (RFC 2047) of at most 75 characters, each whole characters.
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for character in text.chars() {
        if words.last().is_some_and(|word| word.len() + character.len_utf8() > 42) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    let words: Vec<String> =
        words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect();
    words.join("\r\n ")
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn base64_lines(bytes: &[u8]) -> String {
    let lines: Vec<String> = bytes.chunks(57).map(|chunk| STANDARD.encode(chunk)).collect();
    lines.join("\r\n") + "\r\n"
}

fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(date(951_782_400), "Tue, 29 Feb 2000 00:00:00 +0000");
        assert_eq!(date(1_700_000_000), "Tue, 14 Nov 2023 22:13:20 +0000");
    }

    #[test]
    fn long_subjects_become_several_encoded_words() {
        let subject = encoded(&"ä".repeat(60));
        assert!(subject.lines().count() > 1 && subject.lines().all(|line| line.len() <= 76), "{subject}");
    }
}
