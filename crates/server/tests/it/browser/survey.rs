//! Every page, as people meet it: what axe and Lighthouse say, what the keyboard reaches, what it weighs, and
//! whether anything goes wrong in the browser. With `SHOTS=folder` pictures of all of them are left there,
//! and Lighthouse judges all of them, not only some.

use serde_json::{Value, json};
use testkit::{
    Dovecot, McpHttp,
    mcp_http::request,
    require_browser,
    smtp_sink::{Act, Fault, Stage},
};

use super::world::Pages;
use crate::{
    approvals::waiting,
    pages::outbox::{Outbox, in_a_day},
    reading::sample_dovecot,
    routes::surfer::Surfer,
    world::{PASSWORD, READING},
};

/// Octets over the wire until a page is there, with everything it needs.
const HEAVIEST: u64 = 60_000;

/// Lighthouse's points out of a hundred. Its performance means nothing in a build for tests.
const POINTS: u64 = 95;

/// A page to look at.
struct Look {
    name: &'static str,
    path: String,
    status: u64,
    is_signed_out: bool,
    /// The words on what the page is for, which the keyboard must reach.
    main: &'static str,
    /// Whether Lighthouse judges it in every run, and not only in a thorough one.
    is_judged: bool,
}

impl Look {
    fn at(name: &'static str, path: &str, main: &'static str) -> Self {
        Self { name, path: path.to_owned(), status: 200, is_signed_out: false, main, is_judged: false }
    }

    fn signed_out(self) -> Self {
        Self { is_signed_out: true, ..self }
    }

    fn judged(self) -> Self {
        Self { is_judged: true, ..self }
    }

    fn answering(self, status: u64) -> Self {
        Self { status, ..self }
    }
}

#[test]
fn pages_of_strangers_are_sound() {
    let Some((_dovecot, pages)) = with_mailbox() else { return };
    let code = pages.world.run(&["user", "invite"]).stdout;
    let invite = code.split_whitespace().find_map(|word| word.split_once("/invite/")).unwrap().1;
    assert_sound(
        &pages,
        &[
            Look::at("login", "/login", "sign in").signed_out().judged(),
            Look::at("invite", &format!("/invite/{invite}"), "button").signed_out(),
            Look::at("invite-gone", "/invite/unknown", "").signed_out().answering(404),
            Look::at("setup-done", "/setup", "").signed_out(),
            Look::at("unknown-client", "/oauth/authorize?client_id=x", "").signed_out().answering(400),
        ],
    );
}

#[test]
fn the_page_to_set_up_is_sound() {
    let Some(browser) = require_browser() else { return };
    let world = crate::world::World::new();
    let serving = world.serve();
    let link = serving.announcement.split_whitespace().find_map(|word| word.split_once("/setup?")).unwrap();
    let link = format!("/setup?{}", link.1);
    let pages = Pages { world, serving, browser };
    assert_sound(
        &pages,
        &[
            Look::at("setup", &link, "button").signed_out().judged(),
            Look::at("setup-without-code", "/setup", "").signed_out(),
            Look::at("login-nobody", "/login", "").signed_out(),
        ],
    );
}

#[test]
fn pages_of_somebody_who_has_nothing_yet_are_sound() {
    let Some(browser) = require_browser() else { return };
    let world = crate::world::World::new();
    world.add_user("alice");
    let serving = world.serve();
    let pages = Pages { world, serving, browser };
    let consent = authorize(&pages);
    assert_sound(
        &pages,
        &[
            Look::at("home-empty", "/", "add"),
            Look::at("approvals-empty", "/approvals", "agents"),
            Look::at("accounts-empty", "/accounts", "add"),
            Look::at("account-new", "/accounts/new", "password").judged(),
            Look::at("agents-empty", "/agents", "connect"),
            Look::at("activity-empty", "/activity?text=nothing", "select who"),
            Look::at("consent-empty", &consent, "add a mailbox"),
            Look::at("privacy-delete", "/settings/data/delete", "keep everything"),
        ],
    );
}

