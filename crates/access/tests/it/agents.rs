//! What a person sees of their agents, and how they change, pause and end them.

use access::{AgentChange, Ceiling, Error, LinkRefusal, Refusal, SignedIn, ToolCount};
use domain::{ApprovalRule, FamilyId, Grant, GrantedAccounts, Limits, Scopes};
use time::Duration;

use crate::{
    dance::{Dance, client, code, exchange, public, signed_in},
    world::{name, person, token},
};

/// Ann's one agent.
async fn agent(dance: &Dance) -> Grant {
    let agents = dance.access.agent_list(&dance.ann).await.unwrap();
    assert_eq!(agents.len(), 1);
    agents.into_iter().next().unwrap().grant
}

fn change(scopes: &str) -> AgentChange {
    AgentChange {
        scopes: Scopes::parse(scopes).unwrap(),
        accounts: GrantedAccounts::All,
        limits: Limits::default(),
        expires: None,
    }
}

async fn bob(dance: &Dance) -> SignedIn {
    person(&dance.access, "bob", &["bobs"]).await;
    signed_in(&dance.world, &dance.access, "bob").await
}

#[tokio::test]
async fn agents_of_both_kinds_are_listed_last_used_first() {
    let dance = Dance::new().await;
    let issued = dance.connected("search read").await;
    dance.world.forward(10);
    let (_, bearer) = dance.access.token_new("ann", &token("script")).await.unwrap();
    dance.access.token_new("ann", &token("ended")).await.unwrap();
    dance.access.token_revoke("ann", "ended").await.unwrap();
    let listed = async || {
        dance.access.flush().await;
        let agents = dance.access.agent_list(&dance.ann).await.unwrap();
        let told = agents.into_iter().map(|agent| {
            let used = agent.last_used.map(|used| used.unix_timestamp() - 1_790_000_000);
            (agent.grant.label, agent.client.map(|client| client.id), used)
        });
        told.collect::<Vec<_>>()
    };
    let own = Some(dance.client.clone());
    assert_eq!(
        listed().await,
        [("script".to_owned(), None, None), ("Agent".to_owned(), own.clone(), None)],
        "one that was never used stands where it was made"
    );
    dance.access.principal(bearer.expose()).await.unwrap();
    dance.world.forward(10);
    dance.access.principal(issued.access.expose()).await.unwrap();
    let used = [("Agent".to_owned(), own, Some(20)), ("script".to_owned(), None, Some(10))];
    assert_eq!(listed().await, used);
    assert!(dance.access.agent_list(&bob(&dance).await).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_agent_s_page_shows_its_sign_ins_and_what_it_did_in_thirty_days() {
    let dance = Dance::new().await;
    let call = async |issued: &access::Issued, tool: &str, outcome: &str| {
        let principal = dance.access.principal(issued.access.expose()).await.unwrap();
        dance.access.audit().record(&principal, tool, &[], outcome).await;
    };
    let first = dance.connected("search read").await;
    call(&first, "mail_search", "ok").await;
    call(&first, "mail_people", "ok").await;
    dance.world.forward(29 * 86_400);
    let second = dance.connected("search read").await;
    for outcome in ["ok", "not_found", "ok"] {
        call(&second, "mail_read", outcome).await;
    }
    call(&second, "mail_search", "ok").await;
    let id = agent(&dance).await.id;
    let detail = async || {
        dance.access.flush().await;
        dance.access.agent(&dance.ann, &id).await.unwrap()
    };
    let count = |tool: &str, ok, other| ToolCount { tool: tool.to_owned(), ok, other };
    let page = detail().await;
    assert_eq!(
        page.counts,
        [count("mail_read", 2, 1), count("mail_search", 2, 0), count("mail_people", 1, 0)],
        "what people do on our pages is no call"
    );
    assert_eq!(page.agent.calls_of_day, 4);
    assert_eq!(dance.access.agent_list(&dance.ann).await.unwrap()[0].calls_of_day, 4);
    let since = |at: domain::Timestamp| at.unix_timestamp() - 1_790_000_000;
    let families: Vec<_> = page
        .families
        .iter()
        .map(|family| (since(family.created), family.last_used.map(since), family.expires.map(since)))
        .collect();
    let (now, month) = (29 * 86_400, 30 * 86_400);
    assert_eq!(families, [(now, Some(now), Some(now + month)), (0, Some(0), Some(month))]);
    dance.world.forward(2 * 86_400);
    let page = detail().await;
    assert_eq!(page.counts, [count("mail_read", 2, 1), count("mail_search", 1, 0)]);
    assert_eq!((page.families.len(), page.agent.calls_of_day), (1, 0), "one sign-in ended by itself");
}

#[tokio::test]
async fn a_change_holds_from_the_next_call_on() {
    let dance = Dance::new().await;
    let issued = dance.connected("search read").await;
    let grant = agent(&dance).await;
    let mut new = change("read");
    new.accounts = GrantedAccounts::Only(vec![name("home")]);
    new.limits.calls_per_hour = Some(7);
    new.expires = Some(grant.created + Duration::hours(2));
    dance.access.agent_change(&dance.ann, &grant.id, &new).await.unwrap();
    let principal = dance.access.principal(issued.access.expose()).await.unwrap();
    assert_eq!((principal.scopes, &principal.limits), (new.scopes, &new.limits));
    assert_eq!(principal.accounts.iter().map(|account| account.name.as_str()).collect::<Vec<_>>(), ["home"]);
    let changed = agent(&dance).await;
    assert_eq!((changed.expires, changed.label), (new.expires, grant.label));
    let refused = async |wrong: AgentChange| {
        dance.access.agent_change(&dance.ann, &grant.id, &wrong).await.unwrap_err()
    };
    assert!(matches!(refused(change("")).await, Error::NoScopes));
    let none = AgentChange { accounts: GrantedAccounts::Only(Vec::new()), ..change("read") };
    assert!(matches!(refused(none).await, Error::NoAccounts));
    let unknown = AgentChange { accounts: GrantedAccounts::Only(vec![name("hom")]), ..change("read") };
    assert!(matches!(refused(unknown).await, Error::AccountNotFound { name, .. } if name == "hom"));
    let past = AgentChange { expires: Some(grant.created), ..change("read") };
    assert!(matches!(refused(past).await, Error::AlreadyPast));
    assert_eq!(agent(&dance).await.scopes, new.scopes, "nothing of it was kept");
}

#[tokio::test]
async fn a_paused_agent_is_let_in_by_no_door_and_loses_nothing() {
    let dance = Dance::new().await;
    let issued = dance.connected("search read").await;
    let (personal, bearer) = dance.access.token_new("ann", &token("script")).await.unwrap();
    let principal = dance.access.principal(bearer.expose()).await.unwrap();
    let link = dance.access.link_new(&principal, "work/@inbox:1@1", 0).unwrap();
    dance.access.sessions().bind("s1", &personal.id).await.unwrap();
    let ceiling = Ceiling { scopes: Scopes::all(), approval: ApprovalRule::Always };
    for agent in dance.access.agent_list(&dance.ann).await.unwrap() {
        dance.access.agent_pause(&dance.ann, &agent.grant.id, true).await.unwrap();
    }
    assert!(dance.access.agent_list(&dance.ann).await.unwrap().iter().all(|agent| agent.is_paused));
    assert_eq!(dance.may(&issued).await, Err("paused"));
    let refusal = dance.access.principal(bearer.expose()).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Paused) && !refusal.is_temporary());
    let opened = dance.access.link_open(link.token.expose()).await;
    assert!(matches!(opened, Err(LinkRefusal::Grant(Refusal::Paused))));
    let local = dance.access.stdio_principal("ann", Some("script"), ceiling).await;
    assert!(matches!(local, Err(Error::AgentPaused(label)) if label == "script"));
    let alone = dance.access.standing_of(&personal.id, "ann", ceiling).await;
    assert!(matches!(alone, Err(Refusal::Paused)), "and what it scheduled does not leave");
    assert_eq!(dance.access.sessions().sweep(Duration::DAY).await.unwrap(), ["s1"], "its sessions end");
    dance.access.sessions().bind("s2", &personal.id).await.unwrap();
    assert_eq!(
        dance.access.sessions().sweep(Duration::DAY).await.unwrap(),
        ["s2"],
        "one that was just opened too"
    );

    let next = dance.refresh(&issued.refresh).await.unwrap();
    for agent in dance.access.agent_list(&dance.ann).await.unwrap() {
        dance.access.agent_pause(&dance.ann, &agent.grant.id, false).await.unwrap();
    }
    assert!(dance.may(&issued).await.is_ok() && dance.may(&next).await.is_ok());
    assert!(dance.access.principal(bearer.expose()).await.is_ok());
    assert!(dance.access.link_open(link.token.expose()).await.is_ok());
    assert!(dance.access.stdio_principal("ann", Some("script"), ceiling).await.is_ok());
}

