//! Every page, as people meet it: what axe and Lighthouse say, what the keyboard reaches, what it weighs, and
//! whether anything goes wrong in the browser. With `SHOTS=folder` pictures of all of them are left there,
//! and Lighthouse judges all of them, not only some.

use serde_json::{Value, json};
use testkit::{Dovecot, McpHttp, mcp_http::request, require_browser};

use super::world::Pages;
use crate::{
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
            Look::at("accounts-empty", "/accounts", "add"),
            Look::at("account-new", "/accounts/new", "password").judged(),
            Look::at("agents-empty", "/agents", "connect"),
            Look::at("activity-empty", "/activity?text=nothing", "select who"),
            Look::at("consent-empty", &consent, "add a mailbox"),
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
    assert_sound(
        &pages,
        &[
            Look::at("home", "/", ""),
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
            Look::at("admin", "/admin", "invite"),
        ],
    );
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
fn shots() -> Option<String> {
    std::env::var("SHOTS").ok()
}
