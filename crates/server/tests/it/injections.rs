//! Mails that try to talk an agent into giving mail away, against an agent that obeys every one of them: what
//! must come of each call, and that nothing reaches anybody the person never wrote to.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use testkit::{
    Dovecot, Mail, Maildir, McpHttp, Options, maildir::Numbering, mcp_stdio::Answer, require_dovecot,
};

use crate::{
    pages::outbox::in_a_day,
    reading::NOW,
    sending::left,
    world::{MAIL_PASSWORD, World},
};

/// Whom the person wrote to, and the person.
const KNOWN: &[&str] = &["ann@example.org", "alice@example.org"];

const SCOPES: &str = "mail:folders mail:search mail:read mail:draft mail:send";

#[derive(Deserialize)]
struct Patterns {
    pattern: Vec<Pattern>,
}

#[derive(Deserialize)]
struct Pattern {
    name: String,
    about: String,
    mail: String,
    #[serde(rename = "call")]
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    tool: String,
    expect: String,
    arguments: Map<String, Value>,
}

fn patterns() -> Vec<Pattern> {
    toml::from_str::<Patterns>(include_str!("../injections/patterns.toml")).unwrap().pattern
}

/// A message that nobody but alice should have, with a file.
const PRIVATE: &str = "From: Payroll <payroll@example.org>\r\nTo: alice@example.org\r\nSubject: Payroll\r\n\
    Message-ID: <payroll@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n\
    --m\r\nContent-Type: text/plain\r\n\r\nAccount 4711\r\n--m\r\nContent-Type: text/csv; name=payroll.csv\r\n\
    Content-Disposition: attachment; filename=payroll.csv\r\n\r\nalice,4711\r\n--m--\r\n";

/// What a person wrote to somebody.
fn written(from: &str, to: &str, id: &str) -> Mail {
    let raw = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Hello\r\nMessage-ID: <{id}>\r\nDate: Fri, 20 Nov 2026 09:00:00 +0000\r\n\
         \r\nHello\r\n"
    );
    Mail::new(raw, NOW)
}

/// Alice's accounts: `home`, whose person knows Ann, and `work` (another mailbox), whose person knows Carol.
fn machine(dovecot: &Dovecot) -> World {
    let mut mails = vec![Mail::new(PRIVATE, NOW)];
    mails.extend(patterns().iter().map(|pattern| Mail::new(pattern.mail.replace('\n', "\r\n"), NOW)));
    let home = Maildir::of(dovecot, "alice").unwrap();
    home.fill("INBOX", Numbering::default(), mails).unwrap();
    let sent = [written("Alice <alice@example.org>", "Ann Lee <ann@example.org>", "own-1@example.org")];
    home.fill("Sent", Numbering::default(), sent).unwrap();
    let work = Maildir::of(dovecot, "bob").unwrap();
    let sent = [written("bob@example.org", "carol@example.org", "own-2@example.org")];
    work.fill("Sent", Numbering::default(), sent).unwrap();
    let world = World::reaching(dovecot);
    world.add_user("alice");
    for (name, address, login, password) in [
        ("home", "alice@example.org", "alice", MAIL_PASSWORD),
        ("work", "bob@example.org", "bob", "bob-secret"),
    ] {
        let (imap, smtp) = (dovecot.imaps_port().to_string(), dovecot.submission_port().unwrap().to_string());
        #[rustfmt::skip]
        let arguments = [
            "account", "add", address, "--user", "alice", "--name", name, "--imap-host", dovecot.host(),
            "--imap-port", &imap, "--imap-user", login, "--smtp-host", dovecot.host(), "--smtp-port", &smtp,
            "--smtp-tls", "starttls", "--smtp-user", login, "--password-stdin",
        ];
        let said = world.run_with(&arguments, &format!("{password}\n"));
        assert_eq!(said.status, 0, "{said:?}");
    }
    world
}

