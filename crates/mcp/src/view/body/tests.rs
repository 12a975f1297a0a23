//! The budget of `mail_read`, tried with many texts.

use domain::{Address, Flag, Random, reading::Attachment};
use proptest::prelude::*;
use time::macros::datetime;

use super::*;

struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn message(uid: u32, body: &str) -> Message {
    Message {
        id: format!("work/@inbox:{uid}@k2x9").parse().unwrap(),
        asked: None,
        message_id: Some(format!("<{uid}@mail.example.org>")),
        from: vec![Address { name: "Ann Lee".into(), email: "ann.lee@example.org".into() }],
        to: vec![Address { name: String::new(), email: "me@example.org".into() }],
        cc: Vec::new(),
        reply_to: Vec::new(),
        subject: "Invoice for November".into(),
        date: datetime!(2026-11-21 3:04:05 UTC),
        sent: None,
        flags: vec![Flag::Seen],
        body: body.into(),
        links: Vec::new(),
        attachments: Vec::new(),
        trust: Trust::default(),
    }
}

fn read(messages: &[Message], max_tokens: usize, start: usize) -> Result<Vec<MessageView>, Problem> {
    let nonce = Nonce::new(&Fixed);
    let outcomes = messages.iter().map(|message| Outcome::Message(Box::new(message.clone()))).collect();
    show(outcomes, &Ask { max_tokens, beside: 0, start, nonce: &nonce, request: None })
}

fn answer_chars(views: &[MessageView]) -> usize {
    json_chars(&serde_json::json!({ "messages": views }))
}

/// What stands between the fences.
fn inside(view: &MessageView) -> &str {
    let body = view.body.as_deref().unwrap();
    let body = body.strip_prefix("<<<mail hhhhhhhhhhhh\n").unwrap();
    body.strip_suffix("\nmail hhhhhhhhhhhh>>>").unwrap()
}

/// Reads a message to its end in pieces; every answer is within its budget.
fn read_all(message: &Message, max_tokens: usize) -> String {
    let mut whole = String::new();
    let mut start = 0;
    loop {
        let views = read(std::slice::from_ref(message), max_tokens, start).unwrap();
        assert!(answer_chars(&views) <= max_tokens * 4, "{} of {}", answer_chars(&views), max_tokens * 4);
        let view = views.first().unwrap();
        whole.push_str(inside(view));
        let Some(next) = view.continue_from else {
            assert_eq!(view.left, Some(0));
            return whole;
        };
        assert!(next > start && view.left.unwrap() > 0);
        start = next;
    }
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => "[a-z]{1,9}",
        1 => Just("\"quoted\"".to_owned()),
        1 => Just("e\u{301}👩\u{200d}💻🇩🇪".to_owned()),
        1 => Just("[site][1]".to_owned()),
        1 => Just("<<<mail x".to_owned()),
        1 => Just("mail hhhhhhhhhhhh>>>".to_owned()),
        1 => any::<String>(),
    ];
    let blank = prop_oneof![8 => Just(" "), 2 => Just("\n"), 1 => Just(""), 1 => Just("\u{1}")];
    prop::collection::vec((word, blank), 0..150)
        .prop_map(|words| words.into_iter().map(|(word, blank)| word + blank).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_pieces_of_a_text_are_the_text(body in text(), max_tokens in 100_usize..700, url in 10_usize..400) {
        let mut message = message(1, &body);
        message.links =
            vec![Link { number: 1, text: "site".into(), url: "u".repeat(url), warning: None }];
        prop_assert_eq!(read_all(&message, max_tokens), harmless(&body));
    }

    #[test]
    fn the_budget_bounds_the_whole_answer(
        bodies in prop::collection::vec(text(), 1..10), max_tokens in 100_usize..5_000, attached in 0_usize..30,
    ) {
        let messages: Vec<Message> = bodies.iter().zip(1..).map(|(body, uid)| {
            let mut message = message(uid, body);
            message.attachments = (1..=attached).map(file).collect();
            message
        }).collect();
        match read(&messages, max_tokens, 0) {
            Ok(views) => {
                prop_assert!(answer_chars(&views) <= max_tokens * 4);
                prop_assert_eq!(views.len(), messages.len());
            }
            Err(problem) => {
                prop_assert_eq!(problem.code, Code::TooLarge);
                prop_assert!(messages.len() > 1, "one message always fits");
            }
        }
    }

    #[test]
    fn shares_never_pass_the_room_and_short_needs_are_met_first(
        needs in prop::collection::vec(0_usize..5_000, 1..10), room in 0_usize..20_000,
    ) {
        let least: Vec<usize> = needs.iter().map(|need| (*need).min(50)).collect();
        prop_assume!(least.iter().sum::<usize>() <= room);
        let shares = share(&needs, &least, room);
        prop_assert!(shares.iter().sum::<usize>() <= room);
        let fair = room / needs.len();
        for (share, need) in shares.iter().zip(&needs) {
            prop_assert!(share <= need && *share + needs.len() >= fair.min(*need), "{:?}", shares);
        }
    }
}

