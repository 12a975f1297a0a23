//! The page of steps, and the mark that waits for an agent.

use access::{Signup, Token};
use axum::http::StatusCode;
use domain::Clock as _;
use time::Duration;

use super::Addresses;
use crate::world::{Surfer, World};

async fn scene(public_url: &str) -> (World, Surfer) {
    let world = World::of(public_url, Signup::Invite).await;
    let ann = world.person("ann").await;
    world.mailbox("ann", "work").await;
    (world, ann)
}

#[tokio::test]
async fn every_client_is_told_the_real_address() {
    let (_world, mut ann) = scene("http://localhost:8143").await;
    let page = ann.get("/connect").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        ">http://localhost:8143/mcp</pre>",
        "claude mcp add --transport http postroom http://localhost:8143/mcp",
        "cursor://anysphere.cursor-deeplink/mcp/install?name=postroom&#38;config=",
        "vscode:mcp/install?%7B",
        "npx -y mcp-remote http://localhost:8143/mcp",
    ] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    for title in ["Claude.ai", "Claude Desktop", "Claude Code", "ChatGPT", "Cursor", "VS Code", "Others"] {
        assert!(page.says(&format!(">{title}</label>")), "{title}");
        assert!(page.says(&format!("<section aria-label=\"{title}\">")), "{title}");
    }
}

#[tokio::test]
async fn a_loopback_address_says_who_cannot_reach_it() {
    let (_world, mut ann) = scene("http://localhost:8143").await;
    assert!(ann.get("/connect").await.says("Only programs on this computer reach this address"));
    assert!(Addresses::of("http://127.0.0.1:8143").is_local && Addresses::of("http://[::1]:8143").is_local);
    assert!(!Addresses::of("https://mail.example.org").is_local);
}

#[tokio::test]
async fn a_public_address_has_no_such_note() {
    let world = World::of("https://mail.example.org", Signup::Invite).await;
    let mut ann = world.person("ann").await;
    let page = ann.get("/connect").await;
    assert!(page.says("https://mail.example.org/mcp") && !page.says("cannot reach"));
    assert!(page.says("You have no mailbox here yet"));
    assert!(page.says("id=\"guide-claude-ai\" checked"));
}

#[tokio::test]
async fn links_into_editors_carry_exactly_the_address() {
    use base64::Engine as _;
    let addresses = Addresses::of("https://mail.example.org");
    let cursor = url::Url::parse(&addresses.cursor_link()).unwrap();
    let config = cursor.query_pairs().find(|(name, _)| name == "config").unwrap().1.into_owned();
    let config = base64::engine::general_purpose::STANDARD.decode(config).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config, serde_json::json!({"url": "https://mail.example.org/mcp"}));
    let link = addresses.vs_code_link();
    let query = format!("q={}", link.split_once('?').unwrap().1);
    let json = url::form_urlencoded::parse(query.as_bytes()).next().unwrap().1.into_owned();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["url"], "https://mail.example.org/mcp");
}

#[tokio::test]
async fn the_first_tab_can_be_named() {
    let (_world, mut ann) = scene("http://localhost:8143").await;
    let page = ann.get("/connect?with=cursor").await;
    assert!(page.says("id=\"guide-cursor\" checked") && !page.says("id=\"guide-claude-code\" checked"));
    let page = ann.get("/connect?with=%22%3E%3Cscript%3E&since=abc").await;
    assert!(page.says("id=\"guide-claude-code\" checked"), "one that reaches a local address");
    assert!(!page.says("\"><script>"));
}

/// The part of the page that waits, and where it asks next.
async fn mark(surfer: &mut Surfer, since: i64, was: &str) -> (StatusCode, String) {
    let page = surfer.get(&format!("/connect/mark?since={since}&was={was}")).await;
    (page.status, page.html)
}

#[tokio::test]
async fn the_mark_turns_when_an_agent_is_let_in_and_again_when_it_calls_and_then_stops_asking() {
    let (world, mut ann) = scene("http://localhost:8143").await;
    let since = world.watch.now().unix_timestamp();
    let page = ann.get("/connect").await;
    let asks = format!("hx-get=\"/connect/mark?since={since}&amp;was=waiting\"");
    assert!(page.says(&asks), "{}", page.html);
    let link = format!("href=\"/connect?since={since}#mark\"");
    assert!(page.says(&link), "without scripts there is a link");
    assert_eq!(mark(&mut ann, since, "waiting").await, (StatusCode::NO_CONTENT, String::new()));

    world.pass(Duration::seconds(5));
    let (_, bearer) = world.token("ann", "Claude", "search").await;
    let (status, html) = mark(&mut ann, since, "waiting").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("let in") && html.contains("was=let-in"), "{html}");

    world.access.principal(bearer.expose()).await.unwrap();
    world.access.flush().await;
    let tokens: Vec<Token> = world.access.token_list("ann").await.unwrap();
    assert!(tokens[0].last_used.is_some());
    let (_, html) = mark(&mut ann, since, "let-in").await;
    assert!(html.contains("connected") && html.contains("has called"), "{html}");
    assert!(!html.contains("hx-get"), "it asks no more: {html}");
    assert!(ann.get(&format!("/connect?since={since}")).await.says("has called"));
    world.pass(Duration::minutes(5));
    assert!(
        ann.get("/connect").await.says("No agent has come yet"),
        "an agent of before is not what is waited for"
    );
}

#[tokio::test]
async fn the_mark_gives_up_after_half_an_hour() {
    let (world, mut ann) = scene("http://localhost:8143").await;
    let since = world.watch.now().unix_timestamp();
    world.pass(Duration::minutes(31));
    let (_, html) = mark(&mut ann, since, "waiting").await;
    assert!(html.contains("not connected") && !html.contains("hx-get"), "{html}");
}

#[tokio::test]
async fn the_mark_tells_nothing_of_other_people() {
    let (world, mut ann) = scene("http://localhost:8143").await;
    let mut bob = world.person("bob").await;
    let since = world.watch.now().unix_timestamp();
    world.let_in(&mut ann, "Claude", &["mail:read"]).await;
    assert_eq!(mark(&mut bob, since, "waiting").await.0, StatusCode::NO_CONTENT);
    let anonymous = world.visitor().get("/connect/mark").await;
    assert_eq!(anonymous.status, StatusCode::SEE_OTHER);
}
