//! The question as it is shown, and who can answer it.

use axum::http::{StatusCode, header::CONTENT_SECURITY_POLICY};
use domain::{GrantedAccounts, Scopes};
use time::Duration;

use crate::{
    pages::let_in::{PLAIN, allow},
    world::{Page, Surfer, World},
};

const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";

async fn scene() -> (World, Surfer) {
    let world = World::new().await;
    let ann = world.person("ann").await;
    world.mailbox("ann", "work").await;
    world.mailbox("ann", "home").await;
    (world, ann)
}

fn policy(page: &Page) -> &str {
    page.headers[CONTENT_SECURITY_POLICY].to_str().unwrap()
}

/// The boxes of that name that are ticked.
fn ticked<'a>(page: &'a Page, name: &str) -> Vec<&'a str> {
    let boxes = page.html.split("<input type=\"checkbox\"").skip(1);
    let tags = boxes.filter_map(|rest| rest.split('>').next()).filter(|tag| tag.ends_with(" checked"));
    let name = format!("name=\"{name}\"");
    tags.filter(|tag| tag.contains(&name))
        .filter_map(|tag| tag.split("value=\"").nth(1)?.split('"').next())
        .collect()
}

#[tokio::test]
async fn the_page_says_who_asks_and_where_the_answer_goes() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude <b>\u{202e}", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let page = ann.get(&question).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("<strong class=\"host\">claude.ai</strong>"), "{}", page.html);
    assert!(page.says("Claude &#60;b&#62;") && !page.says("<b>") && !page.says("\u{202e}"));
    assert!(page.says("not verified"));
    assert!(policy(&page).contains("form-action 'self' https://claude.ai"), "{}", policy(&page));
    assert!(policy(&page).contains("frame-ancestors 'none'"));
}

#[tokio::test]
async fn loopback_and_private_schemes_carry_a_warning() {
    let (world, mut ann) = scene().await;
    for (redirect, warning, source) in [
        ("http://localhost:4711/callback", "A program on this computer asks", "http://localhost:4711"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "An app on this device asks", "cursor:"),
    ] {
        let client = world.client("Somebody", redirect).await;
        let question = world.question(&ann, &client, None).await;
        let page = ann.get(&question).await;
        assert!(page.says(warning), "{redirect}");
        assert!(policy(&page).contains(&format!("form-action 'self' {source}")), "{}", policy(&page));
    }
}

#[tokio::test]
async fn all_eight_scopes_are_offered_to_a_client_that_names_none_and_nothing_grave_is_ticked() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let page = ann.get(&question).await;
    for scope in Scopes::all().iter() {
        assert!(page.says(&format!("value=\"{scope}\"")), "{scope}");
    }
    let expected = ["mail:folders", "mail:search", "mail:read", "mail:draft", "mail:modify"];
    assert_eq!(ticked(&page, "scope"), expected);
    assert_eq!(ticked(&page, "account"), ["work"], "the default one");
}

#[tokio::test]
async fn only_the_requested_scopes_are_offered() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, Some("read send")).await;
    let page = ann.get(&question).await;
    assert!(page.says("value=\"mail:read\"") && page.says("value=\"mail:send\""));
    assert!(!page.says("value=\"mail:draft\"") && !page.says("value=\"mail:delete\""));
    let answer = allow(&mut ann, &question, &["mail:read", "mail:delete"], &["work"]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let agents = world.access.agent_list(&world.who(&ann).await).await.unwrap();
    assert_eq!(agents[0].grant.scopes.to_string(), "mail:read", "what was not offered is not granted");
}

#[tokio::test]
async fn allow_makes_a_grant_of_what_was_ticked_and_leads_to_the_client_with_a_code() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let fields = [
        ("answer", "allow"),
        ("scope", "mail:read"),
        ("scope", "mail:send"),
        ("account", "home"),
        ("approval", "always"),
        ("place", "page"),
        ("ending", "30d"),
        ("recipients", "bob@example.org"),
        ("folders", "@inbox"),
        ("sends", "2"),
    ];
    let answer = ann.submit(&question, &question, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.html);
    let location = answer.location();
    assert!(location.starts_with(&format!("{CLAUDE}?code=prmc_")), "{location}");
    assert!(location.contains("&state=st%20ate&iss=http%3A%2F%2Flocalhost%3A8143"), "{location}");
    let agents = world.access.agent_list(&world.who(&ann).await).await.unwrap();
    let [agent] = agents.as_slice() else { panic!("{agents:?}") };
    assert_eq!(agent.grant.scopes.to_string(), "mail:read mail:send");
    assert_eq!(agent.grant.accounts, GrantedAccounts::Only(vec!["home".parse().unwrap()]));
    assert_eq!(agent.grant.expires, Some(agent.grant.created + Duration::days(30)));
    let limits = &agent.grant.limits;
    assert_eq!(
        (limits.sends_per_hour, limits.folders.as_slice()),
        (Some(2), ["@inbox".to_owned()].as_slice())
    );
    assert_eq!(limits.recipients, ["bob@example.org"]);
}

