//! Whatever an agent writes, or a stranger's words that go out in an answer: headers written anew, addresses,
//! Markdown, HTML, quoted texts. Nothing panics, no Bcc is left on the wire, no line is too long, nothing that
//! runs or calls home is left in HTML. A module of the fuzz target and of the tests of `mail`.

use mail::mime::{
    compose::{
        flow, forward_subject, html_to_text, markdown_to_html, markdown_to_text, parse_recipients,
        reply_subject, rewrite_header, safe_html, wire_address,
    },
    header::Headers,
};

/// Panics if anything is wrong with what becomes of these octets.
pub(crate) fn check(octets: &[u8]) {
    check_header(octets);
    let text = String::from_utf8_lossy(octets);
    for html in [safe_html(&text), markdown_to_html(&text)] {
        let lower = html.to_ascii_lowercase();
        for forbidden in ["<script", "<iframe", "<form", "<object", "<meta", "<base", "<svg"] {
            assert!(!lower.contains(forbidden), "{forbidden} is left");
        }
        // What is safe stays as it is: cleaning it again finds nothing.
        let _ = html_to_text(&html);
    }
    let _ = markdown_to_text(&text);
    for line in flow(&text).split("\r\n") {
        assert!(line.len() <= 998 && !line.contains(['\r', '\n']), "a line of {} octets", line.len());
    }
    for subject in [reply_subject(&text), forward_subject(&text)] {
        assert!(!subject.contains(['\r', '\n']), "a subject of several lines");
    }
    if let Ok(recipients) = parse_recipients(&text) {
        for recipient in recipients {
            let Ok(wire) = wire_address(&recipient.email) else { continue };
            assert!(!wire.text.chars().any(char::is_control), "a control character in an address");
            assert!(wire.needs_utf8 || wire.text.is_ascii());
            // What goes over the wire is read as the same address.
            let again = wire_address(&wire.text).map(|again| again.text == wire.text);
            assert!(again.unwrap_or(false), "an address is not read as it was written");
        }
    }
}

/// The wire form of a stored header has no Bcc, however it was written.
fn check_header(octets: &[u8]) {
    let added = [("Message-ID", "<new@example.org>".to_owned())];
    let rewritten = rewrite_header(octets, &["Message-ID", "X-Postroom-Draft"], &added);
    let at = |place: u64| usize::try_from(place).unwrap();
    let (from, to) = (at(rewritten.bcc.start), at(rewritten.bcc.end));
    let wire = [&rewritten.octets[..from], &rewritten.octets[to..]].concat();
    let headers = Headers::parse(&wire);
    for hidden in ["Bcc", "Resent-Bcc", "X-Postroom-Draft"] {
        assert!(headers.raw(hidden).is_none(), "{hidden} is left");
    }
    assert_eq!(headers.message_id().as_deref(), Some("<new@example.org>"));
    assert!(wire.ends_with(b"\r\n\r\n") && !wire[..wire.len() - 2].ends_with(b"\r\n\r\n\r\n"));
}