#[tokio::test]
async fn an_ended_token_of_a_paused_agent_is_told_as_ended() {
    let dance = Dance::new().await;
    let issued = dance.connected("read").await;
    let id = agent(&dance).await.id;
    dance.access.agent_pause(&dance.ann, &id, true).await.unwrap();
    dance.world.forward(3600);
    assert_eq!(dance.may(&issued).await, Err("expired"));
}

#[tokio::test]
async fn a_revoked_agent_is_gone_at_once_in_every_process() {
    let dance = Dance::new().await;
    let issued = dance.connected("search read").await;
    let id = agent(&dance).await.id;
    let principal = dance.access.principal(issued.access.expose()).await.unwrap();
    let link = dance.access.link_new(&principal, "work/@inbox:1@1", 0).unwrap();
    dance.access.sessions().bind("s1", &id).await.unwrap();
    let elsewhere = dance.world.access().await;
    elsewhere.agent_revoke(&dance.ann, &id).await.unwrap();
    assert_eq!(dance.may(&issued).await, Err("revoked"));
    assert!(dance.refresh(&issued.refresh).await.is_err());
    assert!(dance.access.link_open(link.token.expose()).await.is_err());
    assert_eq!(dance.access.sessions().sweep(Duration::DAY).await.unwrap(), ["s1"]);
    assert!(dance.access.agent_list(&dance.ann).await.unwrap().is_empty());
    assert!(matches!(dance.access.agent(&dance.ann, &id).await, Err(Error::AgentNotFound)));
    assert!(matches!(dance.access.agent_revoke(&dance.ann, &id).await, Err(Error::AgentNotFound)));
    let again = dance.connected("read").await;
    assert!(dance.may(&again).await.is_ok(), "the person can let it in anew");
    assert_ne!(agent(&dance).await.id, id);
}

