//! The outbox on its pages: cut off after the last octets, looked for, sent again; taken back; of somebody else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{
    Dovecot, McpHttp, Options, SmtpSink,
    mcp_http::Response,
    require_dovecot,
    smtp_sink::{Act, Fault, SinkOptions, Stage},
};

use crate::{
    routes::surfer::Surfer,
    world::{MAIL_PASSWORD, PASSWORD, Serving, World},
};

/// A server with alice's mailbox, whose mail goes to a sink that fails as wanted, and an agent that may send.
pub(crate) struct Outbox {
    pub(crate) sink: SmtpSink,
    pub(crate) world: World,
    pub(crate) serving: Serving,
    pub(crate) bearer: String,
    pub(crate) dovecot: Dovecot,
}

impl Outbox {
    pub(crate) fn failing(fault: Fault) -> Option<Self> {
        let dovecot = require_dovecot(Options::default())?;
        let sink = SinkOptions::default().person("alice", MAIL_PASSWORD).fault(fault);
        let sink = SmtpSink::with(sink).unwrap();
        let world = World::reaching(&dovecot);
        world.add_user("alice");
        world.add_user("bob");
        let (imap, smtp) = (dovecot.imaps_port().to_string(), sink.port().to_string());
        let host = dovecot.host();
        let arguments = [
            &["account", "add", "alice@example.org", "--user", "alice", "--name", "home"][..],
            &["--imap-host", host, "--imap-port", &imap, "--imap-user", "alice"],
            &["--smtp-host", "127.0.0.1", "--smtp-port", &smtp, "--smtp-tls", "none"],
            &["--smtp-user", "alice", "--password-stdin"],
        ];
        let said = world.run_with(&arguments.concat(), &format!("{MAIL_PASSWORD}\n"));
        assert_eq!(said.status, 0, "{said:?}");
        let scopes = "mail:folders mail:search mail:read mail:draft mail:send";
        let arguments = ["token", "new", "--user", "alice", "--name", "Letter writer", "--scopes", scopes];
        let said = world.run(&[&arguments[..], &["--approval", "never"]].concat());
        assert_eq!(said.status, 0, "{said:?}");
        let bearer = said.stdout.split_whitespace().last().unwrap().to_owned();
        let serving = world.serve();
        Some(Self { sink, world, serving, bearer, dovecot })
    }

    /// Has the agent send, and answers what it is told.
    pub(crate) fn send(&self, subject: &str, more: &Value) -> Value {
        let mut letter =
            json!({ "to": ["bob@example.org"], "subject": subject, "body": "Dear Bob,\n\nsee below." });
        letter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut agent = McpHttp::connect(self.serving.port, &self.bearer).unwrap();
        agent.call("mail_send", &letter).unwrap().structured().clone()
    }

    pub(crate) fn alice(&self) -> Surfer {
        Surfer::signed_in(self.serving.port, "alice", PASSWORD)
    }

    /// Messages whose end arrived.
    pub(crate) fn ended(&self) -> usize {
        self.sink.transactions().iter().filter(|one| one.is_ended).count()
    }
}

/// The first message that the page names.
pub(super) fn first(alice: &Surfer) -> String {
    let page = alice.get("/outbox").body;
    let path = page.split("href=\"/outbox/").nth(1).unwrap_or_else(|| panic!("{page}"));
    format!("/outbox/{}", path.split('"').next().unwrap())
}

pub(super) fn posted(surfer: &Surfer, page: &str, action: &str, fields: &[(&str, &str)]) -> Response {
    let csrf = surfer.csrf("/settings");
    let fields: Vec<_> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
    surfer.post(&format!("{page}/{action}"), &fields)
}

#[test]
fn what_may_have_left_is_looked_for_and_sent_again_once_for_two_clicks() {
    let cut = Fault::new(Stage::End, Act::Close).once();
    let Some(outbox) = Outbox::failing(cut) else { return };
    assert_eq!(outbox.send("Plans", &json!({}))["status"], "unknown");
    let alice = outbox.alice();
    let page = first(&alice);
    let shown = alice.get(&page).body;
    for words in ["perhaps sent", "Look in Sent", "may get it twice", "Letter writer", "bob@example.org"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let looked = posted(&alice, &page, "look", &[]);
    assert_eq!(looked.header("location"), format!("{page}?done=outbox-absent"));
    assert!(alice.get(&page).body.contains("It is not in your Sent folder"));
    // a form that was made before, or bent
    for begun in ["0", "2", "", "-1", "x"] {
        let late = posted(&alice, &page, "again", &[("begun", begun)]);
        assert_eq!(late.header("location"), format!("{page}?done=outbox-moved"), "{begun}");
    }
    let revoked = outbox.world.run(&["token", "revoke", "Letter writer", "--user", "alice"]);
    assert_eq!(revoked.status, 0, "{revoked:?}");
    assert!(alice.get(&page).body.contains("no longer has access"));
    let tabs = [outbox.alice(), outbox.alice()];
    std::thread::scope(|clicks| {
        let page = &page;
        for tab in tabs {
            clicks.spawn(move || posted(&tab, page, "again", &[("begun", "1")]));
        }
    });
    let deadline = Instant::now() + Duration::from_secs(20);
    while !alice.get(&page).body.contains("took it for everybody") {
        assert!(Instant::now() < deadline, "{}", alice.get(&page).body);
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(outbox.ended(), 2, "once more");
    let again = posted(&alice, &page, "again", &[("begun", "2")]);
    assert_eq!(again.header("location"), format!("{page}?done=outbox-moved"), "it was sent");
    assert_eq!(posted(&alice, &page, "forget", &[]).header("location"), "/outbox?done=outbox-forgotten");
    assert_eq!(alice.get(&page).status, 404);
    assert!(!outbox.serving.log().contains("bob@example.org") && !outbox.serving.log().contains("Plans"));
}

#[test]
fn what_is_scheduled_is_taken_back_by_its_person_alone() {
    let Some(outbox) = Outbox::failing(Fault::say(Stage::Reset, "250 ok")) else { return };
    let told = outbox.send("Plans", &json!({ "send_at": in_a_day() }));
    assert_eq!(told["status"], "scheduled", "{told}");
    let alice = outbox.alice();
    let page = first(&alice);
    let bob = Surfer::signed_in(outbox.serving.port, "bob", PASSWORD);
    assert!(bob.get("/outbox").body.contains("Nothing is on its way"));
    assert_eq!(bob.get(&page).status, 404);
    for action in ["cancel", "now", "look", "sent", "again", "copy", "forget"] {
        assert_eq!(posted(&bob, &page, action, &[("begun", "0")]).status, 404, "{action}");
        assert_eq!(alice.post(&format!("{page}/{action}"), &[]).status, 403, "{action}: no token");
    }
    let cancelled = posted(&alice, &page, "cancel", &[]);
    assert_eq!(cancelled.header("location"), format!("{page}?done=outbox-cancelled"));
    assert!(alice.get(&page).body.contains("taken back"));
    let late = posted(&alice, &page, "cancel", &[]);
    assert_eq!(late.header("location"), format!("{page}?done=outbox-moved"));
    assert!(outbox.sink.transactions().is_empty());
    for odd in ["/outbox/x", "/outbox/out_%00", "/outbox?pile=over&before=1-x", "/outbox?pile=nothing"] {
        assert!([200, 404].contains(&alice.get(odd).status), "{odd}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the server has the machine's clock")]
pub(crate) fn in_a_day() -> String {
    let at = time::OffsetDateTime::now_utc() + time::Duration::days(1);
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}