#[tokio::test]
async fn refusing_leads_to_the_client_without_a_code_and_grants_nothing() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let answer = ann.submit(&question, &question, &[("answer", "refuse")]).await;
    assert!(answer.location().starts_with(&format!("{CLAUDE}?error=access_denied")), "{}", answer.location());
    assert!(world.access.agent_list(&world.who(&ann).await).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_without_the_forms_token_or_with_that_of_another_session_is_none() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let mut elsewhere = world.sign_in("ann").await;
    let other = elsewhere.get(&question).await.csrf();
    let mut bob = world.person("bob").await;
    let bobs = bob.get("/").await.csrf();
    for csrf in ["", "x", &other, &bobs] {
        let fields = [("answer", "allow"), ("scope", "mail:read"), ("account", "work"), ("csrf", csrf)];
        let fields: Vec<_> = fields.into_iter().chain(PLAIN).collect();
        assert_eq!(ann.post(&question, &fields).await.status, StatusCode::FORBIDDEN);
        assert_eq!(
            ann.post(&question, &[("answer", "refuse"), ("csrf", csrf)]).await.status,
            StatusCode::FORBIDDEN
        );
    }
    assert!(world.access.agent_list(&world.who(&ann).await).await.unwrap().is_empty());
    assert_eq!(ann.get(&question).await.status, StatusCode::OK, "it can still be answered");
}

