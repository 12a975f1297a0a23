//! What an administrator can never see: everything of alice's is looked for on every page and route that there is,
//! by root, who administrates the server and is not alice.

use serde_json::json;
use testkit::{McpHttp, Options, mcp_http::Response, require_submission};

use super::outbox::in_a_day;
use crate::{
    connecting,
    routes::{sources, surfer::Surfer},
    sending::{dovecot, hosted, left, token},
    world::{MAIL_PASSWORD, PASSWORD, World},
};

/// Stands in everything that alice's agent writes, asks for, and is called.
const MARKER: &str = "Xylophone";

/// Words of hers that no page of root's may say.
struct Words(Vec<String>);

impl Words {
    fn assert_absent(&self, asked: &str, answer: &Response) {
        let (body, location) = (answer.body.to_lowercase(), answer.header("location").to_lowercase());
        for word in &self.0 {
            let word = word.to_lowercase();
            assert!(!body.contains(&word), "{asked} says {word}: {}", answer.body);
            // what was asked for may be said back where it leads
            assert!(!location.contains(&word) || asked.to_lowercase().contains(&word), "{asked}: {location}");
        }
    }
}

fn add_root(world: &World) {
    let added = world.run_with(&["user", "add", "root", "--admin", "--password-stdin"], PASSWORD);
    assert_eq!(added.status, 0, "{added:?}");
}

#[test]
fn an_administrator_finds_nothing_of_what_others_write_do_or_hold_on_any_page() {
    let Some(submission) = require_submission(Options::default()) else { return };
    let world = World::reaching(&submission);
    world.add_user("alice");
    add_root(&world);
    assert_eq!(world.add_account(&submission).status, 0);
    let scopes = "mail:folders mail:search mail:read mail:draft mail:send";
    let bearer = world.new_token(&format!("{MARKER} agent"), scopes);
    let serving = world.serve();
    let mut agent = McpHttp::connect(serving.port, &bearer).unwrap();
    let query = json!({ "query": format!("subject:{MARKER}") });
    assert!(agent.call("mail_search", &query).unwrap().structured()["messages"].is_array());
    let message = json!({
        "to": format!("{MARKER}@elsewhere.example"),
        "subject": format!("{MARKER} plans"),
        "body": format!("About the {MARKER}."),
    });
    let drafted = agent.call("mail_draft", &message).unwrap();
    assert!(drafted.structured()["draft_id"].is_string(), "{}", drafted.text());

    let alice = Surfer::signed_in(serving.port, "alice", PASSWORD);
    let page = alice.get("/agents").body;
    assert!(page.contains(MARKER), "what is looked for is there for her: {page}");
    let id = page.split("href=\"/agents/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let words = Words(vec![
        MARKER.to_owned(),
        MAIL_PASSWORD.to_owned(),
        bearer.clone(),
        "alice@example.org".to_owned(),
        "$argon2".to_owned(),
        alice.cookie_header().split('=').nth(1).unwrap().split(';').next().unwrap().to_owned(),
    ]);

    let root = Surfer::signed_in(serving.port, "root", PASSWORD);
    let routes = sources::routes();
    let (mut looked_at, mut of_admins) = (0, 0);
    for (method, route) in &routes {
        if route == "/logout" || method == "any" {
            continue;
        }
        let path = route.replace("/admin/people/{name}", "/admin/people/alice").replace("{name}", "home");
        let path = path.replace("{id}", &id);
        let answer = if method == "get" {
            root.get(&path)
        } else {
            // not in her place, but as somebody who posts all that there is
            let csrf = root.csrf("/settings");
            root.post(&path, &[("csrf", &csrf), ("id", &id)])
        };
        words.assert_absent(&format!("{method} {path}"), &answer);
        looked_at += 1;
        if method == "get" && route.starts_with("/admin") {
            assert_eq!(answer.status, 200, "{path}");
            of_admins += 1;
        }
    }
    assert!(looked_at > 50 && of_admins >= 4, "{looked_at} {of_admins}");
    let csrf = root.csrf("/admin");
    let made = root.post("/admin/users/reset", &[("csrf", &csrf), ("name", "alice")]);
    assert_eq!(made.status, 200);
    words.assert_absent("a link for another password", &made);
    let whole = root.post("/settings/data/export", &[("csrf", &csrf)]);
    assert!(whole.body.contains("\"is_whole\": true"), "{}", whole.body);
    words.assert_absent("the administrator's own export", &whole);
    let still = agent.call("mail_folders", &json!({})).unwrap();
    assert!(still.structured()["folders"].is_array(), "and nothing of hers was ended: {}", still.text());
}

