//! The mail by which a person is told that something waits for them: from and to their own account, straight to
//! its submission server. It is no message of an agent: it stands in no outbox and makes nobody known.
//!
//! Whoever reads this mailbox reads it, the agent too: it says how many wait and where to look, and nothing of
//! what waits. Who is told, and how often, is `access`'s.

use domain::{AccountName, Address, Code, Principal, Problem, Timestamp};
use mail::{
    mime::{
        compose::{Letter, Segment, base32, lay_out, wire_address},
        invisible,
    },
    octets::Whole,
    smtp::{self, Envelope, NotSubmitted},
};
use tokio::time::{Instant, timeout};

use crate::{Account, Engine, outbox::no_submission};

/// How many agents are named.
const NAMED: usize = 3;

/// Characters of an agent's name.
const LONGEST_NAME: usize = 60;

/// What a person is told.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// How many messages wait.
    pub waiting: usize,
    /// The names of the agents that they are of, which are not ours.
    pub agents: &'a [String],
    /// When the first of them is over.
    pub until: Timestamp,
}

/// Why a person was not told.
#[derive(Debug)]
pub enum NotTold {
    /// Nothing was sent: it may be tried from another account.
    NotSent(Problem),
    /// The server may have taken it.
    Unknown(Problem),
}

impl NotTold {
    /// What happened.
    pub fn problem(&self) -> &Problem {
        match self {
            Self::NotSent(problem) | Self::Unknown(problem) => problem,
        }
    }
}

impl Engine {
    /// Tells the person, by a mail from one of their accounts to itself.
    pub async fn tell(
        &self,
        person: &Principal,
        account: &AccountName,
        told: Told<'_>,
    ) -> Result<(), NotTold> {
        let account = self.account(person, Some(account.as_str())).await.map_err(NotTold::NotSent)?;
        let (envelope, octets) = self.telling_mail(&account, told).map_err(NotTold::NotSent)?;
        self.submit_telling(&account, &envelope, octets).await
    }

    /// The mail, and what goes around it.
    fn telling_mail(&self, account: &Account, told: Told<'_>) -> Result<(Envelope, Vec<u8>), Problem> {
        let Some(pages) = self.0.settings.pages.as_deref() else {
            return Err(Problem::new(Code::NotSupported, "There are no pages to look at what waits."));
        };
        let wire = wire_address(&account.address).map_err(|error| error.problem())?;
        let domain = wire.text.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let address = |name: &str| Address { name: name.to_owned(), email: account.address.clone() };
        let letter = Letter {
            from: address("Postroom"),
            to: vec![address("")],
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: Vec::new(),
            subject: subject(told.waiting),
            date: self.now(),
            message_id: format!("<postroom-{}@{domain}>", base32(&self.random_id())),
            in_reply_to: None,
            references: Vec::new(),
            // RFC 3834, 5: nobody's program answers it
            extra: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
            text: text(told, pages),
            html: None,
            calendar: None,
            inline: Vec::new(),
            files: Vec::new(),
        };
        let layout = lay_out(&letter, self.random_id()).map_err(|error| error.problem())?;
        let mut octets = Vec::new();
        for segment in layout.segments {
            if let Segment::Octets(piece) = segment {
                octets.extend_from_slice(&piece);
            }
        }
        let envelope = Envelope {
            from: wire.text.clone(),
            recipients: vec![wire.text],
            size: octets.len() as u64,
            is_8bit: layout.is_8bit,
            needs_utf8: layout.needs_utf8,
            wants_dsn: false,
        };
        Ok((envelope, octets))
    }

    /// Signs in and hands it over.
    async fn submit_telling(
        &self,
        account: &Account,
        envelope: &Envelope,
        octets: Vec<u8>,
    ) -> Result<(), NotTold> {
        let name = account.name.as_str();
        let bounds = &self.0.bounds.sending;
        let Some(submission) = account.submission.clone() else {
            return Err(NotTold::NotSent(no_submission(account)));
        };
        let signed_in = self.sign_in_to_submit(&submission, Instant::now() + bounds.patience).await;
        let mut signed_in = signed_in.map_err(|error| NotTold::NotSent(error.problem(name)))?;
        let mut octets = Whole::new(octets);
        let submitting = smtp::submit(&mut signed_in, envelope, &mut octets, std::future::ready(Ok(())));
        let submitted = timeout(bounds.patience, submitting).await;
        let submitted =
            submitted.unwrap_or_else(|_| Err(NotSubmitted::Unknown(mail::Error::Timeout("the message"))));
        match submitted {
            Ok(_) => {
                // taking leave is a courtesy that nobody waits for
                tokio::spawn(timeout(bounds.patience, signed_in.quit()));
                Ok(())
            }
            Err(failure @ NotSubmitted::Unknown(_)) => Err(NotTold::Unknown(failure.problem(name))),
            Err(failure) => Err(NotTold::NotSent(failure.problem(name))),
        }
    }
}

fn subject(waiting: usize) -> String {
    match waiting {
        1 => "A message waits for your approval".to_owned(),
        many => format!("{many} messages wait for your approval"),
    }
}

