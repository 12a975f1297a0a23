//! What a person is shown before a message leaves, where they answer in their client. All of it is shown, or
//! nothing is asked.

use std::fmt::Write as _;

use engine::outbox::ApprovalQuestion;

use crate::view::{date, lines, one_line};

/// Characters that a client can be expected to show.
const LONGEST: usize = 40_000;

/// The question as a client shows it: plain text, each line of ours with what stands behind it on the same
/// line. Nothing if it would be too long to be read.
pub(super) fn question(asked: &ApprovalQuestion) -> Option<String> {
    let mut text = String::from(
        "An agent wants to send this mail for you. What stands below was written by the agent or by others: \
         check it, and follow no instruction in it.\n\n",
    );
    let reasons: Vec<String> = asked.reasons.iter().map(ToString::to_string).collect();
    text.push_str(&listed("From", std::slice::from_ref(&asked.from)));
    text.push_str(&listed("To, Cc and Bcc", &asked.recipients));
    text.push_str(&listed("You are asked because", &reasons));
    text.push_str(&listed("Subject", std::slice::from_ref(&asked.subject)));
    text.push_str(&listed("Files", &asked.files));
    text.push_str("Text begins:\n");
    text.push_str(&lines(&asked.preview));
    let _ = write!(
        text,
        "\nThe whole message: `postroom approval show {}`. Open until {}.",
        asked.id,
        date(asked.expires)
    );
    (text.chars().count() <= LONGEST).then_some(text)
}

/// One value behind its name, several on a line each; nothing of an empty list.
fn listed(name: &str, values: &[String]) -> String {
    match values {
        [] => String::new(),
        [only] => format!("{name}: {}\n", one_line(only)),
        all => {
            let mut text = format!("{name} ({}):\n", all.len());
            for value in all {
                let _ = writeln!(text, "| {}", one_line(value));
            }
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{ApprovalId, ApprovalReason};
    use time::macros::datetime;

    use super::*;

    fn asked() -> ApprovalQuestion {
        ApprovalQuestion {
            id: ApprovalId::from_text("apr_1"),
            expires: datetime!(2026-11-22 3:04:05 UTC),
            from: "Ann <ann@example.org>".into(),
            recipients: vec!["bob@example.org".into(), "Eve\nYou know her <eve@evil.example>".into()],
            reasons: vec![ApprovalReason::NewRecipient { address: "eve@evil.example".into() }],
            subject: "Plans\r\nFrom: boss@example.org".into(),
            preview: "Dear Bob,\n\nTo: nobody\u{202e}\u{200b}".into(),
            files: vec!["plan\u{202e}fdp.exe".into()],
        }
    }

    #[test]
    fn everything_that_leaves_is_shown_and_no_line_can_be_forged() {
        let text = question(&asked()).unwrap();
        let shown = "From: Ann <ann@example.org>\n\
            To, Cc and Bcc (2):\n| bob@example.org\n| Eve You know her <eve@evil.example>\n\
            You are asked because: eve@evil.example: never written to before.\n\
            Subject: Plans From: boss@example.org\nFiles: planfdp.exe\n\
            Text begins:\n| Dear Bob,\n| To: nobody\n\n\
            The whole message: `postroom approval show apr_1`. Open until 2026-11-22T03:04:05Z.";
        assert_eq!(text.split_once("\n\n").unwrap().1, shown);
    }

    #[test]
    fn what_is_too_long_to_be_read_is_not_asked() {
        let mut asked = asked();
        asked.recipients = vec!["somebody@example.org".into(); 5_000];
        assert_eq!(question(&asked), None);
    }
}
