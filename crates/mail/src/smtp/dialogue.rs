//! What is said around the data of a message: the lines of the envelope and how their replies are read.
//! The order of it all is [`super::submit`]'s.

use std::{fmt::Write as _, io};

use super::{Capabilities, Envelope, NotSubmitted, RecipientReply, Reply};
use crate::Error;

/// The longest address that is written; the RFC has 254 octets, servers may have more.
const MAX_ADDRESS: usize = 512;

/// The most characters of a server's words that are kept.
const MAX_TEXT: usize = 300;

/// Whether the envelope can be written to a server of these capabilities at all.
pub(super) fn check(envelope: &Envelope, capabilities: &Capabilities) -> Result<(), NotSubmitted> {
    let unsendable = |what| NotSubmitted::Stopped(io::Error::new(io::ErrorKind::InvalidInput, what));
    if envelope.recipients.is_empty() {
        return Err(unsendable("a message without recipients"));
    }
    let addresses = || envelope.recipients.iter().chain([&envelope.from]);
    if envelope.recipients.iter().any(String::is_empty) || !addresses().all(|address| is_writable(address)) {
        return Err(unsendable("an address that cannot be written into a command"));
    }
    if !envelope.needs_utf8 && !addresses().all(|address| address.is_ascii()) {
        return Err(unsendable("an address beyond ASCII that was not announced"));
    }
    if let Some(limit) = capabilities.max_size.filter(|limit| envelope.size > *limit) {
        return Err(NotSubmitted::TooLarge { limit });
    }
    if envelope.needs_utf8 && !capabilities.has_smtp_utf8 {
        return Err(NotSubmitted::NeedsUtf8);
    }
    // Whoever is told SMTPUTF8 takes 8 bits too (RFC 6531 section 3.1 item 8).
    if envelope.is_8bit && !capabilities.has_8bit_mime && !envelope.needs_utf8 {
        return Err(NotSubmitted::Needs8Bit);
    }
    Ok(())
}

/// Nothing in an address may end its path or its line. Within a quoted local part brackets and spaces may
/// stand (RFC 5321 section 4.1.2); a server that reads it otherwise still reads one line.
fn is_writable(address: &str) -> bool {
    let rest = match address.strip_prefix('"') {
        Some(quoted) => match after_quotes(quoted) {
            Some(rest) if rest.starts_with('@') => rest,
            _ => return false,
        },
        None => address,
    };
    address.len() <= MAX_ADDRESS
        && !address.chars().any(char::is_control)
        && !rest.contains(|c: char| matches!(c, '<' | '>' | '"') || c.is_whitespace())
}

/// What follows the quotation mark that ends a quoted string.
fn after_quotes(quoted: &str) -> Option<&str> {
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some(chars.as_str()),
            '\\' => drop(chars.next()?),
            _ => {}
        }
    }
}

/// MAIL with what the server understands, its line end included.
pub(super) fn mail_line(envelope: &Envelope, capabilities: &Capabilities) -> String {
    let mut line = format!("MAIL FROM:<{}>", envelope.from);
    if capabilities.has_size {
        let _ = write!(line, " SIZE={}", envelope.size);
    }
    if (envelope.is_8bit || envelope.needs_utf8) && capabilities.has_8bit_mime {
        line.push_str(" BODY=8BITMIME");
    }
    if envelope.needs_utf8 {
        line.push_str(" SMTPUTF8");
    }
    if envelope.wants_dsn && capabilities.has_dsn {
        line.push_str(" RET=HDRS");
    }
    line.push_str("\r\n");
    line
}

/// RCPT of one recipient, its line end included.
pub(super) fn recipient_line(recipient: &str, wants_dsn: bool) -> String {
    let mut line = format!("RCPT TO:<{recipient}>");
    if wants_dsn {
        line.push_str(" NOTIFY=FAILURE");
        // The type `rfc822` is for ASCII only (RFC 3461 section 4.2).
        if recipient.is_ascii() {
            line.push_str(" ORCPT=rfc822;");
            push_xtext(&mut line, recipient);
        }
    }
    line.push_str("\r\n");
    line
}

/// Text as RFC 3461 section 4 has it in parameters.
fn push_xtext(line: &mut String, text: &str) {
    for byte in text.bytes() {
        if matches!(byte, b'!'..=b'~') && byte != b'+' && byte != b'=' {
            line.push(char::from(byte));
        } else {
            let _ = write!(line, "+{byte:02X}");
        }
    }
}

impl RecipientReply {
    pub(super) fn of(reply: &Reply) -> Self {
        let enhanced = reply.enhanced().map(str::to_owned);
        let words = reply.lines.iter().map(|line| match &enhanced {
            Some(code) => line.strip_prefix(code.as_str()).unwrap_or(line).trim(),
            None => line.trim(),
        });
        let text: String = words.collect::<Vec<_>>().join(" ").chars().take(MAX_TEXT).collect();
        Self {
            accepted: reply.is_positive(),
            is_temporary: reply.code / 100 == 4,
            code: reply.code,
            enhanced,
            text,
        }
    }