/// The text: our own words, but for the names of agents.
fn text(told: Told<'_>, pages: &str) -> String {
    let agents = named(told.agents);
    let (waits, it) = match told.waiting {
        1 => (format!("{agents} wants to send a message for you. It waits for your approval."), "it"),
        many => {
            let want = if told.agents.len() > 1 { "want" } else { "wants" };
            (format!("{agents} {want} to send {many} messages for you. They wait for your approval."), "them")
        }
    };
    let first = if told.waiting == 1 { "It is" } else { "The first of them is" };
    let until = moment(told.until);
    format!(
        "{waits}\n\nLook at {it} and decide here:\n{pages}/approvals\n\nNothing is sent before you say yes. {first} \
         given up at {until} if you say nothing.\n\nYou did not expect this? Approve nothing, and pause or end the \
         agent here:\n{pages}/agents\n\n\
         Your Postroom server wrote this, at most once in a quarter of an hour. Such mails are switched off here:\n\
         {pages}/settings\n"
    )
}

/// A point in time in UTC, as a person reads it.
fn moment(at: Timestamp) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{:02}:{:02} UTC on {} {} {}", at.hour(), at.minute(), at.day(), at.month(), at.year())
}

/// The agents by their names, each in quotes.
fn named(agents: &[String]) -> String {
    let names: Vec<String> = agents.iter().take(NAMED).map(|agent| name(agent)).collect();
    match (names.as_slice(), agents.len() - names.len()) {
        ([], _) => "An agent".to_owned(),
        ([only], _) => only.clone(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
        (all, more) => format!("{} and {more} more", all.join(", ")),
    }
}

/// An agent's name: one line, nothing invisible, nothing that a mail program makes a link of.
fn name(agent: &str) -> String {
    let (visible, _) = invisible::clean(agent);
    let is_kept =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '(' | ')' | '\'' | '+' | '&');
    let plain: String = visible.chars().map(|c| if is_kept(c) { c } else { ' ' }).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(LONGEST_NAME).collect();
    if short.is_empty() { "An agent".to_owned() } else { format!("\u{201c}{}\u{201d}", short.trim_end()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const UNTIL: Timestamp = datetime!(2026-11-22 3:04:05 UTC);

    fn names(agents: &[&str]) -> Vec<String> {
        agents.iter().map(|agent| (*agent).to_owned()).collect()
    }

    #[test]
    fn one_message_is_told_in_few_lines() {
        let agents = names(&["Claude"]);
        let told = Told { waiting: 1, agents: &agents, until: UNTIL };
        assert_eq!(subject(1), "A message waits for your approval");
        assert_eq!(
            text(told, "https://mail.example.org"),
            "\u{201c}Claude\u{201d} wants to send a message for you. It waits for your approval.\n\n\
             Look at it and decide here:\nhttps://mail.example.org/approvals\n\n\
             Nothing is sent before you say yes. It is given up at 03:04 UTC on 22 November 2026 if you say nothing.\n\n\
             You did not expect this? Approve nothing, and pause or end the agent here:\nhttps://mail.example.org/agents\n\n\
             Your Postroom server wrote this, at most once in a quarter of an hour. Such mails are switched off here:\n\
             https://mail.example.org/settings\n"
        );
    }

    #[test]
    fn several_are_counted_and_their_agents_named() {
        let agents = names(&["Claude", "Cursor"]);
        let told = text(Told { waiting: 5, agents: &agents, until: UNTIL }, "https://mail.example.org");
        assert!(
            told.starts_with(
                "\u{201c}Claude\u{201d} and \u{201c}Cursor\u{201d} want to send 5 messages for you."
            ),
            "{told}"
        );
        assert!(told.contains("The first of them is given up at"), "{told}");
        assert_eq!(subject(5), "5 messages wait for your approval");
        let five = names(&["A", "B", "C", "D", "E"]);
        assert_eq!(named(&five), "\u{201c}A\u{201d}, \u{201c}B\u{201d}, \u{201c}C\u{201d} and 2 more");
        assert_eq!(named(&[]), "An agent");
    }

    #[test]
    fn a_name_is_no_link_and_no_line_of_ours() {
        for (given, shown) in [
            ("Claude", "\u{201c}Claude\u{201d}"),
            ("claude.ai", "\u{201c}claude ai\u{201d}"),
            (
                "Bank\r\n\r\nSign in: https://evil.example/login",
                "\u{201c}Bank Sign in https evil example login\u{201d}",
            ),
            ("x\u{202e}y\u{200b}z", "\u{201c}xyz\u{201d}"),
            ("me@evil.example", "\u{201c}me evil example\u{201d}"),
            ("<b>\u{201d}", "\u{201c}b\u{201d}"),
            ("\u{200b}", "An agent"),
        ] {
            assert_eq!(name(given), shown, "{given:?}");
        }
        assert_eq!(name(&"a".repeat(500)).chars().count(), LONGEST_NAME + 2);
    }

    proptest! {
        #[test]
        fn no_name_adds_a_line_or_a_link(agent in any::<String>()) {
            let agents = [agent];
            let told = text(Told { waiting: 1, agents: &agents, until: UNTIL }, "https://mail.example.org");
            prop_assert_eq!(told.lines().count(), 12, "{}", told);
            prop_assert_eq!(told.matches("://").count(), 3, "{}", told);
        }
    }
}
