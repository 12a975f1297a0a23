//! Mails with calendars in them, as programs write them, and the world they are read in.

use engine::{
    invite::{Answer, InviteReplyRequest, InviteView},
    outgoing::SendOutcome,
};
use testkit::{Mail, maildir::Numbering, smtp_sink::SinkOptions};

use crate::{sending::outbox_world::OutboxWorld, world::NOW};

/// An event of a calendar; the test says what is different.
pub(super) struct Ics {
    pub(super) method: &'static str,
    pub(super) uid: &'static str,
    pub(super) sequence: u32,
    pub(super) organizer: &'static str,
    /// `ADDRESS` or `ADDRESS PARTSTAT`.
    pub(super) attendees: Vec<&'static str>,
    pub(super) start: &'static str,
    pub(super) end: &'static str,
    pub(super) summary: &'static str,
    /// Further lines.
    pub(super) more: &'static str,
}

/// Tea with Bob on Tuesday the 24th at ten o'clock in Berlin.
pub(super) fn tea() -> Ics {
    Ics {
        method: "REQUEST",
        uid: "tea@example.org",
        sequence: 0,
        organizer: "bob@example.org",
        attendees: vec!["alice@example.com"],
        start: ";TZID=Europe/Berlin:20261124T100000",
        end: ";TZID=Europe/Berlin:20261124T110000",
        summary: "Tea",
        more: "",
    }
}

impl Ics {
    fn event(&self) -> String {
        let organizer = match self.organizer {
            "" => String::new(),
            organizer => format!("ORGANIZER:mailto:{organizer}\r\n"),
        };
        let attendee = |attendee: &&str| {
            let (email, partstat) = attendee.split_once(' ').unwrap_or((attendee, "NEEDS-ACTION"));
            format!("ATTENDEE;PARTSTAT={partstat};RSVP=TRUE:mailto:{email}\r\n")
        };
        let attendees: String = self.attendees.iter().map(attendee).collect();
        format!(
            "BEGIN:VEVENT\r\nUID:{}\r\nSEQUENCE:{}\r\nDTSTAMP:202611{:02}T080000Z\r\n{organizer}{attendees}DTSTART{}\r\n\
             DTEND{}\r\nSUMMARY:{}\r\n{}END:VEVENT\r\n",
            self.uid,
            self.sequence,
            10 + self.sequence,
            self.start,
            self.end,
            self.summary,
            self.more
        )
    }

    pub(super) fn text(&self) -> String {
        calendar(self.method, &[self.event()])
    }

    /// As a mail of somebody's, with text and calendar as alternatives.
    pub(super) fn mail(&self, from: &str) -> Mail {
        let about = format!("{} {} {} {from}", self.method, self.uid, self.sequence);
        let id = about.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let raw = format!(
            "From: {from}\r\nTo: alice@example.com\r\nReply-To: elsewhere@example.net\r\nSubject: Invitation: {}\r\n\
             Message-ID: <{id}@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nYou are invited.\r\n\
             --b\r\nContent-Type: text/calendar; charset=utf-8; method={}\r\n\r\n{}--b--\r\n",
            self.summary,
            self.method,
            self.text()
        );
        Mail::new(raw, NOW - 3_600)
    }
}

pub(super) fn calendar(method: &str, events: &[String]) -> String {
    let method = if method.is_empty() { String::new() } else { format!("METHOD:{method}\r\n") };
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\n{method}{}END:VCALENDAR\r\n",
        events.concat()
    )
}

pub(super) fn events(all: &[Ics]) -> String {
    let events: Vec<String> = all.iter().map(Ics::event).collect();
    calendar(all[0].method, &events)
}

/// A mail of Bob's with this calendar as a part of that type.
pub(super) fn with_part(part: &str) -> Mail {
    let raw = format!(
        "From: bob@example.org\r\nTo: alice@example.com\r\nSubject: See\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee.\r\n--b\r\n{part}\r\n--b--\r\n"
    );
    Mail::new(raw, NOW - 3_600)
}

pub(super) async fn world() -> Option<OutboxWorld> {
    OutboxWorld::new(SinkOptions::default()).await
}

/// Fills the inbox and Sent.
pub(super) fn fill(world: &OutboxWorld, inbox: Vec<Mail>, sent: Vec<Mail>) {
    world.maildir.fill("INBOX", Numbering { uid_validity: 17, first_uid: 1 }, inbox).unwrap();
    world.maildir.fill("Sent", Numbering { uid_validity: 18, first_uid: 1 }, sent).unwrap();
}

/// The id of a message of the inbox.
pub(super) fn inbox(uid: u32) -> String {
    format!("work/@inbox:{uid}@h")
}

pub(super) async fn read(world: &OutboxWorld, uid: u32) -> InviteView {
    world.engine.invite(&world.principal, &inbox(uid)).await.unwrap()
}

pub(super) async fn reply(
    world: &OutboxWorld,
    uid: u32,
    answer: Answer,
) -> Result<SendOutcome, domain::Problem> {
    let request = InviteReplyRequest { id: inbox(uid), answer, comment: String::new() };
    world.engine.invite_reply(&world.principal, request).await
}
