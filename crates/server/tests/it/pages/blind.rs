//! What an administrator can never see: everything of alice's is looked for on every page and route that there is,
//! by root, who administrates the server and is not alice.

use serde_json::json;
use testkit::{McpHttp, Options, mcp_http::Response, require_submission};

use crate::{
    routes::{sources, surfer::Surfer},
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

#[test]
fn an_administrator_finds_nothing_of_what_others_write_do_or_hold_on_any_page() {
    let Some(submission) = require_submission(Options::default()) else { return };
    let world = World::reaching(&submission);
    world.add_user("alice");
    let added = world.run_with(&["user", "add", "root", "--admin", "--password-stdin"], PASSWORD);
    assert_eq!(added.status, 0, "{added:?}");
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