#[tokio::test]
async fn the_command_line_revokes_a_client_by_its_label_with_all_that_is_its() {
    let dance = Dance::new().await;
    let issued = dance.connected("read").await;
    assert_eq!(dance.access.token_list("ann").await.unwrap()[0].grant.label, "Agent");
    dance.access.token_revoke("ann", "Agent").await.unwrap();
    assert_eq!(dance.may(&issued).await, Err("revoked"));
    assert!(dance.refresh(&issued.refresh).await.is_err());
}

#[tokio::test]
async fn one_sign_in_can_be_ended_alone() {
    let dance = Dance::new().await;
    let first = dance.connected("read").await;
    dance.world.forward(60);
    let second = dance.connected("read").await;
    let id = agent(&dance).await.id;
    dance.access.sessions().bind("s1", &id).await.unwrap();
    let families = dance.access.agent(&dance.ann, &id).await.unwrap().families;
    assert_eq!(families.len(), 2);
    dance.access.agent_family_end(&dance.ann, &id, &families[1].id).await.unwrap();
    assert_eq!(dance.may(&first).await, Err("revoked"));
    assert!(dance.may(&second).await.is_ok());
    assert_eq!(dance.access.sessions().sweep(Duration::DAY).await.unwrap(), ["s1"]);
    // by its id: when it was used last is noted behind the calls
    let left = dance.access.agent(&dance.ann, &id).await.unwrap().families;
    assert_eq!(left.iter().map(|family| &family.id).collect::<Vec<_>>(), [&families[0].id]);
    let again = dance.access.agent_family_end(&dance.ann, &id, &families[1].id).await;
    assert!(matches!(again, Err(Error::AgentNotFound)));
}

#[tokio::test]
async fn what_runs_under_a_sign_in_holds_no_longer_than_that_sign_in() {
    let dance = Dance::new().await;
    let running =
        async |issued: &access::Issued| dance.access.principal(issued.access.expose()).await.unwrap();
    let (first, second, third) =
        (dance.connected("read").await, dance.connected("read").await, dance.connected("read").await);
    let calls = [running(&first).await, running(&second).await, running(&third).await];
    let holding = async || {
        let mut holding = Vec::new();
        for call in &calls {
            holding.push(dance.access.holds(call).await);
        }
        holding
    };
    assert_eq!(holding().await, [true, true, true]);
    // by its client
    dance.access.token_end(&second.refresh, &dance.proof()).await.unwrap();
    assert_eq!(holding().await, [true, false, true]);
    // because a refresh token came twice
    let next = dance.refresh(&third.refresh).await.unwrap();
    dance.world.forward(31);
    dance.refresh(&third.refresh).await.unwrap_err();
    assert_eq!(holding().await, [true, false, false]);
    dance.refresh(&next.refresh).await.unwrap_err();
    // by the person
    let id = agent(&dance).await.id;
    let families = dance.access.agent(&dance.ann, &id).await.unwrap().families;
    dance.access.agent_family_end(&dance.ann, &id, &families[0].id).await.unwrap();
    assert_eq!(holding().await, [false, false, false]);
    let token = dance.access.token_new("ann", &token("script")).await.unwrap().1;
    let script = dance.access.principal(token.expose()).await.unwrap();
    assert!(dance.access.holds(&script).await, "who came by no sign-in is not asked for one");
}

