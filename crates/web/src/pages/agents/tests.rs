//! The list of agents and the page of one, and who may touch them.

use access::Recorded;
use axum::http::StatusCode;
use domain::{ApprovalRule, GrantedAccounts};
use time::Duration;

use crate::{
    pages::let_in::{PLAIN, allow},
    world::{Surfer, World},
};

async fn scene() -> (World, Surfer, String) {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    world.mailbox("ann", "work").await;
    world.mailbox("ann", "home").await;
    let agent = world.let_in(&mut ann, "Claude <i>", &["mail:read", "mail:send"]).await;
    (world, ann, agent)
}

#[tokio::test]
async fn without_agents_the_page_says_how_to_get_one() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    let page = ann.get("/agents").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("No agent may see your mail yet") && page.says("href=\"/connect\""));
}

#[tokio::test]
async fn an_agent_is_listed_with_what_it_may_and_how_it_stands() {
    let (world, mut ann, agent) = scene().await;
    let page = ann.get("/agents").await;
    assert!(page.says("Claude &#60;i&#62;") && !page.says("<i>"), "{}", page.html);
    assert!(page.says("read, send") && page.says("never used") && page.says(&format!("href=\"{agent}\"")));
    // a name is only claimed, so the host stands beside it
    assert!(page.says("signs in through agent.example"), "{}", page.html);
    ann.submit(&agent, &format!("{agent}/pause"), &[]).await;
    assert!(ann.get("/agents").await.says(">paused<"));
    let mut bob = world.person("bob").await;
    assert!(!bob.get("/agents").await.says("/agents/gra_"));
}

#[tokio::test]
async fn the_page_of_an_agent_shows_its_facts_its_permission_and_its_sign_ins() {
    let (_world, mut ann, agent) = scene().await;
    let page = ann.get(&agent).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "agent.example",
        "value=\"mail:send\" checked",
        "value=\"work\" checked",
        "End this sign-in",
        "Nothing yet.",
        "not verified",
    ] {
        assert!(page.says(text), "{text}: {}", page.html);
    }
    assert!(!page.says("value=\"mail:delete\" checked") && !page.says("value=\"home\" checked"));
}

#[tokio::test]
async fn what_is_saved_holds_and_is_shown() {
    let (world, mut ann, agent) = scene().await;
    let fields = [
        ("scope", "mail:folders"),
        ("account", "all"),
        ("approval", "never"),
        ("place", "page"),
        ("ending", "7d"),
        ("shows_codes", "yes"),
        ("calls", "5"),
    ];
    let saved = ann.submit(&agent, &agent, &fields).await;
    assert_eq!(
        (saved.status, saved.location()),
        (StatusCode::SEE_OTHER, &*format!("{agent}?done=agent-changed"))
    );
    let agents = world.access.agent_list(&world.who(&ann).await).await.unwrap();
    let grant = &agents[0].grant;
    assert_eq!(grant.scopes.to_string(), "mail:folders");
    assert_eq!(grant.accounts, GrantedAccounts::All);
    assert_eq!(grant.limits.approval, Some(ApprovalRule::Never));
    assert!(grant.limits.shows_codes && grant.limits.calls_per_hour == Some(5));
    assert_eq!(grant.expires, Some(grant.created + Duration::days(7)));

    world.pass(Duration::days(2));
    let mut ann = world.sign_in("ann").await;
    assert!(ann.get(&agent).await.says("as before"));
    let kept = [
        ("scope", "mail:folders"),
        ("account", "work"),
        ("approval", "always"),
        ("place", "page"),
        ("ending", "keep"),
    ];
    ann.submit(&agent, &agent, &kept).await;
    let after = world.access.agent_list(&world.who(&ann).await).await.unwrap();
    assert_eq!(after[0].grant.expires, grant.expires, "an end that is kept does not move");
    assert!(ann.get("/agents").await.says("ends in"));
}

