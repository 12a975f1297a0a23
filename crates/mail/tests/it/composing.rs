//! Every letter is answered and passed on: the corpus, and letters of harm.

use mail::mime::{
    compose::{
        Answer, Original, Own, body, flow, forward_subject, html_to_text, quotable, reply_recipients,
        reply_references, reply_subject, safe_html,
    },
    links::Links,
    plain, visible_text, whole,
};

use crate::letters::{corpus, messages, pathological, read};

/// Longest letter that is answered here: longer ones would only take longer.
const MAX_LETTER: usize = 256 * 1024;

fn letters() -> Vec<(String, Vec<u8>)> {
    let mut letters: Vec<(String, Vec<u8>)> =
        pathological(4_000).into_iter().map(|(name, raw)| (name.to_owned(), raw)).collect();
    letters.extend(corpus().map(messages).unwrap_or_default());
    letters.retain(|(_, raw)| raw.len() <= MAX_LETTER);
    letters
}

#[test]
fn every_letter_has_recipients_subject_and_references_of_a_reply() {
    let own = ["me@example.org".to_owned()];
    for (name, raw) in &letters() {
        let headers = whole::parse(raw).headers;
        let envelope = headers.envelope();
        for all in [false, true] {
            let found = reply_recipients(&envelope, &own, all);
            for address in found.to.iter().chain(&found.cc) {
                let is_one_line = !address.to_string().chars().any(char::is_control);
                assert!(is_one_line && address.email.contains('@'), "{name}: {address}");
            }
        }
        let subject = reply_subject(&envelope.subject);
        assert!(subject.starts_with("Re:") && !subject.chars().any(char::is_control), "{name}: {subject}");
        assert_eq!(reply_subject(&subject), subject, "{name}");
        assert_eq!(forward_subject(&subject), forward_subject(&envelope.subject), "{name}");
        let (parent, references) =
            reply_references(envelope.message_id.as_deref(), &headers.references(), &envelope.in_reply_to);
        assert!(references.len() <= 50 && references.iter().all(|id| id.len() < 998), "{name}");
        assert!(parent.is_none() || references.last() == parent.as_ref(), "{name}");
    }
}

#[test]
fn most_letters_of_people_have_somebody_to_answer() {
    let own = ["me@example.org".to_owned()];
    let Some(letters) = corpus().map(messages) else { return };
    let is_answered = |raw: &[u8]| {
        let found = reply_recipients(&whole::parse(raw).headers.envelope(), &own, false);
        !found.to.is_empty()
    };
    let answered = letters.iter().filter(|(_, raw)| is_answered(raw)).count();
    assert!(answered >= letters.len() / 2, "{answered} of {}", letters.len());
}

#[test]
fn every_letter_is_quoted_and_passed_on_as_text() {
    for (name, raw) in letters() {
        let envelope = whole::parse(&raw).headers.envelope();
        let text = quotable(&read(&raw, true).rendered.readable);
        let original = Original {
            from: &envelope.from,
            to: &envelope.to,
            cc: &envelope.cc,
            date: envelope.date.unwrap_or(domain::Timestamp::UNIX_EPOCH),
            subject: &envelope.subject,
            text: &text,
        };
        for answer in [Answer::Reply(&original), Answer::Forward(&original)] {
            let body = body(Own::Markdown("Own words, thank you."), answer, Some("Me"), None);
            assert!(!body.html.contains("<img") && !body.html.contains("<script"), "{name}");
            let flowed = flow(&body.text);
            assert!(flowed.split("\r\n").all(|line| line.len() <= 998), "{name}");
            let lines = plain::lines(&flowed, true, false, &mut Links::new(false)).0;
            assert!(lines.first().is_some_and(|line| line.text == "Own words, thank you."), "{name}");
            if matches!(answer, Answer::Reply(_)) {
                let at = lines.iter().position(|line| line.text.ends_with("wrote:"));
                let below = lines.iter().skip(at.map_or(0, |at| at + 1));
                assert!(
                    at.is_some() && below.into_iter().all(|line| line.quote > 0 || line.is_blank()),
                    "{name}"
                );
            }
            let html = visible_text::convert(&body.html, &mut Links::new(false));
            assert_eq!(html.hidden, 0, "{name}");
        }
    }
}

#[test]
fn html_of_every_letter_is_made_safe() {
    for (name, raw) in letters() {
        let source = String::from_utf8_lossy(&raw);
        if !source.to_lowercase().contains("<html") {
            continue;
        }
        let safe = safe_html(&source);
        let lower = safe.to_lowercase();
        for word in
            ["<script", "<style", "<form", "<iframe", "<meta", "<object", "<svg", " onclick=", "src=\"http"]
        {
            assert!(!lower.contains(word), "{name}: {word}");
        }
        assert_eq!(safe_html(&safe).len(), safe.len(), "{name}");
        let _ = html_to_text(&safe);
    }
}