#[test]
fn pages_of_somebody_with_mail_and_agents_are_sound() {
    let Some((_dovecot, pages)) = with_mailbox() else { return };
    busy(&pages, &pages.world.new_token("Reading agent", READING));
    let sorting = [READING, "mail:modify"].join(" ");
    busy(&pages, &pages.world.new_token("Sorting agent", &sorting));
    let alice = Surfer::signed_in(pages.serving.port, "alice", PASSWORD);
    let listed = alice.get("/agents").body;
    let agent = listed.split("href=\"/agents/").nth(1).unwrap().split('"').next().unwrap();
    let consent = authorize(&pages);
    pages.world.add_user("bob");
    let approval = waiting(&pages.world, 1, WAITING);
    assert_sound(
        &pages,
        &[
            Look::at("home", "/", ""),
            Look::at("approvals", "/approvals", "look at it"),
            Look::at("approval", &format!("/approvals/{approval}"), "don’t send").judged(),
            Look::at("accounts", "/accounts", "add"),
            Look::at("account", "/accounts/home", "save"),
            Look::at("consent", &consent, "^button allow").judged(),
            Look::at("agents", "/agents", "reading agent"),
            Look::at("agent", &format!("/agents/{agent}"), "save"),
            Look::at("activity", "/activity", "check the chain").judged(),
            Look::at("activity-month", "/activity?span=month", "check the chain"),
            Look::at("activity-found", "/activity?outcome=failed", "select who"),
            Look::at("activity-delete", "/activity/delete", "older ones"),
            Look::at("connect", "/connect", "copy").judged(),
            Look::at("settings", "/settings", "password"),
            Look::at("codes", "/settings/codes", "set up"),
            Look::at("passkeys", "/settings/passkeys", "add a passkey").judged(),
            Look::at("admin", "/admin", "invite"),
            Look::at("admin-person", "/admin/people/bob", "delete"),
            Look::at("admin-storage", "/admin/storage", ""),
            Look::at("admin-health", "/admin/health", ""),
            Look::at("privacy", "/settings/data", "save"),
        ],
    );
}

/// A message with everything that the page of one shows.
const WAITING: &str = "From: Alice <alice@example.org>\r\nTo: Bob <bob@example.net>, carla@example.net\r\n\
    Cc: eve@example.net, nobody@example.net\r\nReply-To: other@example.org\r\nSubject: Plans for May\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
    --c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDear Bob,\r\n\r\nhere they are.\r\n\
    --c\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Dear Bob,</p><p>here are <b>other words</b>, \
    <a href=\"https://example.net/plans?a=1\">the plans</a>.</p><img src=\"https://example.net/a.png\" alt=\"A plan\">\
    <table border=1><tr><td>One</td><td style=\"background-color:#dde\">Two</td></tr></table>\r\n--c--\r\n\
    --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"The plan.pdf\"\r\n\r\nxyz\r\n--b--\r\n";
#[test]
fn the_outbox_is_sound() {
    let Some(browser) = require_browser() else { return };
    let Some(outbox) = Outbox::failing(Fault::new(Stage::End, Act::Close).once()) else { return };
    outbox.send("What may have left, with a subject that is longer than a line on a telephone", &json!({}));
    outbox.sink.now_fails(Fault::say(Stage::Mail, "554 5.7.1 Your plan does not include strangers"));
    outbox.send("What was refused", &json!({}));
    outbox.sink.now_fails(Fault::refuse("eve@example.org", "550 5.1.1 no such mailbox here"));
    outbox.send("What some got", &json!({ "to": ["bob@example.org", "eve@example.org"] }));
    outbox.send("What all got", &json!({}));
    outbox.send("What leaves tomorrow", &json!({ "send_at": in_a_day() }));
    let listed = outbox.alice().get("/outbox").body;
    let page = |subject: &str| {
        let before = listed.split(&format!("\">{subject}")).next().unwrap();
        before.rsplit("href=\"").next().unwrap().to_owned()
    };
    let looks = [
        Look::at("outbox", "/outbox", "see what to do").judged(),
        Look::at("outbox-unknown", &page("What may have left"), "look in sent"),
        Look::at("outbox-failed", &page("What was refused"), "send it again"),
        Look::at("outbox-partly", &page("What some got"), ""),
        Look::at("outbox-scheduled", &page("What leaves tomorrow"), "take it back"),
        Look::at("outbox-none", "/outbox?pile=over&before=0-out_00000000000000000000000000000000", "outbox"),
    ];
    let Outbox { world, serving, sink: _sink, dovecot: _dovecot, .. } = outbox;
    assert_sound(&Pages { world, serving, browser }, &looks);
}