    /// Whether it is the message's size that is refused (RFC 1870 section 6.1, RFC 3463 sections 3.3, 3.4).
    pub(super) fn is_of_size(&self) -> bool {
        matches!(self.enhanced.as_deref(), Some("5.3.4" | "5.2.3" | "4.3.4")) || self.code == 552
    }
}

/// A reply of the envelope's part: yes, no, or the end of it all.
pub(super) fn verdict(reply: &Reply) -> Result<RecipientReply, NotSubmitted> {
    match reply.code {
        421 => Err(NotSubmitted::NotSent(Error::Bye(reply.text()))),
        200..=299 | 400..=599 => Ok(RecipientReply::of(reply)),
        _ => Err(NotSubmitted::NotSent(Error::Protocol("an unexpected reply to the envelope"))),
    }
}

/// What a reply means that came before the data was ended.
pub(super) fn interruption(reply: &Reply) -> NotSubmitted {
    match reply.code {
        421 => NotSubmitted::NotSent(Error::Bye(reply.text())),
        400..=599 => NotSubmitted::MessageRefused(RecipientReply::of(reply)),
        _ => NotSubmitted::NotSent(Error::Protocol("a reply before the message was at its end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(from: &str, recipient: &str) -> Envelope {
        Envelope {
            from: from.to_owned(),
            recipients: vec![recipient.to_owned()],
            size: 10,
            is_8bit: false,
            needs_utf8: false,
            wants_dsn: false,
        }
    }

    #[test]
    fn an_address_cannot_break_out_of_its_command() {
        let able = Capabilities::default();
        for bad in [
            "a@x.org>\r\nRCPT TO:<b@x.org",
            "a@x\n",
            "a@x\0",
            "<a@x>",
            "a @x",
            "a@x SIZE=1",
            "\"a<b\">@x",
            "\"a\" SIZE=1@x",
            "\"a@x",
            "\"a\\\"@x> SIZE=1",
            "\"a\"@x\"<",
            "a\"b@x",
            &"a".repeat(600),
        ] {
            for envelope in [envelope(bad, "b@x.org"), envelope("b@x.org", bad)] {
                let refused = check(&envelope, &able);
                assert!(matches!(refused, Err(NotSubmitted::Stopped(_))), "{bad}: {refused:?}");
            }
        }
        assert!(matches!(check(&envelope("a@x", ""), &able), Err(NotSubmitted::Stopped(_))));
        assert!(matches!(check(&envelope("a@x", "ä@x"), &able), Err(NotSubmitted::Stopped(_))));
        for good in ["a@x.org", "\"a b\"@x.org", "\"a<b>\"@x.org", "\"a\\\"> b\"@x.org", "postmaster"] {
            assert!(check(&envelope("", good), &able).is_ok(), "{good}");
        }
    }

    #[test]
    fn parameters_are_said_only_to_who_offers_them() {
        let mut wish = envelope("a@x", "b@x");
        (wish.is_8bit, wish.needs_utf8, wish.wants_dsn) = (true, true, true);
        let able = Capabilities {
            has_size: true,
            has_8bit_mime: true,
            has_smtp_utf8: true,
            has_dsn: true,
            ..Capabilities::default()
        };
        assert_eq!(mail_line(&wish, &able), "MAIL FROM:<a@x> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS\r\n");
        wish.needs_utf8 = false;
        assert_eq!(mail_line(&wish, &Capabilities::default()), "MAIL FROM:<a@x>\r\n");
        assert_eq!(
            recipient_line("a+b=c@x", true),
            "RCPT TO:<a+b=c@x> NOTIFY=FAILURE ORCPT=rfc822;a+2Bb+3Dc@x\r\n"
        );
        assert_eq!(recipient_line("ä@x", true), "RCPT TO:<ä@x> NOTIFY=FAILURE\r\n");
        assert_eq!(recipient_line("b@x", false), "RCPT TO:<b@x>\r\n");
    }

    #[test]
    fn a_reply_is_kept_short_and_its_code_apart() {
        let lines = vec!["5.1.1 no such".to_owned(), "5.1.1 person".to_owned()];
        let reply = RecipientReply::of(&Reply { code: 550, lines });
        assert_eq!((reply.enhanced.as_deref(), reply.text.as_str()), (Some("5.1.1"), "no such person"));
        assert!(!reply.accepted && !reply.is_temporary);
        let long = RecipientReply::of(&Reply { code: 450, lines: vec!["ü".repeat(5_000)] });
        assert!(long.is_temporary && long.text.chars().count() == MAX_TEXT);
    }
}
