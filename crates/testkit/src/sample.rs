//! A few hundred plausible messages of one person, the same for the same day: threads, newsletters, receipts,
//! attachments, other scripts, a one-time code, an injection attempt. Written for demos and tests; nothing of
//! it comes from real mail. Texts are in `texts`, MIME is put together in `compose`.

use crate::maildir::{Mail, Maildir, Numbering};

mod compose;
mod texts;

pub(crate) use compose::date;
use compose::{Draft, Part};

const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

/// The person whose mailbox this is.
pub const OWNER: Address = Address { name: "Alice Example", address: "alice@example.org" };

/// A name and an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The display name.
    pub name: &'static str,
    /// The address.
    pub address: &'static str,
}

/// One message and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The folder, with `/`.
    pub folder: &'static str,
    /// The message.
    pub mail: Mail,
}

/// Every folder that has samples.
pub const FOLDERS: &[&str] =
    &["INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive", "Lists/rust", "Projekte/Küche", "Receipts"];

/// The whole mailbox, each folder oldest first, spread over the 90 days before `now` (seconds since 1970).
pub fn mailbox(now: u64) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut number = 0;
    let mut put = |folder: &'static str, draft: Draft, flags: &str| {
        number += 1;
        let received = draft.date;
        let mut mail = Mail::new(draft.render(number), received).flags(flags);
        if flags.contains('R') {
            mail.keywords.push("$Answered-by-hand".into());
        }
        samples.push(Sample { folder, mail });
    };
    threads(now, &mut put);
    newsletters(now, &mut put);
    receipts(now, &mut put);
    list_traffic(now, &mut put);
    notes(now, &mut put);
    curiosities(now, &mut put);
    samples.sort_by(|a, b| {
        (a.folder, a.mail.received, &a.mail.raw).cmp(&(b.folder, b.mail.received, &b.mail.raw))
    });
    samples
}

/// Puts the whole mailbox into `maildir` and subscribes to its folders; tells how many messages there are.
pub fn fill(maildir: &Maildir, now: u64) -> std::io::Result<usize> {
    let samples = mailbox(now);
    for (number, folder) in (1..).zip(FOLDERS) {
        let mails =
            samples.iter().filter(|sample| sample.folder == *folder).map(|sample| sample.mail.clone());
        maildir.fill(folder, Numbering { uid_validity: 1_700_000_000 + number, first_uid: 1 }, mails)?;
    }
    maildir.subscribe(&FOLDERS[1..])?;
    Ok(samples.len())
}

type Put<'a> = dyn FnMut(&'static str, Draft, &str) + 'a;

/// Exchanges of several people; the owner's turns lie in Sent, everything quotes what came before.
fn threads(now: u64, put: &mut Put<'_>) {
    for (which, thread) in (0..).zip(texts::THREADS) {
        let start = now - (3 + 6 * which) * DAY - which * HOUR;
        let root = format!("thread-{which}");
        let mut references: Vec<String> = Vec::new();
        let mut quoted = String::new();
        for (turn, (who, text)) in (0..).zip(thread.turns) {
            let is_ours = *who == OWNER;
            let date = start + turn * 5 * HOUR;
            let subject =
                if turn == 0 { thread.subject.to_owned() } else { format!("Re: {}", thread.subject) };
            let to = if is_ours { thread.turns[0].0 } else { OWNER };
            let to = if to == *who { thread.turns[1].0 } else { to };
            let body = if quoted.is_empty() { format!("{text}\n") } else { format!("{text}\n\n{quoted}") };
            let id = format!("{root}.{turn}");
            let mut draft = Draft::new(*who, to, &subject, date).id(&id).references(&references);
            // every third thread is written in HTML mail programs
            draft = if which % 3 == 1 {
                draft.part(Part::alternative(&body, &texts::as_html(text, &quoted)))
            } else {
                draft.part(Part::text(&body))
            };
            if turn == 1 && which % 4 == 0 {
                draft = draft.attach("plan.pdf", "application/pdf", texts::PDF);
            }
            let is_last = turn + 1 == thread.turns.len() as u64;
            let folder = if is_ours { "Sent" } else { thread.folder };
            put(
                folder,
                draft,
                if is_ours {
                    "S"
                } else if is_last && which < 3 {
                    ""
                } else {
                    "RS"
                },
            );
            references.push(id);
            let earlier: Vec<String> = body.lines().take(40).map(|line| format!("> {line}")).collect();
            quoted = format!("On {}, {} wrote:\n{}\n", compose::date(date), who.name, earlier.join("\n"));
        }
    }
}

/// One newsletter of each publisher every week: HTML with a plain part, List-Id and unsubscription.
fn newsletters(now: u64, put: &mut Put<'_>) {
    for (which, paper) in (0..).zip(texts::NEWSLETTERS) {
        for week in 0..12_u64 {
            let date = now - week * 7 * DAY - (which + 1) * 9 * HOUR;
            let subject = format!("{}: {}", paper.title, texts::pick(texts::HEADLINES, week * 3 + which));
            let stories: Vec<&str> =
                (0..4).map(|story| texts::pick(texts::HEADLINES, week + which * 5 + story * 2)).collect();
            let plain = format!(
                "{}\n\n{}\n\nUnsubscribe: {}\n",
                paper.title,
                stories.join("\n\n"),
                paper.unsubscribe
            );
            let draft = Draft::new(paper.from, OWNER, &subject, date)
                .header("List-Id", &format!("{} <{}>", paper.title, paper.list))
                .header("List-Unsubscribe", &format!("<{}>", paper.unsubscribe))
                .header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
                .part(Part::alternative(&plain, &texts::newsletter_html(paper, &stories, week)));
            put("INBOX", draft, if week < 1 { "" } else { "S" });
        }
    }
}