#[tokio::test]
async fn a_form_that_cannot_be_saved_comes_back_as_it_was_filled_in() {
    let (world, mut ann, agent) = scene().await;
    let fields = [("account", "home"), ("folders", "@nowhere")];
    let fields: Vec<_> = fields.into_iter().chain(PLAIN).collect();
    let page = ann.submit(&agent, &agent, &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("Tick at least one thing") && page.says("@nowhere"));
    let agents = world.access.agent_list(&world.who(&ann).await).await.unwrap();
    assert_eq!(agents[0].grant.scopes.to_string(), "mail:read mail:send");
}

#[tokio::test]
async fn an_agent_is_paused_and_goes_on() {
    let (world, mut ann, agent) = scene().await;
    let is_paused =
        async |ann: &Surfer| world.access.agent_list(&world.who(ann).await).await.unwrap()[0].is_paused;
    let paused = ann.submit(&agent, &format!("{agent}/pause"), &[]).await;
    assert_eq!(paused.location(), format!("{agent}?done=agent-paused"));
    assert!(is_paused(&ann).await);
    assert!(ann.get(&agent).await.says("Let it go on"));
    ann.submit(&agent, &format!("{agent}/resume"), &[]).await;
    assert!(!is_paused(&ann).await);
}

#[tokio::test]
async fn a_sign_in_is_ended_alone() {
    let (_world, mut ann, agent) = scene().await;
    let page = ann.get(&agent).await;
    let end = page.html.split("action=\"").filter_map(|rest| rest.split('"').next());
    let end = end.filter(|action| action.ends_with("/end")).collect::<Vec<_>>();
    let [end] = end.as_slice() else { panic!("{end:?}") };
    let ended = ann.submit(&agent, end, &[]).await;
    assert_eq!(ended.location(), format!("{agent}?done=sign-in-ended"));
    assert!(ann.get(&agent).await.says("Nowhere. It has to ask you again."));
    assert_eq!(ann.submit(&agent, end, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_end_is_final_and_the_agent_is_not_there_any_more() {
    let (world, mut ann, agent) = scene().await;
    let revoked = ann.submit(&agent, &format!("{agent}/revoke"), &[]).await;
    assert_eq!(revoked.location(), "/agents?done=agent-revoked");
    assert_eq!(ann.get(&agent).await.status, StatusCode::NOT_FOUND);
    assert!(world.access.agent_list(&world.who(&ann).await).await.unwrap().is_empty());
}

#[tokio::test]
async fn somebody_elses_agent_is_not_there_whatever_is_tried() {
    let (world, ann, agent) = scene().await;
    let mut bob = world.person("bob").await;
    world.mailbox("bob", "work").await;
    let fields = [("scope", "mail:read"), ("account", "work")];
    let fields: Vec<_> = fields.into_iter().chain(PLAIN).collect();
    assert_eq!(bob.get(&agent).await.status, StatusCode::NOT_FOUND);
    let family = world.access.agent_list(&world.who(&ann).await).await.unwrap()[0].grant.id.clone();
    let family = world.access.agent(&world.who(&ann).await, &family).await.unwrap().families[0].id.clone();
    for action in ["", "/pause", "/resume", "/revoke", &format!("/families/{family}/end")] {
        let answer = bob.submit("/", &format!("{agent}{action}"), &fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action}");
    }
    let agents = world.access.agent_list(&world.who(&ann).await).await.unwrap();
    assert!(agents.len() == 1 && !agents[0].is_paused);
}

#[tokio::test]
async fn nothing_is_done_without_the_forms_token() {
    let (world, mut ann, agent) = scene().await;
    for action in ["", "/pause", "/resume", "/revoke", "/families/fam_x/end"] {
        let answer = ann.post(&format!("{agent}{action}"), &[("csrf", "x")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{action}");
        let anonymous = world.visitor().post(&format!("{agent}{action}"), &[]).await;
        assert_eq!((anonymous.status, anonymous.location()), (StatusCode::SEE_OTHER, "/login"), "{action}");
        assert_eq!(
            ann.get(&format!("{agent}/revoke")).await.status,
            StatusCode::NOT_FOUND,
            "only a form revokes"
        );
    }
    assert_eq!(ann.get(&agent).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_personal_token_is_an_agent_too() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    world.mailbox("ann", "work").await;
    let (grant, _) = world.token("ann", "nightly script", "search").await;
    let page = ann.get(&format!("/agents/{grant}")).await;
    assert!(page.says("nightly script") && page.says("personal token") && !page.says("End this sign-in"));
    assert!(page.says("value=\"all\" checked"));
}

#[tokio::test]
async fn a_client_that_is_let_in_twice_is_one_agent_with_two_sign_ins() {
    let (world, mut ann, _) = scene().await;
    let client = world.client("Twice", "https://twice.example/cb").await;
    for _ in 0..2 {
        let question = world.question(&ann, &client, None).await;
        let answer = allow(&mut ann, &question, &["mail:read"], &["work"]).await;
        world.exchange(&client, &answer).await;
    }
    let agents = world.access.agent_list(&world.who(&ann).await).await.unwrap();
    let twice = agents.iter().find(|agent| agent.grant.label == "Twice").unwrap();
    let page = ann.get(&format!("/agents/{}", twice.grant.id)).await;
    assert_eq!(page.html.matches("End this sign-in").count(), 2);
}

#[tokio::test]
async fn an_agent_that_called_says_when_it_was_used_last_and_how_often_what_worked() {
    let world = World::new().await;
    let mut ann = world.person("ann").await;
    world.mailbox("ann", "work").await;
    let (grant, bearer) = world.token("ann", "nightly script", "search read").await;
    let path = format!("/agents/{grant}");
    let fresh = ann.get(&path).await;
    assert!(fresh.says("<dt>Last used</dt><dd>never</dd>") && fresh.says("0 calls"), "{}", fresh.html);
    assert!(fresh.says("Nothing yet.") && fresh.says(">never used<"), "{}", fresh.html);

    let agent = world.access.principal(bearer.expose()).await.unwrap();
    for (tool, outcome) in
        [("mail_read", "ok"), ("mail_read", "ok"), ("mail_read", "not_found"), ("mail_search", "ok")]
    {
        world.access.audit().record_call(&agent, Recorded { tool, outcome, ..Recorded::default() }).await;
    }
    world.access.flush().await;
    world.pass(Duration::hours(3));
    let list = ann.get("/agents").await;
    assert!(
        list.says(">3 hours ago</time>") && list.says("<dt>Last 24 hours</dt><dd>4 calls</dd>"),
        "{}",
        list.html
    );
    assert!(list.says(">active<") && !list.says("never used"), "{}", list.html);
    let page = ann.get(&path).await;
    assert!(page.says(">3 hours ago</time>") && page.says("<dd>4 calls</dd>"), "{}", page.html);
    let count = |tool, worked, failed| {
        format!(
            "<th scope=\"row\"><code>{tool}</code></th><td class=\"count\" data-label=\"Worked\">{worked}</td>\
             <td class=\"count\" data-label=\"Failed\">{failed}</td>"
        )
    };
    assert!(page.says(&count("mail_read", "2 times", "1 time")), "{}", page.html);
    assert!(page.says(&count("mail_search", "1 time", "–")), "{}", page.html);
    assert!(page.says(&format!("href=\"/activity?agent={grant}\"")), "{}", page.html);

    // calls of the day go with the day, those of the month stay
    world.pass(Duration::hours(24));
    let mut ann = world.sign_in("ann").await;
    let page = ann.get(&path).await;
    assert!(page.says("<dd>0 calls</dd>") && page.says("2 times"), "{}", page.html);
    world.pass(Duration::days(30));
    let mut ann = world.sign_in("ann").await;
    assert!(ann.get(&path).await.says("Nothing yet."));
}
