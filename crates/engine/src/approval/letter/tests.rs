//! What a person is told of messages of ours and of others.

use domain::{GrantId, HomeAccount, OutboxId, Timestamp};
use mail::mime::compose::{
    Answer, FileEncoding, FilePart, Letter as Composed, Original, Own, Segment, body, lay_out,
};
use storage::{Copy, Frozen, OutgoingState};

use super::*;

fn message(recipients: &[&str], stored: &[u8], bcc: std::ops::Range<u64>) -> Outgoing {
    let now = Timestamp::from_unix_timestamp(1_790_000_000).unwrap();
    Outgoing {
        id: OutboxId::from_random([1; 16]),
        grant: GrantId::from_random([1; 16]),
        user: "alice".into(),
        client: "agent".into(),
        account: HomeAccount::Carried([1; 32]),
        account_name: "home".parse().unwrap(),
        key: String::new(),
        content: [0; 32],
        frozen: Frozen {
            from: "alice@example.org".into(),
            recipients: recipients.iter().map(|&address| address.to_owned()).collect(),
            message_id: "<1@example.org>".into(),
            size: stored.len() as u64,
            bcc,
            ..Frozen::default()
        },
        state: OutgoingState::Waiting,
        due: now,
        new_recipients: 0,
        attempts: 0,
        owner: None,
        outcome: None,
        copy: Copy::NONE,
        approval: None,
        created: now,
        updated: now,
    }
}

fn read_whole(stored: &str) -> Letter {
    read(&message(&["bob@example.org"], stored.as_bytes(), 0..0), stored.as_bytes())
}

/// A message of ours in its stored form, with a file.
fn composed(markdown: &str, answer: Answer<'_>) -> (String, std::ops::Range<u64>) {
    let address = |email: &str| Address { name: String::new(), email: email.to_owned() };
    let said = body(Own::Markdown(markdown), answer, Some("Alice\nA Company"), None);
    let letter = Composed {
        from: address("alice@example.org"),
        to: vec![address("bob@bücher.example")],
        cc: Vec::new(),
        bcc: vec![address("eve@example.net")],
        reply_to: vec![address("else@example.net")],
        subject: "Größe".into(),
        date: Timestamp::from_unix_timestamp(1_790_000_000).unwrap(),
        message_id: "<1@example.org>".into(),
        in_reply_to: None,
        references: Vec::new(),
        extra: Vec::new(),
        text: said.text,
        html: Some(said.html),
        calendar: None,
        inline: Vec::new(),
        files: vec![FilePart {
            name: "plan.pdf".into(),
            media_type: "application/pdf".into(),
            content_id: None,
            encoding: FileEncoding::Base64,
            size: None,
        }],
    };
    let layout = lay_out(&letter, [7; 16]).unwrap();
    let octets = layout.segments.iter().map(|segment| match segment {
        Segment::Octets(octets) => String::from_utf8(octets.to_vec()).unwrap(),
        Segment::File(_) => "eHl6".to_owned(),
    });
    (octets.collect(), layout.bcc.clone())
}

const MARKDOWN: &str = "Dear Bob,\n\n**here** are the *plans*, see [the page](https://example.org/plans?a=1) and \
    https://example.org/more.\n\n1. one\n2. two\n   - three\n\n> quoted\n\nIt is 1.000 €, -5 % off.\n\nBest\nAlice";

#[test]
fn a_message_of_ours_is_told_once_with_everybody_and_everything_in_it() {
    let (stored, bcc) = composed(MARKDOWN, Answer::New);
    let message = message(&["bob@xn--bcher-kva.example", "eve@example.net"], stored.as_bytes(), bcc);
    let letter = read(&message, stored.as_bytes());
    assert_eq!(letter.html_text, None, "{}", letter.text);
    assert!(letter.text.contains("Dear Bob,") && letter.text.contains("https://example.org/plans?a=1"));
    let told: Vec<_> =
        letter.recipients.iter().map(|it| (it.field, it.address.as_str(), it.number)).collect();
    assert_eq!(
        told,
        [(Some("to"), "bob@xn--bcher-kva.example", Some(1)), (Some("bcc"), "eve@example.net", Some(2))]
    );
    assert_eq!(letter.reply_to[0].email, "else@example.net");
    assert_eq!(letter.subject, "Größe");
    assert_eq!((letter.files.len(), letter.files[0].name.as_str(), letter.files[0].size), (1, "plan.pdf", 3));
    assert_eq!(letter.unshown, [""; 0]);
}

