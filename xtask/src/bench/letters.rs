//! Small but realistic messages by number: half plain text, the rest HTML with a plain part, some with a
//! file; people, lists and shops, replies, a subject that is searched for. The same number and day give the
//! same message. Richer mail for reading is testkit's `sample`.

use std::fmt::Write as _;

use testkit::Mail;

use super::calendar;

/// What is searched for; every hundredth message has it in its subject.
pub(super) const SUBJECT_WORD: &str = "invoice";

const PEOPLE: [(&str, &str); 8] = [
    ("Bob Marsh", "bob@example.com"),
    ("Carla Diaz", "carla.diaz@example.net"),
    ("Eve Lindqvist", "eve@example.se"),
    ("Farid Haddad", "farid.haddad@example.net"),
    ("Grace Kim", "grace@example.com"),
    ("Jonas Weber", "j.weber@example.de"),
    ("Kavya Rao", "kavya@example.in"),
    ("Mona Saleh", "mona.saleh@example.org"),
];
const TOPICS: [&str; 10] = [
    "Lunch on Thursday",
    "Notes of the planning meeting",
    "Question about the lease",
    "Photos from the weekend",
    "Draft of the annual report",
    "Train times for Friday",
    "Server maintenance tonight",
    "Your order has shipped",
    "Weekly digest",
    "Re-keying the front door",
];
const SENTENCES: [&str; 9] = [
    "I have put the numbers together and they look better than last month.",
    "Could you have a look at the second page before we send it on?",
    "The plumber comes at nine, so somebody should be there to open the door.",
    "We agreed to move the review to the week after the holidays.",
    "Please keep the receipt, the accountant wants it with the next batch.",
    "It rained all day, but the children did not mind at all.",
    "The old plan had the cables running below the window, which no longer works.",
    "Tell me if the earlier train suits you better and I will book both seats.",
    "Thanks again for your help with the boxes.",
];
const MINUTE: u64 = 60;

/// How a message is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One text/plain part.
    Plain,
    /// HTML and plain.
    Alternative,
    /// The same with a file.
    Mixed,
}

/// How message `number` (its UID minus one) is built.
pub(super) fn kind(number: u32) -> Kind {
    match number % 20 {
        0..=9 => Kind::Plain,
        10..=16 => Kind::Alternative,
        _ => Kind::Mixed,
    }
}

/// Message `number` of `count`, the newest of which came shortly before `now` (seconds since 1970).
pub(super) fn letter(number: u32, count: u32, now: u64) -> Mail {
    let received = now - u64::from(count - number) * 7 * MINUTE;
    // neighbours shall not look alike: a multiplicative hash of the number
    let chance = number.wrapping_mul(2_654_435_761) >> 8;
    let (name, address) = pick(&PEOPLE, chance);
    let is_invoice = number % 100 == 3;
    let is_reply = chance.is_multiple_of(3);
    let subject = match (is_invoice, is_reply) {
        (true, _) => format!("Your {SUBJECT_WORD} {}", 40_000 + number),
        (false, true) => format!("Re: {}", pick(&TOPICS, chance / 7)),
        (false, false) => (*pick(&TOPICS, chance / 7)).to_owned(),
    };
    let date = calendar::mail_date(received);
    let host = address.rsplit('@').next().unwrap_or_default();
    let mut text = format!(
        "Return-Path: <{address}>\r\n\
         Received: from mail.{host} (mail.{host} [192.0.2.{}])\r\n\
         \tby mx.example.org (Postfix) with ESMTPS id {number:08X}\r\n\
         \tfor <alice@example.org>; {date}\r\n\
         Authentication-Results: mx.example.org; dkim=pass header.d={host};\r\n\
         \tspf=pass smtp.mailfrom={address}; dmarc=pass header.from={host}\r\n\
         From: {name} <{address}>\r\n\
         To: Alice Example <alice@example.org>\r\n\
         Subject: {subject}\r\n\
         Date: {date}\r\n\
         Message-ID: <{number}.{chance:x}@{host}>\r\n",
        chance % 250
    );
    if chance.is_multiple_of(5) {
        text.push_str("Cc: Hugo Petit <hugo@example.fr>, Ines Costa <ines@example.pt>\r\n");
    }
    if is_reply {
        let parent = number.saturating_sub(40);
        let _ = write!(
            text,
            "In-Reply-To: <{parent}.p@example.org>\r\n\
             References: <{}.r@example.org>\r\n <{parent}.p@example.org>\r\n",
            parent.saturating_sub(90)
        );
    }
    if chance.is_multiple_of(7) {
        let _ = write!(
            text,
            "List-Id: News of {host} <news.{host}>\r\nList-Unsubscribe: <https://{host}/leave?u={chance}>\r\n"
        );
    }
    text.push_str("MIME-Version: 1.0\r\n");
    let plain = plain(name, chance);
    match kind(number) {
        Kind::Plain => {
            let _ = write!(text, "{PLAIN}\r\n\r\n{plain}");
        }
        Kind::Alternative => {
            let _ =
                write!(text, "{}", multipart("alternative", number, &[leaf(PLAIN, &plain), html(&plain)]));
        }
        Kind::Mixed => {
            let both = multipart("alternative", number, &[leaf(PLAIN, &plain), html(&plain)]);
            let _ = write!(text, "{}", multipart("mixed", number, &[both, file(number)]));
        }
    }
    Mail::new(text, received).flags(if number.is_multiple_of(9) { "" } else { "S" })
}