/// Has an agent do this and that, more than fits on a page.
fn busy(pages: &Pages, token: &str) {
    let mut agent = McpHttp::connect(pages.serving.port, token).unwrap();
    let found = agent.call("mail_search", &json!({ "limit": 50 })).unwrap().structured().clone();
    let ids: Vec<_> = found["messages"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    for number in 0..25 {
        agent
            .call("mail_read", &json!({ "ids": ids.iter().take(number % 10 + 1).collect::<Vec<_>>() }))
            .unwrap();
    }
    agent.call("mail_search", &json!({ "query": "unknown:word" })).unwrap();
    // refused where it may not
    let _ =
        agent.call("mail_organize", &json!({ "ids": ids.iter().take(3).collect::<Vec<_>>(), "do": "star" }));
}

fn with_mailbox() -> Option<(Dovecot, Pages)> {
    let browser = require_browser()?;
    let dovecot = sample_dovecot()?;
    let pages = Pages::with_mailbox(&dovecot, browser);
    Some((dovecot, pages))
}

/// Registers a client, and answers where it sends the person.
fn authorize(pages: &Pages) -> String {
    let metadata = json!({
        "client_name": "A mail assistant",
        "redirect_uris": ["https://assistant.example.org/callback"],
        "token_endpoint_auth_method": "none",
    });
    let headers = [("Content-Type", "application/json")];
    let answer =
        request(pages.serving.port, "POST", "/oauth/register", &headers, &metadata.to_string()).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    let client: Value = serde_json::from_str(&answer.body).unwrap();
    let id = client["client_id"].as_str().unwrap();
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    format!(
        "/oauth/authorize?response_type=code&client_id={id}&state=s&code_challenge={challenge}\
        &code_challenge_method=S256&redirect_uri=https%3A%2F%2Fassistant.example.org%2Fcallback"
    )
}

/// Looks at the pages in a browser in which alice is signed in where a page wants that, and judges what was found.
#[track_caller]
fn assert_sound(pages: &Pages, looks: &[Look]) {
    let listed: Vec<Value> = looks
        .iter()
        .map(|look| {
            json!({ "name": look.name, "path": look.path, "is_signed_out": look.is_signed_out, "main": look.main })
        })
        .collect();
    let mut wanted = json!({ "origin": pages.origin(), "pages": listed, "shots": shots() });
    let is_thorough = shots().is_some();
    if looks.iter().any(|look| !look.is_signed_out) {
        wanted["user"] = json!("alice");
        wanted["password"] = json!(PASSWORD);
    }
    let findings = pages.browser.run("survey", &wanted).unwrap_or_else(|error| panic!("{error}"));
    let mut faults = Vec::new();
    for (look, found) in looks.iter().zip(findings.as_array().unwrap()) {
        faults.extend(faults_of(look, found).into_iter().map(|fault| format!("{}: {fault}", look.name)));
    }
    let judged =
        listed.iter().zip(looks).filter(|(_, look)| look.is_judged || (is_thorough && look.status == 200));
    wanted["pages"] = judged.map(|(page, _)| page.clone()).collect();
    wanted["categories"] = json!(["accessibility", "best-practices"]);
    let judged = pages.browser.run("lighthouse", &wanted).unwrap_or_else(|error| panic!("{error}"));
    for found in judged.as_array().unwrap() {
        let scores = found["scores"].as_object().unwrap();
        if scores.values().any(|score| score.as_u64().is_none_or(|score| score < POINTS)) {
            faults.push(format!("{found}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn faults_of(look: &Look, found: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if found["status"] != look.status {
        faults.push(format!("answers {}", found["status"]));
    }
    if found["bytes"].as_u64().is_none_or(|bytes| bytes > HEAVIEST) {
        faults.push(format!("weighs {} octets", found["bytes"]));
    }
    if found["headings"].as_array().is_none_or(|headings| headings.len() != 1) {
        faults.push(format!("has the headings {}", found["headings"]));
    }
    if !found["title"].as_str().is_some_and(|title| title.contains("Postroom")) {
        faults.push(format!("is titled {}", found["title"]));
    }
    if !look.main.is_empty() && found["keyboard"]["main"].is_null() {
        faults
            .push(format!("`{}` is out of the keyboard's reach: {}", look.main, found["keyboard"]["stops"]));
    }
    let lists = [
        &found["violations"],
        &found["wide"],
        &found["small"],
        &found["faults"],
        &found["keyboard"]["unseen"],
    ];
    for list in lists {
        faults.extend(list.as_array().into_iter().flatten().map(ToString::to_string));
    }
    faults
}

#[expect(
    clippy::disallowed_methods,
    reason = "a wish of whoever runs the test, not a setting of the product"
)]
pub(super) fn shots() -> Option<String> {
    std::env::var("SHOTS").ok()
}
