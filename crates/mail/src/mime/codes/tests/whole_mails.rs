//! Codes and sign-in links, measured on whole mails in many languages: `testdata/codes/whole-mails.txt`.
//!
//! Read as the product reads them, subject and body; the figures are printed.

use crate::mime::{
    render::{Options, render},
    text_parts::TextPart,
};

use super::*;

/// With these the masking was mended: it found 0.44 of their codes before.
const MAILS: &str = include_str!("../../../../testdata/codes/whole-mails.txt");
/// Then with these, which had not been seen before: 0.63 of the codes were found at first.
const FRESH: &str = include_str!("../../../../testdata/codes/fresh-mails.txt");

/// And last with these, made to be hard: half of the codes were found at first.
const LAST: &str = include_str!("../../../../testdata/codes/last-mails.txt");

struct Mail {
    name: String,
    subject: String,
    body: String,
}

fn mails(file: &str) -> Vec<Mail> {
    let read = |text: &str| {
        let (name, rest) = text.split_once('\n').unwrap();
        let (subject, body) = rest.split_once("\n\n").unwrap();
        let subject = subject.strip_prefix("Subject: ").unwrap();
        Mail { name: name.to_owned(), subject: subject.to_owned(), body: body.to_owned() }
    };
    file.split("\n%% ").skip(1).map(read).collect()
}

/// The secrets of a text, and the text without the marks around them. Tags inside a secret are none of it.
fn unmarked(text: &str) -> (String, Vec<String>) {
    let marked = text.split('⟦').skip(1).filter_map(|rest| rest.split_once('⟧'));
    let visible = |secret: &str| -> String {
        let pieces = secret.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
        pieces.collect()
    };
    (text.replace(['⟦', '⟧'], ""), marked.map(|(secret, _)| visible(secret)).collect())
}

/// All that an agent gets to see, and how much was masked.
fn read(subject: &str, body: &str) -> (String, usize) {
    let options = Options { full: true, mask_codes: true, subject };
    let rendered = render(&[(TextPart::default(), body.as_bytes())], options);
    let (shown, masked) = mask(subject);
    let links: Vec<String> =
        rendered.readable.links.iter().map(|link| format!("{} {}", link.text, link.url)).collect();
    (format!("{shown}\n{}\n{}", rendered.readable.text, links.join("\n")), masked + rendered.masked)
}

/// Recall and precision over the mails of a file, and how many of them there are.
fn measure(file: &str) -> (f64, f64, usize) {
    let (mut secrets, mut found, mut masks, mut harmless, mut accused) = (0, 0, 0, 0, 0);
    let mails = mails(file);
    for mail in &mails {
        let (subject, mut wanted) = unmarked(&mail.subject);
        let (body, in_body) = unmarked(&mail.body);
        wanted.extend(in_body);
        let (shown, masked) = read(&subject, &body);
        let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '|').collect::<String>();
        let missed: Vec<&String> =
            wanted.iter().filter(|secret| bare(&shown).contains(&bare(secret))).collect();
        secrets += wanted.len();
        found += wanted.len() - missed.len();
        masks += masked.max(wanted.len() - missed.len());
        harmless += usize::from(wanted.is_empty());
        accused += usize::from(wanted.is_empty() && masked > 0);
        if !missed.is_empty() || masked > wanted.len() {
            println!("{}: missed {missed:?}, {masked} masked of {}:\n{shown}\n", mail.name, wanted.len());
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    println!(
        "{} mails, {secrets} secrets: recall {:.3}, precision {:.3}; {accused} of {harmless} mails without a secret accused",
        mails.len(),
        share(found, secrets),
        share(found, masks)
    );
    (share(found, secrets), share(found, masks), mails.len())
}

#[test]
fn most_codes_of_whole_mails_are_masked_and_hardly_anything_else() {
    let (recall, precision, mails) = measure(MAILS);
    assert!(mails >= 100);
    assert!(recall >= 0.95, "recall {recall}");
    assert!(precision >= 0.95, "precision {precision}");
}

#[test]
fn codes_of_later_mails_are_masked_too() {
    let (recall, precision, mails) = measure(FRESH);
    assert!(mails >= 30);
    assert!(recall >= 0.90, "recall {recall}");
    assert!(precision >= 0.95, "precision {precision}");
}

#[test]
fn codes_of_hard_mails_are_masked_too() {
    let (recall, precision, mails) = measure(LAST);
    assert!(mails >= 20);
    assert!(recall >= 0.95, "recall {recall}");
    assert!(precision >= 0.95, "precision {precision}");
}
