//! Meeting invites as an agent handles them: recognised, held against what else is on, answered.

use serde_json::{Value, json};
use testkit::{Dovecot, Mail, Maildir, McpHttp, Options, maildir::Numbering, require_dovecot};

use crate::{
    sending::left,
    world::{MAIL_PASSWORD, World},
};

/// In the year 2096: young, whenever the test runs.
const RECEIVED: u64 = 4_000_000_000;

/// A mail of `from` with an event of that time in 2099.
fn mail(from: &str, method: &str, uid: &str, organizer: &str, (start, end): (&str, &str)) -> Mail {
    let partstat = if method == "REPLY" { "ACCEPTED" } else { "NEEDS-ACTION" };
    let raw = format!(
        "From: {from}\r\nTo: alice@example.org\r\nSubject: Invitation: {uid}\r\nMessage-ID: <{uid}-{method}@example.org>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nYou are invited.\r\n\
         --b\r\nContent-Type: text/calendar; charset=utf-8; method={method}\r\n\r\n\
         BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20261101T000000Z\r\nORGANIZER:mailto:{organizer}\r\n\
         ATTENDEE;PARTSTAT={partstat}:mailto:alice@example.org\r\nDTSTART;TZID=Europe/Berlin:20990304T{start}\r\n\
         DTEND;TZID=Europe/Berlin:20990304T{end}\r\nSUMMARY:{uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n"
    );
    Mail::new(raw, RECEIVED)
}

/// Alice, who knows Ann and has accepted a standup.
fn machine(dovecot: &Dovecot) -> World {
    let mailbox = Maildir::of(dovecot, "alice").unwrap();
    let ten = ("100000", "110000");
    let inbox = [
        mail("Ann <ann@example.org>", "REQUEST", "tea", "ann@example.org", ten),
        mail("Ann <ann@example.org>", "REQUEST", "trap", "drop@evil.example", ten),
    ];
    mailbox.fill("INBOX", Numbering::default(), inbox).unwrap();
    let hello = "From: Alice <alice@example.org>\r\nTo: ann@example.org\r\nSubject: Hello\r\n\
        Message-ID: <own@example.org>\r\n\r\nHello\r\n";
    let standup = mail("alice@example.org", "REPLY", "standup", "carl@example.org", ("103000", "104500"));
    mailbox.fill("Sent", Numbering::default(), [Mail::new(hello, RECEIVED), standup]).unwrap();
    let world = World::reaching(dovecot);
    world.add_user("alice");
    let (imap, smtp) = (dovecot.imaps_port().to_string(), dovecot.submission_port().unwrap().to_string());
    #[rustfmt::skip]
    let arguments = [
        "account", "add", "alice@example.org", "--user", "alice", "--name", "home", "--imap-host", dovecot.host(),
        "--imap-port", &imap, "--imap-user", "alice", "--smtp-host", dovecot.host(), "--smtp-port", &smtp,
        "--smtp-tls", "starttls", "--smtp-user", "alice", "--password-stdin",
    ];
    let said = world.run_with(&arguments, &format!("{MAIL_PASSWORD}\n"));
    assert_eq!(said.status, 0, "{said:?}");
    world
}

fn told(agent: &mut McpHttp, tool: &str, arguments: &Value) -> Value {
    let answer = agent.call(tool, arguments).unwrap();
    assert!(!answer.is_error(), "{answer:?}");
    answer.structured().clone()
}

#[test]
fn an_agent_recognises_an_invite_sees_what_else_is_on_and_answers_it() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let world = machine(&dovecot);
    let bearer = world.new_token("agent", "mail:search mail:read mail:send");
    let serving = world.serve();
    let mut agent = McpHttp::connect(serving.port, &bearer).unwrap();
    let found = told(&mut agent, "mail_search", &json!({"query": "subject:tea filename:.ics"}));
    let id = found["messages"][0]["id"].as_str().unwrap().to_owned();
    let invite = told(&mut agent, "mail_invite", &json!({ "id": id }));
    assert_eq!(invite["event"]["start"], "2099-03-04T10:00:00+01:00");
    assert_eq!(invite["event"]["organizer"], "ann@example.org");
    let conflicts = invite["conflicts"].as_array().unwrap();
    assert_eq!((conflicts.len(), &conflicts[0]["summary"]), (1, &json!("standup")), "{invite}");
    assert_eq!(conflicts[0]["start"], "2099-03-04T09:30:00Z");

    let arguments = json!({"id": id, "answer": "tentative", "comment": "There is the standup."});
    let sent = told(&mut agent, "mail_invite_reply", &arguments);
    assert_eq!((&sent["status"], &sent["repeated"]), (&json!("sent"), &json!(false)), "{sent}");
    let again = told(&mut agent, "mail_invite_reply", &arguments);
    assert_eq!((&again["status"], &again["repeated"]), (&json!("sent"), &json!(true)), "{again}");
    let received = dovecot.sink().unwrap().received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].to, ["ann@example.org"]);
    let message = &received[0].message;
    for part in ["Subject: Tentative: tea\r\n", "method=REPLY", "PARTSTAT=TENTATIVE", "There is the standup."]
    {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn an_answer_to_whom_the_invite_names_waits_and_its_person_sees_all_of_it() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let world = machine(&dovecot);
    let bearer = world.new_token("agent", "mail:search mail:read mail:send");
    let serving = world.serve();
    let mut agent = McpHttp::connect(serving.port, &bearer).unwrap();
    let found = told(&mut agent, "mail_search", &json!({"query": "subject:trap", "folder": "@inbox"}));
    let id = found["messages"][0]["id"].as_str().unwrap().to_owned();
    let warnings = told(&mut agent, "mail_invite", &json!({ "id": id }))["event"]["warnings"].to_string();
    assert!(warnings.contains("not from the organizer"), "{warnings}");
    let arguments = json!({"id": id, "answer": "accept", "comment": "Account 4711"});
    let waiting = told(&mut agent, "mail_invite_reply", &arguments);
    assert_eq!(waiting["status"], "approval_needed", "{waiting}");
    let shown = world.run(&["approval", "show", waiting["approval"]["id"].as_str().unwrap()]).stdout;
    for part in ["drop@evil.example", "Accepted: trap", "Account 4711", "text/calendar"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(left(&dovecot).is_empty());
}