#[test]
fn an_administrator_who_knows_the_ids_sees_and_changes_nothing_of_what_waits_or_leaves() {
    let Some(dovecot) = dovecot() else { return };
    let world = hosted(&dovecot);
    add_root(&world);
    let asking = token(&world, "Asking", &["--approval", "always"]);
    let sending = token(&world, "Sending", &["--approval", "never"]);
    let serving = world.serve();
    let port = serving.port;
    let letter = |more| {
        let mut letter = json!({
            "to": format!("{MARKER}@elsewhere.example"), "subject": format!("{MARKER} plans"), "body": MARKER,
            "attachments": [{"name": format!("{MARKER}.txt"), "base64": "dGhlIHBsYW4="}],
        });
        letter.as_object_mut().unwrap().extend(more);
        letter
    };
    let mut asking = McpHttp::connect(port, &asking).unwrap();
    let asked = asking.call("mail_send", &letter(serde_json::Map::new())).unwrap();
    let approval = asked.structured()["approval"]["id"].as_str().unwrap().to_owned();
    let mut sending = McpHttp::connect(port, &sending).unwrap();
    let later = [("send_at".to_owned(), json!(in_a_day()))].into_iter().collect();
    let told = sending.call("mail_send", &letter(later)).unwrap();
    let outgoing = told.structured()["undo"].as_str().unwrap_or_else(|| panic!("{told:?}")).to_owned();
    let alice = Surfer::signed_in(port, "alice", PASSWORD);
    let consent = connecting::ask(&alice, &connecting::register(port), "");
    let (approval_page, outbox_page) = (format!("/approvals/{approval}"), format!("/outbox/{outgoing}"));
    let stands_as_before = |alice: &Surfer| {
        for (page, words) in [
            (&approval_page, ["Send it", MARKER]),
            (&outbox_page, ["scheduled", MARKER]),
            (&consent, ["a client", "value=\"allow\""]),
        ] {
            let shown = alice.get(page);
            assert_eq!(shown.status, 200, "{page}");
            assert!(words.iter().all(|word| shown.body.contains(word)), "{page}: {}", shown.body);
        }
    };
    stands_as_before(&alice);

    let root = Surfer::signed_in(port, "root", PASSWORD);
    let csrf = root.csrf("/settings");
    let never = root.get("/admin").body;
    let told_apart = never.split("What you can never see").nth(1).unwrap_or_else(|| panic!("{never}"));
    for words in
        ["mail, subjects, drafts", "what waits in their outbox or for their yes", "what their agents did"]
    {
        assert!(told_apart.contains(words), "{words}: {told_apart}");
    }
    let words = Words(vec![MARKER.to_owned(), "alice@example.org".to_owned()]);
    let parts = ["", "/body", "/files/0", "/files/1"].map(|part| format!("{approval_page}{part}"));
    for path in parts.iter().chain([&outbox_page, &consent]) {
        let answer = root.get(path);
        assert_eq!(answer.status, 404, "{path}");
        words.assert_absent(path, &answer);
    }
    let answers = ["approve", "deny", "deny-and-pause"].map(|answer| format!("{approval_page}/{answer}"));
    let actions = ["cancel", "now", "look", "sent", "again", "copy", "forget"];
    let actions = actions.map(|action| format!("{outbox_page}/{action}"));
    for path in answers.iter().chain(&actions).chain([&consent]) {
        for answer in ["allow", "refuse"] {
            let fields = [
                ("csrf", csrf.as_str()),
                ("password", PASSWORD),
                ("begun", "0"),
                ("answer", answer),
                ("account", "all"),
                ("approval", "never"),
                ("place", "page"),
                ("ending", "never"),
                ("scope", "mail:read"),
            ];
            let refused = root.post(path, &fields);
            assert_eq!((refused.status, refused.header("location")), (404, ""), "{path}");
            words.assert_absent(path, &refused);
        }
    }

    stands_as_before(&alice);
    let told = asking.call("mail_send", &json!({ "approval_id": approval })).unwrap();
    assert_eq!(told.structured()["status"], "approval_needed", "{told:?}");
    assert!(!sending.call("mail_folders", &json!({})).unwrap().is_error());
    assert!(left(&dovecot).is_empty());
}