fn alternatives(plain: &str, html: &str) -> Letter {
    read_whole(&format!(
        "To: bob@example.org\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\n{plain}\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
    ))
}

#[test]
fn html_that_says_other_words_is_told_beside_the_text() {
    let same = alternatives("> Hello *Bob*,\r\nthe  price is 5.", "<p>Hello <b>Bob</b>,</p>the price is 5");
    assert_eq!(same.html_text, None);
    for html in ["<p>Hello Bob, the price is 500</p>", "Hello Bob, the price is 5 and the PIN 1234", "Hello"]
    {
        let other = alternatives("Hello Bob, the price is 5", html);
        assert_eq!(other.text.trim(), "Hello Bob, the price is 5");
        assert!(other.html_text.is_some(), "{html}");
    }
    let only = read_whole("Content-Type: text/html\r\n\r\n<p>Hello <b>Bob</b></p>\r\n");
    assert_eq!((only.text.trim(), only.html_text), ("Hello Bob", None));
    // the target of a link is words, too
    let link = alternatives("see here", "see <a href='https://example.net/?secret'>here</a>");
    assert!(link.html_text.unwrap().contains("https://example.net/?secret"));
}

#[test]
fn what_leaves_and_is_not_shown_is_named() {
    let hidden = alternatives("Hello", "<p>Hello</p><p style='display:none'>the PIN is 1234</p>");
    assert_eq!(hidden.unshown.len(), 1, "{:?}", hidden.unshown);
    let watch = read_whole(
        "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n\
        --b\r\nContent-Type: text/x-amp-html\r\n\r\n<p>PIN 1234\r\n--b--\r\n",
    );
    assert!(watch.unshown[0].contains("text/x-amp-html"), "{:?}", watch.unshown);
    let stored = "To: bob@example.org\r\nBcc: eve@example.org\r\n\r\nHello\r\n";
    assert!(read_whole(stored).unshown[0].contains("Bcc field that all"));
    let bcc = message(&["bob@example.org", "eve@example.org"], stored.as_bytes(), 21..43);
    assert_eq!(read(&bcc, stored.as_bytes()).unshown, [""; 0]);
}

#[test]
fn nothing_that_is_stored_is_too_broken_to_be_shown() {
    for stored in ["", "\r\n", "Bcc", "\u{fffd}\0", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b"] {
        for (start, end) in [(0, 0), (2, 1_000_000), (7, 3), (u64::MAX, 0), (0, u64::MAX)] {
            let message = message(&["bob@example.org"], stored.as_bytes(), std::ops::Range { start, end });
            read(&message, stored.as_bytes());
        }
    }
}

#[test]
fn answers_of_ours_say_the_same_in_both_forms() {
    let address = |email: &str| vec![Address { name: "Bob \"B\" Lee".into(), email: email.to_owned() }];
    let (from, to) = (address("bob@example.org"), address("alice@example.org"));
    let texts = [
        "Can you come?\n\n> I asked **before**: [plans](https://example.org)\n>> twice\n\n- a\n- b\n\n-- \nBob",
        "# Heading\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[image: Logo] a_b_c *x* 1 < 2 & 3 > 2 `code`\n\n---\nEnd\\.",
        "",
    ];
    for text in texts {
        let date = Timestamp::from_unix_timestamp(1_790_000_000).unwrap();
        let original = Original { from: &from, to: &to, cc: &[], date, subject: "Plans", text };
        for answer in [Answer::Reply(&original), Answer::Forward(&original)] {
            let (stored, bcc) = composed(MARKDOWN, answer);
            let letter = read(&message(&["bob@example.org"], stored.as_bytes(), bcc), stored.as_bytes());
            assert_eq!(letter.html_text, None, "{}", letter.text);
        }
    }
}