#[tokio::test]
async fn an_agent_of_somebody_else_does_not_exist() {
    let dance = Dance::new().await;
    let issued = dance.connected("search read").await;
    let id = agent(&dance).await.id;
    let family = dance.access.agent(&dance.ann, &id).await.unwrap().families.remove(0).id;
    let bob = bob(&dance).await;
    let own = client(&dance.world, "Bob's", None).await;
    let bobs = code(&dance.access, &bob, &crate::dance::asked(&own, "read")).await;
    let bobs = exchange(&dance.access, &bobs, &public(&own)).await.unwrap();
    let bobs_id = dance.access.agent_list(&bob).await.unwrap().remove(0).grant.id;
    for answer in [
        dance.access.agent(&bob, &id).await.map(drop),
        dance.access.agent_change(&bob, &id, &change("read")).await,
        dance.access.agent_pause(&bob, &id, true).await,
        dance.access.agent_revoke(&bob, &id).await,
        dance.access.agent_family_end(&bob, &id, &family).await,
        dance.access.agent_family_end(&bob, &bobs_id, &family).await,
        dance.access.agent_family_end(&bob, &bobs_id, &FamilyId::from_text("fam_x")).await,
    ] {
        assert!(matches!(answer, Err(Error::AgentNotFound)), "{answer:?}");
    }
    assert!(dance.may(&issued).await.unwrap().to_string().contains("search"));
    assert!(dance.may(&bobs).await.is_ok());
}

#[tokio::test]
async fn what_a_person_does_to_an_agent_stands_in_their_audit_trail() {
    let dance = Dance::new().await;
    dance.connected("read").await;
    let id = agent(&dance).await.id;
    let family = dance.access.agent(&dance.ann, &id).await.unwrap().families.remove(0).id;
    dance.access.agent_change(&dance.ann, &id, &change("read")).await.unwrap();
    dance.access.agent_pause(&dance.ann, &id, true).await.unwrap();
    dance.access.agent_pause(&dance.ann, &id, false).await.unwrap();
    dance.access.agent_family_end(&dance.ann, &id, &family).await.unwrap();
    dance.access.agent_revoke(&dance.ann, &id).await.unwrap();
    dance.access.flush().await;
    let rows = dance.access.audit_list("ann", 5).await.unwrap();
    let told: Vec<_> = rows
        .iter()
        .rev()
        .map(|row| (row.row.tool.as_str(), row.row.outcome.as_str(), row.row.targets.as_str()))
        .collect();
    let ended = format!("[\"{family}\"]");
    assert_eq!(
        told,
        [
            ("agent_change", "ok", "[]"),
            ("agent_pause", "paused", "[]"),
            ("agent_pause", "resumed", "[]"),
            ("agent_revoke", "ok", ended.as_str()),
            ("agent_revoke", "ok", "[]"),
        ]
    );
    assert!(rows.iter().all(|row| row.row.door == "page" && row.row.grant == id));
}

#[tokio::test]
async fn what_is_over_is_forgotten_but_not_when_an_agent_was_used_last() {
    let dance = Dance::new().await;
    let issued = dance.connected("read").await;
    dance.access.principal(issued.access.expose()).await.unwrap();
    let unused = client(&dance.world, "Never let in", None).await;
    dance.access.consent_ask(&dance.ann, &crate::dance::asked(&unused, "read")).await.unwrap();
    let revoked = client(&dance.world, "Revoked", None).await;
    code(&dance.access, &dance.ann, &crate::dance::asked(&revoked, "read")).await;
    dance.access.token_revoke("ann", "Revoked").await.unwrap();
    dance.access.flush().await;
    let store = dance.world.store().await;
    let left = async || {
        let mut left = Vec::new();
        for sql in [
            "SELECT count(*) AS found FROM consents",
            "SELECT count(*) AS found FROM codes",
            "SELECT count(*) AS found FROM tokens",
            "SELECT count(*) AS found FROM families",
            "SELECT count(*) AS found FROM clients",
        ] {
            left.push(
                store.database().fetch_optional(sql, &[]).await.unwrap().unwrap().int("found").unwrap(),
            );
        }
        left
    };
    dance.access.grants_sweep().await.unwrap();
    assert_eq!(left().await, [3, 2, 2, 2, 3], "nothing was over");
    dance.world.forward(2 * 86_400);
    dance.access.grants_sweep().await.unwrap();
    assert_eq!(left().await, [0, 0, 1, 1, 3], "a refresh token and its sign-in are left, and the clients");
    assert!(dance.refresh(&issued.refresh).await.is_ok());
    dance.world.forward(33 * 86_400);
    dance.access.grants_sweep().await.unwrap();
    assert_eq!(left().await, [0, 0, 0, 0, 1], "the client that the person let in is left");
    let agents = dance.access.agent_list(&dance.ann).await.unwrap();
    let used = agents[0].last_used.map(domain::Timestamp::unix_timestamp);
    assert_eq!((agents[0].grant.label.as_str(), used), ("Agent", Some(1_790_000_000)));
    assert!(dance.may(&dance.connected("read").await).await.is_ok(), "it can be let in again");
}