#[tokio::test]
async fn a_question_to_somebody_else_is_not_there() {
    let (world, ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let mut bob = world.person("bob").await;
    world.mailbox("bob", "work").await;
    assert_eq!(bob.get(&question).await.status, StatusCode::NOT_FOUND);
    let csrf = bob.get("/").await.csrf();
    for answer in ["allow", "refuse"] {
        let fields = [("answer", answer), ("scope", "mail:read"), ("account", "work"), ("csrf", &csrf)];
        let fields: Vec<_> = fields.into_iter().chain(PLAIN).collect();
        assert_eq!(bob.post(&question, &fields).await.status, StatusCode::NOT_FOUND);
    }
    for id in ["con_00000000000000000000000000000000", "x", "%00", "..%2Fagents"] {
        assert_eq!(bob.get(&format!("/consent/{id}")).await.status, StatusCode::NOT_FOUND, "{id}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_sign_in_and_back() {
    let (world, ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let page = world.visitor().get(&question).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.location(), format!("/login?next={}", question.replace('/', "%2F")));
}

#[tokio::test]
async fn a_question_is_answered_once_and_in_time() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let csrf = ann.get(&question).await.csrf();
    let fields = [("answer", "allow"), ("scope", "mail:read"), ("account", "work"), ("csrf", &csrf)];
    let fields: Vec<_> = fields.into_iter().chain(PLAIN).collect();
    assert_eq!(ann.post(&question, &fields).await.status, StatusCode::SEE_OTHER);
    let again = ann.post(&question, &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.says("is over") && again.says("Start again in your agent"), "{}", again.html);
    assert!(again.location().is_empty());
    assert_eq!(ann.get(&question).await.status, StatusCode::CONFLICT);

    let late = world.question(&ann, &client, None).await;
    world.pass(Duration::minutes(11));
    assert_eq!(ann.get(&late).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn nothing_ticked_is_asked_again_with_what_was_filled_in() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let fields = [("answer", "allow"), ("account", "home"), ("sends", "a<b")];
    let fields: Vec<_> = fields.into_iter().chain(PLAIN).collect();
    let page = ann.submit(&question, &question, &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Tick at least one thing") && page.says("Write a whole number"));
    assert!(page.says("value=\"a&#60;b\""), "{}", page.html);
    assert_eq!(ticked(&page, "account"), ["home"]);
    assert!(ticked(&page, "scope").is_empty());
    assert!(policy(&page).contains("https://claude.ai"), "the second answer must be able to lead on too");
    let good = allow(&mut ann, &question, &["mail:read"], &["all"]).await;
    assert_eq!(good.status, StatusCode::SEE_OTHER);
    let agents = world.access.agent_list(&world.who(&ann).await).await.unwrap();
    assert_eq!(agents[0].grant.accounts, GrantedAccounts::All);
}

#[tokio::test]
async fn a_form_whose_button_was_not_pressed_allows_nothing() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    for answer in ["", "yes", "ALLOW"] {
        let fields = [("answer", answer), ("scope", "mail:read"), ("account", "work")];
        let fields: Vec<_> = fields.into_iter().chain(PLAIN).collect();
        let page = ann.submit(&question, &question, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(world.access.agent_list(&world.who(&ann).await).await.unwrap().is_empty());
}

#[tokio::test]
async fn another_persons_account_cannot_be_named() {
    let (world, mut ann) = scene().await;
    let _bob = world.person("bob").await;
    world.mailbox("bob", "bobs").await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    assert!(!ann.get(&question).await.says("bobs"));
    let page = allow(&mut ann, &question, &["mail:read"], &["bobs"]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("not there any more"));
}

#[tokio::test]
async fn who_has_no_mailbox_is_shown_the_way_to_add_one_and_back() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let page = ann.get(&question).await;
    let way = format!("href=\"/accounts/new?next={}\"", question.replace('/', "%2F"));
    assert!(page.says(&way), "{}", page.html);
    let form = ann.get(&format!("/accounts/new?next={}", question.replace('/', "%2F"))).await;
    assert!(form.says(&format!("name=\"next\" value=\"{question}\"")), "{}", form.html);
    assert!(!form.says("hx-boost"), "a part of this page cannot be put into one with another policy");
    assert!(!ann.get("/accounts/new?next=https://evil.example").await.says("name=\"next\""));
    assert!(!page.says("value=\"allow\"") && page.says("value=\"refuse\""));
    let answer = allow(&mut ann, &question, &["mail:read"], &["work"]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_client_that_is_in_sees_its_permission_edited_not_doubled() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let first = world.question(&ann, &client, None).await;
    allow(&mut ann, &first, &["mail:read", "mail:send", "mail:modify"], &["home"]).await;
    let second = world.question(&ann, &client, Some("read draft send")).await;
    let page = ann.get(&second).await;
    assert!(page.says("You let it in before"));
    assert_eq!(ticked(&page, "scope"), ["mail:read", "mail:send"], "also what is grave");
    assert_eq!(ticked(&page, "account"), ["home"]);
    assert!(page.says("mark, move, copy, archive and trash messages"), "what is not asked about is told");
    allow(&mut ann, &second, &["mail:read", "mail:draft"], &["home"]).await;
    let agents = world.access.agent_list(&world.who(&ann).await).await.unwrap();
    let [agent] = agents.as_slice() else { panic!("{agents:?}") };
    assert_eq!(agent.grant.scopes.to_string(), "mail:read mail:draft mail:modify");
}

#[tokio::test]
async fn that_an_answer_ends_a_pause_is_said_before() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let first = world.question(&ann, &client, None).await;
    allow(&mut ann, &first, &["mail:read"], &["work"]).await;
    let who = world.who(&ann).await;
    let grant = world.access.agent_list(&who).await.unwrap()[0].grant.id.clone();
    world.access.agent_pause(&who, &grant, true).await.unwrap();
    let second = world.question(&ann, &client, None).await;
    assert!(ann.get(&second).await.says("paused it. If you allow this, it goes on"));
    ann.submit(&second, &second, &[("answer", "refuse")]).await;
    assert!(world.access.agent_list(&who).await.unwrap()[0].is_paused, "a no leaves it paused");
}

#[tokio::test]
async fn enter_in_a_field_presses_no_button_that_allows() {
    let (world, mut ann) = scene().await;
    let client = world.client("Claude", CLAUDE).await;
    let question = world.question(&ann, &client, None).await;
    let page = ann.get(&question).await;
    let form = page.html.split(&format!("action=\"{question}\"")).nth(1).unwrap();
    let first = form.split("<button").nth(1).unwrap();
    assert!(first.starts_with(" type=\"submit\" disabled"), "{first}");
}