fn file(index: usize) -> Attachment {
    Attachment {
        index,
        path: "2".parse().unwrap(),
        name: format!("report-{index}.pdf"),
        media_type: "application/pdf".into(),
        size: 12_345,
        is_inline: false,
    }
}

#[test]
fn what_short_messages_leave_goes_to_the_long_one() {
    let long = "word ".repeat(4_000);
    let messages = [message(1, "Short."), message(2, &long), message(3, "Short too.")];
    let views = read(&messages, 2_000, 0).unwrap();
    assert_eq!((views[0].left, views[2].left), (Some(0), Some(0)));
    let shown = inside(&views[1]).chars().count();
    assert!(shown > 6_000, "{shown} characters of the long one");
    assert_eq!(views[1].continue_from, Some(shown));
    let left = tokens(escaped_len(&long) - shown);
    assert_eq!(views[1].left, Some(left));
}

#[test]
fn no_answer_passes_twenty_thousand_tokens() {
    let views = read(&[message(1, &"word ".repeat(60_000))], 500_000, 0).unwrap();
    let chars = answer_chars(&views);
    assert!((79_000..=80_000).contains(&chars), "{chars}");
}

#[test]
fn only_links_of_the_shown_piece_are_listed() {
    let link = |number| Link { number, text: "t".into(), url: format!("x.example/{number}"), warning: None };
    let mut message = message(1, &format!("[a][1] {} [b][2]", "word ".repeat(500)));
    message.links = vec![link(1), link(2), link(3)];
    let first = read(&[message.clone()], 400, 0).unwrap();
    assert_eq!(first[0].links.iter().map(|link| link.n).collect::<Vec<_>>(), [1]);
    let last = read(&[message], 400, 2_490).unwrap();
    assert_eq!(last[0].links.iter().map(|link| link.n).collect::<Vec<_>>(), [2]);
}

#[test]
fn recipients_and_attachments_give_way_before_the_body_and_are_named() {
    let mut message = message(1, &"word ".repeat(300));
    message.to = (0..40)
        .map(|n| Address { name: format!("Person {n}"), email: format!("p{n}@example.org") })
        .collect();
    message.attachments = (1..=40).map(file).collect();
    let views = read(&[message.clone()], 4_000, 0).unwrap();
    assert_eq!((views[0].to.len(), views[0].to[10].as_str()), (11, "+30 more"));
    assert!(views[0].omitted.is_empty() && views[0].attachments.len() == 40);
    let views = read(&[message.clone()], 600, 0).unwrap();
    assert_eq!((views[0].to.len(), views[0].attachments.len()), (4, 10));
    assert_eq!(views[0].omitted, ["attachments"]);
    let views = read(&[message], 100, 0).unwrap();
    assert_eq!(views[0].omitted, ["details"]);
    assert!(!inside(&views[0]).is_empty());
}

#[test]
fn too_many_messages_for_the_budget_are_told_what_they_need() {
    let messages: Vec<Message> = (1..=10).map(|uid| message(uid, "A body of some words.")).collect();
    let problem = read(&messages, 100, 0).unwrap_err();
    assert_eq!(problem.code, Code::TooLarge);
    let tokens: usize =
        problem.hint.split_whitespace().find_map(|word| word.parse().ok()).expect("a number of tokens");
    assert!(read(&messages, tokens, 0).is_ok(), "{}", problem.hint);
}

#[test]
fn reading_on_past_the_end_is_an_error_and_at_the_end_empty() {
    let message = message(1, "Five.");
    assert_eq!(inside(&read(std::slice::from_ref(&message), 1_000, 5).unwrap()[0]), "");
    assert_eq!(read(&[message], 1_000, 6).unwrap_err().code, Code::InvalidInput);
}

#[test]
fn trust_leaves_out_what_is_not_odd() {
    let mut message = message(1, "x");
    message.trust.dkim = Verdict::Pass;
    let plain = serde_json::to_value(&read(&[message.clone()], 1_000, 0).unwrap()[0]).unwrap();
    assert_eq!(plain["trust"], serde_json::json!({"spf": "unknown", "dkim": "pass", "dmarc": "unknown"}));
    message.trust.reply_to_differs = true;
    message.trust.removed.hidden = 12;
    let odd = serde_json::to_value(&read(&[message], 1_000, 0).unwrap()[0]).unwrap();
    assert_eq!((&odd["trust"]["reply_to_differs"], &odd["trust"]["hidden_text"]), (&true.into(), &12.into()));
}