/// Orders and invoices, some with a table, some with an attachment.
fn receipts(now: u64, put: &mut Put<'_>) {
    for number in 0..30_u64 {
        let shop = texts::pick(texts::SHOPS, number);
        let date = now - number * 3 * DAY - 7 * HOUR;
        let order = 41_207 + number * 13;
        let total = format!("{}.{:02} EUR", 12 + number * 7 % 190, number * 37 % 100);
        let subject = format!("Your invoice {order}");
        let plain = format!("Thank you for your order {order}.\n\nTotal: {total}\n\n{}\n", shop.name);
        let mut draft = Draft::new(shop, OWNER, &subject, date);
        draft = if number % 2 == 0 {
            draft.part(Part::alternative(&plain, &texts::receipt_html(shop.name, order, &total)))
        } else {
            draft.part(Part::text(&plain))
        };
        if number % 3 == 0 {
            draft = draft.attach(&format!("invoice-{order}.pdf"), "application/pdf", texts::PDF);
        }
        put(if number < 4 { "INBOX" } else { "Receipts" }, draft, "S");
    }
}

/// A busy mailing list in its own folder.
fn list_traffic(now: u64, put: &mut Put<'_>) {
    for number in 0..80_u64 {
        let topic = texts::pick(texts::TOPICS, number / 5);
        let reply = number % 5;
        let who = texts::pick(texts::PEOPLE, number * 7 + 3);
        let subject = if reply == 0 { format!("[rust] {topic}") } else { format!("Re: [rust] {topic}") };
        let text = texts::pick(texts::REMARKS, number * 3);
        let body = if reply == 0 {
            format!("{text}\n\n-- \n{}\n", who.name)
        } else {
            let asked = texts::pick(texts::REMARKS, (number - 1) * 3);
            format!("> {asked}\n\n{text}\n\n-- \n{}\n", who.name)
        };
        let references: Vec<String> =
            (0..reply).map(|back| format!("list-{}", number - reply + back)).collect();
        let list = Address { name: "rust", address: "rust@lists.example.net" };
        let draft = Draft::new(who, list, &subject, now - 80 * DAY + number * 23 * HOUR)
            .id(&format!("list-{number}"))
            .references(&references)
            .header("List-Id", "Rust users <rust.lists.example.net>")
            .header("List-Post", "<mailto:rust@lists.example.net>")
            .part(Part::text(&body));
        put("Lists/rust", draft, if number > 70 { "" } else { "S" });
    }
}

/// Short mails of people, most of them read, the older half archived.
fn notes(now: u64, put: &mut Put<'_>) {
    for number in 0..110_u64 {
        let who = texts::pick(texts::PEOPLE, number * 5);
        let text = texts::pick(texts::REMARKS, number * 7 + 2);
        let subject = texts::pick(texts::SUBJECTS, number);
        let date = now - number * 19 * HOUR - 40 * 60;
        let draft = Draft::new(who, OWNER, subject, date)
            .part(Part::text(&format!("Hi Alice,\n\n{text}\n\nBest,\n{}\n", who.name)));
        let folder = if number < 45 { "INBOX" } else { "Archive" };
        put(
            folder,
            draft,
            match number % 9 {
                0 if number < 20 => "",
                4 => "FS",
                _ => "S",
            },
        );
    }
}

/// Everything that is there once, to see how it is read.
fn curiosities(now: u64, put: &mut Put<'_>) {
    for (days, folder, draft, flags) in compose::curiosities(now) {
        debug_assert!(days <= 90, "older than the rest");
        put(folder, draft, flags);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_790_000_000;

    #[test]
    fn the_mailbox_has_a_few_hundred_messages_of_the_last_ninety_days() {
        let samples = mailbox(NOW);
        assert!((300..800).contains(&samples.len()), "{}", samples.len());
        for sample in &samples {
            assert!(
                sample.mail.received <= NOW && sample.mail.received >= NOW - 91 * DAY,
                "{}",
                sample.mail.received
            );
        }
    }

    #[test]
    fn the_same_day_gives_the_same_mailbox_and_every_folder_has_mail() {
        let samples = mailbox(NOW);
        assert_eq!(samples, mailbox(NOW));
        for folder in FOLDERS {
            assert!(samples.iter().any(|sample| sample.folder == *folder), "{folder}");
        }
        assert!(samples.iter().all(|sample| FOLDERS.contains(&sample.folder)));
    }

    #[test]
    fn messages_are_valid_on_the_wire() {
        for sample in mailbox(NOW) {
            let raw = &sample.mail.raw;
            let text = String::from_utf8_lossy(raw);
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.is_ascii(), "{head}");
            for name in ["From: ", "To: ", "Date: ", "Message-ID: ", "MIME-Version: 1.0"] {
                assert!(head.contains(name), "{name} in {head}");
            }
            assert!(!text.replace("\r\n", "").contains('\n'), "a bare line feed in {head}");
            assert!(text.lines().all(|line| line.len() <= 998), "a line too long in {head}");
        }
    }

    #[test]
    fn message_ids_are_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for sample in mailbox(NOW) {
            let text = String::from_utf8_lossy(&sample.mail.raw).into_owned();
            let id = text.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned();
            assert!(seen.insert(id.clone()), "{id} twice");
        }
    }
}