const PLAIN: &str = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit";

fn plain(name: &str, chance: u32) -> String {
    let mut text = String::from("Hi Alice,\r\n\r\n");
    for at in 0..4 + chance % 9 {
        let _ = write!(
            text,
            "{}{}",
            pick(&SENTENCES, chance / 11 + at * 4),
            if at % 3 == 2 { "\r\n\r\n" } else { "\r\n" }
        );
    }
    let _ = write!(text, "\r\nBest,\r\n{name}\r\n");
    text
}

fn html(plain: &str) -> String {
    let paragraphs: String = plain.split("\r\n\r\n").fold(String::new(), |text, paragraph| {
        text + "<p style=\"margin:0 0 1em\">" + paragraph + "</p>\r\n"
    });
    let page = format!(
        "<html><head><style>p {{ font-family: sans-serif }}</style></head><body>\r\n{paragraphs}\
         <p><a href=\"https://example.com/read\">Read it on the web</a></p></body></html>\r\n"
    );
    leaf("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", &page)
}

fn file(number: u32) -> String {
    let lines = "JVBERi0xLjQKJSBhIGZpbGUgb2Ygc29tZSBzaXplCjEgMCBvYmoKPDwgPj4KZW5kb2JqCnRyYWls\r\n".repeat(20);
    let headers = format!(
        "Content-Type: application/pdf; name=\"paper-{number}.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"paper-{number}.pdf\""
    );
    leaf(&headers, &lines)
}

fn leaf(headers: &str, content: &str) -> String {
    format!("{headers}\r\n\r\n{content}")
}

fn multipart(kind: &str, number: u32, parts: &[String]) -> String {
    let boundary = format!("=_{kind}_{number}");
    let mut text = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        let _ = write!(text, "--{boundary}\r\n{part}\r\n");
    }
    let _ = write!(text, "--{boundary}--\r\n");
    text
}

fn pick<T>(list: &[T], at: u32) -> &T {
    &list[at as usize % list.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: u32) -> String {
        String::from_utf8(letter(number, 1_000, 1_790_000_000).raw).unwrap()
    }

    #[test]
    fn messages_are_valid_on_the_wire_and_small() {
        for number in 0..1_000 {
            let text = text(number);
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            for name in ["From: ", "To: ", "Subject: ", "Date: ", "Message-ID: ", "Content-Type: "] {
                assert_eq!(head.matches(&format!("\r\n{name}")).count(), 1, "{name} in {head}");
            }
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare line end in {head}");
            assert!((600..6_000).contains(&text.len()), "{} octets", text.len());
        }
    }

    #[test]
    fn one_in_a_hundred_subjects_has_the_word_that_is_searched_for() {
        let subject =
            |number| text(number).lines().find(|line| line.starts_with("Subject: ")).unwrap().to_owned();
        assert_eq!((0..1_000).filter(|number| subject(*number).contains(SUBJECT_WORD)).count(), 10);
    }

    #[test]
    fn all_structures_occur_and_are_told_by_number() {
        for (number, kind_of_it, word) in [
            (9, Kind::Plain, "Content-Type: text/plain"),
            (10, Kind::Alternative, "Content-Type: multipart/alternative"),
            (19, Kind::Mixed, "Content-Type: multipart/mixed"),
        ] {
            assert_eq!(kind(number), kind_of_it);
            let text = text(number);
            let first = text.lines().find(|line| line.starts_with("Content-Type: ")).unwrap();
            assert!(first.starts_with(word), "{first}");
        }
    }
}