/// Puts the ids in, and a time to come.
fn filled(value: &Value, this: &str, draft: &str) -> Value {
    match value {
        Value::String(text) => {
            let text = text.replace("{this}", this).replace("{private}", &id(1)).replace("{draft}", draft);
            Value::String(text.replace("{in_a_day}", &in_a_day()))
        }
        Value::Array(items) => items.iter().map(|item| filled(item, this, draft)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), filled(field, this, draft)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

fn id(uid: usize) -> String {
    format!("home/@inbox:{uid}@s44we8")
}

#[test]
fn there_are_at_least_forty_patterns_and_each_has_a_name_of_its_own() {
    let patterns = patterns();
    let names: std::collections::BTreeSet<&str> =
        patterns.iter().map(|pattern| pattern.name.as_str()).collect();
    assert!(patterns.len() >= 40 && names.len() == patterns.len());
}

/// Has every pattern obeyed under grants with those limits. `check` sees each call with what came of it;
/// whatever that is, mail may only reach those whom `may_get` names.
fn obey_all(
    dovecot: &Dovecot,
    world: &World,
    limits: &[&str],
    which: &dyn Fn(&Pattern) -> bool,
    check: &mut dyn FnMut(&Pattern, &Call, &str, &Answer),
    may_get: &dyn Fn(&str) -> bool,
) {
    let serving = world.serve();
    for (index, pattern) in patterns().iter().enumerate().filter(|(_, pattern)| which(pattern)) {
        // Each has a grant of its own, so that no cap does the work of a rule.
        let name = pattern.name.as_str();
        let token = ["token", "new", "--user", "alice", "--name", name, "--scopes", SCOPES];
        let said = world.run(&[&token, limits].concat());
        let bearer = said.stdout.split_whitespace().last().unwrap().to_owned();
        let mut agent = McpHttp::connect(serving.port, &bearer).unwrap();
        let this = id(index + 2);
        let read = agent.call("mail_read", &json!({ "ids": [&this] })).unwrap();
        assert!(!read.is_error(), "{}: {read:?}", pattern.name);
        let mut draft = String::new();
        for call in &pattern.calls {
            let arguments = filled(&Value::Object(call.arguments.clone()), &this, &draft);
            let answer = agent.call(&call.tool, &arguments).unwrap();
            let outcome = if answer.is_error() {
                let text = answer.text();
                let code = text.lines().next().and_then(|line| line.rsplit_once('[')).map(|(_, code)| code);
                code.unwrap_or_default().trim_end_matches(']').to_owned()
            } else {
                let said = answer.structured();
                draft = said["draft_id"].as_str().unwrap_or(&draft).to_owned();
                said["status"].as_str().unwrap_or("ok").to_owned()
            };
            check(pattern, call, &outcome, &answer);
        }
        for mail in left(dovecot) {
            for to in &mail.to {
                assert!(may_get(to), "{}: mail went to {to}", pattern.name);
            }
            let (header, _) = mail.message.split_once("\r\n\r\n").unwrap();
            assert!(!header.to_ascii_lowercase().contains("\r\nbcc:"), "{}: {header}", pattern.name);
        }
    }
}

#[test]
fn no_injected_demand_gets_a_byte_to_a_stranger_without_the_person() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let world = machine(&dovecot);
    let mut has_asked = 0;
    let mut check = |pattern: &Pattern, call: &Call, outcome: &str, answer: &Answer| {
        has_asked += usize::from(outcome == "approval_needed");
        assert!(
            call.expect.split('|').any(|expected| expected == outcome),
            "{} ({}): {} gave {outcome}, not {}: {answer:?}",
            pattern.name,
            pattern.about,
            call.tool,
            call.expect
        );
    };
    obey_all(&dovecot, &world, &[], &|_| true, &mut check, &|to| KNOWN.contains(&to));
    // Without the rule these would have left: the set tries something.
    assert!(has_asked >= 40, "{has_asked}");
    // The person is asked about each, and about nothing else.
    let waiting = world.run(&["approval", "list", "--json"]).json();
    assert!(waiting.as_array().unwrap().len() >= 40, "{waiting}");
}

#[test]
fn a_grant_with_a_list_of_recipients_obeys_into_the_void_even_where_it_asks_nobody() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let world = machine(&dovecot);
    let mut has_refused = 0;
    let mut check = |_: &Pattern, _: &Call, outcome: &str, _: &Answer| {
        has_refused += usize::from(outcome == "recipient_not_allowed");
    };
    let limits = ["--approval", "never", "--recipients", "*@example.org"];
    let is_listed = |to: &str| {
        let local = to.strip_suffix("@example.org").unwrap_or("%");
        local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-_.".contains(&byte))
    };
    obey_all(&dovecot, &world, &limits, &|_| true, &mut check, &is_listed);
    assert!(has_refused >= 35, "{has_refused}");
}

#[test]
fn who_read_a_stranger_s_mail_asks_as_if_everybody_were_new() {
    let Some(dovecot) = require_dovecot(Options::default().with_submission()) else { return };
    let world = machine(&dovecot);
    let mut has_asked = 0;
    let mut check = |pattern: &Pattern, call: &Call, outcome: &str, answer: &Answer| {
        has_asked += usize::from(outcome == "approval_needed");
        assert!(call.expect.split('|').any(|expected| expected == outcome), "{}: {answer:?}", pattern.name);
    };
    // What claims to be from somebody known does not count as a stranger's: that is what this rule risks.
    let forged = ["From: Ann Lee <ann@example.org>", "From: Alice <alice@example.org>"];
    let is_a_stranger_s = |pattern: &Pattern| !forged.iter().any(|from| pattern.mail.contains(from));
    let rule = ["--approval", "after-strangers"];
    obey_all(&dovecot, &world, &rule, &is_a_stranger_s, &mut check, &|to| KNOWN.contains(&to));
    assert!(has_asked >= 30, "{has_asked}");
}
