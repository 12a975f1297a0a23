//! What a card says of a mailbox that was in touch with its server before.

use domain::Code;

use super::*;

/// The list with one mailbox whose last trial ended so.
fn list_after(state: &str, hint: &str) -> String {
    let (state, tone) = state_in_words(state);
    let card = Card {
        name: "office".to_owned(),
        path: "/accounts/office".to_owned(),
        address: "ann@example.org".to_owned(),
        reads_from: "imap.example.org".to_owned(),
        sends_through: None,
        is_default: true,
        state,
        tone: if tone == Tone::Warn { "neutral" } else { tone.class() },
        hint: hint.to_owned(),
        trial: Vec::new(),
    };
    Page { frame: Frame::outside(), cards: vec![card] }.render().unwrap()
}

#[test]
fn a_card_names_the_trouble_of_the_last_trial_and_what_to_do_about_it() {
    for (code, words) in [
        (Code::AccountAuthFailed, "Sign-in refused"),
        (Code::AccountUnreachable, "Cannot be reached"),
        (Code::TlsFailed, "Not secure"),
        (Code::Timeout, "No answer"),
        (Code::ServerRefused, "Trouble"),
    ] {
        let page = list_after(code.as_str(), "Choose `STARTTLS`, <b>not</b> TLS.");
        let badge = format!("<span id=\"state-office\" class=\"badge bad\">{words}</span>");
        assert!(page.contains(&badge), "{code}: {page}");
        let hint =
            "<p class=\"notice warn\">Choose <code>STARTTLS</code>, &#60;b&#62;not&#60;/b&#62; TLS.</p>";
        assert!(page.contains(hint), "{code}: {page}");
    }
}

#[test]
fn a_mailbox_that_works_or_was_not_tried_yet_has_nothing_to_be_done() {
    for (state, words, tone) in [("ok", "Works", "ok"), ("unknown", "Not checked yet", "neutral")] {
        let page = list_after(state, "");
        assert!(page.contains(&format!("class=\"badge {tone}\">{words}</span>")), "{state}: {page}");
        assert!(!page.contains("class=\"notice warn\""), "{state}: {page}");
    }
}
